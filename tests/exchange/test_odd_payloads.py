"""Bytes of a stranger in the place of a record or a package chunk: judged, never stumbled over."""

import pytest

from store.exchange.acknowledgement import Flag, inspect
from store.exchange.compression import NotUnpacked, decompress
from store.exchange.record import Record, declares_unsigned


@pytest.mark.parametrize("payload", [b"", b"\xff", b"[]", b"{", b'{"sig_state": 1.5}'])
def test_payload_that_cannot_be_read_does_not_say_that_it_is_unsigned(payload):
    assert declares_unsigned(payload) is False


@pytest.mark.parametrize(
    "payload", [b'{"price":1.5}', b'{"at":null}', b'{"Key":1}', b'{"n":1180591620717411303424}']
)
def test_document_that_has_no_canonical_form_is_not_canonical(payload):
    record = Record(seq=1, payload=payload, prev=b"", hash=b"", signature=b"", key_id="")
    assert Flag.NOT_CANONICAL in inspect("S0042-R03.1", record)


@pytest.mark.parametrize("stored", [b"", b"no zstd at all", b"\x28\xb5\x2f\xfd\xff\xff\xff\xff"])
def test_chunk_that_is_no_zstd_is_a_sentence(stored):
    with pytest.raises(NotUnpacked, match=r"cannot be unpacked|announced size"):
        decompress(stored, 10)

"""Records: the golden vectors of the protocol, and what the chain notices."""

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from store.exchange.canonical import canonical, parse_canonical
from store.exchange.record import (
    RecordError,
    fingerprint,
    from_wire,
    genesis,
    key_id_of,
    make_record,
    public_bytes,
    record_hash,
    sign,
    to_wire,
    verify,
    verify_text,
)

KEY = Ed25519PrivateKey.from_private_bytes(
    bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
)
SERIES = "S0042-R03.1"
PAYLOAD_1 = (
    b'{"at":"2026-01-05T08:00:00.000Z","kind":"shift.open","operator":"op-17","seq":1,"series":"S0042-R03.1",'
    b'"txn_id":"017f22e2-79b0-7cc3-98c4-dc0c0c07398f","v":1}'
)
PAYLOAD_2 = (
    '{"at":"2026-01-05T08:03:12.250Z","catalog":"c000812","kind":"sale","lines":[{"amount":626,"n":1,"name":"Käse '
    '„Gouda“ 500 g","qty":"0.482","sku":"4006381333931","tax":"B","unit":1299}],"mode":"offline","operator":"op-17",'
    '"receipt_no":1,"seq":2,"series":"S0042-R03.1","tenders":[{"amount":1000,"kind":"cash","n":1},{"amount":-374,'
    '"kind":"change","n":2}],"total":626,"txn_id":"017f22e2-79b0-7cc3-98c4-dc0c0c073990","v":1}'
).encode()
GENESIS = "76e17ba35c95c1dc1f10a0181fdc718ae88e5f961209eb60a23e6db95d6f83c4"
HASH_1 = "84fcca8b6efc7ea4eae6542dc218ae644ee821d60022e0339837a3e5fcd98eb9"
HASH_2 = "82e4a99feb1b2ea8a5add0c1039e07a72b9c206b043e91302354db76775df526"
SIGNATURE_1 = (
    "1e69c04c26d79127f25bc142848b2ee2a8542081a661b73d3e99be8dfa81471b"
    "fe661272e1c22e9fbc9d322d59940737659e206cc4d29740bb4f4aabdf5f990b"
)
SIGNATURE_2 = (
    "3f0d4ea2b752f0ce924c3cd06b673caf9313f3c92878f09f6b2b4a6045e9d085"
    "9b028d68d2565a5fa268c9b42b7517dd2dbd66b6927cfbc7124f7603d6383507"
)


def test_the_golden_vectors_of_the_protocol():
    public_key = public_bytes(KEY)
    assert public_key.hex().startswith("d75a9801") and public_key.hex().endswith("511a")
    assert (len(PAYLOAD_1), len(PAYLOAD_2)) == (157, 423)
    assert genesis(SERIES, public_key).hex() == GENESIS
    first = make_record(1, bytes.fromhex(GENESIS), PAYLOAD_1, KEY, "k")
    second = make_record(2, first.hash, PAYLOAD_2, KEY, "k")
    assert (first.hash.hex(), first.signature.hex()) == (HASH_1, SIGNATURE_1)
    assert (second.hash.hex(), second.signature.hex()) == (HASH_2, SIGNATURE_2)
    for record in (first, second):
        assert canonical(parse_canonical(record.payload)) == record.payload
        assert verify(public_key, record.hash, record.signature)
        assert from_wire(to_wire(record)) == record


@given(st.integers(1, 2**40), st.binary(min_size=32, max_size=32), st.binary(max_size=200), st.data())
@settings(max_examples=60, deadline=None)
def test_whatever_changes_in_a_record_changes_its_hash_and_breaks_its_signature(seq, prev, payload, data):
    hash_ = record_hash(seq, prev, payload)
    bit = data.draw(st.integers(0, 255))
    flipped = bytearray(prev)
    flipped[bit // 8] ^= 1 << bit % 8
    others = {record_hash(seq + 1, prev, payload), record_hash(seq, bytes(flipped), payload)}
    others |= {record_hash(seq, prev, payload + b"\0"), record_hash(seq, prev, payload[1:] + b"x")}
    assert hash_ not in others
    signature = sign(KEY, hash_)
    assert verify(public_bytes(KEY), hash_, signature)
    assert not any(verify(public_bytes(KEY), other, signature) for other in others)
    assert not verify(bytes(32), hash_, signature)


def test_a_signature_of_another_length_is_none_wherever_the_text_is_cut():
    key, text = public_bytes(KEY), b"outpost/example text"
    signature = KEY.sign(text)
    assert verify_text(key, text, signature)
    for cut in (1, 7, len(text)):
        assert not verify_text(key, text[cut:], signature + text[:cut])
    assert not verify_text(key, signature[-1:] + text, signature[:-1])
    assert not verify_text(key, text, b"") and not verify_text(key[:-1], text, signature)


def test_series_and_key_give_each_chain_its_own_beginning():
    other = public_bytes(Ed25519PrivateKey.generate())
    beginnings = {
        genesis(series, key) for series in (SERIES, "S0042-R03.2") for key in (public_bytes(KEY), other)
    }
    assert len(beginnings) == 4


def test_a_record_larger_than_64_kib_is_not_made():
    with pytest.raises(RecordError):
        make_record(1, bytes(32), b"x" * 65_537, KEY, "k")


@pytest.mark.parametrize(
    "change",
    [
        {"hash": "00"},
        {"prev": "zz"},
        {"prev": "00" * 31},
        {"signature": "00" * 63},
        {"signature": "no hex"},
        {"seq": 0},
        {"seq": 2**63},
        {"seq": -1},
        {"payload": "\ud800"},
    ],
)
def test_a_wire_record_out_of_its_form_is_refused(change):
    wire = to_wire(make_record(1, bytes(32), PAYLOAD_1, KEY, "k"))
    with pytest.raises(RecordError):
        from_wire(msgspec.structs.replace(wire, **change))


def test_the_fingerprint_is_eight_letters_a_person_can_compare():
    assert fingerprint(bytes.fromhex(HASH_1)) == "QT6MVC3O"
    assert len(key_id_of(public_bytes(KEY))) == 16

"""Signatures of linked records are verified together: sound ones pass, and whatever is damaged or torn does not."""

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from store.exchange import acknowledgement
from store.exchange.acknowledgement import SeriesFacts, examine, examine_all
from store.exchange.canonical import canonical
from store.exchange.chain_signatures import FEWEST, ORDER, verify_linked
from store.exchange.record import genesis, key_id_of, make_record, public_bytes, sign, to_wire, verify

KEY = Ed25519PrivateKey.generate()
PUBLIC = public_bytes(KEY)
SERIES = "S0001-R01.1"
FACTS = SeriesFacts(series=SERIES, public_key=PUBLIC, key_id=key_id_of(PUBLIC))
COUNT = 9


def chain(count=COUNT, key=KEY):
    head, records = genesis(SERIES, PUBLIC), []
    for seq in range(1, count + 1):
        payload = canonical({"v": 1, "series": SERIES, "seq": seq, "kind": "x", "txn_id": f"t{seq}"})
        records.append(make_record(seq, head, payload, key, FACTS.key_id))
        head = records[-1].hash
    return records


def damaged(records, place, signature):
    records[place] = msgspec.structs.replace(records[place], signature=signature)
    return records


def flipped(signature, bit):
    changed = bytearray(signature)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def shifted(signature, by):
    s = (int.from_bytes(signature[32:], "little") + by) % ORDER
    return signature[:32] + s.to_bytes(32, "little")


def complaints(records):
    return [each.complaint for each in examine_all(FACTS, [to_wire(record) for record in records])]


def test_sound_records_that_follow_each_other_are_verified_at_once(monkeypatch):
    asked = []
    monkeypatch.setattr(acknowledgement, "verify", lambda *args: asked.append(args))
    assert complaints(chain()) == [""] * COUNT and asked == []


@pytest.mark.parametrize("place", range(COUNT))
@pytest.mark.parametrize("bit", [0, 100, 255, 256, 300, 511])
def test_one_changed_bit_of_one_signature_is_found_and_named(place, bit):
    records = chain()
    damaged(records, place, flipped(records[place].signature, bit))
    assert not verify_linked(PUBLIC, records)
    expected = [""] * COUNT
    expected[place] = "The signature is not by the enrolled key."
    assert complaints(records) == expected


@pytest.mark.parametrize(
    "signature",
    [b"", bytes(63), bytes(64), b"\2" * 64, b"\xff" * 64, sign(Ed25519PrivateKey.generate(), bytes(32))],
    ids=["none", "too short", "noughts", "twos", "ones", "of another key"],
)
def test_what_is_no_signature_of_the_key_breaks_the_sum(signature):
    assert not verify_linked(PUBLIC, damaged(chain(), 3, signature))


def test_a_number_beyond_the_order_of_the_group_is_no_signature():
    records = chain()
    signature = records[2].signature
    too_large = int.from_bytes(signature[32:], "little") + ORDER
    assert not verify_linked(PUBLIC, damaged(records, 2, signature[:32] + too_large.to_bytes(32, "little")))


def test_damages_that_cancel_each_other_prove_nothing_against_the_last_signature():
    records = chain()
    for place, by in ((1, 5), (4, -5)):
        damaged(records, place, shifted(records[place].signature, by))
    assert not verify(PUBLIC, records[1].hash, records[1].signature)
    assert verify_linked(PUBLIC, records), "as the module says"
    last = records[-1].signature
    for place, by in ((0, -7), (COUNT - 1, 7)):
        damaged(records, place, shifted(records[place].signature, by))
    assert not verify_linked(PUBLIC, records) and records[-1].signature != last


def test_only_a_whole_chain_is_vouched_for_by_its_last_signature():
    records = chain()
    assert verify_linked(PUBLIC, records)
    assert not verify_linked(PUBLIC, records[:3] + records[4:])
    assert not verify_linked(PUBLIC, list(reversed(records)))
    assert not verify_linked(PUBLIC, records[: FEWEST - 1])
    foreign = chain(key=Ed25519PrivateKey.generate())
    assert not verify_linked(PUBLIC, foreign) and not verify_linked(bytes(32), records)
    assert not verify_linked(PUBLIC, foreign[:-1] + records[-1:])


def test_records_that_cannot_be_verified_together_are_verified_each_by_itself():
    records = chain()
    gap = records[:4] + records[6:]
    assert complaints(gap) == [""] * len(gap)
    wires = [to_wire(record) for record in records]
    wires[3] = msgspec.structs.replace(wires[3], payload="{}")
    wires[5] = msgspec.structs.replace(wires[5], hash="zz")
    found = examine_all(FACTS, wires)
    assert [each.complaint for each in found] == [examine(FACTS, wire).complaint for wire in wires]
    assert [bool(each.complaint) for each in found] == [n in (3, 5) for n in range(COUNT)]

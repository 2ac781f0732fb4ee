"""Every row of the accept table, and what an answer means to the register."""

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from store.exchange.acknowledgement import (
    Flag,
    Head,
    Outcome,
    Progress,
    SeriesFacts,
    acknowledgement_is_genuine,
    advance,
    judge,
    sign_acknowledgement,
)
from store.exchange.canonical import canonical
from store.exchange.messages import BatchAnswer
from store.exchange.record import genesis, key_id_of, make_record, public_bytes

KEY, OTHER = (Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in (1, 2))
SERIES = "S0042-R03.1"
KEY_ID = key_id_of(public_bytes(KEY))
FACTS = SeriesFacts(series=SERIES, public_key=public_bytes(KEY), key_id=KEY_ID)
EMPTY = Head(seq=0, hash=genesis(SERIES, public_bytes(KEY)))


def payload(seq, **more):
    return canonical({"v": 1, "series": SERIES, "seq": seq, "kind": "sale", "txn_id": f"txn-{seq}"} | more)


def record(seq, prev, data=None, key=KEY):
    return make_record(seq, prev, payload(seq) if data is None else data, key, KEY_ID)


ONE = record(1, EMPTY.hash)
TWO = record(2, ONE.hash)
AFTER_ONE = Head(seq=1, hash=ONE.hash)


def change(value, **fields):
    return msgspec.structs.replace(value, **fields)


def test_the_next_record_is_accepted():
    assert judge(EMPTY, FACTS, ONE) == judge(EMPTY, FACTS, ONE, None)
    assert judge(EMPTY, FACTS, ONE).outcome is Outcome.ACCEPTED
    assert judge(AFTER_ONE, FACTS, TWO).flags == ()


def test_the_same_record_again_is_a_duplicate():
    assert judge(AFTER_ONE, FACTS, ONE, ONE.hash).outcome is Outcome.DUPLICATE


def test_another_record_at_a_taken_place_is_a_fork():
    other = record(1, EMPTY.hash, payload(1, total=1))
    assert judge(AFTER_ONE, FACTS, other, ONE.hash).outcome is Outcome.FORK


def test_a_record_that_does_not_follow_the_head_is_a_fork():
    assert judge(AFTER_ONE, FACTS, record(2, EMPTY.hash)).outcome is Outcome.FORK


def test_a_record_further_on_is_a_gap_that_says_what_is_expected():
    verdict = judge(AFTER_ONE, FACTS, record(3, TWO.hash))
    assert (verdict.outcome, verdict.expected) == (Outcome.GAP, 2)


@pytest.mark.parametrize("made", [ONE, TWO, record(9, ONE.hash), change(ONE, signature=b"")])
def test_a_closed_series_takes_nothing(made):
    assert judge(AFTER_ONE, change(FACTS, closed=True), made, ONE.hash).outcome is Outcome.FENCED


def test_a_recovery_grant_lets_a_closed_series_be_completed():
    granted = change(FACTS, closed=True, recovery_granted=True)
    assert judge(AFTER_ONE, granted, TWO).outcome is Outcome.ACCEPTED


@pytest.mark.parametrize(
    "made",
    [
        change(ONE, signature=bytes(64)),
        record(1, EMPTY.hash, key=OTHER),
        change(ONE, hash=bytes(32)),
        change(ONE, payload=payload(1, total=5)),
        change(ONE, seq=2),
        change(ONE, key_id="another"),
        change(ONE, signature=b""),
        change(ONE, payload=b"x" * 65_537),
    ],
)
def test_what_the_register_cannot_have_made_is_rejected(made):
    assert judge(EMPTY, FACTS, made).outcome is Outcome.REJECTED


@pytest.mark.parametrize(
    ("data", "flag"),
    [
        (b'{"v": 1}', Flag.NOT_CANONICAL),
        (b"no json at all", Flag.NOT_CANONICAL),
        (b"\xff\xfe", Flag.NOT_CANONICAL),
        (payload(1, v=2), Flag.UNKNOWN_VERSION),
        (payload(1, v="1"), Flag.UNKNOWN_VERSION),
        (payload(1, series="S0042-R04.1"), Flag.WRONG_SERIES),
        (payload(7), Flag.WRONG_SEQ),
        (payload(1, kind=1), Flag.NO_KIND),
        (payload(1, txn_id=1), Flag.NO_TXN_ID),
        (b'{"v":1,"v":1}', Flag.NOT_CANONICAL),
    ],
)
def test_nonsense_in_a_genuine_record_is_accepted_and_flagged(data, flag):
    verdict = judge(EMPTY, FACTS, record(1, EMPTY.hash, data))
    assert verdict.outcome is Outcome.ACCEPTED
    assert flag in verdict.flags


def test_an_unsigned_record_that_says_so_itself_is_accepted_and_flagged():
    made = record(1, EMPTY.hash, payload(1, sig_state="unavailable"), key=None)
    assert judge(EMPTY, FACTS, made).flags == (Flag.UNSIGNED,)


@given(st.lists(st.integers(0, 6), max_size=40))
@settings(max_examples=80, deadline=None)
def test_in_whatever_order_records_come_the_server_holds_a_prefix(order):
    chain, prev = [], EMPTY.hash
    for seq in range(1, 8):
        chain.append(record(seq, prev))
        prev = chain[-1].hash
    stored, head = [], EMPTY
    for index in order:
        made = chain[index]
        held = stored[made.seq - 1].hash if made.seq <= len(stored) else None
        verdict = judge(head, FACTS, made, held)
        assert verdict.outcome in (Outcome.ACCEPTED, Outcome.DUPLICATE, Outcome.GAP)
        if verdict.outcome is Outcome.ACCEPTED:
            stored.append(made)
            head = Head(seq=made.seq, hash=made.hash)
        assert stored == chain[: len(stored)]


@pytest.mark.parametrize(
    ("acked", "own", "progress", "watermark"),
    [
        (Head(seq=5, hash=b"5"), b"5", Progress.ADVANCED, Head(seq=5, hash=b"5")),
        (Head(seq=3, hash=b"3"), b"3", Progress.UNCHANGED, Head(seq=3, hash=b"3")),
        (Head(seq=1, hash=b"1"), b"1", Progress.SERVER_BEHIND, Head(seq=1, hash=b"1")),
        (Head(seq=5, hash=b"x"), b"5", Progress.FORK, Head(seq=3, hash=b"3")),
        (Head(seq=3, hash=b"x"), b"3", Progress.FORK, Head(seq=3, hash=b"3")),
        (Head(seq=9, hash=b"9"), None, Progress.ROLLED_BACK, Head(seq=3, hash=b"3")),
    ],
)
def test_the_watermark_moves_only_on_equal_hashes(acked, own, progress, watermark):
    result = advance(Head(seq=3, hash=b"3"), acked, own)
    assert (result.progress, result.watermark) == (progress, watermark)


def test_an_acknowledgement_is_bound_to_every_field_it_promises():
    answer = sign_acknowledgement(KEY, BatchAnswer(series=SERIES, acked_seq=1, acked_hash="ab", time_ms=7))
    assert acknowledgement_is_genuine(public_bytes(KEY), answer)
    for other in (
        change(answer, series="S0042-R03.2"),
        change(answer, acked_seq=2),
        change(answer, acked_hash="ac"),
        change(answer, time_ms=8),
        change(answer, signature=""),
        change(answer, signature="zz"),
    ):
        assert not acknowledgement_is_genuine(public_bytes(KEY), other)
    assert not acknowledgement_is_genuine(public_bytes(OTHER), answer)

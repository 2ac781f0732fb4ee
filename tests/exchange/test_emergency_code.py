"""The code by telephone: bound to one register, operator and challenge, and readable by people."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.exchange.emergency_code import (
    CHALLENGE_BYTES,
    NoChallenge,
    challenge_of,
    emergency_code,
    is_emergency_code,
    read_challenge,
)

PEPPER = bytes(range(32))
GOLDEN = "4079-2282"
WHO = {"register": "S0042-R03", "operator": "201"}


def test_a_code_is_the_same_at_both_ends_and_does_not_change_between_versions():
    assert challenge_of(b"\x00\x01\x02\x03\xff") == "000G-40ZZ"
    assert emergency_code(PEPPER, **WHO, challenge="000G-40ZZ") == GOLDEN


@pytest.mark.parametrize(
    "change", [{"register": "S0042-R04"}, {"operator": "202"}, {"challenge": "000G-40ZY"}]
)
def test_a_code_is_good_for_one_register_one_operator_and_one_challenge(change):
    asked = WHO | {"challenge": "000G-40ZZ"}
    code = emergency_code(PEPPER, **asked)
    assert is_emergency_code(PEPPER, code, **asked)
    assert not is_emergency_code(PEPPER, code, **(asked | change))
    assert not is_emergency_code(bytes(32), code, **asked)


def test_names_that_run_together_do_not_give_the_same_code():
    one = emergency_code(PEPPER, register="S1-R1", operator="12", challenge="000G-40ZZ")
    two = emergency_code(PEPPER, register="S1-R11", operator="2", challenge="000G-40ZZ")
    assert one != two


@pytest.mark.parametrize("typed", ["0417 5523", "04175523", "0417-5523", " 0417-5523 "])
def test_a_code_may_be_typed_with_or_without_dashes(typed, monkeypatch):
    monkeypatch.setattr("store.exchange.emergency_code.emergency_code", lambda *_, **__: "0417-5523")
    assert is_emergency_code(PEPPER, typed, **WHO, challenge="000G-40ZZ")
    assert not is_emergency_code(PEPPER, typed[:-2], **WHO, challenge="000G-40ZZ")


@given(st.binary(min_size=CHALLENGE_BYTES, max_size=CHALLENGE_BYTES))
def test_every_challenge_is_read_back_however_it_is_typed(random):
    shown = challenge_of(random)
    assert read_challenge(shown) == shown
    assert read_challenge(shown.lower().replace("-", " ")) == shown
    assert read_challenge(shown.replace("1", "l").replace("0", "O")) == shown


@pytest.mark.parametrize("text", ["", "7K2M", "7K2M-Q0ZT9", "7K2M-QUZT", "7K2M-Q0Z!", "x" * 1_000])
def test_what_is_no_challenge_is_refused_with_a_sentence(text):
    with pytest.raises(NoChallenge, match="eight letters and digits"):
        read_challenge(text)


def test_a_challenge_needs_all_its_random_bytes():
    with pytest.raises(ValueError, match="random bytes"):
        challenge_of(b"1234")

"""Nonces: an old recording that asks for data is refused, a wrong clock is not; memory is bounded."""

import pytest

from store.exchange.request import SignedRequest
from store.service.errors import ProblemError
from store.service.nonces import SKEW_MS, Nonces

NOW = 1_790_000_000_000


def claim(nonce, time_ms=NOW, series="server:MAIN"):
    return SignedRequest(register="MAIN", series=series, time_ms=time_ms, nonce=nonce, signature=b"")


def test_repeat_within_the_window_is_harmless():
    nonces = Nonces()
    for _ in range(2):
        nonces.check(claim("a"), NOW, delivers=False)


def test_first_request_with_a_wrong_clock_is_answered_and_its_repeat_is_not():
    nonces = Nonces()
    old = claim("a", NOW - SKEW_MS - 1)
    nonces.check(old, NOW, delivers=False)
    with pytest.raises(ProblemError) as caught:
        nonces.check(old, NOW, delivers=False)
    assert caught.value.word == "replayed"
    nonces.check(old, NOW, delivers=True)


def test_nonces_of_two_senders_do_not_meet():
    nonces = Nonces()
    nonces.check(claim("a", 0, "server:ONE"), NOW, delivers=False)
    nonces.check(claim("a", 0, "server:TWO"), NOW, delivers=False)


def test_only_so_many_are_remembered():
    nonces = Nonces(most=2)
    for name in "abc":
        nonces.check(claim(name, 0), NOW, delivers=False)
    nonces.check(claim("a", 0), NOW, delivers=False)  # forgotten by now
    with pytest.raises(ProblemError):
        nonces.check(claim("c", 0), NOW, delivers=False)

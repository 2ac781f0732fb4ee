"""Names and signed requests."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from store.exchange.identity import IdentityError, Series, check_register, parse_series, series_of, store_of
from store.exchange.messages import NONCE_HEADER, SIGNATURE_HEADER, TIME_HEADER
from store.exchange.record import public_bytes
from store.exchange.request import RequestError, is_genuine, read_headers, sign_request

KEY = Ed25519PrivateKey.from_private_bytes(bytes([1]) * 32)
REQUEST = {"method": "POST", "path_and_query": "/series/S0042-R03.1/records?x=1", "body": b"{}"}


def headers(**changes):
    claim = REQUEST | {"register": "S0042-R03", "series": "S0042-R03.1", "time_ms": 1, "nonce": "n"}
    return sign_request(KEY, **(claim | changes))


def test_a_series_is_register_and_epoch():
    assert series_of("S0042-R03", 7) == "S0042-R03.7"
    assert parse_series("S0042-R03.7") == Series(register="S0042-R03", epoch=7)
    assert store_of("S0042-R03") == "S0042"


@pytest.mark.parametrize(
    "text", ["", "S1", "S1.", "S1.0", "S1.01", "S1.x", "S1.99999999999", "S1 .1", "S1.1\n", ".1"]
)
def test_what_is_no_series_is_refused(text):
    with pytest.raises(IdentityError):
        parse_series(text)


@pytest.mark.parametrize("text", ["", "-R1", "S1/../x", "S1.1", "x" * 41, "Ä1", "S1\n"])
def test_what_is_no_register_is_refused(text):
    with pytest.raises(IdentityError):
        check_register(text)


def test_an_epoch_counts_from_one():
    with pytest.raises(IdentityError):
        series_of("S1", 0)


def test_a_signed_request_is_genuine_and_bound_to_everything_in_it():
    claim = read_headers(headers())
    assert is_genuine(claim, public_bytes(KEY), **REQUEST)
    for change in ({"method": "GET"}, {"path_and_query": "/series/S0042-R03.1/records?x=2"}, {"body": b"[]"}):
        assert not is_genuine(claim, public_bytes(KEY), **(REQUEST | change))
    for field in ({"time_ms": 2}, {"nonce": "m"}, {"series": "S0042-R03.2"}):
        other = read_headers(headers() | {SIGNATURE_HEADER: headers(**field)[SIGNATURE_HEADER]})
        assert not is_genuine(other, public_bytes(KEY), **REQUEST)


@pytest.mark.parametrize(
    "change",
    [
        {TIME_HEADER: "x"},
        {TIME_HEADER: "-1"},
        {TIME_HEADER: "1" * 30},
        {NONCE_HEADER: "n" * 65},
        {SIGNATURE_HEADER: "!"},
    ]
    + [{name: ""} for name in headers() if name != "Outpost-Protocol"],
)
def test_headers_out_of_their_form_are_refused(change):
    with pytest.raises(RequestError):
        read_headers(headers() | change)

"""Answers that are no answers: what a proxy or a half-broken server puts in the place of ours."""

import asyncio

import pytest

from gateway_world import RealClock, SeededRandomness
from store.gateway import answers, client
from store.gateway.errors import ServerRefused, ServerSilent


@pytest.mark.parametrize("body", [b"", b"<html>no</html>", b"[1]", b'{"type": 7}'])
def test_refusal_without_a_readable_reason_names_the_server_and_the_number(body):
    refusal = answers._refusal("shop:1", 422, body)
    assert (refusal.reason, refusal.status, refusal.kind) == (
        "shop:1 refused the request (error 422)",
        422,
        "",
    )


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"series": 1}'])
def test_partly_stored_batch_without_an_acknowledgement_acknowledges_nothing(body):
    for status in answers.PARTLY_STORED:
        assert answers.batch_answer_of(ServerRefused("no", status, "fork", body)) is None


async def test_download_that_stops_in_the_middle_is_given_up(monkeypatch):
    class Stuck:
        class content:
            @staticmethod
            async def readany():
                await asyncio.sleep(60)

    monkeypatch.setattr(client, "PIECE_DEADLINE_S", 0.02)
    retail = client.RetailClient(
        address="http://127.0.0.1:1", clock=RealClock(), randomness=SeededRandomness(), series="S0001-R01.1"
    )
    with pytest.raises(ServerSilent, match=r"127\.0\.0\.1:1 stopped sending"):
        await retail._next_piece(Stuck())
    await retail.close()

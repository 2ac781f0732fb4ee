"""Vouchers as the till asks for them: the server's word, or none; never an exception of the network."""

import asyncio

import pytest

from session_fakes import FakeClock
from store.exchange.offline_profile import OfflineProfile
from store.exchange.vouchers import HoldRequest, WireVoucher
from store.gateway.errors import ServerBusy, ServerRefused, ServerSilent, ServerUnreachable
from store.gateway.states import Mode
from store.gateway.vouchers import NoVouchers, VoucherDirectory

NUMBER = "99000000000000005"
VOUCHER = WireVoucher(number=NUMBER, currency="EUR", balance=500)


class Calls:
    """A client that answers, or raises what it is told to."""

    def __init__(self):
        self.asked = []
        self.fails = []

    async def ask(self, path, kind, *, deadline_s):
        return self._answer(path)

    async def post(self, path, document, kind, *, deadline_s, signed=True):
        return self._answer((path, document))

    def _answer(self, asked):
        self.asked.append(asked)
        if self.fails:
            raise self.fails.pop(0)
        return VOUCHER


class Connection:
    """Online until told otherwise."""

    mode = Mode.ONLINE
    online_period = 1

    def __init__(self):
        self.answered = 0
        self.failed = []

    def call_answered(self, took_s, *, online_period):
        self.answered += 1

    def call_failed(self, reason, *, answered=False, online_period=None):
        self.failed.append((reason, answered))


@pytest.fixture
async def world():
    class World:
        calls, connection = Calls(), Connection()

    world = World()
    world.directory = VoucherDirectory(
        client=world.calls,
        connection=world.connection,
        profile=lambda: OfflineProfile(retry_count=1),
        clock=FakeClock(),
    )
    yield world
    await world.directory.close()


async def test_the_server_is_asked_by_number_and_sale(world):
    assert (await world.directory.find(NUMBER, "t 1")).voucher == VOUCHER
    assert (await world.directory.hold(NUMBER, "t1", 300)).voucher == VOUCHER
    assert world.calls.asked == [
        f"/vouchers/{NUMBER}?txn=t%201",
        (f"/vouchers/{NUMBER}/holds", HoldRequest(txn_id="t1", amount=300)),
    ]
    assert world.connection.answered == 2


async def test_a_number_the_server_does_not_know_is_its_word_and_another_refusal_is_none(world):
    world.calls.fails = [ServerRefused("no", 404, "unknown-voucher"), ServerRefused("no", 404, "not-found")]
    assert (await world.directory.find(NUMBER)).voucher is None
    assert await world.directory.find(NUMBER) is None
    assert world.connection.failed == []


@pytest.mark.parametrize(
    ("errors", "asked", "busy"),
    [
        ([ServerUnreachable("cut"), ServerUnreachable("cut")], 2, False),
        ([ServerSilent("silent")], 1, False),
        ([ServerBusy("busy"), ServerBusy("busy")], 2, True),
    ],
)
async def test_trouble_is_told_to_the_connection_and_nobody_could_say(world, errors, asked, busy):
    world.calls.fails = list(errors)
    assert await world.directory.hold(NUMBER, "t1", 300) is None
    assert len(world.calls.asked) == asked
    assert [answered for _, answered in world.connection.failed] == [busy]


async def test_one_failed_attempt_is_made_again(world):
    world.calls.fails = [ServerUnreachable("cut")]
    assert (await world.directory.find(NUMBER)).voucher == VOUCHER
    assert world.connection.failed == []


async def test_offline_nobody_is_asked_or_told(world):
    world.connection.mode = Mode.OFFLINE_AUTO
    assert await world.directory.find(NUMBER) is None
    assert await world.directory.hold(NUMBER, "t1", 300) is None
    world.directory.release(NUMBER, "t1")
    nobody = NoVouchers()
    assert (await nobody.find(NUMBER), await nobody.hold(NUMBER, "t1", 1)) == (None, None)
    nobody.release(NUMBER, "t1")
    assert world.calls.asked == []


async def test_a_voucher_is_let_go_beside_the_till(world):
    world.directory.release(NUMBER, "t1")
    assert world.calls.asked == []
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert world.calls.asked == [(f"/vouchers/{NUMBER}/holds", HoldRequest(txn_id="t1", amount=0))]

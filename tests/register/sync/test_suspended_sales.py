"""Two registers and a real server: a suspended sale goes to one that asks, once, and never while its keeper is away."""

import asyncio
import contextlib
import json

import msgspec
import pytest

from server_world import Register, running_world
from session_fakes import BREAD, DONE, MILK, REFUSED, Till, World
from store.exchange.canonical import canonical
from store.exchange.suspensions import WireClaim, WireSuspensions
from store.gateway.errors import ServerSilent
from store.gateway.states import Mode as Answers
from store.register.intents import Submission
from store.register.sync.suspended_sales import release_what_is_wanted
from store.register.view import Mode


class Slow:
    """A clock that waits for real, in small steps."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0.03)


class Desk:
    """One register: its till in this process, its series at the server. Is the port that asks the server."""

    def __init__(self, world, till: Till, register: Register) -> None:
        self.world, self.till, self.register = world, till, register
        self.away = False
        till.world.suspensions = self

    @classmethod
    async def open(cls, server, home, name):
        home.mkdir()
        world = World(home)
        world.config = msgspec.structs.replace(world.config, register=name)
        world.clock.sleep = Slow().sleep
        register = await Register.enrol(server, (await server.prepare(name)).code)
        desk = cls(server, await world.start(), register)
        desk.till = await desk.till.restarted()  # with the port
        await desk.till.ready()
        return desk

    async def ask(self, path, kind):
        if self.away:
            raise ServerSilent("no answer")
        status, answer = await self.register.get(path)
        assert status == 200
        return msgspec.convert(answer, kind)

    async def listing(self):
        return (await self.ask("/suspensions", WireSuspensions)).sales

    async def wanted(self):
        return (await self.ask("/suspensions/wanted", dict))["ids"]

    async def claim(self, suspension_id):
        if self.away:
            raise ServerSilent("no answer")
        status, content, _ = await self.register.send("POST", f"/suspensions/{suspension_id}/claim", b"{}")
        assert status == 200
        return msgspec.convert(json.loads(content), WireClaim)

    async def upload(self):
        """What the uploader does: the records that the server has not got."""
        if self.away:
            return
        done = len(self.register.records)
        for record in (await self.till.records())[done:]:
            self.register.add(payload=canonical(record | {"series": self.register.series}))
        if len(self.register.records) > done:
            await self.register.upload(self.register.batch(first=done + 1))
        await self.world.settled()

    @contextlib.asynccontextmanager
    async def keeping(self):
        """The loop that lets go of what others want, with its mailbox and uploader."""
        queue: asyncio.Queue[Submission] = asyncio.Queue()

        def submit(client, intent):
            queue.put_nowait(Submission(client=client, intent=intent))
            return True

        async def mailbox():
            while True:
                await self.till.session.handle([await queue.get()])
                await self.upload()

        loop = release_what_is_wanted(
            self,
            Slow(),
            kept=lambda: self.till.session.suspended,
            reachable=lambda: not self.away,
            last_n=self.till.session.last_n,
            submit=submit,
        )
        tasks = [asyncio.create_task(loop), asyncio.create_task(mailbox())]
        try:
            yield
        finally:
            for task in tasks:
                assert not task.done(), task
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


@pytest.fixture
async def desks(tmp_path):
    async with running_world(tmp_path / "server") as server:
        one = await Desk.open(server, tmp_path / "one", "S0042-R03")
        two = await Desk.open(server, tmp_path / "two", "S0042-R04")
        three = await Desk.open(server, tmp_path / "three", "S0042-R05")
        yield one, two, three
        for desk in (one, two, three):
            await desk.till.kill()


async def suspended_at(desk):
    await desk.till.scan(MILK)
    await desk.till.scan(BREAD)
    await desk.till.operation(503, "for Bob")
    await desk.upload()


async def test_f25_a_sale_of_another_register_is_resumed_by_exactly_one_of_those_that_ask(desks):
    one, two, three = desks
    await suspended_at(one)
    async with one.keeping():
        outcomes = await asyncio.gather(
            two.till.operation(504, "S0042-R03-H1"), three.till.operation(504, "S0042-R03-H1")
        )
    assert sorted(outcome.outcome for outcome in outcomes) == [DONE, REFUSED]
    winner = two if two.till.view.mode is Mode.SALE else three
    assert winner.till.view.totals.total == 458
    await winner.till.operation(206)
    await winner.upload()
    assert one.till.session.suspended == ()
    for desk in desks:
        assert (await desk.till.operation(504)).outcome is REFUSED, "nothing is left to resume anywhere"
    sales = [record for desk in desks for record in await desk.till.records() if record["kind"] == "sale"]
    assert [sale["total"] for sale in sales] == [458]


async def test_while_its_keeper_is_away_nobody_else_gets_it_and_the_keeper_goes_on_offline(desks):
    one, two, _ = desks
    await suspended_at(one)
    one.away, one.till.world.connection.mode = True, Answers.OFFLINE_AUTO
    async with one.keeping():
        refused = await two.till.operation(504, "S0042-R03-H1")
    assert refused.why == "S0042-R03 keeps S0042-R03-H1 and does not answer. Resume it there."
    assert (await one.till.operation(504, "1")).outcome is DONE
    await one.till.operation(206)
    one.away, one.till.world.connection.mode = False, Answers.ONLINE
    await one.upload()
    refused = await two.till.operation(504, "S0042-R03-H1")
    assert refused.why.startswith("S0042-R03-H1 is not suspended.")


async def test_a_sale_that_was_given_away_is_not_resumed_offline_even_by_the_register_that_suspended_it(
    desks,
):
    one, two, _ = desks
    await suspended_at(one)
    assert (await one.till.operation(9137)).outcome is DONE
    await one.upload()
    one.away, one.till.world.connection.mode = True, Answers.OFFLINE_AUTO
    assert (
        await one.till.operation(504)
    ).why == "No sale is suspended. Offline: only those of this register."
    assert (await two.till.operation(504, "S0042-R03-H1")).outcome is DONE, (
        "its keeper need not be there any more"
    )
    one.away, one.till.world.connection.mode = False, Answers.ONLINE
    assert (
        await one.till.operation(504, "S0042-R03-H1")
    ).why == "S0042-R03-H1 is being resumed at S0042-R04."


async def test_a_register_killed_between_claim_and_resuming_gets_the_sale_again(desks):
    one, two, three = desks
    await suspended_at(one)
    await one.till.operation(9137)
    await one.upload()
    (sale,) = await two.listing()
    assert (await two.claim(sale.id)).state == "claimed"
    two.till = await two.till.restarted()
    assert (await three.till.operation(504, sale.code)).outcome is REFUSED
    assert (await two.till.operation(504, sale.code)).outcome is DONE
    assert two.till.view.totals.total == 458

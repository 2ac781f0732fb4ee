"""Suspended sales at the till: kept here, resumed once, by list, number or slip, offline as online; those of others."""

import msgspec
import pytest

from session_fakes import AGAIN, BREAD, DONE, MILK, REFUSED, SOLD, World, running
from store.exchange.suspensions import CLAIMED, GONE, TAKEN, WAITING, WireClaim, WireSuspension
from store.gateway.errors import ServerSilent
from store.gateway.states import Mode as Answers
from store.register.intents import IntentKind
from store.register.sync.suspended_sales import RELEASE_CLIENT
from store.register.view import Mode, Tone

CODE = "S0001-R01-H1"
HOUR_S = 3600


class Depot:
    """The server's side of one suspended sale of register R02."""

    def __init__(self, sale):
        self.sale = sale
        self.states = [WAITING, CLAIMED]
        self.asked = 0
        self.dead = False

    async def listing(self):
        if self.dead:
            raise ServerSilent("no answer")
        return (self.sale,)

    async def claim(self, suspension_id):
        assert suspension_id == self.sale.id
        self.asked += 1
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        resume = self.resume if state == CLAIMED else ""
        return WireClaim(state=state, resume=resume, claimed_by="S0001-R03")

    async def wanted(self):
        return ()


@pytest.fixture
async def till(tmp_path):
    async with running(tmp_path) as running_till:
        yield await running_till.ready()


async def with_sale(till):
    await till.scan(MILK)
    await till.scan(BREAD)
    return till


async def yes(till):
    return await till.send(IntentKind.ANSWER, "yes", question=till.view.question.id)


@pytest.mark.parametrize("answers", [Answers.ONLINE, Answers.OFFLINE_AUTO])
async def test_a_suspended_sale_leaves_the_till_free_and_comes_back_as_it_was(till, answers):
    till.world.connection.mode = answers
    await with_sale(till)
    await till.operation(301, "10")
    lines, total = till.view.lines, till.view.totals.total
    assert (await till.operation(503, "red coat")).outcome is DONE
    assert till.view.mode is Mode.IDLE
    assert till.view.count == 0
    await till.scan(MILK)
    await till.operation(206)
    await till.operation(504)
    (choice,) = till.view.question.choices
    assert ("4.23" in choice.label, "Ann Baker" in choice.label, "red coat" in choice.label) == (True,) * 3
    assert (await till.enter("1")).outcome is DONE
    assert (till.view.mode, till.view.lines, till.view.totals.total) == (Mode.SALE, lines, total)
    await till.operation(206)
    kinds = await till.kinds()
    assert kinds.count("sale") == 2
    sale, suspended = (
        (await till.records())[-1],
        next(r for r in await till.records() if r["kind"] == "sale.suspend"),
    )
    assert (sale["total"], sale["txn_id"]) == (total, suspended["of_txn_id"])
    assert [row["gross"] for row in suspended["goods"]] == [109, 314]
    assert (suspended["total"], suspended["note"], suspended["code"]) == (423, "red coat", CODE)
    assert (await till.operation(504)).why.startswith("No sale is suspended.")


async def test_enter_alone_resumes_the_only_one(till):
    await with_sale(till)
    await till.operation(503)
    await till.operation(504)
    await till.enter("")
    assert till.view.mode is Mode.SALE


@pytest.mark.parametrize("how", ["scan", "type", "operation"])
async def test_the_slip_resumes_its_sale_and_in_a_sale_it_is_kept_in_sight(till, how):
    await with_sale(till)
    await till.operation(503)
    assert any("Scan to go on" in line for line in till.view.paper)
    await till.scan(MILK)
    assert (await till.scan(CODE)).outcome is REFUSED
    assert till.view.refused[-1].text == CODE
    await till.operation(206)
    send = {"scan": till.scan(CODE), "type": till.enter(CODE), "operation": till.operation(504, "1")}
    for name, one in send.items():
        if name == how:
            assert (await one).outcome is DONE
        else:
            one.close()
    assert till.view.count == 2
    await till.operation(206)
    assert (await till.scan(CODE)).why.startswith(f"{CODE} is not suspended.")


async def test_an_old_sale_keeps_its_prices_and_says_so(till):
    await with_sale(till)
    await till.operation(503)
    till.world.clock.move(5 * HOUR_S)
    await till.operation(504, "1")
    assert till.view.message.tone is Tone.WARN
    assert till.view.message.text == f"{CODE}: suspended 5 h ago. Its prices are those of then; check them."
    assert till.view.totals.total == 458


async def test_a_sale_with_a_payment_and_an_empty_one_are_not_suspended(till):
    await with_sale(till)
    await till.operation(200, "1.00")
    await till.back()
    assert (
        await till.operation(503)
    ).why == "A payment is taken. Void it first (Pay, then F3), then suspend the sale."
    await till.operation(139)
    await till.operation(211)
    await till.back()
    await till.operation(102)
    await till.operation(102)
    assert (await till.operation(503)).why == "Every line is voided. Void the sale instead (500)."
    assert till.view.mode is Mode.SALE


async def test_f11_suspended_sales_survive_the_close_which_warns_of_them(till):
    """F11: parked tickets vanished when the session closed."""
    await with_sale(till)
    await till.operation(503)
    await till.operation(1055)
    await till.enter("100")
    assert any("1 sale is still suspended, 4.58" in line for line in till.view.question.lines)
    await yes(till)
    closed = (await till.records())[-1]
    assert (closed["kind"], closed["sales_total"], closed["expected_cash"]) == ("shift.close", 0, 10000)
    await till.ready()
    await till.operation(504)
    await till.enter("1")
    assert till.view.totals.total == 458
    await till.operation(206)
    assert (await till.records())[-1]["shift"] == 2


@pytest.mark.parametrize("steps", range(4))
async def test_a_killed_register_loses_and_doubles_nothing(till, steps):
    await with_sale(till)
    if steps >= 1:
        await till.operation(503)
    if steps >= 2:
        await till.operation(504)
    if steps >= 3:
        await till.enter("1")
    again = await till.restarted()
    if steps in (0, 3):
        assert again.view.totals.total == 458
        assert again.view.mode is Mode.SALE
    else:
        await again.back()
        await again.operation(504, "1")
        assert again.view.totals.total == 458
    await again.operation(206)
    kinds = await again.kinds()
    assert (kinds.count("sale"), kinds.count("sale.recall")) == (1, min(steps, 1))


async def test_the_same_intent_twice_suspends_and_resumes_once(till):
    await with_sale(till)
    for number in (503, 504):
        one = till.submission(IntentKind.OPERATION, "1" if number == 504 else "", operation=number)
        first, second = await till.session.handle([one, one])
        assert (first.outcome, second.outcome) == (DONE, AGAIN)
    kinds = await till.kinds()
    assert (kinds.count("sale.suspend"), kinds.count("sale.recall")) == (1, 1)


async def test_voiding_a_suspended_sale_is_guarded_recorded_and_for_good(till):
    await with_sale(till)
    await till.operation(503)
    await till.operation(1221)
    await till.enter("1")
    assert till.view.question.title == f"Void suspended sale {CODE}?"
    await till.send(IntentKind.ANSWER, "no", question=till.view.question.id)
    await till.operation(1221, "1")
    await yes(till)
    record = (await till.records())[-1]
    assert (record["kind"], record["total"], record["code"]) == ("sale.discard", 458, CODE)
    assert (await till.operation(504)).outcome is REFUSED
    assert (await till.scan(MILK)).outcome is SOLD


async def test_who_may_not_suspend_asks_somebody(till, tmp_path):
    till.world.shop.role_rows = {"cashier": "sell open_shift", "manager": ""}
    till.world.shop.staff = {
        **till.world.shop.staff,
        "101": msgspec.structs.replace(till.world.shop.staff["101"], permissions="sell open_shift"),
    }
    await till.operation(703)
    await till.sign_in()
    await with_sale(till)
    assert (await till.operation(503)).outcome is REFUSED
    await till.enter("201")
    await till.enter("201201")
    assert till.view.mode is Mode.IDLE
    assert (await till.records())[-1]["allowed_by"] == "201"


async def test_what_another_register_waits_for_is_given_away_unseen_and_never_resumed_here_offline(till):
    await with_sale(till)
    await till.operation(503)
    (kept,) = till.session.suspended
    await till.scan(MILK)
    before = till.view
    assert (
        await till.send(IntentKind.OPERATION, kept, client=RELEASE_CLIENT, operation=9137)
    ).outcome is DONE
    after = till.view
    assert msgspec.structs.replace(after, seq=before.seq) == before, "whoever sells sees nothing of it"
    assert till.session.suspended == ()
    assert (await till.records())[-1]["kind"] == "sale.release"
    assert (
        await till.send(IntentKind.OPERATION, kept, client=RELEASE_CLIENT, operation=9137)
    ).outcome is REFUSED
    await till.operation(206)
    till.world.connection.mode = Answers.OFFLINE_AUTO
    assert (await till.operation(504)).why == "No sale is suspended. Offline: only those of this register."


async def test_a_sale_of_another_register_comes_when_its_keeper_lets_go_of_it_and_only_once(tmp_path):
    (tmp_path / "one").mkdir()
    async with running(tmp_path / "one") as there:
        await there.ready()
        await with_sale(there)
        await there.operation(503, "the blue bag")
        suspended = (await there.records())[-1]
    wire = WireSuspension(
        id=suspended["txn_id"],
        register="S0001-R02",
        code="S0001-R02-H1",
        at=suspended["at"],
        by="Bob Cook",
        total=458,
        currency="EUR",
        items="2",
        note="the blue bag",
    )
    depot = Depot(wire)
    depot.resume = suspended["resume"]
    (tmp_path / "two").mkdir()
    world = World(tmp_path / "two")
    world.suspensions = depot
    till = await world.start()
    try:
        await till.ready()
        await resumed_from_another_register(till, depot)
    finally:
        await till.kill()


async def resumed_from_another_register(till, depot):
    till.world.connection.mode = Answers.OFFLINE_AUTO
    assert (
        await till.scan("S0001-R02-H1")
    ).why == "S0001-R02-H1 is not suspended. Offline: only those of this register."
    till.world.connection.mode = Answers.ONLINE
    depot.dead = True
    assert (await till.operation(504)).why == "No sale is suspended. The server does not answer."
    depot.dead = False
    depot.states = [TAKEN]
    await till.operation(504)
    assert "S0001-R02" in till.view.question.choices[0].label
    assert (await till.enter("1")).why == "S0001-R02-H1 is being resumed at S0001-R03."
    assert till.view.question is not None, "the list stays"
    depot.states = [WAITING]
    assert (await till.enter("1")).why == "S0001-R02 keeps S0001-R02-H1 and does not answer. Resume it there."
    depot.states = [GONE]
    assert (await till.enter("1")).why == "S0001-R02-H1 is no longer suspended."
    depot.states = [WAITING, WAITING, CLAIMED]
    assert (await till.enter("1")).outcome is DONE
    assert (till.view.mode, till.view.totals.total) == (Mode.SALE, 458)
    await till.operation(206)
    recalled = next(record for record in await till.records() if record["kind"] == "sale.recall")
    assert recalled["from_register"] == "S0001-R02"
    assert (await till.operation(504)).outcome is REFUSED, (
        "it is not offered again, whatever the server still says"
    )
    asked = depot.asked
    assert (await till.scan("S0001-R02-H1")).outcome is REFUSED
    assert depot.asked == asked


async def test_damaged_text_of_a_suspended_sale_is_refused_with_a_cure(till):
    await with_sale(till)
    await till.operation(503)
    record_by_txn = till.journal._journal.record_by_txn

    async def damaged(txn_id):
        found = await record_by_txn(txn_id)
        if found is not None and "resume" in found.payload:
            found.payload["resume"] = found.payload["resume"][:40]
        return found

    till.journal.record_by_txn = damaged
    refused = await till.operation(504, "1")
    assert refused.outcome is REFUSED
    assert "Scan its items again" in refused.why
    assert till.view.mode is Mode.IDLE

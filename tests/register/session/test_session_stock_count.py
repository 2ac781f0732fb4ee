"""Stock count (802) with a scanner: kept through kills, one document at the end, nothing sold by it."""

import pytest

from session_fakes import BANANAS, BREAD, DONE, MILK, REFUSED, SOLD, UNKNOWN, running
from store.gateway.states import Mode as Answers
from store.register.view import Mode


@pytest.fixture(params=[Answers.ONLINE, Answers.OFFLINE_AUTO])
async def till(tmp_path, request):
    async with running(tmp_path) as running_till:
        running_till.world.connection.mode = request.param
        yield await running_till.ready()


def shown(till):
    return till.view.question.lines[2:]


async def test_every_scan_counts_one_more_and_the_question_stays_the_same(till):
    await till.operation(802, "Shelf 7")
    first = till.view.question.id
    assert (await till.scan(MILK)).outcome is SOLD
    await till.scan(BREAD)
    await till.scan(MILK)
    await till.enter(f"12*{BREAD}")
    assert till.view.question.id == first, "a fast scanner never meets another question"
    assert till.view.question.title == "Stock count of Shelf 7"
    assert shown(till) == ("2 items, 15 counted", "13 pcs  Rye bread 750 g", "2 pcs  Whole milk 1 l")
    await till.enter("10*")
    assert shown(till)[1] == "10 pcs  Rye bread 750 g"
    await till.enter("0*")
    assert shown(till) == ("1 items, 2 counted", "2 pcs  Whole milk 1 l")
    assert till.view.mode is Mode.IDLE and till.view.count == 0


async def test_the_document_is_recorded_once_and_printed(till):
    await till.operation(802)
    await till.scan(MILK)
    await till.enter(f"0.482*{BANANAS}")
    await till.enter("end")
    assert till.view.question.guarded
    await till.answer("no")
    assert till.view.question.title == "Stock count"
    await till.enter("end")
    await till.answer("yes")
    record = (await till.records())[-1]
    assert (record["kind"], record["items"]) == ("stock.count", 2)
    assert [(row["sku"], row["quantity"], row["unit"]) for row in record["rows"]] == [
        ("1001", "1", "pcs"), ("1009", "0.482", "kg"),
    ]  # fmt: skip
    assert till.view.question is None and till.view.message.text == "The count of 2 items is recorded."
    assert any("STOCK COUNT" in row for row in till.view.paper) and any(
        "Bananas" in row for row in till.view.paper
    )
    await till.operation(802)
    assert shown(till) == ("0 items, 0 counted",), "the next count is another one"


async def test_a_count_survives_a_kill_and_waits_while_something_is_sold(till):
    await till.operation(802)
    await till.scan(MILK)
    till = await till.restarted()
    assert shown(till)[0] == "1 items, 1 counted"
    await till.back()
    await till.scan(BREAD)
    assert till.view.mode is Mode.SALE
    assert (await till.operation(802)).outcome is REFUSED
    await till.operation(206)
    await till.operation(802)
    assert shown(till)[1] == "1 pcs  Whole milk 1 l"


async def test_what_cannot_be_counted_is_refused_and_the_count_stays(till):
    await till.operation(802)
    await till.scan(MILK)
    assert (await till.scan(UNKNOWN)).outcome is REFUSED
    assert (await till.enter(f"x*{MILK}")).outcome is REFUSED
    assert (await till.enter(f"1.5*{BREAD}")).outcome is REFUSED
    assert shown(till)[0] == "1 items, 1 counted"
    await till.enter("0*")
    assert (await till.enter("5*")).outcome is REFUSED
    assert (await till.enter("end")).outcome is DONE
    assert till.view.question is None and till.view.message.text == "Nothing was counted; the count is gone."


async def test_who_may_not_count_is_told_so(tmp_path):
    async with running(tmp_path) as till:
        await till.sign_in("301")
        assert (await till.operation(802)).outcome is REFUSED

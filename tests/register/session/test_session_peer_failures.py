"""Failures that users of other systems reported, met at the till; the numbers are those of docs/failures.md."""

from session_fakes import BREAD, MILK, running
from store.gateway.states import Mode as ConnectionMode


async def sell(till, code):
    await till.scan(code)
    await till.operation(206)


async def test_f01_a_shift_closes_with_its_sales_still_waiting_and_they_stay_in_it(tmp_path):
    async with running(tmp_path) as till:
        till.world.connection.mode = ConnectionMode.OFFLINE_AUTO
        await till.ready()
        await sell(till, MILK)
        await sell(till, BREAD)
        await till.operation(1055)
        await till.enter("104.58")
        await till.answer("yes")
        records = await till.records()
        assert (await till.journal.counts()).pending_records == len(records)
        assert (await till.journal.counts()).pending_transactions == 4  # opening, two sales, closing
        await till.ready(amount="50")
        await sell(till, MILK)
        records = await till.records()
        assert [record["shift"] for record in records if record["kind"] == "sale"] == [1, 1, 2]
        closing = next(record for record in records if record["kind"] == "shift.close")
        assert (closing["shift"], closing["sales"], closing["over_short"]) == (1, 2, 0)


async def test_f36_a_sale_refers_to_nothing_that_only_a_server_could_have_named(tmp_path):
    async with running(tmp_path) as till:
        await till.ready()
        await sell(till, MILK)
        till.world.connection.mode = ConnectionMode.OFFLINE_AUTO
        await sell(till, MILK)
        online, offline = (record for record in await till.records() if record["kind"] == "sale")
        assert set(offline) == set(online)
        counted_here = {"series", "seq", "txn_id", "at", "receipt_no"}
        how_it_was = {"mode", "begun_mode"}
        for line in (*online["lines"], *offline["lines"]):
            del line["source"]
        assert {key for key in online if online[key] != offline[key]} <= counted_here | how_it_was

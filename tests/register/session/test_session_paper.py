"""Print policy, macros, the shift at a glance: at the till, offline as online."""

import pytest
from msgspec.structs import replace

from session_fakes import BREAD, DONE, MILK, REFUSED, running
from store.gateway.states import Mode as Answers
from store.register.intents import IntentKind
from store.register.view import Mode
from store.sale.document_format import Printing
from store.sale.format_text import WrittenFormat, parsed

BOTH = pytest.mark.parametrize("answers", [Answers.ONLINE, Answers.OFFLINE_AUTO])


@pytest.fixture
async def till(tmp_path):
    async with running(tmp_path) as running_till:
        yield await running_till.ready()


@pytest.fixture
async def manager(tmp_path):
    async with running(tmp_path) as running_till:
        yield await running_till.ready("201")


def prints(till, kind: str, printing: Printing) -> None:
    till.world.shop.formats = {kind: parsed(kind, WrittenFormat(printing=printing.value))}


async def jobs(till):
    txn_id = (await till.records())[-1]["txn_id"]
    return [(job.kind, job.state) for job in await till.real_journal.jobs_of(txn_id)]


async def sell(till):
    await till.scan(MILK)
    await till.operation(206)


@BOTH
async def test_a_receipt_is_printed_at_once_where_nothing_else_is_said(till, answers):
    till.world.connection.mode = answers
    await sell(till)
    assert await jobs(till) == [("drawer", "queued"), ("receipt", "queued")]


@BOTH
async def test_a_receipt_on_request_waits_for_f3_and_is_the_original_then(till, answers):
    till.world.connection.mode = answers
    till.world.printing.has_printer = True
    prints(till, "sale", Printing.ON_REQUEST)
    await sell(till)
    assert await jobs(till) == [("drawer", "queued"), ("receipt", "held")]
    txn_id = (await till.records())[-1]["txn_id"]
    till.world.printing.held.add(txn_id)
    assert (await till.operation(115)).outcome is DONE
    assert till.world.printing.asked_for == [txn_id]
    assert "is being printed" in till.view.message.text
    assert (await till.records())[-1]["kind"] == "sale"  # nothing was copied, nothing is recorded as a copy
    till.world.printing.held.clear()
    await till.operation(115)
    assert (await till.records())[-1]["kind"] == "reprint"


async def test_a_receipt_that_is_never_printed_opens_the_drawer_all_the_same(till):
    prints(till, "sale", Printing.NEVER)
    await sell(till)
    assert await jobs(till) == [("drawer", "queued")]
    await till.operation(115)
    assert ("receipt", "queued") in await jobs_of_sale(till)  # a copy that somebody asked for


async def jobs_of_sale(till):
    sale = next(record for record in await till.records() if record["kind"] == "sale")
    return [(job.kind, job.state) for job in await till.real_journal.jobs_of(sale["txn_id"])]


async def test_the_policy_holds_for_the_type_it_names_alone(manager):
    prints(manager, "x", Printing.NEVER)
    await sell(manager)
    assert ("receipt", "queued") in await jobs(manager)
    await manager.operation(1056)
    assert await jobs(manager) == []


async def test_the_paper_on_the_screen_is_by_the_format_of_headquarters(till):
    header = (
        "text center | *** {store} ***\nblock store\nblock copy\nblock facts\ncolumns | Ticket | {receipt}"
    )
    till.world.shop.formats = {"sale": parsed("sale", WrittenFormat(header=header))}
    await sell(till)
    assert any(line.startswith("Ticket ") for line in till.view.paper)
    assert not any(line.startswith("Receipt ") for line in till.view.paper)


async def test_the_region_of_the_store_writes_amounts_and_dates(till):
    till.world.shop.store_policy = replace(till.world.shop.store_policy, region="de-DE")
    await till.scan(BREAD)
    await till.operation(206)
    assert till.view.region == "de-DE"
    assert any("3,49" in line for line in till.view.paper)
    assert any("24.11.2026" in line for line in till.view.paper)


# -- macros


@BOTH
async def test_a_macro_types_what_is_written_in_it(till, answers):
    till.world.connection.mode = answers
    till.world.macros = {9181: (f"3*{MILK}", "/105 4", "/206")}
    await till.scan(BREAD)
    assert 9181 in till.view.operations and 9182 not in till.view.operations
    assert (await till.operation(9181)).outcome is DONE
    assert till.view.mode is Mode.PAID
    sale = (await till.records())[-1]
    assert [(line["name"][:5], line["quantity"]) for line in sale["lines"]] == [
        ("Rye b", "1"),
        ("Whole", "4"),
    ]


async def test_a_macro_ends_at_the_first_entry_that_is_refused(till):
    till.world.macros = {9181: (MILK, "99999999", BREAD)}
    assert (await till.operation(9181)).outcome is not DONE
    assert len(till.view.lines) == 1
    assert till.view.message.text.startswith("The macro ended at 99999999: ")


async def test_a_macro_may_no_more_than_who_runs_it(till):
    till.world.macros = {9181: ("/9140",), 9182: ("/9181",)}
    await till.scan(MILK)
    assert (await till.operation(9181)).outcome is REFUSED
    assert (await till.operation(9182)).outcome is not DONE  # no macro within a macro
    assert (await till.operation(9183)).outcome is REFUSED
    assert "is not set up" in till.view.message.text


async def test_a_macro_that_was_sent_twice_types_once(till):
    till.world.macros = {9181: (MILK,)}
    sent = till.submission(IntentKind.OPERATION, operation=9181)
    await till.session.handle([sent])
    await till.session.handle([sent])
    assert len(till.view.lines) == 1


# -- the shift at a glance


@BOTH
async def test_shift_and_day_are_shown_and_nothing_is_recorded(manager, answers):
    manager.world.connection.mode = answers
    await sell(manager)
    before = len(await manager.records())
    assert (await manager.operation(9170)).outcome is DONE
    rows = [choice.label for choice in manager.view.question.choices]
    assert any(row.startswith("1 sale") and row.endswith("1.09") for row in rows)
    assert (await manager.operation(9171)).outcome is DONE
    assert manager.view.question.title.endswith("1 sale, 1.09")
    assert "█" in manager.view.question.choices[0].label
    assert len(await manager.records()) == before
    await manager.scan(MILK)  # a scan closes it and sells
    assert manager.view.question is None and len(manager.view.lines) == 1


async def test_whoever_may_not_see_the_shift_is_told(tmp_path):
    async with running(tmp_path) as till:
        number, name, role = "101", "Ann Baker", "cashier"
        found = till.world.shop.staff[number]
        till.world.shop.role_rows = {role: "sell open_shift", "manager": ""}
        till.world.shop.staff = till.world.shop.staff | {
            number: replace(found, permissions="sell open_shift")
        }
        await till.ready()
        assert till.view.header.operator == name
        await the_shift_is_refused(till)


async def the_shift_is_refused(till):
    await sell(till)
    assert (await till.operation(9170)).outcome is REFUSED
    assert "not allowed" in till.view.message.text


async def test_a_day_without_sales_has_no_bars(manager):
    assert (await manager.operation(9171)).outcome is REFUSED
    assert "Nothing was sold yet" in manager.view.message.text

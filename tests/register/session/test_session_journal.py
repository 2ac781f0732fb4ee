"""Show journal (115) at the till: found, viewed, printed again, given as a gift, taken back."""

import pytest

from session_fakes import BREAD, DONE, MILK, REFUSED, running
from store.register.session import query
from store.register.view import Mode


@pytest.fixture
async def till(tmp_path):
    async with running(tmp_path) as running_till:
        till = await running_till.ready("201")
        for code in (MILK, BREAD, MILK):
            await till.scan(code)
            await till.operation(206)
        yield till


async def asked(till, kind, text=""):
    return await query.answer(till.session._work, till.view, kind, text)


async def test_transactions_are_listed_newest_first_and_found_by_number_and_amount(till):
    rows = (await asked(till, "journal"))["records"]
    assert [row["total"] for row in rows[:3]] == [109, 349, 109]
    assert rows[0]["receipt"] == "S0001-R01-000003" and rows[0]["utc_offset_min"] == 60
    assert [row["receipt"] for row in (await asked(till, "journal", "3.49"))["records"]] == [
        "S0001-R01-000002"
    ]
    assert [row["total"] for row in (await asked(till, "journal", "000001"))["records"]] == [109]
    assert (await asked(till, "journal", "99.99"))["records"] == []


async def test_a_transaction_is_shown_as_its_paper(till):
    rows = (await asked(till, "journal"))["records"]
    paper = await asked(till, "document", rows[1]["txn_id"])
    assert paper["title"] == "Receipt S0001-R01-000002"
    assert any("Rye bread" in row for row in paper["rows"])
    opened = await asked(till, "document", rows[-1]["txn_id"])
    assert opened["rows"]
    assert "not in this register's journal" in (await asked(till, "document", "nothing"))["error"]


async def test_a_receipt_is_printed_again_by_its_number(till):
    await till.operation(115, "S0001-R01-000002")
    assert [choice.label for choice in till.view.question.choices] == [
        "Print again", "Print a gift receipt", "Take goods back", "Undo the sale",
    ]  # fmt: skip
    assert (await till.enter("9")).outcome is REFUSED and till.view.question is not None
    await till.enter("1")
    record = (await till.records())[-1]
    assert (record["kind"], record["of_receipt_no"], record["copy_no"]) == ("reprint", 2, 1)
    await till.operation(9151)
    assert (await till.records())[-1]["of_receipt_no"] == 3
    await till.operation(9151, "1")
    assert (await till.records())[-1]["of_receipt_no"] == 1
    assert (await till.operation(9151, "S0009-R01-000001")).outcome is REFUSED


async def test_gift_receipt_and_return_begin_from_it(till):
    await till.operation(115, "2")
    await till.enter("2")
    assert (await till.kinds())[-1] == "gift.receipt"
    await till.operation(115, "2")
    await till.enter("3")
    assert till.view.question is not None and "000002" in " ".join(
        (till.view.question.title, *till.view.question.lines)
    )


async def test_in_an_open_sale_only_goods_are_taken_back(till):
    await till.scan(MILK)
    await till.operation(115, "2")
    assert [choice.label for choice in till.view.question.choices] == ["Take goods back"]
    await till.back()
    assert till.view.mode is Mode.SALE


async def test_115_alone_prints_the_last_receipt_for_a_screen_without_a_list(till):
    assert (await till.operation(115)).outcome is DONE
    assert (await till.records())[-1]["of_receipt_no"] == 3


async def test_what_is_no_sale_can_only_be_viewed(till):
    await till.operation(1056)
    record = (await till.records())[-1]
    assert (await till.operation(115, record["txn_id"])).outcome is REFUSED
    assert "Only sales are printed again" in till.view.message.text


async def test_who_may_not_undo_a_sale_is_told_so(tmp_path):
    async with running(tmp_path) as running_till:
        till = await running_till.ready("101")
        await till.scan(MILK)
        await till.operation(206)
        await till.operation(115, "1")
        assert (await till.enter("4")).outcome is REFUSED
        assert "not allowed for a cashier" in till.view.message.text

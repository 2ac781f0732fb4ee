"""Receipts of the own journal: found by number, day, total and goods, over as many records as there are."""

import pytest

from journal_world import event, identity, opened, sale
from store.register.journal.errors import JournalDamaged
from store.register.journal.receipts import OwnReceipts, ReceiptQuery

DAY_S = 86_400


async def test_receipts_are_found_newest_first_over_many_records(tmp_path):
    async with opened(tmp_path) as journal:
        for n in range(1, 520):
            await journal.commit(sale(f"t{n}", lines=1 + n % 2))
        newest = await journal.receipts.find(ReceiptQuery(limit=3))
        assert [one.receipt_no for one in newest] == [519, 518, 517]
        all_of_them = await journal.receipts.find(ReceiptQuery(limit=1000))
        assert len(all_of_them) == 519
        total = newest[0].total
        assert {one.total for one in await journal.receipts.find(ReceiptQuery(amount=total, limit=9))} == {
            total
        }
        assert await journal.receipts.find(ReceiptQuery(amount=total + 1)) == []


async def test_a_number_names_one_sale_and_nothing_else(tmp_path):
    async with opened(tmp_path) as journal:
        await journal.commit(event("shift.open", "s1", {"start_amount": 0, "currency": "EUR"}))
        await journal.commit(sale("t1"))
        series = journal.identity.series
        found = await journal.receipts.by_number(series, 1)
        assert (found.committed.payload["txn_id"], found.given_back) == ("t1", ())
        assert await journal.receipts.by_number(series, 2) is None
        assert await journal.receipts.by_number("S0042-R99.1", 1) is None


async def test_a_day_bounds_the_search_and_a_text_that_is_none_does_not(tmp_path):
    async with opened(tmp_path) as journal:
        await journal.commit(sale("t1", business_date="2026-01-05"))
        journal._clock.pass_s(20 * DAY_S)
        await journal.commit(sale("t2", business_date="2026-01-25"))
        [one] = await journal.receipts.find(ReceiptQuery(date="2026-01-05"))
        assert one.receipt_no == 1
        assert await journal.receipts.find(ReceiptQuery(date="no day")) == []


async def test_a_file_that_cannot_be_read_is_told_as_a_damaged_journal(tmp_path):
    path = tmp_path / "journal.db"
    path.write_bytes(b"no database at all, but long enough to be looked at" * 40)
    receipts = OwnReceipts(path, identity())
    with pytest.raises(JournalDamaged, match="cannot be read"):
        await receipts.by_number("S0042-R03.1", 1)
    with pytest.raises(JournalDamaged, match="cannot be read"):
        await receipts.find(ReceiptQuery())

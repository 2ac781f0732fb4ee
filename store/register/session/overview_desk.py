"""Looking at shift and day without recording anything: 9170 shift overview, 9171 sales of the day."""

from typing import Any

import msgspec

from store.exchange.record import Record
from store.register.journal.errors import JournalError
from store.register.session.paper import shift_rows
from store.register.session.shift_desk import sums_of
from store.register.session.work import Reply, Work
from store.register.view import Choice, Entry
from store.sale.bar_chart import bars
from store.sale.language import counted, phrase
from store.sale.layout import display_width, pad_right
from store.sale.moment import local_text, shown_day
from store.sale.shift import x_report_body

OVERVIEW, DAY = "shift_overview", "sales_of_day"
PANELS = frozenset({OVERVIEW, DAY})
WIDTH = 42
"""Columns of a row; the box of a question holds them in a window of 80."""
LABEL_WIDTH = 28
AT_ONCE = 500
MOST_RECORDS = 20_000
"""Records that are looked at for a day; a register makes a few thousand."""


async def shift_overview(work: Work) -> Reply:
    """9170: what the X report would say now, on the screen alone."""
    try:
        sums = await sums_of(work)
    except JournalError as error:
        return work.refuse(error.sentence)
    rows = shift_rows(x_report_body(sums, work.policy.facts), work.policy.currency)
    choices = tuple(Choice("", _row(label, value)) for label, value in rows)
    title = phrase("Shift {number} so far; nothing is recorded", sums.shift)
    return work.ask(OVERVIEW, title, Entry.CODE, choices=choices)


async def sales_of_day(work: Work) -> Reply:
    """9171: the sales of the business date by the hour, as bars."""
    shift = work.state.shift
    if shift is None:
        return work.refuse(phrase("No shift is open. Type the start amount."))
    try:
        hours = await _hours(work, shift.business_date)
    except JournalError as error:
        return work.refuse(error.sentence)
    if not hours:
        return work.refuse(phrase("Nothing was sold yet on {day}.", shown_day(shift.business_date)))
    rows = []
    for hour in range(min(hours), max(hours) + 1):
        count, amount = hours.get(hour, (0, 0))
        rows.append((f"{hour:02d}", amount, f"{count:>4} {work.money(amount):>9}" if count else ""))
    total = sum(amount for _, amount in hours.values())
    count = sum(number for number, _ in hours.values())
    sold = counted("{n} sale", "{n} sales", count)
    title = phrase("{day}: {sold}, {total}", shown_day(shift.business_date), sold, work.money(total))
    choices = tuple(Choice(label, drawn) for label, drawn in bars(rows, WIDTH - 4))
    return work.ask(DAY, title, Entry.CODE, choices=choices)


def _row(label: str, value: str) -> str:
    room = WIDTH - LABEL_WIDTH
    return pad_right(label, LABEL_WIDTH) + " " * (room - display_width(value)) + value


async def _hours(work: Work, business_date: str) -> dict[int, tuple[int, int]]:
    """Per hour of the clock the number of sales and their sum in minor units, from the newest record back."""
    journal = work.ports.journal
    hours: dict[int, tuple[int, int]] = {}
    day = f'"business_date":"{business_date}"'.encode()
    last = (await journal.head()).seq
    least = max(0, last - MOST_RECORDS)
    while last > least:
        first = max(least, last - AT_ONCE)
        records = await journal.records(first, last - first)
        of_day = [record for record in records if day in record.payload]
        for record in of_day:
            _add(hours, record)
        if records and not of_day:
            break
        last = first
    return hours


def _add(hours: dict[int, tuple[int, int]], record: Record) -> None:
    if b'"kind":"sale"' not in record.payload:
        return
    payload: dict[str, Any] = msgspec.json.decode(record.payload)
    hour = int(local_text(payload["at"], payload.get("utc_offset_min", 0))[11:13])
    count, amount = hours.get(hour, (0, 0))
    hours[hour] = (count + 1, amount + payload["total"])

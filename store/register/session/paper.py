"""What the screen shows in place of paper: the receipt as text, the rows of a shift report."""

from collections.abc import Mapping
from typing import Any

from store.register.journal.entry import Committed
from store.sale.cash import BY_KIND, MOVEMENTS
from store.sale.language import counted, later, phrase
from store.sale.layout import render_text
from store.sale.money import shown_amount
from store.sale.policy import StoreFacts
from store.sale.report import document_of
from store.sale.tender_rows import label_of
from store.sale.voucher_slip import voucher_slips

PAPER_WIDTH = 42
ACCOUNT_SLIPS = {"account.payment": later("Account payment"), "account.statement": later("Account statement")}
SHIFT_SLIPS = frozenset({"shift.suspend", "shift.blind_close"})


def paper_of(committed: Committed, facts: StoreFacts, copy_no: int) -> tuple[str, ...]:
    """A record's document as lines of text at most 42 wide; empty when its kind has none."""
    document = document_of(committed.payload, facts, fingerprint=committed.fingerprint, copy_no=copy_no)
    sold = committed.payload["kind"] == "sale" and not copy_no
    vouchers = voucher_slips(committed.payload, facts, committed.fingerprint) if sold else None
    both = [one for one in (document, vouchers) if one is not None]
    return tuple(line for one in both for line in render_text(one, PAPER_WIDTH))


def slip_title(payload: Mapping[str, Any]) -> str:
    """What stands above a report or slip on the screen."""
    shift = payload.get("shift", 0)
    if payload["kind"] in BY_KIND:
        return phrase(BY_KIND[payload["kind"]].name)
    if payload["kind"] == "tender.declaration":
        return phrase("Tender declaration")
    if payload["kind"] in ACCOUNT_SLIPS:
        return phrase(ACCOUNT_SLIPS[payload["kind"]])
    if payload["kind"] in SHIFT_SLIPS:
        return phrase("Shift {shift}", shift)
    names = {
        "sale.suspend": phrase("Suspended sale"),
        "stock.count": phrase("Stock count"),
        "safe.count": phrase("Manage safe"),
        "safe.in": phrase("Manage safe"),
        "safe.out": phrase("Manage safe"),
        "report.x": phrase("X report, shift {number}", shift),
        "shift.close": phrase("Z report, shift {number}", shift),
    }
    return names.get(payload["kind"], phrase("No sale"))


CAME_BACK, UNDONE = later("{count} lines came back"), later("{count} sales undone")


def shift_rows(body: Mapping[str, Any], currency: str) -> tuple[tuple[str, str], ...]:
    """The main rows of an X or Z report: label and amount."""

    def money(amount: int) -> str:
        return shown_amount(amount, currency)

    rows = [
        (counted("{n} sale", "{n} sales", body["sales"]), money(body["sales_total"])),
        *(
            (phrase(words, body[name]), money(-body[f"{name}_total"]))
            for name, words in (("returns", CAME_BACK), ("post_voids", UNDONE))
            if body.get(name)
        ),
        *((f"{row['count']} x {label_of(row)}", money(row["amount"])) for row in body["tenders"]),
        (phrase("Start amount"), money(body["start_amount"])),
        (phrase("Cash received"), money(body["cash_in"])),
        (phrase("Change given"), money(-body["change"])),
        *(
            (f"{body[row.count_name]} x {phrase(row.name)}", money(row.sign * body[row.total_name]))
            for row in MOVEMENTS
            if body[row.count_name]
        ),
        (phrase("Cash expected"), money(body["expected_cash"])),
    ]
    if "counted" in body:
        rows += [
            (phrase("Cash counted"), money(body["counted"])),
            (phrase("Over or short"), money(body["over_short"])),
        ]
    return tuple(rows)

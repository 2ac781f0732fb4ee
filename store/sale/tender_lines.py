"""Payments on paper: the rows of a receipt, of a report and of a declaration, and the slips of vouchers."""

from collections.abc import Iterator, Mapping
from typing import Any

from store.sale.document import Align, AnyElement, Barcode, Blank, Columns, Text
from store.sale.language import phrase
from store.sale.moment import days_after, shown_day
from store.sale.money import shown_amount
from store.sale.tender_rows import label_of
from store.sale.voucher import shown_voucher

Payload = Mapping[str, Any]


def amount_of(row: Payload, payload: Payload, amount: int) -> str:
    """An amount of a row in its own currency, else in the record's; a foreign one names it."""
    currency = row.get("currency", "")
    text = shown_amount(amount, currency or str(payload.get("currency", "")))
    return f"{text} {currency}" if currency else text


def payment_lines(payload: Payload) -> Iterator[AnyElement]:
    """What was given, what came back, and by which notes or numbers; rounding stands with the total."""
    currency = str(payload.get("currency", ""))
    for row in payload["tenders"]:
        if row["kind"] == "rounding":
            continue
        change = row["kind"] == "change"
        name = f"{label_of(row)} {row.get('reference', '')}".rstrip()
        if row["amount"] < 0 and not change:
            name = phrase("Given back: {tender}", name)
        yield Columns(left=name, right=shown_amount(abs(row["amount"]), currency), bold=change, lines=2)
        if "rate" in row:
            notes = shown_amount(row["foreign"], row["currency"])
            yield Text(text=f"  {notes} {row['currency']} x {row['rate']} {currency}")
        if "voucher" in row:
            yield Text(text=f"  {shown_voucher(row['voucher'])}")


def tender_sums(payload: Payload) -> Iterator[AnyElement]:
    """What was paid by each tender type; foreign notes in their own currency too, and what of it went back."""
    currency = str(payload.get("currency", ""))
    for row in payload["tenders"]:
        left = f"{row['count']} x {label_of(row)}"
        yield Columns(left=left, right=shown_amount(row["amount"], currency))
        if row.get("foreign"):
            yield Columns(left=f"  {row['currency']}", right=amount_of(row, payload, row["foreign"]))
        if row.get("back"):
            yield Columns(left=phrase("  of that given back"), right=shown_amount(-row["back"], currency))
    if payload.get("vouchers_issued"):
        left = phrase("{n} x vouchers sold", str(payload["vouchers_issued"]))
        yield Columns(left=left, right=shown_amount(payload["vouchers_issued_total"], currency))


def declared_lines(payload: Payload) -> Iterator[AnyElement]:
    """The other tenders of a closing: what should be there, what was counted, the difference by its name."""
    for row in payload.get("declared", ()):
        if row["kind"] == "cash":
            continue
        name, off = label_of(row), row["over_short"]
        word = phrase("over") if off > 0 else phrase("short") if off < 0 else phrase("difference")
        for what, amount, bold in (
            (phrase("expected"), row["expected"], False),
            (phrase("counted"), row["counted"], False),
            (word, abs(off), True),
        ):
            yield Columns(left=f"{name} {what}", right=amount_of(row, payload, amount), bold=bold)


def vouchers_of(payload: Payload) -> Iterator[tuple[str, int]]:
    """Number and amount of every voucher that a sale issued: sold, given as change, given for goods that came back."""
    for line in payload.get("lines", ()):
        if line.get("voucher") and line["amount"] > 0:
            yield line["voucher"], line["amount"]
    for row in payload.get("tenders", ()):
        if row.get("voucher") and row["amount"] < 0:
            yield row["voucher"], -row["amount"]


def voucher_lines(payload: Payload, number: str, amount: int, valid_days: int = 0) -> Iterator[AnyElement]:
    """The middle of a voucher's slip: what it is worth, its number to scan and to type, until when it holds."""
    text = f"{shown_amount(amount, str(payload['currency']))} {payload['currency']}"
    yield Text(text=text, align=Align.CENTER, bold=True, size=2)
    yield Blank()
    yield Barcode(data=number)
    yield Text(text=shown_voucher(number), align=Align.CENTER)
    day = str(payload.get("business_date", ""))
    if day:
        yield Text(text=phrase("Issued {day}", shown_day(day)), align=Align.CENTER)
        if valid_days:
            until = shown_day(days_after(day, valid_days))
            yield Text(text=phrase("Valid until {day}", until), align=Align.CENTER)

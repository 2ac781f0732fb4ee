"""What the accountant gets: sales by tax rate and day, tenders by day, from the records of sales (docs/paper.md).

One fold for headquarters (over what is booked) and the register (over its journal); a day is the business date.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from store.sale.money import format_amount

Payload = Mapping[str, Any]
TAX_COLUMNS = (
    "store", "register", "business_date", "currency", "tax", "rate", "included", "sales", "net", "tax_amount", "gross",
)  # fmt: skip
TENDER_COLUMNS = ("store", "register", "business_date", "currency", "tender", "count", "amount")
FORMULA_BEGINS = ("=", "+", "@", "\t", "\r")
"""A text that begins so is a formula to a spreadsheet; it gets an apostrophe in front."""


class TaxDay(msgspec.Struct, frozen=True, kw_only=True):
    """What a register sold at one tax on a business date; amounts in minor units. `tax` is empty for untaxed goods."""

    store: str
    register: str
    business_date: str
    currency: str
    tax: str
    rate: str
    included: bool
    sales: int
    net: int
    tax_amount: int
    gross: int


class TenderDay(msgspec.Struct, frozen=True, kw_only=True):
    """What a register took in one way on a business date; change is taken off, cash rounding is a row."""

    store: str
    register: str
    business_date: str
    currency: str
    tender: str
    count: int
    amount: int


def tax_days(sales: Iterable[tuple[str, Payload]]) -> list[TaxDay]:
    """Sums per store, register, business date and tax of records of sales, each with its store."""
    sums: dict[tuple[str, ...], list[int]] = {}
    for store, payload in sales:
        if payload.get("training"):
            continue
        day = _day(store, payload)
        rows = payload.get("taxes", ())
        for row in rows:
            key = (*day, str(row["code"]), str(row["rate"]), "yes" if row["included"] else "")
            _add(sums, key, (1, row["net"], row["tax"], row["gross"]))
        untaxed = [line["gross"] for line in payload["lines"] if not line["tax"]]
        if untaxed:
            _add(sums, (*day, "", "0", ""), (1, sum(untaxed), 0, sum(untaxed)))
    return [_tax_day(key, found) for key, found in sorted(sums.items())]


def tender_days(sales: Iterable[tuple[str, Payload]]) -> list[TenderDay]:
    """Sums per store, register, business date and tender of records of sales; they add up to what was sold."""
    sums: dict[tuple[str, ...], list[int]] = {}
    for store, payload in sales:
        if payload.get("training"):
            continue
        for row in payload.get("tenders", ()):
            kind = "cash" if row["kind"] == "change" else str(row.get("type") or row["kind"])
            _add(sums, (*_day(store, payload), kind), (int(row["kind"] != "change"), row["amount"]))
    return [
        TenderDay(
            store=key[0],
            register=key[1],
            business_date=key[2],
            currency=key[3],
            tender=key[4],
            count=found[0],
            amount=found[1],
        )
        for key, found in sorted(sums.items())
    ]


def tax_csv(rows: Iterable[TaxDay]) -> str:
    """The rows as CSV with a heading; amounts with a decimal point, lines end with a line feed."""
    return _csv(TAX_COLUMNS, rows, ("net", "tax_amount", "gross"))


def tender_csv(rows: Iterable[TenderDay]) -> str:
    """The rows as CSV with a heading; amounts with a decimal point, lines end with a line feed."""
    return _csv(TENDER_COLUMNS, rows, ("amount",))


def _day(store: str, payload: Payload) -> tuple[str, ...]:
    register = str(payload.get("series", "")).rpartition(".")[0]
    return store, register, str(payload.get("business_date", "")), str(payload.get("currency", ""))


def _add(sums: dict[tuple[str, ...], list[int]], key: tuple[str, ...], more: tuple[int, ...]) -> None:
    before = sums.setdefault(key, [0] * len(more))
    sums[key] = [a + b for a, b in zip(before, more, strict=True)]


def _tax_day(key: tuple[str, ...], found: list[int]) -> TaxDay:
    store, register, business_date, currency, code, rate, included = key
    sales, net, tax, gross = found
    return TaxDay(
        store=store,
        register=register,
        business_date=business_date,
        currency=currency,
        tax=code,
        rate=rate,
        included=bool(included),
        sales=sales,
        net=net,
        tax_amount=tax,
        gross=gross,
    )


def _csv(columns: tuple[str, ...], rows: Iterable[TaxDay | TenderDay], amounts: tuple[str, ...]) -> str:
    lines = [",".join(columns)]
    for row in rows:
        cells = []
        for name in columns:
            value = getattr(row, name)
            if name in amounts:
                cells.append(format_amount(value, row.currency))
            elif isinstance(value, bool):
                cells.append("yes" if value else "no")
            else:
                cells.append(_quoted(str(value)))
        lines.append(",".join(cells))
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    text = f"'{text}" if text.startswith(FORMULA_BEGINS) else text
    if any(sign in text for sign in ',"\n\r'):
        return '"' + text.replace('"', '""') + '"'
    return text

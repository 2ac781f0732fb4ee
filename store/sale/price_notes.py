"""What paper says of offers, and of taxes that are more than one percentage; from records, today or years later."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from store.sale.document import AnyElement, Columns, Text
from store.sale.language import phrase

Payload = Mapping[str, Any]
Money = Callable[[int], str]


def offered(line: Payload) -> int:
    """What the offers of headquarters take off a line of a record."""
    return sum(row["off"] for row in line.get("offers", ()))


def offer_notes(line: Payload, money: Money) -> Iterator[AnyElement]:
    """The offers on a line, each with what it takes off; the last of what is taken off says what is left."""
    rows = line.get("offers", ())
    left = phrase("so {amount}", money(line["amount"] - line["discount"])) if rows else ""
    for number, row in enumerate(rows, start=1):
        says = f" {row['percent']} %" if "percent" in row else ""
        last = number == len(rows) and line["discount"] == offered(line)
        end = f", {left}" if last else ""
        yield Text(text=f"  {row['name']}{says} {money(-row['off'])}{end}")


def tax_words(row: Payload, money: Money) -> str:
    """How a tax of a record is computed: its rate, an amount for each unit, or nothing by a certificate."""
    if row.get("exempt"):
        return phrase("exempt")
    return f"{money(row['fixed'])} {phrase('each')}" if row.get("fixed") else f"{row['rate']} %"


def relief_row(payload: Payload, money: Money) -> Iterator[AnyElement]:
    """What an exemption took out of prices that contain tax."""
    if payload.get("tax_relief"):
        yield Columns(left=phrase("Tax taken out of prices"), right=money(-payload["tax_relief"]))


def certificate_row(payload: Payload) -> Iterator[AnyElement]:
    """The certificate that an exemption rests on."""
    if payload.get("certificate"):
        yield Columns(left=phrase("Certificate of exemption"), right=str(payload["certificate"]))


def untaxed_of(payload: Payload) -> int:
    """What the lines of a sale without any tax come to."""
    return sum(line["gross"] for line in payload["lines"] if not line["tax"])

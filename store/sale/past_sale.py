"""A sale of the past as its record tells it: which of its lines may still come back, and how much of each.

Made from the payload of the record (own journal, server) and from what was given back since; PURE.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec
from msgspec.structs import replace

from store.sale.detail import TaxDetail
from store.sale.policy import TaxRate
from store.sale.quantity import from_thousandths, thousandths
from store.sale.returning import NOTHING, Cents, ReturnsOf, added, mirrored
from store.sale.tax import UNTAXED

Payload = Mapping[str, Any]

_NUMBER = re.compile(
    r"(?P<register>[A-Za-z0-9][A-Za-z0-9_-]{0,39})(?:\.(?P<epoch>[1-9][0-9]{0,9}))?-(?P<no>[0-9]{6,12})"
)


class ReceiptNumber(msgspec.Struct, frozen=True, kw_only=True):
    """The number on a receipt taken apart."""

    series: str
    receipt_no: int

    @property
    def store(self) -> str:
        """The store that its register names by its first part."""
        return self.series.partition("-")[0]


class Returned(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a sold line that came back: the line that gave it back (`series`, `seq`, `n`), line `of_n` of the sale.

    Quantity and cents are positive; below zero where a return was taken back itself.
    """

    series: str
    seq: int
    n: int
    of_n: int
    quantity: str
    cents: Cents


class PastLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line as it was sold (or, below zero, taken back)."""

    n: int
    sku: str
    name: str
    quantity: str
    unit: str
    price: int
    tax: TaxRate
    cents: Cents
    gross: int
    measured: bool = False
    price_source: str = "catalog"
    department: str = ""
    code: str = ""
    voucher: bool = False
    parent: int = 0
    """Of a deposit: the line of the goods that it went with."""
    no_discount: bool = False
    factor: str = ""
    serial: str = ""


class Refund(msgspec.Struct, frozen=True, kw_only=True):
    """The rows of `tenders` by which a later record gave money back for a sale, and nothing else."""

    series: str
    seq: int
    rows: tuple[dict[str, Any], ...]


class PastSale(msgspec.Struct, frozen=True, kw_only=True):
    """The sale of a receipt. `reserved` are quantities that other registers are taking back right now, by line."""

    series: str
    seq: int
    receipt_no: int
    at: str
    currency: str
    total: int
    lines: tuple[PastLine, ...]
    tenders: tuple[dict[str, Any], ...] = ()
    business_date: str = ""
    operator: str = ""
    utc_offset_min: int = 0
    shift_id: str = ""
    returned: tuple[Returned, ...] = ()
    reserved: tuple[tuple[int, str], ...] = ()
    voids: bool = False
    """It is the mirror of another sale."""
    refunds: tuple["Refund", ...] = ()
    """How money was given back for it."""
    customer: str = ""
    """Id of the customer whom it was for."""

    @property
    def number(self) -> str:
        """What stands on the receipt."""
        return number_text(self.series, self.receipt_no)


def number_text(series: str, receipt_no: int) -> str:
    """The number people read: "S0001-R01-000482"; later epochs of a register show theirs: "S0001-R01.2-000001"."""
    register, _, epoch = series.rpartition(".")
    name = register if epoch == "1" else f"{register}.{epoch}".strip(".")
    return f"{name}-{receipt_no:06d}".lstrip("-")


def parse_number(text: str) -> ReceiptNumber | None:
    """The number of a receipt as it is scanned or typed; None when the text is none."""
    found = _NUMBER.fullmatch(text.strip())
    if found is None:
        return None
    return ReceiptNumber(series=f"{found['register']}.{found['epoch'] or 1}", receipt_no=int(found["no"]))


def past_sale(payload: Payload) -> PastSale:
    """The sale that a record tells of. Raises KeyError, TypeError or ValueError for one that is no sale's."""
    taxes = {row["code"]: row for row in payload["taxes"]}
    return PastSale(
        series=payload["series"],
        seq=payload["seq"],
        receipt_no=payload.get("receipt_no", 0),
        at=payload["at"],
        currency=payload["currency"],
        total=payload["total"],
        lines=tuple(_past_line(line, taxes) for line in payload["lines"]),
        tenders=tuple(dict(row) for row in payload["tenders"]),
        business_date=payload.get("business_date", ""),
        operator=payload.get("operator_name", ""),
        utc_offset_min=payload.get("utc_offset_min", 0),
        shift_id=payload.get("shift_id", ""),
        voids="voids_of" in payload,
        customer=str(payload.get("customer", {}).get("id", "")),
    )


def returned_of(payload: Payload, series: str, seq: int) -> Iterator[Returned]:
    """What a later record gives back of the sale at `series` and `seq`."""
    for line in payload.get("lines", ()):
        origin = line.get("returns_of")
        if origin is not None and (origin["series"], origin["seq"]) == (series, seq):
            yield Returned(
                series=payload["series"],
                seq=payload["seq"],
                n=line["n"],
                of_n=origin["n"],
                quantity=from_thousandths(-thousandths(line["quantity"])),
                cents=mirrored(cents_of(line)),
            )


def with_later(sale: PastSale, payload: Payload) -> PastSale:
    """The sale with what a later record gave back of it: goods, and money as far as it can be told apart."""
    sale = with_returned(sale, returned_of(payload, sale.series, sale.seq))
    origins = {
        (line["returns_of"]["series"], line["returns_of"]["seq"])
        for line in payload.get("lines", ())
        if "returns_of" in line
    }
    place = (payload["series"], payload["seq"])
    known = place in {(refund.series, refund.seq) for refund in sale.refunds}
    if known or payload.get("total", 0) >= 0 or origins != {(sale.series, sale.seq)}:
        return sale
    rows = tuple(dict(row) for row in payload["tenders"] if row["amount"] < 0)
    refund = Refund(series=payload["series"], seq=payload["seq"], rows=rows)
    return replace(sale, refunds=(*sale.refunds, refund))


def with_returned(sale: PastSale, rows: Iterable[Returned]) -> PastSale:
    """The sale with more that came back; what is known already counts once."""
    known = {(row.series, row.seq, row.n): row for row in (*sale.returned, *rows)}
    return replace(sale, returned=tuple(known.values()))


def origin_of(sale: PastSale, line: PastLine) -> ReturnsOf:
    """The line as something to give back a part of, with what came back before."""
    back, cents = 0, NOTHING
    for row in sale.returned:
        if row.of_n == line.n:
            back += thousandths(row.quantity)
            cents = added(cents, row.cents)
    return ReturnsOf(
        series=sale.series,
        seq=sale.seq,
        receipt_no=sale.receipt_no,
        n=line.n,
        quantity=line.quantity,
        sold=line.cents,
        before_quantity=from_thousandths(back),
        before=NOTHING if back == 0 else cents,
    )


def left_of(sale: PastSale, line: PastLine) -> str:
    """The quantity of a line that may still come back: sold, less what came back and what others are taking back."""
    left = thousandths(origin_of(sale, line).left)
    left -= sum(thousandths(quantity) for n, quantity in sale.reserved if n == line.n)
    return from_thousandths(max(left, 0))


def paid_and_refunded(sale: PastSale) -> tuple[dict[str, Any], ...]:
    """How the sale was paid, and, below zero, what was given back of that."""
    return (*sale.tenders, *(row for refund in sale.refunds for row in refund.rows))


def is_untouched(sale: PastSale) -> bool:
    """Whether nothing of the sale came back so far."""
    return not any(thousandths(origin_of(sale, line).before_quantity) for line in sale.lines)


def cents_of(line: Payload) -> Cents:
    """The amounts of a line of a record, with its sign."""
    return Cents(
        amount=line["amount"],
        discount=line.get("discount", 0),
        discount_share=line.get("discount_share", 0),
        tax_relief=line.get("tax_relief", 0),
        tax_amount=line["tax_amount"],
        tax_parts=tuple(part["tax"] for part in line.get("tax_parts", ())),
    )


def _past_line(line: Payload, taxes: Mapping[str, Payload]) -> PastLine:
    return PastLine(
        n=line["n"],
        sku=line["sku"],
        name=line["name"],
        quantity=line["quantity"],
        unit=line["unit"],
        price=line["price"],
        tax=_tax_of(line, taxes),
        cents=cents_of(line),
        gross=line["gross"],
        measured=bool(line.get("measured", 0)),
        price_source=line["price_source"],
        department=line.get("department", ""),
        code=line.get("code", ""),
        voucher="voucher" in line,
        parent=line.get("parent", 0),
        no_discount=bool(line.get("no_discount", 0)),
        factor=line.get("factor", ""),
        serial=line.get("serial", ""),
    )


def _tax_of(line: Payload, taxes: Mapping[str, Payload]) -> TaxRate:
    """The tax as it was then, whatever the store's table says today; of a group its members."""
    if "tax_parts" in line:
        members = tuple(_rate_of(taxes[part["code"]]) for part in line["tax_parts"])
        return TaxRate(
            code=line["tax"], name=line["tax"], rate="0", included=members[0].included, members=members
        )
    row = taxes.get(line["tax"])
    return UNTAXED if row is None else _rate_of(row)


def _rate_of(row: Payload) -> TaxRate:
    detail = TaxDetail(fixed=row.get("fixed", 0), compound=bool(row.get("compound", 0)))
    return TaxRate(
        code=row["code"], name=row["name"], rate=row["rate"], included=row["included"] == 1, detail=detail
    )


def from_rows(series: str, receipt_no: int, rows: Iterable[Payload]) -> PastSale | None:
    """The sale as rows of job 1200 tell it, a line each (store/headquarters/scheduler/returnable.py); None without any.

    Raises KeyError, TypeError or ValueError for rows that cannot be read.
    """
    found = list(rows)
    if not found:
        return None
    first = found[0]
    taxes = {row["code"]: row for one in found for row in one["taxes"]}
    back = [
        Returned(
            series=given["series"],
            seq=given["seq"],
            n=given["n"],
            of_n=given["of_n"],
            quantity=from_thousandths(-thousandths(given["quantity"])),
            cents=mirrored(cents_of(given)),
        )
        for one in found
        for given in one["back"]
    ]
    return PastSale(
        series=series,
        seq=first["seq"],
        receipt_no=receipt_no,
        at=first["at"],
        currency=first["currency"],
        total=first["total"],
        lines=tuple(_past_line(one["line"], taxes) for one in found),
        tenders=tuple(dict(row) for row in first["tenders"]),
        returned=tuple(back),
    )

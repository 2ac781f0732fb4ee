"""Documents made from journal payloads: the receipt with what the law asks for, slips, and which record makes which."""

from collections.abc import Iterator, Mapping
from typing import Any

from store.sale.document import Align, AnyElement, Blank, Columns, Cut, Document, Rule, Table, Text
from store.sale.moment import local_text
from store.sale.money import format_amount
from store.sale.policy import StoreFacts
from store.sale.record import store_facts

Payload = Mapping[str, Any]

TENDER_NAMES = {"cash": "Cash", "card": "Card", "change": "Change"}
NAME_LINES = 3
"""A longer name is cut: what was sold stays readable, and the paper ends."""


def receipt(
    payload: Payload,
    facts: StoreFacts,
    *,
    copy_no: int = 0,
    fingerprint: str = "",
    copied_at: str = "",
    copied_utc_offset_min: int | None = None,
) -> Document:
    """The receipt of a sale's record, today or years later.

    `fingerprint` is the short form of the record's hash. A copy (`copy_no` above 0) says so and shows both times; then
    `copied_at` is the moment of copying (UTC text, as in records). `facts` stand in where the record holds no store.
    """
    number = receipt_number(payload)
    return Document(
        title=f"Receipt {number}",
        elements=(
            *store_head(payload, facts),
            *copy_mark(payload, copy_no, copied_at, copied_utc_offset_min),
            Columns(left="Receipt", right=number),
            *record_facts(payload),
            Rule(),
            *_sold(payload),
            Rule(),
            *_sums(payload),
            *tax_elements(payload, payload["taxes"]),
            Blank(),
            *_payments(payload),
            Rule(),
            *((Text(text=payload["comment"]),) if payload.get("comment") else ()),
            chain_mark(payload, fingerprint),
            *_foot(payload, facts),
            Cut(),
        ),
    )


def receipt_number(payload: Payload) -> str:
    """The number people read: "S0001-R01-000482"; later epochs of a register show theirs: "S0001-R01.2-000001"."""
    register, _, epoch = str(payload.get("series", "")).rpartition(".")
    name = register if epoch == "1" else f"{register}.{epoch}".strip(".")
    return f"{name}-{payload.get('receipt_no', 0):06d}".lstrip("-")


def register_of(payload: Payload) -> str:
    """The register that wrote the record: "S0001-R01" of series "S0001-R01.1"."""
    return str(payload.get("series", "")).rpartition(".")[0]


def drawer_slip(payload: Payload, facts: StoreFacts, fingerprint: str = "") -> Document:
    """The slip for opening the drawer without a sale."""
    return slip("NO SALE", "Drawer opened without a sale", payload, facts, fingerprint)


def void_slip(payload: Payload, facts: StoreFacts, fingerprint: str = "") -> Document:
    """The slip of a voided sale: what was abandoned; no money changed hands."""
    sums = Columns(left=f"Voided {payload['currency']}", right=money(payload, payload["total"]), bold=True)
    return slip("VOIDED SALE", "Nothing was paid", payload, facts, fingerprint, (*_sold(payload), sums))


def shift_open_slip(payload: Payload, facts: StoreFacts, fingerprint: str = "") -> Document:
    """The slip of a shift's beginning."""
    start = Columns(left="Start amount", right=money(payload, payload["start_amount"]), bold=True)
    return slip("SHIFT OPENED", "", payload, facts, fingerprint, (start,))


def money(payload: Payload, amount: int) -> str:
    """An amount in the record's currency as text, without the currency."""
    return format_amount(amount, str(payload.get("currency", "")))


def store_head(payload: Payload, facts: StoreFacts) -> Iterator[AnyElement]:
    """Name, address and tax number of the store as the record has them."""
    facts = _facts(payload, facts)
    if facts.name:
        yield Text(text=facts.name, align=Align.CENTER, bold=True, size=2)
    for line in facts.address:
        yield Text(text=line, align=Align.CENTER)
    if facts.tax_id:
        yield Text(text=f"Tax no. {facts.tax_id}", align=Align.CENTER)
    yield Blank()


def record_facts(payload: Payload) -> Iterator[AnyElement]:
    """Register, shift, local time and operator of a record."""
    yield Columns(left="Register", right=register_of(payload))
    if payload.get("shift"):
        yield Columns(left="Shift", right=str(payload["shift"]))
    at = local_text(str(payload.get("at", "")), payload.get("utc_offset_min", 0))
    yield Columns(left="Date", right=at)
    operator = f"{payload.get('operator', '')} {payload.get('operator_name', '')}".strip()
    if operator:
        yield Columns(left="Operator", right=operator[:24])


def chain_mark(payload: Payload, fingerprint: str) -> AnyElement:
    """The record's place in the journal's chain; what a later check compares."""
    place = f"Record {payload.get('series', '')}/{payload.get('seq', 0)}"
    return Text(text=f"{place} {fingerprint}".strip(), align=Align.CENTER)


def tax_elements(payload: Payload, rows: list[Mapping[str, Any]]) -> Iterator[AnyElement]:
    """The tax table: per rate net, tax and gross; nothing when nothing is taxed."""
    if not rows:
        return
    head = ("Tax", "Net", "Tax", "Gross")
    table = [
        (f"{row['code']} {row['rate']} %", *(money(payload, row[part]) for part in ("net", "tax", "gross")))
        for row in rows
    ]
    yield Table(rows=(head, *table))


def _facts(payload: Payload, facts: StoreFacts) -> StoreFacts:
    return store_facts(payload["store"]) if "store" in payload else facts


def copy_mark(payload: Payload, copy_no: int, at: str, offset_min: int | None) -> Iterator[AnyElement]:
    """COPY with its number and the time of copying; nothing on an original."""
    if copy_no <= 0:
        return
    yield Text(text=f"COPY {copy_no}", align=Align.CENTER, bold=True, size=2)
    if at:
        offset_min = payload.get("utc_offset_min", 0) if offset_min is None else offset_min
        yield Columns(left="Copied", right=local_text(at, offset_min))
    yield Blank()


def _sold(payload: Payload) -> Iterator[AnyElement]:
    for line in payload["lines"]:
        amount = money(payload, line["amount"])
        yield Columns(left=line["name"], right=f"{amount} {line['tax']}".rstrip(), lines=NAME_LINES)
        measured = line.get("measured", 0)
        if measured or line["quantity"] != "1":
            unit = f" {line['unit']}" if measured or line["unit"] != "pcs" else ""
            per_unit = f" {payload['currency']}/{line['unit']}" if measured else ""
            label = " label" if line["price_source"] == "label" else ""
            yield Text(text=f"  {line['quantity']}{unit} x {money(payload, line['price'])}{per_unit}{label}")
        yield from _by_hand(payload, line)


def _by_hand(payload: Payload, line: Payload) -> Iterator[AnyElement]:
    """What somebody changed on a line. The right column stays free: it adds up to the subtotal."""
    if "list_price" in line:
        yield Text(text=f"  Price was {money(payload, line['list_price'])}")
    if line.get("discount"):
        left = money(payload, line["amount"] - line["discount"])
        percent = f" {line['discount_percent']} %" if "discount_percent" in line else ""
        yield Text(text=f"  Discount{percent} {money(payload, -line['discount'])}, so {left}")
    if line.get("comment"):
        yield Text(text=f"  {line['comment']}")


def _sums(payload: Payload) -> Iterator[AnyElement]:
    yield Columns(left="Subtotal", right=money(payload, payload["subtotal"]))
    yield from _discounts(payload)
    for row in payload["taxes"]:
        if not row["included"]:
            yield Columns(left=f"+ {row['name']} {row['rate']} %", right=money(payload, row["tax"]))
    total = money(payload, payload["total"])
    yield Columns(left=f"TOTAL {payload['currency']}", right=total, bold=True, size=2)
    if payload["cash_rounding"]:
        yield Columns(left="Cash rounding", right=money(payload, payload["cash_rounding"]))


def _discounts(payload: Payload) -> Iterator[AnyElement]:
    """What is taken off the lines, then what is taken off the sale."""
    of_sale = payload.get("sale_discount", 0)
    if payload["discount"] != of_sale:
        yield Columns(left="Discounts on lines", right=money(payload, of_sale - payload["discount"]))
    if of_sale:
        percent = f" {payload['sale_discount_percent']} %" if "sale_discount_percent" in payload else ""
        yield Columns(left=f"Discount{percent}", right=money(payload, -of_sale))


def _payments(payload: Payload) -> Iterator[AnyElement]:
    for row in payload["tenders"]:
        if row["kind"] == "rounding":  # shown with the total
            continue
        name = TENDER_NAMES.get(row["kind"], row["kind"])
        reference = row.get("reference", "")
        change = row["kind"] == "change"
        yield Columns(
            left=f"{name} {reference}".rstrip(), right=money(payload, abs(row["amount"])), bold=change
        )


def _foot(payload: Payload, facts: StoreFacts) -> Iterator[AnyElement]:
    footer = _facts(payload, facts).footer
    if footer:
        yield Blank()
    for line in footer:
        yield Text(text=line, align=Align.CENTER)


def slip(
    title: str,
    says: str,
    payload: Payload,
    facts: StoreFacts,
    fingerprint: str,
    middle: tuple[AnyElement, ...] = (),
) -> Document:
    """A slip: store, `title`, what it `says`, who and when, the record's reason if it has one, and the `middle`."""
    reason = payload.get("reason", "")
    elements: tuple[AnyElement, ...] = (
        *store_head(payload, facts),
        Text(text=title, align=Align.CENTER, bold=True, size=2),
        *((Text(text=says, align=Align.CENTER),) if says else ()),
        Blank(),
        *record_facts(payload),
        *((Columns(left="Reason", right=reason),) if reason else ()),
        *((Rule(), *middle) if middle else ()),
        Rule(),
        chain_mark(payload, fingerprint),
        Cut(),
    )
    return Document(title=title.capitalize(), elements=elements)

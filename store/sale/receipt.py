"""Documents made from journal payloads: the receipt with what the law asks for, slips, and which record makes which."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from store.sale.customer_block import customer_elements
from store.sale.document import Align, AnyElement, Blank, Columns, Document, Table, Text
from store.sale.document_format import DocumentType
from store.sale.document_maker import Block, LineSource, Source, made
from store.sale.goods_notes import goods_notes
from store.sale.language import later, phrase, region_in_force
from store.sale.moment import shown_day, shown_text
from store.sale.money import shown_amount
from store.sale.past_sale import number_text
from store.sale.policy import StoreFacts
from store.sale.price_notes import certificate_row, offer_notes, offered, relief_row, tax_words
from store.sale.record import store_facts
from store.sale.region import local_number
from store.sale.tender_lines import payment_lines

Payload = Mapping[str, Any]
Blocks = dict[str, Block]

HEADINGS = {
    DocumentType.RETURN: later("RETURN"),
    DocumentType.GIFT: later("GIFT RECEIPT"),
    DocumentType.TRAINING: later("TRAINING, NO SALE"),
}
"""What stands above a receipt that is no ordinary one."""


def receipt(
    payload: Payload,
    facts: StoreFacts,
    *,
    copy_no: int = 0,
    fingerprint: str = "",
    copied_at: str = "",
    copied_utc_offset_min: int | None = None,
    kind: DocumentType | None = None,
) -> Document:
    """The receipt of a sale's record, today or years later.

    `fingerprint` is the short form of the record's hash. A copy (`copy_no` above 0) says so and shows both times; then
    `copied_at` is the moment of copying (UTC text, as in records). `facts` stand in where the record holds no store.
    `kind` asks for another format than the record's own.
    """
    blocks: Blocks = {
        **seller_blocks(payload, facts, fingerprint),
        "copy": lambda: copy_mark(payload, copy_no, copied_at, copied_utc_offset_min),
        "sums": lambda: _sums(payload),
        "customer": lambda: customer_elements(payload),
        "taxes": lambda: tax_elements(payload, payload["taxes"]),
        "payments": lambda: payment_lines(payload),
    }
    title = phrase("Receipt {number}", receipt_number(payload))
    kind = kind or receipt_type(payload)
    heading = phrase(HEADINGS[kind]) if kind in HEADINGS else ""
    variables = {**variables_of(payload, facts, fingerprint), "title": heading, "copy": str(copy_no or "")}
    source = Source(kind=kind, title=title, variables=variables, blocks=blocks, lines=_lines(payload, kind))
    return made(source, facts)


def receipt_type(payload: Payload) -> DocumentType:
    """Which receipt the record of a sale gets."""
    if payload.get("training"):
        return DocumentType.TRAINING
    if any(row["kind"] == "account" for row in payload.get("tenders", ())):
        return DocumentType.ACCOUNT
    return DocumentType.RETURN if payload.get("total", 0) < 0 else DocumentType.SALE


def receipt_number(payload: Payload) -> str:
    """The number people read: "S0001-R01-000482"; later epochs of a register show theirs: "S0001-R01.2-000001"."""
    if payload.get("training"):
        return "TRAINING"
    register, _, epoch = str(payload.get("series", "")).rpartition(".")
    name = register if epoch == "1" else f"{register}.{epoch}".strip(".")
    return f"{name}-{payload.get('receipt_no', 0):06d}".lstrip("-")


def register_of(payload: Payload) -> str:
    """The register that wrote the record: "S0001-R01" of series "S0001-R01.1"."""
    return str(payload.get("series", "")).rpartition(".")[0]


def drawer_slip(payload: Payload, facts: StoreFacts, fingerprint: str = "") -> Document:
    """The slip for opening the drawer without a sale."""
    says = phrase("Drawer opened without a sale")
    return slip(phrase("NO SALE"), says, payload, facts, fingerprint, kind=DocumentType.NO_SALE)


def void_slip(payload: Payload, facts: StoreFacts, fingerprint: str = "") -> Document:
    """The slip of a voided sale: what was abandoned; no money changed hands."""
    voided = phrase("Voided {currency}", payload["currency"])
    sums = Columns(left=voided, right=money(payload, payload["total"]), bold=True)
    title, says = phrase("VOIDED SALE"), phrase("Nothing was paid")
    return slip(title, says, payload, facts, fingerprint, (sums,), DocumentType.VOID)


def shift_open_slip(payload: Payload, facts: StoreFacts, fingerprint: str = "") -> Document:
    """The slip of a shift's beginning."""
    start = Columns(left=phrase("Start amount"), right=money(payload, payload["start_amount"]), bold=True)
    return slip(phrase("SHIFT OPENED"), "", payload, facts, fingerprint, (start,), DocumentType.SHIFT_OPEN)


def money(payload: Payload, amount: int) -> str:
    """An amount in the record's currency as the paper's region writes it, without the currency."""
    return shown_amount(amount, str(payload.get("currency", "")))


def store_head(payload: Payload, facts: StoreFacts) -> Iterator[AnyElement]:
    """Name, address and tax number of the store as the record has them."""
    facts = _facts(payload, facts)
    if facts.name:
        yield Text(text=facts.name, align=Align.CENTER, bold=True, size=2)
    for line in facts.address:
        yield Text(text=line, align=Align.CENTER)
    if facts.tax_id:
        yield Text(text=phrase("Tax no. {tax_id}", facts.tax_id), align=Align.CENTER)
    yield Blank()


def record_facts(payload: Payload) -> Iterator[AnyElement]:
    """Register, shift, local time and operator of a record."""
    yield Columns(left=phrase("Register"), right=register_of(payload))
    if payload.get("shift"):
        yield Columns(left=phrase("Shift"), right=str(payload["shift"]))
    at = shown_text(str(payload.get("at", "")), payload.get("utc_offset_min", 0))
    yield Columns(left=phrase("Date"), right=at)
    operator = f"{payload.get('operator', '')} {payload.get('operator_name', '')}".strip()
    if operator:
        yield Columns(left=phrase("Operator"), right=operator[:24])
    if payload.get("salesperson"):
        served_by = f"{payload['salesperson']} {payload.get('salesperson_name', '')}".strip()
        yield Columns(left=phrase("Served by"), right=served_by[:24])


def chain_mark(payload: Payload, fingerprint: str) -> AnyElement:
    """The record's place in the journal's chain; what a later check compares."""
    place = phrase("Record {series}/{seq}", payload.get("series", ""), payload.get("seq", 0))
    return Text(text=f"{place} {fingerprint}".strip(), align=Align.CENTER)


def tax_elements(payload: Payload, rows: list[Mapping[str, Any]]) -> Iterator[AnyElement]:
    """The tax table: per rate net, tax and gross; nothing when nothing is taxed."""
    if not rows:
        return
    head = (phrase("Tax"), phrase("Net"), phrase("Tax"), phrase("Gross"))
    table = [
        (
            f"{row['code']} {tax_words(row, partial(money, payload))}",
            *(money(payload, row[part]) for part in ("net", "tax", "gross")),
        )
        for row in rows
    ]
    yield Table(rows=(head, *table))
    yield from certificate_row(payload)


def _facts(payload: Payload, facts: StoreFacts) -> StoreFacts:
    return store_facts(payload["store"]) if "store" in payload else facts


def copy_mark(payload: Payload, copy_no: int, at: str, offset_min: int | None) -> Iterator[AnyElement]:
    """TRAINING on what was made for practice; COPY with its number and the time of copying, nothing on an original."""
    if payload.get("training"):
        yield Text(text=phrase("TRAINING"), align=Align.CENTER, bold=True, size=2)
        yield Text(text=phrase("For practice only. This is no receipt."), align=Align.CENTER)
        yield Blank()
    if "voids_of" in payload:
        origin = payload["voids_of"]
        yield Text(text=phrase("VOIDED SALE"), align=Align.CENTER, bold=True, size=2)
        undone = number_text(origin["series"], origin["receipt_no"])
        yield Text(text=phrase("Undoes receipt {number}", undone), align=Align.CENTER)
        yield Blank()
    if copy_no <= 0:
        return
    yield Text(text=phrase("COPY {copy_no}", copy_no), align=Align.CENTER, bold=True, size=2)
    if at:
        offset_min = payload.get("utc_offset_min", 0) if offset_min is None else offset_min
        yield Columns(left=phrase("Copied"), right=shown_text(at, offset_min))
    yield Blank()


def _lines(payload: Payload, kind: DocumentType = DocumentType.SALE) -> tuple[LineSource, ...]:
    """The lines of a sale, each with its variables and what to say about it; goods that came back are no gift."""
    return tuple(
        LineSource(
            variables=_line_variables(payload, line),
            blocks={"line_notes": partial(_by_hand, payload, line)},
        )
        for line in payload["lines"]
        if kind is not DocumentType.GIFT or not line["quantity"].startswith("-")
    )


def _line_variables(payload: Payload, line: Payload) -> dict[str, str]:
    measured = line.get("measured", 0)
    many = measured or line["quantity"] not in ("1", "-1")
    return {
        "n": str(line.get("n", "")),
        "name": str(line["name"]),
        "sku": str(line.get("sku", "")),
        "quantity": local_number(line["quantity"], region_in_force()),
        "unit": f" {line['unit']}" if measured or line["unit"] != "pcs" else "",
        "price": money(payload, line["price"]),
        "amount": money(payload, line["amount"]),
        "tax": str(line["tax"]),
        "per_unit": f" {payload['currency']}/{line['unit']}" if measured else "",
        "label": f" {phrase('label')}" if line["price_source"] == "label" else "",
        "many": "yes" if many else "",
        "discount": money(payload, line["discount"]) if line.get("discount") else "",
        "comment": str(line.get("comment", "")),
        "department": str(line.get("department", "")),
    }


def _by_hand(payload: Payload, line: Payload) -> Iterator[AnyElement]:
    """What somebody changed on a line. The right column stays free: it adds up to the subtotal."""
    if line["quantity"].startswith("-") and "empties" not in line:
        yield from _came_back(line)
    if "list_price" in line:
        yield Text(text=phrase("  Price was {amount}", money(payload, line["list_price"])))
    if line.get("discount"):
        yield from offer_notes(line, partial(money, payload))
        left = money(payload, line["amount"] - line["discount"])
        by_hand = line["discount"] - offered(line)
        if by_hand:
            percent = f" {line['discount_percent']} %" if "discount_percent" in line else ""
            yield Text(
                text=phrase(
                    "  Discount{percent} {amount}, so {left}", percent, money(payload, -by_hand), left
                )
            )
    yield from goods_notes(line)
    if line.get("comment"):
        yield Text(text=f"  {line['comment']}")


def _came_back(line: Payload) -> Iterator[AnyElement]:
    """Goods that came back: of which receipt, and why."""
    origin = line.get("returns_of")
    of = f" {number_text(origin['series'], origin['receipt_no'])}" if origin else ""
    yield Text(text=f"  {phrase('RETURN')}{of}")
    if line.get("return_reason"):
        yield Text(text=f"  {line['return_reason']}")


def _sums(payload: Payload) -> Iterator[AnyElement]:
    yield Columns(left=phrase("Subtotal"), right=money(payload, payload["subtotal"]))
    yield from _discounts(payload)
    yield from relief_row(payload, partial(money, payload))
    for row in payload["taxes"]:
        if not row["included"]:
            words = tax_words(row, partial(money, payload))
            yield Columns(left=f"+ {row['name']} {words}", right=money(payload, row["tax"]))
    total = money(payload, payload["total"])
    yield Columns(left=phrase("TOTAL {currency}", payload["currency"]), right=total, bold=True, size=2)
    if payload["cash_rounding"]:
        yield Columns(left=phrase("Cash rounding"), right=money(payload, payload["cash_rounding"]))


def _discounts(payload: Payload) -> Iterator[AnyElement]:
    """What is taken off the lines, then what is taken off the sale."""
    of_sale = payload.get("sale_discount", 0)
    if payload["discount"] != of_sale:
        yield Columns(left=phrase("Discounts on lines"), right=money(payload, of_sale - payload["discount"]))
    if of_sale:
        percent = f" {payload['sale_discount_percent']} %" if "sale_discount_percent" in payload else ""
        yield Columns(left=phrase("Discount{percent}", percent), right=money(payload, -of_sale))


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
    kind: DocumentType = DocumentType.SLIP,
) -> Document:
    """A slip: store, `title`, what it `says`, who and when, the record's reason if it has one, and the `middle`.

    `kind` says by which format; the lines of the record are listed where that format lists lines.
    """
    blocks: Blocks = {**seller_blocks(payload, facts, fingerprint), "middle": lambda: middle}
    variables = {
        **variables_of(payload, facts, fingerprint),
        "title": title,
        "says": says,
        "middle": "yes" if middle else "",
    }
    lines = _lines(payload) if "lines" in payload else ()
    source = Source(kind=kind, title=title.capitalize(), variables=variables, blocks=blocks, lines=lines)
    return made(source, facts)


def variables_of(payload: Payload, facts: StoreFacts, fingerprint: str) -> dict[str, str]:
    """What every document can say in a text of its format."""
    facts = _facts(payload, facts)
    at = shown_text(str(payload.get("at", "")), payload.get("utc_offset_min", 0))
    day, _, time = at.partition(" ")
    total = payload.get("total")
    return {
        "store": facts.name,
        "address": "\n".join(facts.address),
        "tax_id": facts.tax_id,
        "footer": "\n".join(facts.footer),
        "register": register_of(payload),
        "receipt": receipt_number(payload),
        "barcode": receipt_number(payload) if payload.get("receipt_no") else "",
        "shift": str(payload.get("shift", "") or ""),
        "date": at,
        "day": day,
        "time": time,
        "business_date": shown_day(str(payload.get("business_date", ""))),
        "operator": str(payload.get("operator", "")),
        "operator_name": str(payload.get("operator_name", "")),
        "reason": str(payload.get("reason", "")),
        "comment": str(payload.get("comment", "")),
        "currency": str(payload.get("currency", "")),
        "record": f"{payload.get('series', '')}/{payload.get('seq', 0)}",
        "fingerprint": fingerprint,
        "total": money(payload, total) if isinstance(total, int) else "",
    }


def seller_blocks(payload: Payload, facts: StoreFacts, fingerprint: str) -> Blocks:
    """The blocks of every document."""
    return {
        "store": lambda: store_head(payload, facts),
        "facts": lambda: record_facts(payload),
        "chain": lambda: (chain_mark(payload, fingerprint),),
        "footer": lambda: _foot(payload, facts),
    }

"""X and Z reports made from their records, and which document belongs to which record."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from store.sale.account_slip import payment_slip, statement_slip
from store.sale.cash import BY_KIND, MOVEMENTS
from store.sale.cash_slip import TYPES as MOVEMENT_TYPES
from store.sale.cash_slip import declaration_slip, movement_slip
from store.sale.document import AnyElement, Columns, Document, Rule
from store.sale.document_format import DocumentType
from store.sale.document_maker import Source, made
from store.sale.language import later, phrase, speaking
from store.sale.moment import shown_day, shown_text
from store.sale.paper_facts import PaperFacts
from store.sale.policy import StoreFacts
from store.sale.receipt import (
    Blocks,
    copy_mark,
    drawer_slip,
    money,
    receipt,
    receipt_number,
    receipt_type,
    seller_blocks,
    shift_open_slip,
    slip,
    tax_elements,
    variables_of,
    void_slip,
)
from store.sale.shift_people import people_elements
from store.sale.stock_slip import count_slip
from store.sale.suspending import suspended_slip
from store.sale.tender_lines import declared_lines, tender_sums

Payload = Mapping[str, Any]
TYPES = {
    "void": DocumentType.VOID,
    "drawer.open": DocumentType.NO_SALE,
    "shift.open": DocumentType.SHIFT_OPEN,
    "tender.declaration": DocumentType.DECLARATION,
    "report.x": DocumentType.X,
    "shift.suspend": DocumentType.SLIP,
    "shift.blind_close": DocumentType.SLIP,
    "shift.close": DocumentType.Z,
    "sale.suspend": DocumentType.SUSPENDED,
    "safe.count": DocumentType.SLIP,
    "safe.in": DocumentType.SLIP,
    "safe.out": DocumentType.SLIP,
    "stock.count": DocumentType.SLIP,
    "account.payment": DocumentType.SLIP,
    "account.statement": DocumentType.SLIP,
}
"""By which format the document of a kind of record is made; sales and movements of cash have tables of their own."""
SAFE_SLIPS = {
    "safe.count": later("SAFE COUNTED"),
    "safe.in": later("INTO THE SAFE"),
    "safe.out": later("OUT OF THE SAFE"),
}
SHIFT_SLIPS = {"shift.suspend": later("SHIFT SUSPENDED"), "shift.blind_close": later("SHIFT BLIND CLOSED")}


def document_of(
    payload: Payload,
    facts: StoreFacts,
    *,
    fingerprint: str = "",
    copy_no: int = 0,
    copied_at: str = "",
    copied_utc_offset_min: int | None = None,
    gift: bool = False,
) -> Document | None:
    """The document that belongs to a record, None when its kind has none. Arguments as for `receipt`.

    `gift` asks for the gift receipt of a sale, which shows no prices. It speaks the language of `facts` where they say
    one (`PaperFacts`), else the one in force.
    """
    if gift and payload.get("kind") == "sale":
        return gift_receipt(payload, facts, fingerprint)
    if isinstance(facts, PaperFacts):
        with speaking(facts.language, facts.region):
            return _document(payload, facts, fingerprint, copy_no, copied_at, copied_utc_offset_min)
    return _document(payload, facts, fingerprint, copy_no, copied_at, copied_utc_offset_min)


def gift_receipt(payload: Payload, facts: StoreFacts, fingerprint: str = "") -> Document:
    """What was sold without what it cost, with the number and the barcode by which it may come back."""
    if isinstance(facts, PaperFacts):
        with speaking(facts.language, facts.region):
            return receipt(payload, facts, fingerprint=fingerprint, kind=DocumentType.GIFT)
    return receipt(payload, facts, fingerprint=fingerprint, kind=DocumentType.GIFT)


def type_of(payload: Payload) -> DocumentType | None:
    """By which format the document of a record is made; None when its kind has none."""
    kind = str(payload.get("kind", "")).removeprefix("training.")
    if kind == "sale":
        return receipt_type(payload)
    return TYPES.get(kind, MOVEMENT_TYPES.get(kind))


def _document(
    payload: Payload,
    facts: StoreFacts,
    fingerprint: str,
    copy_no: int,
    copied_at: str,
    copied_utc_offset_min: int | None,
) -> Document | None:
    kind = str(payload.get("kind", "")).removeprefix("training.")
    if kind == "sale":
        return receipt(
            payload,
            facts,
            copy_no=copy_no,
            fingerprint=fingerprint,
            copied_at=copied_at,
            copied_utc_offset_min=copied_utc_offset_min,
        )
    if kind == "shift.close":
        copy = tuple(copy_mark(payload, copy_no, copied_at, copied_utc_offset_min))
        return z_report(payload, facts, fingerprint, copy)
    if kind in SHIFT_SLIPS:
        return slip(phrase(SHIFT_SLIPS[kind]), phrase("Nothing is counted yet"), payload, facts, fingerprint)
    if kind in BY_KIND:
        return movement_slip(payload, facts, fingerprint)
    made = SLIPS.get(kind)
    return made(payload, facts, fingerprint) if made is not None else None


def safe_slip(payload: Payload, facts: StoreFacts, fingerprint: str = "") -> Document:
    """The slip of the store's safe: counted, or money between it and the bank."""
    amount = Columns(left=phrase("Amount"), right=money(payload, payload["total"]), bold=True)
    return slip(phrase(SAFE_SLIPS[payload["kind"]]), "", payload, facts, fingerprint, (amount,))


def x_report(payload: Payload, facts: StoreFacts, fingerprint: str = "") -> Document:
    """The shift so far; closes nothing."""
    return _report(DocumentType.X, phrase("X REPORT"), payload, facts, fingerprint)


def z_report(
    payload: Payload, facts: StoreFacts, fingerprint: str = "", copy: tuple[AnyElement, ...] = ()
) -> Document:
    """The closed shift with the counted cash and the difference to what should be there; `copy` marks a copy."""
    difference = payload["over_short"]
    word = phrase("Over") if difference > 0 else phrase("Short") if difference < 0 else phrase("Difference")
    counted = (
        Columns(left=phrase("Cash counted"), right=money(payload, payload["counted"])),
        Columns(left=word, right=money(payload, abs(difference)), bold=True),
    )
    rows = (*counted, *declared_lines(payload))
    return _report(DocumentType.Z, phrase("Z REPORT"), payload, facts, fingerprint, rows, copy)


def _report(
    kind: DocumentType,
    title: str,
    payload: Payload,
    facts: StoreFacts,
    fingerprint: str,
    counted: tuple[AnyElement, ...] = (),
    copy: tuple[AnyElement, ...] = (),
) -> Document:
    blocks: Blocks = {
        **seller_blocks(payload, facts, fingerprint),
        "copy": lambda: copy,
        "span": lambda: _span(payload),
        "counts": lambda: _counts(payload),
        "tenders": lambda: _by_tender(payload),
        "taxes": lambda: _taxes(payload),
        "cash": lambda: _cash(payload),
        "counted": lambda: counted,
        "grand": lambda: _grand_total(payload),
    }
    variables = {**variables_of(payload, facts, fingerprint), "title": title, "copy": "yes" if copy else ""}
    named = phrase("{title} shift {number}", title.capitalize(), payload.get("shift", 0))
    return made(Source(kind=kind, title=named, variables=variables, blocks=blocks), facts)


def _grand_total(payload: Payload) -> Iterator[AnyElement]:
    yield Columns(left=phrase("Grand total before"), right=money(payload, payload["grand_total_before"]))
    yield Columns(left=phrase("Grand total"), right=money(payload, payload["grand_total"]), bold=True)


def _span(payload: Payload) -> Iterator[AnyElement]:
    if payload.get("business_date"):
        yield Columns(left=phrase("Business date"), right=shown_day(payload["business_date"]))
    if payload["opened_at"]:
        opened = shown_text(payload["opened_at"], payload.get("utc_offset_min", 0))
        yield Columns(left=phrase("Opened"), right=opened)
    if payload["last_receipt_no"]:
        first, last = (
            {**payload, "receipt_no": payload[name]} for name in ("first_receipt_no", "last_receipt_no")
        )
        yield Columns(left=phrase("First receipt"), right=receipt_number(first))
        yield Columns(left=phrase("Last receipt"), right=receipt_number(last))
    yield Columns(left=phrase("Records"), right=f"{payload['first_seq']} - {payload['last_seq']}")
    if payload.get("unacknowledged"):
        yield Columns(left=phrase("Not yet at the server"), right=str(payload["unacknowledged"]))


def _came_back(payload: Payload) -> Iterator[AnyElement]:
    """Goods that came back and sales that were undone; records of older programs know of none."""
    for count, amount, words in (
        ("returns", "returns_total", later("{count} lines came back")),
        ("post_voids", "post_voids_total", later("{count} sales undone")),
    ):
        if payload.get(count):
            yield Columns(left=phrase(words, payload[count]), right=money(payload, -payload[amount]))


def _counts(payload: Payload) -> Iterator[AnyElement]:
    yield Columns(
        left=phrase("{sales} sales {currency}", payload["sales"], payload["currency"]),
        right=money(payload, payload["sales_total"]),
        bold=True,
    )
    if payload["discount"]:
        yield Columns(left=phrase("Discount"), right=money(payload, -payload["discount"]))
    if payload.get("offered"):
        yield Columns(left=phrase("  of headquarters"), right=money(payload, -payload["offered"]))
    if payload.get("price_overrides"):
        yield Columns(left=phrase("Prices set by hand"), right=str(payload["price_overrides"]))
    if payload.get("deposits_total"):
        yield Columns(left=phrase("Deposits"), right=money(payload, payload["deposits_total"]))
    if payload.get("empties_total"):
        yield Columns(left=phrase("Empties"), right=money(payload, -payload["empties_total"]))
    if payload.get("account_payments"):
        yield Columns(
            left=phrase("{account_payments} x paid into accounts", payload["account_payments"]),
            right=money(payload, payload["account_payments_total"]),
        )
    yield from _came_back(payload)
    yield Columns(
        left=phrase("{voids} voided sales", payload["voids"]), right=money(payload, payload["voids_total"])
    )
    yield Columns(
        left=phrase("{voided_lines} voided lines", payload["voided_lines"]),
        right=money(payload, payload["voided_lines_total"]),
    )
    yield Columns(left=phrase("Voided payments"), right=str(payload["voided_tenders"]))
    yield Columns(left=phrase("Drawer opened without sale"), right=str(payload["no_sales"]))
    yield Columns(left=phrase("Copies of receipts"), right=str(payload["reprints"]))
    yield from people_elements(payload)


def _by_tender(payload: Payload) -> Iterator[AnyElement]:
    yield from tender_sums(payload)
    if payload["cash_rounding"]:
        yield Columns(left=phrase("Cash rounding"), right=money(payload, payload["cash_rounding"]))


def _taxes(payload: Payload) -> Iterator[AnyElement]:
    yield from tax_elements(payload, payload["taxes"])
    # Goods with several taxes stand in several rows; closings of older programs have none.
    untaxed = payload["sales_total"] - sum(row["gross"] for row in payload["taxes"])
    untaxed = payload.get("untaxed", untaxed)
    if untaxed:
        yield Columns(left=phrase("Untaxed"), right=money(payload, untaxed))
    if payload["taxes"] or untaxed:
        yield Rule()


def _cash(payload: Payload) -> Iterator[AnyElement]:
    yield Columns(left=phrase("Start amount"), right=money(payload, payload["start_amount"]))
    yield Columns(left=phrase("Cash received"), right=money(payload, payload["cash_in"]))
    yield Columns(left=phrase("Change given"), right=money(payload, -payload["change"]))
    yield from _movements(payload)
    yield Columns(left=phrase("Cash expected"), right=money(payload, payload["expected_cash"]), bold=True)


def _movements(payload: Payload) -> Iterator[AnyElement]:
    """Money beside sales, each kind with its accounts; records of older programs have none."""
    for movement in MOVEMENTS:
        count = payload.get(movement.count_name, 0)
        if not count:
            continue
        amount = movement.sign * payload[movement.total_name]
        yield Columns(left=f"{count} x {movement.name}", right=money(payload, amount))
        for row in payload.get("accounts", ()):
            if row["kind"] == movement.kind:
                left = f"  {row['account']} {row['name']}"
                yield Columns(left=left, right=money(payload, movement.sign * row["amount"]))


SLIPS: dict[str, Callable[[Payload, StoreFacts, str], Document]] = {
    "void": void_slip,
    "drawer.open": drawer_slip,
    "account.payment": payment_slip,
    "account.statement": statement_slip,
    "stock.count": count_slip,
    "shift.open": shift_open_slip,
    "tender.declaration": declaration_slip,
    "report.x": x_report,
    "sale.suspend": suspended_slip,
    **dict.fromkeys(SAFE_SLIPS, safe_slip),
}
"""Kind of record → its document, where nothing else has to be known."""

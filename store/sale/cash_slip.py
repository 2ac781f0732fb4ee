"""Slips of the drawer: money that came in or went out without a sale, and what was counted."""

from collections.abc import Iterator, Mapping
from typing import Any

from store.sale.cash import BY_KIND
from store.sale.document import AnyElement, Blank, Columns, Document, Rule, Text
from store.sale.document_format import DocumentType
from store.sale.language import phrase
from store.sale.policy import StoreFacts
from store.sale.receipt import money, slip
from store.sale.tender_lines import amount_of
from store.sale.tender_rows import label_of

Payload = Mapping[str, Any]
TYPES = {
    "cash.float": DocumentType.FLOAT,
    "cash.income": DocumentType.INCOME,
    "cash.expense": DocumentType.EXPENSE,
    "cash.removal": DocumentType.REMOVAL,
    "cash.safe_drop": DocumentType.DROP,
    "cash.bank_drop": DocumentType.DROP,
}
"""By which format a movement's slip is printed."""


def movement_slip(payload: Payload, facts: StoreFacts, fingerprint: str = "") -> Document:
    """What a float entry, removal, drop, income or expense says, with a line to sign on."""
    movement = BY_KIND[payload["kind"]]
    says = phrase("Put into the drawer") if movement.sign > 0 else phrase("Taken out of the drawer")
    middle = tuple(_middle(payload))
    return slip(phrase(movement.title), says, payload, facts, fingerprint, middle, TYPES[movement.kind])


def declaration_slip(payload: Payload, facts: StoreFacts, fingerprint: str = "") -> Document:
    """What was counted, note by note and tender by tender; what should be there is not on it."""
    title, middle = phrase("TENDER DECLARATION"), tuple(_counted(payload))
    return slip(title, "", payload, facts, fingerprint, middle, DocumentType.DECLARATION)


def _counted(payload: Payload) -> Iterator[AnyElement]:
    for row in payload["tenders"]:
        for piece in row.get("pieces", ()):
            left = f"  {piece['count']} x {money(payload, piece['value'])}"
            yield Columns(left=left, right=money(payload, piece["count"] * piece["value"]))
        yield Columns(left=label_of(row), right=amount_of(row, payload, row["amount"]), bold=True)
    yield Rule()
    yield Columns(
        left=phrase("Counted {currency}", payload["currency"]),
        right=money(payload, payload["total"]),
        bold=True,
    )
    yield from _signature()


def _middle(payload: Payload) -> Iterator[AnyElement]:
    if payload.get("account"):
        yield Columns(
            left=phrase("Account"), right=f"{payload['account']} {payload.get('account_name', '')}".rstrip()
        )
    if payload.get("bag"):
        yield Columns(left=phrase("Bag"), right=payload["bag"])
    amount = money(payload, payload["total"])
    yield Columns(left=phrase("Amount {currency}", payload["currency"]), right=amount, bold=True)
    yield from _signature()


def _signature() -> Iterator[AnyElement]:
    yield Blank()
    yield Blank()
    yield Text(text=phrase("Signature ........................"))

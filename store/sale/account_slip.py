"""Paper about customers: who a receipt is for, what was paid into an account, and how an account stands."""

from collections.abc import Iterator, Mapping
from typing import Any

from store.sale.customer_block import whose
from store.sale.document import AnyElement, Blank, Columns, Document, Rule, Text
from store.sale.document_format import DocumentType
from store.sale.language import phrase
from store.sale.moment import shown_text
from store.sale.policy import StoreFacts
from store.sale.receipt import money, slip
from store.sale.tender_rows import label_of

Payload = Mapping[str, Any]


def payment_slip(payload: Payload, facts: StoreFacts, fingerprint: str = "") -> Document:
    """What a customer paid into the account, with what, and what is owed afterwards as far as it was known."""
    middle = tuple(_payment(payload))
    title, says = phrase("ACCOUNT PAYMENT"), phrase("Paid into the account")
    return slip(title, says, payload, facts, fingerprint, middle, DocumentType.SLIP)


def statement_slip(payload: Payload, facts: StoreFacts, fingerprint: str = "") -> Document:
    """How an account stands: the newest entries, and what is owed, with the moment when that is not now."""
    middle = tuple(_statement(payload))
    return slip(phrase("ACCOUNT STATEMENT"), "", payload, facts, fingerprint, middle, DocumentType.SLIP)


def _payment(payload: Payload) -> Iterator[AnyElement]:
    yield Columns(left=phrase("Customer"), right=whose(payload["customer"]))
    for row in payload["tenders"]:
        yield Columns(left=label_of(row), right=money(payload, row["amount"]))
    paid = phrase("Paid in {currency}", payload["currency"])
    yield Columns(left=paid, right=money(payload, payload["total"]), bold=True)
    if "balance" in payload:
        yield Columns(left=_owed(payload["balance"]), right=money(payload, abs(payload["balance"])))
    yield Blank(lines=2)
    yield Text(text=phrase("Signature ........................"))


def _statement(payload: Payload) -> Iterator[AnyElement]:
    offset = payload.get("utc_offset_min", 0)
    yield Columns(left=phrase("Customer"), right=whose(payload["customer"]))
    for row in payload.get("entries", ()):
        yield Columns(left=shown_text(str(row["at"]), offset)[:16], right=money(payload, row["amount"]))
    if payload.get("entries"):
        yield Rule()
    yield Columns(left=_owed(payload["balance"]), right=money(payload, abs(payload["balance"])), bold=True)
    if payload.get("as_of"):
        yield Text(text=phrase("As of {moment}", shown_text(str(payload["as_of"]), offset)))
    if payload.get("credit_limit"):
        yield Columns(left=phrase("Limit"), right=money(payload, payload["credit_limit"]))


def _owed(balance: int) -> str:
    return phrase("To pay") if balance >= 0 else phrase("Credit")

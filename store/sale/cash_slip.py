"""The slip of money that came into or went out of the drawer without a sale."""

from collections.abc import Iterator, Mapping
from typing import Any

from store.sale.cash import BY_KIND
from store.sale.document import AnyElement, Blank, Columns, Document, Text
from store.sale.policy import StoreFacts
from store.sale.receipt import money, slip

Payload = Mapping[str, Any]


def movement_slip(payload: Payload, facts: StoreFacts, fingerprint: str = "") -> Document:
    """What a float entry, removal, drop, income or expense says, with a line to sign on."""
    movement = BY_KIND[payload["kind"]]
    says = "Put into the drawer" if movement.sign > 0 else "Taken out of the drawer"
    return slip(movement.title, says, payload, facts, fingerprint, tuple(_middle(payload)))


def _middle(payload: Payload) -> Iterator[AnyElement]:
    if payload.get("account"):
        yield Columns(
            left="Account", right=f"{payload['account']} {payload.get('account_name', '')}".rstrip()
        )
    if payload.get("bag"):
        yield Columns(left="Bag", right=payload["bag"])
    amount = money(payload, payload["total"])
    yield Columns(left=f"Amount {payload['currency']}", right=amount, bold=True)
    yield Blank()
    yield Blank()
    yield Text(text="Signature ........................")

"""Goods that wait for an answer before they become a line: what is known of them so far."""

import msgspec

from store.gateway.gateway import Source
from store.sale.age import AgeCheck
from store.sale.barcode import LabelReading
from store.sale.info import InfoAnswer
from store.sale.item import Item


class ToSell(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An item on its way to a line. `quantity` is empty until it is known, `price` None for the catalog's."""

    item: Item
    code: str
    quantity: str = ""
    source: Source = Source.ONLINE
    label: LabelReading | None = None
    price: int | None = None
    zero_confirmed: bool = False
    deposit: Item | None = None
    """What goes with it."""
    age_check: AgeCheck | None = None
    """Somebody was found old enough for it."""
    serial: str = ""
    serial_asked: bool = False
    info: tuple[InfoAnswer, ...] = ()
    info_asked: int = 0
    """How many of the item's info codes were asked already."""


def as_text(goods: ToSell) -> str:
    """Goods as a question remembers them."""
    return msgspec.json.encode(goods).decode("utf-8")


def waiting(facts: dict[str, str]) -> ToSell:
    """The goods that a question remembers; also one that version 0.1 left open."""
    if "goods" in facts:
        return msgspec.json.decode(facts["goods"], type=ToSell)
    return ToSell(
        item=msgspec.json.decode(facts["item"], type=Item),
        code=facts["code"],
        quantity=facts.get("quantity", ""),
        source=Source(facts["source"]),
        price=0 if facts.get("price") else None,
    )

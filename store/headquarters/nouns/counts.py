"""Stock counts that arrived from registers (operation 802), as operators ask for them."""

from typing import Annotated

import msgspec
from msgspec import Meta

from store.headquarters.nouns.asked import DATE, LIMIT, STORE, Given
from store.headquarters.nouns.noun import Noun, Verb


class StockCountList(Given, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which counts."""

    store: STORE = ""
    business_date: DATE = ""
    product: Annotated[str, Meta(description="Only rows of this product.")] = ""
    limit: LIMIT = 10_000


class StockCountRow(msgspec.Struct, frozen=True, kw_only=True):
    """What was counted of a product in one document."""

    store: str
    series: str
    seq: int
    at: str
    business_date: str
    operator: str
    place: str
    product: str
    name: str
    quantity: str
    unit: str


NOUNS: tuple[Noun, ...] = (
    Noun(name="stock-count", summary="what registers counted of the stock (802)", generic=()),
)
VERBS: tuple[Verb, ...] = (
    Verb(
        noun="stock-count",
        name="list",
        summary="What was counted, product by product, by series and number of the document.",
        arguments=StockCountList,
        reads=True,
        answers=list[StockCountRow],
        columns=("store", "at", "place", "product", "name", "quantity", "unit", "operator"),
        example="outpost hq --home HQ stock-count list --store S0001",
    ),
)

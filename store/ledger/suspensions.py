"""What records say of suspended sales and of badges: rows that are only ever added, at the server and at headquarters.

Owns the tables `suspension` and `badge_given`. A suspended sale is open while no row says that it was resumed or
discarded; rows may come in any order.
"""

from collections.abc import Mapping
from typing import Any

from store.ledger.books import Books, Sheet

SUSPENSIONS = Sheet(
    "suspension",
    (
        "store_id",
        "series",
        "seq",
        "effect",
        "suspension_id",
        "code",
        "at",
        "person",
        "total",
        "currency",
        "items",
        "note",
    ),
)
BADGES = Sheet("badge_given", ("store_id", "series", "seq", "effect", "hash", "number", "at"))
EFFECT_OF = {
    "sale.suspend": "suspended",
    "sale.release": "released",
    "sale.recall": "resumed",
    "sale.discard": "discarded",
}
"""Kind of record → what it does to a suspended sale."""

Place = tuple[str, str, int]
Body = Mapping[str, Any]


def post_suspension(books: Books, place: Place, body: Body) -> str:
    """A row for what became of a suspended sale. Empty, or why the record cannot be posted."""
    effect = EFFECT_OF[body["kind"]]
    suspension_id = body["txn_id"] if effect == "suspended" else body.get("of")
    if not isinstance(suspension_id, str) or not suspension_id:
        return "says nothing of the suspended sale that it is about"
    total = body.get("total", 0)
    books.add(
        SUSPENSIONS,
        [
            (
                *place,
                effect,
                suspension_id,
                _text(body, "code"),
                _text(body, "at"),
                _text(body, "operator_name"),
                total if type(total) is int else 0,
                _text(body, "currency"),
                _text(body, "items"),
                _text(body, "note"),
            )
        ],
    )
    return ""


def post_badge(books: Books, place: Place, body: Body) -> str:
    """A row for a badge that was given to somebody, or taken away (an empty number). Empty, or why not."""
    hashed, number = body.get("badge"), body.get("of_operator")
    if not isinstance(hashed, str) or not isinstance(number, str) or not hashed:
        return "gives a badge without saying which or to whom"
    books.add(BADGES, [(*place, "badge", hashed[:64], number[:20], str(body.get("at", "")))])
    return ""


def _text(body: Body, name: str) -> str:
    return str(body.get(name, ""))[:80]

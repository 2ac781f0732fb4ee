"""What came back of which sale: the table `returned`, and where two registers took back the same goods.

Each row is a part of a sold line that a record gives back. Whoever is posted later and takes back more than is left
becomes a row in `difference` for a person to see; both records count, since both customers have their money.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from store.database.connection import Connection, values
from store.ledger.books import Books, Sheet

Body = Mapping[str, Any]
Place = tuple[str, int]
"""Series and seq of a sale."""

RETURNED = Sheet(
    "returned",
    ("store_id", "series", "seq", "effect", "of_series", "of_seq", "of_n", "thousandths", "gross", "at"),
)
SELECT_PAYLOAD = "select payload from record where store_id = $1 and series = $2 and seq = $3"
SELECT_HEAD = "select head_seq from series where store_id = $1 and series = $2"
SELECT_BACK = """
select of_n, cast(sum(thousandths) as bigint) from returned
where store_id = $1 and of_series = $2 and of_seq = $3 group by of_n"""
SELECT_PLACES = """
select distinct series, seq from returned where store_id = $1 and of_series = $2 and of_seq = $3
order by series, seq"""


class Overdrawn(msgspec.Struct, frozen=True):
    """A line of which more came back than was sold, or that was sold otherwise than the return says."""

    effect: str
    said: str
    found: str


def post_returned(books: Books, place: tuple[str, str, int], body: Body) -> list[Overdrawn]:
    """Write down what a sale's record gives back of others. What a person has to look at comes back."""
    lines = [line for line in body["lines"] if "returns_of" in line]
    if not lines:
        return []
    store = place[0]
    found: list[Overdrawn] = []
    for origin in dict.fromkeys((line["returns_of"]["series"], line["returns_of"]["seq"]) for line in lines):
        own = [line for line in lines if (line["returns_of"]["series"], line["returns_of"]["seq"]) == origin]
        found += _compared(books, store, origin, own)
    books.add(
        RETURNED,
        [
            (
                *place,
                f"return:{line['n']}",
                line["returns_of"]["series"],
                line["returns_of"]["seq"],
                line["returns_of"]["n"],
                -_thousandths(line["quantity"]),
                -line["gross"],
                body["at"],
            )
            for line in lines
        ],
    )
    return found


def _compared(books: Books, store: str, origin: Place, lines: Sequence[Body]) -> list[Overdrawn]:
    """The returns of one sale against that sale and against what came back of it before."""
    payload = books.read(SELECT_PAYLOAD, values(store, *origin))
    if not payload:
        head = books.read(SELECT_HEAD, values(store, origin[0]))
        if head and int(head[0][0]) < origin[1]:
            return []  # its record is still on the way: its own server has compared it
        return [
            Overdrawn(f"return:{line['n']}.sale", f"{origin[0]} record {origin[1]}", "unknown")
            for line in lines
        ]
    sold = {line["n"]: line for line in msgspec.json.decode(bytes(payload[0][0])).get("lines", ())}
    back = {int(n): int(amount) for n, amount in books.read(SELECT_BACK, values(store, *origin))}
    found: list[Overdrawn] = []
    for line in lines:
        origin_line, n = line["returns_of"], line["n"]
        was = sold.get(origin_line["n"])
        if was is None or was["sku"] != line["sku"]:
            found.append(Overdrawn(f"return:{n}.sale", str(origin_line["n"]), "no such line"))
            continue
        found += _facts(n, origin_line["sold"], was)
        left = _thousandths(was["quantity"]) - back.get(origin_line["n"], 0)
        if -_thousandths(line["quantity"]) > max(left, 0):
            found.append(
                Overdrawn(f"return:{n}.quantity", line["quantity"].removeprefix("-"), _text(max(left, 0)))
            )
    return found


def _facts(n: int, said: Body, was: Body) -> list[Overdrawn]:
    """Where the return names other cents than the sale has."""
    names = ("quantity", "amount", "discount", "discount_share", "tax_relief", "tax_amount")
    return [
        Overdrawn(f"return:{n}.sold_{name}", str(said.get(name, 0)), str(was.get(name, 0)))
        for name in names
        if said.get(name, 0) != was.get(name, 0) and was["quantity"][0] != "-"
    ]


def returning_places(db: Connection, store: str, series: str, seq: int) -> list[Place]:
    """The records that gave back something of a sale."""
    rows = db.execute(SELECT_PLACES, values(store, series, seq)).fetchall()
    return [(str(row[0]), int(row[1])) for row in rows]


def _thousandths(quantity: str) -> int:
    whole, _, fraction = quantity.removeprefix("-").partition(".")
    size = int(whole) * 1000 + int(fraction.ljust(3, "0") or "0")
    return -size if quantity.startswith("-") else size


def _text(thousandths: int) -> str:
    whole, rest = divmod(thousandths, 1000)
    return f"{whole}.{rest:03d}".rstrip("0").rstrip(".") if rest else str(whole)

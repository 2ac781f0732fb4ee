"""Payments computed a second time: foreign notes by their rate, what goes back, and what a closing says of each tender.

By other means than the register: everything is a fraction until it is rounded. PURE: bodies and sums in,
disagreements out.
"""

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction

from store.ledger.tax_recomputation import Body, Disagreement, nearest
from store.sale.money import EXPONENTS

PARTS_OF_CASH = ("change", "rounding")

TenderSums = Iterable[tuple[str, str, int, int]]
"""What was posted of a shift: kind, type, sum of amounts, sum of foreign notes."""


def recompute_tenders(body: Body) -> Iterator[Disagreement]:
    """Where foreign notes are not worth what is stated, and where change or rounding are more than they can be."""
    for row in body["tenders"]:
        if "rate" in row:
            home = Fraction(1, 10 ** _places(body["currency"]))
            notes = Fraction(row["foreign"], 10 ** _places(row["currency"]))
            worth = nearest(notes * Fraction(row["rate"]) / home)
            if worth != row["amount"]:
                yield f"tender:{row['n']}.foreign", row["amount"], worth
    rounding = -sum(row["amount"] for row in body["tenders"] if row["kind"] == "rounding")
    if rounding != body["cash_rounding"]:
        yield "cash_rounding", body["cash_rounding"], rounding
    yield from _recompute_cash(body)


def _recompute_cash(body: Body) -> Iterator[Disagreement]:
    """Where the cash part of a sale is not what its step and tie make of it; change of other tenders is their own."""
    rows, step = body["tenders"], body.get("cash_rounding_step", 0)
    cash = {row.get("tender") for row in rows if row["kind"] == "cash"}
    if not (cash and step) or any(row.get("tender") not in cash for row in rows if row["kind"] == "change"):
        return
    kept = sum(row["amount"] for row in rows if row.get("tender") in cash and row["kind"] != "rounding")
    others = sum(row["amount"] for row in rows if row.get("tender") not in cash)
    due = body["total"] - others
    whole, over = divmod(abs(due), step)
    up = 2 * over > step or (2 * over == step and body.get("cash_rounding_tie", "up") == "up")
    right = (whole + up) * step * (-1 if due < 0 else 1)
    if kept != right:
        yield "cash", kept, right


def vouchers_issued(body: Body) -> dict[str, int]:
    """How many vouchers a sale sold and for how much; those taken back count the other way."""
    sold = [line["amount"] for line in body["lines"] if "voucher" in line]
    count = sum(amount > 0 for amount in sold) - sum(amount <= 0 for amount in sold)
    return {"vouchers_issued": count, "vouchers_issued_total": sum(sold)}


def taken_by_kind(sums: TenderSums) -> list[tuple[str, int]]:
    """The sums of amounts by kind: cash of all cash tenders, change, rounding."""
    found: dict[str, int] = {}
    for kind, _, amount, _ in sums:
        found[kind] = found.get(kind, 0) + int(amount)
    return list(found.items())


def recompute_closing(body: Body, sums: TenderSums, expected_cash: int) -> Iterator[Disagreement]:
    """Where a closing's sums and differences by tender do not follow from what was posted."""
    amounts: dict[str, int] = {}
    notes: dict[str, int] = {}
    for kind, type_, amount, foreign in sums:
        code = "cash" if kind in PARTS_OF_CASH or kind == "cash" else type_ or kind
        amounts[code] = amounts.get(code, 0) + int(amount)
        if kind == "foreign":
            notes[code] = notes.get(code, 0) + int(foreign)
    for row in body.get("tenders", ()):
        code = row.get("type") or row["kind"]
        yield from _differ(f"shift.tender:{code}.amount", row["amount"], amounts.get(code, 0))
        if "foreign" in row:
            yield from _differ(f"shift.tender:{code}.foreign", row["foreign"], notes.get(code, 0))
    there = amounts | notes | {"cash": expected_cash}
    for row in body.get("declared", ()):
        code = row.get("type") or row["kind"]
        off = row["counted"] - row["expected"]
        yield from _differ(f"shift.declared:{code}.expected", row["expected"], there.get(code, 0))
        yield from _differ(f"shift.declared:{code}.over_short", row["over_short"], off)


def recompute_declaration(body: Body) -> Iterator[Disagreement]:
    """Where a declaration's notes and coins are not what it says it counted; foreign notes are in no total."""
    for row in body["tenders"]:
        if "pieces" in row:
            found = sum(piece["value"] * piece["count"] for piece in row["pieces"])
            yield from _differ(f"declared:{row['kind']}", row["amount"], found)
    home = [row["amount"] for row in body["tenders"] if "currency" not in row]
    yield from _differ("declared", body["total"], sum(home))


def closing_amounts(body: Mapping[str, list[Body]]) -> Iterator[tuple[str, int]]:
    """What a closing says of each tender, by names that stay apart."""
    for row in body.get("tenders", ()):
        yield f"tender:{row.get('type') or row['kind']}", row["amount"]
    for row in body.get("declared", ()):
        yield f"declared:{row.get('type') or row['kind']}", row["counted"]


def _places(currency: str) -> int:
    return EXPONENTS.get(currency, 2)


def _differ(effect: str, said: int, found: int) -> Iterator[Disagreement]:
    if said != found:
        yield effect, said, found

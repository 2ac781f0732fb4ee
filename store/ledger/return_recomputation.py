"""What goods that come back with their receipt have to give back, computed a second time. PURE.

A returned line says which part of a sold line it is, what the sale's cents were and what was given back of them before.
So it can be checked by itself: all that is back by now is the sale's cents times the part of the quantity.
"""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

from store.ledger.tax_recomputation import Body, Disagreement, left_of, nearest

RETURN_COUNTERS = ("returns", "returns_total", "post_voids", "post_voids_total")
"""What a closing counts of goods that came back and of sales that were undone."""


DEPOSIT_COUNTERS = ("deposits_total", "empties_total")
"""What a closing counts of deposits sold and of empties taken back."""


def deposits_of_shift(body: Body) -> dict[str, int]:
    """What a sale adds to the deposits and empties of its shift; one that undoes another adds nothing."""
    if "voids_of" in body:
        return {}
    sums = dict.fromkeys(DEPOSIT_COUNTERS, 0)
    for line in body["lines"]:
        if "empties" in line:
            sums["empties_total"] -= line["gross"]
        elif "no_discount" in line and "voucher" not in line:
            sums["deposits_total"] += line["gross"]
    return sums


def is_fixed(line: Body) -> bool:
    """Whether a line has the cents of an earlier sale, and not those that follow from its price and its taxes."""
    return "returns_of" in line


def returns_of_shift(body: Body) -> dict[str, int]:
    """What a sale adds to the counters of its shift: lines taken back; a sale that it undoes counts apart."""
    if "voids_of" in body:
        return {"post_voids": 1, "post_voids_total": -body["total"]}
    back = [line["gross"] for line in body["lines"] if line["quantity"][0] == "-" and "empties" not in line]
    return {"returns": len(back), "returns_total": -sum(back)} if back else {}


def recompute_return(line: Body) -> Iterator[Disagreement]:
    """Where a returned line is not the part of its sale that it says."""
    origin, n = line["returns_of"], line["n"]
    if not line["quantity"].startswith("-"):
        return  # a return that is undone: what it gave, the other way round, which its own record tells
    sold, before = origin["sold"], origin.get("before", {})
    whole, earlier = Fraction(sold["quantity"]), Fraction(before.get("quantity", "0"))
    back = earlier - Fraction(line["quantity"])
    if back > whole:
        yield f"line:{n}.quantity", _thousandths(back), _thousandths(whole)
    for name, said, all_of_it, given in (
        ("amount", line["amount"], sold["amount"], before.get("amount", 0)),
        ("base", left_of(line), left_of(sold), _left_before(before)),
        *_taxes(line, sold, before),
    ):
        right = given - nearest(all_of_it * back / whole)
        if said != right:
            yield f"line:{n}.{name}", said, right


def _left_before(before: Mapping[str, Any]) -> int:
    return left_of(before) if before else 0


def _taxes(line: Body, sold: Body, before: Body) -> Iterator[tuple[str, int, int, int]]:
    """Each tax of the line: its name, what the line says, what the sale had, what was given back before."""
    if "tax_parts" not in sold:
        yield "tax", line["tax_amount"], sold["tax_amount"], before.get("tax_amount", 0)
        return
    earlier = before.get("tax_parts") or [0] * len(sold["tax_parts"])
    for part, whole, given in zip(line["tax_parts"], sold["tax_parts"], earlier, strict=True):
        yield f"tax:{part['code']}", part["tax"], whole, given


def _thousandths(quantity: Fraction) -> int:
    return int(quantity * 1000)

"""The sums of sales and shifts, computed a second time and by other means than the register did.

The register counts in integers of minor units and thousandths (`store.sale`); here everything is a fraction, a pair of
whole numbers, until it is rounded. PURE: bodies and sums in, disagreements out.
"""

import functools
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from typing import Any

Body = Mapping[str, Any]
Disagreement = tuple[str, int, int]
"""What is meant, what the register says, what the server finds."""


_UNTAXED = (True, 0, 1)
"""Of a line whose tax is in no row: nothing to take out of its amount."""


def recompute_sale(body: Body) -> Iterator[Disagreement]:
    """Where the figures of a sale do not follow from its lines, taxes and tenders; raises what malformed ones do."""
    lines, tenders, taxes = body["lines"], body["tenders"], body["taxes"]
    shares: dict[str, tuple[bool, int, int]] = {}
    for row in taxes:
        shares.setdefault(row["code"], _share(row["rate"], row["included"] == 1))
    by_line = body["rounding_scope"] == "line"
    amounts = grosses = 0
    per_tax = {code: [0, 0] for code in shares}
    for line in lines:
        yield from _recompute_line(line, shares.get(line["tax"], _UNTAXED), by_line)
        amounts += line["amount"]
        grosses += line["gross"]
        if line["tax"] in per_tax:
            sums = per_tax[line["tax"]]
            sums[0] += line["tax_amount"]
            sums[1] += line["gross"]
    yield from _differ("subtotal", body["subtotal"], amounts)
    yield from _differ("total", body["total"], grosses - body["discount"])
    yield from _differ("tenders", body["total"], sum(tender["amount"] for tender in tenders))
    yield from _differ(
        "change", body["change"], -sum(row["amount"] for row in tenders if row["kind"] == "change")
    )
    for row in taxes:
        name, (tax, gross) = f"tax:{row['code']}", per_tax[row["code"]]
        yield from _differ(f"{name}.tax", row["tax"], tax)
        yield from _differ(f"{name}.gross", row["gross"], gross)
        yield from _differ(f"{name}.net", row["net"], row["gross"] - row["tax"])


def recompute_shift(
    *, kinds: Iterable[tuple[str, int, int]], tenders: Iterable[tuple[str, int]], start_amount: int
) -> dict[str, int]:
    """The counters of a closing from what was posted: (kind, count, sum of totals) and (tender kind, sum)."""
    count = {kind: int(number) for kind, number, _ in kinds}
    total = {kind: int(amount) for kind, _, amount in kinds}
    taken = {kind: int(amount) for kind, amount in tenders}
    cash_in, change = taken.get("cash", 0), -taken.get("change", 0)
    return {
        "sales": count.get("sale", 0),
        "sales_total": total.get("sale", 0),
        "voids": count.get("void", 0),
        "voids_total": total.get("void", 0),
        "no_sales": count.get("drawer.open", 0),
        "reprints": count.get("reprint", 0),
        "cash_in": cash_in,
        "change": change,
        "cash_rounding": -taken.get("rounding", 0),
        "floats": count.get("cash.float", 0),
        "floats_total": total.get("cash.float", 0),
        "incomes": count.get("cash.income", 0),
        "incomes_total": total.get("cash.income", 0),
        "expenses": count.get("cash.expense", 0),
        "expenses_total": total.get("cash.expense", 0),
        "removals": count.get("cash.removal", 0),
        "removals_total": total.get("cash.removal", 0),
        "safe_drops": count.get("cash.safe_drop", 0),
        "safe_drops_total": total.get("cash.safe_drop", 0),
        "bank_drops": count.get("cash.bank_drop", 0),
        "bank_drops_total": total.get("cash.bank_drop", 0),
        "expected_cash": start_amount + cash_in - change + _moved(total),
    }


def _moved(total: Mapping[str, int]) -> int:
    """What came into the drawer beside sales less what went out."""
    came = total.get("cash.float", 0) + total.get("cash.income", 0)
    went = sum(total.get(f"cash.{kind}", 0) for kind in ("expense", "removal", "safe_drop", "bank_drop"))
    return came - went


def _recompute_line(line: Body, share: tuple[bool, int, int], by_line: bool) -> Iterator[Disagreement]:
    amount, tax_amount = line["amount"], line["tax_amount"]
    included, part, whole = share
    if line["price_source"] != "label":
        # The amount on a price label is final, its quantity only an estimate.
        count, unit = _ratio(line["quantity"])
        expected = _rounded(count * line["price"], unit)
        if amount != expected:
            yield f"line:{line['n']}.amount", amount, expected
    if by_line:
        expected = _rounded(amount * part, whole)
        if tax_amount != expected:
            yield f"line:{line['n']}.tax", tax_amount, expected
    expected = amount if included else amount + tax_amount
    if line["gross"] != expected:
        yield f"line:{line['n']}.gross", line["gross"], expected


def _differ(effect: str, said: int, found: int) -> Iterator[Disagreement]:
    if said != found:
        yield effect, said, found


@functools.lru_cache(maxsize=1_024)
def _share(rate: str, included: bool) -> tuple[bool, int, int]:
    """Whether the tax is in the amount, and which part of the amount it is."""
    percent = Fraction(rate)
    part = percent / (100 + percent) if included else percent / 100
    return included, part.numerator, part.denominator


@functools.lru_cache(maxsize=4_096)
def _ratio(quantity: str) -> tuple[int, int]:
    return Fraction(quantity).as_integer_ratio()


def _rounded(part: int, whole: int) -> int:
    """A fraction, half away from zero: 1/2 → 1, -1/2 → -1, as a shop rounds."""
    cents = (2 * abs(part) + whole) // (2 * whole)
    return cents if part >= 0 else -cents

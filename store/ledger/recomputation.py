"""The sums of sales and shifts, computed a second time and by other means than the register did.

The register counts in integers of minor units and thousandths (`store.sale`); here everything is a fraction, a pair of
whole numbers, until it is rounded. PURE: bodies and sums in, disagreements out.
"""

import functools
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction

from store.ledger.return_recomputation import DEPOSIT_COUNTERS, RETURN_COUNTERS, is_fixed, recompute_return
from store.ledger.tax_recomputation import (
    Body,
    Disagreement,
    TaxTable,
    left_of,
    nearest,
    parts_of,
    recompute_line_tax,
    recompute_relief,
    recompute_scope,
    rounded,
)
from store.ledger.tender_recomputation import recompute_tenders

__all__ = [
    "Disagreement",
    "left_of",
    "offered",
    "price_overrides",
    "recompute_sale",
    "recompute_shift",
]


def recompute_sale(body: Body) -> Iterator[Disagreement]:
    """Where the figures of a sale do not follow from its lines, taxes and tenders; raises what malformed ones do.

    Each figure is named once, with the first reason.
    """
    named: set[str] = set()
    for effect, said, found in _recompute_sale(body):
        if effect not in named:
            named.add(effect)
            yield effect, said, found


def _recompute_sale(body: Body) -> Iterator[Disagreement]:
    lines, tenders = body["lines"], body["tenders"]
    table = TaxTable(body["taxes"])
    scope = body["rounding_scope"]
    by_line = scope == "line"
    amounts = grosses = discounts = 0
    fresh = [line for line in lines if not is_fixed(line)]
    for line in lines:
        if not _is_plainly_right(line, table, by_line):
            if is_fixed(line):
                yield from recompute_return(line)
            else:
                yield from _recompute_line(line)
            yield from recompute_line_tax(line, table, by_line and not is_fixed(line))
        amounts += line["amount"]
        discounts += line.get("discount", 0) + line.get("discount_share", 0)
        grosses += line["gross"]
        table.add(line)
    yield from _differ("subtotal", body["subtotal"], amounts)
    yield from _differ("discount", body["discount"], discounts)
    if body.get("sale_discount", 0) or any("discount_share" in line for line in fresh):
        yield from _recompute_shares(body, fresh)
    if scope != "line":
        yield from recompute_scope(body, fresh, table)
    yield from recompute_relief(body, fresh)
    yield from _differ("total", body["total"], grosses)
    yield from _differ("tenders", body["total"], sum(tender["amount"] for tender in tenders))
    yield from _differ(
        "change", body["change"], -sum(row["amount"] for row in tenders if row["kind"] == "change")
    )
    yield from table.differences()
    yield from recompute_tenders(body)


_PLAIN = frozenset((
    "n", "sku", "name", "quantity", "unit", "price", "amount", "tax", "tax_amount", "gross", "source",
    "price_source", "code", "department", "measured",
))  # fmt: skip
"""The fields of a line that is nothing but goods at a price; whatever has another one is looked at carefully."""


def _is_plainly_right(line: Body, table: TaxTable, by_line: bool) -> bool:
    """Whether a line is goods at a price with one tax, as most are, and its figures follow; False is only a doubt."""
    share = table.share_of(line)
    if share is None or not line.keys() <= _PLAIN or line["price_source"] == "label":
        return False
    amount, tax = line["amount"], line["tax_amount"]
    count, unit = _ratio(line["quantity"])
    whole_price = count * line["price"]
    if amount != (whole_price if unit == 1 else rounded(whole_price, unit)):
        return False
    included, part, whole = share
    if by_line and tax != rounded(amount * part, whole):
        return False
    return bool(line["gross"] == (amount if included else amount + tax))


def offered(body: Body) -> int:
    """What the offers of headquarters took off the lines of a sale."""
    return sum(row["off"] for line in body["lines"] for row in line.get("offers", ()))


def price_overrides(body: Body) -> int:
    """How many lines of a sale have a price that was set by hand."""
    return sum(line["price_source"] == "override" for line in body["lines"])


def recompute_shift(
    *,
    kinds: Iterable[tuple[str, int, int]],
    tenders: Iterable[tuple[str, int]],
    start_amount: int,
    by_hand: Iterable[tuple[str, int]] = (),
) -> dict[str, int]:
    """The counters of a closing from what was posted: (kind, count, sum of totals) and (tender kind, sum).

    `by_hand` are the sums of discounts given, of prices set and of vouchers sold in its sales.
    """
    given = {effect: int(amount) for effect, amount in by_hand}
    count = {kind: int(number) for kind, number, _ in kinds}
    total = {kind: int(amount) for kind, _, amount in kinds}
    taken = {kind: int(amount) for kind, amount in tenders}
    cash_in, change = taken.get("cash", 0), -taken.get("change", 0)
    return {
        **{name: count.get(kind, 0) for name, kind in _COUNTED.items()},
        **{name: total.get(kind, 0) for name, kind in _SUMMED.items()},
        **{name: given.get(name, 0) for name in _GIVEN},
        "cash_in": cash_in,
        "change": change,
        "cash_rounding": -taken.get("rounding", 0),
        "expected_cash": start_amount + cash_in - change + _moved(total),
    }


_SUMMED = {
    "sales_total": "sale",
    "voids_total": "void",
    "training_total": "training.sale",
    "account_payments_total": "account.payment",
    "floats_total": "cash.float",
    "incomes_total": "cash.income",
    "expenses_total": "cash.expense",
    "removals_total": "cash.removal",
    "safe_drops_total": "cash.safe_drop",
    "bank_drops_total": "cash.bank_drop",
}
"""A closing's sum, and the kind of record whose totals it adds up."""
_COUNTED = {
    **{name.removesuffix("_total"): kind for name, kind in _SUMMED.items() if name != "training_total"},
    "training_sales": "training.sale",
    "no_sales": "drawer.open",
    "reprints": "reprint",
    "overrides": "override",
}
"""A closing's counter, and the kind of record that it counts."""
_GIVEN = (
    *("discount", "offered", "price_overrides", "vouchers_issued", "vouchers_issued_total"),
    *("late_sales", "late_total"),
    *RETURN_COUNTERS,
    *DEPOSIT_COUNTERS,
)
"""What sales say by effects of their own."""


def _moved(total: Mapping[str, int]) -> int:
    """What came into the drawer beside sales less what went out."""
    came = total.get("cash.float", 0) + total.get("cash.income", 0)
    went = sum(total.get(f"cash.{kind}", 0) for kind in ("expense", "removal", "safe_drop", "bank_drop"))
    return came - went


def _recompute_line(line: Body) -> Iterator[Disagreement]:
    """A line's amount, and what offers and its own discount take off it."""
    if line["price_source"] != "label":
        # The amount on a price label is final, its quantity only an estimate.
        count, unit = _ratio(line["quantity"])
        expected = rounded(count * line["price"], unit)
        if line["amount"] != expected:
            yield f"line:{line['n']}.amount", line["amount"], expected
    if "discount" in line:
        yield from _recompute_discount(line)


def _recompute_discount(line: Body) -> Iterator[Disagreement]:
    """What is taken off a line: by its offers, by the percentage it names, and never more than the line."""
    said, amount = line["discount"], line["amount"]
    offered = 0
    for row in line.get("offers", ()):
        right = _offer(row, amount - offered, Fraction(line["quantity"]))
        yield from _differ(f"line:{line['n']}.offer", row["off"], right)
        offered += row["off"]
    if "discount_percent" in line:
        percent = Fraction(line["discount_percent"]) / 100
        right = offered + nearest((amount - offered) * percent)
        yield from _differ(f"line:{line['n']}.discount", said, right)
    sign = -1 if amount < 0 else 1
    if not 0 < sign * said <= sign * amount or sign * said < sign * offered:
        yield (
            f"line:{line['n']}.discount",
            said,
            sign * min(max(sign * said, sign * offered, 0), sign * amount),
        )


def _offer(row: Body, left: int, quantity: Fraction) -> int:
    """What an offer takes off goods that still cost `left`."""
    if "new_price" in row:
        off = left - nearest(row["new_price"] * quantity)
    elif "percent" in row:
        off = nearest(left * Fraction(row["percent"]) / 100)
    else:
        off = nearest(row["amount"] * quantity)
    return max(0, min(off, left)) if left >= 0 else min(0, max(off, left))


def _bears_nothing(line: Body) -> bool:
    """A deposit, empties or a voucher: no discount is spread over it."""
    return "no_discount" in line or "voucher" in line


def _recompute_shares(body: Body, lines: list[Body]) -> Iterator[Disagreement]:
    """The sale's discount: its percentage of what the lines' own discounts leave, and how it is spread."""
    goods = [
        0 if _bears_nothing(line) else max(line["amount"] - line.get("discount", 0), 0) for line in lines
    ]
    whole, said = sum(goods), body.get("sale_discount", 0)
    if "sale_discount_percent" in body:
        percent = Fraction(body["sale_discount_percent"]) / 100
        yield from _differ("sale_discount", said, nearest(whole * percent))
    exact = [Fraction(said * part, whole or 1) for part in goods]
    for line, share in zip(lines, parts_of(said, exact), strict=True):
        yield from _differ(f"line:{line['n']}.discount_share", line.get("discount_share", 0), share)


def _differ(effect: str, said: int, found: int) -> Iterator[Disagreement]:
    if said != found:
        yield effect, said, found


@functools.lru_cache(maxsize=4_096)
def _ratio(quantity: str) -> tuple[int, int]:
    return Fraction(quantity).as_integer_ratio()

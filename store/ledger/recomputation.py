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
    scope = body["rounding_scope"]
    amounts = grosses = discounts = 0
    per_tax = {code: [0, 0] for code in shares}
    for line in lines:
        yield from _recompute_line(line, shares.get(line["tax"], _UNTAXED), scope == "line")
        amounts += line["amount"]
        discounts += line.get("discount", 0) + line.get("discount_share", 0)
        grosses += line["gross"]
        if line["tax"] in per_tax:
            sums = per_tax[line["tax"]]
            sums[0] += line["tax_amount"]
            sums[1] += line["gross"]
    yield from _differ("subtotal", body["subtotal"], amounts)
    yield from _differ("discount", body["discount"], discounts)
    if body.get("sale_discount", 0) or any("discount_share" in line for line in lines):
        yield from _recompute_shares(body)
    if scope != "line":
        yield from _recompute_scope(body, shares)
    yield from _differ("total", body["total"], grosses)
    yield from _differ("tenders", body["total"], sum(tender["amount"] for tender in tenders))
    yield from _differ(
        "change", body["change"], -sum(row["amount"] for row in tenders if row["kind"] == "change")
    )
    for row in taxes:
        name, (tax, gross) = f"tax:{row['code']}", per_tax[row["code"]]
        yield from _differ(f"{name}.tax", row["tax"], tax)
        yield from _differ(f"{name}.gross", row["gross"], gross)
        yield from _differ(f"{name}.net", row["net"], row["gross"] - row["tax"])


def left_of(line: Body) -> int:
    """What the discounts leave of a line."""
    return int(line["amount"] - line.get("discount", 0) - line.get("discount_share", 0))


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

    `by_hand` are the sums of discounts given and of prices set in its sales.
    """
    given = {effect: int(amount) for effect, amount in by_hand}
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
        "discount": given.get("discount", 0),
        "price_overrides": given.get("price_overrides", 0),
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


def recompute_declaration(body: Body) -> Iterator[Disagreement]:
    """Where a declaration's notes and coins are not what it says it counted."""
    for row in body["tenders"]:
        if "pieces" in row:
            found = sum(piece["value"] * piece["count"] for piece in row["pieces"])
            yield from _differ(f"declared:{row['kind']}", row["amount"], found)
    yield from _differ("declared", body["total"], sum(row["amount"] for row in body["tenders"]))


def recompute_declared(
    body: Body, tenders: Iterable[tuple[str, int]], expected_cash: int
) -> Iterator[Disagreement]:
    """Where a closing's differences by tender do not follow from what was posted."""
    taken = {kind: int(amount) for kind, amount in tenders} | {"cash": expected_cash}
    for row in body.get("declared", ()):
        kind = row["kind"]
        yield from _differ(f"shift.declared:{kind}.expected", row["expected"], taken.get(kind, 0))
        yield from _differ(
            f"shift.declared:{kind}.over_short", row["over_short"], row["counted"] - row["expected"]
        )


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
    if "discount" in line:
        yield from _recompute_discount(line)
    base = left_of(line)
    if by_line:
        expected = _rounded(base * part, whole)
        if tax_amount != expected:
            yield f"line:{line['n']}.tax", tax_amount, expected
    expected = base if included else base + tax_amount
    if line["gross"] != expected:
        yield f"line:{line['n']}.gross", line["gross"], expected


def _recompute_discount(line: Body) -> Iterator[Disagreement]:
    """A line's own discount: the percentage it names, and never more than the line."""
    said, amount = line["discount"], line["amount"]
    if "discount_percent" in line:
        percent = Fraction(line["discount_percent"]) / 100
        yield from _differ(f"line:{line['n']}.discount", said, _nearest(amount * percent))
    if not 0 < said <= amount:
        yield f"line:{line['n']}.discount", said, min(max(said, 0), max(amount, 0))


def _recompute_shares(body: Body) -> Iterator[Disagreement]:
    """The sale's discount: its percentage of what the lines' own discounts leave, and how it is spread."""
    lines = body["lines"]
    goods = [max(line["amount"] - line.get("discount", 0), 0) for line in lines]
    whole, said = sum(goods), body.get("sale_discount", 0)
    if "sale_discount_percent" in body:
        percent = Fraction(body["sale_discount_percent"]) / 100
        yield from _differ("sale_discount", said, _nearest(whole * percent))
    exact = [Fraction(said * part, whole or 1) for part in goods]
    for line, share in zip(lines, _parts(said, exact), strict=True):
        yield from _differ(f"line:{line['n']}.discount_share", line.get("discount_share", 0), share)


def _recompute_scope(body: Body, shares: Mapping[str, tuple[bool, int, int]]) -> Iterator[Disagreement]:
    """Taxes that are rounded once per rate or per document and then spread over rates and lines."""
    exact: dict[str, list[Fraction]] = {}
    places: dict[str, list[Body]] = {}
    for line in body["lines"]:
        _, part, whole = shares.get(line["tax"], _UNTAXED)
        base = left_of(line)
        exact.setdefault(line["tax"], []).append(Fraction(base * part, whole))
        places.setdefault(line["tax"], []).append(line)
    rounded = {code: _nearest(sum(parts)) for code, parts in exact.items()}
    if body["rounding_scope"] == "document":
        for included in (True, False):
            codes = [code for code in exact if shares.get(code, _UNTAXED)[0] == included]
            sums = [sum(exact[code], Fraction()) for code in codes]
            rounded |= dict(zip(codes, _parts(_nearest(sum(sums)), sums), strict=True))
    for code, parts in exact.items():
        for line, tax in zip(places[code], _parts(rounded[code], parts), strict=True):
            yield from _differ(f"line:{line['n']}.tax", line["tax_amount"], tax)


def _parts(total: int, exact: list[Fraction]) -> list[int]:
    """Whole numbers that add up to `total`: each exact part cut off, the rest to the largest remainders, first come.

    Of sums below zero the mirror.
    """
    sign = -1 if sum(exact) < 0 else 1
    cut = [(sign * part).__floor__() for part in exact]
    over = [sign * part - whole for part, whole in zip(exact, cut, strict=True)]
    for _ in range(sign * total - sum(cut)):
        most = over.index(max(over))
        cut[most] += 1
        over[most] = Fraction(-1)
    return [sign * whole for whole in cut]


def _nearest(value: Fraction | int) -> int:
    return _rounded(*value.as_integer_ratio())


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

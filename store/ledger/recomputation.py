"""The sums of sales and shifts, computed a second time and by other means than the register did.

The register counts in integers of minor units and thousandths (`store.sale`); here everything is a fraction until
it is rounded. PURE: bodies and sums in, disagreements out.
"""

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from typing import Any

Body = Mapping[str, Any]
Disagreement = tuple[str, int, int]
"""What is meant, what the register says, what the server finds."""


def recompute_sale(body: Body) -> Iterator[Disagreement]:
    """Where the figures of a sale do not follow from its lines, taxes and tenders; raises what malformed ones do."""
    lines, tenders = body["lines"], body["tenders"]
    for line in lines:
        yield from _recompute_line(line, body)
    yield from _differ("subtotal", body["subtotal"], sum(line["amount"] for line in lines))
    yield from _differ("total", body["total"], sum(line["gross"] for line in lines) - body["discount"])
    yield from _differ("tenders", body["total"], sum(tender["amount"] for tender in tenders))
    yield from _differ(
        "change", body["change"], -sum(row["amount"] for row in tenders if row["kind"] == "change")
    )
    for tax in body["taxes"]:
        mine = [line for line in lines if line["tax"] == tax["code"]]
        name = f"tax:{tax['code']}"
        yield from _differ(f"{name}.tax", tax["tax"], sum(line["tax_amount"] for line in mine))
        yield from _differ(f"{name}.gross", tax["gross"], sum(line["gross"] for line in mine))
        yield from _differ(f"{name}.net", tax["net"], tax["gross"] - tax["tax"])


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
        "expected_cash": start_amount + cash_in - change,
    }


def _recompute_line(line: Body, body: Body) -> Iterator[Disagreement]:
    name = f"line:{line['n']}"
    amount, tax_amount = line["amount"], line["tax_amount"]
    if line["price_source"] != "label":
        # The amount on a price label is final, its quantity only an estimate.
        yield from _differ(f"{name}.amount", amount, _rounded(Fraction(line["quantity"]) * line["price"]))
    rate = next((row for row in body["taxes"] if row["code"] == line["tax"]), None)
    percent = Fraction(0) if rate is None else Fraction(rate["rate"])
    included = rate is None or rate["included"] == 1
    if body["rounding_scope"] == "line":
        share = percent / (100 + percent) if included else percent / 100
        yield from _differ(f"{name}.tax", tax_amount, _rounded(amount * share))
    yield from _differ(f"{name}.gross", line["gross"], amount if included else amount + tax_amount)


def _differ(effect: str, said: int, found: int) -> Iterator[Disagreement]:
    if said != found:
        yield effect, said, found


def _rounded(value: Fraction) -> int:
    """Half away from zero: 0.5 → 1, -0.5 → -1, as a shop rounds."""
    whole, rest = divmod(abs(value), 1)
    cents = whole + (1 if rest >= Fraction(1, 2) else 0)
    return int(cents if value >= 0 else -cents)

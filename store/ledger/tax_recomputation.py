"""The taxes of a sale, computed a second time: fractions, and a net that is solved for instead of divided out.

Where goods have several taxes, the price is a straight line over the net. Its value at two nets gives the net that
costs what the line costs, and every tax follows from that. PURE.
"""

import functools
from collections.abc import Collection, Iterable, Iterator, Mapping
from fractions import Fraction
from typing import Any

Body = Mapping[str, Any]
Disagreement = tuple[str, int, int]
"""What is meant, what the register says, what the server finds."""
Terms = tuple[tuple[str, str, int, int, int], ...]
"""Of each tax on the same goods: code, rate, whether it is included, amount per unit, whether it is on taxes too."""
PLAIN_UNTAXED = (True, 0, 1)
"""Of a line whose tax is in no row: nothing to take out of its amount."""


def left_of(line: Body) -> int:
    """What discounts and an exemption leave of a line; its taxes are computed from that."""
    taken = line.get("discount", 0) + line.get("discount_share", 0) + line.get("tax_relief", 0)
    return int(line["amount"] - taken)


class TaxTable:
    """The tax table of a sale, by code: how each tax is computed, and what its lines add up to."""

    def __init__(self, rows: Iterable[Body]) -> None:
        self._rows: dict[str, Body] = {}
        self._rates: dict[str, list[tuple[bool, int, int]]] = {}
        for row in rows:
            first = self._rows.get(row["code"])
            # Goods that come back may have another rate than today; the lines of a code are counted together.
            self._rows[row["code"]] = row if first is None else _together(first, row)
            if first is not None:
                self._rates.setdefault(row["code"], []).append(share(row["rate"], row["included"] == 1))
        self._shares = {
            code: share(row["rate"], row["included"] == 1)
            for code, row in self._rows.items()
            if not row.get("fixed")
        }
        self._sums = {code: [0, 0] for code in self._rows}

    def share_of(self, line: Body) -> tuple[bool, int, int] | None:
        """Of a line with one percentage, whether it is included and which part of the amount; None for others."""
        if "tax_parts" in line:
            return None
        code = line["tax"]
        return self._shares.get(code) or (None if code in self._rows else PLAIN_UNTAXED)

    def right_taxes(self, line: Body, base: int) -> list[int]:
        """What the tax of a line may be: that of its code, at each rate that the code has on this ticket."""
        first = self.share_of(line)
        shares = [*([first] if first else []), *self._rates.get(line["tax"], ())]
        return [rounded(base * part, whole) for _, part, whole in shares]

    def terms_of(self, line: Body) -> Terms:
        """How the taxes of a line are computed, in their order."""
        codes = [part["code"] for part in line["tax_parts"]] if "tax_parts" in line else [line["tax"]]
        return terms(self._rows[code] for code in codes)

    def add(self, line: Body) -> None:
        """Count a line in the rows of its taxes."""
        if "tax_parts" not in line:
            if (sums := self._sums.get(line["tax"])) is not None:
                sums[0] += line["tax_amount"]
                sums[1] += line["gross"]
            return
        parts = line["tax_parts"]
        net = line["gross"] - sum(part["tax"] for part in parts)
        before = 0
        for part in parts:
            sums = self._sums[part["code"]]
            base = net + (before if self._rows[part["code"]].get("compound") else 0)
            sums[0] += part["tax"]
            sums[1] += base + part["tax"]
            before += part["tax"]

    def differences(self) -> Iterator[Disagreement]:
        """Where a row is not what its lines add up to."""
        for code, row in self._rows.items():
            tax, gross = self._sums[code]
            for name, said, found in (
                ("tax", row["tax"], tax),
                ("gross", row["gross"], gross),
                ("net", row["net"], row["gross"] - row["tax"]),
            ):
                if said != found:
                    yield f"tax:{code}.{name}", said, found


def _together(first: Body, row: Body) -> Body:
    return {**first, **{name: first[name] + row[name] for name in ("net", "tax", "gross")}}


def terms(rows: Iterable[Body]) -> Terms:
    """How taxes are computed, from rows that say so."""
    return tuple(
        (row["code"], row["rate"], row["included"], row.get("fixed", 0), row.get("compound", 0))
        for row in rows
    )


def exact_taxes(base: int, quantity: Fraction, of: Terms) -> list[Fraction]:
    """Each tax on goods that cost `base`, unrounded: the net is solved for by two values of the price.

    Goods that cost less than what they contain of amounts per unit bear them in part.
    """
    nothing, one = _price(Fraction(0), quantity, of), _price(Fraction(1), quantity, of)
    if abs(base) < abs(nothing):
        return _taxes(Fraction(0), quantity * base / nothing, of)
    return _taxes((base - nothing) / (one - nothing), quantity, of)


def _price(net: Fraction, quantity: Fraction, of: Terms) -> Fraction:
    taxes = _taxes(net, quantity, of)
    return net + sum(tax for tax, one in zip(taxes, of, strict=True) if one[2])


def _taxes(net: Fraction, quantity: Fraction, of: Terms) -> list[Fraction]:
    found: list[Fraction] = []
    for _, rate, _, fixed, compound in of:
        if fixed:
            found.append(fixed * quantity)
        else:
            found.append((net + (sum(found) if compound else 0)) * Fraction(rate) / 100)
    return found


def recompute_line_tax(line: Body, table: TaxTable, by_line: bool) -> Iterator[Disagreement]:
    """Where the tax and the gross amount of one line do not follow from what is left of it."""
    base, tax_amount, n = left_of(line), line["tax_amount"], line["n"]
    plain = table.share_of(line)
    if plain is not None:
        included = plain[0]
        if by_line and tax_amount not in (right_ones := table.right_taxes(line, base)):
            yield f"line:{n}.tax", tax_amount, right_ones[0]
        right = base if included else base + tax_amount
    else:
        of = table.terms_of(line)
        said = _said(line)
        if by_line:
            exact = exact_taxes(base, Fraction(line["quantity"]), of)
            yield from _differ_each(n, said, [nearest(one) for one in exact])
        if tax_amount != sum(said):
            yield f"line:{n}.tax", tax_amount, sum(said)
        right = base + sum(tax for tax, one in zip(said, of, strict=True) if not one[2])
    if line["gross"] != right:
        yield f"line:{n}.gross", line["gross"], right


def recompute_scope(body: Body, lines: Iterable[Body], table: TaxTable) -> Iterator[Disagreement]:
    """Taxes that are rounded once per rate or per document and then spread over rates and lines."""
    exact: dict[str, list[Fraction]] = {}
    places: dict[str, list[tuple[int, int]]] = {}
    inside: dict[str, bool] = {}
    for line in lines:
        for code, included, value, said in _exact_of(line, table):
            exact.setdefault(code, []).append(value)
            places.setdefault(code, []).append((line["n"], said))
            inside[code] = included
    whole = {code: nearest(sum(parts, Fraction())) for code, parts in exact.items()}
    if body["rounding_scope"] == "document":
        for included in (True, False):
            codes = [code for code in exact if inside[code] == included]
            sums = [sum(exact[code], Fraction()) for code in codes]
            whole |= dict(zip(codes, parts_of(nearest(sum(sums, Fraction())), sums), strict=True))
    for code, parts in exact.items():
        for (n, said), tax in zip(places[code], parts_of(whole[code], parts), strict=True):
            if said != tax:
                yield f"line:{n}.tax", said, tax


def recompute_relief(body: Body, lines: Collection[Body]) -> Iterator[Disagreement]:
    """Where an exemption takes something else out of prices than the taxes that they contained."""
    exempt = {row["code"] for row in body["taxes"] if row.get("exempt")}
    if not (exempt or body.get("tax_relief", 0) or any("tax_relief" in line for line in lines)):
        return  # as nearly everywhere
    before = {group["code"]: terms(group["taxes"]) for group in body.get("taxes_before", ())}
    total = 0
    for line in lines:
        said = line.get("tax_relief", 0)
        total += said
        if not said and line["tax"] not in exempt:
            continue
        of = before.get(line.get("tax_before", "")) if line["tax"] in exempt else ()
        right = 0 if of is None else _contained(left_of(line) + said, Fraction(line["quantity"]), of)
        if said != right:
            yield f"line:{line['n']}.tax_relief", said, right
    if body.get("tax_relief", 0) != total:
        yield "tax_relief", body.get("tax_relief", 0), total


def _contained(base: int, quantity: Fraction, of: Terms) -> int:
    """The taxes in a price, each rounded, and never more than the price."""
    exact = exact_taxes(base, quantity, of) if of else []
    found = sum(nearest(tax) for tax, one in zip(exact, of, strict=True) if one[2])
    return min(found, base) if base > 0 else max(found, base)


def _said(line: Body) -> list[int]:
    if "tax_parts" in line:
        return [part["tax"] for part in line["tax_parts"]]
    return [line["tax_amount"]]


def _exact_of(line: Body, table: TaxTable) -> Iterator[tuple[str, bool, Fraction, int]]:
    plain = table.share_of(line)
    if plain is not None:
        included, part, whole = plain
        yield line["tax"], included, Fraction(left_of(line) * part, whole), line["tax_amount"]
        return
    of = table.terms_of(line)
    exact = exact_taxes(left_of(line), Fraction(line["quantity"]), of)
    for one, value, said in zip(of, exact, _said(line), strict=True):
        yield one[0], one[2] == 1, value, said


def _differ_each(n: int, said: list[int], right: list[int]) -> Iterator[Disagreement]:
    for tax, found in zip(said, right, strict=True):
        if tax != found:
            yield f"line:{n}.tax", tax, found


def parts_of(total: int, exact: list[Fraction]) -> list[int]:
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


def nearest(value: Fraction | int) -> int:
    """The nearest whole number, a half away from zero."""
    return rounded(*value.as_integer_ratio())


@functools.lru_cache(maxsize=1_024)
def share(rate: str, included: bool) -> tuple[bool, int, int]:
    """Whether the tax is in the amount, and which part of the amount it is."""
    percent = Fraction(rate)
    part = percent / (100 + percent) if included else percent / 100
    return included, part.numerator, part.denominator


def rounded(part: int, whole: int) -> int:
    """A fraction, half away from zero: 1/2 → 1, -1/2 → -1, as a shop rounds."""
    cents = (2 * abs(part) + whole) // (2 * whole)
    return cents if part >= 0 else -cents

"""The verifier's own arithmetic of taxes: every line's, the tax table's, and what an exemption takes out of prices.

Several taxes on the same goods are undone from the price downwards: what contains nothing more is the net.
"""

from fractions import Fraction
from typing import Any

Rows = dict[str, dict[str, Any]]


def left_of(line: dict[str, Any]) -> int:
    """What discounts and an exemption leave of a line."""
    taken = line.get("discount", 0) + line.get("discount_share", 0) + line.get("tax_relief", 0)
    return int(line["amount"] - taken)


def check_taxes(payload: dict[str, Any]) -> None:
    """Raise ValueError with a reason unless the taxes of a sale follow from its lines to the cent."""
    rows: Rows = {}
    for row in payload["taxes"]:
        rows[row["code"]] = _together(rows.get(row["code"]), row)
    for line in payload["lines"]:
        _check_line(line, rows, "" if "returns_of" in line else payload["rounding_scope"])
    _check_relief(payload, rows)
    for code in rows:
        _check_row(rows[code], payload["lines"], rows)
    if payload["rounding_scope"] != "line":
        check_scope(payload, rows)


def _together(first: dict[str, Any] | None, row: dict[str, Any]) -> dict[str, Any]:
    """Rows of one code as one: goods that come back may have another rate than those of today."""
    if first is None:
        return row
    rates = (*first.get("rates", (first["rate"],)), row["rate"])
    return {**first, "rates": rates, **{name: first[name] + row[name] for name in ("net", "tax", "gross")}}


def parts_of_line(line: dict[str, Any]) -> list[dict[str, Any]]:
    """The taxes of a line with their amounts; one tax is its own part."""
    if "tax_parts" in line:
        return list(line["tax_parts"])
    return [{"code": line["tax"], "tax": line["tax_amount"]}]


def exact_taxes(base: int, quantity: str, rows: list[dict[str, Any]]) -> list[Fraction]:
    """What each tax on goods of `base` is, unrounded. Every tax is `a` times the net and `b` beside it."""
    lines: list[tuple[Fraction, Fraction]] = []
    for row in rows:
        if row.get("fixed"):
            lines.append((Fraction(0), row["fixed"] * Fraction(quantity)))
            continue
        rate = Fraction(row["rate"]) / 100
        a, b = Fraction(1), Fraction(0)
        if row.get("compound"):
            a += sum(one[0] for one in lines)
            b += sum(one[1] for one in lines)
        lines.append((rate * a, rate * b))
    inside = [line for line, row in zip(lines, rows, strict=True) if row["included"]]
    contained = sum((b for _, b in inside), Fraction())
    if abs(contained) > abs(base):  # amounts per unit take no more than there is
        return [b * base / contained for _, b in lines]
    net = (base - contained) / (1 + sum((a for a, _ in inside), Fraction()))
    return [a * net + b for a, b in lines]


def _check_line(line: dict[str, Any], rows: Rows, scope: str) -> None:
    n, base = line["n"], left_of(line)
    if "tax_parts" not in line and line["tax"] not in rows:
        if line["tax_amount"] or line["gross"] != base:
            raise ValueError(f"has in line {n} a tax that its tax table does not name")
        return
    parts = parts_of_line(line)
    unknown = [part["code"] for part in parts if part["code"] not in rows]
    if unknown:
        raise ValueError(f"has in line {n} the tax {unknown[0]} that its tax table does not name")
    own = [rows[part["code"]] for part in parts]
    if scope == "line":
        for part, exact in zip(parts, exact_taxes(base, line["quantity"], own), strict=True):
            if rounded(exact) != part["tax"] and not _at_another_rate(line, base, part, rows):
                raise ValueError(f"has in line {n} the tax {part['tax']} where {rounded(exact)} is right")
    if line["tax_amount"] != sum(part["tax"] for part in parts):
        raise ValueError(f"has in line {n} taxes that do not add up to its {line['tax_amount']}")
    top = sum(part["tax"] for part, row in zip(parts, own, strict=True) if not row["included"])
    if line["gross"] != base + top:
        raise ValueError(f"has in line {n} the tax {line['tax_amount']} where its price is another")


def _at_another_rate(line: dict[str, Any], base: int, part: dict[str, Any], rows: Rows) -> bool:
    """Whether the tax is that of another rate which its code has on the same ticket."""
    row = rows[part["code"]]
    return "tax_parts" not in line and any(
        rounded(exact_taxes(base, line["quantity"], [{**row, "rate": rate}])[0]) == part["tax"]
        for rate in row.get("rates", ())
    )


def _check_relief(payload: dict[str, Any], table: Rows) -> None:
    before = {group["code"]: group["taxes"] for group in payload.get("taxes_before", ())}
    total = 0
    for line in payload["lines"]:
        if "returns_of" in line:
            continue
        said = line.get("tax_relief", 0)
        total += said
        exempt = table.get(line["tax"], {}).get("exempt", 0)
        if not said and not exempt:
            continue
        rows = before.get(line.get("tax_before", ""), []) if exempt else []
        base = left_of(line) + said
        taxes = zip(exact_taxes(base, line["quantity"], rows), rows, strict=True)
        right = sum(rounded(tax) for tax, row in taxes if row["included"])
        right = min(right, base) if base > 0 else max(right, base)
        if said != right:
            raise ValueError(f"takes {said} of tax out of line {line['n']} where {right} is right")
    if payload.get("tax_relief", 0) != total:
        raise ValueError(f"takes {payload.get('tax_relief', 0)} of tax out of prices; its lines say {total}")
    if total and not payload.get("certificate"):
        raise ValueError("takes tax out of prices without a certificate")


def _check_row(row: dict[str, Any], lines: list[dict[str, Any]], rows: Rows) -> None:
    gross = tax = 0
    for line in lines:
        parts = parts_of_line(line)
        net = line["gross"] - line["tax_amount"]
        for at, part in enumerate(parts):
            if part["code"] != row["code"]:
                continue
            compound = "tax_parts" in line and rows[part["code"]].get("compound")
            base = net + (sum(one["tax"] for one in parts[:at]) if compound else 0)
            tax += part["tax"]
            gross += base + part["tax"] if "tax_parts" in line else line["gross"]
    if (row["gross"], row["tax"], row["net"]) != (gross, tax, gross - tax):
        raise ValueError(f"has a tax table whose row {row['code']} does not fit its lines")


def check_scope(payload: dict[str, Any], rows: Rows) -> None:
    """Raise ValueError unless taxes rounded per rate or per document are right, and spread to the cent."""
    found: dict[str, list[tuple[int, int, Fraction]]] = {}
    for line in payload["lines"]:
        if "returns_of" in line:
            continue
        parts = parts_of_line(line)
        if any(part["code"] not in rows for part in parts):
            continue
        exact = exact_taxes(left_of(line), line["quantity"], [rows[part["code"]] for part in parts])
        for part, tax in zip(parts, exact, strict=True):
            found.setdefault(part["code"], []).append((line["n"], part["tax"], tax))
    sums = {code: sum((tax for _, _, tax in taxes), Fraction()) for code, taxes in found.items()}
    whole = {code: rounded(total) for code, total in sums.items()}
    if payload["rounding_scope"] == "document":
        for kind in (1, 0):
            codes = [code for code in found if rows[code]["included"] == kind]
            shares = [sums[code] for code in codes]
            whole.update(zip(codes, split(rounded(sum(shares, Fraction())), shares), strict=True))
    for code, taxes in found.items():
        right = split(whole[code], [tax for _, _, tax in taxes])
        for (n, said, _), share in zip(taxes, right, strict=True):
            if said != share:
                raise ValueError(f"has in line {n} the tax {said} where {share} is right")


def split(total: int, exact: list[Fraction]) -> list[int]:
    """`total` as whole parts: every exact part cut off, then one more for the largest remainders, in order."""
    if sum(exact) < 0:
        return [-part for part in split(-total, [-part for part in exact])]
    whole = [part.numerator // part.denominator for part in exact]
    order = sorted(range(len(exact)), key=lambda n: (whole[n] - exact[n], n))
    for n in order[: total - sum(whole)]:
        whole[n] += 1
    return whole


def rounded(value: Fraction) -> int:
    """To the whole unit, halves away from zero."""
    whole = (abs(value) * 2 + 1) // 2
    return int(whole) if value >= 0 else -int(whole)

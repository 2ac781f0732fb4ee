"""Layouts of in-store labels: patterns, presets of regions, and the inner check digit (GS1 7.9.2-7.9.4)."""

from store.sale.policy import LabelMeasure, LabelRule

PLACES = 13

TWO_MINUS = (0, 2, 4, 6, 8, 9, 1, 3, 5, 7)
THREE = (0, 3, 6, 9, 2, 5, 8, 1, 4, 7)
FIVE_PLUS = (0, 5, 1, 6, 2, 7, 3, 8, 4, 9)
FIVE_MINUS = (0, 5, 9, 4, 8, 3, 7, 2, 6, 1)
"""Weighted products of a digit, as the specification tabulates them."""


def full_pattern(pattern: str) -> str:
    """The pattern at 13 places: a UPC-A one (12) gets the zero that its EAN-13 form begins with."""
    return pattern.rjust(PLACES, "0")


def place(digits: str, pattern: str, letter: str) -> str:
    """The digits that stand where `pattern` has `letter`."""
    return "".join(digit for digit, at in zip(digits, pattern, strict=True) if at == letter)


def check_digit_of_value(value: str) -> str:
    """The price or weight check digit of four or five digits: "2875" has 9, "14685" has 6.

    Raises ValueError for another length.
    """
    digits = [int(digit) for digit in value]
    if len(digits) == 4:
        return str(3 * _weighted(digits, TWO_MINUS, TWO_MINUS, THREE, FIVE_MINUS) % 10)
    if len(digits) == 5:
        rest = -_weighted(digits, FIVE_PLUS, TWO_MINUS, FIVE_MINUS, FIVE_PLUS, TWO_MINUS) % 10
        return str(FIVE_MINUS.index(rest))
    raise ValueError(f"no check digit is defined for {len(digits)} digits")


def _weighted(digits: list[int], *tables: tuple[int, ...]) -> int:
    return sum(table[digit] for table, digit in zip(tables, digits, strict=True))


def label_fault(rule: LabelRule) -> str:
    """What is wrong with a rule, as a sentence; empty when nothing is."""
    pattern = rule.pattern
    if len(pattern) not in (12, 13):
        return f"The label pattern {pattern!r} has {len(pattern)} places; it needs 13, or 12 for UPC-A."
    if set(pattern) - set("0123456789IVCX"):
        return f"The label pattern {pattern!r} may hold digits, I, V, C and X only."
    if not pattern.endswith("X") or pattern.count("X") != 1:
        return f"The label pattern {pattern!r} must end with its one X, the check digit."
    if not pattern[0].isdigit() or "I" not in pattern or "V" not in pattern:
        return f"The label pattern {pattern!r} must begin with a digit and hold I (item) and V (value)."
    if rule.verify_check and (pattern.count("C") != 1 or pattern.count("V") not in (4, 5)):
        return f"The label pattern {pattern!r} has no check digit to verify: that takes one C and four or five V."
    if not 0 <= rule.decimals <= pattern.count("V"):
        return f"The label pattern {pattern!r} cannot have {rule.decimals} decimals."
    return ""


def label_presets(region: str) -> tuple[LabelRule, ...]:
    """The usual rules of a region (DE, GB, SE, NO, DK, FI, EE, LV, LT, US); empty for another."""
    return PRESETS.get(region.upper(), ())


def _rules(measure: LabelMeasure, verify: bool, *rows: tuple[str, int]) -> tuple[LabelRule, ...]:
    return tuple(
        LabelRule(pattern=pattern, measure=measure, decimals=decimals, verify_check=verify)
        for pattern, decimals in rows
    )


_PRICE, _WEIGHT, _COUNT = LabelMeasure.PRICE, LabelMeasure.WEIGHT, LabelMeasure.COUNT
_NORTH = _rules(_WEIGHT, False, ("23IIIIIIVVVVX", 3), ("24IIIIIIVVVVX", 2), ("25IIIIIIVVVVX", 1))
_SWEDEN = (*_rules(_PRICE, False, ("20IIIIIIVVVVX", 2), ("21IIIIIIVVVVX", 1), ("22IIIIIIVVVVX", 0)), *_NORTH)

PRESETS: dict[str, tuple[LabelRule, ...]] = {
    "DE": (
        *_rules(_PRICE, True, ("22IIIICVVVVVX", 2), ("23IIIICVVVVVX", 2)),
        *_rules(_COUNT, True, ("25IIIICVVVVVX", 0), ("26IIIICVVVVVX", 0)),
        *_rules(_WEIGHT, True, ("28IIIICVVVVVX", 3), ("29IIIICVVVVVX", 3)),
    ),
    "GB": _rules(_PRICE, True, ("20IIIIICVVVVX", 2)),
    "SE": _SWEDEN,
    "NO": _SWEDEN,
    "DK": (
        *_rules(_PRICE, False, *((f"{prefix}IIIIVVVVVVX", 2) for prefix in (21, 22, 23, 24))),
        *_rules(_WEIGHT, False, ("26IIIIVVVVVVX", 3), ("27IIIIIVVVVVX", 3), ("28IIIIVVVVVVX", 3)),
    ),
    "FI": _NORTH,
    "EE": _NORTH,
    "LV": _NORTH,
    "LT": _NORTH,
    "US": _rules(_PRICE, True, ("2IIIIICVVVVX", 2)),
}

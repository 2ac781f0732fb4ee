"""Amounts: integers in the minor unit of a currency, their text, and the two named roundings (docs/money.md)."""

import msgspec

from store.sale.language import region_in_force
from store.sale.region import local_number

EXPONENTS = {
    "BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3,
    "BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0,
    "RWF": 0, "UGX": 0, "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
}  # fmt: skip
"""ISO 4217: digits after the decimal point where they are not two."""

LARGEST_AMOUNT = 2**53 - 1
"""The journal's canonical form keeps integers within what every JSON reader reads exactly."""


class Money(msgspec.Struct, frozen=True, order=False):
    """An amount in minor units of a currency (ISO 4217 code)."""

    amount: int
    currency: str

    def __str__(self) -> str:
        return f"{format_amount(self.amount, self.currency)} {self.currency}"


def exponent(currency: str) -> int:
    """Digits after the decimal point of `currency`: 2 for EUR, 0 for JPY, 3 for KWD."""
    return EXPONENTS.get(currency, 2)


def format_amount(amount: int, currency: str) -> str:
    """The amount as people write it, with a point: 1326 EUR is "13.26", -5 EUR is "-0.05", 1326 JPY is "1326"."""
    places = exponent(currency)
    if places == 0:
        return str(amount)
    sign = "-" if amount < 0 else ""
    digits = str(abs(amount)).rjust(places + 1, "0")
    return f"{sign}{digits[:-places]}.{digits[-places:]}"


def shown_amount(amount: int, currency: str) -> str:
    """The amount as the region in force writes it: 123456 EUR is "1.234,56" in Germany, "1234.56" without a region."""
    return local_number(format_amount(amount, currency), region_in_force())


def parse_amount(text: str, currency: str) -> int | None:
    """A typed amount in minor units: "20" is 2000 in EUR, so are "20.0" and "20,00"; ".5" is 50.

    None when the text is no amount, has a sign, more decimals than the currency, or more than 12 whole digits.
    """
    whole, _, fraction = text.strip().replace(",", ".").partition(".")
    places = exponent(currency)
    digits = whole + fraction
    if not (digits.isascii() and digits.isdigit()) or len(fraction) > places or len(whole) > 12:
        return None
    return int((whole or "0") + fraction.ljust(places, "0"))


def round_half_up(numerator: int, denominator: int) -> int:
    """`numerator / denominator` to a whole number, a half away from zero: 5/2 is 3, -5/2 is -3, 7/3 is 2.

    Away from zero in both directions, so that a refund is the exact mirror of its sale.
    Raises ValueError for a denominator that is not positive.
    """
    if denominator <= 0:
        raise ValueError(f"denominator must be positive, not {denominator}")
    size = (2 * abs(numerator) + denominator) // (2 * denominator)
    return -size if numerator < 0 else size


def round_half_up_to_cash(amount: int, step: int) -> int:
    """The nearest amount that coins can pay: 1327 in steps of 5 is 1325, 1328 is 1330; with step 10, 1325 is 1330.

    A tie goes away from zero, so that a refund mirrors its sale. Raises ValueError for a step that is not positive.
    """
    return round_half_up(amount, step) * step

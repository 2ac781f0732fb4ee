"""Quantities and rates: decimal strings with up to three decimals, computed in thousandths without floats."""

from store.sale.money import round_half_up

SCALE = 1000
DECIMALS = 3


def parse_quantity(text: str) -> str | None:
    """A typed quantity in canonical form ("2", "0.482"), a comma or a point before the decimals.

    None when the text is no quantity: a sign, more than three decimals, more than nine whole digits, nothing at all.
    """
    whole, _, fraction = text.strip().replace(",", ".").partition(".")
    digits = whole + fraction
    if not (digits.isascii() and digits.isdigit()) or len(fraction) > DECIMALS or len(whole) > 9:
        return None
    return from_thousandths(int(whole or "0") * SCALE + int(fraction.ljust(DECIMALS, "0") or "0"))


def thousandths(quantity: str) -> int:
    """A canonical decimal string as whole thousandths: "0.482" is 482. Raises ValueError when it is none."""
    if quantity.isdigit() and quantity.isascii() and (quantity[0] != "0" or quantity == "0"):
        return int(quantity) * SCALE
    sign, digits = (-1, quantity[1:]) if quantity.startswith("-") else (1, quantity)
    canonical = parse_quantity(digits)
    if canonical != digits:
        raise ValueError(f"not a canonical decimal: {quantity!r}")
    whole, _, fraction = digits.partition(".")
    return sign * (int(whole) * SCALE + int(fraction.ljust(DECIMALS, "0")))


def from_thousandths(value: int) -> str:
    """Whole thousandths as a canonical decimal string: 482 is "0.482", 2000 is "2", -500 is "-0.5"."""
    sign = "-" if value < 0 else ""
    whole, rest = divmod(abs(value), SCALE)
    if rest == 0:
        return f"{sign}{whole}"
    return f"{sign}{whole}.{rest:03d}".rstrip("0")


def is_whole(quantity: str) -> bool:
    """Whether a canonical quantity has no decimals."""
    return "." not in quantity


def multiply(price: int, quantity: str) -> int:
    """Price per unit times quantity in minor units, a half away from zero: 199 x "0.482" is 96 (95.918)."""
    return round_half_up(price * thousandths(quantity), SCALE)


def divide(amount: int, price: int) -> str:
    """The quantity that `amount` buys at `price` per unit, to three decimals: 96 at 199 is "0.482".

    Raises ValueError for a price that is not positive.
    """
    return from_thousandths(round_half_up(amount * SCALE, price))

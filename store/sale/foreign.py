"""Foreign notes: what they are worth in the store's currency, to the cent, and back (docs/money.md)."""

from store.sale.money import exponent, round_half_up


def parts_of(rate: str) -> tuple[int, int]:
    """A rate as a fraction of whole numbers: "0.9217" is 9217 and 10000. Raises ValueError for anything else."""
    whole, _, fraction = rate.partition(".")
    return int(whole + fraction), 10 ** len(fraction)


def home_value(amount: int, currency: str, rate: str, home: str) -> int:
    """What `amount` (minor units of `currency`) is worth in minor units of `home`, a half away from zero.

    `rate` main units of `home` are one main unit of `currency`: 20.00 USD at 0.9217 are 18.434, so 18.43 EUR.
    """
    numerator, denominator = parts_of(rate)
    return round_half_up(amount * numerator * 10 ** exponent(home), denominator * 10 ** exponent(currency))


def least_foreign(amount: int, currency: str, rate: str, home: str) -> int:
    """The smallest amount in `currency` that is worth at least `amount` of `home` (both minor units)."""
    if amount <= 0:
        return 0
    numerator, denominator = parts_of(rate)
    per_unit = numerator * 10 ** exponent(home)
    least: int = -(-amount * denominator * 10 ** exponent(currency) // per_unit)
    while least > 0 and home_value(least - 1, currency, rate, home) >= amount:
        least -= 1
    return least

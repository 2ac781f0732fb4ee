"""Cash rounding as countries have it: the smallest amount that coins can pay, and which way a tie goes.

Presets by currency and, where a currency is at home in several countries, by country (docs/money.md has the sources of
the habits). A tie goes away from zero ("up") or towards it ("down"), in both directions, so that a refund mirrors.
"""

from typing import Literal

import msgspec

from store.sale.money import round_half_up_to_cash

Tie = Literal["up", "down"]


class CashRounding(msgspec.Struct, frozen=True):
    """How cash is rounded: to multiples of `step` minor units; `tie` says where the middle between two goes."""

    step: int
    tie: Tie = "up"


NO_ROUNDING = CashRounding(1)
PRESETS: dict[str, CashRounding] = {
    "AUD": CashRounding(5),
    "CAD": CashRounding(5),
    "CHF": CashRounding(5),
    "CZK": CashRounding(100),
    "DKK": CashRounding(50),
    "HUF": CashRounding(500),
    "NOK": CashRounding(100),
    "NZD": CashRounding(10, "down"),
    "SEK": CashRounding(100),
    "BE": CashRounding(5),
    "EE": CashRounding(5),
    "FI": CashRounding(5),
    "IE": CashRounding(5),
    "IT": CashRounding(5),
    "LT": CashRounding(5),
    "NL": CashRounding(5),
    "SK": CashRounding(5),
    "AU": CashRounding(5),
    "CA": CashRounding(5),
    "CH": CashRounding(5),
    "CZ": CashRounding(100),
    "DK": CashRounding(50),
    "HU": CashRounding(500),
    "NO": CashRounding(100),
    "NZ": CashRounding(10, "down"),
    "SE": CashRounding(100),
}
"""What is usual: by currency (three letters), and by country (two), also for the euro."""


def cash_rounding_preset(name: str) -> CashRounding | None:
    """The habit of a country or currency: that of "CH" or "CHF" is steps of 5; None for one without."""
    return PRESETS.get(name.strip().upper())


def round_cash(amount: int, rounding: CashRounding) -> int:
    """The nearest amount that coins can pay: 1327 in steps of 5 is 1325; of 1325 in steps of 10 the tie decides."""
    if rounding.tie == "up":
        return round_half_up_to_cash(amount, rounding.step)
    size = (2 * abs(amount) + rounding.step - 1) // (2 * rounding.step) * rounding.step
    return -size if amount < 0 else size

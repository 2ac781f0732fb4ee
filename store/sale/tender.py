"""Payments: cash with change and cash rounding, card by a stand-alone terminal."""

from enum import StrEnum

import msgspec

from store.sale.money import exponent, round_half_up_to_cash

REFERENCE_LIMIT = 40
"""Characters of a card reference; terminals print up to about 20."""

NOTES = (500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000)
"""Bank notes in hundredths of the main unit, for offering round amounts."""


class TenderKind(StrEnum):
    """With what a customer pays."""

    CASH = "cash"
    CARD = "card"


class Tender(msgspec.Struct, frozen=True, kw_only=True):
    """One payment; everything in minor units.

    `amount` is what counts towards the total, `given` what was handed over, `change` what went back.
    `rounding` is what cash rounding added (positive) or forgave (negative). Always
    `given - change == amount + rounding`; for cash that is what the drawer gained.
    """

    n: int
    kind: TenderKind
    amount: int
    given: int
    change: int = 0
    rounding: int = 0
    reference: str = ""
    voided: bool = False
    deferred: bool = False
    """A card that the terminal took without its line and authorises later."""

    @property
    def kept(self) -> int:
        """What stayed with the store: `amount + rounding`."""
        return self.given - self.change


def exact_cash(total: int, tenders: tuple[Tender, ...], step: int) -> int:
    """Cash that ends the sale now, in minor units.

    The whole cash part (total less what other tenders paid) is rounded to `step` once; what cash has been kept already
    is taken off. So 15.72 with 0.68 by card is 15.05 in steps of 5, and two cash payments round as one would.
    """
    live = [tender for tender in tenders if not tender.voided]
    cash_part = total - sum(tender.amount for tender in live if tender.kind is not TenderKind.CASH)
    kept = sum(tender.kept for tender in live if tender.kind is TenderKind.CASH)
    return max(round_half_up_to_cash(cash_part, step) - kept, 0)


def round_amounts(exact: int, currency: str) -> tuple[int, ...]:
    """Up to three round amounts above `exact` that a customer may hand over: 10.00, 20.00 and 50.00 for 8.26."""
    places = exponent(currency)
    # Currencies without decimals count in hundreds: a 1000 JPY note stands where 10 EUR does.
    notes = NOTES if places == 0 else tuple(note * 10**places // 100 for note in NOTES)
    offers = sorted({(exact // note + 1) * note for note in notes}) if exact > 0 else []
    return tuple(offers[:3])


def is_card_number(text: str) -> bool:
    """Whether `text` contains a number that a payment card could have (13 to 19 digits, Luhn); such is never stored."""
    digits = "".join(character for character in text if character not in " -")
    run = ""
    for character in (*digits, " "):
        if character.isascii() and character.isdigit():
            run += character
            continue
        if 13 <= len(run) <= 19 and _luhn(run):
            return True
        run = ""
    return False


def _luhn(digits: str) -> bool:
    total = 0
    for position, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if position % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0

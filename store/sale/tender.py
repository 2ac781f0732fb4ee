"""Payments of a sale: given, counted, given back; the cash among them rounded to what coins can pay."""

import msgspec

from store.sale.money import exponent
from store.sale.rounding import CashRounding, Tie, round_cash
from store.sale.tender_type import REFERENCE_LIMIT, TenderKind

__all__ = [
    "NOTES",
    "REFERENCE_LIMIT",
    "Payment",
    "RefundWay",
    "Tender",
    "TenderKind",
    "exact_cash",
    "is_card_number",
    "round_amounts",
]

NOTES = (500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000)
"""Bank notes in hundredths of the main unit, for offering round amounts."""


class Payment(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants to pay with, or be given back: a tender type and how much.

    `given` in minor units of the store's currency, never below zero; for foreign notes `foreign` in those of theirs.
    `change_voucher` is the number that a voucher for the change would get.
    """

    type: str
    given: int = 0
    reference: str = ""
    deferred: bool = False
    foreign: int = 0
    voucher: str = ""
    offline: bool = False
    change_voucher: str = ""


class RefundWay(msgspec.Struct, frozen=True, kw_only=True):
    """A tender type with which money may be given back in this sale, and at most how much (minor units)."""

    type: str
    most: int


class Tender(msgspec.Struct, frozen=True, kw_only=True):
    """One payment, or below zero money given back; everything in minor units.

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
    type: str = ""
    """Code of the tender type; empty for the kind's own."""
    name: str = ""
    """What the type is called, where it is not the kind's own."""
    currency: str = ""
    foreign: int = 0
    """Foreign notes: what was handed over, in minor units of `currency`, and what one main unit was worth."""
    rate: str = ""
    voucher: str = ""
    """Number of the voucher that paid, or (below zero) was issued."""
    offline: bool = False
    """A voucher that was taken while no server could be asked."""
    change_of: int = 0
    """Number of the payment whose change this is, in a voucher; 0 for all others."""

    @property
    def kept(self) -> int:
        """What stayed with the store: `amount + rounding`."""
        return self.given - self.change

    @property
    def code(self) -> str:
        """The tender type it belongs to in sums and counts."""
        return self.type or self.kind.value


def exact_cash(total: int, tenders: tuple[Tender, ...], step: int, tie: Tie = "up") -> int:
    """Cash that ends the sale now, in minor units; below zero it is given back.

    The whole cash part (total less what other tenders paid) is rounded to `step` once, the middle between two amounts
    as `tie` says; what cash has been kept already
    is taken off. So 15.72 with 0.68 by card is 15.05 in steps of 5, and two cash payments round as one would.
    """
    live = [tender for tender in tenders if not tender.voided]
    due = total - sum(tender.amount for tender in live)
    cash_part = total - sum(tender.amount for tender in live if tender.kind is not TenderKind.CASH)
    kept = sum(tender.kept for tender in live if tender.kind is TenderKind.CASH)
    exact = round_cash(cash_part, CashRounding(step, tie)) - kept
    return max(exact, 0) if due > 0 else min(exact, 0) if due < 0 else 0


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

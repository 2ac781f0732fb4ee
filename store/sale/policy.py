"""What a store decides once and every sale obeys: currency, taxes, rounding, labels, the facts on a receipt."""

from enum import StrEnum

import msgspec

from store.sale.detail import NO_TAX_DETAIL, TaxDetail
from store.sale.people_policy import PeoplePolicy
from store.sale.return_policy import ReturnPolicy
from store.sale.rounding import CashRounding, Tie
from store.sale.tender_type import BUILT_IN, TenderKind, TenderType, first_of

PRICE_REASONS = (
    "Shelf says another price",
    "Damaged or opened",
    "Short date",
    "Price of a competitor",
    "Agreed with the manager",
)
"""Why a price may be set by hand, where the store has no list of its own."""


class RoundingScope(StrEnum):
    """Where tax is rounded; recorded in every sale (docs/money.md)."""

    PER_LINE = "line"
    PER_RATE = "rate"
    PER_DOCUMENT = "document"


class TaxRate(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A tax: `rate` is a decimal string in percent ("19", "7", "5.5"); `included` says that prices contain it.

    `members` makes it a group: several taxes on the same goods, in their order. What else headquarters says of it is in
    `detail`: an amount per unit in place of a rate, a tax on taxes, what it may replace at the till.
    """

    code: str
    name: str
    rate: str
    included: bool = True
    detail: TaxDetail = NO_TAX_DETAIL
    members: tuple["TaxRate", ...] = ()

    @property
    def plain(self) -> bool:
        """Whether it is one percentage, and nothing else."""
        return not self.members and not self.detail.fixed


class LabelMeasure(StrEnum):
    """What the value digits of an in-store label mean."""

    PRICE = "price"
    WEIGHT = "weight"
    COUNT = "count"


class LabelRule(msgspec.Struct, frozen=True, kw_only=True):
    """How a weight or price label is laid out.

    `pattern` has 13 places (or 12 for UPC-A): literal digits of the prefix, `I` item, `V` value, `C` the inner check
    digit of the value (ignored when absent), `X` the outer check digit. `decimals` scales the value (kg for a weight,
    the currency's main unit for a price). `verify_check` says that a wrong inner check digit refuses the label.
    """

    pattern: str
    measure: LabelMeasure
    decimals: int
    verify_check: bool = False


class StoreFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the law wants on a receipt about the seller."""

    name: str = ""
    address: tuple[str, ...] = ()
    tax_id: str = ""
    footer: tuple[str, ...] = ()


class CashAccount(msgspec.Struct, frozen=True, kw_only=True):
    """An account for money that comes into the drawer (`kind` "income") or goes out of it ("expense")."""

    number: str
    name: str
    kind: str


class StorePolicy(msgspec.Struct, frozen=True, kw_only=True):
    """The store's decisions, taken from the channel configuration of the catalog."""

    currency: str = "EUR"
    rounding_scope: RoundingScope = RoundingScope.PER_LINE
    discounts_at_total: bool = False
    """Whether discounts of headquarters count when the total is asked for (310, Pay), and not with every line."""
    cash_rounding_step: int = 1
    """Smallest cash amount in minor units; 1 rounds nothing, 5 rounds to the nearest five cents."""
    cash_rounding_tie: Tie = "up"
    """Where the middle between two cash amounts goes: away from zero, or towards it."""
    taxes: tuple[TaxRate, ...] = ()
    label_rules: tuple[LabelRule, ...] = ()
    facts: StoreFacts = StoreFacts()
    receipt_width: int = 42
    price_reasons: tuple[str, ...] = PRICE_REASONS
    """Why a cashier may set a price by hand; one of them goes into the record."""
    max_line_amount: int = 99_999_999
    """Largest amount of one line in minor units; a larger one is refused as a typing mistake."""
    journal_retention_days: int = 90
    """How long a register keeps records that headquarters has; 0 keeps them for ever."""
    accounts: tuple[CashAccount, ...] = ()
    """What operations 517 and 518 can be booked to."""
    account_offline_limit: int = 0
    """How much can go on one customer's account while the server is away, in minor units; 0 nothing."""
    denominations: tuple[int, ...] = ()
    """Notes and coins to count, in minor units, largest first; empty for those of the currency."""
    people: PeoplePolicy = PeoplePolicy()
    """Badges, shifts and suspended sales."""
    tenders: tuple[TenderType, ...] = BUILT_IN
    """What is taken as payment, in the order of the store; never empty."""
    returns: ReturnPolicy = ReturnPolicy()
    """Goods that come back."""

    language: str = ""
    """What receipts speak, and screens of people who have no language of their own; empty where nobody says."""
    region: str = ""
    """How amounts and dates are written, such as de-DE; empty for what goes with the language."""

    @property
    def cash_rounding(self) -> CashRounding:
        """How what is paid and given back in cash is rounded."""
        return CashRounding(self.cash_step, self.cash_rounding_tie)

    @property
    def cash_step(self) -> int:
        """Smallest amount that cash is taken and given in: that of the cash tender, else the store's."""
        cash = first_of(self.tenders, TenderKind.CASH)
        return (cash.rounding_step if cash is not None else 0) or self.cash_rounding_step

"""A sale as an immutable value: every change makes a new one or refuses with a sentence (docs/money.md).

States and what moves between them; every other pair is refused:

    OPEN       --change_lines--> OPEN, --begin_payment--> TENDERING, --void--> VOIDED
    TENDERING  --take_payment--> TENDERING, --void_payment--> TENDERING, --back--> OPEN,
               --complete--> COMPLETED, --void--> VOIDED
    COMPLETED, VOIDED  are final
"""

from enum import StrEnum

import msgspec

from store.sale.age import AgeCheck
from store.sale.customer import SaleCustomer
from store.sale.discount import Discount
from store.sale.info import InfoAnswer
from store.sale.language import later, phrase
from store.sale.offer import Offer, OfferTaken
from store.sale.policy import RoundingScope, TaxRate
from store.sale.refusal import SaleRefused
from store.sale.returning import ReturnsOf
from store.sale.tender import RefundWay, Tender


class SaleState(StrEnum):
    """Where a sale stands."""

    OPEN = "open"
    TENDERING = "tendering"
    COMPLETED = "completed"
    VOIDED = "voided"


class SaleEvent(StrEnum):
    """What can happen to a sale."""

    CHANGE_LINES = "change_lines"
    BEGIN_PAYMENT = "begin_payment"
    TAKE_PAYMENT = "take_payment"
    VOID_PAYMENT = "void_payment"
    BACK = "back"
    COMPLETE = "complete"
    VOID = "void"


TRANSITIONS: dict[tuple[SaleState, SaleEvent], SaleState] = {
    (SaleState.OPEN, SaleEvent.CHANGE_LINES): SaleState.OPEN,
    (SaleState.OPEN, SaleEvent.BEGIN_PAYMENT): SaleState.TENDERING,
    (SaleState.OPEN, SaleEvent.VOID): SaleState.VOIDED,
    (SaleState.TENDERING, SaleEvent.TAKE_PAYMENT): SaleState.TENDERING,
    (SaleState.TENDERING, SaleEvent.VOID_PAYMENT): SaleState.TENDERING,
    (SaleState.TENDERING, SaleEvent.BACK): SaleState.OPEN,
    (SaleState.TENDERING, SaleEvent.COMPLETE): SaleState.COMPLETED,
    (SaleState.TENDERING, SaleEvent.VOID): SaleState.VOIDED,
}

REFUSALS = {
    SaleState.OPEN: later("The sale is not in payment. Press Pay (F12) first."),
    SaleState.TENDERING: later("The sale is in payment. Press Esc to go back to its lines first."),
    SaleState.COMPLETED: later("The sale is finished. Scan an item to begin the next one."),
    SaleState.VOIDED: later("The sale is voided. Scan an item to begin the next one."),
}
"""Why a state refuses what is not in TRANSITIONS, and what to do."""


class PriceSource(StrEnum):
    """Where a line's price came from; journaled."""

    CATALOG = "catalog"
    LABEL = "label"
    """The price printed on the goods: final."""
    TYPED = "typed"
    """An open price typed by the cashier."""
    DEPARTMENT = "department"
    OVERRIDE = "override"
    """Set by hand in place of the catalog's, with a reason."""


class OffersState(StrEnum):
    """When the offers of headquarters count on a line that is added."""

    NOW = "now"
    LATER = "later"
    """When the total is asked for (310) or payment begins."""
    REMOVED = "removed"
    """Not at all: taken off the sale by hand (311)."""


class SaleLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line, a snapshot: later changes of the catalog do not touch it. Amounts in minor units.

    `amount` is price x quantity as shown (with included taxes, without taxes on top); `discount` is taken off this
    line (by offers and by hand), `discount_share` is its part of the sale's discount. `net`, `tax_amount`, `gross`
    follow from what is left.
    `code` is what was scanned or typed, `source` where the item came from (online, offline).
    """

    n: int
    sku: str
    name: str
    quantity: str
    unit: str
    price: int
    amount: int
    tax: TaxRate
    net: int
    tax_amount: int
    gross: int
    code: str = ""
    source: str = "online"
    price_source: PriceSource = PriceSource.CATALOG
    department: str = ""
    measured: bool = False
    """Sold by weight or measure: the quantity may have decimals."""
    voided: bool = False
    given: Discount | None = None
    """The discount somebody gave on this line; `discount` is what it comes to."""
    discount: int = 0
    discount_share: int = 0
    list_price: int | None = None
    """What the price was before somebody set another."""
    listed_source: PriceSource = PriceSource.CATALOG
    """Where that price came from."""
    price_reason: str = ""
    comment: str = ""
    offers: tuple[Offer, ...] = ()
    """What headquarters offered when the line was added."""
    offers_count: bool = True
    """Whether they count; not yet, or no more, when not."""
    taken: tuple[OfferTaken, ...] = ()
    """The offers that hold on the line, with what they come to."""
    tax_parts: tuple[int, ...] = ()
    """Of a group of taxes the amount of each; empty for one tax."""
    tax_before: TaxRate | None = None
    """The tax that another one was put in the place of."""
    tax_relief: int = 0
    """What an exemption takes out of the price: the tax that it contained."""
    returns_of: ReturnsOf | None = None
    """The sold line this one gives back: its cents are those of that sale and are never reckoned again."""
    return_reason: str = ""
    """Why goods came back."""
    voucher: str = ""
    """Number of the voucher that is sold here (below zero: taken back); no discount, no tax."""
    parent: int = 0
    """Of a deposit: the line of the goods that it goes with."""
    no_discount: bool = False
    """A deposit or empties: no discount lowers it, and none is spread over it."""
    decimals: int = 3
    """Decimals that the quantity of measured goods may have."""
    empties: bool = False
    """Empties taken back: the quantity is below zero, and it is no return of goods."""
    factor: str = ""
    """How many of the item's own unit one of this line's unit is, where they differ."""
    serial: str = ""
    """Serial number of the piece that is sold."""
    info: tuple[InfoAnswer, ...] = ()
    """What was answered about the goods."""
    salesperson: str = ""
    """Who sold this line, where it is not the sale's salesperson."""

    @property
    def is_return(self) -> bool:
        """Whether goods come back: the quantity and all amounts are below zero."""
        return self.quantity.startswith("-")

    @property
    def takes_discount(self) -> bool:
        """Whether a discount may lower the line: not a deposit, and not a voucher."""
        return not self.no_discount and not self.voucher

    @property
    def discountable(self) -> int:
        """What a discount on the sale counts from: what the line's own discounts leave; nothing below zero."""
        return max(self.amount - self.discount, 0) if self.takes_discount else 0

    @property
    def offered(self) -> int:
        """The part of `discount` that comes from offers."""
        return sum(one.off for one in self.taken)

    @property
    def base(self) -> int:
        """What is left of `amount` after all discounts; taxes are computed from it."""
        return self.amount - self.discount - self.discount_share - self.tax_relief


class ReturnedSale(msgspec.Struct, frozen=True, kw_only=True):
    """A receipt of which goods came back, and how it was paid: the rows of `tenders` in its record."""

    series: str
    seq: int
    receipt_no: int
    tenders: tuple[dict[str, str | int], ...] = ()
    customer: str = ""
    """Id of the customer whom it was for."""
    given_in_goods: int = 0
    """What goods and empties that came back on that receipt paid of it, never below zero."""


class Sale(msgspec.Struct, frozen=True, kw_only=True):
    """A sale. `at_ms` is when it began, `failover_at_ms` since when the register answered by itself (0: never)."""

    txn_id: str
    currency: str
    at_ms: int
    state: SaleState = SaleState.OPEN
    lines: tuple[SaleLine, ...] = ()
    tenders: tuple[Tender, ...] = ()
    failover_at_ms: int = 0
    record_bytes: int = 0
    """Upper estimate of what the lines take in the journal record, which must stay below 64 KiB."""
    rounding_scope: RoundingScope = RoundingScope.PER_LINE
    given: Discount | None = None
    """The discount on the whole sale; the lines hold their shares of it."""
    comment: str = ""
    customer: SaleCustomer | None = None
    offers_state: OffersState = OffersState.NOW
    price_groups: tuple[str, ...] = ()
    """Those of the customer; offers to a group count for its members only."""
    tax_override: TaxRate | None = None
    """What is put in the place of the taxes it replaces, on every line of the sale."""
    certificate: str = ""
    """The number of the certificate that an exemption rests on."""
    returned_from: tuple[ReturnedSale, ...] = ()
    """The receipts that lines of this sale give goods back of."""
    refund_ways: tuple[RefundWay, ...] = ()
    """With which tender types money goes back in this sale, and how much; empty: as without a receipt."""
    age_check: AgeCheck | None = None
    """The highest age that somebody was found to have."""
    info: tuple[InfoAnswer, ...] = ()
    """What was answered about the sale, its payments and operations."""
    salesperson: str = ""
    """Number of the person who sold the goods; empty when nobody was named."""
    salesperson_name: str = ""
    gift: bool = False
    """A gift receipt is printed with the receipt."""

    @property
    def live_lines(self) -> tuple[SaleLine, ...]:
        """The lines that are not voided."""
        return tuple(line for line in self.lines if not line.voided)

    @property
    def live_tenders(self) -> tuple[Tender, ...]:
        """The payments that are not voided."""
        return tuple(tender for tender in self.tenders if not tender.voided)


def new_sale(
    txn_id: str, currency: str, at_ms: int, rounding_scope: RoundingScope = RoundingScope.PER_LINE
) -> Sale:
    """An open sale without lines; the id is persisted by the caller before anything else happens."""
    return Sale(txn_id=txn_id, currency=currency, at_ms=at_ms, rounding_scope=rounding_scope)


def next_state(state: SaleState, event: SaleEvent) -> SaleState:
    """The state after `event`. Raises SaleRefused with a sentence when the state does not allow it."""
    following = TRANSITIONS.get((state, event))
    if following is None:
        raise SaleRefused(phrase(REFUSALS[state]))
    return following


def note_failover(sale: Sale, at_ms: int) -> Sale:
    """The sale with the moment since which the register answers by itself; only the first one counts."""
    return sale if sale.failover_at_ms else msgspec.structs.replace(sale, failover_at_ms=at_ms)

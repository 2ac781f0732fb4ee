"""What the till knows: one immutable value, stored whole as the draft, so that a killed core comes back to it."""

import msgspec

from store.register.session.till import TillState, mode_of
from store.register.view import Entry, Mode, Question, RefusedScan, TenderView
from store.sale.info import InfoAnswer
from store.sale.policy import StorePolicy
from store.sale.sale import Sale
from store.sale.stock_count import StockCount

REFUSED_LIMIT = 5
"""Refused scans that are kept in sight; older ones fall off the list."""


class SignedOn(msgspec.Struct, frozen=True, kw_only=True):
    """The person at the till."""

    number: str
    name: str
    role: str
    permissions: str = ""
    """What headquarters lets the role do, as it was at the sign-in; empty for what is built in."""
    language: str = ""
    """Of the person's screens; empty for the store's."""


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """Who allowed the operation that is going on, with the permissions of that role."""

    number: str
    name: str
    role: str
    permissions: str = ""


class Emergency(msgspec.Struct, frozen=True, kw_only=True):
    """A challenge that headquarters may answer by telephone; `tries` codes were wrong so far."""

    operator: str
    challenge: str
    until_ms: int
    tries: int = 0


class Shift(msgspec.Struct, frozen=True, kw_only=True):
    """The open shift. `business_date` is fixed when it opens and stays, whatever the clock says at midnight."""

    number: int
    shift_id: str
    business_date: str
    opened_ms: int
    start_amount: int
    owner: str = ""
    """Number of who opened it; shifts of older programs have none."""


class HeldSale(msgspec.Struct, frozen=True, kw_only=True):
    """A sale that was suspended here and not given to another register; `id` is its record's, which holds the sale."""

    id: str
    code: str
    by: str
    at_ms: int
    items: str
    total: int
    note: str = ""


class AsideShift(msgspec.Struct, frozen=True, kw_only=True):
    """A shift that is not the open one: suspended until it is resumed, or blind closed until it is counted."""

    shift: Shift
    blind: bool
    by: str
    at_ms: int


class SaleFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What held when the sale began and holds until it ends."""

    policy: StorePolicy
    catalog: str
    online: bool


class PaidSale(msgspec.Struct, frozen=True, kw_only=True):
    """The sale that was just finished; its record has the rest. `copy_no` counts up with each reprint shown."""

    txn_id: str
    total: int
    taken: tuple[TenderView, ...]
    change: int
    print_job: str
    drawer_job: str = ""
    copy_no: int = 0


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A question that is open, what the entry line expects, and what to remember until it is answered."""

    question: Question
    entry: Entry
    facts: dict[str, str] = {}


class SessionState(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Everything that must survive a kill of the core. Amounts in minor units, times in wall milliseconds."""

    till: TillState = TillState.RECOVER
    returns_to: TillState = TillState.IDLE
    """Where sign-in (or the end of a safe stop) leads: IDLE, or the sale that stayed open."""
    operator: SignedOn | None = None
    """Who is signed in; while LOCKED, who locked the register."""
    named: str = ""
    """On the sign-in screen: the operator number typed so far. A PIN is never kept."""
    locked_out: tuple[str, ...] = ()
    """Operators whom only a manager's sign-in frees."""
    grant: Grant | None = None
    """Who allowed the operation that is going on; gone when it has ended."""
    training: bool = False
    """The register is in training: what is sold is practice."""
    badges: dict[str, str] = {}
    """Hashes of badges that were assigned here, with the number of their person."""
    emergency: Emergency | None = None
    """The challenge that was shown last for a sign-in by telephone code."""
    shift: Shift | None = None
    last_shift: int = 0
    aside: tuple[AsideShift, ...] = ()
    """Shifts that wait: suspended or blind closed, oldest first."""
    suspended: tuple[HeldSale, ...] = ()
    """Suspended sales that this register keeps, oldest first."""
    suspensions: int = 0
    """Counts suspended sales, for the codes on their slips."""
    closing_blind: AsideShift | None = None
    """While a blind closed shift is counted: how it waited."""
    last_close: str = ""
    """`txn_id` of the last closing, for its Z report once more."""
    grand_total: int = 0
    """The register's running total of all sales at the last closing."""
    sale: Sale | None = None
    facts: SaleFacts | None = None
    selected: int = 0
    asked: Asked | None = None
    questions: int = 0
    """Counts questions, so that each has an id of its own."""
    count: StockCount | None = None
    """The stock count that goes on, or was left for later."""
    info: tuple[InfoAnswer, ...] = ()
    """What was answered about the operation that is going on without a sale; its record takes it along."""
    refused: tuple[RefusedScan, ...] = ()
    last_unknown: str = ""
    """The code that was not on file last; selling by department takes it."""
    paid: PaidSale | None = None
    report: tuple[tuple[str, str], ...] = ()
    """Rows of the last report, shown until the next key."""
    seen: dict[str, int] = {}
    """Per client the shift in which it was heard last, so that old ones are forgotten."""
    active_ms: int = 0
    boot_id: str = ""

    @property
    def mode(self) -> Mode:
        """What a screen calls the state."""
        return mode_of(self.till, shift_open=self.shift is not None, paid=self.paid is not None)

    def blind_again(self) -> "SessionState":
        """The state with a blind closed shift that was being counted set aside again."""
        if self.closing_blind is None:
            return self
        aside = (*self.aside, self.closing_blind)
        return msgspec.structs.replace(self, shift=None, aside=aside, closing_blind=None)

    @property
    def role(self) -> str:
        """The role of whoever is signed in, "" while nobody is."""
        if self.operator is None or self.till is TillState.LOCKED:
            return ""
        return self.operator.role

    @property
    def permissions(self) -> str:
        """What headquarters lets that role do; empty for what is built in."""
        return self.operator.permissions if self.operator is not None and self.role else ""


ENCODER = msgspec.json.Encoder()
DECODER = msgspec.json.Decoder(SessionState)


def encode(state: SessionState) -> bytes:
    """The state as the draft stores it."""
    return ENCODER.encode(state)


def decode(stored: bytes) -> SessionState:
    """A stored state; raises msgspec.MsgspecError when another version wrote it."""
    return DECODER.decode(stored)

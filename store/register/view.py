"""What a screen shows: complete, immutable, made by the core, drawn by `tui/view` (see docs/core-and-screen.md)."""

from enum import StrEnum

import msgspec


class Mode(StrEnum):
    """What the register is doing, as far as a screen must know."""

    STARTING = "starting"
    LOCKED = "locked"
    SHIFT = "shift"
    """Signed in, no shift open: its opening is offered."""
    IDLE = "idle"
    SALE = "sale"
    TENDER = "tender"
    PAID = "paid"
    """After the last tender: the change stays until the next scan or key."""
    CLOSING = "closing"
    SAFE_STOP = "safe_stop"


class Entry(StrEnum):
    """What the entry line expects; `PIN` is echoed as dots."""

    CODE = "code"
    OPERATOR = "operator"
    PIN = "pin"
    AMOUNT = "amount"
    QUANTITY = "quantity"
    CHOICE = "choice"
    NOTHING = "nothing"


class Tone(StrEnum):
    """How loud a message is."""

    INFO = "info"
    WARN = "warn"
    ERROR = "error"


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A whole sentence above the entry line; `sound` rings the terminal's bell once per `number`."""

    text: str = ""
    tone: Tone = Tone.INFO
    sound: bool = False
    number: int = 0


class LineView(msgspec.Struct, frozen=True, array_like=True):
    """One line of the sale; amounts in minor units, `quantity` a decimal string."""

    n: int
    name: str
    quantity: str
    unit: str
    unit_price: int
    amount: int
    tax: str
    voided: bool = False
    source: str = "online"
    """`online` or `offline`: where the item's answer came from."""
    discount: int = 0
    """What is taken off this line alone, in minor units; `amount` is without it."""
    by_hand: bool = False
    """The price was set by hand."""


class TaxView(msgspec.Struct, frozen=True, array_like=True):
    """One row of the tax table: name and rate in percent, tax amount in minor units.

    Without a rate it is an amount per unit, or an exemption with what it takes out of prices.
    """

    name: str
    rate: str
    amount: int
    included: bool


class TenderView(msgspec.Struct, frozen=True, array_like=True):
    """One payment taken; amount in minor units as it counts towards the total."""

    n: int
    kind: str
    name: str
    amount: int
    given: int = 0


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """The right-hand panel; everything in minor units. `total` is the amount to pay."""

    items: str = "0"
    subtotal: int = 0
    discount: int = 0
    total: int = 0
    taxes: tuple[TaxView, ...] = ()
    paid: int = 0
    due: int = 0
    change: int = 0
    cash_rounding: int = 0


class TenderChoice(msgspec.Struct, frozen=True, array_like=True):
    """A way to pay beside a bare amount of cash: its letter, its name, what its letter takes."""

    key: str
    name: str
    takes: str = ""


class TenderPanel(msgspec.Struct, frozen=True, kw_only=True):
    """The pay screen: what was taken and what can be taken."""

    taken: tuple[TenderView, ...] = ()
    exact_cash: int = 0
    """Cash that ends the sale, cash rounding applied, in minor units."""
    round_amounts: tuple[int, ...] = ()
    """The next round amounts in minor units, for F5, F6, F7."""
    choices: tuple[TenderChoice, ...] = ()
    """The other ways, in the order of the store."""
    cash: bool = True
    """Whether cash is taken, or given back."""
    back: bool = False
    """Money goes back to the customer; `exact_cash` is what goes back then."""


class PaidPanel(msgspec.Struct, frozen=True, kw_only=True):
    """What stays on the screen after the last tender."""

    receipt_no: str = ""
    total: int = 0
    taken: tuple[TenderView, ...] = ()
    change: int = 0
    print_state: str = ""
    """A sentence about the receipt ("Receipt printed.", "Printer out of paper; the receipt waits.")."""
    paper: tuple[str, ...] = ()
    """The receipt as text when no printer is attached."""


class Choice(msgspec.Struct, frozen=True, array_like=True):
    """A row of a question's list: what to type, and what it stands for."""

    key: str
    label: str
    right: str = ""
    """What stands at the right edge of a list with a selected row: an amount, never cut."""


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """Something the core wants to know before it goes on.

    `guarded` questions are answered only by F5 (yes) and F6 (no), which no scanner sends.
    """

    id: str
    kind: str
    """price, quantity, department, void_sale, card, large_amount, close_shift ..."""
    title: str
    lines: tuple[str, ...] = ()
    guarded: bool = False
    yes: str = ""
    """What F5 means, in words only; `no` is what F6 means."""
    no: str = ""
    choices: tuple[Choice, ...] = ()
    selected: str = ""
    """Key of the choice that Enter alone takes and that the arrow keys move; empty where there is none."""
    currency: str = ""
    """What an amount is typed in, where it is not the store's currency."""
    beneath: str | None = None
    """Set while text and keys go on to what lies beneath, as if this were not there: the id of the question under it,
    empty for none. Only its own answers are taken from F5 and F6."""


class RefusedScan(msgspec.Struct, frozen=True, array_like=True):
    """A scan that was not sold, kept in sight: the text as printable characters, and why."""

    text: str
    why: str


class SignOnPanel(msgspec.Struct, frozen=True, kw_only=True):
    """The sign-in screen: who has been named so far, and how the register stands."""

    operator: str = ""
    sale_open: bool = False
    facts: str = ""
    """One line: catalog age and rows, printer, scanner."""


class ShiftPanel(msgspec.Struct, frozen=True, kw_only=True):
    """Opening and closing of a shift; amounts in minor units."""

    number: int = 0
    rows: tuple[tuple[str, str], ...] = ()


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """The status header."""

    register: str = ""
    store: str = ""
    operator: str = ""
    role: str = ""
    shift: int = 0
    connection: str = "OFFLINE auto"
    """`ONLINE`, `OFFLINE auto`, `OFFLINE manual` or `BLOCKED`."""
    reason: str = ""
    up: int = 0
    down: int = 0
    training: bool = False
    insecure: bool = False
    sync: int = 0
    """Rises whenever synchronisation moved, so that whoever looks at the Connection status asks again."""


class LayoutKeyView(msgspec.Struct, frozen=True, array_like=True):
    """A key that headquarters gave this register: where (empty for everywhere), which, for which operation."""

    place: str
    key: str
    operation: int
    caption: str = ""
    position: int = 0


class View(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a screen needs, complete; ordered by (epoch, seq)."""

    epoch: str
    seq: int
    mode: Mode
    entry: Entry = Entry.NOTHING
    header: Header = Header()
    currency: str = "EUR"
    exponent: int = 2
    customer: str = ""
    """Who the sale is for; empty for nobody in particular."""
    first: int = 0
    """Index of the first line in `lines` among all lines of the sale."""
    count: int = 0
    """How many lines the sale has; `lines` is a window of at most 40."""
    selected: int = 0
    """`n` of the selected line, 0 for none."""
    lines: tuple[LineView, ...] = ()
    totals: Totals = Totals()
    tender: TenderPanel | None = None
    paid: PaidPanel | None = None
    sign_on: SignOnPanel | None = None
    shift: ShiftPanel | None = None
    question: Question | None = None
    message: Message = Message()
    refused: tuple[RefusedScan, ...] = ()
    paper: tuple[str, ...] = ()
    """The last document as text, when no printer is attached: receipt, report or slip."""
    paper_title: str = ""
    operations: tuple[int, ...] = ()
    """Numbers of the operations that can be run now; a screen draws no other key."""
    allowable: tuple[int, ...] = ()
    """Further ones that run when somebody else allows it; a list of operations shows them too."""
    demo: bool = False
    language: str = "en"
    """What the screen speaks."""
    region: str = ""
    """How it writes amounts and dates; empty for a decimal point and ISO dates."""
    layout: tuple[LayoutKeyView, ...] = ()
    """The keys that headquarters gave this register; they win over those of the screen."""
    may_switch: bool = True
    """Whether operation 917 connects and disconnects here; false on the sign-in screen of a store that forbids it."""

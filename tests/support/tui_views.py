"""One fixed view of every screen, for pictures and for the walk over keys."""

import msgspec

from store.register.operations import operations_for
from store.register.view import (
    Choice,
    Entry,
    Header,
    LayoutKeyView,
    LineView,
    Message,
    Mode,
    PaidPanel,
    Question,
    RefusedScan,
    ShiftPanel,
    SignOnPanel,
    TaxView,
    TenderChoice,
    TenderPanel,
    TenderView,
    Tone,
    Totals,
    View,
)
from store.sale.cash import denominations
from store.sale.policy import StorePolicy
from tui.view.local import Link, Local, Overlay

CLOCK = "14:03"
HEADER = Header(
    register="S0001-R01",
    store="First store",
    operator="Ann Baker",
    role="cashier",
    shift=12,
    connection="ONLINE",
)
LINES = (
    LineView(1, "Whole milk 3.8 % 1 l", "2", "", 109, 218, "7"),
    LineView(2, "Rye bread 750 g", "1", "", 349, 349, "7"),
    LineView(3, "Bananas loose", "0.482", "kg", 199, 96, "7"),
    LineView(4, "Gouda young, sliced 200 g, with a name that goes on and on", "12", "", 279, 3348, "7"),
    LineView(5, "Mineral water 6 x 1.5 l", "1", "", 234, 234, "19", voided=True),
    LineView(6, "deposit 6 x 0.25", "1", "", 150, 150, "19", source="offline"),
)
TOTALS = Totals(
    items="7",
    subtotal=1326,
    total=1326,
    taxes=(TaxView("reduced", "7", 72, True), TaxView("full", "19", 37, True)),
    due=1326,
)
CASH = TenderView(1, "cash", "Cash", 500, 500)
CHOICES = (
    TenderChoice("c", "Card (terminal)", "8.26"),
    TenderChoice("u", "US dollars", "8.97 USD"),
    TenderChoice("k", "Check", "8.26"),
    TenderChoice("v", "Voucher", "number or scan"),
    TenderChoice("a", "Customer account", "8.26"),
)
PAPER = (
    "          First store",
    "     Market Street 1, Springfield",
    "",
    "Whole milk 3.8 % 1 l",
    "   2 x 1.09                         2.18",
    "TOTAL EUR                          13.26",
)


def base(mode: Mode, **changes) -> View:
    """A view of a mode with its operations."""
    view = View(
        epoch="e1",
        seq=7,
        mode=mode,
        entry=Entry.CODE,
        header=HEADER,
        operations=operations_for(mode, "cashier", demo=False),
    )
    return msgspec.structs.replace(view, **changes)


def sale(**changes) -> View:
    """A sale of six lines."""
    message = Message(text="deposit 6 x 0.25   1.50", number=1)
    shown = base(Mode.SALE, lines=LINES, count=6, selected=6, totals=TOTALS, message=message)
    return msgspec.structs.replace(shown, **changes)


def long_sale() -> View:
    """Sixty lines, of which the core sends the last forty."""
    lines = tuple(LineView(n, f"Item number {n}", "1", "", 100, 100, "7") for n in range(21, 61))
    return sale(lines=lines, first=20, count=60, selected=60)


def _locked(operator: str = "", **changes) -> View:
    return base(
        Mode.LOCKED,
        entry=Entry.PIN if operator else Entry.OPERATOR,
        header=msgspec.structs.replace(HEADER, operator="", shift=0),
        sign_on=SignOnPanel(operator=operator, facts="Catalog of today 06:00, 2,114 items. Printer ready."),
        **changes,
    )


def _offline() -> Header:
    return msgspec.structs.replace(
        HEADER, connection="OFFLINE auto", up=1, reason="Server not answering since 14:03."
    )


def _question(**changes) -> Question:
    plain = Question(
        id="q1", kind="price", title="Price", lines=("Roses, bunch", "Type the price and Enter.")
    )
    return msgspec.structs.replace(plain, **changes)


GUARDED = _question(
    id="q2",
    kind="card",
    title="Card",
    lines=("Card 8.26 EUR: approved on the terminal?",),
    guarded=True,
    yes="Approved",
    no="Declined",
)
SWITCH = _question(
    id="switch-1",
    kind="switch_offline",
    title="The server does not answer",
    lines=(
        "pos.first-store.example:8918 refused the connection.",
        "Without an answer in 5 s the register goes offline. Selling goes on either way.",
    ),
    guarded=True,
    yes="Go offline",
    no="Try the server again",
    beneath="",
)
EMERGENCY = _question(
    id="q4",
    kind="emergency_code",
    title="Sign in by telephone code",
    lines=(
        "Call headquarters and tell them: register S0001-R01, operator 201, challenge",
        "7K2M-Q0ZT",
        "They tell a code of eight digits: type it and Enter. Good until 14:18.",
    ),
)
LAYOUT = (
    LayoutKeyView("", "f8", 917, ""),
    LayoutKeyView("sale", "f7", 500, "Void all", 1),
    LayoutKeyView("idle", "f7", 1000, "Drawer", 2),
)
_EURO = [f"{value / 100:.2f}" for value in denominations(StorePolicy())]
_COUNTED = {"100.00": "x 1", "50.00": "x 12"}
COUNT_SHEET = Question(
    id="q3",
    kind="count_sheet",
    title="How many 20.00?",
    lines=("Cash counted 700.00. Enter goes on, Esc one row back; 3*50 fills another row.",),
    choices=(
        *(Choice(f"> {note}" if note == "20.00" else note, _COUNTED.get(note, "")) for note in _EURO),
        Choice("Card", ""),
    ),
)
RETURN_PICKER = Question(
    id="q5",
    kind="return_lines",
    title="Return with receipt",
    lines=(
        "S0001-R01-000482 of 2026-11-24, 18.26 EUR",
        "Enter takes the selected line back, * all lines, 2*3 two of line 3. A scan takes one.",
    ),
    choices=(
        Choice("1", "Whole milk 3.8 % 1 l", "2 of 3     2.18"),
        Choice("2", "Frying pan, cast iron, 28 cm", "        1    11.99"),
        Choice("3", "Rye bread 750 g", "came back"),
        Choice("4", "Bananas loose", " 0.482 kg     0.96"),
    ),
    selected="2",
)
DEPARTMENTS = _question(
    id="q3",
    kind="department",
    title="Sell by department",
    lines=("Type the number and Enter.",),
    choices=tuple(Choice(str(n), f"Department {n}") for n in range(1, 23)),
)
PAID = PaidPanel(
    receipt_no="S0001-R01-000482",
    total=1326,
    taken=(TenderView(1, "cash", "Cash", 1326, 2000),),
    change=674,
    print_state="The drawer is open. Receipt printed.",
)
CONNECTION_ANSWER = {
    "mode": "OFFLINE auto",
    "since": "14:03 (12 min)",
    "reason": "no answer from pos.first-store.example:8918 within 0.8 s",
    "link": "reachable again since 14:11; the next sale connects",
    "next_attempt": "at the next sale, not before 14:16",
    "pending_transactions": 3,
    "oldest": "14:05",
    "amount": "41.28 EUR",
    "pending_downloads": 1,
    "waiting": "1020 Prices and discounts",
    "last_sync": "4 minutes ago, download failed: the answer broke off, uploads done",
    "readiness": "A newer Prices and discounts waits at the server; Sync now fetches it.",
    "data_sets": [
        {
            "name": "1020 Prices and discounts",
            "rows": "2,530",
            "as_of": "today 06:00",
            "state": "a newer one waits",
        },
        {"name": "1040 Products", "rows": "2,114", "as_of": "today 06:00", "state": "ready"},
        {"name": "1060 Staff", "rows": "14", "as_of": "2026-11-23 22:10", "state": "ready"},
        {"name": "1070 Channel configuration", "rows": "31", "as_of": "2026-11-23 22:10", "state": "ready"},
        {"name": "1090 Registers", "rows": "9", "as_of": "2026-11-23 22:10", "state": "ready"},
    ],
    "downloads": [
        {
            "name": "1020 Prices and discounts",
            "status": "Download failed",
            "rows": "",
            "size": "24 kB",
            "time": "14:02:11",
        },
        {"name": "1040 Products", "status": "Applied", "rows": "2,114", "size": "1.4 MB", "time": "06:01:40"},
        *(
            {
                "name": "1060 Staff",
                "status": "Applied",
                "rows": f"{n}",
                "size": "2.1 kB",
                "time": f"2026-11-{n} 22:10",
            }
            for n in range(23, 9, -1)
        ),
    ],
    "uploads": [
        {"name": "P-0001", "records": "12", "size": "9.1 kB", "status": "Uploaded", "time": "14:02:11"},
        {"name": "P-0001", "records": "31", "size": "24 kB", "status": "Uploaded", "time": "13:58:40"},
    ],
}
FOUND = {
    "items": [
        {"sku": "10017", "name": "Whole milk 3.8 % 1 l", "price": 109, "code": "4006381333931"},
        {"sku": "10018", "name": "Buttermilk 500 g", "price": 79, "code": "10018"},
    ]
}


CUSTOMERS = {
    "customers": [
        {"code": "C1", "name": "Maria Berg", "phone": "+49 30 123456", "card": "KC-1001", "blocked": ""},
        {
            "code": "C2",
            "name": "Marianne Lindenbaum-Hartmann",
            "phone": "0171 777888",
            "card": "",
            "blocked": "",
        },
        {"code": "C3", "name": "Marius Hill", "phone": "", "card": "", "blocked": "unpaid bills"},
    ],
    "source": "online",
    "complete": True,
}


def local(**changes) -> Local:
    """A connected screen."""
    return Local(**{"link": Link.CONNECTED} | changes)


def screens() -> dict[str, tuple[View | None, Local]]:
    """Every screen by name."""
    return {
        "starting": (None, Local()),
        "sign-in": (_locked(), local(entry="101")),
        "sign-in-pin": (_locked("101"), local(entry="101101", masked=True)),
        "sign-in-after-close": (
            _locked(
                shift=ShiftPanel(
                    number=12, rows=(("Sales", "41"), ("Cash counted", "412.80"), ("Over", "0.50"))
                )
            ),
            local(),
        ),
        "shift": (
            base(Mode.SHIFT, entry=Entry.AMOUNT, shift=ShiftPanel(rows=(("Last close", "yesterday 20:04"),))),
            local(entry="100"),
        ),
        "idle": (base(Mode.IDLE), local()),
        "report": (
            base(Mode.IDLE, shift=ShiftPanel(number=12, rows=(("Sales", "41"), ("Total", "998.10")))),
            local(),
        ),
        "report-paper": (base(Mode.IDLE, paper=PAPER * 5, paper_title="X report"), local(scroll=3)),
        "paid-report": (sale(mode=Mode.PAID, paid=PAID, paper=PAPER * 2, paper_title="X report"), local()),
        "sign-in-paper": (_locked(paper=PAPER * 5, paper_title="Z report"), local()),
        "sale": (sale(), local(entry="3*4006381333931")),
        "sale-long": (long_sale(), local(top=51)),
        "sale-offline": (
            sale(
                header=_offline(),
                message=Message(
                    text="Server not answering since 14:03. Selling goes on from the offline database.",
                    tone=Tone.WARN,
                    number=2,
                ),
            ),
            local(),
        ),
        "sale-discounts": (
            sale(
                lines=(
                    LineView(1, "Whole milk 3.8 % 1 l", "2", "", 109, 218, "7", discount=22),
                    LineView(2, "Rye bread 750 g", "1", "", 299, 299, "7", by_hand=True),
                    LineView(3, "Bananas loose", "0.482", "kg", 199, 96, "7", discount=10, by_hand=True),
                ),
                count=3,
                selected=3,
                totals=Totals(items="4", subtotal=613, discount=90, total=523),
            ),
            local(),
        ),
        "discounts": (sale(), local(overlay=Overlay.DISCOUNTS)),
        "sale-refused": (
            sale(
                refused=(
                    RefusedScan("4006381333932", "Wrong check digit."),
                    RefusedScan("99", "Unknown code."),
                ),
                message=Message(
                    text="Unknown code 99. Ins sells it by department.", tone=Tone.ERROR, number=3
                ),
            ),
            local(),
        ),
        "sale-long-message": (
            sale(
                message=Message(
                    text="4006381333932: its last digit is wrong (1 would fit). Scan again, or type it as it is "
                    "printed.",
                    tone=Tone.ERROR,
                    number=3,
                ),
            ),
            local(),
        ),
        "sale-waiting": (sale(), local(link=Link.WAITING, unanswered=3, entry="12")),
        "question": (sale(question=_question(), entry=Entry.AMOUNT), local(entry="7.50")),
        "question-guarded": (sale(question=GUARDED, entry=Entry.NOTHING), local()),
        "question-switch": (sale(question=SWITCH), local(entry="40063")),
        "sign-in-emergency": (_locked(question=EMERGENCY), local(entry="0417-55")),
        "sale-layout": (sale(layout=LAYOUT), local()),
        "question-departments": (sale(question=DEPARTMENTS, entry=Entry.CHOICE), local()),
        "pay": (
            sale(
                mode=Mode.TENDER,
                entry=Entry.AMOUNT,
                operations=operations_for(Mode.TENDER, "cashier", demo=False),
                totals=msgspec.structs.replace(TOTALS, paid=500, due=826),
                tender=TenderPanel(
                    taken=(CASH,), exact_cash=826, round_amounts=(1000, 2000, 5000), choices=CHOICES
                ),
                message=Message(text="Type the amount given and Enter.", number=4),
            ),
            local(entry="20"),
        ),
        "pay-back": (
            sale(
                mode=Mode.TENDER,
                entry=Entry.AMOUNT,
                operations=operations_for(Mode.TENDER, "cashier", demo=False),
                totals=msgspec.structs.replace(TOTALS, total=-1326, due=-1326),
                tender=TenderPanel(
                    exact_cash=1326, choices=(TenderChoice("c", "Card (terminal)", "8.26"),), back=True
                ),
                message=Message(text="13.26 goes back.", number=4),
            ),
            local(),
        ),
        "paid": (sale(mode=Mode.PAID, paid=PAID, message=Message()), local()),
        "paid-paper": (
            sale(mode=Mode.PAID, paid=PAID, paper=PAPER * 3, message=Message()),
            local(),
        ),
        "closing": (
            base(Mode.CLOSING, entry=Entry.AMOUNT, shift=ShiftPanel(number=12, rows=(("Sales", "41"),))),
            local(entry="412.80"),
        ),
        "safe-stop": (
            base(
                Mode.SAFE_STOP,
                message=Message(
                    text="The disk is full. Free some space, then Enter tries again.", tone=Tone.ERROR
                ),
            ),
            local(),
        ),
        "customers": (
            sale(customer="Maria Berg"),
            local(overlay=Overlay.CUSTOMERS, entry="mari", asked="mari", answer=CUSTOMERS, chosen=1),
        ),
        "find": (sale(), local(overlay=Overlay.FIND, entry="milk", asked="milk", answer=FOUND, chosen=1)),
        "menu": (sale(), local(overlay=Overlay.MENU)),
        "cash": (base(Mode.IDLE), local(overlay=Overlay.CASH)),
        "return-picker": (base(Mode.IDLE, question=RETURN_PICKER, entry=Entry.CODE), local()),
        "count-sheet": (base(Mode.IDLE, question=COUNT_SHEET, entry=Entry.QUANTITY), local(entry="7")),
        "connection": (sale(header=_offline()), local(overlay=Overlay.CONNECTION, answer=CONNECTION_ANSWER)),
        "connection-downloads": (
            sale(header=_offline()),
            local(overlay=Overlay.CONNECTION, answer=CONNECTION_ANSWER, tab=1, scroll=2),
        ),
        "connection-uploads": (
            base(Mode.IDLE),
            local(
                overlay=Overlay.CONNECTION,
                tab=2,
                answer=CONNECTION_ANSWER
                | {
                    "mode": "ONLINE",
                    "reason": "",
                    "next_attempt": "",
                    "pending_transactions": 0,
                    "oldest": "",
                    "amount": "",
                    "pending_downloads": 0,
                    "waiting": "",
                    "readiness": "",
                    "syncing": True,
                    "link": "reachable since 13:40",
                    "last_sync": "syncing now: asking the server",
                },
            ),
        ),
        "connection-no-data": (
            base(Mode.IDLE),
            local(
                overlay=Overlay.CONNECTION,
                answer={
                    "mode": "ONLINE",
                    "link": "reachable since 13:40",
                    "last_sync": "syncing now: downloading 1040 Products, part 2 of 5",
                    "readiness": "Not ready to sell offline: 1040 Products, 1060 Staff, 1070 Channel configuration "
                    "missing. Headquarters runs jobs 1040, 1060, 1070; then Sync now.",
                },
            ),
        ),
        "connection-before-sign-in": (_locked(), local(overlay=Overlay.CONNECTION)),
        "help": (sale(), local(overlay=Overlay.HELP)),
        "help-demo": (
            base(Mode.IDLE, demo=True),
            local(
                overlay=Overlay.HELP,
                scroll=14,
                answer={"rows": [["4006381333931", "Whole milk 3.8 % 1 l  every day"]]},
            ),
        ),
        "refused": (
            sale(refused=(RefusedScan("4006381333932", "Wrong check digit; a 1 was expected at the end."),)),
            local(overlay=Overlay.REFUSED),
        ),
        "watching": (sale(), local(watching=True)),
    }

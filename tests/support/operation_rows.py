"""Every operation as a person drives it: where, with which keys, what the screen shows, and the way back."""

from typing import NamedTuple

from shop_hand import DEL, ESC, F2, F3, F4, F5, F6, F7, F9, F12, HONEY, INS, MILK

F8, CTRL_D, CTRL_L, CTRL_Q, CTRL_W, CTRL_X = "\x1b[19~", "\x04", "\x0c", "\x11", "\x17", "\x18"
IDLE, SALE, TENDER, LOCKED, SHIFT = "idle", "sale", "tender", "locked", "shift"
DUE = "TOTAL EUR            1.09"
HOME = {
    IDLE: ("F1Help F2Find", "Items                   0"),
    SALE: ("F1Help F2Find", "┌ Sale", DUE),
    TENDER: ("Esc Back to the sale", "DUE                  1.09"),
    LOCKED: ("Type your number and Enter.", "F10Menu"),
    SHIFT: ("No shift is open.", "F10Menu"),
}
"""What says that the register stands there as it did before: nothing over it, the sale as it was."""
MANAGER, PIN = "201", "201201"
SIGN_IN = f"{MANAGER}\r{PIN}\r"
WATER, CARD = "4099900000032", "KC-1001"
Steps = tuple[tuple[str, str], ...]
"""Keys, and what is new on the screen then."""


class Row(NamedTuple):
    """How one operation is driven: where, what it shows at once, what goes on, and the way back."""

    number: int
    place: str
    shows: str
    then: Steps = ()
    back: Steps = ((ESC, ""),)
    key: str = ""
    before: Steps = ()
    offline: str = ""
    """What it shows at once while no server answers, and then nothing has to be undone."""


SCAN_MILK = (f"{MILK.code}\r", DUE)
SUSPEND = (SCAN_MILK, (F7, "Suspended: "))
VOID = (("/500\r", "Void the whole sale?"), (F5, ""))
CUSTOMER = ((f"{CARD}\r", "Sale: Maria Berg"),)
GUARDED_NO: Steps = ((F6, ""),)
STAYS: Steps = ()
"""Nothing lies over the screen."""
BETWEEN_SALES = (
    Row(101, IDLE, "┌ Price check", ((f"{HONEY.code}\r", "Honey forest 500 g"),), STAYS),
    Row(108, IDLE, "┌ Find an item (108)", (("honey forest 500", "101217"),), key=F2),
    Row(109, IDLE, "┌ Return without receipt"),
    Row(114, IDLE, "┌ Return ─", (("1\r", "┌ Return with receipt"),), key=F8),
    Row(
        115,
        IDLE,
        "Shift opened",
        (("\r", MILK.name),),
        ((ESC, "┌ Journal of this"), (ESC, "")),
        F6,
    ),
    Row(504, IDLE, "┌ Suspended sales", (("\r", DUE),), VOID, F7, SUSPEND),
    Row(511, IDLE, "┌ Voucher: how much?", (("20\r", "Voucher 99"),), VOID),
    Row(514, IDLE, "┌ Balance of which voucher?", (("12\r", "is no number of a voucher."),)),
    Row(
        517,
        IDLE,
        "┌ Income: which account?",
        (("8100\r", "how much?"), ("5\r", "Income: 5.00 put into")),
        STAYS,
    ),
    Row(
        518,
        IDLE,
        "┌ Expense: which account?",
        (("4980\r", "how much?"), ("5\r", "Expense: 5.00 taken")),
        STAYS,
    ),
    Row(602, IDLE, "┌ Find a customer (602)", (("berg", "> Maria Berg"),), key=F5),
    Row(
        612,
        IDLE,
        "┌ New customer",
        (
            ("Nora New\r", "Telephone number: type"),
            ("\r", "Mail address: type"),
            ("\r", "Scan the customer card"),
            ("\r", "Nora New is added."),
        ),
        STAYS,
    ),
    Row(717, IDLE, "┌ Health check", (), ((ESC, ""),)),
    Row(801, IDLE, "┌ Inventory look-up", ((f"{WATER}\r", "144 pcs"),)),
    Row(
        802,
        IDLE,
        "┌ Stock count",
        ((f"{MILK.code}\r", "1 pcs Alpenhof"), ("end\r", "Finish the stock count?"), (F5, "is recorded.")),
        STAYS,
    ),
    Row(918, IDLE, "┌ Shifts of this register"),
    Row(919, IDLE, "┌ Badge", (("101\r", "Ann Baker"), ("BADGE-101\r", "F2Find")), STAYS),
    Row(922, IDLE, "Type a code, or select a line of the sale.", (), STAYS),
    Row(1000, IDLE, "The drawer was opened without a sale", (), STAYS),
    Row(1056, IDLE, "X report: ", key=CTRL_X),
    Row(1057, IDLE, "There is no Z report to print again.", (), STAYS),
    Row(
        1100,
        IDLE,
        "┌ Pay into an account",
        ((f"{CARD}\r", "┌ Maria Berg"), ("5\r", "Maria Berg paid 5.00")),
        STAYS,
    ),
    Row(1201, IDLE, "┌ Float entry: how much?", (("5\r", "Float entry: 5.00"),), STAYS),
    Row(1210, IDLE, "┌ Tender removal: how much?", (("5 stamps\r", "Tender removal: 5.00"),), STAYS),
    Row(1211, IDLE, "┌ Safe drop: how much?", (("5\r", "Safe drop: 5.00"),), STAYS),
    Row(1212, IDLE, "┌ Bank drop: how much?", (("5\r", "bag"), ("BAG-7\r", "Bank drop: 5.00")), STAYS),
    Row(1220, IDLE, "┌ Manage safe"),
    Row(
        1221,
        IDLE,
        "┌ Suspended sales",
        (("1\r", "Void suspended sale S0001"), (F5, " is voided.")),
        STAYS,
        before=SUSPEND,
    ),
    Row(9101, IDLE, "┌ Sell by department", (("1\r", "┌ Dairy and eggs"),), key=INS),
    Row(9120, IDLE, "Synchronised: ", (), STAYS, offline="Not synchronised: "),
    Row(9130, IDLE, "Gift receipt of ", (), STAYS),
    Row(
        9135,
        IDLE,
        "Begin training?",
        ((F5, "TRAINING"), ("/9135\r", "Leave training?"), (F5, "Training has ended.")),
        STAYS,
    ),
    Row(9137, IDLE, "No sale is suspended.", (), STAYS),
    Row(9140, IDLE, "Undo this sale?", (), GUARDED_NO),
    Row(9150, IDLE, "┌ Return of empties"),
    Row(9151, IDLE, "Copy ", (), STAYS, F3),
    Row(9161, IDLE, "Type the customer's number or card", (), STAYS),
    Row(9170, IDLE, "so far; nothing is recorded"),
    Row(9171, IDLE, "█"),
    Row(1052, IDLE, "How many 500.00?"),
    Row(1053, IDLE, "Blind close shift 1?", (), GUARDED_NO),
    Row(1055, IDLE, "Count the cash in the drawer"),
    Row(917, IDLE, "Connection status (917)", key=F9),
    *(Row(9180 + n, IDLE, f"Macro {n} is not set up.", (), STAYS) for n in range(2, 10)),
    *(Row(n, IDLE, f"There is no operation {n} here.", (), STAYS) for n in (9801, 9802)),
)
AT_THE_LINES = (
    Row(9181, SALE, "6.18", (), ((DEL, ""),)),
    Row(100, SALE, "Type the code, then Enter.", ((f"{HONEY.code}\r", "6.18"),), ((DEL, ""),)),
    Row(102, SALE, "Voided: ", (), STAYS, DEL, ((f"{HONEY.code}\r", "6.18"),)),
    Row(103, SALE, "┌ Line comment", (("by hand\r", "Comment noted."),), STAYS),
    Row(
        104,
        SALE,
        "┌ Price override",
        (("1\r", "Reason for the price"), ("2\r", "TOTAL EUR            1.00")),
        (("/104\r", "┌ Price override"), ("1.09\r", "Reason for the price"), ("2\r", "")),
    ),
    Row(105, SALE, "┌ Quantity", (("3\r", "TOTAL EUR            3.27"),), (("1*\r", ""),), F4),
    Row(106, SALE, "1 x Alpenhof", (), STAYS, before=(("2*\r", "TOTAL EUR            2.18"),)),
    Row(110, SALE, "is sold by the piece", (), STAYS),
    Row(121, SALE, "No salesperson is on this sale.", (), STAYS),
    Row(122, SALE, "┌ Sale comment", (("thanks\r", "Comment noted."),), STAYS),
    Row(123, SALE, "is sold in pcs only.", (), STAYS),
    Row(127, SALE, "┌ Override sale tax", (("X\r", "certificate"),)),
    Row(128, SALE, "┌ Override sale tax from list"),
    Row(129, SALE, "┌ Override line tax", (("-\r", "has its own tax."),)),
    Row(130, SALE, "┌ Override line tax from list"),
    Row(136, SALE, "┌ Serial number", (("SN-1\r", "SN-1"),), STAYS),
    Row(
        300,
        SALE,
        "┌ Line discount, amount",
        (("0.09\r", "TOTAL EUR            1.00"),),
        (("/300\r", "┌ Line discount"), ("0\r", "")),
    ),
    Row(
        301,
        SALE,
        "┌ Line discount, percent",
        (("10\r", "TOTAL EUR            0.98"),),
        (("/301\r", "┌ Line discount"), ("0\r", "")),
    ),
    Row(
        302,
        SALE,
        "┌ Total discount, amount",
        (("0.09\r", "TOTAL EUR            1.00"),),
        (("/302\r", "┌ Total discount"), ("0\r", "")),
    ),
    Row(
        303,
        SALE,
        "┌ Total discount, percent",
        (("10\r", "TOTAL EUR            0.98"),),
        (("/303\r", "┌ Total discount"), ("0\r", "")),
    ),
    Row(310, SALE, "Discounts of headquarters: 0.00.", (), STAYS),
    Row(311, SALE, "No discounts of headquarters on this sale.", (), STAYS),
    Row(312, SALE, "Discounts of headquarters are back: 0.00.", (), STAYS),
    Row(501, SALE, "┌ Sale comment", (("-\r", "F2Find"),), STAYS),
    Row(502, SALE, "┌ Salesperson", (("101\r", "Sold by"),), (("/121\r", ""),)),
    Row(9136, SALE, "┌ Salesperson of the line", (("101\r", "Ann Baker"),), (("/121\r", ""),)),
    Row(603, SALE, "is off the sale.", (), STAYS, before=CUSTOMER),
    Row(
        9160,
        SALE,
        "Owes: ",
        (),
        ((ESC, "F2Find"), ("/603\r", "is off the sale.")),
        before=CUSTOMER,
        offline="Telephone number: ",
    ),
    Row(
        623,
        SALE,
        "┌ Edit customer",
        (),
        ((ESC, "F2Find"), ("/603\r", "is off the sale.")),
        before=CUSTOMER,
        offline="Editing a customer needs the server, which is away. Nothing was changed.",
    ),
    Row(9102, SALE, "┌ Why this price", key=CTRL_W),
    Row(500, SALE, "Void the whole sale?", ((F6, "The sale stays."),), STAYS),
    Row(503, SALE, "Suspended: ", (), ((F7, "┌ Suspended sales"), ("\r", "")), F7),
)
PAYING = (
    Row(139, SALE, "DUE", (), STAYS, F12),
    Row(200, TENDER, "Type the amount given and Enter.", (), STAYS),
    Row(201, TENDER, "approved on the terminal?", (), GUARDED_NO, "c"),
    Row(202, TENDER, "Nobody is on the sale. Put the customer on it first: Esc, then F5.", (), STAYS),
    Row(203, TENDER, "how much USD?"),
    Row(204, TENDER, "number of the check?"),
    Row(211, TENDER, "Voided: Cash 1.00. Give back 1.00.", (), STAYS, F3, (("1\r", "0.09 still to pay"),)),
    Row(213, TENDER, "┌ Which voucher?"),
    Row(206, TENDER, "CHANGE", (), ((ESC, ""),)),
)
COMING_AND_GOING = (
    Row(703, IDLE, "The register is locked.", (), STAYS, CTRL_L),
    Row(700, LOCKED, "Type your operator number and Enter.", (), STAYS),
    Row(9110, LOCKED, "┌ Sign in by telephone code"),
    Row(1054, IDLE, "Shift 1 is suspended.", (), STAYS),
    Row(1200, SHIFT, "Type the start amount in the drawer and Enter.", (("100\r", "F3Reprint"),), STAYS),
    Row(701, IDLE, "Type your number and Enter.", (), STAYS),
    Row(9901, LOCKED, "", (), STAYS, CTRL_D),
    Row(9900, LOCKED, "The register was ended", (), STAYS, CTRL_Q),
)

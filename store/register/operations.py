"""Every operation a person can run on the register, by number: the table, as data.

Numbers and names are those of the trade (docs/operations.md, made from this table); numbers from 9100 on are Outpost's
own. Only what is built is listed, so a key or a menu row never promises what fails.
"""

from collections.abc import Mapping

import msgspec

from store.exchange.permissions import ROLES, Permission, permissions_of
from store.register.view import Mode

__all__ = [
    "BY_NUMBER",
    "OPERATIONS",
    "ROLES",
    "Operation",
    "Permission",
    "as_rows",
    "may",
    "operations_for",
    "roles_with",
]


def may(role: str, permission: Permission, permissions: str = "") -> bool:
    """Whether `role` has `permission`; nobody signed in is the role "". `permissions`: headquarters' words for it."""
    if permission is Permission.ANYONE:
        return True
    return bool(role) and permission in permissions_of(role, permissions)


def roles_with(permission: Permission, sent: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """The roles that have `permission`, for a sentence that says whom to ask.

    `sent` are the roles of headquarters with their permissions; without any, those that are built in.
    """
    roles = sent or dict.fromkeys(ROLES, "")
    return tuple(role for role, permissions in roles.items() if may(role, permission, permissions))


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the table.

    `keys` are the default keys, in the notation of the key registry; `modes` are the modes in which it runs.
    `why` says why it works offline, or why it does not. `local` operations are carried out by the screen itself.
    """

    number: int
    name: str
    permission: Permission
    modes: frozenset[Mode]
    why: str
    keys: tuple[str, ...] = ()
    offline: bool = True
    local: bool = False
    demo: bool = False


_FREE = frozenset({Mode.IDLE, Mode.PAID})
_SELLING = _FREE | {Mode.SALE}
_PAYING = frozenset({Mode.SALE, Mode.TENDER})
_SIGNED_IN = _SELLING | {Mode.TENDER, Mode.SHIFT, Mode.CLOSING}
_ANY = frozenset(Mode) - {Mode.STARTING}

_OWN_DATA = "Answered from the offline database."
_OWN_JOURNAL = "The register's own journal has all it needs."
_LOCAL = "Nothing leaves the register."
_BY_ROLE = "The limits of the role are in the offline database."
_LINES = frozenset({Mode.SALE})


def _operation(
    number: int, name: str, permission: Permission, modes: frozenset[Mode], why: str, *keys: str
) -> Operation:
    return Operation(number=number, name=name, permission=permission, modes=modes, why=why, keys=keys)


_SELL = Permission.SELL
_MOVE = Permission.MOVE_CASH
_SLIP = "Recorded in the register's own journal; the slip is its own."
_OFFLINE_ACCOUNT = (
    "Within the store's offline limit, by the last known balance; without a limit it needs the server."
)

_OFFLINE_VOUCHER = (
    "Offline those that this register issued, others up to a limit; the server tells who spent twice."
)
_OFFLINE_RETURNS = "Receipts of this register; others if the store sends them; up to the store's limit."
_REFEREE = "Offline what this register suspended; what the others did, the server gives to one register."

OPERATIONS: tuple[Operation, ...] = (
    _operation(100, "Product sale", _SELL, _SELLING, _OWN_DATA),
    _operation(101, "Price check", Permission.SIGNED_IN, _SELLING | {Mode.SHIFT}, _OWN_DATA, "F3"),
    _operation(102, "Void line", _SELL, frozenset({Mode.SALE}), _LOCAL, "Del"),
    _operation(103, "Line comment", _SELL, _LINES, _LOCAL),
    _operation(104, "Price override", Permission.PRICE_OVERRIDE, _LINES, _BY_ROLE),
    _operation(105, "Set quantity", _SELL, frozenset({Mode.SALE}), _LOCAL, "F4"),
    _operation(106, "Clear quantity", _SELL, _LINES, _LOCAL),
    Operation(
        number=108,
        name="Product search",
        permission=Permission.SIGNED_IN,
        modes=_SELLING | {Mode.SHIFT},
        why=_OWN_DATA,
        keys=("F2",),
        local=True,
    ),
    _operation(109, "Return without receipt", Permission.RETURN_WITHOUT_RECEIPT, _SELLING, _BY_ROLE),
    _operation(110, "Weigh item", _SELL, _LINES, _LOCAL),
    _operation(114, "Return with receipt", Permission.RETURN, _SELLING, _OFFLINE_RETURNS, "F8"),
    _operation(115, "Show journal", _SELL, _SELLING, _OWN_JOURNAL, "F6"),
    _operation(122, "Invoice comment", _SELL, _LINES, _LOCAL),
    _operation(123, "Change unit of measure", _SELL, _LINES, _OWN_DATA),
    _operation(127, "Override sale tax", Permission.TAX_OVERRIDE, _LINES, _OWN_DATA),
    _operation(128, "Override sale tax from list", Permission.TAX_OVERRIDE, _LINES, _OWN_DATA),
    _operation(129, "Override line tax", Permission.TAX_OVERRIDE, _LINES, _OWN_DATA),
    _operation(130, "Override line tax from list", Permission.TAX_OVERRIDE, _LINES, _OWN_DATA),
    _operation(136, "Serial number", _SELL, _LINES, _LOCAL),
    _operation(139, "Pay", _SELL, frozenset({Mode.SALE}), _LOCAL, "F12", "+"),
    _operation(200, "Pay cash", _SELL, _PAYING, _LOCAL),
    _operation(
        201,
        "Pay card",
        _SELL,
        _PAYING,
        "The card terminal stands alone and has its own line.",
        "c",
        "Ctrl+K",
    ),
    _operation(202, "Pay customer account", _SELL, _PAYING, _OFFLINE_ACCOUNT),
    _operation(203, "Pay currency", _SELL, _PAYING, "The rates are in the offline database."),
    _operation(204, "Pay check", _SELL, _PAYING, _LOCAL),
    _operation(206, "Pay cash, exact amount", _SELL, _PAYING, _LOCAL, "F11"),
    _operation(211, "Void payment", _SELL, frozenset({Mode.TENDER}), _LOCAL, "F3"),
    _operation(213, "Pay voucher", _SELL, _PAYING, _OFFLINE_VOUCHER),
    _operation(300, "Line discount, amount", Permission.DISCOUNT, _LINES, _BY_ROLE),
    _operation(301, "Line discount, percent", Permission.DISCOUNT, _LINES, _BY_ROLE),
    _operation(302, "Total discount, amount", Permission.DISCOUNT, _LINES, _BY_ROLE),
    _operation(303, "Total discount, percent", Permission.DISCOUNT, _LINES, _BY_ROLE),
    _operation(310, "Calculate total", _SELL, _LINES, "The line keeps what it was offered at."),
    _operation(
        311,
        "Remove system discounts",
        Permission.DISCOUNT,
        _LINES,
        "The line keeps what it was offered at.",
    ),
    _operation(
        312,
        "Reapply system discounts",
        Permission.DISCOUNT,
        _LINES,
        "The line keeps what it was offered at.",
    ),
    _operation(121, "Clear salesperson", Permission.SALESPERSON, _LINES, _LOCAL),
    _operation(500, "Void sale", Permission.VOID_SALE, _PAYING, "Recorded in the register's own journal."),
    _operation(502, "Salesperson", Permission.SALESPERSON, _LINES, _OWN_DATA),
    _operation(503, "Suspend sale", Permission.SUSPEND, _LINES, _OWN_JOURNAL, "F7"),
    _operation(504, "Resume suspended sale", Permission.SUSPEND, _FREE, _REFEREE, "F7"),
    _operation(511, "Issue voucher", _SELL, _SELLING, "The register makes the number; the sale issues it."),
    _operation(514, "Voucher balance", _SELL, _SELLING | {Mode.TENDER}, _OFFLINE_VOUCHER),
    _operation(517, "Income account", _MOVE, _FREE, _SLIP),
    _operation(518, "Expense account", _MOVE, _FREE, _SLIP),
    _operation(501, "Sale comment", _SELL, _LINES, _LOCAL),
    Operation(
        number=602,
        name="Customer search",
        permission=_SELL,
        modes=_SELLING,
        why=_OWN_DATA,
        keys=("F5",),
        local=True,
    ),
    _operation(603, "Customer clear", _SELL, _LINES, _LOCAL),
    _operation(
        612, "Customer add", _SELL, _SELLING, "The customer has an own id; it goes up with the records."
    ),
    Operation(
        number=623,
        name="Edit customer",
        permission=_SELL,
        modes=_SELLING,
        why="Two registers offline would each undo what the other wrote.",
        offline=False,
    ),
    _operation(
        700, "Sign on", Permission.ANYONE, frozenset({Mode.LOCKED}), "PINs are checked on the register."
    ),
    _operation(701, "Sign off", Permission.SIGNED_IN, _FREE | {Mode.SHIFT}, _LOCAL),
    _operation(703, "Lock register", Permission.SIGNED_IN, _SIGNED_IN - {Mode.CLOSING}, _LOCAL, "Ctrl+L"),
    _operation(
        717,
        "Health check",
        Permission.SIGNED_IN,
        _SELLING | {Mode.SHIFT},
        "Offline it says that the server does not answer; everything else is tested here.",
    ),
    _operation(
        801,
        "Inventory look-up",
        Permission.SIGNED_IN,
        _SELLING | {Mode.SHIFT},
        "Offline it shows the last known figure of this store with its age.",
    ),
    _operation(802, "Stock count", Permission.STOCK_COUNT, _FREE, _SLIP),
    Operation(
        number=917,
        name="Database connection status",
        permission=Permission.ANYONE,
        modes=_ANY,
        why="It is about being offline.",
        keys=("F9",),
        local=True,
    ),
    _operation(
        918,
        "Manage shifts",
        Permission.OPEN_SHIFT,
        _FREE | {Mode.SHIFT},
        "Shows the shifts of this register; the register's own journal has all it needs.",
    ),
    _operation(
        919,
        "Assign badge",
        Permission.ASSIGN_BADGE,
        _FREE | {Mode.SHIFT},
        "Recorded in the register's own journal; the other registers know it when it is at the server.",
    ),
    _operation(922, "Product details", Permission.SIGNED_IN, _SELLING, _OWN_DATA),
    _operation(1000, "Open drawer", Permission.OPEN_DRAWER, _FREE, "The drawer hangs on the register."),
    _operation(1052, "Tender declaration", Permission.CLOSE_SHIFT, _FREE | {Mode.CLOSING}, _OWN_JOURNAL),
    _operation(1053, "Blind close shift", Permission.CLOSE_SHIFT, _FREE, _OWN_JOURNAL),
    _operation(1054, "Suspend shift", Permission.OPEN_SHIFT, _FREE, _OWN_JOURNAL),
    _operation(1055, "Close shift", Permission.CLOSE_SHIFT, _FREE, _OWN_JOURNAL),
    _operation(1056, "Print X report", Permission.SHIFT_REPORT, _FREE, _OWN_JOURNAL, "Ctrl+X"),
    _operation(1057, "Reprint Z report", Permission.SHIFT_REPORT, _FREE | {Mode.SHIFT}, _OWN_JOURNAL),
    _operation(1100, "Customer account deposit", _MOVE, _FREE, _SLIP),
    _operation(1200, "Declare start amount", Permission.OPEN_SHIFT, frozenset({Mode.SHIFT}), _LOCAL),
    _operation(1201, "Float entry", _MOVE, _FREE, _SLIP),
    _operation(1210, "Tender removal", _MOVE, _FREE, _SLIP),
    _operation(1211, "Safe drop", _MOVE, _FREE, _SLIP),
    _operation(1212, "Bank drop", _MOVE, _FREE, _SLIP),
    _operation(1220, "Manage safe", Permission.MANAGE_SAFE, _FREE, _SLIP),
    _operation(1221, "Void suspended sale", Permission.VOID_SALE, _FREE, _REFEREE),
    _operation(9101, "Sell by department", _SELL, _SELLING, _OWN_DATA, "Ins"),
    _operation(9102, "Why this price", _SELL, _LINES, "The line keeps what it was priced by.", "Ctrl+W"),
    _operation(9170, "Shift overview", Permission.SHIFT_REPORT, _FREE, _OWN_JOURNAL),
    _operation(9171, "Sales of the day", Permission.SHIFT_REPORT, _FREE, _OWN_JOURNAL),
    *(
        _operation(
            number, f"Macro {number - 9180}", _SELL, _SELLING | {Mode.TENDER}, "It is typed on the register."
        )
        for number in range(9181, 9190)
    ),
    _operation(9150, "Return of empties", _SELL, _SELLING, _OWN_DATA),
    _operation(9151, "Reprint last receipt", _SELL, _FREE, _OWN_JOURNAL, "F3"),
    _operation(9160, "Customer details", _SELL, _SELLING, _OWN_DATA),
    _operation(9161, "Account statement", _SELL, _SELLING, "By the last known balance, with its age."),
    _operation(9130, "Gift receipt", _SELL, _SELLING, _OWN_JOURNAL),
    _operation(9140, "Undo finished sale", Permission.POST_VOID, _FREE, _OWN_JOURNAL),
    _operation(
        9110,
        "Sign in by telephone code",
        Permission.ANYONE,
        frozenset({Mode.LOCKED}),
        "Headquarters tells the code by telephone; it is checked on the register.",
    ),
    _operation(9135, "Training", Permission.TRAINING, _FREE, "Practice leaves nothing but its own records."),
    _operation(9136, "Salesperson of the line", Permission.SALESPERSON, _LINES, _OWN_DATA),
    _operation(
        9137,
        "Give suspended sales to the store",
        Permission.SUSPEND,
        _FREE,
        "It is recorded at once; the others get them when both are online.",
    ),
    _operation(
        9120,
        "Sync now",
        Permission.ANYONE,
        _ANY,
        "Offline it tries once and says what is in the way.",
        "F5",
    ),
    Operation(
        number=9801,
        name="Pull or restore the network cable",
        permission=Permission.ANYONE,
        modes=_ANY,
        why="It makes the register offline.",
        demo=True,
    ),
    Operation(
        number=9802,
        name="Kill or restart the server",
        permission=Permission.ANYONE,
        modes=_ANY,
        why="It makes the register offline.",
        demo=True,
    ),
    _operation(9900, "End the register", Permission.ANYONE, _ANY, _LOCAL, "Ctrl+Q"),
    Operation(
        number=9901,
        name="Detach this screen",
        permission=Permission.ANYONE,
        modes=_ANY,
        why=_LOCAL,
        keys=("Ctrl+D",),
        local=True,
    ),
)

BY_NUMBER: dict[int, Operation] = {operation.number: operation for operation in OPERATIONS}


def operations_for(mode: Mode, role: str, permissions: str = "", *, demo: bool) -> tuple[int, ...]:
    """Numbers of the operations that `role` can run in `mode`; those of the demo shop only when `demo`."""
    return tuple(
        operation.number
        for operation in OPERATIONS
        if mode in operation.modes
        and may(role, operation.permission, permissions)
        and (demo or not operation.demo)
    )


def as_rows(*, demo: bool = False) -> list[dict[str, object]]:
    """The table as `outpost operations --json` prints it (fields are only ever added)."""
    return [
        {
            "number": operation.number,
            "name": operation.name,
            "permission": operation.permission.value,
            "keys": list(operation.keys),
            "offline": operation.offline,
            "why": operation.why,
            "modes": sorted(mode.value for mode in operation.modes),
            "roles": list(roles_with(operation.permission)),
        }
        for operation in OPERATIONS
        if demo or not operation.demo
    ]

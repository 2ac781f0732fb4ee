"""What a role may allow, and the roles that need no set-up; headquarters sends further ones with job 1060."""

from enum import StrEnum
from functools import lru_cache

import msgspec

from store.sale.limits import AMOUNTS, UNLIMITED, WORDS, Limits
from store.sale.quantity import SCALE, parse_quantity, thousandths


class Permission(StrEnum):
    """What a role may allow; an operation needs exactly one."""

    ANYONE = "anyone"
    """Also before sign-in."""
    SIGNED_IN = "signed_in"
    SELL = "sell"
    DISCOUNT = "discount"
    PRICE_OVERRIDE = "price_override"
    TAX_OVERRIDE = "tax_override"
    """Another tax on goods, exemptions."""
    VOID_SALE = "void_sale"
    OPEN_DRAWER = "open_drawer"
    OPEN_SHIFT = "open_shift"
    CLOSE_SHIFT = "close_shift"
    SHIFT_REPORT = "shift_report"
    MOVE_CASH = "move_cash"
    """Money into and out of the drawer without a sale: float, removal, drops, income, expense."""
    RETURN = "return"
    """Take goods back with their receipt."""
    RETURN_WITHOUT_RECEIPT = "return_without_receipt"
    POST_VOID = "post_void"
    """Undo a finished sale of the open shift."""
    SUSPEND = "suspend"
    """Suspend a sale and resume one."""
    SALESPERSON = "salesperson"
    """Say who sold a line or the sale."""
    TRAINING = "training"
    """Put the register into training and out of it."""
    ASSIGN_BADGE = "assign_badge"
    STOCK_COUNT = "stock_count"
    """Count the stock with the scanner."""
    MANAGE_SAFE = "manage_safe"
    """Count the store's safe, and money between it and the bank."""
    TAKE_OVER = "take_over"
    """Unlock a register that another operator locked with a sale open, and free a locked-out operator."""


ROLES: dict[str, frozenset[Permission]] = {
    "cashier": frozenset(Permission)
    - {Permission.TAKE_OVER, Permission.POST_VOID, Permission.TAX_OVERRIDE}
    - {Permission.TRAINING, Permission.ASSIGN_BADGE, Permission.MANAGE_SAFE},
    "manager": frozenset(Permission),
    "technician": frozenset({Permission.ANYONE, Permission.SIGNED_IN, Permission.SHIFT_REPORT}),
}
"""A technician looks after the register and touches no money. Approval by a second person comes with overrides."""


@lru_cache(maxsize=128)
def permissions_of(role: str, permissions: str = "") -> frozenset[Permission]:
    """What a role may do: `permissions` (words apart by spaces) when headquarters sent any, else what is built in.

    Unknown words are those of a newer program and are ignored; whoever has a role is somebody signed in.
    """
    known = {permission.value for permission in Permission}
    sent = frozenset(Permission(word) for word in permissions.split() if word in known)
    if permissions.split():
        return sent | {Permission.ANYONE, Permission.SIGNED_IN}
    return ROLES.get(role, frozenset())


LIMITS: dict[str, Limits] = {"manager": UNLIMITED}
"""The limits of the built-in roles; every other role has those that `Limits` begins with."""


@lru_cache(maxsize=128)
def limits_of(role: str, permissions: str = "") -> Limits:
    """How far a role may go: what is built in, changed by words such as `line_discount=5` among `permissions`."""
    limits = LIMITS.get(role, Limits())
    for word in permissions.split():
        name, equals, value = word.partition("=")
        if equals and not limit_fault(word):
            typed: str | int = int(value) if name in AMOUNTS else value
            limits = msgspec.structs.replace(limits, **{WORDS[name]: typed})
    return limits


def limit_fault(word: str) -> str:
    """Why a word such as `line_discount=5` is no limit, a sentence; empty when it is one."""
    name, _, value = word.partition("=")
    if name not in WORDS:
        return f"{word[:40]!r} is no limit. There are: {', '.join(WORDS)}."
    if name in AMOUNTS:
        whole = value.isascii() and value.isdigit() and len(value) <= 12
        return "" if whole else f"{word[:40]!r}: write whole minor units, such as {name}=500."
    if parse_quantity(value) != value or len(value) > 8:
        return f"{word[:40]!r}: write percent, such as {name}=10 or {name}=7.5."
    most = 10_000 if name == "price_higher" else 100
    if thousandths(value) > most * SCALE:
        return f"{word[:40]!r}: at most {most} percent."
    return ""

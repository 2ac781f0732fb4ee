"""What a role may allow, and the roles that need no set-up; headquarters sends further ones with job 1060."""

from enum import StrEnum
from functools import lru_cache


class Permission(StrEnum):
    """What a role may allow; an operation needs exactly one."""

    ANYONE = "anyone"
    """Also before sign-in."""
    SIGNED_IN = "signed_in"
    SELL = "sell"
    VOID_SALE = "void_sale"
    OPEN_DRAWER = "open_drawer"
    OPEN_SHIFT = "open_shift"
    CLOSE_SHIFT = "close_shift"
    SHIFT_REPORT = "shift_report"
    TAKE_OVER = "take_over"
    """Unlock a register that another operator locked with a sale open, and free a locked-out operator."""


ROLES: dict[str, frozenset[Permission]] = {
    "cashier": frozenset(Permission) - {Permission.TAKE_OVER},
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

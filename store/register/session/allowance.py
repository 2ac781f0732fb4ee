"""What the person at the till may now: the role's permissions and limits, or those of whoever allows one operation."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import msgspec

from store.exchange.permissions import limits_of
from store.register.journal.entry import PrintJob
from store.register.operations import BY_NUMBER, OPERATIONS, Permission, may, roles_with
from store.register.session.state import SessionState
from store.register.session.till import TillState
from store.register.view import Mode
from store.sale.limits import Limits
from store.sale.voucher_slip import VOUCHER_SLIP

NOT_TO_ALLOW = frozenset({Permission.ANYONE, Permission.SIGNED_IN, Permission.SELL})
"""What is no single operation: whoever sells signs in."""
OVER = frozenset({TillState.LOCKED, TillState.SAFE_STOP, TillState.RECOVER})
"""Where what somebody allowed holds no longer."""
ROW = 78
"""Characters of the message's row at 80 columns."""
TRAINING = "training."
"""How the kinds of records begin that were made for practice."""
PRACTISED = frozenset({"sale", "void", "return"})
"""Kinds of records that are made for practice while the register is in training."""


NOT_OPERATIONS = frozenset({"lock", "unlock", "mode", "clock", "sign.on", "sign.off", "override"})
"""Kinds of records that can come between an operation's question and its own record."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What was refused for the role and somebody else may allow: by whom, and for what."""

    name: str
    why: str
    roles: tuple[str, ...]
    permission: str = ""


def in_one_row(why: str, who: str) -> str:
    """Both sentences, a little shorter where they do not fit into the row of the message."""
    both = f"{why} {who}"
    return both if len(both) <= ROW else f"{both.removesuffix('.').removesuffix(' for it')}."


def has(state: SessionState, permission: Permission) -> bool:
    """Whether `permission` is there now: the role's own, or allowed by the person of the grant."""
    grant = state.grant
    if grant is not None and may(grant.role, permission, grant.permissions):
        return True
    return may(state.role, permission, state.permissions)


def limits(state: SessionState) -> Limits:
    """How far the person at the till may go now."""
    if state.grant is not None:
        return limits_of(state.grant.role, state.grant.permissions)
    return limits_of(state.role, state.permissions)


def who_may_go_further(
    roles: Mapping[str, str], number: int, allows: Callable[[Limits], bool]
) -> tuple[str, ...]:
    """The roles that may run operation `number` with limits that are wide enough."""
    known = dict(roles) or dict.fromkeys(("cashier", "manager"), "")
    return tuple(
        role
        for role, permissions in known.items()
        if may(role, BY_NUMBER[number].permission, permissions) and allows(limits_of(role, permissions))
    )


def allowable(state: SessionState, roles: Mapping[str, str]) -> tuple[int, ...]:
    """Operations of the present mode that the role lacks and a person of another role may allow."""
    if not state.role:
        return ()
    return _allowable(state.mode, state.role, state.permissions, tuple(roles.items()))


@lru_cache(maxsize=64)
def _allowable(
    mode: Mode, role: str, permissions: str, roles: tuple[tuple[str, str], ...]
) -> tuple[int, ...]:
    return tuple(
        operation.number
        for operation in OPERATIONS
        if mode in operation.modes
        and operation.permission not in NOT_TO_ALLOW
        and not may(role, operation.permission, permissions)
        and roles_with(operation.permission, dict(roles))
    )


def still_allowed(state: SessionState) -> bool:
    """Whether the operation that somebody allowed is still going on: a question of it is open, or a drawer counted."""
    if state.till in OVER:
        return False
    return state.asked is not None or state.till is TillState.CLOSING


def marked(state: SessionState, kind: str, body: dict[str, Any], today: str) -> tuple[str, dict[str, Any]]:
    """Kind and body of a record as they are stored: who allowed it, whether it was made for practice or on a later day.

    `today` is the date where the register stands; the shift's business date stays what it was at the opening.
    """
    if kind == "sale" and state.shift is not None and state.shift.business_date < today:
        body = {**body, "late": 1}
    if state.grant is not None and "allowed_by" not in body:
        body = {**body, "allowed_by": state.grant.number}
    if state.training and kind in PRACTISED:
        return f"{TRAINING}{kind}", {**body, "training": 1}
    return kind, body


def practised(kind: str, jobs: tuple[PrintJob, ...]) -> tuple[PrintJob, ...]:
    """The print jobs of a record; practice opens no drawer and issues no voucher."""
    if not kind.startswith(TRAINING):
        return jobs
    return tuple(job for job in jobs if job.kind != "drawer" and job.document_kind != VOUCHER_SLIP)

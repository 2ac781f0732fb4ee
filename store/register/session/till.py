"""Where the cashier stands: the states of the till and every transition between them, as a table.

Pure: a test walks the whole product. The numbers T1 to T21 are those of docs/till.md. What a screen calls SHIFT and
PAID are faces of IDLE; they change nothing about what may happen next.
"""

from enum import StrEnum

from store.register.view import Mode


class TillState(StrEnum):
    """Where the cashier stands."""

    RECOVER = "recover"
    """The core reads its journal, or settles a commit whose outcome is unknown."""
    LOCKED = "locked"
    IDLE = "idle"
    SALE = "sale"
    TENDER = "tender"
    COMMIT = "commit"
    """From the last tender to the journal's answer; nothing can cancel it and no network is asked."""
    CLOSING = "closing"
    SAFE_STOP = "safe_stop"
    """The journal cannot keep its promise; nothing is sold until it can."""


class TillEvent(StrEnum):
    """What can happen to the till."""

    CORE_STARTED = "core_started"
    RECOVERED_LOCKED = "recovered_locked"
    RECOVERED_IDLE = "recovered_idle"
    RECOVERED_SALE = "recovered_sale"
    RECOVERED_TENDER = "recovered_tender"
    RECOVERY_FAILED = "recovery_failed"
    SIGNED_IN = "signed_in"
    SIGNED_IN_TO_SALE = "signed_in_to_sale"
    SIGNED_IN_TO_TENDER = "signed_in_to_tender"
    TRANSACTION_BEGAN = "transaction_began"
    LINE_CHANGED = "line_changed"
    CALL_FAILED = "call_failed"
    PAYMENT_BEGAN = "payment_began"
    WENT_BACK = "went_back"
    TENDER_CHANGED = "tender_changed"
    BALANCED = "balanced"
    COMMITTED = "committed"
    COMMIT_UNKNOWN = "commit_unknown"
    VOIDED = "voided"
    SUSPENDED = "suspended"
    RECALLED = "recalled"
    LOCK_ASKED = "lock_asked"
    SIGNED_OFF = "signed_off"
    SHIFT_WORK_DONE = "shift_work_done"
    CLOSING_BEGAN = "closing_began"
    CLOSING_LEFT = "closing_left"
    SHIFT_CLOSED = "shift_closed"
    STORAGE_FAILED = "storage_failed"
    REPAIRED = "repaired"
    SERIES_REFUSED = "series_refused"


class ImpossibleTransition(Exception):
    """A programming error: the event cannot happen in this state."""

    def __init__(self, state: TillState, event: TillEvent) -> None:
        super().__init__(f"{event.value} cannot happen while the till is in {state.value}")


_S = TillState
_E = TillEvent

_SAFE_STOPS: dict[tuple[TillState, TillEvent], TillState] = {
    (state, event): _S.SAFE_STOP
    for state in TillState
    if state is not _S.COMMIT
    for event in (_E.STORAGE_FAILED, _E.SERIES_REFUSED)  # T19, T21
}

TRANSITIONS: dict[tuple[TillState, TillEvent], TillState] = {
    (_S.RECOVER, _E.CORE_STARTED): _S.RECOVER,  # T1
    (_S.RECOVER, _E.RECOVERED_LOCKED): _S.LOCKED,  # T2
    (_S.RECOVER, _E.RECOVERED_IDLE): _S.IDLE,  # T2, and T13 when the record is there
    (_S.RECOVER, _E.RECOVERED_SALE): _S.SALE,  # T2
    (_S.RECOVER, _E.RECOVERED_TENDER): _S.TENDER,  # T2, and T13 when the record is not there
    (_S.RECOVER, _E.RECOVERY_FAILED): _S.SAFE_STOP,  # T3
    (_S.LOCKED, _E.SIGNED_IN): _S.IDLE,  # T4
    (_S.LOCKED, _E.SIGNED_IN_TO_SALE): _S.SALE,  # T4
    (_S.LOCKED, _E.SIGNED_IN_TO_TENDER): _S.TENDER,  # T4
    (_S.IDLE, _E.TRANSACTION_BEGAN): _S.SALE,  # T5
    (_S.SALE, _E.LINE_CHANGED): _S.SALE,  # T6
    (_S.SALE, _E.CALL_FAILED): _S.SALE,  # T7
    (_S.SALE, _E.PAYMENT_BEGAN): _S.TENDER,  # T8
    (_S.TENDER, _E.WENT_BACK): _S.SALE,  # T9
    (_S.TENDER, _E.TENDER_CHANGED): _S.TENDER,  # T9: a tender taken or voided, something still due
    (_S.TENDER, _E.CALL_FAILED): _S.TENDER,  # T10
    (_S.TENDER, _E.BALANCED): _S.COMMIT,  # T11
    (_S.COMMIT, _E.COMMITTED): _S.IDLE,  # T12
    (_S.COMMIT, _E.COMMIT_UNKNOWN): _S.RECOVER,  # T13
    (_S.SALE, _E.VOIDED): _S.IDLE,  # T14
    (_S.TENDER, _E.VOIDED): _S.IDLE,  # T14
    (_S.SALE, _E.SUSPENDED): _S.IDLE,  # T15
    (_S.IDLE, _E.RECALLED): _S.SALE,  # T15
    (_S.IDLE, _E.LOCK_ASKED): _S.LOCKED,  # T16
    (_S.SALE, _E.LOCK_ASKED): _S.LOCKED,  # T16
    (_S.TENDER, _E.LOCK_ASKED): _S.LOCKED,  # T16
    (_S.IDLE, _E.SIGNED_OFF): _S.LOCKED,  # T16
    (_S.IDLE, _E.SHIFT_WORK_DONE): _S.IDLE,  # T17
    (_S.IDLE, _E.CLOSING_BEGAN): _S.CLOSING,  # T18
    (_S.CLOSING, _E.CLOSING_LEFT): _S.IDLE,  # T18: Esc, nothing was counted
    (_S.CLOSING, _E.SHIFT_CLOSED): _S.LOCKED,  # T18
    (_S.SAFE_STOP, _E.REPAIRED): _S.RECOVER,  # T20
    **_SAFE_STOPS,
}


def after(state: TillState, event: TillEvent) -> TillState:
    """The state after `event`; raises `ImpossibleTransition` where the table has no row."""
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise ImpossibleTransition(state, event) from None


def mode_of(state: TillState, *, shift_open: bool, paid: bool) -> Mode:
    """What a screen calls `state`: without a shift IDLE is SHIFT, after the last tender it is PAID."""
    match state:
        case TillState.RECOVER | TillState.COMMIT:
            return Mode.STARTING
        case TillState.IDLE if not shift_open:
            return Mode.SHIFT
        case TillState.IDLE if paid:
            return Mode.PAID
        case _:
            return Mode(state.value)

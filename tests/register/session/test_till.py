"""Every pair of state and event of the till: in the table as the protocol has it, or refused loudly."""

import itertools

import pytest

from store.register.session.till import (
    TRANSITIONS,
    ImpossibleTransition,
    TillEvent,
    TillState,
    after,
    mode_of,
)
from store.register.view import Mode

S, E = TillState, TillEvent

# The protocol's rows, written down a second time by number, so that a slip in the table shows.
PROTOCOL = {
    "T1": {(S.RECOVER, E.CORE_STARTED, S.RECOVER)},
    "T2": {
        (S.RECOVER, E.RECOVERED_LOCKED, S.LOCKED),
        (S.RECOVER, E.RECOVERED_IDLE, S.IDLE),
        (S.RECOVER, E.RECOVERED_SALE, S.SALE),
        (S.RECOVER, E.RECOVERED_TENDER, S.TENDER),
    },
    "T3": {(S.RECOVER, E.RECOVERY_FAILED, S.SAFE_STOP)},
    "T4": {
        (S.LOCKED, E.SIGNED_IN, S.IDLE),
        (S.LOCKED, E.SIGNED_IN_TO_SALE, S.SALE),
        (S.LOCKED, E.SIGNED_IN_TO_TENDER, S.TENDER),
    },
    "T5": {(S.IDLE, E.TRANSACTION_BEGAN, S.SALE)},
    "T6": {(S.SALE, E.LINE_CHANGED, S.SALE)},
    "T7": {(S.SALE, E.CALL_FAILED, S.SALE)},
    "T8": {(S.SALE, E.PAYMENT_BEGAN, S.TENDER)},
    "T9": {(S.TENDER, E.WENT_BACK, S.SALE), (S.TENDER, E.TENDER_CHANGED, S.TENDER)},
    "T10": {(S.TENDER, E.CALL_FAILED, S.TENDER)},
    "T11": {(S.TENDER, E.BALANCED, S.COMMIT)},
    "T12": {(S.COMMIT, E.COMMITTED, S.IDLE)},
    "T13": {(S.COMMIT, E.COMMIT_UNKNOWN, S.RECOVER)},
    "T14": {(S.SALE, E.VOIDED, S.IDLE), (S.TENDER, E.VOIDED, S.IDLE)},
    "T15": {(S.SALE, E.SUSPENDED, S.IDLE), (S.IDLE, E.RECALLED, S.SALE)},
    "T16": {
        (S.SALE, E.LOCK_ASKED, S.LOCKED),
        (S.TENDER, E.LOCK_ASKED, S.LOCKED),
        (S.IDLE, E.LOCK_ASKED, S.LOCKED),
        (S.IDLE, E.SIGNED_OFF, S.LOCKED),
    },
    "T17": {(S.IDLE, E.SHIFT_WORK_DONE, S.IDLE)},
    "T18": {
        (S.IDLE, E.CLOSING_BEGAN, S.CLOSING),
        (S.CLOSING, E.CLOSING_LEFT, S.IDLE),
        (S.CLOSING, E.SHIFT_CLOSED, S.LOCKED),
    },
    "T19": {(state, E.STORAGE_FAILED, S.SAFE_STOP) for state in S if state is not S.COMMIT},
    "T20": {(S.SAFE_STOP, E.REPAIRED, S.RECOVER)},
    "T21": {(state, E.SERIES_REFUSED, S.SAFE_STOP) for state in S if state is not S.COMMIT},
}


def test_the_table_is_the_protocols_twenty_one_rows_and_nothing_else():
    table = {(state, event, target) for (state, event), target in TRANSITIONS.items()}
    assert table == set().union(*PROTOCOL.values())


@pytest.mark.parametrize(("state", "event"), list(itertools.product(TillState, TillEvent)))
def test_every_pair_leads_somewhere_or_is_called_impossible(state, event):
    expected = {(s, e): t for rows in PROTOCOL.values() for s, e, t in rows}.get((state, event))
    if expected is None:
        with pytest.raises(ImpossibleTransition, match=f"{event.value} cannot happen while .* {state.value}"):
            after(state, event)
    else:
        assert after(state, event) is expected


def test_nothing_cancels_a_commit():
    assert {event for state, event in TRANSITIONS if state is S.COMMIT} == {E.COMMITTED, E.COMMIT_UNKNOWN}


def test_every_state_can_be_left_and_reached():
    assert {state for state, _ in TRANSITIONS} == set(S)
    assert set(TRANSITIONS.values()) == set(S)


@pytest.mark.parametrize("state", TillState)
@pytest.mark.parametrize("shift_open", [True, False])
@pytest.mark.parametrize("paid", [True, False])
def test_every_state_has_one_name_on_the_screen(state, shift_open, paid):
    mode = mode_of(state, shift_open=shift_open, paid=paid)
    if state is S.IDLE:
        assert mode is (Mode.SHIFT if not shift_open else Mode.PAID if paid else Mode.IDLE)
    else:
        assert mode.value == {"recover": "starting", "commit": "starting"}.get(state.value, state.value)

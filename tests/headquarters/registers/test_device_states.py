"""The table of a device's states is complete, and every refusal has its sentence."""

import itertools

import pytest

from store.headquarters.registers.device_states import (
    TRANSITIONS,
    WHY_NOT,
    DeviceEvent,
    DeviceState,
    step,
)

PAIRS = list(itertools.product(DeviceState, DeviceEvent))


@pytest.mark.parametrize(("state", "event"), PAIRS)
def test_every_state_says_what_every_event_does_to_it(state, event):
    after = TRANSITIONS[state, event]
    assert (after is None) == ((state, event) in WHY_NOT)
    assert step(state, event) is after


def test_the_table_has_no_other_rows():
    assert set(TRANSITIONS) == set(PAIRS)


def test_a_machine_comes_into_use_by_being_enrolled_only():
    ways = {event for (state, event), after in TRANSITIONS.items() if after is DeviceState.ACTIVATED}
    assert ways == {DeviceEvent.ENROLLED, DeviceEvent.CODE_ISSUED, DeviceEvent.ENABLED}
    assert step(DeviceState.PENDING, DeviceEvent.CODE_ISSUED) is DeviceState.PENDING
    assert step(DeviceState.DEACTIVATED, DeviceEvent.ENROLLED) is DeviceState.DEACTIVATED
    assert step(DeviceState.DISABLED, DeviceEvent.ENROLLED) is DeviceState.DISABLED


def test_enabling_a_device_that_no_machine_ever_was_leaves_it_pending():
    assert step(DeviceState.DISABLED, DeviceEvent.ENABLED, enrolled=False) is DeviceState.PENDING
    assert step(DeviceState.DISABLED, DeviceEvent.DEACTIVATED, enrolled=False) is None


def test_every_state_can_be_left():
    for state in DeviceState:
        assert any(TRANSITIONS[state, event] not in (None, state) for event in DeviceEvent)

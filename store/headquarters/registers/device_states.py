"""The states of a device, the machine behind a register, and what may happen to it. PURE.

Pending: a register that no machine has become yet. Activated: a machine was enrolled. Deactivated: it was un-enrolled
in order. Disabled: headquarters does not want to hear of it (lost, stolen, suspicious).
"""

from enum import StrEnum


class DeviceState(StrEnum):
    """Where a device stands; the words that people see."""

    PENDING = "Pending"
    ACTIVATED = "Activated"
    DEACTIVATED = "Deactivated"
    DISABLED = "Disabled"


class DeviceEvent(StrEnum):
    """What happens to a device."""

    CODE_ISSUED = "code issued"
    ENROLLED = "enrolled"
    DEACTIVATED = "deactivated"
    DISABLED = "disabled"
    ENABLED = "enabled"
    """A disabled device may be used again: as before if it was enrolled, else it waits for a machine."""


_P, _A, _D, _X = (
    DeviceState.PENDING,
    DeviceState.ACTIVATED,
    DeviceState.DEACTIVATED,
    DeviceState.DISABLED,
)
_E = DeviceEvent

TRANSITIONS: dict[tuple[DeviceState, DeviceEvent], DeviceState | None] = {
    (_P, _E.CODE_ISSUED): _P,
    (_P, _E.ENROLLED): _A,
    (_P, _E.DEACTIVATED): None,
    (_P, _E.DISABLED): _X,
    (_P, _E.ENABLED): None,
    (
        _A,
        _E.CODE_ISSUED,
    ): _A,  # for the next machine, under the next epoch; the present one sells on until then
    (_A, _E.ENROLLED): _A,
    (_A, _E.DEACTIVATED): _D,
    (_A, _E.DISABLED): _X,
    (_A, _E.ENABLED): None,
    (_D, _E.CODE_ISSUED): _P,
    (_D, _E.ENROLLED): _D,  # a report that comes late
    (_D, _E.DEACTIVATED): None,
    (_D, _E.DISABLED): _X,
    (_D, _E.ENABLED): None,
    (_X, _E.CODE_ISSUED): None,
    (_X, _E.ENROLLED): _X,  # a report that comes late
    (_X, _E.DEACTIVATED): _D,
    (_X, _E.DISABLED): None,
    (_X, _E.ENABLED): _A,
}
"""(state, event) → the next state; None is refused with a sentence of `WHY_NOT`."""

WHY_NOT: dict[tuple[DeviceState, DeviceEvent], str] = {
    (_P, _E.DEACTIVATED): "no machine was enrolled as this register",
    (_P, _E.ENABLED): "it is not disabled",
    (_A, _E.ENABLED): "it is activated",
    (_D, _E.DEACTIVATED): "it is deactivated already",
    (_D, _E.ENABLED): "it is not disabled; make an activation code for it",
    (_X, _E.CODE_ISSUED): "it is disabled; enable it first with --status activated",
    (_X, _E.DISABLED): "it is disabled already",
}


def step(state: DeviceState, event: DeviceEvent, *, enrolled: bool = True) -> DeviceState | None:
    """The state after an event, or None when it cannot happen; `enrolled`: some machine has been this register."""
    found = TRANSITIONS[state, event]
    if state is _X and found in (_A, _D) and not enrolled:
        return _P if event is _E.ENABLED else None
    return found

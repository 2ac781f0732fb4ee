"""The states of the upload as a table (docs/journal.md). Pure; a test walks the whole product."""

from enum import StrEnum


class UploadPhase(StrEnum):
    """Where the one sender of a series stands."""

    IDLE = "idle"
    """The server has everything."""
    DUE = "due"
    """Records wait; a batch goes out as soon as the link is up and nobody is paying."""
    IN_FLIGHT = "in_flight"
    """Exactly one batch is out."""
    BACKOFF = "backoff"
    """The last attempt failed in a way that time heals."""
    HELD = "held"
    """The server refused for good; nothing is sent until a person has looked."""


class UploadEvent(StrEnum):
    """What happens to the upload."""

    RECORD_WRITTEN = "record_written"
    BATCH_STARTED = "batch_started"
    ALL_ACKNOWLEDGED = "all_acknowledged"
    SOME_LEFT = "some_left"
    """An answer came and more is to be sent: the next batch, or again from where the server stands."""
    ATTEMPT_FAILED = "attempt_failed"
    WAIT_ENDED = "wait_ended"
    """The pause is over, or the link came up."""
    REFUSED_FOR_GOOD = "refused_for_good"
    RELEASED = "released"
    """A person, or a server that agrees again, lifted the hold."""


_P, _E = UploadPhase, UploadEvent

STEPS: dict[tuple[UploadPhase, UploadEvent], UploadPhase] = {
    (_P.IDLE, _E.RECORD_WRITTEN): _P.DUE,
    (_P.IDLE, _E.SOME_LEFT): _P.DUE,  # a handshake found the server behind us
    (_P.IDLE, _E.ALL_ACKNOWLEDGED): _P.IDLE,
    (_P.IDLE, _E.REFUSED_FOR_GOOD): _P.HELD,
    (_P.IDLE, _E.RELEASED): _P.IDLE,
    (_P.DUE, _E.RECORD_WRITTEN): _P.DUE,
    (_P.DUE, _E.BATCH_STARTED): _P.IN_FLIGHT,
    (_P.DUE, _E.ALL_ACKNOWLEDGED): _P.IDLE,  # a handshake found that the last answer was lost
    (_P.DUE, _E.SOME_LEFT): _P.DUE,
    (_P.DUE, _E.REFUSED_FOR_GOOD): _P.HELD,
    (_P.DUE, _E.RELEASED): _P.DUE,
    (_P.IN_FLIGHT, _E.RECORD_WRITTEN): _P.IN_FLIGHT,
    (_P.IN_FLIGHT, _E.ALL_ACKNOWLEDGED): _P.IDLE,
    (_P.IN_FLIGHT, _E.SOME_LEFT): _P.DUE,
    (_P.IN_FLIGHT, _E.ATTEMPT_FAILED): _P.BACKOFF,
    (_P.IN_FLIGHT, _E.REFUSED_FOR_GOOD): _P.HELD,
    (_P.IN_FLIGHT, _E.RELEASED): _P.IN_FLIGHT,
    (_P.BACKOFF, _E.RECORD_WRITTEN): _P.BACKOFF,
    (_P.BACKOFF, _E.WAIT_ENDED): _P.DUE,
    (_P.BACKOFF, _E.ALL_ACKNOWLEDGED): _P.IDLE,
    (_P.BACKOFF, _E.SOME_LEFT): _P.BACKOFF,
    (_P.BACKOFF, _E.REFUSED_FOR_GOOD): _P.HELD,
    (_P.BACKOFF, _E.RELEASED): _P.DUE,
    (_P.HELD, _E.RECORD_WRITTEN): _P.HELD,
    (_P.HELD, _E.ALL_ACKNOWLEDGED): _P.HELD,
    (_P.HELD, _E.SOME_LEFT): _P.HELD,
    (_P.HELD, _E.REFUSED_FOR_GOOD): _P.HELD,
    (_P.HELD, _E.RELEASED): _P.DUE,
}
"""Every pair that can happen; a pair that is missing is a mistake of the program."""


def step(phase: UploadPhase, event: UploadEvent) -> UploadPhase:
    """The phase after an event; raises KeyError for a pair that cannot happen."""
    return STEPS[phase, event]


def backoff_limit_s(attempts: int, first_s: float = 1.0, most_s: float = 60.0) -> float:
    """Upper bound of the pause after that many failed attempts; the pause is drawn from 0 to it (full jitter).

    A first pause longer than the longest one stays as it is.
    """
    return min(max(most_s, first_s), first_s * 2.0 ** min(attempts, 16))

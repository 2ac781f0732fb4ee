"""The states of one print job as a table (docs/journal.md). Pure; a test walks the whole product."""

from enum import StrEnum

from store.sale.language import phrase


class JobState(StrEnum):
    """How far a print job has come."""

    HELD = "held"
    """Nobody has asked for the paper yet."""
    QUEUED = "queued"
    BLOCKED = "blocked"
    """The device cannot take it now (off, out of paper); nothing was sent."""
    SENDING = "sending"
    """Persisted before the first byte leaves."""
    CONFIRMED = "confirmed"
    """The device said that the paper is out."""
    PRESUMED = "presumed"
    """All bytes went to a device that can confirm nothing, or a person looked."""
    FAILED = "failed"
    """Nothing left the register; it is tried again."""
    UNKNOWN = "unknown"
    """Something left the register and nothing came back. Never sent again by itself; a person may ask for a copy."""
    DISCARDED = "discarded"
    """Will not be printed: expired, replaced by a copy, or there is no device."""


class JobEvent(StrEnum):
    """What happens to a print job."""

    ATTEMPT_STARTED = "attempt_started"
    DEVICE_BLOCKED = "device_blocked"
    PAPER_CONFIRMED = "paper_confirmed"
    BYTES_TAKEN = "bytes_taken"
    NOTHING_SENT = "nothing_sent"
    ANSWER_MISSING = "answer_missing"
    CORE_STARTED = "core_started"
    EXPIRED = "expired"
    """A drawer job that is no longer wanted: nobody stands at the till who expects it to open."""
    PERSON_SAW_PAPER = "person_saw_paper"
    GIVEN_UP = "given_up"
    ASKED_FOR = "asked_for"
    """A person wants the paper of a held job."""


_S, _E = JobState, JobEvent

STEPS: dict[tuple[JobState, JobEvent], JobState] = {
    (_S.HELD, _E.ASKED_FOR): _S.QUEUED,
    (_S.QUEUED, _E.ATTEMPT_STARTED): _S.SENDING,
    (_S.QUEUED, _E.DEVICE_BLOCKED): _S.BLOCKED,
    (_S.QUEUED, _E.CORE_STARTED): _S.QUEUED,
    (_S.QUEUED, _E.EXPIRED): _S.DISCARDED,
    (_S.QUEUED, _E.GIVEN_UP): _S.DISCARDED,
    (_S.BLOCKED, _E.ATTEMPT_STARTED): _S.SENDING,
    (_S.BLOCKED, _E.DEVICE_BLOCKED): _S.BLOCKED,
    (_S.BLOCKED, _E.CORE_STARTED): _S.QUEUED,
    (_S.BLOCKED, _E.EXPIRED): _S.DISCARDED,
    (_S.BLOCKED, _E.GIVEN_UP): _S.DISCARDED,
    (_S.SENDING, _E.PAPER_CONFIRMED): _S.CONFIRMED,
    (_S.SENDING, _E.BYTES_TAKEN): _S.PRESUMED,
    (_S.SENDING, _E.NOTHING_SENT): _S.FAILED,
    (_S.SENDING, _E.ANSWER_MISSING): _S.UNKNOWN,
    (_S.SENDING, _E.CORE_STARTED): _S.UNKNOWN,
    (_S.SENDING, _E.EXPIRED): _S.DISCARDED,
    (_S.FAILED, _E.ATTEMPT_STARTED): _S.SENDING,
    (_S.FAILED, _E.DEVICE_BLOCKED): _S.BLOCKED,
    (_S.FAILED, _E.CORE_STARTED): _S.QUEUED,
    (_S.FAILED, _E.EXPIRED): _S.DISCARDED,
    (_S.FAILED, _E.GIVEN_UP): _S.DISCARDED,
    (_S.UNKNOWN, _E.CORE_STARTED): _S.UNKNOWN,
    (_S.UNKNOWN, _E.PAPER_CONFIRMED): _S.CONFIRMED,  # the roll was changed and the rest came out
    (_S.UNKNOWN, _E.PERSON_SAW_PAPER): _S.PRESUMED,
    (_S.UNKNOWN, _E.GIVEN_UP): _S.DISCARDED,
}
"""Every pair that can happen; CONFIRMED, PRESUMED and DISCARDED are ends."""

OPEN_STATES = frozenset({_S.QUEUED, _S.BLOCKED, _S.SENDING, _S.FAILED})
"""States in which the spool still has something to do."""


def step(state: JobState, event: JobEvent) -> JobState:
    """The state after an event; raises KeyError for a pair that cannot happen."""
    return STEPS[state, event]


def sentence(kind: str, state: JobState, detail: str) -> str:
    """What the cashier reads about a job; empty for a drawer that opened."""
    detail = detail.rstrip(".")
    if kind == "drawer":
        return _drawer_sentence(state, detail)
    is_receipt = kind == "receipt"
    name = phrase("Receipt") if is_receipt else phrase("Report")
    paper = phrase("the receipt") if is_receipt else phrase("the report")
    match state:
        case JobState.HELD:
            return phrase("{name} is printed on request: F3.", name)
        case JobState.QUEUED | JobState.SENDING:
            return phrase("{name} is being printed.", name)
        case JobState.BLOCKED:
            return phrase("{detail}; {paper} waits.", detail or phrase("The printer is not ready"), paper)
        case JobState.CONFIRMED:
            return phrase("{name} printed.", name)
        case JobState.PRESUMED:
            return phrase("{name} sent to the printer.", name)
        case JobState.FAILED:
            return phrase(
                "{detail}; {paper} is tried again.",
                detail or phrase("The printer did not answer"),
                paper,
            )
        case JobState.UNKNOWN:
            return phrase("The printer did not confirm {paper}: look at the paper; F3 prints a copy.", paper)
        case JobState.DISCARDED:
            return f"{detail}." if detail else _not_printed(is_receipt)


def _not_printed(is_receipt: bool) -> str:
    return phrase("The receipt was not printed.") if is_receipt else phrase("The report was not printed.")


def _drawer_sentence(state: JobState, detail: str) -> str:
    match state:
        case JobState.BLOCKED | JobState.FAILED | JobState.DISCARDED | JobState.UNKNOWN:
            reason = f" ({detail})" if detail else ""
            return phrase("The drawer did not open{reason}; use its key.", reason)
        case JobState.HELD | JobState.QUEUED | JobState.SENDING | JobState.CONFIRMED | JobState.PRESUMED:
            return ""

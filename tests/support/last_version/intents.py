"""What a person at a screen asks of the register core (see docs/core-and-screen.md)."""

from enum import StrEnum

import msgspec


class IntentKind(StrEnum):
    """The closed set of things a screen or scanner can ask for."""

    ENTER = "enter"
    """Typed text and Enter; `arg` is the text."""
    SCAN = "scan"
    """A code known to come from a scanner; `arg` is the raw text."""
    OPERATION = "operation"
    """An operation by its number; `operation` is the number, `arg` the text standing in the entry line."""
    SELECT = "select"
    """Move the selected line; `arg` is up, down, page_up, page_down, first, last or a line number."""
    BACK = "back"
    """Esc: one step back."""
    ANSWER = "answer"
    """Answer to a guarded question; `question` is its id, `arg` is yes or no."""


class Intent(msgspec.Struct, frozen=True, kw_only=True):
    """One request of one client. `n` counts 1, 2, 3 ... per client and makes a repeat harmless."""

    n: int
    kind: IntentKind
    arg: str = ""
    operation: int = 0
    seq: int = 0
    """`seq` of the view the person saw; 0 when the intent does not depend on a view."""
    question: str = ""


class OutcomeKind(StrEnum):
    """What became of an intent."""

    DONE = "done"
    SOLD = "sold"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    STALE = "stale"
    AGAIN = "again"
    BUSY = "busy"


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to one intent; `why` is a sentence for a person when it was not done."""

    n: int
    outcome: OutcomeKind
    why: str = ""


class Submission(msgspec.Struct, frozen=True, kw_only=True):
    """An intent together with the client that sent it (a screen's random id, or `scanner:<device>`)."""

    client: str
    intent: Intent

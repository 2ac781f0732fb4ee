"""What leaves a screen: intents for the core, questions, the bell; and the sentence for what does not leave."""

from typing import Protocol

from store.register.intents import IntentKind
from store.register.view import RefusedScan, Tone, View
from store.sale.language import later, phrase
from tui.view.local import Local, Note
from tui.view.text import clean, cut

REFUSED_LIMIT = 20
SHOWN_LIMIT = 40
SAID_LIMIT = 24
"""Characters of a refused text in the sentence about it, whose end says why."""

BUSY = later("The register is busy; this was not taken. Do it again.")
DEFECT = later("This key could not be handled ({name}). Do it again.")
NOTHING_HERE = later("{name} does nothing here. {help_key} shows the keys.")


class Wires(Protocol):
    """What a screen can do to the world."""

    def send(
        self, kind: IntentKind, arg: str = "", operation: int = 0, seq: int = 0, question: str = ""
    ) -> int:
        """Send an intent; returns its number, 0 when it could not be taken."""
        ...

    def ask(self, kind: str, text: str) -> None:
        """Ask the core something that changes nothing; `Router.answered` gets the answer."""
        ...

    def ring(self) -> None:
        """Sound the bell."""
        ...

    def leave(self) -> None:
        """Detach this screen."""
        ...


class Outbox:
    """The newest view, the local state, and the ways out."""

    def __init__(self, wires: Wires, local: Local) -> None:
        self.view: View | None = None
        self.local = local
        self.wires = wires
        self.unanswered: set[int] = set()

    @property
    def question(self) -> str:
        """The id of the question that takes text now, or nothing."""
        asked = self.view.question if self.view is not None else None
        if asked is None:
            return ""
        return asked.id if asked.beneath is None else asked.beneath

    def send(
        self, kind: IntentKind, arg: str = "", operation: int = 0, *, text: str = "", question: str = ""
    ) -> int:
        """Send an intent made on the newest view; what cannot be taken is refused in sight."""
        seq = self.view.seq if self.view is not None else 0
        n = self.wires.send(kind, arg, operation, seq, question or self.question)
        if n == 0:
            self.refuse(
                text or arg or str(kind),
                phrase("The register core is away and too much waits for it already."),
            )
        else:
            self.unanswered.add(n)
        return n

    def ask(self, kind: str, text: str) -> None:
        """Ask the core; only the answer to the newest question is taken."""
        self.local.asked = text
        self.wires.ask(kind, text)

    def refuse(self, text: str, why: str) -> None:
        """Not taken: kept in sight, said, and sounded."""
        local = self.local
        shown = "(hidden)" if local.masked else text[:SHOWN_LIMIT]
        local.refused = (*local.refused, RefusedScan(shown, why))[-REFUSED_LIMIT:]
        self.say(phrase("Not taken: {code}. {why}", cut(clean(shown), SAID_LIMIT), why), Tone.ERROR)
        self.wires.ring()

    def say(self, text: str, tone: Tone = Tone.INFO) -> None:
        """A sentence of the screen itself."""
        self.local.note = Note(text, tone)

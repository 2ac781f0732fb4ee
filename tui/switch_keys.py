"""F5 and F6 while the core asks about the connection over whatever is there, and just after it has stopped asking.

That question closes by itself after five seconds. Whoever presses its key a moment too late must not take a payment or
answer the next question with it, so the first such key after that is only told.
"""

from store.register.intents import IntentKind
from store.register.view import Question, View
from store.sale.language import phrase
from tui.keymap import Keymap, Place, key_name
from tui.outbox import Outbox
from tui.view.place import is_passing


class SwitchKeys:
    """Takes the two keys away from what lies beneath while they have another meaning."""

    def __init__(self, outbox: Outbox) -> None:
        self._box = outbox
        self._answered = ""
        self._has_gone = False

    def view_changed(self, old: View | None, new: View) -> None:
        """A newer view: the question may have closed without an answer from here."""
        before, now = _passing(old), _passing(new)
        if now is not None:
            self._has_gone = False
        elif before is not None and before.id != self._answered:
            self._has_gone = True

    def forget(self) -> None:
        """Something else was pressed: whatever comes next is meant as it is."""
        self._has_gone = False

    def take(self, name: str, keymap: Keymap) -> bool:
        """Whether the key was an answer, or one that came too late."""
        action = keymap.action(Place.GUARDED, name)
        has_gone, self._has_gone = self._has_gone, False
        if action is None or action.id not in ("yes", "no") or self._box.local.overlay is not None:
            return False
        asked = _passing(self._box.view)
        if asked is not None:
            self._answered = asked.id
            self._box.send(IntentKind.ANSWER, action.id, question=asked.id)
            return True
        if has_gone:
            self._box.say(
                phrase(
                    "The question about the server has closed by itself. {name} did nothing; look at the screen.",
                    key_name(name),
                )
            )
        return has_gone


def _passing(view: View | None) -> Question | None:
    return view.question if view is not None and is_passing(view.question) else None

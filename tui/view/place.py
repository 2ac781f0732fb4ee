"""Where the next key lands: the core's mode, a question over it, or something the screen laid over both."""

from store.register.view import Mode, Question, View
from tui.keymap import Place
from tui.view.local import Local, Overlay


def place_under(view: View | None) -> Place:
    """The place without what the screen itself lays over it."""
    if view is None:
        return Place.STARTING
    asked = view.question
    if asked is not None and asked.beneath is not None:
        return Place.QUESTION if asked.beneath else Place(view.mode.value)
    if asked is not None:
        return Place.GUARDED if asked.guarded else Place.QUESTION
    return Place(view.mode.value)


def is_passing(question: Question | None) -> bool:
    """Whether a question lets text and keys pass to what lies beneath and takes only its own two answers."""
    return question is not None and question.beneath is not None


def place_of(view: View | None, local: Local) -> Place:
    """Where a key pressed now is pressed."""
    if local.overlay is None:
        return place_under(view)
    return Place.CONNECTION if local.overlay is Overlay.CONNECTION else Place.OVERLAY


def may_switch(view: View | None) -> bool:
    """Whether the button of 917 does anything here."""
    return view is None or view.may_switch


def offers_connect(view: View | None) -> bool:
    """Whether the button of 917 is named Connect (else Disconnect)."""
    return view is None or view.header.connection != "ONLINE"


def is_signing(view: View) -> bool:
    """Whether number and PIN are asked for: at the sign-in, or of somebody who is to allow an operation."""
    if view.question is not None:
        return view.question.kind == "override"
    return view.mode is Mode.LOCKED

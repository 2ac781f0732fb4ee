"""A screen of the last version at this core, and this screen at a core of the last one: fields are only added."""

from typing import Any

import msgspec
import pytest

from last_version import messages as last_messages
from last_version import view as last_view
from store.register.control import messages
from store.register.intents import Intent, IntentKind, Outcome, OutcomeKind
from store.register.view import View
from tui.keymap import build_keymap
from tui.layout import with_layout
from tui.view.screen import draw
from tui_views import CLOCK, screens
from tui_wires import key, router_in, type_in


def known_part(now: Any, then: Any) -> Any:
    """Of today's fields those that the other side knows."""
    if isinstance(then, dict) and isinstance(now, dict):
        return {field: known_part(now[field], value) for field, value in then.items()}
    if isinstance(then, tuple | list) and isinstance(now, tuple | list) and len(now) == len(then):
        return type(then)(known_row(row, before) for row, before in zip(now, then, strict=True))
    return now


def known_row(now: Any, then: Any) -> Any:
    """Of a row in a list its first cells: rows only grow at their end."""
    if isinstance(then, tuple | list) and isinstance(now, tuple | list):
        return type(then)(now[: len(then)])
    return known_part(now, then)


VIEWS = {name: view for name, (view, _) in screens().items() if view is not None}
LAST = msgspec.json.Decoder(last_messages.CoreMessage)
NOW = msgspec.json.Decoder(messages.CoreMessage)
LAST_CLIENT = msgspec.json.Decoder(last_messages.ClientMessage)
NOW_CLIENT = msgspec.json.Decoder(messages.ClientMessage)


def at_the_last_screen(view: View) -> last_view.View:
    """What a screen of the last version makes of a view."""
    return LAST.decode(msgspec.json.encode(messages.ViewMessage(view=view))).view


def from_the_last_core(view: View) -> View:
    """What this screen makes of the same view from a core of the last version."""
    sent = last_messages.ViewMessage(view=at_the_last_screen(view))
    return NOW.decode(msgspec.json.encode(sent)).view


@pytest.mark.parametrize("name", VIEWS)
def test_a_screen_of_the_last_version_reads_every_view_and_ignores_what_it_does_not_know(name):
    view = VIEWS[name]
    seen = at_the_last_screen(view)
    assert known_part(msgspec.to_builtins(view), msgspec.to_builtins(seen)) == msgspec.to_builtins(seen)


@pytest.mark.parametrize("name", VIEWS)
def test_this_screen_draws_and_works_the_view_of_a_core_of_the_last_version(name):
    view = from_the_last_core(VIEWS[name])
    assert view.layout == ()
    assert view.may_switch
    keymap, complaints = with_layout(build_keymap(), view.layout)
    assert complaints == ()
    router, wires = router_in(view)
    draw(view, router.local, 80, 24, CLOCK, keymap)
    type_in(router, "4006381333931\r")
    for pressed in ("f1", "escape", "f9", "f9", "escape"):
        router.press(key(pressed))
    assert wires.sent


def test_the_question_before_a_switch_is_a_guarded_one_to_a_screen_of_the_last_version():
    seen = at_the_last_screen(VIEWS["question-switch"])
    assert seen.question.guarded
    assert (seen.question.yes, seen.question.no) == ("Go offline", "Try the server again")


@pytest.mark.parametrize(
    "intent",
    [
        Intent(n=1, kind=IntentKind.ENTER, arg="4006381333931", seq=7, question="switch-1"),
        Intent(n=2, kind=IntentKind.ANSWER, arg="yes", question="switch-1"),
        Intent(n=3, kind=IntentKind.OPERATION, operation=9110),
    ],
)
def test_intents_mean_the_same_to_both(intent):
    sent = msgspec.json.encode(messages.IntentMessage(intent=intent))
    there = LAST_CLIENT.decode(sent)
    back = NOW_CLIENT.decode(msgspec.json.encode(there))
    assert back.intent == intent


def test_hello_welcome_answers_and_acknowledgements_are_read_by_both():
    hello = messages.Hello(client="c", role="cashier", version="2")
    assert LAST_CLIENT.decode(msgspec.json.encode(hello)).protocol == messages.PROTOCOL
    for message in (
        messages.Welcome(epoch="e", last=3, version="2"),
        messages.Ack(outcome=Outcome(n=3, outcome=OutcomeKind.SOLD)),
        messages.Answer(id=1, data={"keys": [["", "f8", 917, "", 0]]}),
        messages.Answer(id=1, error="There is no question 'layout'."),
        messages.Bye(why="The register was ended.", closed=True),
    ):
        there = LAST.decode(msgspec.json.encode(message))
        assert NOW.decode(msgspec.json.encode(there)) == message

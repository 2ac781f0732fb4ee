"""The question before a switch on the screen: F5 and F6 answer it, everything else goes on beneath it."""

import msgspec
import pytest

from store.register.intents import IntentKind
from store.register.view import Mode
from tui.view.local import Overlay
from tui_core import CODES
from tui_views import GUARDED, SWITCH, base, sale, screens
from tui_wires import key, router_in, type_in

MILK = CODES[0]
PAY = screens()["pay"][0]
ASKED = sale(question=SWITCH)


def answers(wires):
    return [(intent.arg, intent.question) for intent in wires.sent if intent.kind is IntentKind.ANSWER]


@pytest.mark.parametrize(("name", "word"), [("f5", "yes"), ("f6", "no")])
def test_f5_and_f6_answer_that_very_question(name, word):
    router, wires = router_in(ASKED)
    router.press(key(name))
    assert answers(wires) == [(word, "switch-1")]


def test_enter_escape_and_whatever_a_scanner_sends_do_not_answer():
    router, wires = router_in(ASKED)
    for name in ("enter", "escape", "tab", "ctrl+j", "y", "f12"):
        router.press(key(name))
    type_in(router, f"{MILK}\r")
    assert answers(wires) == []


def test_a_scan_that_began_before_the_question_came_arrives_whole_and_in_order():
    router, wires = router_in(sale())
    type_in(router, MILK[:6])
    router.take_view(msgspec.structs.replace(ASKED, seq=8))
    type_in(router, f"{MILK[6:]}\r{CODES[1]}\r")
    router.take_view(sale(seq=9))
    type_in(router, f"{MILK}\r")
    assert wires.said() == [MILK, CODES[1], MILK]
    assert {intent.question for intent in wires.sent} == {""}
    assert router.local.refused == ()


def test_text_for_a_question_beneath_goes_to_it():
    router, wires = router_in(sale(question=msgspec.structs.replace(SWITCH, beneath="q7")))
    type_in(router, "4.50\r")
    assert [(intent.arg, intent.question) for intent in wires.sent] == [("4.50", "q7")]


def test_function_keys_go_on_beneath_it():
    router, wires = router_in(ASKED)
    router.press(key("f12"))
    router.press(key("f2"))
    assert wires.said() == [139]
    assert router.local.overlay is Overlay.FIND


def test_it_is_not_answered_blindly_while_something_is_open_on_the_screen():
    router, wires = router_in(ASKED)
    router.press(key("f1"))
    router.press(key("f5"))
    assert answers(wires) == []


@pytest.mark.parametrize("name", ["f5", "f6"])
def test_a_key_pressed_a_moment_too_late_takes_no_money_and_answers_nothing_else(name):
    for after in (PAY, sale(question=GUARDED)):
        router, wires = router_in(ASKED)
        router.take_view(msgspec.structs.replace(after, seq=8))
        router.press(key(name))
        assert wires.sent == []
        assert "has closed by itself" in router.local.note.text
        router.press(key(name))
        assert len(wires.sent) == 1, "pressed again it means what it says"


def test_after_an_answer_from_here_or_another_key_nothing_is_held_back():
    router, wires = router_in(ASKED)
    router.press(key("f6"))
    router.take_view(msgspec.structs.replace(PAY, seq=8))
    router.press(key("f5"))
    assert wires.said()[1:] == [(200, "10.00")]
    router, wires = router_in(ASKED)
    router.take_view(msgspec.structs.replace(PAY, seq=8))
    router.press(key("up"))
    router.press(key("f5"))
    assert wires.said()[-1] == (200, "10.00")
    router, wires = router_in(ASKED)
    router.take_view(msgspec.structs.replace(PAY, seq=8))
    type_in(router, "5\r")
    router.press(key("f5"))
    assert wires.said() == ["5", (200, "10.00")]


def test_a_watching_screen_answers_nothing():
    router, wires = router_in(ASKED, watching=True)
    router.press(key("f5"))
    assert wires.sent == []


def test_the_question_of_a_core_of_the_last_version_stays_a_guarded_one():
    router, wires = router_in(base(Mode.SALE, question=msgspec.structs.replace(SWITCH, beneath=None)))
    type_in(router, "12")
    router.press(key("f5"))
    assert answers(wires) == [("yes", "switch-1")]

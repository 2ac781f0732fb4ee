"""The list of customers on the screen: asked for when typing pauses, more of it later, a code is still a scan."""

from store.register.intents import IntentKind
from store.register.view import Mode
from tui.keymap import build_keymap
from tui.view.local import Overlay
from tui.view.screen import draw
from tui_views import local, sale
from tui_wires import key, router_in, type_in

MILK = "4006381333931"
BERG = {"code": "C1", "name": "Maria Berg", "phone": "030 123456", "card": "K1", "blocked": ""}
HILL = {"code": "C2", "name": "Marius Hill", "phone": "", "card": "", "blocked": "unpaid"}
FOUND = {"customers": [BERG, HILL], "source": "offline", "complete": True}


def opened(text="mari", answer=FOUND):
    router, wires = router_in(sale())
    router.press(key("f5"))
    type_in(router, text)
    router.paused()
    if answer:
        router.answered("customers", text, answer)
    return router, wires


def operations(wires):
    return [(sent.operation, sent.arg) for sent in wires.sent if sent.kind is IntentKind.OPERATION]


def test_the_list_is_asked_for_when_typing_pauses_and_enter_puts_the_chosen_one_on_the_sale():
    router, wires = opened()
    assert wires.asked == [("customers", "mari")]
    router.press(key("down"))
    router.press(key("enter"))
    assert operations(wires) == [(602, "C2")]
    assert router.local.overlay is None


def test_what_the_server_knows_beside_it_comes_later_and_the_choice_stays():
    router, wires = opened(answer={**FOUND, "complete": False})
    assert wires.asked == [("customers", "mari"), ("customers_all", "mari")]
    router.press(key("down"))
    more = {"code": "C0", "name": "Marianne", "phone": "", "card": "", "blocked": ""}
    router.answered("customers_all", "mari", {"customers": [more, BERG, HILL], "complete": True})
    assert router.local.chosen == 2
    router.press(key("enter"))
    assert operations(wires) == [(602, "C2")]


def test_an_answer_to_an_older_text_is_dropped():
    router, _ = opened(answer=None)
    type_in(router, "a")
    router.paused()
    router.answered("customers", "mari", FOUND)
    assert router.local.answer == {}


def test_enter_before_the_answer_asks_the_register_itself():
    router, wires = opened(text="berg", answer=None)
    router.press(key("enter"))
    assert operations(wires) == [(602, "berg")]


def test_a_typed_code_that_finds_nobody_and_a_framed_scan_are_scans():
    router, wires = opened(text="", answer=None)
    type_in(router, f"{MILK}\r")
    assert (wires.said(), router.local.overlay) == ([MILK], None)
    router.press(key("f5"))
    type_in(router, f"\x02{MILK}\r")
    assert wires.sent[-1].kind is IntentKind.SCAN
    assert router.local.overlay is None


def test_a_telephone_number_that_was_found_is_no_scan():
    router, wires = opened(text="03012345678")
    router.press(key("enter"))
    assert operations(wires) == [(602, "C1")]


def test_nothing_typed_chooses_nobody_and_602_by_number_opens_the_list():
    router, wires = router_in(sale())
    type_in(router, "/602\r")
    assert router.local.overlay is Overlay.CUSTOMERS
    router.press(key("enter"))
    assert operations(wires) == []
    router.press(key("escape"))
    type_in(router, "/602 K1\r")
    assert operations(wires) == [(602, "K1")]


def test_the_list_goes_when_the_register_is_locked():
    router, _ = opened()
    router.take_view(sale(mode=Mode.LOCKED, seq=99))
    assert router.local.overlay is None


def test_the_frame_of_sale_and_payment_says_for_whom_it_is():
    shown = draw(
        sale(customer="Maria\x1b[2J Berg" + "x" * 60), local(), 80, 24, "14:03", build_keymap()
    ).text()
    assert "Sale: Maria" in shown and "\x1b" not in shown

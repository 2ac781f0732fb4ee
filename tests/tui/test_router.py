"""Keys in, intents out."""

import msgspec
import pytest

from store.register.intents import IntentKind, Outcome, OutcomeKind
from store.register.view import Message, Mode, View
from tui.keymap import Place, build_keymap
from tui.router import ENTRY_LIMIT, Router
from tui.view.local import Overlay
from tui.view.place import place_under
from tui_core import CODES
from tui_views import DEPARTMENTS, FOUND, GUARDED, base, long_sale, sale, screens
from tui_wires import Recorder, key, router_in, type_in

MILK, BREAD = CODES[:2]
PAY = screens()["pay"][0]
LOCKED = screens()["sign-in"][0]
PIN = screens()["sign-in-pin"][0]
QUESTION = screens()["question"][0]
PAID = screens()["paid-paper"][0]


def answer(router: Router, n: int, outcome: OutcomeKind = OutcomeKind.DONE, why: str = "") -> None:
    router.acknowledged(Outcome(n=n, outcome=outcome, why=why))


# -- scans


def test_two_scans_in_one_read_are_two_entries():
    router, wires = router_in(sale())
    type_in(router, f"{MILK}\r{BREAD}\r")
    assert wires.said() == [MILK, BREAD]
    assert router.local.entry == ""


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n", "\t"])
def test_any_line_end_of_a_scanner_is_one_enter(end: str):
    router, wires = router_in(PAY)
    type_in(router, f"{MILK}{end}")
    assert wires.said() == [MILK]
    type_in(router, "20\r\n")
    assert wires.said() == [MILK, "20"]


def test_line_feed_alone_twice_is_two_enters():
    router, wires = router_in(PAY)
    type_in(router, "\n\n")
    assert wires.said() == ["", ""]


def test_scan_right_before_and_after_each_function_key_arrives_whole():
    for action in build_keymap().at(Place.SALE):
        router, wires = router_in(sale())
        type_in(router, f"{MILK}\r")
        router.press(key(action.key))
        type_in(router, f"{BREAD}\r")
        taken = [text for text in wires.said() if text in (MILK, BREAD)]
        taken += [scan.text for scan in router.local.refused]
        assert taken == [MILK, BREAD], action.id


def test_prefixed_scan_leaves_what_was_typed_by_hand():
    router, wires = router_in(sale())
    type_in(router, f"12\x02{MILK}\r")
    assert wires.sent[0].kind is IntentKind.SCAN
    assert wires.said() == [MILK]
    assert router.local.entry == "12"


def test_group_separators_stay_in_the_code():
    router, wires = router_in(sale())
    type_in(router, "]C101040063813339311721\x1d10ABC\r")
    assert wires.sent[0].kind is IntentKind.SCAN
    assert wires.sent[0].arg == "]C101040063813339311721\x1d10ABC"


def test_end_of_transmission_inside_a_scan_does_not_detach():
    router, wires = router_in(sale())
    type_in(router, "[)>\x1e06\x1d4711\x1e\x04\r")
    assert not wires.left
    assert len(wires.sent) == 1


def test_ten_thousand_characters_of_rubbish_are_refused_as_a_whole():
    router, wires = router_in(sale())
    type_in(router, "x" * 10_000 + f"\r{MILK}\r")
    assert wires.said() == [MILK]
    assert len(router.local.refused) == 1
    assert "10000 characters" in router.local.refused[0].why
    assert wires.rings == 1
    assert len(router.local.entry) <= ENTRY_LIMIT


def test_pasted_code_is_a_scan_and_pasted_lines_are_entered_one_by_one():
    router, wires = router_in(sale())
    router.paste(MILK)
    router.paste(f"{BREAD}\r\n3*{MILK}\n12")
    assert wires.said() == [MILK, BREAD, f"3*{MILK}"]
    assert router.local.entry == "12"


def test_nul_bytes_and_invisible_characters_are_nothing():
    router, wires = router_in(sale())
    type_in(router, "\x00\x004711\x00\u202e\u200b\r")
    assert router.local.note is None
    assert wires.said() == ["4711"]


# -- questions


def test_scan_begun_before_a_question_never_answers_it():
    router, wires = router_in(sale())
    type_in(router, "4711")
    router.take_view(QUESTION)
    type_in(router, "\r")
    assert wires.said() == []
    assert router.local.refused[0].text == "4711"
    assert wires.rings == 1
    type_in(router, "7.50\r")
    assert wires.said() == ["7.50"]
    assert wires.sent[0].question == "q1"


def test_entries_sent_before_the_question_was_seen_do_not_name_it():
    router, wires = router_in(sale())
    type_in(router, f"{MILK}\r4711\r")
    assert [intent.question for intent in wires.sent] == ["", ""]


def test_guarded_question_is_answered_by_two_keys_only():
    view = sale(question=GUARDED)
    for pressed in ("\r", "\n", "\t", "y", "n", "j", "1", "0", " ", "+", "c", "f12", "delete", "f7"):
        router, wires = router_in(view)
        router.press(key(pressed))
        assert not [intent for intent in wires.sent if intent.kind is IntentKind.ANSWER]
    router, wires = router_in(view)
    router.press(key("f5"))
    router.press(key("f6"))
    assert wires.said() == ["answer yes", "answer no"]
    assert {intent.question for intent in wires.sent} == {"q2"}


def test_escape_clears_the_entry_first_and_then_goes_back():
    router, wires = router_in(sale(question=DEPARTMENTS))
    type_in(router, "12")
    router.press(key("escape"))
    assert (router.local.entry, wires.said()) == ("", [])
    router.press(key("escape"))
    assert wires.said() == ["back"]


# -- paying


def test_enter_on_an_empty_entry_is_only_sent_where_it_means_something():
    for view, sent in (
        (sale(), []),
        (base(Mode.IDLE), []),
        (PAID, []),
        (LOCKED, []),
        (PAY, [""]),
        (QUESTION, [""]),
    ):
        router, wires = router_in(view)
        type_in(router, "\r")
        assert wires.said() == sent, view.mode


def test_enter_right_behind_the_pay_key_is_exact_cash():
    router, wires = router_in(sale())
    router.press(key("f12"))
    type_in(router, "\r")
    assert wires.said() == [139, ""]
    answer(router, 1)
    answer(router, 2)
    type_in(router, "\r")
    assert len(wires.sent) == 2


def test_plus_pays_on_an_empty_entry_only():
    router, wires = router_in(sale())
    type_in(router, "+")
    type_in(router, "2+\r")
    assert wires.said() == [139, "2+"]


def test_a_letter_of_the_list_is_a_way_to_pay_on_an_empty_entry_while_paying():
    router, wires = router_in(PAY)
    type_in(router, "cV")
    assert wires.said() == ["c", "v"]
    type_in(router, "x")
    assert wires.said() == ["c", "v"]
    type_in(router, "\r")
    assert wires.said() == ["c", "v", "x"]
    router, wires = router_in(sale())
    type_in(router, "c1\r")
    assert wires.said() == ["c1"]


def test_round_amounts_are_offered_on_function_keys():
    router, wires = router_in(PAY)
    for name in ("f5", "f6", "f7"):
        router.press(key(name))
    assert [(each.operation, each.arg) for each in wires.sent] == [
        (200, "10.00"),
        (200, "20.00"),
        (200, "50.00"),
    ]


def test_round_amount_never_takes_the_place_of_a_typed_one():
    router, wires = router_in(PAY)
    type_in(router, "5")
    router.press(key("f5"))
    assert wires.said() == []
    assert "Esc clears it" in router.local.note.text
    assert router.local.entry == "5"


def test_amount_typed_before_the_pay_key_is_still_there():
    router, wires = router_in(sale())
    type_in(router, "20")
    router.press(key("f12"))
    router.take_view(msgspec.structs.replace(PAY, seq=9))
    type_in(router, "\r")
    assert wires.said() == [139, "20"]


# -- numbers, keys, overlays


def test_operations_run_by_number():
    router, wires = router_in(sale())
    type_in(router, "/500\r/105 3\r/917 connect\r")
    assert wires.said() == [500, (105, "3"), (917, "connect")]
    type_in(router, "/917\r")
    assert router.local.overlay is Overlay.CONNECTION
    router.press(key("escape"))
    type_in(router, "/108 milk\r")
    assert (router.local.overlay, router.local.entry) == (Overlay.FIND, "milk")
    router.press(key("escape"))
    type_in(router, "/9901\r")
    assert wires.left


def test_a_list_is_laid_over_only_where_its_operation_runs():
    for view in (LOCKED, PAY):
        for number in (108, 602, 115):
            router, wires = router_in(view)
            type_in(router, f"/{number}\r")
            assert (router.local.overlay, wires.said()) == (None, [number]), (view.mode, number)
    router, wires = router_in(QUESTION)
    type_in(router, "/602\r")
    assert (router.local.overlay, wires.said()) == (None, [602])


def test_typed_digits_around_an_overlay_stay_apart():
    router, wires = router_in(sale())
    type_in(router, "12")
    router.press(key("f9"))
    type_in(router, "34")
    assert router.local.entry == "34"
    router.press(key("escape"))
    assert router.local.entry == "12"
    assert wires.said() == []


def test_f9_opens_and_then_presses_the_button_and_enter_never_does():
    router, wires = router_in(sale())
    router.press(key("f9"))
    type_in(router, "\r")
    assert wires.said() == []
    router.press(key("f9"))
    offline = msgspec.structs.replace(sale().header, connection="OFFLINE manual")
    router.take_view(sale(header=offline, seq=8))
    router.press(key("f9"))
    type_in(router, "Disconnect\rhello\r")
    assert wires.said() == [(917, "disconnect"), (917, "connect"), (917, "disconnect")]
    assert router.local.refused[0].text == "hello"
    assert ("connection", "") in wires.asked


@pytest.mark.parametrize("name", ["f1", "f2", "f6", "f9", "f10", "ctrl+r"])
def test_codes_scanned_into_an_overlay_are_refused_with_sound_and_kept(name: str):
    router, wires = router_in(sale())
    router.press(key(name))
    type_in(router, f"{MILK}\r{BREAD}\r\x02{MILK}\r")
    assert wires.said() == []
    assert [scan.text for scan in router.local.refused] == [MILK, BREAD, MILK]
    assert wires.rings == 3
    assert router.local.overlay is not None


def test_search_waits_for_a_pause_and_enter_sells_the_chosen_item():
    router, wires = router_in(sale())
    router.press(key("f2"))
    type_in(router, "milk")
    assert wires.asked == []
    router.paused()
    assert wires.asked == [("find", "milk")]
    router.answered("find", "mil", {"items": []})
    router.answered("find", "milk", FOUND)
    router.press(key("down"))
    router.press(key("down"))
    router.press(key("enter"))
    assert wires.said() == ["10018"]
    assert router.local.overlay is None


def test_enter_before_the_search_was_answered_sells_nothing():
    router, wires = router_in(sale())
    router.press(key("f2"))
    type_in(router, "milk\r")
    assert wires.said() == []
    assert wires.asked == [("find", "milk")]
    assert router.local.entry == "milk"


def test_escape_closes_the_search_at_once_and_its_key_keeps_it_open():
    router, wires = router_in(sale())
    router.press(key("f2"))
    type_in(router, "mil")
    router.press(key("f2"))
    assert (router.local.overlay, router.local.entry) == (Overlay.FIND, "mil")
    router.press(key("escape"))
    assert (router.local.overlay, router.local.entry, wires.said()) == (None, "", [])


def test_menu_runs_by_number_name_or_choice():
    router, wires = router_in(sale())
    router.press(key("f10"))
    type_in(router, "500\r")
    router.press(key("f10"))
    type_in(router, "void sale\r")
    router.press(key("f10"))
    type_in(router, "void")
    router.press(key("down"))
    router.press(key("enter"))
    assert wires.said()[:2] == [500, 500]
    assert len(wires.sent) == 3
    router.press(key("f10"))
    type_in(router, "nothing like that\r")
    assert len(wires.sent) == 3
    assert router.local.note is not None


def test_help_is_scrolled_to_its_end_and_not_beyond():
    router, _ = router_in(sale())
    router.press(key("f1"))
    seen = []
    for _ in range(4):
        router.press(key("pagedown"))
        seen.append(router.local.scroll)
    assert seen[-1] == seen[-2] < 18
    router.press(key("home"))
    assert router.local.scroll == 0


def test_paper_is_scrolled_after_the_last_tender_and_lines_are_selected_before():
    router, wires = router_in(PAID)
    router.press(key("down"))
    assert (router.local.scroll, wires.said()) == (1, [])
    router.take_view(sale(seq=9))
    router.press(key("up"))
    assert (router.local.scroll, wires.said()) == (0, ["select up"])


# -- sign-in


def test_pin_is_masked_from_the_enter_on_until_the_core_has_spoken():
    router, wires = router_in(LOCKED)
    type_in(router, "101")
    assert not router.local.masked
    type_in(router, "\r")
    assert router.local.masked
    type_in(router, "101101\r")
    assert wires.said() == ["101", "101101"]
    assert router.local.masked
    answer(router, 1)
    router.take_view(msgspec.structs.replace(PIN, seq=8))
    assert router.local.masked
    answer(router, 2)
    assert router.local.masked
    router.take_view(msgspec.structs.replace(LOCKED, seq=9))
    assert not router.local.masked


def test_wrong_operator_number_unmasks_whichever_answer_comes_first():
    for view_first in (True, False):
        router, _ = router_in(LOCKED)
        type_in(router, "999\r")
        steps = ["view", "ack"] if view_first else ["ack", "view"]
        for step in steps:
            assert router.local.masked
            if step == "ack":
                answer(router, 1)
            else:
                router.take_view(msgspec.structs.replace(LOCKED, seq=8))
        assert not router.local.masked


def test_what_is_typed_before_the_first_view_is_kept_and_masked():
    router, wires = router_in(None)
    type_in(router, f"{MILK}\r101")
    assert wires.said() == [MILK]
    assert router.local.masked
    router.take_view(sale())
    assert (router.local.entry, router.local.masked) == ("101", False)


def test_pin_that_cannot_be_sent_is_not_shown_in_the_refused_list():
    router, wires = router_in(PIN)
    wires.full = True
    type_in(router, "101101\r")
    assert "101101" not in str(router.local.refused) + str(router.local.note)


def test_locking_closes_what_the_last_operator_had_open_and_keeps_the_refused_scans():
    router, _ = router_in(sale())
    router.press(key("f2"))
    type_in(router, f"{MILK}\r")
    router.take_view(msgspec.structs.replace(LOCKED, seq=8))
    assert router.local.overlay is None
    assert len(router.local.refused) == 1


def test_scan_under_way_when_the_register_locks_stays_whole():
    router, wires = router_in(sale())
    type_in(router, "12")
    router.press(key("f6"))
    type_in(router, MILK[:5])
    router.take_view(msgspec.structs.replace(LOCKED, seq=8))
    type_in(router, MILK[5:] + "\r")
    assert wires.said() == [MILK]
    assert [scan.text for scan in router.local.refused] == ["12"]


def test_refused_scans_go_with_the_next_sale_or_by_escape():
    for end in (lambda router: router.take_view(sale(seq=9)), lambda router: router.press(key("escape"))):
        router, _ = router_in(PAID)
        router.press(key("f1"))
        type_in(router, f"{MILK}\r")
        router.press(key("escape"))
        assert len(router.local.refused) == 1
        end(router)
        assert router.local.refused == ()


# -- the core


def test_nothing_is_lost_without_a_sign_when_the_core_cannot_take_more():
    router, wires = router_in(sale())
    wires.full = True
    type_in(router, f"{MILK}\r")
    assert router.local.refused[0].text == MILK
    assert wires.rings == 1


def test_busy_core_is_said_and_sounded():
    router, wires = router_in(sale())
    type_in(router, f"{MILK}\r")
    answer(router, 1, OutcomeKind.BUSY, "The register is busy.")
    assert router.local.note is not None
    assert wires.rings == 1


def test_message_of_the_core_rings_once_and_stays_until_it_is_replaced():
    router, wires = router_in(sale())
    loud = Message(text="Unknown code.", sound=True, number=5)
    for seq in (8, 9):
        router.take_view(sale(message=loud, seq=seq))
    assert wires.rings == 1


def test_watching_screen_sends_nothing():
    for action in build_keymap().actions:
        router, wires = router_in(sale(), watching=True)
        router.press(key(action.key))
        type_in(router, f"{MILK}\r+c/500\r\x02{BREAD}\r")
        router.press(key("escape"))
        router.press(key(action.key))
        assert wires.sent == [], action.id


def test_watching_screen_still_has_help_status_and_a_way_out():
    router, wires = router_in(sale(), watching=True)
    router.press(key("f1"))
    assert router.local.overlay is Overlay.HELP
    router.press(key("f9"))
    assert router.local.overlay is Overlay.CONNECTION
    router.press(key("f9"))
    assert wires.sent == []
    router.press(key("ctrl+d", 1.0))
    assert wires.left


def test_half_a_page_is_jumped_when_the_selected_line_leaves_the_window():
    router, _ = router_in(sale())
    router.take_view(long_sale())
    assert router.local.top == 50
    router.take_view(msgspec.structs.replace(long_sale(), selected=52, seq=9))
    assert router.local.top == 50
    router.take_view(msgspec.structs.replace(long_sale(), selected=40, seq=10))
    assert router.local.top == 30
    router.resized(132, 43)
    assert router.local.top == 30


# -- every key everywhere


def places() -> list[tuple[str, View | None]]:
    seen = {}
    for name, (view, _) in screens().items():
        seen.setdefault(place_under(view), (name, view))
    return list(seen.values())


@pytest.mark.parametrize("name,view", places(), ids=lambda value: value if isinstance(value, str) else "")
def test_every_key_has_an_answer_in_every_place(name: str, view: View | None):
    pressed = {action.key for action in build_keymap().actions} | {
        "f8",
        "f13",
        "ctrl+k",
        "left",
        "right",
        "ctrl+t",
    }
    for each in sorted(pressed):
        for overlay in (None, "f1", "f2", "f6", "f9", "f10", "ctrl+r"):
            router, wires = router_in(view)
            if overlay is not None:
                router.press(key(overlay))
            router.local.note = None
            before = state_of(router, wires)
            router.press(key(each, 5.0))
            nowhere_to_go = each in ("up", "down", "pageup", "pagedown", "home", "end")
            assert state_of(router, wires) != before or nowhere_to_go, (each, overlay)


def state_of(router: Router, wires: Recorder) -> str:
    return f"{router.local} {wires}"

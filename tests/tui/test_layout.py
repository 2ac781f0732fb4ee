"""Headquarters' keys over those of the screen: what they win over, what cannot be, and what people see of it."""

import msgspec
import pytest

from store.exchange.layout_keys import KEYS, LAYOUT_LIMIT, check_layout_key
from store.register.view import LayoutKeyView, Message, Mode
from tui.keymap import PHYSICAL, Place, build_keymap
from tui.layout import CAPTION_LIMIT, complaint_of, layout_from, with_layout
from tui.view.bars import strip_items
from tui.view.help import help_texts
from tui.view.lists import menu_rows
from tui.view.local import Overlay
from tui_views import HEADER, base, local, sale
from tui_wires import key, router_in

DISCONNECT_ON_F8 = LayoutKeyView("", "f8", 917, "")


def laid(*rows, own=None):
    keymap, complaints = with_layout(build_keymap(own), rows)
    return keymap, complaints


def strip(view, keymap):
    return [text for text, _ in strip_items(view, local(), keymap)]


def offline():
    return msgspec.structs.replace(HEADER, connection="OFFLINE auto")


@pytest.mark.parametrize(("header", "caption"), [(HEADER, "F8Disconnect"), (offline(), "F8Connect")])
def test_operation_917_lies_on_any_key_and_its_caption_is_disconnect_or_connect_by_state(header, caption):
    keymap, complaints = laid(DISCONNECT_ON_F8)
    assert complaints == ()
    seen = strip(sale(header=header), keymap)
    assert caption in seen
    assert not [text for text in seen if text.startswith("F9")], "shown once, where headquarters put it"


def test_a_caption_for_917_does_not_replace_connect_and_disconnect():
    keymap, _ = laid(LayoutKeyView("", "f8", 917, "Line"))
    assert "F8Disconnect" in strip(sale(), keymap)


def test_the_key_of_917_opens_the_status_and_pressed_again_there_it_is_the_button():
    router, wires = router_in(sale(layout=(DISCONNECT_ON_F8,)))
    router.press(key("f8"))
    assert router.local.overlay is Overlay.CONNECTION
    router.press(key("f8"))
    assert wires.said() == [(917, "disconnect")]
    router.press(key("f9"))
    assert wires.said() == [(917, "disconnect")] * 2, "the key of every register works as well"


def test_headquarters_wins_over_the_default_key_and_over_the_keys_table():
    router, wires = router_in(sale(layout=(LayoutKeyView("sale", "f2", 102),)))
    router.press(key("f2"))
    assert wires.said() == [102]
    keymap, complaints = laid(LayoutKeyView("", "f15", 500), own={"lock": "f15"})
    assert complaints == ()
    assert keymap.action(Place.SALE, "f15").operation == 500
    assert keymap.action(Place.IDLE, "f15").id == "lock", "void sale does not run there"


def test_an_operation_that_has_no_key_of_its_own_gets_one_with_its_caption():
    keymap, _ = laid(LayoutKeyView("idle", "f7", 1000, "Drawer"), LayoutKeyView("", "f6", 1212, ""))
    seen = strip(base(Mode.IDLE), keymap)
    assert "F7Drawer" in seen
    assert "F6Bank drop" in seen, "without a caption it is the operation's name"
    router, wires = router_in(base(Mode.IDLE, layout=(LayoutKeyView("idle", "f7", 1000, "Drawer"),)))
    router.press(key("f7"))
    assert wires.said() == [1000]


def test_a_key_that_takes_text_takes_it_and_another_leaves_it():
    view = sale(layout=(LayoutKeyView("sale", "f7", 105), LayoutKeyView("sale", "f8", 500)))
    router, wires = router_in(view)
    router.press(key("3"))
    router.press(key("f8"))
    assert (wires.said(), router.local.entry) == ([500], "3")
    router.press(key("f7"))
    assert (wires.said(), router.local.entry) == ([500, (105, "3")], "")


def test_the_strip_shows_no_key_whose_operation_the_role_may_not_run():
    keymap, _ = laid(LayoutKeyView("", "f7", 500, "Void all"))
    view = sale(operations=(100, 917))
    assert "F7Void all" not in strip(view, keymap)


def test_help_and_menu_show_the_result():
    keymap, _ = laid(DISCONNECT_ON_F8, LayoutKeyView("sale", "f7", 500, "Void all"))
    rows = [text for text, _ in help_texts(sale(), local(), keymap, 76)]
    assert any(row.startswith("F8") and "connection status" in row for row in rows)
    assert any(row.startswith("F7") and "Void sale." in row for row in rows)
    menu = {row.number: row.keys for row in menu_rows(sale(), local(overlay=Overlay.MENU), keymap)}
    assert menu[917] == "F9 F8"
    assert menu[500] == "F7"


def test_the_closer_place_wins_over_everywhere():
    keymap, complaints = laid(LayoutKeyView("", "f7", 917), LayoutKeyView("sale", "f7", 500))
    assert complaints == ()
    assert keymap.action(Place.SALE, "f7").operation == 500
    assert keymap.action(Place.IDLE, "f7").operation == 917


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (
            LayoutKeyView("", "f7", 4711),
            "Headquarters' key F7 for 4711 is ignored: this register has no operation 4711.",
        ),
        (
            LayoutKeyView("sale", "f1", 500),
            "key F1 (sale) for 500 is ignored: the screen itself is worked by this key.",
        ),
        (LayoutKeyView("", "f10", 917), "the screen itself is worked by this key"),
        (LayoutKeyView("tender", "f5", 500), "the screen itself is worked by this key"),
        (LayoutKeyView("", "escape", 500), "this key cannot be given"),
        (LayoutKeyView("", "enter", 500), "this key cannot be given"),
        (LayoutKeyView("", "5", 500), "this key cannot be given"),
        (LayoutKeyView("sale", "f7", 1000), "the operation does not run there"),
        (LayoutKeyView("kitchen", "f7", 500), "there is no such place"),
        (LayoutKeyView("overlay", "f7", 917), "there is no such place"),
    ],
)
def test_what_cannot_be_is_ignored_and_told_in_a_sentence(row, why):
    keymap, complaints = laid(row)
    assert len(complaints) == 1
    assert why in complaints[0]
    assert [action for action in keymap.actions if action.sent] == []
    for place in Place:
        for action in build_keymap().at(place):
            assert keymap.action(place, action.key) == action, "everything else is as it was"


def test_two_operations_on_one_key_are_a_conflict_and_the_first_by_position_stays():
    keymap, complaints = laid(
        LayoutKeyView("sale", "f7", 500, "", 2), LayoutKeyView("sale", "f7", 105, "", 1)
    )
    assert complaints == ("Headquarters' key F7 (sale) for 500 is ignored: the key is given already.",)
    assert keymap.action(Place.SALE, "f7").operation == 105


def test_a_conflict_is_told_once_and_again_only_when_the_layout_changes():
    wrong = (LayoutKeyView("", "f7", 4711), LayoutKeyView("", "f1", 500))
    router, _ = router_in(sale(layout=wrong, message=Message()))
    assert router.local.note.text.startswith("Headquarters' key")
    assert router.local.note.text.endswith("1 more: `outpost keys --list`.")
    router.press(key("down"))
    router.take_view(sale(layout=wrong, seq=8, message=Message()))
    assert router.local.note is None
    router.take_view(sale(layout=wrong[:1], seq=9, message=Message()))
    assert "4711" in router.local.note.text


def test_a_layout_that_is_taken_back_leaves_the_keys_as_they_were():
    router, wires = router_in(sale(layout=(LayoutKeyView("sale", "f2", 102),)))
    router.take_view(sale(seq=8))
    assert router.keymap.action(Place.SALE, "f2").id == "find"
    router.press(key("f2"))
    assert router.local.overlay is Overlay.FIND
    assert wires.said() == []


def test_no_layout_costs_nothing_and_changes_nothing():
    keymap = build_keymap()
    assert with_layout(keymap, ()) == (keymap, ())
    assert complaint_of(()) == ""


def test_every_key_means_one_thing_in_every_place_under_every_single_key_of_a_layout():
    for name in sorted(PHYSICAL):
        keymap, _ = laid(LayoutKeyView("", name, 917), LayoutKeyView("sale", name, 500))
        for place in Place:
            keys = [action.key for action in keymap.at(place)]
            assert len(keys) == len(set(keys)), (name, place)


def test_headquarters_and_screen_agree_on_keys_places_and_limits():
    assert set(KEYS) == PHYSICAL
    for place in ("locked", "shift", "idle", "sale", "tender", "paid", "closing", "safe_stop"):
        assert Place(place)
        assert check_layout_key(place, "f7", 917, "") == ""
    assert check_layout_key("", "f7", 917, "x" * CAPTION_LIMIT) == ""
    assert "at most 16" in check_layout_key("", "f7", 917, "x" * (CAPTION_LIMIT + 1))
    assert "There is no place 'kitchen'" in check_layout_key("kitchen", "f7", 917, "")
    assert "keeps its meaning" in check_layout_key("", "f1", 917, "")
    assert "cannot be a key" in check_layout_key("", "enter", 917, "")
    assert "is no number" in check_layout_key("", "f7", 0, "")
    assert LAYOUT_LIMIT >= 100


def test_an_answer_of_another_shape_is_no_layout():
    assert layout_from([["sale", "f7", 500, "Void", 1]]) == (LayoutKeyView("sale", "f7", 500, "Void", 1),)
    assert layout_from([["sale", "f7", 500]]) == (LayoutKeyView("sale", "f7", 500),)
    for answer in (None, {}, "f7", [["sale"]], [[1, 2, 3]]):
        assert layout_from(answer) == ()


def test_a_store_that_forbids_the_switch_before_sign_in_promises_no_key_for_it():
    keymap, _ = laid(DISCONNECT_ON_F8)
    view = base(Mode.LOCKED, may_switch=False, operations=(700, 917))
    assert "F8Connection" in strip(view, keymap)

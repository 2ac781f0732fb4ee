"""The registry of keys, and what a configuration may change of it."""

import pytest

from store.register.operations import BY_NUMBER
from tui.keymap import ACTIONS, KeymapError, Place, build_keymap, key_name


def test_default_keys_never_mean_two_things_in_one_place():
    keymap = build_keymap()
    for place in Place:
        keys = [action.key for action in keymap.at(place)]
        assert len(keys) == len(set(keys))


def test_every_numbered_action_is_an_operation_of_the_core_with_the_same_key():
    for action in ACTIONS:
        if action.operation:
            assert key_name(action.key) in BY_NUMBER[action.operation].keys, action.id


def test_actions_stand_where_the_core_runs_their_operation():
    for action in ACTIONS:
        if action.operation and action.id not in ("connection", "end", "detach", "pay", "lock"):
            modes = {mode.value for mode in BY_NUMBER[action.operation].modes}
            assert {place.value for place in action.places - {Place.CONNECTION}} <= modes, action.id


def test_a_key_can_be_moved():
    keymap = build_keymap({"pay": "f14", "lock": " Ctrl+O "})
    assert keymap.action(Place.SALE, "f14").id == "pay"
    assert keymap.action(Place.SALE, "f12") is None
    assert keymap.action(Place.SALE, "ctrl+o").id == "lock"


def test_two_keys_can_be_swapped():
    keymap = build_keymap({"pay": "f2", "find": "f12"})
    assert keymap.action(Place.SALE, "f2").id == "pay"
    assert keymap.action(Place.SALE, "f12").id == "find"


@pytest.mark.parametrize(
    "overrides,words",
    [
        ({"pya": "f8"}, 'there is no action "pya". Did you mean "pay"?'),
        ({"zzzzzz": "f8"}, "`outpost keys` lists them"),
        ({"pay": "f2"}, '"find" and "pay" are both on f2 (idle)'),
        ({"pay": "enter"}, '"enter" cannot be the key of "pay". Keys are'),
        ({"pay": "ctrl+b"}, '"ctrl+b" cannot be the key'),
        ({"pay": "5"}, '"5" cannot be the key'),
        ({"back": "f8"}, '"back" has a fixed key'),
    ],
)
def test_a_wrong_keys_table_is_one_sentence_with_its_cure(overrides: dict[str, str], words: str):
    with pytest.raises(KeymapError) as error:
        build_keymap(overrides)
    assert words in str(error.value)


def test_keys_are_written_as_on_the_keyboard():
    names = {key: key_name(key) for key in ("f9", "escape", "ctrl+l", "delete", "pageup", "c")}
    assert list(names.values()) == ["F9", "Esc", "Ctrl+L", "Del", "PgUp", "c"]

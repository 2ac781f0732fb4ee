"""Colours that can be read, and terminals that get what they can show."""

import pytest
from rich.color import Color
from rich.terminal_theme import TerminalTheme

from tui.palette import PALETTES, PaletteName, choose_palette
from tui.view.roles import Role

CONSOLE = [
    (0, 0, 0), (170, 0, 0), (0, 170, 0), (170, 85, 0), (0, 0, 170), (170, 0, 170), (0, 170, 170), (170, 170, 170),
    (85, 85, 85), (255, 85, 85), (85, 255, 85), (255, 255, 85), (85, 85, 255), (255, 85, 255), (85, 255, 255),
    (255, 255, 255),
]  # fmt: skip
"""The Linux console's sixteen; those of other terminals are further apart."""
THEME = TerminalTheme((0, 0, 0), (170, 170, 170), CONSOLE[:8], CONSOLE[8:])
HINTS = {Role.HINT, Role.VOID, Role.FRAME}


def luminance(rgb: tuple[int, int, int]) -> float:
    parts = [value / 255 for value in rgb]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(front: str, back: str) -> float:
    a, b = (luminance(tuple(Color.parse(name).get_truecolor(THEME))) for name in (front, back))
    return (max(a, b) + 0.05) / (min(a, b) + 0.05)


@pytest.mark.parametrize("role", Role)
def test_text_has_contrast_seven_and_hints_four_and_a_half(role: Role):
    look = PALETTES[PaletteName.COLOURS][role]
    assert look.front and look.back, "a terminal's own colours are unknown"
    assert contrast(look.front, look.back) >= (4.5 if role in HINTS else 7.0)


@pytest.mark.parametrize("role", Role)
def test_the_high_contrast_palette_has_contrast_seven_everywhere(role: Role):
    look = PALETTES[PaletteName.CONTRAST][role]
    assert contrast(look.front, look.back) >= 7.0
    assert not look.back.startswith("bright") and Color.parse(look.front).number < 16


def test_high_contrast_is_what_a_person_asks_for():
    asked = {"TERM": "xterm-256color", "OUTPOST_THEME": "high-contrast"}
    assert choose_palette(asked) is PaletteName.CONTRAST
    assert choose_palette(asked | {"NO_COLOR": "1"}) is PaletteName.MONO
    assert choose_palette(asked | {"OUTPOST_THEME": "usual"}) is PaletteName.COLOURS


@pytest.mark.parametrize("role", Role)
def test_sixteen_colours_name_both_or_stay_with_the_terminals_own(role: Role):
    look = PALETTES[PaletteName.ANSI][role]
    if look.back:
        assert contrast(look.front, look.back) >= 4.5
        assert not look.back.startswith("bright"), "the console shows a bright background as a plain one"
    for name in (look.front, look.back):
        assert not name or Color.parse(name).number < 16


def test_every_palette_has_every_role_and_mono_has_no_colour():
    for looks in PALETTES.values():
        assert set(looks) == set(Role)
    assert not [look for look in PALETTES[PaletteName.MONO].values() if look.front or look.back]


def test_colours_of_256_are_entries_of_the_table():
    for look in PALETTES[PaletteName.COLOURS].values():
        assert all(Color.parse(name).number is not None for name in (look.front, look.back))


@pytest.mark.parametrize(
    "environ,palette",
    [
        ({"TERM": "xterm-256color"}, PaletteName.COLOURS),
        ({"TERM": "tmux-256color"}, PaletteName.COLOURS),
        ({"TERM": "alacritty"}, PaletteName.COLOURS),
        ({"TERM": "xterm", "COLORTERM": "truecolor"}, PaletteName.COLOURS),
        ({"TERM": "xterm"}, PaletteName.ANSI),
        ({"TERM": "linux"}, PaletteName.ANSI),
        ({"TERM": "xterm-256color", "NO_COLOR": "1"}, PaletteName.MONO),
        ({"TERM": "xterm-256color", "NO_COLOR": ""}, PaletteName.COLOURS),
        ({"TERM": "dumb"}, PaletteName.MONO),
        ({"TERM": "vt220"}, PaletteName.MONO),
        ({"TERM": "something-new"}, PaletteName.MONO),
        ({}, PaletteName.MONO),
    ],
)
def test_terminal_gets_the_palette_it_can_show(environ: dict[str, str], palette: PaletteName):
    assert choose_palette(environ) is palette

"""The palettes, and which of them a terminal gets (docs/screens.md).

256 colours, the sixteen of a plain terminal, and none at all. Contrast is at least 7:1 for text and 4.5:1 for hints (a
test computes it). Ordinary text is white on black also with 256 colours: eight bytes instead of twenty-two for every
piece that changes, and those are most of what a scan sends down the line. For the same reason frames, the selected
line (it carries `>`) and plain messages look like text.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from tui.view.roles import Role


class PaletteName(StrEnum):
    """The closed set of palettes."""

    COLOURS = "colours"
    ANSI = "ansi"
    MONO = "mono"
    CONTRAST = "high-contrast"
    """Asked for by a person (OUTPOST_THEME, --theme); the terminal never chooses it by itself."""


class Look(NamedTuple):
    """How a role looks. `front` and `back` are Rich's names (`color(153)`), or empty for the terminal's own."""

    front: str = ""
    back: str = ""
    bold: bool = False
    reverse: bool = False


COLOURS: dict[Role, Look] = {
    Role.TEXT: Look("white", "black"),
    Role.FRAME: Look("white", "black"),
    Role.TITLE: Look("bright_white", "black", bold=True),
    Role.BAR: Look("black", "color(153)"),
    Role.MODE: Look("black", "color(221)", bold=True),
    Role.STRONG: Look("bright_white", "black", bold=True),
    Role.HINT: Look("color(247)", "black"),
    Role.VOID: Look("color(247)", "black"),
    Role.CURRENT: Look("white", "black"),
    Role.INFO: Look("white", "black"),
    Role.WARN: Look("color(221)", "black", bold=True),
    Role.ERROR: Look("bright_white", "color(88)", bold=True),
    Role.QUESTION: Look("bright_white", "color(17)"),
    Role.PAPER: Look("black", "color(255)"),
}
ANSI: dict[Role, Look] = {
    Role.TEXT: Look(),
    Role.FRAME: Look(),
    Role.TITLE: Look(bold=True),
    Role.BAR: Look(reverse=True),
    Role.MODE: Look("bright_yellow", "black", bold=True),
    Role.STRONG: Look(bold=True),
    Role.HINT: Look(),
    Role.VOID: Look(),
    Role.CURRENT: Look(),
    Role.INFO: Look(),
    Role.WARN: Look("yellow", bold=True),
    Role.ERROR: Look("bright_white", "red", bold=True),
    Role.QUESTION: Look("bright_white", "blue"),
    Role.PAPER: Look("black", "white"),
}
MONO: dict[Role, Look] = {
    Role.TEXT: Look(),
    Role.FRAME: Look(),
    Role.TITLE: Look(bold=True),
    Role.BAR: Look(reverse=True),
    Role.MODE: Look(bold=True),
    Role.STRONG: Look(bold=True),
    Role.HINT: Look(),
    Role.VOID: Look(),
    Role.CURRENT: Look(),
    Role.INFO: Look(),
    Role.WARN: Look(bold=True),
    Role.ERROR: Look(reverse=True, bold=True),
    Role.QUESTION: Look(bold=True),
    Role.PAPER: Look(),
}
CONTRAST: dict[Role, Look] = {
    Role.TEXT: Look("bright_white", "black"),
    Role.FRAME: Look("bright_white", "black"),
    Role.TITLE: Look("bright_yellow", "black", bold=True),
    Role.BAR: Look("black", "white", bold=True),
    Role.MODE: Look("bright_yellow", "black", bold=True),
    Role.STRONG: Look("bright_yellow", "black", bold=True),
    Role.HINT: Look("bright_white", "black"),
    Role.VOID: Look("bright_white", "black"),
    Role.CURRENT: Look("black", "white", bold=True),
    Role.INFO: Look("bright_white", "black", bold=True),
    Role.WARN: Look("bright_yellow", "black", bold=True),
    Role.ERROR: Look("bright_white", "red", bold=True),
    Role.QUESTION: Look("black", "white", bold=True),
    Role.PAPER: Look("black", "white"),
}
"""For eyes that need more: no grey, the sixteen colours alone, contrast at least 7:1 for everything."""
PALETTES: dict[PaletteName, dict[Role, Look]] = {
    PaletteName.COLOURS: COLOURS,
    PaletteName.ANSI: ANSI,
    PaletteName.MONO: MONO,
    PaletteName.CONTRAST: CONTRAST,
}

THEME = "OUTPOST_THEME"
"""The variable that asks for a palette by its name."""
MANY = ("xterm-direct", "xterm-kitty", "xterm-ghostty", "alacritty", "foot", "wezterm")
"""Terminals that have 256 colours and more without saying so in their name."""
SIXTEEN = (
    "linux",
    "ansi",
    "cygwin",
    "xterm",
    "xterm-color",
    "xterm-16color",
    "screen",
    "tmux",
    "rxvt",
    "putty",
)
"""Terminals known to have sixteen colours and not more."""


def choose_palette(environ: Mapping[str, str]) -> PaletteName:
    """The palette of a terminal, by NO_COLOR, OUTPOST_THEME, COLORTERM and TERM; one that nobody knows gets none."""
    term = environ.get("TERM", "")
    if environ.get("NO_COLOR"):
        return PaletteName.MONO
    if environ.get(THEME) == PaletteName.CONTRAST:
        return PaletteName.CONTRAST
    if "256color" in term or environ.get("COLORTERM") in ("truecolor", "24bit"):
        return PaletteName.COLOURS
    if term.startswith(MANY):
        return PaletteName.COLOURS
    return PaletteName.ANSI if term in SIXTEEN else PaletteName.MONO

"""The widget that shows the picture, and what a terminal is sent to show the next one; it holds no text of its own."""

from collections.abc import Mapping

from rich.color import ColorSystem
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import CompositorUpdate
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from tui.palette import PALETTES, Look, PaletteName
from tui.view.canvas import Picture, changed
from tui.view.roles import Role


def styles_of(palette: PaletteName) -> Mapping[Role, Style]:
    """Rich styles of a palette's roles."""
    return {role: _style(look) for role, look in PALETTES[palette].items()}


def _style(look: Look) -> Style:
    return Style(
        color=look.front or None,
        bgcolor=look.back or None,
        bold=look.bold or None,
        reverse=look.reverse or None,
    )


class Difference(CompositorUpdate):
    """What makes the terminal show the next picture, in the form in which Textual writes updates."""

    def __init__(self, text: str) -> None:
        self._text = text

    def render_segments(self, console: Console) -> str:
        """The text, sequences and all."""
        return self._text


class Rows(Widget, can_focus=False):
    """The newest picture.

    Textual draws it when it has to be drawn whole (at the start, after a change of size). What differs from one picture
    to the next is worked out here: the way through Textual's messages and compositor takes a millisecond of every scan
    and sends more.
    """

    ALLOW_SELECT = False

    def __init__(self, palette: PaletteName) -> None:
        super().__init__()
        self._styles = styles_of(palette)
        self._codes: Mapping[Role, str] = {}
        """What switches each look on, for the colours that this terminal has."""
        self._picture: Picture | None = None

    def show(self, picture: Picture) -> Difference | None:
        """Take the newest picture; returns what brings the terminal there, None when Textual draws all of it."""
        old, self._picture = self._picture, picture
        if old is None or (old.width, old.height) != (picture.width, picture.height):
            self.refresh()
            return None
        codes = self._codes = self._codes or self._codes_of(self.app.console)
        pieces: list[str] = []
        for y in range(picture.height):
            for first, end in changed(old, picture, y, codes):
                pieces.append(f"\x1b[{y + 1};{first + 1}H")
                pieces += _coloured(picture, y, first, end, codes)
        return Difference("".join(pieces)) if pieces or old.cursor != picture.cursor else None

    def _codes_of(self, console: Console) -> Mapping[Role, str]:
        system = console._color_system or ColorSystem.TRUECOLOR
        return {role: Strip.render_ansi(style, system) for role, style in self._styles.items()}

    def render_lines(self, crop: Region) -> list[Strip]:
        """The rows of a region. Nothing of Textual's style sheet applies to them, so none of it is worked out."""
        if self.get_line_filters():
            return super().render_lines(crop)
        return [self.render_line(y).crop(crop.x, crop.right) for y in crop.line_range]

    def render_line(self, y: int) -> Strip:
        """One row as Textual draws it; neighbours of one look are one segment."""
        picture, width = self._picture, self.size.width
        if picture is None or y >= picture.height:
            return Strip.blank(width)
        segments: list[Segment] = []
        for text, role in picture.row(y):
            style = self._styles[role]
            if segments and segments[-1].style == style:
                segments[-1] = Segment(segments[-1].text + text, style)
            else:
                segments.append(Segment(text, style))
        return Strip(segments, picture.width).adjust_cell_length(width)


def _coloured(picture: Picture, y: int, first: int, end: int, codes: Mapping[Role, str]) -> list[str]:
    """Cells of a row with what switches their looks on and off."""
    pieces: list[str] = []
    look = ""
    for text, role in picture.row(y, first, end):
        code = codes[role]
        if code != look:
            if look:
                pieces.append("\x1b[0m")
            if code:
                pieces.append(f"\x1b[{code}m")
            look = code
        pieces.append(text)
    if look:
        pieces.append("\x1b[0m")
    return pieces

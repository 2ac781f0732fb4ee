"""A widget that shows some rows of the picture; it holds no text of its own."""

from collections.abc import Mapping

from rich.segment import Segment
from rich.style import Style
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


class Rows(Widget, can_focus=False):
    """Rows `first` to `first + height` of the newest picture; repaints only the cells that differ."""

    ALLOW_SELECT = False

    def __init__(self, styles: Mapping[Role, Style], name: str) -> None:
        super().__init__(id=name)
        self._looks = styles
        self._picture: Picture | None = None
        self._first = 0

    def show(self, picture: Picture, first: int, height: int) -> None:
        """Take the newest picture."""
        old, self._picture = self._picture, picture
        if old is None or (old.width, old.height, self._first) != (picture.width, picture.height, first):
            self._first = first
            self.refresh()
            return
        regions = [
            Region(x, row, width, 1) for row in range(height) for x, width in changed(old, picture, first + row)
        ]
        if regions:
            self.refresh(*regions)

    def render_line(self, y: int) -> Strip:
        """One row as Textual draws it."""
        picture = self._picture
        row = self._first + y
        if picture is None or row >= picture.height:
            return Strip.blank(self.size.width)
        segments = [Segment(text, self._looks[role]) for text, role in picture.row(row)]
        return Strip(segments, picture.width)

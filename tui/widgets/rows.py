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
    """A part of the newest picture: some rows, some columns. Repaints only the rows of its part that differ.

    Textual sends a changed row from the widget's left edge to the last changed cell; where the widgets begin therefore
    decides how many bytes a scan costs.
    """

    ALLOW_SELECT = False

    def __init__(self, styles: Mapping[Role, Style], name: str) -> None:
        super().__init__(id=name)
        self._looks = styles
        self._picture: Picture | None = None
        self._part = Region()
        self._strips: dict[int, Strip] = {}
        """Rows as they were drawn last."""

    def show(self, picture: Picture, part: Region) -> None:
        """Take the newest picture, of which this widget shows `part`."""
        old, self._picture = self._picture, picture
        same_size = old is not None and (old.width, old.height) == (picture.width, picture.height)
        if old is None or not same_size or part != self._part:
            self._part = part
            self._strips.clear()
            self.refresh()
            return
        regions = [
            Region(first, y - part.y, last - first, 1)
            for y in part.line_range
            for first, last in changed(old, picture, y, part.x, part.right)
        ]
        if regions:
            for region in regions:
                self._strips.pop(region.y, None)
            self.refresh(*regions)

    def render_lines(self, crop: Region) -> list[Strip]:
        """The rows of a region. Nothing of Textual's style sheet applies to them, so none of it is worked out."""
        if self.get_line_filters():
            return super().render_lines(crop)
        return [self._strip(y).crop(crop.x, crop.right) for y in crop.line_range]

    def _strip(self, y: int) -> Strip:
        strip, width = self._strips.get(y), self.size.width
        if strip is None or strip.cell_length != width:
            strip = self._strips[y] = self.render_line(y).adjust_cell_length(width)
        return strip

    def render_line(self, y: int) -> Strip:
        """One row as Textual draws it; neighbours of one look are one segment."""
        picture, part = self._picture, self._part
        if picture is None or y >= part.height or part.y + y >= picture.height:
            return Strip.blank(self.size.width)
        segments: list[Segment] = []
        for text, role in picture.row(part.y + y, part.x, part.right):
            style = self._looks[role]
            if segments and segments[-1].style == style:
                segments[-1] = Segment(segments[-1].text + text, style)
            else:
                segments.append(Segment(text, style))
        return Strip(segments, part.width)

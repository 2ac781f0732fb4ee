"""Frames: one panel, two side by side, and a box over them."""

from functools import lru_cache

import msgspec

from tui.view.canvas import Canvas
from tui.view.roles import Role
from tui.view.text import cut, left, width_of

SIDE_WIDTH = 27
"""Inner width of the right-hand panel; amounts of nine digits fit."""
TWO_PANELS_FROM = 76
"""Columns from which the window has room for the right-hand panel."""


class Box(msgspec.Struct, frozen=True):
    """The inside of a frame."""

    x: int
    y: int
    width: int
    height: int

    @property
    def end(self) -> int:
        """First column behind it."""
        return self.x + self.width

    @property
    def bottom(self) -> int:
        """First row below it."""
        return self.y + self.height


def one_panel(canvas: Canvas, y: int, height: int, title: str) -> Box:
    """A frame over the whole width; `height` counts its borders."""
    return boxed(canvas, 0, y, canvas.width, height, title)


def two_panels(canvas: Canvas, y: int, height: int, title: str, side_title: str) -> tuple[Box, Box]:
    """A wide and a narrow panel with a common border."""
    main = canvas.width - SIDE_WIDTH - 3
    canvas.stamp(y, _two_frames(canvas.width, height, title, side_title))
    inner = height - 2
    return Box(1, y + 1, main, inner), Box(main + 2, y + 1, SIDE_WIDTH, inner)


@lru_cache(16)
def _two_frames(width: int, height: int, title: str, side_title: str) -> Canvas:
    """Half of the work of a picture, and nearly always the same."""
    canvas = Canvas(width, height)
    boxed(canvas, 0, 0, width, height, title)
    border = width - SIDE_WIDTH - 2
    canvas.put(border, 0, "┬", Role.FRAME)
    _title(canvas, border + 1, 0, SIDE_WIDTH, side_title)
    for row in range(1, height - 1):
        canvas.put(border, row, "│", Role.FRAME)
    canvas.put(border, height - 1, "┴", Role.FRAME)
    return canvas


def boxed(
    canvas: Canvas, x: int, y: int, width: int, height: int, title: str, role: Role = Role.FRAME
) -> Box:
    """A frame anywhere; what was under it is wiped."""
    inner = width - 2
    canvas.put(x, y, "┌" + "─" * inner + "┐", role)
    for row in range(y + 1, y + height - 1):
        canvas.put(x, row, "│", role)
        canvas.fill(x + 1, row, inner, Role.TEXT if role is Role.FRAME else role)
        canvas.put(x + width - 1, row, "│", role)
    canvas.put(x, y + height - 1, "└" + "─" * inner + "┘", role)
    _title(canvas, x + 1, y, inner, title, Role.TITLE if role is Role.FRAME else role)
    return Box(x + 1, y + 1, inner, height - 2)


def pair(
    canvas: Canvas,
    box: Box,
    row: int,
    label: str,
    value: str,
    role: Role = Role.TEXT,
    margin: int = 1,
) -> None:
    """A label on the left and a value on the right edge of a panel; the label gives way."""
    if not 0 <= row < box.height:
        return
    # The gap has the role as well: one piece to send when the value changes, not two.
    room = box.width - 2 * margin
    text = left(label, max(0, room - width_of(value) - 1)) + " " + value
    canvas.put_right(box.end - margin, box.y + row, text[-room:], role)


def rule(canvas: Canvas, box: Box, row: int, char: str = "─", margin: int = 1) -> None:
    """A line across a panel."""
    if 0 <= row < box.height:
        canvas.put(box.x + margin, box.y + row, char * (box.width - 2 * margin), Role.FRAME)


def line(canvas: Canvas, box: Box, row: int, text: str, role: Role = Role.TEXT, margin: int = 2) -> None:
    """A line of text in a panel, cut at its edge."""
    if 0 <= row < box.height:
        canvas.put(box.x + margin, box.y + row, cut(text, box.width - margin), role)


def centred(canvas: Canvas, box: Box, row: int, text: str, role: Role = Role.TEXT) -> None:
    """A line of text in the middle of a panel."""
    line(canvas, box, row, text, role, max(0, (box.width - width_of(text)) // 2))


def _title(canvas: Canvas, x: int, y: int, width: int, title: str, role: Role = Role.TITLE) -> None:
    if title and width > 4:
        canvas.put(x, y, f" {cut(title, width - 3)} ", role)

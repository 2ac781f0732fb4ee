"""A picture in the making: a grid of cells with a role each."""

from dataclasses import dataclass
from itertools import groupby

from rich.cells import get_character_cell_size

from tui.view.roles import Role
from tui.view.text import cut, width_of

Run = tuple[str, Role]
Row = tuple[Run, ...]
Span = tuple[int, int]
"""First column and width."""


@dataclass(frozen=True)
class Picture:
    """A finished picture: per row the characters (empty in the right half of a wide one) and the roles."""

    width: int
    height: int
    chars: tuple[tuple[str, ...], ...]
    roles: tuple[tuple[Role, ...], ...]
    cursor: tuple[int, int] | None = None
    """Column and row of the place where typing goes on."""

    def row(self, y: int) -> Row:
        """A row as runs of one role."""
        runs = []
        x = 0
        for role, group in groupby(self.roles[y]):
            size = sum(1 for _ in group)
            runs.append(("".join(self.chars[y][x : x + size]), role))
            x += size
        return tuple(runs)

    def text(self) -> str:
        """The characters alone, rows without trailing space."""
        return "\n".join("".join(row).rstrip() for row in self.chars)


class Canvas:
    """Cells to write on; what does not fit is cut at the edge."""

    def __init__(self, width: int, height: int) -> None:
        self.width = width
        self.height = height
        self.cursor: tuple[int, int] | None = None
        self._chars = [[" "] * width for _ in range(height)]
        self._roles = [[Role.TEXT] * width for _ in range(height)]

    def put(self, x: int, y: int, text: str, role: Role = Role.TEXT) -> int:
        """Write `text` at column `x` of row `y`; returns the column behind it."""
        if not 0 <= y < self.height or x >= self.width:
            return x
        text = cut(text, self.width - x)
        cells = list(text) if text.isascii() else _cells(text)
        self._chars[y][x : x + len(cells)] = cells
        self._roles[y][x : x + len(cells)] = [role] * len(cells)
        return x + len(cells)

    def put_right(self, end: int, y: int, text: str, role: Role = Role.TEXT) -> int:
        """Write `text` so that it ends before column `end`; returns its first column."""
        start = end - width_of(text)
        self.put(start, y, text, role)
        return start

    def fill(self, x: int, y: int, width: int, role: Role, char: str = " ") -> None:
        """A stretch of one character."""
        self.put(x, y, char * width, role)

    def picture(self) -> Picture:
        """What was drawn."""
        return Picture(
            self.width,
            self.height,
            tuple(map(tuple, self._chars)),
            tuple(map(tuple, self._roles)),
            self.cursor,
        )


def changed(old: Picture, new: Picture, y: int, join: int = 6) -> list[Span]:
    """The spans of row `y` that differ; spans closer than `join` cells are one, for moving the cursor costs bytes too."""
    if old.chars[y] == new.chars[y] and old.roles[y] == new.roles[y]:
        return []
    spans: list[list[int]] = []
    before = zip(old.chars[y], old.roles[y], strict=True)
    for x, (was, now) in enumerate(zip(before, zip(new.chars[y], new.roles[y], strict=True), strict=True)):
        if was == now:
            continue
        if spans and x - spans[-1][1] < join:
            spans[-1][1] = x
        else:
            spans.append([x, x])
    return [_whole(old, new, y, first, last) for first, last in spans]


def _whole(old: Picture, new: Picture, y: int, first: int, last: int) -> Span:
    """Widen a span so that it cuts no wide character in two, neither the old nor the new one."""
    for picture in (old, new):
        row = picture.chars[y]
        while first > 0 and row[first] == "":
            first -= 1
        while last + 1 < picture.width and row[last + 1] == "":
            last += 1
    return first, last - first + 1


def _cells(text: str) -> list[str]:
    cells = []
    for char in text:
        cells.append(char)
        if get_character_cell_size(char) == 2:
            cells.append("")
    return cells

"""A picture in the making: a grid of cells with a role each."""

from collections.abc import Mapping

import msgspec
from rich.cells import get_character_cell_size

from tui.view.roles import Role
from tui.view.text import clean, cut, width_of

Run = tuple[str, Role]
Row = tuple[Run, ...]
Span = tuple[int, int]
"""First column, and the one behind the last."""
GAP = 12
"""Equal cells between two that differ that are sent again: jumping over them costs the line more bytes."""


class Picture(msgspec.Struct, frozen=True):
    """A finished picture: per row the characters (empty in the right half of a wide one) and the roles."""

    width: int
    height: int
    chars: tuple[tuple[str, ...], ...]
    roles: tuple[tuple[Role, ...], ...]
    cursor: tuple[int, int] | None = None
    """Column and row of the place where typing goes on."""

    def row(self, y: int, start: int = 0, end: int | None = None) -> Row:
        """A row, or some columns of it, as runs of one role."""
        end = self.width if end is None else end
        chars, roles = self.chars[y], self.roles[y]
        runs = []
        for x in range(start + 1, end + 1):
            if x == end or roles[x] is not roles[start]:
                runs.append(("".join(chars[start:x]), roles[start]))
                start = x
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
        """Write `text` at column `x` of row `y`; returns the column behind it. The last barrier before the terminal."""
        if not 0 <= y < self.height or x >= self.width:
            return x
        plain = text.isascii() and text.isprintable()
        text = cut(text if plain else clean(text), self.width - max(x, 0) - min(x, 0))
        cells = list(text) if plain else _cells(text)
        if x < 0:
            cells, x = cells[-x:], 0
        end = x + len(cells)
        chars = self._chars[y]
        if not plain or not chars[x] or (end < self.width and not chars[end]):
            _mend(chars, cells, x, end)
        chars[x:end] = cells
        self._roles[y][x:end] = [role] * len(cells)
        return end

    def put_right(self, end: int, y: int, text: str, role: Role = Role.TEXT) -> int:
        """Write `text` so that it ends before column `end`; returns its first column."""
        start = end - width_of(text)
        self.put(start, y, text, role)
        return start

    def fill(self, x: int, y: int, width: int, role: Role, char: str = " ") -> None:
        """A stretch of one character."""
        self.put(x, y, char * width, role)

    def stamp(self, y: int, rows: "Canvas") -> None:
        """Put the rows of another canvas of the same width here, from row `y` on; what is below the edge is cut."""
        kept = max(0, min(rows.height, self.height - y))
        self._chars[y : y + kept] = [[*row] for row in rows._chars[:kept]]
        self._roles[y : y + kept] = [[*row] for row in rows._roles[:kept]]

    def picture(self) -> Picture:
        """What was drawn."""
        return Picture(
            self.width,
            self.height,
            tuple(map(tuple, self._chars)),
            tuple(map(tuple, self._roles)),
            self.cursor,
        )


def changed(old: Picture, new: Picture, y: int, looks: Mapping[Role, str]) -> list[Span]:
    """The spans of row `y` that look different, from left to right; both pictures have one size.

    Roles of one look are not told apart. A wide character is never cut in two, neither the old nor the new one.
    """
    chars, roles = (old.chars[y], new.chars[y]), (old.roles[y], new.roles[y])
    if chars[0] == chars[1] and roles[0] == roles[1]:
        return []
    spans: list[Span] = []
    for x, (was, now, before, after) in enumerate(zip(*chars, *roles, strict=True)):
        if was == now and (before is after or looks[before] == looks[after]):
            continue
        first, end = x, x + 1
        while first > 0 and "" in (chars[0][first], chars[1][first]):
            first -= 1
        while end < new.width and "" in (chars[0][end], chars[1][end]):
            end += 1
        if spans and first - spans[-1][1] <= GAP:
            first, end = spans[-1][0], max(end, spans.pop()[1])
        spans.append((first, end))
    return spans


def _mend(chars: list[str], cells: list[str], start: int, end: int) -> None:
    """No half of a wide character is left over, neither of what is overwritten nor of what is cut off."""
    if not cells:
        return
    if not chars[start] and start > 0:
        chars[start - 1] = " "
    if end < len(chars) and not chars[end]:
        chars[end] = " "
    if not cells[0]:
        cells[0] = " "


def _cells(text: str) -> list[str]:
    cells = []
    for char in text:
        cells.append(char)
        if get_character_cell_size(char) == 2:
            cells.append("")
    return cells

"""Documents as lines of characters for a given paper width; wide characters count two, numbers are never cut."""

from collections.abc import Iterator
from typing import assert_never

import msgspec

from store.sale.bidi import visual
from store.sale.document import (
    Align,
    AnyElement,
    Barcode,
    Blank,
    Columns,
    Cut,
    Document,
    Logo,
    Qr,
    Rule,
    Table,
    Text,
)

NARROWEST = 16
"""Narrower paper does not exist; a smaller width is taken as this."""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line of paper. `size` 2 means: print double height and width (the text is laid out for half the columns).

    `symbol` is set instead of `text` for what only the device can draw: a barcode, a QR code, a logo, the cut.
    """

    text: str = ""
    bold: bool = False
    size: int = 1
    symbol: Barcode | Qr | Logo | Cut | None = None


def render_text(document: Document, width: int) -> list[str]:
    """The document as plain text of at most `width` columns per line, for a screen or a file; no trailing blanks."""
    return [line.text for line in lay_out(document, width, double=False) if line.symbol is None]


def lay_out(document: Document, width: int, *, double: bool = True) -> list[Line]:
    """The document as lines of at most `width` columns; with `double`, lines of size 2 hold half as many characters."""
    width = max(min(width, document.width or width), NARROWEST)
    return [line for element in document.elements for line in _lines(element, width, double)]


def display_width(text: str) -> int:
    """Columns that `text` takes: wide characters two, combining marks none, others one."""
    if text.isascii():
        return len(text)
    from wcwidth import wcwidth

    return sum(max(wcwidth(character), 0) for character in text)


def cut(text: str, width: int) -> str:
    """The beginning of `text` that fits into `width` columns; a wide character is never halved."""
    if text.isascii():
        return text[: max(width, 0)]
    from wcwidth import wcwidth

    taken = 0
    for index, character in enumerate(text):
        taken += max(wcwidth(character), 0)
        if taken > width:
            return text[:index]
    return text


def pad_right(text: str, width: int) -> str:
    """`text` cut or filled with blanks to exactly `width` columns."""
    short = cut(text, width)
    return short + " " * (width - display_width(short))


def wrap(text: str, width: int, lines: int = 0) -> list[str]:
    """`text` broken at blanks into lines of at most `width` columns; at most `lines` of them when that is not 0."""
    wrapped: list[str] = []
    current = " " * min(len(text) - len(text.lstrip(" ")), width // 2)
    for word in text.split():
        candidate = f"{current} {word}" if current.strip() else current + word
        if display_width(candidate) <= width:
            current = candidate
            continue
        if current.strip():
            wrapped.append(current)
        while display_width(word) > width:
            piece = cut(word, width) or word[:1]
            wrapped.append(piece)
            word = word[len(piece) :]
        current = word
    wrapped.append(current)
    return [line.rstrip() for line in (wrapped[:lines] if lines else wrapped)]


def _lines(element: AnyElement, width: int, double: bool) -> Iterator[Line]:
    match element:
        case Text(text=text, align=align, bold=bold, size=size):
            columns = width // 2 if double and size > 1 else width
            # What fits keeps its blanks: the columns of a format.
            for line in [text.rstrip()] if display_width(text) <= columns else wrap(text, columns):
                yield Line(text=_aligned(visual(line), align, columns), bold=bold, size=size)
        case Columns(left=left, right=right, bold=bold, size=size, lines=lines):
            columns = width // 2 if double and size > 1 else width
            for line in _columns(left, right, columns, lines):
                yield Line(text=line, bold=bold, size=size)
        case Table(rows=rows):
            for line in _table(rows, width):
                yield Line(text=line)
        case Rule(double=twice):
            yield Line(text=("=" if twice else "-") * width)
        case Blank(lines=count):
            yield from (Line() for _ in range(count))
        case Barcode() | Qr() | Logo() | Cut():
            yield Line(symbol=element)
        case _:
            assert_never(element)


def _aligned(text: str, align: Align, width: int) -> str:
    free = width - display_width(text)
    match align:
        case Align.LEFT:
            return text
        case Align.CENTER:
            return " " * (free // 2) + text if text else ""
        case Align.RIGHT:
            return " " * free + text if text else ""
        case _:
            assert_never(align)


def _columns(left: str, right: str, width: int, lines: int) -> Iterator[str]:
    room = width - display_width(right) - 1
    if room < 1:  # the number alone fills the line: the name goes above it
        yield from map(visual, wrap(left, width, lines))
        yield from (_aligned(line, Align.RIGHT, width) for line in wrap(right, width))
        return
    first, *rest = map(visual, wrap(left, room, lines))
    yield f"{pad_right(first, room)} {visual(right)}".rstrip()
    yield from rest


def _name_cell(text: str, width: int) -> str:
    """A name cut to its column and then put into the order in which it is seen."""
    return pad_right(visual(cut(text, width)), width)


def _table(rows: tuple[tuple[str, ...], ...], width: int) -> Iterator[str]:
    columns = max((len(row) for row in rows), default=0)
    if columns == 0:
        return
    widest = [max(display_width(row[i]) for row in rows if i < len(row)) for i in range(columns)]
    room = width - sum(size + 1 for size in widest[1:])
    if room < min(widest[0], 3):  # too narrow for a table: one number per line, each complete
        for row in rows:
            yield from map(visual, wrap(row[0], width))
            for cell in row[1:]:
                yield from (_aligned(line, Align.RIGHT, width) for line in wrap(cell, width))
        return
    first = min(widest[0], room)
    gap = (width - first - sum(widest[1:])) // (columns - 1) if columns > 1 else 0
    for row in rows:
        line = _name_cell(row[0], width - sum(size + gap for size in widest[1:]))
        for size, cell in zip(widest[1:], row[1:], strict=False):
            line += " " * (size + gap - display_width(cell)) + cell
        yield line.rstrip()

"""Text in terminal cells: wide characters count two, and nothing that came from outside can move the cursor."""

from functools import lru_cache

from rich.cells import cell_len, get_character_cell_size

from store.sale.bidi import visual
from store.sale.language import region_in_force
from store.sale.region import local_number
from store.sale.text import printable

CUT = "~"
"""Stands where a text was cut; an ellipsis is missing in the console's font."""


@lru_cache(4096)
def clean(text: str) -> str:
    """The text without what cannot be drawn in a cell of its own: controls, bidi marks, lone combining characters."""
    safe = printable(text)
    return safe if safe.isascii() else "".join(char for char in safe if get_character_cell_size(char) > 0)


def width_of(text: str) -> int:
    """Width in cells."""
    return len(text) if text.isascii() else cell_len(text)


def cut(text: str, width: int) -> str:
    """The text in at most `width` cells; what was cut off is marked."""
    if width_of(text) <= width:
        return text
    if width <= 0:
        return ""
    kept, room = [], width - 1
    for char in text:
        room -= get_character_cell_size(char)
        if room < 0:
            break
        kept.append(char)
    return "".join(kept) + CUT


def tail(text: str, width: int) -> str:
    """The end of the text in at most `width` cells: what was typed last stays in sight."""
    while width_of(text) > width:
        text = text[1:]
    return text


def left(text: str, width: int) -> str:
    """Cut or filled to exactly `width` cells, in the order in which it is seen: a cell of a row of its own."""
    text = visual(cut(text, width))
    return text + " " * (width - width_of(text))


def right(text: str, width: int) -> str:
    """Filled on the left; a number is never cut, it rather takes more room."""
    return " " * (width - width_of(text)) + text


def wrap(text: str, width: int) -> list[str]:
    """Whole words on lines of at most `width` cells."""
    lines: list[str] = []
    line = ""
    for word in text.split():
        word = cut(word, width)
        if line and width_of(line) + 1 + width_of(word) > width:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    return [*lines, line] if line else lines


def amount_text(amount: int, exponent: int) -> str:
    """Minor units as a number of the region in force: 1326 with exponent 2 is 13.26, in Germany 13,26."""
    if exponent == 0:
        return local_number(str(amount), region_in_force())
    whole, part = divmod(abs(amount), 10**exponent)
    return local_number(f"{'-' if amount < 0 else ''}{whole}.{part:0{exponent}d}", region_in_force())

"""A small chart of bars for a terminal, in characters that a console's font has: full and half blocks."""

from collections.abc import Sequence

FULL, HALF = "█", "▌"


def bar(value: int, most: int, width: int) -> str:
    """A bar of at most `width` columns for `value` of `most`, in half columns; something is always to be seen.

    Nothing for a value that is not above zero.
    """
    if value <= 0 or most <= 0 or width < 1:
        return ""
    halves = max(1, (2 * width * min(value, most) + most // 2) // most)
    return FULL * (halves // 2) + HALF * (halves % 2)


def bars(rows: Sequence[tuple[str, int, str]], width: int) -> list[tuple[str, str]]:
    """Rows of label, value and what is written behind it, as label and drawn bar; the longest takes what is left."""
    most = max((value for _, value, _ in rows), default=0)
    behind = max((len(text) for _, _, text in rows), default=0)
    room = max(1, width - behind - 1)
    return [(label, f"{bar(value, most, room):<{room}} {text:>{behind}}") for label, value, text in rows]

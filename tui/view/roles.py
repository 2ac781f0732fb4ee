"""What a piece of text is; a palette says how that looks (tui/palette.py)."""

from enum import StrEnum


class Role(StrEnum):
    """The closed set of looks. States carry a word too, so nothing rests on a role alone."""

    TEXT = "text"
    FRAME = "frame"
    TITLE = "title"
    BAR = "bar"
    """First and last row."""
    MODE = "mode"
    """A connection other than ONLINE, inside the bar."""
    STRONG = "strong"
    """TOTAL, DUE, CHANGE."""
    HINT = "hint"
    VOID = "void"
    CURRENT = "current"
    """The selected line; carries `>` as well."""
    INFO = "info"
    WARN = "warn"
    ERROR = "error"
    QUESTION = "question"
    """The box of a question."""
    PAPER = "paper"

"""Text from outside made harmless for screen and paper: no control, no direction, no invisible characters."""

INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0") | frozenset(
    chr(code) for code in (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0), *range(0x180B, 0x1810))
)
"""Fillers and variation selectors: letters and marks to Unicode, yet nothing to see or not the same everywhere."""

MARKS_IN_A_ROW = 3
"""More combining marks on one letter are drawn over the lines above and below."""


def printable(text: str) -> str:
    """`text` without anything that could steer a terminal or printer or hide from the eye.

    Control characters (C0, C1, DEL, ESC), bidirectional and zero-width controls, lone surrogates, private and
    unassigned characters are dropped; tabs, line ends and odd spaces become one space each.
    """
    if text.isascii() and text.isprintable():
        return text
    kept = [
        character if character.isprintable() else " "
        for character in text
        if (character.isprintable() and character not in INVISIBLE) or character.isspace()
    ]
    return _with_few_marks("".join(kept))


def stored(text: str, limit: int) -> str:
    """`text` as a record may hold it: at most `limit` characters, NFC, no lone surrogates; else as it came."""
    if text.isascii():
        return text[:limit]
    import unicodedata

    sound = text.encode("utf-8", "replace").decode("utf-8")
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", sound)[:limit])


def _with_few_marks(text: str) -> str:
    """`text` with at most MARKS_IN_A_ROW combining marks after one another."""
    if text.isascii():
        return text
    import unicodedata

    kept: list[str] = []
    marks = 0
    for character in text:
        marks = marks + 1 if unicodedata.category(character) in ("Mn", "Me") else 0
        if marks <= MARKS_IN_A_ROW:
            kept.append(character)
    return "".join(kept)

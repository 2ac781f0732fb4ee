"""The keys of a register as headquarters sets them up (table `layout_key`): which key, where, for which operation.

Headquarters and register agree on these words; which operations there are is the register's knowledge, so a number it
does not know is told there and ignored (docs/keys.md).
"""

PLACES = ("locked", "shift", "idle", "sale", "tender", "paid", "closing", "safe_stop")
"""Where a key may lie; the empty place is everywhere the operation can run."""
KEYS = (
    *(f"f{number}" for number in range(1, 21)),
    *(f"ctrl+{letter}" for letter in "adefgklnopqrtuvwxy"),
    "insert",
    "delete",
    "home",
    "end",
    "pageup",
    "pagedown",
    "up",
    "down",
)
"""Keys an operation may lie on; what scanners send is not among them."""
KEPT_KEYS = ("f1", "f10")
"""Help and menu: whatever else a layout does, a person finds every operation by them."""
CAPTION_LIMIT = 16
"""Characters of a caption that the strip shows."""
LAYOUT_LIMIT = 120
"""Keys one register takes."""
LAST_OPERATION = 99_999


def check_layout_key(place: str, key: str, operation: int, caption: str) -> str:
    """Empty, or one sentence about what is wrong with a key of a layout."""
    if place and place not in PLACES:
        return (
            f"There is no place {place[:20]!r} for a key; places are {', '.join(PLACES)}, or nothing for all."
        )
    if key in KEPT_KEYS:
        return f"{key.upper()} keeps its meaning: help and menu are found there on every register."
    if key not in KEYS:
        return (
            f"{key[:20]!r} cannot be a key of an operation. Keys are f2 to f20, ctrl+letter, insert, delete, home, "
            "end, pageup, pagedown, up, down."
        )
    if not 1 <= operation <= LAST_OPERATION:
        return f"{operation} is no number of an operation; `outpost operations` lists them."
    if len(caption) > CAPTION_LIMIT or not caption.isprintable():
        return f"A caption has at most {CAPTION_LIMIT} characters of text."
    return ""

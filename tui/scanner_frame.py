"""A scan between the prefix and the suffix that a keyboard scanner can be told to send (docs/keys.md)."""

START_OF_SCAN = "ctrl+b"
"""STX, the prefix to program into a keyboard scanner."""
ENDS_OF_SCAN = frozenset({"enter", "ctrl+j", "tab", "ctrl+c"})


class ScannerFrame:
    """Everything up to the end belongs to the scan; what was typed by hand stays where it is."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._scanned: str | None = None

    @property
    def is_open(self) -> bool:
        """Whether a prefix has come and no end yet."""
        return self._scanned is not None

    def begin(self) -> None:
        """The prefix came."""
        self._scanned = ""

    def abandon(self) -> None:
        """Forget it."""
        self._scanned = None

    def take(self, name: str, character: str | None) -> str:
        """One key inside; the scan when it ended, else nothing. One character beyond the limit is kept as its sign."""
        scanned = self._scanned or ""
        if name in ENDS_OF_SCAN:
            self._scanned = None
            return scanned
        if name == "escape":
            self._scanned = None
        elif character is not None and len(scanned) <= self._limit:
            self._scanned = scanned + character
        return ""


def is_nothing(character: str | None) -> bool:
    """Padding of a slow line, and characters that cannot be seen (marks of direction and the like)."""
    if character is None or len(character) != 1:
        return False
    return character == "\x00" or (ord(character) >= 0x80 and not character.isprintable())

"""A hash of a set of lines that can be carried along: lines may join and leave in any order.

It is the sum modulo 2^256 of the SHA-256 of each line, so that a delta moves it by the lines it changes and a full
package arrives at the same number. It guards against mistakes (a wrong base, a lost row), not against forgers:
those have to get past the signature of the manifest that names it.
"""

import hashlib
from collections.abc import Iterable

HASH_DIGITS = 64
_MASK = (1 << 256) - 1


class SetHash:
    """The hash of the lines added and not removed again; a line is bytes without line end."""

    __slots__ = ("value",)

    def __init__(self, value: int = 0) -> None:
        self.value = value & _MASK

    @classmethod
    def from_hex(cls, text: str) -> "SetHash":
        """The hash that `hex` wrote; raises ValueError."""
        if len(text) != HASH_DIGITS or text.strip("0123456789abcdef"):
            raise ValueError("A set hash has 64 hexadecimal digits.")
        return cls(int(text, 16))

    def add(self, line: bytes) -> None:
        """A line joins."""
        self.value = (self.value + line_hash(line)) & _MASK

    def remove(self, line: bytes) -> None:
        """A line leaves."""
        self.value = (self.value - line_hash(line)) & _MASK

    def add_all(self, lines: Iterable[bytes]) -> None:
        """Many lines join."""
        # This is half of what applying a package costs beyond SQLite, hence no call per line.
        sha256, number = hashlib.sha256, int.from_bytes
        self.value = (self.value + sum([number(sha256(line).digest(), "big") for line in lines])) & _MASK

    def merge(self, other: "SetHash") -> None:
        """Everything that joined another hash joins this one."""
        self.value = (self.value + other.value) & _MASK

    def copy(self) -> "SetHash":
        """A hash of the same lines that goes its own way."""
        return SetHash(self.value)

    def hex(self) -> str:
        """64 hexadecimal digits."""
        return f"{self.value:064x}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SetHash) and other.value == self.value

    def __hash__(self) -> int:
        return hash(self.value)

    def __repr__(self) -> str:
        return f"SetHash({self.hex()[:12]}...)"


def line_hash(line: bytes) -> int:
    """What one line counts for."""
    return int.from_bytes(hashlib.sha256(line).digest(), "big")

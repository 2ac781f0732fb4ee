"""One-time codes that people read and type: for enrolment, and for the recovery of a dead register's records.

A code has 128 random bits, lives 15 minutes, works once and is stored as a hash only (docs/offline-protocol.md 7).
"""

import base64
import hashlib

CODE_BYTES = 16
CODE_LIFE_MS = 15 * 60 * 1000
_GROUP = 4


def format_code(secret: bytes) -> str:
    """The code a person reads and types: base32 in groups of four."""
    text = base64.b32encode(secret).decode().rstrip("=")
    return "-".join(text[start : start + _GROUP] for start in range(0, len(text), _GROUP))


def code_hash(code: str) -> str:
    """What is stored of a code; spaces, dashes and case do not matter. 128 random bits need no slow hash."""
    plain = "".join(letter for letter in code.upper() if letter.isalnum())
    return hashlib.sha256(b"outpost/code/v1\0" + plain.encode()).hexdigest()

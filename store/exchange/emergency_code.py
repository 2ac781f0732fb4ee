"""The way in when the only manager's PIN is forgotten while the register is offline (docs/headquarters-records.md).

The register shows a challenge; a person reads it to headquarters over the telephone; headquarters answers with a code
that only somebody who holds the store's pepper can know:

    code = HMAC-SHA256( pepper, "outpost/emergency/v1" 00 register 00 operator 00 challenge ), first 8 bytes mod 10^8

It is good for one challenge, one operator and one register. The register makes a fresh challenge each time and counts
attempts; 8 digits are enough for a person and far too many for `MAX_TRIES` guesses.
"""

import hashlib
import hmac

CHALLENGE_BYTES = 5
"""Random bytes behind a challenge: 40 bits, eight letters."""
MAX_TRIES = 3
"""Wrong codes after which a challenge is void; the register then shows another."""
CHALLENGE_LIFE_MS = 15 * 60 * 1000
"""So long a register accepts a code for a challenge; long enough for a telephone call."""

_TAG = b"outpost/emergency/v1\0"
_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Without I, L, O and U, which are misheard and misread."""
_MISREAD = str.maketrans("ILO", "110")
_DIGITS = 8


class NoChallenge(ValueError):
    """A text is no challenge; the message is one sentence."""


def challenge_of(random: bytes) -> str:
    """The challenge of fresh random bytes (`CHALLENGE_BYTES` of them), such as `7K2M-Q0ZT`."""
    if len(random) != CHALLENGE_BYTES:
        raise ValueError(f"A challenge is made of {CHALLENGE_BYTES} random bytes.")
    number = int.from_bytes(random, "big")
    letters = "".join(_LETTERS[number >> shift & 31] for shift in range(35, -1, -5))
    return f"{letters[:4]}-{letters[4:]}"


def read_challenge(text: str) -> str:
    """A challenge as it was typed, in its one form; case, dashes and spaces do not matter. Raises NoChallenge."""
    plain = text.upper().replace("-", "").replace(" ", "").translate(_MISREAD)
    if len(plain) != _DIGITS or any(letter not in _LETTERS for letter in plain):
        raise NoChallenge(
            f"{text[:20]!r} is no challenge; it has eight letters and digits, such as 7K2M-Q0ZT."
        )
    return f"{plain[:4]}-{plain[4:]}"


def emergency_code(pepper: bytes, *, register: str, operator: str, challenge: str) -> str:
    """The code for a challenge, such as `0417-5523`; raises NoChallenge."""
    text = "\0".join((register, operator, read_challenge(challenge))).encode()
    digest = hmac.digest(pepper, _TAG + text, hashlib.sha256)
    digits = f"{int.from_bytes(digest[:8], 'big') % 10**_DIGITS:0{_DIGITS}d}"
    return f"{digits[:4]}-{digits[4:]}"


def is_emergency_code(pepper: bytes, given: str, *, register: str, operator: str, challenge: str) -> bool:
    """Whether a typed code (dashes and spaces do not matter) is the one for this challenge; raises NoChallenge."""
    expected = emergency_code(pepper, register=register, operator=operator, challenge=challenge)
    plain = given.replace("-", "").replace(" ", "")
    return hmac.compare_digest(plain.encode(), expected.replace("-", "").encode())

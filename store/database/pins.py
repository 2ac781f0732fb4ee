"""How a PIN is kept and compared: argon2id over the PIN mixed with a secret that is not in any database.

Hashing alone cannot save a PIN of six digits; without the pepper from the vault a stolen catalog verifies nothing.
The hash takes about 20 ms and is computed in a thread. docs/sign-on.md explains the numbers.
"""

import asyncio
import hashlib
import hmac
import secrets

MEMORY_KIB = 19 * 1024
PASSES = 2
LANES = 1
"""The floor that OWASP names: 19 MiB, two passes, one lane."""

SHORTEST_PIN = 6


def secret_of(pepper: bytes, pin: str) -> bytes:
    """What is hashed in place of the PIN: HMAC-SHA256 of it, 32 raw bytes."""
    return hmac.new(pepper, pin.encode("utf-8"), hashlib.sha256).digest()


def hash_pin(pepper: bytes, pin: str) -> str:
    """A PIN as the staff table keeps it: the encoded argon2id string with its own salt and parameters."""
    from argon2.low_level import Type, hash_secret  # slow import; needed when somebody signs in

    return hash_secret(
        secret_of(pepper, pin),
        secrets.token_bytes(16),
        time_cost=PASSES,
        memory_cost=MEMORY_KIB,
        parallelism=LANES,
        hash_len=32,
        type=Type.ID,
    ).decode("ascii")


def pin_matches(pepper: bytes, pin: str, stored: str) -> bool:
    """Whether `pin` is the one behind `stored`; a damaged hash matches nothing. Takes about 20 ms."""
    from argon2.exceptions import VerificationError
    from argon2.low_level import Type, verify_secret  # slow import; needed when somebody signs in

    try:
        return verify_secret(stored.encode("ascii"), secret_of(pepper, pin), Type.ID)
    except (VerificationError, ValueError):
        return False


async def check_pin(pepper: bytes, pin: str, stored: str) -> bool:
    """`pin_matches` off the event loop. An empty `stored` costs the same time and never matches."""
    return await asyncio.to_thread(pin_matches, pepper, pin, stored or NOBODY)


NOBODY = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
"""Compared with when the operator is unknown, so that the time taken tells nothing."""

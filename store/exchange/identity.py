"""Who is who: registers, epochs, and the number series that follows from both (docs/offline-protocol.md 3.1)."""

import re

import msgspec

_REGISTER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")
_SERIES = re.compile(r"(?P<register>[A-Za-z0-9][A-Za-z0-9_-]{0,39})\.(?P<epoch>[1-9][0-9]{0,9})")
MAX_EPOCH = 2**32 - 1


class IdentityError(ValueError):
    """A text is no register id or no series; the message is one sentence."""


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """A number series taken apart: the register and the epoch the server gave it."""

    register: str
    epoch: int


def check_register(register: str) -> str:
    """Give the register id back, or raise IdentityError."""
    if not _REGISTER.fullmatch(register):
        raise IdentityError(
            f"{register[:60]!r} is no register id; use up to 40 letters, digits, '-' and '_', such as S0042-R03."
        )
    return register


def series_of(register: str, epoch: int) -> str:
    """The series of a register in an epoch, such as `S0042-R03.1`; raises IdentityError."""
    if not 1 <= epoch <= MAX_EPOCH:
        raise IdentityError(f"{epoch} is no epoch; epochs count from 1.")
    return f"{check_register(register)}.{epoch}"


def parse_series(text: str) -> Series:
    """Take `S0042-R03.1` apart; raises IdentityError."""
    found = _SERIES.fullmatch(text)
    if found is None or int(found["epoch"]) > MAX_EPOCH:
        raise IdentityError(f"{text[:60]!r} is no series; a series looks like S0042-R03.1.")
    return Series(register=found["register"], epoch=int(found["epoch"]))


def store_of(register: str) -> str:
    """The store a register id names by its first part: `S0042-R03` belongs to `S0042`."""
    return check_register(register).partition("-")[0]

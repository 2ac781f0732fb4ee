"""What only this screen knows: entry line, what lies over the sale, what was refused here. Never the sale itself."""

from enum import StrEnum
from typing import Any

import msgspec

from store.register.view import RefusedScan, Tone


class Overlay(StrEnum):
    """What a screen lays over the sale by itself."""

    HELP = "help"
    FIND = "find"
    MENU = "menu"
    CASH = "cash"
    """The menu, cut down to the drawer and the shift."""
    DISCOUNTS = "discounts"
    """The menu, cut down to what is taken off and set by hand."""
    CUSTOMERS = "customers"
    JOURNAL = "journal"
    """Transactions of this register, and one of them as paper."""
    CONNECTION = "connection"
    REFUSED = "refused"


class Link(StrEnum):
    """How the screen stands with the core."""

    WAITING = "waiting"
    CONNECTED = "connected"
    REFUSED = "refused"
    CLOSED = "closed"


class Note(msgspec.Struct, frozen=True):
    """A sentence of the screen itself; it stays until the next key."""

    text: str
    tone: Tone = Tone.INFO


class Local(msgspec.Struct):
    """The state of one screen beside the core's view."""

    entry: str = ""
    masked: bool = False
    """The entry line is a PIN: dots."""
    overlay: Overlay | None = None
    chosen: int = 0
    """Row chosen in the overlay's list."""
    scroll: int = 0
    """First row shown of what is longer than the window (help, paper)."""
    tab: int = 0
    """Which table the connection status shows."""
    answer: dict[str, Any] = {}
    """The core's answer to what the overlay asked; empty until it comes."""
    asked: str = ""
    """The text that was asked for and not answered yet, or that `answer` belongs to."""
    note: Note | None = None
    refused: tuple[RefusedScan, ...] = ()
    """Scans refused by this screen itself, oldest first."""
    link: Link = Link.WAITING
    why: str = ""
    """A sentence about the link."""
    unanswered: int = 0
    slow: bool = False
    """The core has not answered for a second."""
    top: int = 0
    """Index of the first sale line shown."""
    watching: bool = False
    """This screen may only look."""

"""How a register asks the server whose badge was scanned (919): by its hash, never by what stands on it."""

import msgspec

PATH_BADGE = "/badges/{hash}"
"""GET: WireBadge; an empty number for nobody's badge."""


class WireBadge(msgspec.Struct, frozen=True, kw_only=True):
    """The number of the person who was given the badge, empty for nobody."""

    number: str = ""
    known: bool = False
    """Whether a register of the store has said something about the badge; else the catalog may know it."""

"""What registers and the server say to each other about suspended sales (docs/suspended.md).

A suspended sale is kept by the register that suspended it; the server has its record. Another register asks the server
for it, the server asks its keeper, and only after the keeper has let go of it, durably, one register gets it.
"""

import msgspec

PATH_SUSPENSIONS = "/suspensions"
"""GET: WireSuspensions, the suspended sales of the store that nobody has resumed."""
PATH_WANTED = "/suspensions/wanted"
"""GET: WireWanted, those of the asking register that another one waits for."""
PATH_CLAIM = "/suspensions/{id}/claim"
"""POST: WireClaim. Asks for one; to be repeated while its state is `waiting`."""
WAITING, CLAIMED, TAKEN, GONE = "waiting", "claimed", "taken", "gone"
LIST_LIMIT = 50


class WireSuspension(msgspec.Struct, frozen=True, kw_only=True):
    """A suspended sale as a list shows it; amount in minor units, `at` UTC text."""

    id: str
    register: str
    code: str
    at: str
    by: str
    total: int
    currency: str
    items: str
    note: str = ""
    claimed_by: str = ""
    """The register that got it and has not told yet what became of it."""


class WireSuspensions(msgspec.Struct, frozen=True, kw_only=True):
    """Oldest first."""

    sales: tuple[WireSuspension, ...] = ()


class WireWanted(msgspec.Struct, frozen=True, kw_only=True):
    """Ids of suspended sales that another register waits for."""

    ids: tuple[str, ...] = ()


class WireClaim(msgspec.Struct, frozen=True, kw_only=True):
    """How a claim stands: `waiting` for the keeper, `claimed` with the sale, `taken` by another register, `gone`."""

    state: str
    resume: str = ""
    of_txn_id: str = ""
    claimed_by: str = ""


class ClaimAsked(msgspec.Struct, frozen=True, kw_only=True):
    """The body of a claim; who asks is told by the signature."""

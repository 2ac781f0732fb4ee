"""What verbs of headquarters ask for alike."""

from typing import Annotated

import msgspec
from msgspec import Meta

POSITIONAL = {"positional": True}
REGISTER = {"positional": True, "ref": "register"}
STORE = Annotated[str, Meta(description="Only of this store.")]
DATE = Annotated[
    str,
    Meta(
        pattern="^([0-9]{4}-[0-9]{2}-[0-9]{2})?$",
        description="Only of this business date, as 2026-11-24.",
        extra={"kind": "date"},
    ),
]
REASON = Annotated[str, Meta(max_length=200, description="Why; it is kept.")]
LIMIT = Annotated[int, Meta(ge=1, le=10_000, description="At most so many.")]


class Given(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an order brings: nothing but what is asked for."""

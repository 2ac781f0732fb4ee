"""`/badges`: whose badge was scanned."""

import re

from aiohttp import web

from store.database.connection import Connection
from store.exchange.badges import PATH_BADGE, WireBadge
from store.server import badges
from store.server.api.admission import Work
from store.server.api.context import Call, answer
from store.server.api.route import Route, Sender
from store.service.errors import ProblemError

_HASH = re.compile(r"[0-9a-f]{64}")


async def get_badge(call: Call) -> web.Response:
    """The person of a badge."""
    return answer(await call.read_as_register(_holder, call.request.match_info["hash"]))


def _holder(db: Connection, store: str, hashed: str) -> WireBadge:
    # Looked at here, because who asks is proved first and comes first.
    if not _HASH.fullmatch(hashed):
        raise ProblemError("bad-request", "A badge is asked for by its hash.")
    return badges.holder(db, store, hashed)


ROUTES = (
    Route(
        name="badge",
        method="GET",
        path=PATH_BADGE,
        handler=get_badge,
        sender=Sender.REGISTER,
        proves_sender=True,
        work=Work.LOOKUP,
        summary="Whose badge has this hash; an empty number for nobody's.",
        answers=WireBadge,
    ),
)

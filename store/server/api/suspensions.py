"""`/suspensions`: suspended sales of the store, and which register gets one."""

from aiohttp import web

from store.exchange import suspensions as words
from store.server import suspensions
from store.server.api.admission import Work
from store.server.api.context import Call, answer
from store.server.api.route import Route, Sender
from store.service.errors import ProblemError

LONGEST_ID = 64


async def get_suspensions(call: Call) -> web.Response:
    """Those that nobody has resumed."""
    series = call.series
    return answer(
        words.WireSuspensions(sales=await call.read(suspensions.listing, series.store, series.register))
    )


async def get_wanted(call: Call) -> web.Response:
    """Those of the asking register that another one waits for."""
    series, now_ms = call.series, call.context.now_ms()
    ids = await call.read(suspensions.wanted, series.store, series.register, now_ms)
    return answer(words.WireWanted(ids=ids))


async def post_claim(call: Call) -> web.Response:
    """Ask for one, or get it."""
    suspension_id = call.request.match_info["id"]
    if len(suspension_id) > LONGEST_ID:
        raise ProblemError("bad-request", "A suspended sale is named by its id.")
    series, now_ms = call.series, call.context.now_ms()
    return answer(await call.work(suspensions.claim, series.store, series.register, suspension_id, now_ms))


ROUTES = (
    Route(
        name="suspensions",
        method="GET",
        path=words.PATH_SUSPENSIONS,
        handler=get_suspensions,
        sender=Sender.REGISTER,
        work=Work.LOOKUP,
        summary="The store's suspended sales that nobody has resumed, without those the asking register keeps.",
        answers=words.WireSuspensions,
    ),
    Route(
        name="suspensions_wanted",
        method="GET",
        path=words.PATH_WANTED,
        handler=get_wanted,
        sender=Sender.REGISTER,
        work=Work.HEARTBEAT,
        summary="Suspended sales of the asking register that another one waits for.",
        answers=words.WireWanted,
    ),
    Route(
        name="suspension_claim",
        method="POST",
        path=words.PATH_CLAIM,
        handler=post_claim,
        sender=Sender.REGISTER,
        work=Work.LOOKUP,
        summary="Ask for a suspended sale; to be repeated while its keeper has not let go of it.",
        answers=words.WireClaim,
        body=words.ClaimAsked,
    ),
)

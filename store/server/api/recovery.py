"""`/recoveries`: the records of a dead register, under a supervisor's grant."""

import logging

from aiohttp import web

from store.exchange.acknowledgement import sign_acknowledgement
from store.exchange.delivery import RecoveryRequest
from store.server import recoveries
from store.server.api.context import Call, answer
from store.server.api.endpoints import REFUSALS, check_batch
from store.server.api.reading import decode
from store.service.errors import ProblemError

LOG = logging.getLogger("outpost.server.recovery")


async def post_recovery(call: Call) -> web.Response:
    """Take a batch; the grant's code is the proof, and guessing it is bounded like that of enrolment codes."""
    remote, keeper = call.request.remote or "", call.context.gatekeeper
    keeper.check_guesses(remote)
    request = decode(call, RecoveryRequest)
    if request.batch.records or not request.last:
        check_batch(request.batch, request.batch.series)
    try:
        done = await call.work(recoveries.recover, request, call.context.now_ms())
    except ProblemError as problem:
        if problem.word == "bad-code":
            keeper.note_guess(remote)
            LOG.warning("recovery refused", extra={"remote": remote, "reason": problem.detail})
        raise
    call.context.poster.wake()
    call.context.news.set()
    LOG.warning(
        "records recovered under a grant",
        extra={"series": done.answer.series, "records": done.stored, "last": request.last},
    )
    signed = sign_acknowledgement(call.context.secrets.key, done.answer)
    if done.refused is not None:
        raise ProblemError(REFUSALS[done.refused.outcome], done.refused.reason, more=signed)
    return answer(signed)

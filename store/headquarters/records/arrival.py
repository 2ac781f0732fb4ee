"""The way in: Retail Servers open series, deliver records, and pass on what registers report.

The same accept stage as at the servers (store/ledger/series.py), so a record is here once however often, from however
many servers and in whatever order it comes. Headquarters fences nobody: the server decided when it accepted.
"""

import logging
import time
from collections.abc import Callable

from aiohttp import web

from store.database.connection import Connection
from store.exchange.acknowledgement import Outcome
from store.exchange.delivery import (
    CodeFacts,
    CodeRequest,
    EnrolmentReport,
    RegisterReports,
    SeriesOpening,
)
from store.exchange.messages import RecordBatch, SeriesHead
from store.headquarters.nouns.chain import Store
from store.headquarters.registers.devices import redeem_code
from store.headquarters.registers.grants import use_grant
from store.headquarters.registers.openings import check_opening, take_enrolment, take_opening
from store.headquarters.registers.reports import take_reports
from store.headquarters.route import Call, answer
from store.headquarters.servers.known import KnownServer
from store.headquarters.servers.senders import Senders
from store.headquarters.setup_rows import get
from store.ledger import series
from store.ledger.examination import Examination
from store.ledger.examiners import Examiners
from store.ledger.posting import Poster
from store.service.batches import DIGEST_HEADER, check_digest, check_shape
from store.service.errors import ProblemError, busy

LOG = logging.getLogger("outpost.hq.arrival")

MAX_REPORTS = 1_000
"""Register reports in one request."""
WRONG_CODES = 30
WRONG_CODES_S = 60.0
"""So many wrong codes in such a time from one server, and nobody there may guess further."""
_REFUSALS = {Outcome.REJECTED: "rejected", Outcome.FORK: "fork", Outcome.GAP: "gap"}


class ArrivalDesk:
    """The handlers of everything that comes up; one per running headquarters. `told` hears which nouns changed."""

    def __init__(
        self,
        poster: Poster,
        examiners: Examiners,
        senders: Senders,
        told: Callable[[tuple[str, ...]], None],
    ) -> None:
        self._poster = poster
        self._examiners = examiners
        self._senders = senders
        self._told = told
        self._wrong: dict[str, list[float]] = {}

    async def put_series(self, call: Call) -> web.Response:
        """A series was opened or closed; answers how far headquarters has it."""
        server = await self._senders.prove(call, delivers=True)
        opening = call.document(SeriesOpening)
        public_key = check_opening(opening)
        if opening.series != call.request.match_info["series"]:
            raise ProblemError("bad-request", "The path names another series than the body.")
        await call.read(_check_store, opening.store, server)
        now_ms = call.hq.now_ms()
        known = await call.work(_take_opening, opening, public_key, now_ms)
        if known is None:
            LOG.error(
                "series known with another key", extra={"series": opening.series, "server": server.name}
            )
            raise ProblemError("fork", "Headquarters knows this series with another key.")
        return answer(_head(known, now_ms))

    async def get_head(self, call: Call) -> web.Response:
        """How far headquarters has a series."""
        await self._senders.prove(call)
        known = await call.read(series.find_series, call.request.match_info["series"])
        if known is None:
            raise ProblemError("not-found", "Headquarters does not know this series; open it first.")
        return answer(_head(known, call.hq.now_ms()))

    async def post_records(self, call: Call) -> web.Response:
        """Records of a series; the answer says, cumulatively, what is stored here."""
        server = await self._senders.prove(call, delivers=True)
        check_digest(call.request.headers.get(DIGEST_HEADER), call.body)
        batch = call.document(RecordBatch)
        _check_batch(batch, call.request.match_info["series"])
        known = await call.read(series.find_series, batch.series)
        if known is None:
            raise ProblemError("not-found", "Headquarters does not know this series; open it first.")
        await call.read(_check_store, known.store, server)
        examination = await self._examiners.examine(batch, known, call.hq.now_ms())
        done = await call.work(_accept, batch, examination, call.hq.now_ms())
        if done is None:
            raise busy("database", "The series went away meanwhile.", retry_after_s=1)
        self._poster.wake()
        if done.refused is None:
            return answer(done.answer)
        word = _REFUSALS[done.refused.outcome]
        LOG.warning(
            "batch not taken whole",
            extra={"series": batch.series, "problem": word, "reason": done.refused.reason},
        )
        raise ProblemError(word, done.refused.reason, more=done.answer)

    async def post_register_reports(self, call: Call) -> web.Response:
        """How registers stand."""
        await self._senders.prove(call, delivers=True)
        told = call.document(RegisterReports)
        if len(told.reports) > MAX_REPORTS:
            raise ProblemError("too-large", f"Send at most {MAX_REPORTS} reports at a time.")
        await call.work(take_reports, told.reports, call.hq.now_ms())
        return answer({})

    async def post_redeem(self, call: Call) -> web.Response:
        """What a one-time code is good for."""
        server = await self._senders.prove(call, delivers=True)
        asked = call.document(CodeRequest)
        self._check_guesses(server.name)
        try:
            facts = await call.work(_redeem, asked, server, call.hq.now_ms())
        except ProblemError:
            self._wrong[server.name] = [*self._recent(server.name), time.monotonic()]
            LOG.warning("a code was refused", extra={"server": server.name})
            raise
        return answer(facts)

    async def post_enrolment(self, call: Call) -> web.Response:
        """A device became a register."""
        server = await self._senders.prove(call, delivers=True)
        report = call.document(EnrolmentReport)
        await call.read(_check_store, report.store, server)
        if await call.work(take_enrolment, report, call.hq.now_ms()) is None:
            raise ProblemError("fork", "Headquarters knows this series with another key.")
        LOG.info("device enrolled", extra={"register": report.register, "series": report.series})
        self._told(("device",))
        return answer({})

    def _check_guesses(self, server: str) -> None:
        if len(self._recent(server)) >= WRONG_CODES:
            raise busy("too-many-attempts", "Too many codes were wrong; wait a little.", retry_after_s=60)

    def _recent(self, server: str) -> list[float]:
        now = time.monotonic()
        return [at for at in self._wrong.get(server, ()) if now - at < WRONG_CODES_S]


def _take_opening(
    db: Connection, opening: SeriesOpening, public_key: bytes, now_ms: int
) -> series.Series | None:
    known = take_opening(db, opening, public_key, now_ms)
    if known is not None and opening.recovered_ms:
        use_grant(db, opening.series, opening.recovered_ms)
    return known


def _redeem(db: Connection, asked: CodeRequest, server: KnownServer, now_ms: int) -> CodeFacts:
    """As one unit, so that a code which is shown to the server of another store is not used up."""
    facts = redeem_code(db, asked, server.name, now_ms)
    _check_store(db, facts.store, server)
    return facts


def _accept(
    db: Connection, batch: RecordBatch, examination: Examination, now_ms: int
) -> series.Accepted | None:
    return series.accept(db, batch, now_ms, examination=examination, fence=False)


def _check_store(db: Connection, store: str, server: KnownServer) -> None:
    """A store that names its server is delivered by that one; what headquarters does not know yet, by any."""
    known = get(db, "store", store, Store)
    if known is not None and known.server not in ("", server.name):
        raise ProblemError("other-server", f"Store {store} is served by {known.server}; turn to that server.")


def _head(known: series.Series, now_ms: int) -> SeriesHead:
    return SeriesHead(
        series=known.series,
        seq=known.head.seq,
        hash=known.head.hash.hex(),
        time_ms=now_ms,
        archived_seq=known.head.seq,
    )


def _check_batch(batch: RecordBatch, named: str) -> None:
    if batch.series != named:
        raise ProblemError("bad-request", "The path names another series than the body.")
    check_shape(batch)

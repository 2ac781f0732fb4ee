"""What headquarters answers to Retail Servers: let me in, what is new, headers and chunks, what became of sessions."""

import asyncio
import logging
from pathlib import Path

from aiohttp import web

from store.database.chunks import ChunkFolder
from store.database.connection import Connection
from store.exchange import delivery
from store.exchange.delivery import Feed, PackageEntry, ServerAnswer, ServerRequest, SessionReports
from store.headquarters.config import is_loopback
from store.headquarters.route import Call, Parameter, Route, Sender, answer
from store.headquarters.scheduler import feed, packages, sessions, uploads
from store.headquarters.scheduler.directory import DirectorySource, served_stores
from store.headquarters.scheduler.feed import FeedBell, Look
from store.headquarters.scheduler.rules import read_rules
from store.headquarters.scheduler.scheduler import Scheduler
from store.headquarters.servers import known
from store.headquarters.servers.known import KnownServer, ServerRefused
from store.headquarters.servers.senders import Senders
from store.service.errors import ProblemError

LOG = logging.getLogger("outpost.hq.delivery")

MAX_REPORTS = 1_000
LOOK_AGAIN_S = 2.0
"""A waiting poll looks again so often even when no bell rang: a grant runs out by the clock alone."""
DIGEST_HEADER = "Outpost-Digest"
FOREVER = "public, max-age=31536000, immutable"
_WHOLE_DIGITS = 15


class DeliveryDesk:
    """The handlers for servers; `scheduler` is told what reports ask for."""

    def __init__(
        self,
        folder: ChunkFolder,
        bell: FeedBell,
        senders: Senders,
        source: DirectorySource,
        scheduler: Scheduler,
    ) -> None:
        self._folder = folder
        self._bell = bell
        self._senders = senders
        self._source = source
        self._scheduler = scheduler

    async def post_server(self, call: Call) -> web.Response:
        """A server makes itself known."""
        request = call.document(ServerRequest)
        remote = call.request.remote or ""
        local = is_loopback(remote)
        if request.insecure and not (local and call.hq.config.allow_insecure):
            raise ProblemError("insecure-device", "Give the server a vault with a key of its own first.")
        try:
            server = await call.work(_introduce, request, remote, local, call.hq.now_ms())
        except ServerRefused as refusal:
            LOG.warning("server refused", extra={"server": request.name[:64], "reason": str(refusal)})
            raise ProblemError(refusal.word, str(refusal)) from refusal
        detail = "" if server.accepted else f"Run `outpost hq server accept {server.name}` at headquarters."
        document = ServerAnswer(name=server.name, accepted=server.accepted, detail=detail)
        return answer(document, 200 if server.accepted else 202)

    async def get_feed(self, call: Call) -> web.Response:
        """What changed for the server; waits for something when nothing did."""
        server = await self._senders.prove(call)
        after, newest = _whole(call, "after"), _whole(call, "newest")
        wait_s = min(_whole(call, "wait"), delivery.MAX_WAIT_S)
        if await call.read(feed.is_behind, after, newest):
            LOG.warning("headquarters is behind a server", extra={"server": server.name, "after": after})
            await call.work(feed.catch_up, after, newest)
            self._bell.ring()
        deadline = asyncio.get_running_loop().time() + wait_s
        while True:
            ringing = self._bell.listen()
            found = await self._look(call, server.name, after)
            rest_s = deadline - asyncio.get_running_loop().time()
            if found.has_news or rest_s <= 0 or self._bell.ended:
                return answer(found.feed)
            await _either(ringing, min(rest_s, LOOK_AGAIN_S))

    async def get_header(self, call: Call) -> web.StreamResponse:
        """The header of a package in one of its forms."""
        server = await self._senders.prove(call)
        seq, kind = _number(call.request.match_info["package_seq"]), call.request.query.get("kind", "")
        forms = await call.read(_forms, seq, server.name)
        found = next((form for form in forms if kind in ("", form.kind)), None)
        if found is None:
            raise ProblemError("not-found", "There is no such package for the stores of this server.")
        return await self._file(self._folder.header_path(seq, found.kind), found.header_sha256)

    async def get_chunk(self, call: Call) -> web.StreamResponse:
        """A chunk; any part of it by Range."""
        await self._senders.prove(call)
        name = call.request.match_info["sha256"]
        try:
            path = self._folder.path(name)
        except ValueError as error:
            raise ProblemError("not-found", str(error)) from error
        return await self._file(path, name)

    async def post_reports(self, call: Call) -> web.Response:
        """What became of sessions."""
        await self._senders.prove(call, delivers=True)
        reports = call.document(SessionReports)
        if len(reports.reports) > MAX_REPORTS:
            raise ProblemError("too-large", f"Send at most {MAX_REPORTS} reports at a time.")
        for group, session in await call.work(_take_reports, reports, call.hq.now_ms()):
            self._scheduler.give_full(group, session)
        self._bell.ring()
        return answer({})

    async def _look(self, call: Call, server: str, after: int) -> Look:
        while True:
            found = await call.read(feed.look, server, after, self._source, call.hq.now_ms())
            if not found.new_directory:
                return found
            await call.work(feed.mark_directory, server, found.new_directory)

    async def _file(self, path: Path, sha256: str) -> web.StreamResponse:
        if not await asyncio.to_thread(path.is_file):
            raise ProblemError("not-found", "It is not here any more; ask the feed from the beginning.")
        headers = {
            "Content-Type": "application/octet-stream",
            "Cache-Control": FOREVER,
            DIGEST_HEADER: sha256,
        }
        return web.FileResponse(path, headers=headers)


def delivery_routes(desk: DeliveryDesk) -> tuple[Route, ...]:
    """What servers may ask, for headquarters' route table."""
    return (
        Route(
            name="server",
            method="POST",
            path=delivery.PATH_SERVERS,
            handler=desk.post_server,
            sender=Sender.ANYBODY,
            summary="A Retail Server makes itself known; 202 until an operator accepts it.",
            body=ServerRequest,
            answers=ServerAnswer,
            problems=("bad-proof", "insecure-device"),
        ),
        Route(
            name="feed",
            method="GET",
            path=delivery.PATH_FEED,
            handler=desk.get_feed,
            sender=Sender.SERVER,
            summary="What changed for the server after a number, as a long poll.",
            answers=Feed,
            parameters=_FEED_PARAMETERS,
            problems=_REFUSALS,
        ),
        *_file_routes(desk),
        Route(
            name="session-reports",
            method="POST",
            path=delivery.PATH_SESSION_REPORTS,
            handler=desk.post_reports,
            sender=Sender.SERVER,
            summary="What became of sessions; in any order, any number of times.",
            body=SessionReports,
            problems=(*_REFUSALS, "too-large"),
        ),
    )


def _file_routes(desk: DeliveryDesk) -> tuple[Route, ...]:
    return (
        Route(
            name="package-header",
            method="GET",
            path=delivery.PATH_PACKAGE_HEADER,
            handler=desk.get_header,
            sender=Sender.SERVER,
            summary="The signed header of a package, exact bytes.",
            media="application/octet-stream",
            parameters=(
                Parameter("kind", "string", "full or delta; the delta, if there is one, when left out."),
            ),
            problems=(*_REFUSALS, "not-found"),
        ),
        Route(
            name="chunk",
            method="GET",
            path=delivery.PATH_CHUNK,
            handler=desk.get_chunk,
            sender=Sender.SERVER,
            summary="One chunk, exact bytes; Range works.",
            media="application/octet-stream",
            problems=(*_REFUSALS, "not-found"),
        ),
    )


_REFUSALS = ("bad-signature", "server-pending", "replayed")
_FEED_PARAMETERS = (
    Parameter("after", "integer", "The number of the last feed that was taken in; 0 for everything."),
    Parameter("wait", "integer", f"Seconds to wait for news, at most {delivery.MAX_WAIT_S}."),
    Parameter("newest", "integer", "The highest package number that the server has."),
)


def _introduce(
    db: Connection, request: ServerRequest, address: str, trusted: bool, now_ms: int
) -> KnownServer:
    return known.introduce(db, request, address=address, trusted=trusted, now_ms=now_ms)


def _forms(db: Connection, seq: int, server: str) -> list[PackageEntry]:
    stores = served_stores(db, server)
    return [form for form in packages.forms_of(db, seq) if form.store in stores]


def _take_reports(db: Connection, reports: SessionReports, now_ms: int) -> list[tuple[str, int]]:
    """Store reports in their order; answers (group, session) where a database wants a full package."""
    rules = read_rules(db)
    wanted = []
    for told in reports.reports:
        session = sessions.report(db, told, rules, now_ms)
        if session is None:
            uploads.report(db, told, rules, now_ms)
        elif told.wants_full:
            wanted.append((session.data_group, session.session))
    return wanted


async def _either(ringing: asyncio.Event, timeout_s: float) -> None:
    try:
        async with asyncio.timeout(timeout_s):
            await ringing.wait()
    except TimeoutError:
        return  # one last look, then an empty answer


def _whole(call: Call, name: str) -> int:
    return _number(call.request.query.get(name, "0"))


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > _WHOLE_DIGITS:
        raise ProblemError("bad-request", f"{text[:20]!r} is no whole number.")
    return int(text)

"""What the server answers to registers about packages, reports and operators (docs/server.md)."""

import asyncio
import re

from aiohttp import web

from store.database.chunks import ChunkMissing
from store.database.connection import Connection
from store.exchange.delivery import RegisterReports, SessionReports, WireStaff
from store.exchange.package_header import MAX_CHUNK_STORED_BYTES
from store.server import downloads, packages, reports, staff
from store.server.api.context import Call, answer
from store.server.api.ranges import answer_bytes
from store.server.api.reading import decode, whole
from store.service.errors import ProblemError, busy

MAX_REPORTS = 200
_DIGEST = re.compile(r"[0-9a-f]{64}")
FETCHING_S = 5
"""When to come again for what this server is still fetching itself."""


async def get_downloads(call: Call) -> web.Response:
    """Which packages the register is to fetch, in the order of applying."""
    after, reader = whole(call, "after", 0), whole(call, "reader", 1)
    series, shelf = call.series, call.context.shelf

    def read(db: Connection) -> downloads.Plan:
        return downloads.plan(
            db,
            series.store,
            register=series.register,
            series=series.series,
            after=after,
            reader=reader,
            shelf=shelf,
        )

    found = await call.read(read)
    shelf.want(found.missing)
    return answer(found.downloads)


async def get_package_header(call: Call) -> web.Response:
    """The signed header of a package of the register's data group."""
    number, kind = call.request.match_info["package_seq"], call.request.query.get("kind", "")
    if number == "current":  # what version 0.1 asks for; it keeps the catalog it has and sells on
        raise ProblemError("no-package", "Packages of that kind are not made any more; update the register.")
    if not (number.isascii() and number.isdigit()) or len(number) > 15:
        raise ProblemError("bad-request", "A package is named by its number.")
    series, shelf = call.series, call.context.shelf

    def read(db: Connection) -> tuple[str, bytes] | None:
        found = downloads.header(
            db, series.store, register=series.register, package_seq=int(number), kind=kind, shelf=shelf
        )
        return None if found is None else (found[0].header_sha256, found[1])

    found = await call.read(read)
    if found is None:
        raise ProblemError("no-package", "The package is not kept here any more; ask what to download.")
    return answer_bytes(call.request, found[1], found[0])


async def get_chunk(call: Call) -> web.Response:
    """One chunk, whole or from any byte on."""
    sha256 = call.request.match_info["sha256"]
    if not _DIGEST.fullmatch(sha256):
        raise ProblemError("bad-request", "A chunk is named by 64 hexadecimal digits.")
    try:
        data = await asyncio.to_thread(_stored, call, sha256)
    except ChunkMissing:
        call.context.shelf.doubt()
        if not await call.read(_is_listed, call, sha256):
            raise ProblemError(
                "no-package", "The chunk is not kept here any more; ask what to download."
            ) from None
        raise busy(
            "busy", "This server is still fetching the chunk itself.", retry_after_s=FETCHING_S
        ) from None
    return answer_bytes(call.request, data, sha256)


async def post_download_reports(call: Call) -> web.Response:
    """What became of packages at the register."""
    body = decode(call, SessionReports)
    if len(body.reports) > MAX_REPORTS:
        raise ProblemError("too-large", f"Send at most {MAX_REPORTS} reports at a time.")
    if unknown := [report.status for report in body.reports if report.status not in reports.FROM_REGISTERS]:
        raise ProblemError("bad-request", f"A register does not report {unknown[0]!r:.60}.")
    series = call.series
    await call.work(
        reports.keep_session_reports, series.store, series.register, body.reports, call.context.now_ms()
    )
    call.context.news.set()
    return answer({})


async def post_register_reports(call: Call) -> web.Response:
    """How the register stands, by its own word."""
    body = decode(call, RegisterReports)
    series = call.series
    if not body.reports or any(report.register != series.register for report in body.reports):
        raise ProblemError("bad-request", "A register reports about itself only.")
    await call.work(reports.keep_register_report, series.store, body.reports[-1], call.context.now_ms())
    call.context.news.set()
    return answer({})


async def get_staff(call: Call) -> web.Response:
    """The operator as the server knows it now."""
    found = await call.read_point_as_register(_find_operator, call.request.match_info["number"])
    if found is None:
        raise ProblemError("unknown-operator")
    return answer(found)


def _find_operator(db: Connection, store: str, number: str) -> WireStaff | None:
    return staff.find_operator(db, store, number)


def _stored(call: Call, sha256: str) -> bytes:
    """The stored bytes of a chunk in this server's folder; raises ChunkMissing."""
    folder = call.context.shelf.folder
    try:
        size = folder.path(sha256).stat().st_size
    except FileNotFoundError as error:
        raise ChunkMissing(sha256) from error
    return folder.read(sha256, min(size, MAX_CHUNK_STORED_BYTES))


def _is_listed(db: Connection, call: Call, sha256: str) -> bool:
    """Whether a package that is kept names the chunk."""
    return any(
        sha256 in contents.chunks
        for name, written in packages.all_headers(db)
        if (contents := call.context.shelf.contents(name, written)) is not None
    )

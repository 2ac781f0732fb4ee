"""A Retail Server cut down to what the sync library asks, over real HTTP; and a register that downloads."""

import asyncio
import contextlib
import hashlib
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from aiohttp import web

from catalog_files import ROOT, run_here
from store.exchange import delivery, messages
from store.exchange.package import Package
from store.exchange.package_chain import path_to_newest
from store.exchange.package_header import write_header
from store.exchange.record import public_bytes
from store.gateway.client import RetailClient
from store.gateway.sync_calls import SyncCalls
from store.register.catalog.keeper import CatalogKeeper
from store.register.home import RegisterHome
from store.register.sync.downloader import Downloader
from store.register.sync.history import SyncHistory
from store.register.system_ports import SystemClock, SystemRandomness

HEADERS = {messages.PROTOCOL_HEADER: str(messages.PROTOCOL_VERSION)}
ROOT_KEY = public_bytes(ROOT)
REGISTER = "S0001-R01"


@dataclass
class Depot:
    """Packages to be had, and what was asked for. `put` adds a package; the rest is bent by the tests."""

    port: int = 0
    packages: dict[tuple[int, str], Package] = field(default_factory=dict)
    jobs: dict[int, str] = field(default_factory=dict)
    support_offline: bool = True
    paused: bool = False
    archived_seq: int = 0
    holds_back: bool = False
    """Newer packages are there, but none is given: their session is suspended at headquarters."""
    reader: int = 2
    status: int = 0
    """Answer everything with this status instead."""
    retry_after: str = ""
    knows_ranges: bool = True
    change_chunk: object = None
    """bytes -> bytes, applied to every chunk that goes out."""
    report_status: int = 200
    asked: list[int] = field(default_factory=list)
    chunks_asked: list[tuple[str, int]] = field(default_factory=list)
    reports: list[delivery.SessionReport] = field(default_factory=list)
    registers: list[delivery.RegisterReport] = field(default_factory=list)
    hold: asyncio.Event | None = None
    """While set and not fired, chunks wait."""

    def put(self, package: Package, job: str = "9999") -> None:
        manifest = package.manifest
        self.packages[manifest.package_seq, manifest.kind] = package
        self.jobs[manifest.package_seq] = job

    def entries(self) -> list[delivery.DownloadEntry]:
        return [
            delivery.DownloadEntry(
                session=seq * 10,
                package_seq=seq,
                base_seq=package.manifest.base_seq,
                kind=kind,
                job=self.jobs[seq],
                size=sum(map(len, package.chunks.values())),
                header_sha256=hashlib.sha256(write_header(package.header)).hexdigest(),
                created_ms=1,
            )
            for (seq, kind), package in sorted(self.packages.items())
        ]

    def path(self, after: int) -> tuple[delivery.DownloadEntry, ...]:
        return tuple(path_to_newest(self.entries(), after))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    # ---- HTTP

    async def downloads(self, request: web.Request) -> web.Response:
        after = int(request.query["after"])
        self.asked.append(after)
        entries = () if self.paused or self.holds_back or self.reader > 2 else self.path(after)
        newest = max((seq for seq, _ in self.packages), default=0)
        return answer(
            delivery.Downloads(
                data_group="S0001",
                support_offline=self.support_offline,
                newest_seq=newest,
                entries=entries,
                reader=self.reader,
                archived_seq=self.archived_seq,
                paused=self.paused,
            )
        )

    async def header(self, request: web.Request) -> web.StreamResponse:
        key = int(request.match_info["seq"]), request.query["kind"]
        return self._bytes(request, write_header(self.packages[key].header))

    async def chunk(self, request: web.Request) -> web.StreamResponse:
        sha256 = request.match_info["sha256"]
        self.chunks_asked.append((sha256, request.http_range.start or 0))
        if self.hold is not None:
            await self.hold.wait()
        found = (package.chunks[sha256] for package in self.packages.values() if sha256 in package.chunks)
        data = next(found, None)
        if data is None:
            return problem(404, "not-found")
        return self._bytes(request, self.change_chunk(data) if self.change_chunk else data)

    def _bytes(self, request: web.Request, data: bytes) -> web.StreamResponse:
        begin = request.http_range.start or 0
        if not begin or not self.knows_ranges:
            return web.Response(body=data, headers=HEADERS)
        if begin >= len(data):
            return web.Response(status=416, headers=HEADERS)
        content = {"Content-Range": f"bytes {begin}-{len(data) - 1}/{len(data)}"}
        return web.Response(status=206, body=data[begin:], headers=HEADERS | content)

    async def take_reports(self, request: web.Request) -> web.Response:
        if self.report_status != 200:
            return problem(self.report_status, "busy")
        said = msgspec.json.decode(await request.read(), type=delivery.SessionReports)
        self.reports += said.reports
        return answer({})

    async def take_register(self, request: web.Request) -> web.Response:
        said = msgspec.json.decode(await request.read(), type=delivery.RegisterReports)
        self.registers += said.reports
        return answer({})

    @web.middleware
    async def bend(self, request: web.Request, handler) -> web.StreamResponse:
        if self.status:
            headers = {"Retry-After": self.retry_after} if self.retry_after else {}
            return problem(self.status, "device-disabled", headers)
        return await handler(request)

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get(delivery.PATH_DOWNLOADS, self.downloads),
            web.get("/packages/{seq}", self.header),
            web.get("/chunks/{sha256}", self.chunk),
            web.post(delivery.PATH_DOWNLOAD_REPORTS, self.take_reports),
            web.post(delivery.PATH_REGISTER_REPORTS, self.take_register),
        ]

    def statuses(self, seq: int) -> list[str]:
        """What was reported of a package, in order."""
        return [report.status for report in self.reports if report.package_seq == seq]


def answer(document: object) -> web.Response:
    return web.Response(body=msgspec.json.encode(document), content_type="application/json", headers=HEADERS)


def problem(status: int, word: str, headers=None) -> web.Response:
    said = messages.Problem(
        type=f"/problems/{word}", title=word, status=status, detail="The device is disabled."
    )
    return web.Response(
        status=status,
        body=msgspec.json.encode(said),
        content_type="application/problem+json",
        headers=HEADERS | (headers or {}),
    )


@contextlib.asynccontextmanager
async def running_depot(*packages: Package, more_routes=()):
    depot = Depot()
    for package in packages:
        depot.put(package)
    app = web.Application(middlewares=[depot.bend], client_max_size=4_000_000)
    app.add_routes([*depot.routes(), *more_routes])
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    depot.port = runner.addresses[0][1]
    try:
        yield depot
    finally:
        await runner.cleanup()


class Rig:
    """A register's downloader with real files and a real client, on a home of its own."""

    def __init__(self, path: Path, url: str, run=run_here) -> None:
        self.home = RegisterHome(path)
        path.mkdir(parents=True, exist_ok=True)
        self.clock = SystemClock()
        self.client = RetailClient(address=url, clock=self.clock, randomness=SystemRandomness())
        self.keeper = CatalogKeeper(path, self.clock.wall_ms, run=run)
        self.keeper.load()
        self.history = SyncHistory(self.home.sync_file)
        self.history.load()
        self.is_paying = False
        self.free = 10**12
        self.unreachable: list[str] = []
        self.changes = 0
        self.steps: list[str] = []
        self.downloader = Downloader(
            register=REGISTER,
            keeper=self.keeper,
            chunks=self.keeper.chunks,
            headers=self.home.headers_folder,
            calls=SyncCalls(self.client),
            unreachable=self.unreachable.append,
            root_key=ROOT_KEY,
            clock=self.clock,
            free_bytes=lambda: self.free,
            paying=lambda: self.is_paying,
            history=self.history,
            on_change=self.changed,
            on_step=lambda: self.steps.append(self.downloader.step),
        )

    def changed(self) -> None:
        self.changes += 1

    async def look(self):
        return await self.downloader.look()

    def parts(self) -> list[Path]:
        """What lies there of downloads."""
        return [path for path in (self.home.path / "packages").rglob("*") if path.is_file()]

    async def close(self) -> None:
        await self.client.close()


@contextlib.asynccontextmanager
async def rig_at(path: Path, url: str, **how):
    rig = Rig(path, url, **how)
    try:
        yield rig
    finally:
        await rig.close()

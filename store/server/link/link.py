"""The link itself: this server makes itself known, follows headquarters' feed, and keeps four loops at work.

feed      who exists and what to have (`feed`, `directory`)
packages  fetched, loaded, kept for registers (`supply`)
reports   what registers and this server say of packages and of themselves (`relay`)
records   every transaction, up (`uplink`)

While headquarters is away everything waits here, with growing jittered pauses, and registers are served as ever.
"""

import asyncio
import logging
import re
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import quote, urlsplit

import msgspec

from store.database.chunks import write_durably
from store.database.errors import DatabaseTrouble
from store.exchange.certificates import CertificateAnswer, CertificateRequest
from store.exchange.delivery import (
    MAX_WAIT_S,
    PATH_CERTIFICATES,
    PATH_FEED,
    PATH_REDEEM,
    PATH_SERVERS,
    CodeFacts,
    CodeRequest,
    Directory,
    Feed,
    ServerAnswer,
    ServerRequest,
    server_text,
)
from store.exchange.stock import PATH_STOCK, WireStock
from store.server import directory
from store.server.config import ServerConfig, is_loopback
from store.server.link import feed
from store.server.link.client import HeadquartersClient
from store.server.link.errors import HeadquartersAway, HeadquartersRefused
from store.server.link.pace import Bell, Pace, rest
from store.server.link.relay import IDENTITY_WORDS, Relay
from store.server.link.standing import Standing
from store.server.link.supply import Supply
from store.server.link.trust import authority_of_headquarters
from store.server.link.uplink import Uplink
from store.server.secrets import ServerSecrets
from store.server.shelf import Shelf
from store.server.version import VERSION
from store.service.channel import Channel
from store.service.errors import ServiceTrouble
from store.service.tasks import ServiceTasks

LOG = logging.getLogger("outpost.server.link")

_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
STOCK_S = 0.5
"""A cashier waits for it, no longer than for an item; without an answer this store's own figure has to do."""
REDEEM_S = 8.0
"""A person waits at the register for the answer."""


class LinkParts(msgspec.Struct, frozen=True, kw_only=True):
    """What the link is given; `home` names this server process's place in the feed."""

    address: str
    name: str
    home: str
    ca_file: Path | None = None
    insecure: bool = False
    pace: Pace = Pace()


class Link:
    """One server's link to its headquarters."""

    def __init__(
        self,
        parts: LinkParts,
        *,
        channel: Channel,
        secrets: ServerSecrets,
        shelf: Shelf,
        now_ms: Callable[[], int],
    ) -> None:
        self.parts = parts
        self.standing = Standing()
        self.withdrawn: dict[str, str] = {}
        """Registers whose devices headquarters has withdrawn, with their state."""
        self.news = Bell()
        """Ring it when something was stored that headquarters should have."""
        self._channel = channel
        self._secrets = secrets
        self._shelf = shelf
        self._accepted = asyncio.Event()
        self._packages_due = asyncio.Event()
        self._packages_due.set()
        self._reports_due = self.news.listen()
        self._records_due = self.news.listen()
        self._client = HeadquartersClient(
            parts.address, parts.name, secrets.key, now_ms, ca_file=parts.ca_file
        )
        self._now_ms = now_ms
        self._supply = Supply(
            client=self._client,
            channel=channel,
            shelf=shelf,
            standing=self.standing,
            home=parts.home,
            news=self.news,
            now_ms=now_ms,
        )
        self._relay = Relay(self._client, channel, now_ms)
        self._uplink = Uplink(self._client, channel, self.standing, now_ms)

    async def open(self) -> None:
        """Know what was known before the start; raises DatabaseTrouble."""
        self.withdrawn = await self._channel.read(directory.withdrawn)
        await self._uplink.forgive()

    def start(self, tasks: ServiceTasks) -> None:
        """Begin the loops."""
        pace = self.parts.pace
        tasks.supervise("feed", lambda: self._keep("feed", self._follow, None, 0.02))
        tasks.supervise(
            "packages", lambda: self._keep("packages", self._bring, self._packages_due, pace.idle_s)
        )
        tasks.supervise(
            "reports", lambda: self._keep("reports", self._relay.relay, self._reports_due, pace.idle_s)
        )
        tasks.supervise(
            "records", lambda: self._keep("records", self._uplink.deliver, self._records_due, pace.idle_s)
        )

    async def close(self) -> None:
        """Close all connections; the loops have ended before."""
        await self._client.close()

    async def redeem(self, code_hash: str, public_key: str) -> CodeFacts:
        """What a one-time code is good for, by headquarters; raises LinkTrouble."""
        body = CodeRequest(code_hash=code_hash, public_key=public_key)
        return await self._client.ask("POST", PATH_REDEEM, CodeFacts, body=body, deadline_s=REDEEM_S)

    async def stock(self, sku: str) -> WireStock:
        """The item in all stores, by headquarters; raises LinkTrouble."""
        path = PATH_STOCK.format(sku=quote(sku, safe=""))
        return await self._client.ask("GET", path, WireStock, deadline_s=STOCK_S)

    async def certificate(self, request: str) -> CertificateAnswer:
        """Ask headquarters for a certificate, as long as it takes until it answers; raises HeadquartersRefused."""
        failures = 0
        while True:
            try:
                if self._accepted.is_set() or await self._introduce():
                    body = CertificateRequest(request=request)
                    return await self._client.ask("POST", PATH_CERTIFICATES, CertificateAnswer, body=body)
                wait_s = self.parts.pace.pending_s
            except HeadquartersAway as trouble:
                failures += 1
                self.standing.away(str(trouble))
                wait_s = self.parts.pace.backoff_s(failures, trouble.retry_after_s)
            await asyncio.sleep(wait_s)

    # --- loops

    async def _keep(
        self, name: str, work: Callable[[], Awaitable[None]], due: asyncio.Event | None, idle_s: float
    ) -> None:
        """Do the work whenever it is due, for ever; trouble is waited out."""
        failures = 0
        while True:
            try:
                if due is not None:
                    await self._accepted.wait()
                await work()
                failures, wait_s = 0, idle_s
            except HeadquartersAway as trouble:
                failures += 1
                self.standing.away(str(trouble))
                wait_s = self.parts.pace.backoff_s(failures, trouble.retry_after_s)
            except HeadquartersRefused as trouble:
                failures += 1
                self._note_refusal(name, trouble)
                wait_s = self.parts.pace.backoff_s(failures, self.parts.pace.first_s)
            except (DatabaseTrouble, OSError) as trouble:
                failures += 1
                LOG.warning("%s waits", name, extra={"reason": str(trouble)})
                wait_s = self.parts.pace.backoff_s(failures)
            if due is None or failures:
                await asyncio.sleep(wait_s)
            else:
                await rest(due, wait_s)
                await asyncio.sleep(self.parts.pace.gather_s if due is self._records_due else 0)

    def _note_refusal(self, name: str, trouble: HeadquartersRefused) -> None:
        if trouble.word in IDENTITY_WORDS:
            self._accepted.clear()
        if trouble.word == "server-pending":
            self.standing.pending(self.parts.name)
        else:
            self.standing.refused(str(trouble))
            LOG.warning("%s was refused", name, extra={"word": trouble.word, "reason": str(trouble)})

    async def _bring(self) -> None:
        self._packages_due.clear()
        await self._supply.bring()
        if self._shelf.asked.is_set():
            self._packages_due.set()

    # --- the feed

    async def _follow(self) -> None:
        """One question for news; makes this server known first, as long as it is not."""
        if not self._accepted.is_set() and not await self._introduce():
            await asyncio.sleep(self.parts.pace.pending_s)
            return
        after = await self._channel.read(feed.cursor, self.parts.home)
        newest = await self._channel.read(feed.newest)
        wait_s = min(self.parts.pace.wait_s, MAX_WAIT_S)
        path = PATH_FEED.format(name=quote(self.parts.name))
        told = await self._client.ask(
            "GET", f"{path}?after={after}&wait={wait_s}&newest={newest}", Feed, deadline_s=wait_s + 20.0
        )
        self.standing.connected()
        await self._take(told, after)

    async def _introduce(self) -> bool:
        """Whether headquarters works with this server."""
        name, public_key = self.parts.name, self._secrets.public_key.hex()
        request = ServerRequest(
            name=name,
            public_key=public_key,
            proof=self._secrets.key.sign(server_text(name, public_key)).hex(),
            version=VERSION,
            insecure=self.parts.insecure,
        )
        answer = await self._client.ask("POST", PATH_SERVERS, ServerAnswer, body=request)
        if not answer.accepted:
            self.standing.pending(name)
            return False
        self.standing.connected()
        self._accepted.set()
        self.news.set()
        self._packages_due.set()
        return True

    async def _take(self, told: Feed, after: int) -> None:
        if told.directory is not None:
            told = msgspec.structs.replace(told, directory=await self._keep_peppers(told))
        taken = await self._channel.work(feed.take, self.parts.home, told, self._now_ms(), after)
        for store, sentence in taken.conflicts.items():
            self.standing.trouble(f"store {store}", sentence)
        if told.directory is not None:
            self.withdrawn = await self._channel.read(directory.withdrawn)
            await self._uplink.forgive()
        self._supply.heard_of(taken.groups)
        if taken.groups or told.directory is not None:
            self._packages_due.set()
        if taken.uploads or told.directory is not None:
            self.news.set()

    async def _keep_peppers(self, told: Feed) -> Directory | None:
        """Put the stores' peppers into the vault; a store whose pepper is another one here is left out."""
        assert told.directory is not None, "asked for with a directory only"
        fine = []
        for store in told.directory.stores:
            known = await asyncio.to_thread(self._secrets.pepper, store.store)
            if known is not None and known.hex() != store.pepper:
                self.standing.trouble(
                    f"pepper of {store.store}",
                    f"Store {store.store} has another pepper here than at headquarters; "
                    "with it no PIN would open anything, so the store is left alone.",
                )
                continue
            if known is None:
                await asyncio.to_thread(self._secrets.keep_pepper, store.store, bytes.fromhex(store.pepper))
            fine.append(store)
        return msgspec.structs.replace(told.directory, stores=tuple(fine))


def server_name(given: str) -> str:
    """The name headquarters calls this server by; raises ServiceTrouble."""
    name = given or re.sub(r"[^A-Za-z0-9._-]", "-", socket.gethostname())[:64] or "server"
    if not _NAME.fullmatch(name):
        raise ServiceTrouble(
            f"{name[:80]!r} is no name of a server; use up to 64 letters, digits, '.', '-' and '_'."
        )
    return name


def check_address(address: str) -> str:
    """The address of headquarters, usable; raises ServiceTrouble. Plain HTTP is for this machine only."""
    try:
        parts = urlsplit(address)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        usable, parts = False, urlsplit("")
    if not usable or parts.path.strip("/") or parts.query:
        raise ServiceTrouble(
            f"{address!r} is no address of headquarters; write https://HOST:PORT, such as https://hq.example:8919."
        )
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        raise ServiceTrouble(
            f"{address} would send everything in the clear; use https:// for headquarters on another machine."
        )
    return address


def home_id(home: Path, fresh: Callable[[], str]) -> str:
    """The name of this home in the channel database, made once; raises OSError."""
    path = home / "home-id"
    try:
        return path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        write_durably(path, f"{fresh()}\n".encode("ascii"))
        return path.read_text(encoding="ascii").strip()


async def open_link(
    config: ServerConfig,
    *,
    channel: Channel,
    secrets: ServerSecrets,
    shelf: Shelf,
    now_ms: Callable[[], int],
    fresh: Callable[[], str],
    pace: Pace | None = None,
) -> Link | None:
    """The link that a configuration asks for; raises ServiceTrouble, DatabaseTrouble, OSError."""
    if not config.headquarters_url:
        return None
    parts = LinkParts(
        address=check_address(config.headquarters_url),
        name=server_name(config.name),
        home=await asyncio.to_thread(home_id, config.home, fresh),
        ca_file=await asyncio.to_thread(authority_of_headquarters, config),
        insecure=config.allow_insecure,
        pace=pace or Pace(),
    )
    link = Link(parts, channel=channel, secrets=secrets, shelf=shelf, now_ms=now_ms)
    await link.open()
    return link

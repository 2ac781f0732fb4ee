"""One server process from start to end."""

import asyncio
import contextlib
import gc
import json
import logging
import os
import secrets
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec
from aiohttp import web

from store.database.errors import DatabaseTrouble
from store.ledger.effects import post
from store.ledger.examiners import Examiners
from store.ledger.posting import FIRST_WAIT_MS, Post, Poster, release_quarantine
from store.server.api.app import create_app
from store.server.api.context import ServerContext, wall_ms
from store.server.api.metrics import Metrics
from store.server.certificate import ServerCertificate, tls_context
from store.server.config import ServerConfig, database_place, is_loopback, packages_folder
from store.server.link.link import Link, open_link
from store.server.link.pace import Pace
from store.server.secrets import ServerSecrets, open_secrets
from store.server.shelf import Shelf
from store.service.channel import Channel
from store.service.errors import ServiceTrouble
from store.service.logs import start_log, stop_log
from store.service.tasks import ServiceTasks
from store.service.tls import check_listening

LOG = logging.getLogger("outpost.server.runtime")

EXIT_DONE, EXIT_TROUBLE = 0, 3
SHUTDOWN_S = 5.0
"""How long requests in flight may take to finish after SIGTERM."""


class RunningServer(msgspec.Struct, frozen=True, kw_only=True):
    """What others need to know of a running server; also the content of `run/server.json`."""

    url: str
    pid: int
    operator_token: str


def info_path(home: Path) -> Path:
    """Where a running server says how to reach it; the file goes when the server ends in order."""
    return home / "run" / "server.json"


@contextlib.asynccontextmanager
async def open_context(
    config: ServerConfig,
    server_secrets: ServerSecrets,
    *,
    now_ms: Callable[[], int] = wall_ms,
    post_record: Post = post,
    first_wait_ms: int = FIRST_WAIT_MS,
    pace: Pace | None = None,
) -> AsyncIterator[ServerContext]:
    """Everything of a server but its socket; raises ServiceTrouble and DatabaseTrouble."""
    async with _open_books(config) as (channel, examiners):
        await channel.work(release_quarantine, now_ms())
        shelf = Shelf(packages_folder(config.home))
        link = await open_link(
            config,
            channel=channel,
            secrets=server_secrets,
            shelf=shelf,
            now_ms=now_ms,
            fresh=lambda: secrets.token_hex(8),
            pace=pace,
        )
        drafts = examiners.drafts
        yield ServerContext(
            config=config,
            channel=channel,
            secrets=server_secrets,
            poster=Poster(
                channel, now_ms, post_record=post_record, first_wait_ms=first_wait_ms, drafts=drafts
            ),
            examiners=examiners,
            metrics=Metrics(),
            tasks=ServiceTasks(),
            operator_token=secrets.token_urlsafe(24),
            now_ms=now_ms,
            link=link,
            shelf=shelf,
            certificate=_certificate(config, server_secrets, link, now_ms),
        )


@contextlib.asynccontextmanager
async def _open_books(config: ServerConfig) -> AsyncIterator[tuple[Channel, Examiners]]:
    """The channel database, and who examines what is to be stored in it."""
    channel = await Channel.open(database_place(config.home, config.database_url))
    examiners = Examiners()
    try:
        yield channel, examiners
    finally:
        await examiners.close()
        await channel.close()


@contextlib.asynccontextmanager
async def listen(context: ServerContext) -> AsyncIterator[RunningServer]:
    """Serve on the configured address (port 0: any free one); raises ServiceTrouble."""
    config = context.config
    runner = web.AppRunner(create_app(context), access_log=None, shutdown_timeout=SHUTDOWN_S)
    await runner.setup()
    try:
        site = web.TCPSite(runner, config.host, config.port, ssl_context=tls_context(context.certificate))
        try:
            await site.start()
        except OSError as error:
            raise ServiceTrouble(
                f"{config.host}:{config.port} cannot be listened on ({error.strerror}); choose another port."
            ) from error
        host = f"[{config.host}]" if ":" in config.host else config.host
        url = f"{'https' if config.tls else 'http'}://{host}:{runner.addresses[0][1]}"
        yield RunningServer(url=url, pid=os.getpid(), operator_token=context.operator_token)
    finally:
        await runner.cleanup()


async def serve(
    config: ServerConfig, *, stop: asyncio.Event, ready: Callable[[RunningServer], None] | None = None
) -> None:
    """Run a server until `stop` is set; raises ServiceTrouble and DatabaseTrouble when it cannot start."""
    if config.allow_insecure and not is_loopback(config.host):
        raise ServiceTrouble("Throw-away vaults are allowed on a loopback address only; listen on 127.0.0.1.")
    check_listening(config.host, loopback=is_loopback(config.host), tls=config.tls)
    server_secrets = await asyncio.to_thread(
        open_secrets, config.home, allow_insecure=config.allow_insecure, sources=config.vault
    )
    async with open_context(config, server_secrets) as context, _with_certificate(context, stop) as begun:
        if begun:
            await _serve_open(context, stop, ready)


async def _serve_open(
    context: ServerContext, stop: asyncio.Event, ready: Callable[[RunningServer], None] | None
) -> None:
    async with listen(context) as running:
        path = info_path(context.config.home)
        _publish(path, running)
        LOG.info("server started", extra={"url": running.url})
        try:
            if ready is not None:
                ready(running)
            await stop.wait()
        finally:
            LOG.info("server ends")
            path.unlink(missing_ok=True)


@contextlib.asynccontextmanager
async def _with_certificate(context: ServerContext, stop: asyncio.Event) -> AsyncIterator[bool]:
    """Whether there is a certificate, where one is wanted, before somebody asked for the end."""
    if context.certificate is None:
        yield True
        return
    beginning = asyncio.ensure_future(context.certificate.begin())
    ending = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait((beginning, ending), return_when=asyncio.FIRST_COMPLETED)
        if beginning.done():
            beginning.result()
        yield beginning.done()
    finally:
        for task in (beginning, ending):
            task.cancel()
        await asyncio.gather(beginning, ending, return_exceptions=True)
        if context.link is not None:
            await context.link.close()


def _certificate(
    config: ServerConfig, server_secrets: ServerSecrets, link: Link | None, now_ms: Callable[[], int]
) -> ServerCertificate | None:
    if not config.tls:
        return None
    return ServerCertificate(config, server_secrets, None if link is None else link.certificate, now_ms)


def run_server(config: ServerConfig) -> int:
    """Run a server until SIGTERM or SIGINT and answer the exit code. Prints its address when it is ready."""
    try:
        config.home.mkdir(parents=True, exist_ok=True)
        handler = start_log(config.log_path)
    except OSError as error:
        return _complain(f"{error.filename} cannot be written: {error.strerror}.")
    try:
        asyncio.run(_run_until_signal(config))
    except (ServiceTrouble, DatabaseTrouble) as trouble:
        return _complain(str(trouble))
    finally:
        stop_log(handler)
    return EXIT_DONE


async def _run_until_signal(config: ServerConfig) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await serve(config, stop=stop, ready=_announce)


def _announce(running: RunningServer) -> None:
    """Say where, and let the collector never walk again what the start has made: it would stop a scan for 20 ms."""
    print(f"Retail Server on {running.url}", flush=True)
    gc.collect()
    gc.freeze()


def _complain(sentence: str) -> int:
    print(f"outpost server: {sentence}", file=sys.stderr)
    return EXIT_TROUBLE


def _publish(path: Path, running: RunningServer) -> None:
    """Write the file as one step, readable by its owner only: the token in it opens the reports."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".server-")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(msgspec.to_builtins(running), file)
    Path(name).replace(path)

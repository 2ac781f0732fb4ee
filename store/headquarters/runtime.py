"""One headquarters process from start to end."""

import asyncio
import contextlib
import json
import logging
import os
import secrets as random_secrets
import signal
import ssl
import stat
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import msgspec
from aiohttp import web

from store.database.errors import DatabaseTrouble
from store.database.lock import FileLock
from store.headquarters.api.app import create_app
from store.headquarters.api.desk import Desk
from store.headquarters.api.routes import common_routes, operator_routes
from store.headquarters.certificates.serving import renew_certificate, tls_of
from store.headquarters.config import (
    HeadquartersConfig,
    database_path,
    info_path,
    is_loopback,
    lock_path,
    socket_path,
)
from store.headquarters.context import Headquarters, wall_ms
from store.headquarters.imports.desk import Imports
from store.headquarters.imports.staging import discard_all
from store.headquarters.metrics import Metrics
from store.headquarters.part import Part
from store.headquarters.parts import PARTS, OpenPart
from store.headquarters.route import Route
from store.headquarters.secrets import HeadquartersSecrets, open_secrets
from store.headquarters.setup.seeds import plant
from store.service.channel import Channel
from store.service.errors import ServiceTrouble
from store.service.health import Pulse
from store.service.logs import start_log, stop_log
from store.service.tasks import ServiceTasks
from store.service.tls import check_listening

LOG = logging.getLogger("outpost.hq.runtime")

EXIT_DONE, EXIT_TROUBLE = 0, 3
SHUTDOWN_S = 5.0
"""How long requests in flight may take to finish after SIGTERM."""
FOLDER_MODE, SOCKET_MODE = 0o750, 0o660
LOCK_WAIT_S = 2.0


class RunningHeadquarters(msgspec.Struct, frozen=True, kw_only=True):
    """What others need to know of a running headquarters; also the content of `run/hq.json`."""

    url: str
    pid: int
    operator_token: str
    socket: str


class HeadquartersProcess(msgspec.Struct, frozen=True, kw_only=True):
    """Headquarters with its parts opened, before anybody can reach it."""

    hq: Headquarters
    parts: tuple[Part, ...]
    desk: Desk
    routes: tuple[Route, ...]


@contextlib.asynccontextmanager
async def open_headquarters(
    config: HeadquartersConfig,
    secrets: HeadquartersSecrets,
    *,
    now_ms: Callable[[], int] = wall_ms,
    parts: Sequence[OpenPart] = PARTS,
) -> AsyncIterator[HeadquartersProcess]:
    """Everything of a headquarters but its sockets and tasks; raises ServiceTrouble and DatabaseTrouble."""
    channel = await Channel.open(database_path(config.home), migrations="store.headquarters")
    tasks = ServiceTasks()
    opened: list[Part] = []
    try:
        await channel.work(plant, now_ms())
        await channel.work(discard_all)
        hq = Headquarters(
            config=config,
            channel=channel,
            secrets=secrets,
            metrics=Metrics(),
            tasks=tasks,
            operator_token=random_secrets.token_urlsafe(24),
            now_ms=now_ms,
        )
        for open_part in parts:
            opened.append(await open_part(hq))
        desk = Desk(hq, opened)
        hq.on_change = desk.tell
        routes = (
            *common_routes(Pulse(channel, tasks)),
            *operator_routes(desk),
            *Imports(desk).routes(),
            *(route for part in opened for route in part.routes),
        )
        yield HeadquartersProcess(hq=hq, parts=tuple(opened), desk=desk, routes=routes)
    finally:
        await tasks.close()
        for part in reversed(opened):
            if part.close is not None:
                await part.close()
        await channel.close()


@contextlib.asynccontextmanager
async def listen(process: HeadquartersProcess) -> AsyncIterator[RunningHeadquarters]:
    """Serve on the configured address and on the operators' socket, with the parts' tasks; raises ServiceTrouble."""
    hq, config = process.hq, process.hq.config
    runners = [
        web.AppRunner(
            create_app(hq, process.routes, local=local), access_log=None, shutdown_timeout=SHUTDOWN_S
        )
        for local in (False, True)
    ]
    path: Path | None = None
    try:
        for runner in runners:
            await runner.setup()
        tls = await asyncio.to_thread(tls_of, hq)
        await _listen_on_tcp(runners[0], config, tls)
        path = await _listen_on_socket(runners[1], config.home)
        for part in process.parts:
            for name, run in part.tasks.items():
                hq.tasks.supervise(f"{part.name}: {name}", run)
        if tls is not None and config.tls_certificate is None:
            hq.tasks.supervise("certificate", lambda: renew_certificate(hq, tls))
        host = f"[{config.host}]" if ":" in config.host else config.host
        url = f"{'http' if tls is None else 'https'}://{host}:{runners[0].addresses[0][1]}"
        yield RunningHeadquarters(
            url=url, pid=os.getpid(), operator_token=hq.operator_token, socket=str(path)
        )
    finally:
        # What runs by itself ends first: nothing may begin while requests in flight are finished.
        for part in process.parts:
            if part.stopping is not None:
                part.stopping()
        await hq.tasks.close()
        for runner in runners:
            await runner.cleanup()
        if path is not None:
            path.unlink(missing_ok=True)


async def serve(
    config: HeadquartersConfig,
    *,
    stop: asyncio.Event,
    ready: Callable[[RunningHeadquarters], None] | None = None,
) -> None:
    """Run headquarters until `stop` is set; raises ServiceTrouble and DatabaseTrouble when it cannot start."""
    if config.allow_insecure and not is_loopback(config.host):
        raise ServiceTrouble("Throw-away vaults are allowed on a loopback address only; listen on 127.0.0.1.")
    check_listening(config.host, loopback=is_loopback(config.host), tls=config.tls)
    secrets = await asyncio.to_thread(
        open_secrets, config.home, allow_insecure=config.allow_insecure, sources=config.vault
    )
    if secrets.insecure:
        LOG.warning(
            "the secrets lie in an INSECURE throw-away vault, which is for trying out on this machine"
        )
    async with open_headquarters(config, secrets) as process, listen(process) as running:
        path = info_path(config.home)
        _publish(path, running)
        LOG.info("headquarters started", extra={"url": running.url})
        try:
            if ready is not None:
                ready(running)
            await stop.wait()
        finally:
            LOG.info("headquarters ends")
            path.unlink(missing_ok=True)


def run_headquarters(config: HeadquartersConfig) -> int:
    """Run headquarters until SIGTERM or SIGINT and answer the exit code. Prints its address when it is ready."""
    try:
        config.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock_path(config.home).parent.mkdir(exist_ok=True, mode=FOLDER_MODE)
        handler = start_log(config.log_path)
    except OSError as error:
        return _complain(f"{error.filename} cannot be written: {error.strerror}.")
    try:
        # Taken before anything slow, so that a command given right after the start knows that one is coming.
        with FileLock(lock_path(config.home), wait_s=LOCK_WAIT_S):
            asyncio.run(_run_until_signal(config))
    except (ServiceTrouble, DatabaseTrouble) as trouble:
        return _complain(str(trouble))
    finally:
        stop_log(handler)
    return EXIT_DONE


async def _run_until_signal(config: HeadquartersConfig) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await serve(config, stop=stop, ready=_announce)


async def _listen_on_tcp(
    runner: web.AppRunner, config: HeadquartersConfig, tls: ssl.SSLContext | None
) -> None:
    try:
        await web.TCPSite(runner, config.host, config.port, ssl_context=tls).start()
    except OSError as error:
        raise ServiceTrouble(
            f"{config.host}:{config.port} cannot be listened on ({error.strerror}); choose another port."
        ) from error


async def _listen_on_socket(runner: web.AppRunner, home: Path) -> Path:
    """Bind with the right mode from the first moment; the folder keeps others out meanwhile."""
    path = socket_path(home)
    try:
        path.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        if (
            path.parent.stat().st_uid != os.getuid()
        ):  # in a shared place somebody could have made it before us
            raise ServiceTrouble(f"The folder {path.parent} belongs to somebody else; run as its owner.")
        if path.exists() and stat.S_ISSOCK(path.lstat().st_mode):
            path.unlink()
        before = os.umask(0o777 ^ SOCKET_MODE)
        try:
            await web.UnixSite(runner, str(path)).start()
        finally:
            os.umask(before)
        path.chmod(SOCKET_MODE)
    except OSError as error:
        raise ServiceTrouble(f"The operators' socket {path} cannot be made: {error.strerror}.") from error
    return path


def _announce(running: RunningHeadquarters) -> None:
    print(f"Headquarters on {running.url}", flush=True)


def _complain(sentence: str) -> int:
    print(f"outpost hq: {sentence}", file=sys.stderr)
    return EXIT_TROUBLE


def _publish(path: Path, running: RunningHeadquarters) -> None:
    """Write the file as one step, readable by its owner only: the token in it opens everything."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".hq-")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(msgspec.to_builtins(running), file)
    Path(name).replace(path)

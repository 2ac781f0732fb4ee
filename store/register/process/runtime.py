"""The register core as a process: one lock, one order of start, one owner of all tasks, an end in order.

Start: lock, vault, journal, sale restored, then the socket; only after that what is slow to load (HTTP, printing),
so that a screen shows the sign-in early. End: no more intents, the mailbox finished, children ended, journal closed.
"""

import asyncio
import faulthandler
import gc
import logging
import os
import signal
from collections.abc import Callable
from pathlib import Path

from store.database.errors import DatabaseInUse
from store.database.lock import FileLock
from store.database.vault_sources import NO_SOURCES, VaultSources
from store.languages.catalogues import load_languages
from store.register.config import Config, load_config
from store.register.control.mailbox import Mailbox
from store.register.control.server import ControlServer
from store.register.home import RegisterHome
from store.register.journal.retention import Retention
from store.register.peripherals import DevicesConfig, DeviceSet
from store.register.ports import Clock, ShopFloor
from store.register.process.answers import CoreAnswers
from store.register.process.log import log_to
from store.register.process.loop_watch import watch_loop
from store.register.process.parts import Assembly, CoreParts
from store.register.process.scan_inlet import ScanInlet
from store.register.process.tasks import CoreTasks
from store.register.sync.suspended_sales import release_what_is_wanted
from store.register.system_ports import SystemClock, SystemRandomness

LOG = logging.getLogger("outpost.register")

DEFECT = 70
"""Exit code after a defect: the service manager, or the screen that started the core, starts it again."""
END_WITHIN_S = 5.0
"""An end in order may take this long; then the process is ended by force. The journal is safe at any moment."""
IDLE_LOOK_S = 10.0
COLLECT_EVERY = 3_000
"""New objects between two looks of the collector; Python's 700 are less than one scan makes."""


class CoreRunsAlready(Exception):
    """Another core was faster; screens are welcome there. `sentence` says so."""

    def __init__(self, home: RegisterHome) -> None:
        self.sentence = (
            f"A core runs on {home.path} already; nothing was started. `outpost screen` attaches to it."
        )
        super().__init__(self.sentence)


BuildDevices = Callable[[DevicesConfig, Path], DeviceSet]


def run_core(
    home: RegisterHome,
    build_devices: BuildDevices,
    version: str,
    floor: ShopFloor | None = None,
    sources: VaultSources = NO_SOURCES,
) -> int:
    """Run the core of a register until it is ended; returns its exit code. Only one core runs on a home.

    `build_devices` makes the drivers (this package may not know them), `floor` is the demo shop's. Raises
    CoreRunsAlready, ConfigError, VaultError, ActivationRefused and JournalError, each with a sentence, before it
    listens.
    """
    home.lock_file.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
    lock = FileLock(home.lock_file)
    try:
        lock.acquire()
    except DatabaseInUse as error:
        raise CoreRunsAlready(home) from error
    try:
        log_to(home.log_file)
        load_languages()
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        os.chdir(home.path)
        core = Core(home, load_config(home.config_file), version, sources)
        return asyncio.run(core.run(build_devices, floor))
    except Exception as error:  # whatever ends the core stands in its log, also when nobody sees its output
        LOG.critical("the core ended: %s", error, exc_info=True)
        raise
    finally:
        lock.release()


class Core:
    """One run of the core."""

    def __init__(
        self, home: RegisterHome, config: Config, version: str, sources: VaultSources = NO_SOURCES
    ) -> None:
        self._sources = sources
        self._home = home
        self._config = config
        self._version = version
        self._clock = SystemClock()
        self._tasks = CoreTasks(self._clock)
        self._closed_by_person = False

    async def run(self, build_devices: BuildDevices, floor: ShopFloor | None) -> int:
        """Start, serve, end."""
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self.stop, False)
        assembly = Assembly(
            self._home,
            self._config,
            self._clock,
            SystemRandomness(),
            lambda devices: build_devices(devices, self._home.path),
            floor,
            lambda: self.stop(True),
            self._version,
            self._sources,
        )
        parts = await assembly.parts()
        mailbox = Mailbox(parts.session)
        mailbox.listen_in(parts.session.overhear)
        server = self._server(parts, mailbox)
        try:
            await self._serve(parts, mailbox, server)
        finally:
            faulthandler.dump_traceback_later(END_WITHIN_S, exit=True)
            await self._close(parts, mailbox, server)
            faulthandler.cancel_dump_traceback_later()
        if self._tasks.failure is not None:
            return DEFECT
        LOG.info("ended in order")
        return 0

    def stop(self, by_person: bool) -> None:
        """Begin the end; `by_person` ends the screens too, otherwise they wait for the next core."""
        self._closed_by_person = self._closed_by_person or by_person
        self._tasks.ended.set()

    def _server(self, parts: CoreParts, mailbox: Mailbox) -> ControlServer:
        session = parts.session
        answers = CoreAnswers(
            session=session,
            connection=parts.supervisor,
            stop=self.stop,
            switch_before_sign_in=lambda: parts.profile().manual_switch_before_sign_in,
        )
        server = ControlServer(
            epoch=session.view().epoch,
            version=self._version,
            till=session,
            mailbox=mailbox,
            answering=answers,
            spawn=self._tasks.short,
        )
        session.on_change = lambda: server.publish(session.view())
        return server

    async def _serve(self, parts: CoreParts, mailbox: Mailbox, server: ControlServer) -> None:
        """The sale first, then the socket, then everything that is slow to load."""
        await parts.session.restore()
        self._tasks.essential(mailbox.run(), "mailbox")
        await server.listen(self._home.socket, self._config.register.group)
        LOG.info("listening", extra={"socket": str(self._home.socket), "pid": os.getpid()})
        await parts.supervisor.start(parts.session.transaction_open)
        await parts.spool.start()
        self._start_children(parts, mailbox)
        await self._tasks.ended.wait()

    def _start_children(self, parts: CoreParts, mailbox: Mailbox) -> None:
        tasks = self._tasks
        tasks.short(parts.devices.start(ScanInlet(mailbox).listen), "devices")
        parts.in_force.listen(lambda: tasks.short(change_devices(parts), "change of devices"))
        tasks.supervised(parts.spool.run_printer, "printer")
        tasks.supervised(parts.spool.run_drawer, "drawer")
        tasks.supervised(lambda: parts.refresher.run(parts.journal, parts.session), "refresher")
        tasks.supervised(parts.library.run_uploads, "uploader")
        tasks.supervised(parts.library.run_downloads, "downloader")
        tasks.supervised(parts.library.run_reports, "register reports")
        tasks.supervised(parts.library.run_memory, "sync history")
        tasks.supervised(lambda: keep_records(parts, self._clock), "retention")
        tasks.supervised(lambda: watch_loop(self._clock), "loop watch")
        tasks.supervised(lambda: let_go_of_suspended(parts, mailbox, self._clock), "suspended sales")
        tasks.supervised(lambda: lock_when_idle(parts, mailbox, self._clock), "idle lock")
        tasks.short(check_tail(parts), "tail check")
        tasks.short(settle_memory(parts), "memory")

    async def _close(self, parts: CoreParts, mailbox: Mailbox, server: ControlServer) -> None:
        if self._tasks.failure is None:
            self._tasks.expect_end()
            await mailbox.close()
            why = "The register was ended." if self._closed_by_person else "The register core restarts."
            await server.close(why, self._closed_by_person)
        else:
            server.abort()
        await self._tasks.close()
        await parts.close()


async def change_devices(parts: CoreParts) -> None:
    """Headquarters may have named other devices; the same ones change nothing."""
    await parts.devices.change(parts.in_force.devices(), parts.spool.use)


async def keep_records(parts: CoreParts, clock: Clock) -> None:
    """Remove records that headquarters has and whose time is over, while nobody is selling."""
    await Retention(
        parts.journal,
        clock,
        days=lambda: parts.shop.policy().journal_retention_days,
        occupied=lambda: parts.session.occupied,
    ).run()


async def lock_when_idle(parts: CoreParts, mailbox: Mailbox, clock: Clock) -> None:
    """Lock the register that nobody has touched for long."""
    while True:
        await clock.sleep(IDLE_LOOK_S)
        submission = parts.session.idle_submission()
        if submission is not None:
            mailbox.submit(submission.client, submission.intent)


async def let_go_of_suspended(parts: CoreParts, mailbox: Mailbox, clock: Clock) -> None:
    """Give suspended sales to the registers that wait for them."""
    session, calls = parts.session, parts.session.ports.suspensions
    if calls is None:
        return
    await release_what_is_wanted(
        calls,
        clock,
        kept=lambda: session.suspended,
        reachable=lambda: parts.supervisor.link_is_up,
        last_n=session.last_n,
        submit=mailbox.submit,
    )


async def settle_memory(parts: CoreParts) -> None:
    """What the start has made stays: the collector would walk all of it again and again, 20 ms each time."""
    await parts.supervisor.started()  # until then modules are loaded
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_EVERY)


async def check_tail(parts: CoreParts) -> None:
    """T1: verify the newest records beside the sale; their chain was checked before the register listened."""
    found = await parts.journal.check_tail()
    if found.ok:
        LOG.info("newest records verified", extra={"records": found.checked})
    else:
        LOG.error("record %d %s", found.first_bad_seq, found.reason, extra={"records": found.checked})
        parts.session.journal_damaged(found.sentence)

"""A real headquarters in a folder of a test: its set-up by function calls, or over HTTP and its socket."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import time

import aiohttp

from store.headquarters.config import HeadquartersConfig
from store.headquarters.nouns.table import NOUNS
from store.headquarters.runtime import listen, open_headquarters
from store.headquarters.secrets import open_secrets
from store.headquarters.setup.change import Setting, remove_row, set_row
from store.headquarters.setup.rules import RULES, chain_currency
from store.headquarters.setup.staff_pins import pin_hashes, pin_places
from store.headquarters.setup.typed import Reading
from store.headquarters.setup_rows import get

NOW_MS = 1_795_000_000_000
"""2026-11-18."""


class Office:
    """The set-up of an open headquarters, as an operator would change it."""

    def __init__(self, process):
        self.process = process
        self.hq = process.hq
        self.now_ms = NOW_MS

    async def set(self, noun, key, fields=None, **more):
        """Set a row; `key` is its typed parts, or its only one."""
        typed = {**(fields or {}), **more}
        pin = typed.pop("pin", None)
        parts = key if isinstance(key, dict) else {NOUNS[noun].key[0].name: key}
        inputs = (
            {} if pin is None else {"pin_hashes": await self.hashes(parts["staff"], pin, typed.get("store"))}
        )

        def unit(db):
            wish = Setting(noun=NOUNS[noun], key=parts, fields=typed, inputs=inputs)
            return set_row(db, wish, RULES, Reading(currency=chain_currency(db)), self.now_ms)

        return await self.hq.channel.work(unit)

    async def hashes(self, number, pin, store):
        places = await self.hq.channel.read(pin_places, number, store)
        return await asyncio.to_thread(pin_hashes, self.hq.secrets, pin, places)

    async def remove(self, noun, key):
        parts = key if isinstance(key, dict) else {NOUNS[noun].key[0].name: key}

        def unit(db):
            return remove_row(
                db, NOUNS[noun], parts, RULES, Reading(currency=chain_currency(db)), self.now_ms
            )

        return await self.hq.channel.work(unit)

    async def row(self, noun, key, kind=None):
        """The document of a row, None when there is none."""
        return await self.hq.channel.read(get, noun, key, kind or NOUNS[noun].fields)

    async def ask(self, fn, *args):
        """Run a unit that reads."""
        return await self.hq.channel.read(fn, *args)


@contextlib.asynccontextmanager
async def open_office(home, parts=(), **options):
    """Headquarters without sockets."""
    config = HeadquartersConfig(home=home, port=0, allow_insecure=True, **options)
    secrets = await asyncio.to_thread(open_secrets, home, allow_insecure=True)
    async with open_headquarters(config, secrets, parts=parts) as process:
        yield Office(process)


@contextlib.asynccontextmanager
async def serving_office(home, parts=(), **options):
    """Headquarters with its sockets: (office, running, HTTP session on the operators' socket)."""
    async with open_office(home, parts, **options) as office, listen(office.process) as running:
        async with aiohttp.ClientSession(
            "http://headquarters", connector=aiohttp.UnixConnector(running.socket)
        ) as http:
            yield office, running, http


MAIN = """
import sys
from pathlib import Path
from tui.command import main
sys.exit(main(sys.argv[1:]))
"""


def outpost(*arguments, timeout_s=60, **options):
    """Run one command of the program to its end."""
    return subprocess.run(
        [sys.executable, "-c", MAIN, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=timeout_s,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(part for part in sys.path if part)},
        stdin=subprocess.DEVNULL,
        **options,
    )


def start_outpost(*arguments):
    """Start a command that goes on running."""
    return subprocess.Popen(
        [sys.executable, "-c", MAIN, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(part for part in sys.path if part)},
        stdin=subprocess.DEVNULL,
    )


def wait_ready(process, home, patience_s=30.0):
    """The content of run/hq.json once this process has written it."""
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        with contextlib.suppress(FileNotFoundError, json.JSONDecodeError):
            info = json.loads((home / "run" / "hq.json").read_text())
            if info["pid"] == process.pid:
                return info
        if process.poll() is not None:
            raise AssertionError(f"headquarters ended with {process.returncode}: {process.communicate()}")
        time.sleep(0.02)
    raise AssertionError("headquarters did not get ready")


@contextlib.contextmanager
def running_headquarters(home, *arguments):
    """A headquarters process; ended in order if the test has not ended it."""
    process = start_outpost("hq", "--home", home, "--port", "0", *arguments)
    try:
        yield process, wait_ready(process, home)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)

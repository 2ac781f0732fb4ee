"""A whole shop for tests: the demo's server and register as real processes, made once and copied for each test."""

import contextlib
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dev_escpos_decoder import Stream, decode
from pty_terminal import Terminal

PYTHON = sys.executable
OUTPOST = (PYTHON, "-m", "tui")
START_TIMEOUT_S = 40.0


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def make_template(folder: Path, *options: str) -> Path:
    """A shop that was opened once and closed again; copy it, never use it. `options` are those of the demo."""
    with running_headless(folder, *options):
        pass
    return folder


@contextlib.contextmanager
def running_headless(home: Path, *options: str) -> Iterator[str]:
    """`outpost demo --headless` until the block ends; yields what it printed."""
    command = (*OUTPOST, "demo", "--headless", "--home", str(home), *options)
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout is not None
    try:
        lines = []
        for line in process.stdout:
            lines.append(line)
            if line.startswith("Ctrl+C"):
                break
        else:
            raise AssertionError("the demo did not open:\n" + "".join(lines))
        yield "".join(lines)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)
        process.stdout.close()


def processes_of(home: Path) -> dict[int, list[str]]:
    """Every process that has this folder, or something in it, among its words: pid and words."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                words = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
                if any(word == str(home) or word.startswith(f"{home}/") for word in words):
                    found[int(entry.name)] = words
    return found


def end_processes_of(home: Path) -> None:
    """Kill whatever a test left; a screen that lives starts a core again, hence twice."""
    for _ in range(2):
        for pid in processes_of(home):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


class Shop:
    """One copy of the template with its own port, server process and register; the printer is the file `paper`."""

    def __init__(self, template: Path, home: Path) -> None:
        shutil.copytree(template, home, symlinks=True)
        self.home = home
        self.till = home / "register"
        self.port = free_port()
        self.server: subprocess.Popen[bytes] | None = None
        self.terminals: list[Terminal] = []
        self.paper = home / "paper.bin"
        self.devices = {"printer": f"file:{self.paper}", "drawer": "printer"}
        self.point_register_at(f"http://127.0.0.1:{self.port}")

    def point_register_at(self, url: str = "", **profile: object) -> None:
        """Write the register's configuration; `profile` are keys of `[offline_profile]`."""
        self.server_url = url or self.server_url
        rows = {"reconnection_interval_s": 0} | profile
        tables = {
            "register": {"server_url": self.server_url},
            "offline_profile": rows,
            "devices": self.devices,
        }
        text = ""
        for name, keys in tables.items():
            text += (
                f"[{name}]\n"
                + "".join(f"{key} = {json.dumps(value)}\n" for key, value in keys.items())
                + "\n"
            )
        (self.till / "register.toml").write_text(text)

    def connect(self, **devices: object) -> None:
        """Connect devices: keys of `[devices]`."""
        self.devices |= devices
        self.point_register_at()

    def move_register(self, folder: Path) -> None:
        """Put the register's home somewhere else, before it is started."""
        shutil.copytree(self.till, folder, symlinks=True)
        self.till = folder
        self.point_register_at()

    # --- processes

    def start_server(self) -> None:
        """Start the server process and wait until it listens."""
        command = (*OUTPOST, *self.server_words())
        with (self.home / "server.out").open("ab") as out:
            self.server = subprocess.Popen(command, stdout=out, stderr=out, stdin=subprocess.DEVNULL)
        end_s = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < end_s:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)
        raise AssertionError("the server did not start: " + (self.home / "server.out").read_text())

    def server_words(self) -> tuple[str, ...]:
        """The command that starts the server."""
        return ("server", "--home", str(self.home / "server"), "--port", str(self.port))

    def signal_server(self, number: int) -> None:
        """SIGKILL, SIGSTOP, SIGCONT ..."""
        assert self.server is not None
        self.server.send_signal(number)
        if number in (signal.SIGKILL, signal.SIGTERM):
            self.server.wait(10)

    def register(self, *options: str, **how: Any) -> Terminal:
        """`outpost register` on a terminal of its own."""
        return self.attach("register", *options, **how)

    def screen(self, *options: str, **how: Any) -> Terminal:
        """`outpost screen` on a terminal of its own."""
        return self.attach("screen", *options, **how)

    def attach(self, *words: str, **how: Any) -> Terminal:
        """Any command with a screen on a terminal of its own."""
        terminal = Terminal((*OUTPOST, *words, "--home", str(self.till)), **how)
        self.terminals.append(terminal)
        return terminal

    def outpost(self, *words: str, **how: Any) -> subprocess.CompletedProcess[str]:
        """Another `outpost` command on the register's home."""
        command = (*OUTPOST, *words, "--home", str(self.till))
        return subprocess.run(
            command, capture_output=True, text=True, timeout=30, stdin=subprocess.DEVNULL, **how
        )

    def run(self, *words: str) -> str:
        """What another command prints; it must end with 0."""
        done = self.outpost(*words)
        if done.returncode:
            raise AssertionError(f"{words} ended with {done.returncode}: {done.stdout}{done.stderr}")
        return done.stdout

    def json(self, *words: str) -> Any:
        """The JSON of another command."""
        return json.loads(self.run(*words, "--json"))

    def core_pid(self) -> int:
        """The core's process id, from the process table; 0 for none."""
        return next((pid for pid, words in processes_of(self.till).items() if "--core" in words), 0)

    def kill_core(self, number: int = signal.SIGKILL) -> int:
        """Signal the core; returns its process id."""
        pid = self.core_pid()
        assert pid, "no core runs"
        os.kill(pid, number)
        return pid

    def close(self) -> None:
        """End everything that still runs."""
        for terminal in self.terminals:
            terminal.close()
        if self.server is not None and self.server.poll() is None:
            self.server.send_signal(signal.SIGCONT)
            self.server.kill()
            self.server.wait(10)
        end_processes_of(self.home)

    # --- what is true afterwards

    def journal(self) -> list[dict[str, Any]]:
        """The payloads of all records, read from the file as any other program would."""
        with contextlib.closing(sqlite3.connect(f"file:{self.till / 'journal.db'}?mode=ro", uri=True)) as db:
            rows = db.execute("select payload from record order by seq").fetchall()
        return [json.loads(payload) for (payload,) in rows]

    def sales(self) -> list[dict[str, Any]]:
        """The payloads of all sales."""
        return [payload for payload in self.journal() if payload["kind"] == "sale"]

    def printed(self) -> Stream:
        """What came out of the printer, decoded."""
        return decode(self.paper.read_bytes() if self.paper.exists() else b"")

    def printed_numbers(self) -> list[str]:
        """Receipt numbers on paper in the order of printing; copies and gift receipts have that word behind them."""
        numbers = []
        for receipt in self.printed().receipts:
            number = next((row.split()[-1] for row in receipt.rows if row.startswith("Receipt ")), "")
            if number and number != "TRAINING":
                words = [word for word in ("COPY", "GIFT") if word in receipt.text]
                numbers.append(" ".join((number, *words)))
        return numbers

    def ask_server(self, path: str) -> Any:
        """One of the server's reports."""
        info = json.loads((self.home / "server" / "run" / "server.json").read_text())
        request = urllib.request.Request(
            info["url"] + path, headers={"Authorization": f"Bearer {info['operator_token']}"}
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def server_transactions(self) -> list[dict[str, Any]]:
        """What the server has posted, by its own report."""
        found: list[dict[str, Any]] = self.ask_server("/transactions")
        return found

    def assert_journal_holds(self) -> None:
        """Chain, signatures and totals hold; numbers have no gap and no double; printed is journaled."""
        assert self.json("journal", "verify")["ok"]
        payloads = self.journal()
        assert [payload["seq"] for payload in payloads] == list(range(1, len(payloads) + 1))
        numbers = [payload["receipt_no"] for payload in payloads if "receipt_no" in payload]
        assert numbers == list(range(1, len(numbers) + 1))
        originals = [number for number in self.printed_numbers() if not number.endswith(("COPY", "GIFT"))]
        assert len(set(originals)) == len(originals), "a receipt was printed twice"
        sold = {f"{sale['series'].rpartition('.')[0]}-{sale['receipt_no']:06d}" for sale in self.sales()}
        assert set(originals) <= sold, "printed but not journaled"

    def assert_server_has_all_once(self, timeout_s: float = 15.0) -> None:
        """Every record of the journal is accepted, posted once, with the same figures."""
        records = len(self.journal())
        where = eventually(
            lambda: (now := self.ask_server("/conservation"))["posted"] >= records and now,
            timeout_s,
            "everything is posted",
        )
        assert (where["accepted"], where["posted"], where["quarantined"]) == (records, records, 0)
        assert self.ask_server("/quarantine") == []
        assert self.ask_server("/differences") == []
        keys = ("seq", "txn_id", "kind", "receipt_no", "total", "currency", "business_date")
        ours = [[row.get(key) for key in keys] for row in self.json("journal", "list")]
        theirs = [[row.get(key) for key in keys] for row in self.server_transactions()]
        assert theirs == ours


def eventually(condition: Any, timeout_s: float = 10.0, what: str = "") -> Any:
    """The first true value of `condition()`; fails after `timeout_s`."""
    end_s = time.monotonic() + timeout_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end_s:
            raise AssertionError(f"not true within {timeout_s} s: {what or condition}")
        time.sleep(0.05)

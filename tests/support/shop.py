"""A whole shop for tests: the demo's server and register as real processes, made once and copied for each test."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pty_terminal import Terminal

PYTHON = sys.executable
OUTPOST = (PYTHON, "-m", "tui")
START_TIMEOUT_S = 40.0
MILK, MILK_PRICE = "4099000000017", 109
"""The first item of the assortment, and its price in cents; in every demo shop."""


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def make_template(folder: Path, products: int = 120) -> Path:
    """A shop that was opened once and closed again; copy it, never use it."""
    with running_headless(folder, "--products", str(products)):
        pass
    return folder


@contextlib.contextmanager
def running_headless(home: Path, *options: str) -> Iterator[str]:
    """`outpost demo --headless` until the block ends; yields what it printed."""
    command = (*OUTPOST, "demo", "--headless", "--home", str(home), *options)
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        lines = []
        assert process.stdout is not None
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
        assert process.stdout is not None
        process.stdout.close()


class Shop:
    """One copy of the template with its own port, server process and register."""

    def __init__(self, template: Path, home: Path) -> None:
        shutil.copytree(template, home, symlinks=True)
        self.home = home
        self.till = home / "register"
        self.port = free_port()
        self.server: subprocess.Popen[bytes] | None = None
        self.terminals: list[Terminal] = []
        self.point_register_at(f"http://127.0.0.1:{self.port}")

    def point_register_at(self, url: str, **profile: object) -> None:
        """Write the register's configuration; `profile` are keys of `[offline_profile]`."""
        rows = {"reconnection_interval_s": 0} | profile
        keys = "\n".join(f"{key} = {json.dumps(value)}" for key, value in rows.items())
        self.configuration = f'[register]\nserver_url = "{url}"\n\n[offline_profile]\n{keys}\n'
        (self.till / "register.toml").write_text(self.configuration)

    def add_configuration(self, text: str) -> None:
        """Append tables such as `[devices]`."""
        self.configuration += f"\n{text}\n"
        (self.till / "register.toml").write_text(self.configuration)

    def start_server(self) -> None:
        """Start the server process and wait until it listens."""
        command = (*OUTPOST, "server", "--home", str(self.home / "server"), "--port", str(self.port))
        with (self.home / "server.out").open("ab") as out:
            self.server = subprocess.Popen(command, stdout=out, stderr=out, stdin=subprocess.DEVNULL)
        end_s = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < end_s:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)
        raise AssertionError("the server did not start: " + (self.home / "server.out").read_text())

    def signal_server(self, number: int) -> None:
        """SIGKILL, SIGSTOP, SIGCONT ..."""
        assert self.server is not None
        self.server.send_signal(number)
        if number in (signal.SIGKILL, signal.SIGTERM):
            self.server.wait(10)

    def register(self, *options: str, **how: Any) -> Terminal:
        """`outpost register` on a terminal of its own."""
        terminal = Terminal((*OUTPOST, "register", "--home", str(self.till), *options), **how)
        self.terminals.append(terminal)
        return terminal

    def screen(self, *options: str, **how: Any) -> Terminal:
        """`outpost screen` on a terminal of its own."""
        terminal = Terminal((*OUTPOST, "screen", "--home", str(self.till), *options), **how)
        self.terminals.append(terminal)
        return terminal

    def run(self, *words: str, check: bool = True) -> str:
        """Another `outpost` command on the register's home; returns what it printed."""
        done = subprocess.run(
            (*OUTPOST, *words, "--home", str(self.till)), capture_output=True, text=True, timeout=30
        )
        if check and done.returncode:
            raise AssertionError(f"{words} ended with {done.returncode}: {done.stdout}{done.stderr}")
        return done.stdout

    def json(self, *words: str) -> Any:
        """The JSON of another command."""
        return json.loads(self.run(*words, "--json"))

    def server_transactions(self) -> list[dict[str, Any]]:
        """What the server has posted, by its own report."""
        info = json.loads((self.home / "server" / "run" / "server.json").read_text())
        request = urllib.request.Request(
            info["url"] + "/transactions", headers={"Authorization": f"Bearer {info['operator_token']}"}
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            found: list[dict[str, Any]] = json.load(answer)
        return found

    def core_pid(self) -> int:
        """The core's process id, from the process table."""
        home = str(self.till)
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            with contextlib.suppress(OSError):
                words = (entry / "cmdline").read_bytes().split(b"\0")
                if b"--core" in words and home.encode() in words:
                    return int(entry.name)
        return 0

    def close(self) -> None:
        """End everything that still runs."""
        for terminal in self.terminals:
            terminal.close()
        if pid := self.core_pid():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if self.server is not None and self.server.poll() is None:
            self.server.send_signal(signal.SIGCONT)
            self.server.kill()
            self.server.wait(10)


def sign_on(terminal: Terminal, number: str = "101", pin: str = "101101") -> None:
    """Sign in and wait for the sale screen."""
    terminal.wait_for("Operator", timeout_s=START_TIMEOUT_S)
    terminal.send(f"{number}\r")
    terminal.wait_for("PIN")
    terminal.send(f"{pin}\r")
    terminal.wait_for("TOTAL")


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

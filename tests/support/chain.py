"""A whole chain for tests, made as an operator makes it: by commands alone, every part a process of its own."""

import json
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

from pty_terminal import Terminal
from shop import OUTPOST, START_TIMEOUT_S, end_processes_of, free_port

PRODUCTS = """code,name,price,tax,department,unit
4006381333931,Fineliner 0.4 mm,1.29,S,,pcs
4099000000017,Whole milk 1 l,1.09,R,,pcs
100003,Honey 500 g,5.09,R,,pcs
"""
JOBS = ("1040", "1020", "1060", "1070", "1090")


class Chain:
    """Headquarters, a Retail Server and registers in the folders of one home."""

    def __init__(self, home: Path, database: str = "") -> None:
        self.home = home
        self.headquarters = home / "HQ"
        self.server_home = home / "SRV"
        self.database = database or f"sqlite:{self.server_home / 'channel.db'}"
        self.hq_port, self.server_port = free_port(), free_port()
        self.services: dict[str, subprocess.Popen[bytes]] = {}
        self.terminals: list[Terminal] = []

    # --- processes

    def start_headquarters(self) -> None:
        """`outpost hq`."""
        self._start("hq", self.hq_port, "hq", "--home", self.headquarters, "--port", self.hq_port)

    def start_server(self) -> None:
        """`outpost server` under headquarters."""
        self._start(
            "server", self.server_port,
            "server", "--home", self.server_home, "--database", self.database, "--port", self.server_port,
            "--headquarters", f"http://127.0.0.1:{self.hq_port}",
        )  # fmt: skip

    def _start(self, name: str, port: int, *words: object) -> None:
        with (self.home / f"{name}.out").open("ab") as out:
            self.services[name] = subprocess.Popen(
                (*OUTPOST, *map(str, words)), stdout=out, stderr=out, stdin=subprocess.DEVNULL
            )
        end_s = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < end_s:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.02)
        raise AssertionError(f"{name} did not start: " + (self.home / f"{name}.out").read_text())

    def end(self, name: str, number: int = signal.SIGTERM) -> None:
        """End a service by a signal and wait for it."""
        self.services[name].send_signal(number)
        self.services[name].wait(20)

    def close(self) -> None:
        """End everything that still runs."""
        for terminal in self.terminals:
            terminal.close()
        for process in self.services.values():
            if process.poll() is None:
                process.kill()
                process.wait(10)
        end_processes_of(self.home)

    # --- commands

    def outpost(self, *words: object) -> subprocess.CompletedProcess[str]:
        """Any command."""
        return subprocess.run(
            (*OUTPOST, *map(str, words)),
            capture_output=True,
            text=True,
            timeout=120,
            stdin=subprocess.DEVNULL,
        )

    def run(self, *words: object) -> str:
        """What a command prints; it must end with 0."""
        done = self.outpost(*words)
        if done.returncode:
            raise AssertionError(f"{words} ended with {done.returncode}: {done.stdout}{done.stderr}")
        return done.stdout

    def hq(self, *words: object) -> str:
        """`outpost hq --home HQ ...`."""
        return self.run("hq", "--home", self.headquarters, *words)

    def ask_hq(self, *words: object) -> Any:
        """The JSON of such a command."""
        return json.loads(self.hq(*words, "--json"))

    def till(self, register: str) -> Path:
        """The home of a register."""
        return self.home / register

    def ask_till(self, register: str, *words: object) -> Any:
        """The JSON of a command at a register."""
        return json.loads(self.run(*words, "--home", self.till(register), "--json"))

    # --- steps that several tests take

    def set_up(self, *registers: str) -> None:
        """The store of the interface page, with registers that support offline, and everything sent."""
        self.hq("store", "set", "S0001", "--name", "First store")
        self.hq("tax", "set", "S", "19")
        self.hq("tax", "set", "R", "7")
        self.hq("offline-profile", "set", "OP1", "--offline-timeout", "0.8", "--reconnection-interval", "0")
        for register in registers:
            self.hq(
                "register", "set", register, "--store", "S0001", "--support-offline", "yes",
                "--offline-profile", "OP1",
            )  # fmt: skip
        self.hq("staff", "set", "101", "--name", "Ann Baker", "--role", "cashier", "--pin", "101101")
        self.hq("staff", "set", "201", "--name", "Morgan Lee", "--role", "manager", "--pin", "201201")
        products = self.home / "products.csv"
        products.write_text(PRODUCTS)
        self.hq("product", "import", products)
        for job in JOBS:
            self.hq("job", "run", job)

    def activate(self, register: str, url: str = "") -> None:
        """A one-time code from headquarters, and `outpost activate` with it."""
        code = self.ask_hq("device", "set", register, "--activation-code")["activation_code"]
        server = url or f"http://127.0.0.1:{self.server_port}"
        self.run("activate", "--home", self.till(register), "--server", server, "--code", code)

    def register(self, register: str) -> Terminal:
        """`outpost register` on a terminal of its own."""
        terminal = Terminal((*OUTPOST, "register", "--home", str(self.till(register))))
        self.terminals.append(terminal)
        return terminal

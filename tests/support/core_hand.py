"""Somebody at the till of a real core, without a screen: types, scans, and sees the views."""

import contextlib
import json
import os
import socket
from collections.abc import Iterator
from types import TracebackType
from typing import Any

from store.register.home import RegisterHome


class Hand:
    """One client of the control socket, blocking. `view` is the newest view seen."""

    def __init__(self, home: RegisterHome, client: str = "", role: str = "cashier") -> None:
        self.client = client or os.urandom(4).hex()
        self.view: dict[str, Any] = {}
        self.wire = socket.socket(socket.AF_UNIX)
        self.wire.settimeout(10)
        try:
            self.wire.connect(str(home.socket))
        except OSError:
            self.wire.close()
            raise
        self.lines = self.wire.makefile("rb")
        self.tell(t="hello", protocol=1, client=self.client, role=role, version="0")
        welcome = self.hear("welcome")
        if not welcome:
            self.close()
            raise ConnectionResetError("the core hung up before it said welcome")
        self.n = welcome["last"]
        self.hear("view")

    def tell(self, **message: Any) -> None:
        self.wire.sendall(json.dumps(message).encode() + b"\n")

    def hear(self, kind: str) -> dict[str, Any]:
        """The next message of a kind; views on the way are taken. {} when the core hung up."""
        for line in self.until_it_hangs_up():
            message = json.loads(line)
            if message["t"] == "view":
                self.view = message["view"]
                self.tell(t="seen", seq=self.view["seq"])
            if message["t"] == kind:
                return message
        return {}

    def until_it_hangs_up(self) -> Iterator[bytes]:
        with contextlib.suppress(ConnectionResetError):
            for line in self.lines:  # noqa: UP028 - `yield from` would close the file with the generator
                yield line

    def send(self, kind: str, arg: str = "", **more: Any) -> int:
        self.n += 1
        self.tell(t="intent", intent={"n": self.n, "kind": kind, "arg": arg, **more})
        return self.n

    def do(self, kind: str, arg: str = "", **more: Any) -> str:
        """Send an intent and wait for its outcome; the view that goes with it has come before."""
        self.send(kind, arg, **more)
        return self.hear("ack")["outcome"]["outcome"]

    def enter(self, text: str = "") -> str:
        return self.do("enter", text, seq=self.view["seq"])

    def sign_on_and_open(self) -> None:
        """Operator 101, an empty drawer."""
        for text in ("101", "101101", "0"):
            assert self.enter(text) == "done", self.view["message"]
        assert self.view["mode"] == "idle"

    def read(self, text: str) -> None:
        """Look at the screen until the message says so; a view may be held back while an older one is on its way."""
        while self.view["message"]["text"] != text:
            assert self.hear("view"), "the core hung up"

    def names(self) -> list[str]:
        return [line[1] for line in self.view["lines"]]

    def close(self) -> None:
        self.lines.close()
        self.wire.close()

    def __enter__(self) -> "Hand":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

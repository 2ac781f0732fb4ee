"""Talks to the headquarters that runs, through its socket, with nothing but the standard library."""

import contextlib
import fcntl
import http.client
import json
import socket
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from store.headquarters.config import lock_path, socket_path
from tui.commands.outcome import CommandFailed, ExitCode

STARTING_S = 30.0
"""A headquarters that holds its lock is coming up; how long to wait for its socket."""
COMING_S = 3.0
"""How long to wait for one that may have been started just before."""
ANSWER_S = 900.0
"""A job that packs a million products takes its time."""
_POLL_S = 0.05

_CODES = {
    "invalid": ExitCode.USAGE,
    "bad-request": ExitCode.USAGE,
    "busy": ExitCode.CANNOT_REACH,
    "database": ExitCode.CANNOT_REACH,
}


class SocketConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("headquarters", timeout=ANSWER_S)
        self._path = path

    def connect(self) -> None:
        """Connect to the socket instead of a host."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(ANSWER_S)
        self.sock.connect(str(self._path))


class HeadquartersClient:
    """Calls of one command; keeps its connection."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._wire: SocketConnection | None = None

    def get(self, path: str, query: Mapping[str, Any] | None = None) -> Any:
        """The JSON of a GET; raises CommandFailed."""
        return self.call("GET", path, query=query)

    def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        document: Any = None,
        body: Iterable[bytes] | None = None,
    ) -> Any:
        """The JSON of an answer; `document` or the pieces of `body` go along. Raises CommandFailed."""
        headers = {"Accept": "application/json"}
        payload: bytes | Iterable[bytes] | None = body
        if document is not None:
            payload = json.dumps(document).encode("utf-8", "surrogateescape")
            headers["Content-Type"] = "application/json"
        target = path + (f"?{urlencode(dict(query), doseq=True)}" if query else "")
        wire = self._connected()
        try:
            with contextlib.suppress(BrokenPipeError):  # it has heard enough; its answer says why
                wire.request(method, target, body=payload, headers=headers, encode_chunked=body is not None)
            response = wire.getresponse()
            text = response.read()
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise CommandFailed(
                ExitCode.CANNOT_REACH,
                f"Headquarters went away before it answered ({error}); see what became of it.",
            ) from error
        return _read(response.status, text)

    def close(self) -> None:
        """End the connection."""
        if self._wire is not None:
            self._wire.close()
            self._wire = None

    def _connected(self) -> SocketConnection:
        if self._wire is None:
            self._wire = connect(self._home)
        return self._wire


def path_of(*parts: str) -> str:
    """A path of parts, each made safe: a slash within a part is no separator."""
    return "/" + "/".join(quote(part, safe="", errors="surrogateescape") for part in parts)


def connect(home: Path) -> SocketConnection:
    """A connection to the headquarters of a home; waits for one that is being started. Raises CommandFailed."""
    began = time.monotonic()
    while True:
        wire = SocketConnection(socket_path(home))
        try:
            wire.connect()
        except OSError as error:
            wire.close()
            waited = time.monotonic() - began
            if waited > STARTING_S or (waited > COMING_S and not _is_starting(home)):
                raise CommandFailed(
                    ExitCode.CANNOT_REACH,
                    f"No headquarters runs in {home}; start it with `outpost hq --home {home}`.",
                ) from error
            time.sleep(_POLL_S)
        else:
            return wire


def _is_starting(home: Path) -> bool:
    """Whether a process holds the lock of this home."""
    try:
        with lock_path(home).open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _read(status: int, text: bytes) -> Any:
    try:
        document = json.loads(text) if text else None
    except ValueError as error:
        raise CommandFailed(
            ExitCode.CANNOT_REACH,
            "Headquarters answered something that is no JSON; is another program on its socket?",
        ) from error
    if status < 400:
        return document
    problem = document if isinstance(document, dict) else {}
    word = str(problem.get("type", "")).rpartition("/")[2]
    sentence = str(problem.get("detail") or problem.get("title") or f"Headquarters answered {status}")
    if word == "internal":
        sentence = "Headquarters met a mistake of its own; its log says more"
    raise CommandFailed(_CODES.get(word, ExitCode.REFUSED), sentence)

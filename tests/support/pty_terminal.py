"""A real terminal for tests: the program runs on a pty, its output is drawn by a terminal emulator (pyte)."""

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pyte


class Terminal:
    """One program on one pty.

    `feed` reads what the program wrote and draws it; `wait_for` does so until a text (or a condition on the rows)
    appears. Times are monotonic seconds.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        env: dict[str, str] | None = None,
        columns: int = 80,
        rows: int = 24,
        term: str = "xterm-256color",
        cwd: Path | None = None,
    ) -> None:
        self.screen = pyte.Screen(columns, rows)
        self.stream = pyte.ByteStream(self.screen)
        self.received_bytes = 0
        self.closed = False
        self.status: int | None = None
        environment = dict(os.environ if env is None else env) | {"TERM": term}
        environment.pop("COLORTERM", None)
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            with contextlib.suppress(OSError):
                if cwd is not None:
                    os.chdir(cwd)
                os.execvpe(command[0], list(command), environment)
            os._exit(127)
        self.resize(columns, rows)

    def resize(self, columns: int, rows: int) -> None:
        """Give the terminal another size and tell the program (SIGWINCH)."""
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.screen.resize(rows, columns)

    def send(self, keys: str | bytes) -> None:
        """Type; one call is one write."""
        os.write(self.fd, keys.encode() if isinstance(keys, str) else keys)

    def feed(self, wait_s: float = 0.0) -> int:
        """Take what is there (waiting at most `wait_s` for the first byte), draw it, return its size in bytes."""
        if self.closed:
            return 0
        ready, _, _ = select.select([self.fd], [], [], wait_s)
        if not ready:
            return 0
        try:
            data = os.read(self.fd, 65536)
        except OSError:  # the other side of a pty is gone: EIO
            data = b""
        if not data:
            self.closed = True
            return 0
        self.received_bytes += len(data)
        self.stream.feed(data)
        return len(data)

    def text(self) -> str:
        """What stands on the screen."""
        return "\n".join(line.rstrip() for line in self.screen.display)

    def wait_until(self, condition: Callable[[str], bool], timeout_s: float = 10.0, what: str = "") -> float:
        """Draw until `condition(text)` holds; return the monotonic time of it; fail with the picture otherwise."""
        end_s = time.monotonic() + timeout_s
        while True:
            if condition(self.text()):
                return time.monotonic()
            left_s = end_s - time.monotonic()
            if left_s <= 0 or self.closed:
                raise AssertionError(f"not seen within {timeout_s} s: {what or condition}\n{self.text()}")
            self.feed(min(left_s, 0.05))

    def wait_for(self, *texts: str, timeout_s: float = 10.0) -> float:
        """Draw until all texts stand on the screen at once."""
        return self.wait_until(lambda seen: all(text in seen for text in texts), timeout_s, repr(texts))

    def wait_gone(self, text: str, timeout_s: float = 10.0) -> float:
        """Draw until the text is no longer on the screen."""
        return self.wait_until(lambda seen: text not in seen, timeout_s, f"{text!r} gone")

    def settle(self, quiet_s: float = 0.15, timeout_s: float = 5.0) -> None:
        """Draw until the program has been silent for `quiet_s`."""
        end_s = time.monotonic() + timeout_s
        while time.monotonic() < end_s and not self.closed and self.feed(quiet_s):
            pass

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Send a signal to the program."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def wait_exit(self, timeout_s: float = 10.0) -> int:
        """Draw until the program has ended; return its exit code (negative: the signal)."""
        end_s = time.monotonic() + timeout_s
        while self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
            elif time.monotonic() > end_s:
                raise AssertionError(f"still running after {timeout_s} s\n{self.text()}")
            elif not self.feed(0.02):
                time.sleep(0.005)
        return self.status

    def hang_up(self) -> None:
        """Drop the line: the program gets SIGHUP."""
        self._give_back()

    def _give_back(self) -> None:
        """Close the pty, once: the number may belong to another file afterwards."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1
        self.closed = True

    def close(self) -> None:
        """End the program whatever it does, and give the pty back."""
        if self.status is None:
            self.kill()
            with contextlib.suppress(ChildProcessError):
                self.status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        self._give_back()

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

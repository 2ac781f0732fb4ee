"""Starting a core beside a screen, and starting it again after a crash (docs/core-and-screen.md)."""

import os
import signal
import sys
import time
from pathlib import Path

from store.register.control.probe import is_core_there
from store.register.home import RegisterHome

QUICK_S = 10.0
"""A core that ends sooner than this after its start has not come up."""
TRIES = 3
PASSPHRASE_FD = 9
"""Where a core that is started here finds the passphrase of its vault."""
FOR_PEOPLE = "outpost: "
"""How every sentence of the command line begins (tui/commands/outcome.py)."""
FINAL_CODES = {3, 5}
"""Exit codes that a new start cannot change: configuration, refused."""


class CoreProcess:
    """The core that this process started, if it started one.

    Only a screen that started the core starts it again, and only after a crash.
    """

    def __init__(self, home: RegisterHome) -> None:
        self._home = home
        self.passphrase = ""
        """What opens the register's vault, given to every core that is started here; empty where none is wanted."""
        self.pid = 0
        """The core started here; 0 for none."""
        self.final_code = 0
        """Exit code of a core that cannot be started: configuration, refused; 0 while all is well."""
        self._started_s = 0.0
        self._failures = 0

    def is_running(self) -> bool:
        """Tell whether a core listens, whoever started it."""
        return is_core_there(self._home.socket)

    def ensure(self) -> bool:
        """Start a core unless one listens; returns True when one was started."""
        if self.is_running():
            return False
        self.start()
        return True

    def start(self) -> None:
        """Start a core; of two that start at once one ends again, and its screen is welcome at the other."""
        home = self._home
        home.output_file.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        if not self.passphrase:
            self._spawn([], [])
            return
        # A pipe: what stands among a process's words or in its environment can be read by others.
        reading, writing = os.pipe()
        try:
            os.write(writing, f"{self.passphrase}\n".encode())
            os.close(writing)
            words = ["--passphrase-fd", str(PASSPHRASE_FD)]
            self._spawn(words, [(os.POSIX_SPAWN_DUP2, reading, PASSPHRASE_FD)])
        finally:
            os.close(reading)

    def _spawn(self, words: list[str], actions: list[tuple[int, int, int]]) -> None:
        home = self._home
        write = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        self.pid = os.posix_spawn(
            sys.executable,
            [sys.executable, "-P", "-m", "tui", "register", "--core", "--home", str(home.path), *words],
            os.environ,
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                *actions,
                (os.POSIX_SPAWN_OPEN, 1, str(home.output_file), write, 0o640),
                (os.POSIX_SPAWN_DUP2, 1, 2),
            ],
            setsid=True,
            setsigmask=(),
            setsigdef=(signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGPIPE),
        )
        self._started_s = time.monotonic()

    def wait(self) -> int:
        """Wait for the end of the core that was started here; returns its exit code."""
        _, status = os.waitpid(self.pid, 0)
        self.pid = 0
        return os.waitstatus_to_exitcode(status)

    def end(self) -> int:
        """End the core that was started here in order; returns its exit code."""
        os.kill(self.pid, signal.SIGTERM)
        return self.wait()

    def revive(self) -> str:
        """Start the core again if it has gone; returns why that is useless, or nothing."""
        if not self.pid:
            return ""
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        if pid == 0:
            return ""
        code = os.waitstatus_to_exitcode(status)
        if code == 0:
            self.pid = 0  # it ended in order, or found another core: nothing to start again
            return ""
        self._failures = self._failures + 1 if time.monotonic() - self._started_s < QUICK_S else 1
        if code in FINAL_CODES or self._failures > TRIES:
            self.pid = 0
            self.final_code = code
            return self._last_words()
        self.start()
        return ""

    def _last_words(self) -> str:
        """The sentence the core ended with; a defect leaves a trace in the log and no sentence."""
        try:
            words = self._home.output_file.read_text(encoding="utf-8", errors="replace").strip()
        except OSError:
            words = ""
        last = words.splitlines()[-1] if words else ""
        if last.startswith(FOR_PEOPLE):
            return last.removeprefix(FOR_PEOPLE)
        return f"The register core does not stay up. Its log says why: {short(self._home.log_file)}"


def short(path: Path) -> str:
    """A path for a sentence, with the user's home as a tilde."""
    try:
        return f"~/{path.relative_to(Path.home())}"
    except (ValueError, RuntimeError):
        return str(path)

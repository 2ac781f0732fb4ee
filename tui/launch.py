"""Before anything slow is imported: settings, raw mode and a splash, so that no key typed meanwhile is lost or echoed.

Standard library only. Textual reads its settings when it is imported, hence they are set here.
"""

import os
import sys
import termios
import threading
from collections.abc import Callable, MutableMapping
from signal import (
    SIG_BLOCK,
    SIG_DFL,
    SIGHUP,
    SIGINT,
    SIGTERM,
    pthread_sigmask,
    signal,
    sigwait,
)

from tui.palette import PaletteName, choose_palette

LEAVE = b"\x1b[8h\x1b[?2004l\x1b[?7h\x1b[?2048l\x1b[?1049l\x1b[?25h\x1b[?1004l"
"""The terminal's own reordering, bracketed paste off, wrapping, size reports off, main screen, cursor, no focus."""
EXPLICIT, IMPLICIT = "\x1b[8l", "\x1b[8h"
"""Whether the terminal puts right-to-left text into order by itself (ECMA-48 BDSM): we do it, cell by cell."""
SPLASH = "\x1b[?1049h\x1b[8l\x1b[2J\x1b[H\x1b[?25l Outpost starts ..."
END_WITHIN_S = 1.0
"""A screen whose terminal no longer reads cannot end by itself; after this it is ended."""
COLOUR_SYSTEMS = {
    PaletteName.COLOURS: "256",
    PaletteName.ANSI: "standard",
    PaletteName.MONO: "standard",
    PaletteName.CONTRAST: "standard",
}


class NoTerminal(Exception):
    """Input or output is no terminal; the text is a sentence for a person."""


def set_environment(environ: MutableMapping[str, str]) -> PaletteName:
    """Set what Textual reads at import, and return the palette that fits this terminal."""
    palette = choose_palette(environ)
    environ["TEXTUAL_COLOR_SYSTEM"] = COLOUR_SYSTEMS[palette]
    environ["TEXTUAL_DISABLE_KITTY_KEY"] = "1"  # with it on, Shift+F1 to F8 of the Linux console come as text
    environ["TEXTUAL_ANIMATIONS"] = "none"
    environ["TEXTUAL_SMOOTH_SCROLL"] = "0"
    # A function key that a slow line delivers in two parts would otherwise be typed as text.
    environ.setdefault("ESCDELAY", "500" if "SSH_CONNECTION" in environ else "100")
    if not environ.get("NO_COLOR"):
        environ.pop("NO_COLOR", None)  # present but empty means colours; Textual looks at its presence only
    return palette


class RawTerminal:
    """The terminal in raw mode with a splash on it, and the way back."""

    def __init__(self) -> None:
        self._fd = sys.__stdin__.fileno() if sys.__stdin__ else -1
        if not (os.isatty(self._fd) and sys.__stdout__ and sys.__stdout__.isatty()):
            raise NoTerminal("The register's screen needs a terminal. Start it from one, not through a pipe.")
        self._before = termios.tcgetattr(self._fd)
        self.has_splash = False
        """Whether the splash's screen is ours to leave; Textual leaves its own."""

    def open(self) -> None:
        """Raw mode without throwing away what was typed, then the splash."""
        raw = [*self._before]
        raw[0] &= ~(termios.IXON | termios.IXOFF | termios.ICRNL | termios.INLCR | termios.IGNCR)
        raw[3] &= ~(termios.ECHO | termios.ICANON | termios.IEXTEN | termios.ISIG)
        control = [*raw[6]]
        control[termios.VMIN], control[termios.VTIME] = 1, 0
        raw[6] = control
        termios.tcsetattr(self._fd, termios.TCSANOW, raw)
        os.write(1, SPLASH.encode())
        self.has_splash = True

    def close(self) -> None:
        """As it was before; never waits for a terminal that does not read."""
        if self.has_splash:
            os.write(1, LEAVE)
            self.has_splash = False
        termios.tcsetattr(self._fd, termios.TCSANOW, self._before)

    def abandon(self) -> None:
        """From any thread, with the program stuck: as much of the way back as goes without waiting."""
        try:
            self.has_splash = False
            self.close()
            os.set_blocking(1, False)
            os.write(1, LEAVE)
        except (OSError, termios.error):
            return  # the line is gone; nobody is left to see it


def watch_signals(stop: Callable[[], None], terminal: RawTerminal) -> None:
    """End in order on SIGTERM and SIGINT, by force where the terminal is stuck; a hang-up simply ends the screen.

    There is nothing to save here, that is the point of the split into two processes: so SIGHUP keeps its default
    action, set explicitly because `nohup` hands down an ignored one. A waiting thread is used since a handler on the
    loop does not run while the output is stalled.
    """
    signal(SIGHUP, SIG_DFL)
    pthread_sigmask(SIG_BLOCK, {SIGTERM, SIGINT})

    def wait() -> None:
        number = sigwait({SIGTERM, SIGINT})
        forced = threading.Timer(END_WITHIN_S, _end_by_force, (terminal, 128 + number))
        forced.daemon = True
        forced.start()
        stop()

    threading.Thread(target=wait, name="signals", daemon=True).start()


def _end_by_force(terminal: RawTerminal, code: int) -> None:
    terminal.abandon()
    os._exit(code)

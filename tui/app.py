"""The register's screen as one call; light to import, so that the command line can connect before Textual loads."""

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from tui import __version__
from tui.keymap import build_keymap
from tui.launch import NoTerminal, RawTerminal, set_environment, watch_signals


def run_screen(
    path: Path,
    role: str = "cashier",
    *,
    version: str = __version__,
    revive: Callable[[], str] | None = None,
    keys: Mapping[str, str] | None = None,
    terminal: RawTerminal | None = None,
) -> int:
    """Show the register whose control socket is `path` until a person leaves; returns the exit code.

    `role` is cashier or watch. `revive`, given by whoever started the core, starts it again after a crash and says
    why when it cannot. `keys` is the `[keys]` table of register.toml. `terminal`, when the caller opened one already
    (the splash), is taken over. Codes: 0 done or detached, 2 no terminal, 5 the core refused. Raises KeymapError
    before the terminal is touched.
    """
    keymap = build_keymap(keys)
    palette = set_environment(os.environ)
    try:
        raw = terminal or open_terminal()
    except NoTerminal as error:
        print(error, file=sys.stderr)
        return 2
    try:
        from tui.screens.register import RegisterScreen  # 0.2 s, behind the splash

        app = RegisterScreen(path, role, version, revive=revive, keymap=keymap, palette=palette)
        watch_signals(app.stop_from_thread, raw)
        raw.has_splash = False
        app.run(mouse=False)
    finally:
        raw.close()
    if app.last_words:
        print(app.last_words, file=sys.stderr if app.return_code else sys.stdout)
    return app.return_code or 0


def open_terminal() -> RawTerminal:
    """Raw mode and splash at once; call it first when something slow comes before `run_screen`. Raises NoTerminal."""
    terminal = RawTerminal()
    terminal.open()
    return terminal

"""`outpost register`: starts the core unless it runs, and attaches a screen; `--core` is the core alone."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from store.register.home import RegisterHome
from store.register.ports import ShopFloor
from tui import __version__
from tui.commands.options import declare_home, declare_theme, home_of, keys_of, take_theme
from tui.commands.outcome import CommandFailed, ExitCode, say_error
from tui.commands.vault_options import declare_vault, passphrase_of

if TYPE_CHECKING:
    from store.register.process.core_process import CoreProcess

EXAMPLE = "example:\n  outpost register --home /var/lib/outpost"


def declare(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    declare_home(parser)
    parser.add_argument(
        "--core", action="store_true", help="run the core without a screen, as the service manager does"
    )
    declare_vault(parser, makes=False)
    declare_theme(parser)


def run(options: argparse.Namespace) -> int:
    """Run until the screen is detached or the register ends."""
    home = home_of(options)
    take_theme(options)
    return run_core_here(options, home) if options.core else run_with_screen(options, home)


def run_with_screen(options: argparse.Namespace, home: RegisterHome) -> int:
    """Connect first, and start a core if that fails; its start and the screen's imports then overlap."""
    from store.register.process.core_process import CoreProcess

    core = CoreProcess(home)
    if core.is_running():
        return attach(home, core)
    require_enrolment(home)
    require_terminal()
    ask = passphrase_of(options, home.path)
    core.passphrase = (ask() or "") if ask is not None else ""
    return attach(home, core, core.start)


def attach(home: RegisterHome, core: "CoreProcess", prepare: Callable[[], object] | None = None) -> int:
    """Put a screen on the register, after `prepare` behind the splash.

    From the splash on no typed key is lost or echoed.
    """
    from tui.app import open_terminal, run_screen  # the core needs none of it

    terminal = open_terminal()
    try:
        if prepare is not None:
            prepare()
        keys = keys_of(home)
    except BaseException:  # whatever it is, the terminal is given back as it was
        terminal.close()
        raise
    from store.languages.catalogues import load_languages  # behind the splash

    load_languages()
    code = run_screen(home.socket, "cashier", revive=core.revive, keys=keys, terminal=terminal)
    return core.final_code or code


def run_core_here(options: argparse.Namespace, home: RegisterHome) -> int:
    """The core, until a key, a signal or a failure ends it."""
    require_enrolment(home)
    from devices.factory import build
    from store.database.vault_sources import VaultSources
    from store.register.config import load_config
    from store.register.process.runtime import CoreRunsAlready, run_core

    try:
        sources = VaultSources(
            passphrase_of(options, home.path), load_config(home.config_file).register.secret_service
        )
        return run_core(home, build, __version__, floor_of(home), sources)
    except CoreRunsAlready as told:  # two that start at once need only one
        say_error(told.sentence)
        return ExitCode.DONE


def floor_of(home: RegisterHome) -> ShopFloor | None:
    """The demo shop around this register, where there is one."""
    from store.register.config import load_config

    path = load_config(home.config_file).demo.floor_socket
    if not path:
        return None
    from tui.demo.floor import FloorLine

    return FloorLine(Path(path))


def require_enrolment(home: RegisterHome) -> None:
    """A register that was never enrolled has no journal key, no items and no staff: say how to get them."""
    if not home.enrolment_file.exists():
        raise CommandFailed(
            ExitCode.CONFIGURATION,
            f"{home.path} is not an enrolled register. Run "
            f"`outpost activate --home {home.path} --server URL --code CODE`, or try `outpost demo`.",
        )


def require_terminal() -> None:
    """A screen needs a terminal on both ends."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise CommandFailed(
            ExitCode.USAGE, "The screen needs a terminal. Without one run `outpost register --core`."
        )

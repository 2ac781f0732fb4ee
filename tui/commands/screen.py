"""`outpost screen`: one more screen on the running register."""

import argparse

from store.languages.catalogues import load_languages
from store.register.control.client import CoreAway
from store.register.control.probe import is_core_there
from tui.app import run_screen
from tui.commands.options import declare_home, declare_theme, home_of, keys_of, take_theme

EXAMPLE = "example:\n  outpost screen --watch      look over the cashier's shoulder over SSH"


def declare(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    declare_home(parser)
    declare_theme(parser)
    parser.add_argument(
        "--watch", action="store_true", help="only look: no key of this screen reaches the sale"
    )


def run(options: argparse.Namespace) -> int:
    """Attach until the screen is detached or the register ends."""
    home = home_of(options)
    if not is_core_there(home.socket):
        raise CoreAway(f"No register runs in {home.path}. Start it with `outpost register`.")
    load_languages()
    take_theme(options)
    return run_screen(home.socket, "watch" if options.watch else "cashier", keys=keys_of(home))

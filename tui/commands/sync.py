"""`outpost sync now`: one round of downloads and uploads by the running register, waited for."""

import argparse
from typing import Any

from store.register.control.client import ask
from store.register.control.messages import Command
from tui import __version__
from tui.commands.options import declare_home, declare_json, home_of
from tui.commands.outcome import CommandFailed, ExitCode, print_json

EXAMPLE = "example:\n  outpost sync now"
PATIENCE_S = 900.0
"""A first download over a slow line takes its time; whoever waits may press Ctrl+C, the register goes on."""
CODES = {
    "done": ExitCode.DONE,
    "failed": ExitCode.CHECK_FAILED,
    "unreachable": ExitCode.CANNOT_REACH,
    "refused": ExitCode.REFUSED,
}
"""How a round ended: exit code."""


def declare(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument(
        "action", choices=("now",), help="download what waits, upload what waits, then report"
    )
    parser.add_argument(
        "--timeout",
        type=float,
        default=PATIENCE_S,
        metavar="SECONDS",
        help=f"how long to wait for the end of the round (default: {PATIENCE_S:g}); the register goes on by itself",
    )
    declare_home(parser)
    declare_json(parser)


def run(options: argparse.Namespace) -> int:
    """Ask the core and wait; 1 when a package or an upload failed, 4 without register or server, 5 when refused."""
    if not options.timeout > 0:
        raise CommandFailed(ExitCode.USAGE, "--timeout takes a number of seconds above 0.")
    said: dict[str, Any] = ask(
        home_of(options).socket, Command(id=1, kind="sync"), __version__, options.timeout
    )
    code = CODES.get(str(said.get("end")), ExitCode.CHECK_FAILED)
    if options.json:
        print_json({**said, "done": code is ExitCode.DONE})
        return code
    if code is not ExitCode.DONE:
        raise CommandFailed(code, str(said["sentence"]))
    print(said["sentence"])
    return code

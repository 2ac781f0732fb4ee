"""`outpost 917`: the database connection of the running register, from a shell."""

import argparse
from typing import Any

from store.register.control.client import ask
from store.register.control.messages import Command, Query
from tui import __version__
from tui.commands.options import declare_home, declare_json, home_of
from tui.commands.outcome import ExitCode, print_json
from tui.commands.status import connection_lines

EXAMPLE = "example:\n  outpost 917 disconnect"
PATIENCE_S = 10.0
"""Connect waits for a probe of the server, which may take the whole offline timeout."""


def declare(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument(
        "action", nargs="?", choices=("connect", "disconnect"), help="switch; without it show"
    )
    declare_home(parser)
    declare_json(parser)


def run(options: argparse.Namespace) -> int:
    """Show the connection, or switch it and say what became of it; 1 when the register stays as it was."""
    path = home_of(options).socket
    said: dict[str, Any] = {"done": True}
    if options.action:
        said = ask(path, Command(id=1, kind=options.action), __version__, PATIENCE_S)
    status = ask(path, Query(id=1, kind="status"), __version__)
    if options.json:
        print_json({**status, "done": said["done"], "sentence": said.get("sentence", "")})
    elif options.action:
        print(said["sentence"])
    else:
        print("\n".join(connection_lines(status)))
    return ExitCode.DONE if said["done"] else ExitCode.REFUSED

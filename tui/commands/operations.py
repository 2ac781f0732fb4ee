"""`outpost operations`: every operation of the register, from the table the register itself uses."""

import argparse
from typing import Any

from store.register.operations import OPERATIONS, roles_with
from tui.commands.options import declare_json
from tui.commands.outcome import ExitCode, print_json
from tui.keymap import key_name

EXAMPLE = "example:\n  outpost operations --json"


def declare(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    declare_json(parser)


def run(options: argparse.Namespace) -> int:
    """Print the table, ordered by number."""
    rows: list[dict[str, Any]] = [
        {
            "number": operation.number,
            "name": operation.name,
            "permission": str(operation.permission),
            "roles": list(roles_with(operation.permission)),
            "keys": [key_name(key) for key in operation.keys],
            "offline": operation.offline,
            "why": operation.why,
        }
        for operation in sorted(OPERATIONS, key=lambda operation: operation.number)
    ]
    if options.json:
        print_json(rows)
        return ExitCode.DONE
    print(f"{'No.':>5}  {'Operation':<28}{'Keys':<14}{'Permission':<14}Offline")
    for row in rows:
        keys = ", ".join(row["keys"])
        offline = f"yes. {row['why']}" if row["offline"] else f"no. {row['why']}"
        print(f"{row['number']:>5}  {row['name']:<28}{keys:<14}{row['permission']:<14}{offline}")
    return ExitCode.DONE

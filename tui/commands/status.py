"""`outpost status`: how the running register stands, from the register itself."""

import argparse
from datetime import UTC, datetime
from typing import Any

from store.register.control.client import ask
from store.register.control.messages import Query
from tui import __version__
from tui.commands.options import declare_home, declare_json, home_of
from tui.commands.outcome import ExitCode, print_json

EXAMPLE = "example:\n  outpost status --json"


def declare(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    declare_home(parser)
    declare_json(parser)


def run(options: argparse.Namespace) -> int:
    """Ask the core; exit code 4 when none runs."""
    status = ask(home_of(options).socket, Query(id=1, kind="status"), __version__)
    if options.json:
        print_json(status)
    else:
        print("\n".join([f"{status['register']}", *connection_lines(status), *other_lines(status)]))
    return ExitCode.DONE


def connection_lines(status: dict[str, Any]) -> list[str]:
    """What operation 917 says, for people."""
    lines = [f"{status['mode']}{since(status)}"]
    if status["reason"]:
        lines.append(f"Reason: {status['reason']}")
    if status["next_attempt"]:
        lines.append(f"Next attempt: {next_attempt(status['next_attempt'])}")
    lines.append(f"Pending transactions: {status['pending_transactions']}")
    lines.append(f"Pending downloads: {status['pending_downloads']}")
    at, words = status["last_sync"]["at"], status["last_sync"]["words"]
    lines.append(f"Last sync: {words}{f' ({local(at)})' if at else ''}")
    if status["readiness"]:
        lines.append(f"Readiness: {status['readiness']}")
    return lines


def since(status: dict[str, Any]) -> str:
    """Since when, when it is known."""
    return f" since {local(status['since'])}" if status["since"] else ""


def local(at: str) -> str:
    """A moment of the JSON in local time, for people."""
    return f"{datetime.fromisoformat(at).astimezone():%Y-%m-%d %H:%M:%S}"


def device_name(row: dict[str, Any]) -> str:
    """What a device is called: "Printer", and "Scanner scanner1" where there may be several."""
    kind = str(row["kind"]).capitalize()
    return kind if row["device"] == row["kind"] else f"{kind} {row['device']}"


def next_attempt(at: str) -> str:
    """When the register tries to come back by itself."""
    if datetime.fromisoformat(at) <= datetime.now(UTC):
        return "at the next sale"
    return f"at the next sale, not before {local(at)}"


def other_lines(status: dict[str, Any]) -> list[str]:
    """Data sets and devices, for people."""
    sets = [f"Data: {data_words(row)}" for row in status["data_sets"]]
    devices = [
        f"{device_name(row)}: {row['detail'] or row['health'].replace('_', ' ')}" for row in status["devices"]
    ]
    return [*sets, *(devices or ["No devices are configured."])]


def data_words(row: dict[str, Any]) -> str:
    """A set of data: what, how much, how it stands, of when."""
    of = f", of {row['as_of']}" if row.get("as_of") else ""
    return f"{row['name']}, {row['rows']:,} rows, {row['state']}{of}"

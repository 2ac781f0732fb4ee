"""`outpost hq NOUN import FILE`: the file is checked as a whole, shown, and then loaded as a whole."""

import argparse
import csv
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from store.headquarters.nouns.field import fields_of, find_field
from store.headquarters.nouns.noun import Noun
from tui.commands.hq.client import HeadquartersClient, path_of
from tui.commands.hq.printing import print_rows, print_table
from tui.commands.outcome import CommandFailed, ExitCode, print_json

PIECE = 262_144
SHOWN = 20
"""Refused rows on the screen; `--json` has more."""
BAR = 30


def import_file(client: HeadquartersClient, noun: Noun, options: argparse.Namespace) -> int:
    """Check, show, ask on a terminal, load; raises CommandFailed. Nothing is loaded when a row is refused."""
    path: Path = options.file
    if path.suffix.lower() in (".xlsx", ".xls", ".ods"):
        raise CommandFailed(
            ExitCode.USAGE, f"{path} is a spreadsheet; save it as CSV with UTF-8 and import that."
        )
    amounts = options.amounts if options.amounts != "auto" else amounts_of(path, noun)
    report = client.call(
        "POST",
        path_of("imports", noun.name),
        query={"amounts": amounts},
        body=Pieces(path, shown=not options.json),
    )
    if not options.json:
        print_preview(report, noun)
    refused = report["refused_count"]
    if refused and not options.skip_refused:
        client.call("DELETE", path_of("imports", report["id"]))
        if options.json:
            print_json(report)
        raise CommandFailed(
            ExitCode.REFUSED,
            f"Nothing is loaded: {refused:,} of {report['rows']:,} rows are refused. Mend them, or load the others "
            "with --skip-refused.",
        )
    if not options.yes and sys.stdin.isatty() and not _agreed(report):
        client.call("DELETE", path_of("imports", report["id"]))
        print("Nothing is loaded.")
        return ExitCode.REFUSED
    done = client.call(
        "POST",
        path_of("imports", report["id"], "apply"),
        query={"skip_refused": "yes" if options.skip_refused else "no"},
    )
    if options.json:
        print_json(done)
    else:
        print(done["sentence"])
    return ExitCode.DONE


def amounts_of(path: Path, noun: Noun) -> str:
    """How amounts are written in a file: `minor` when none of them has a decimal point or comma.

    A file in which every price is a whole number counts cents, as `outpost demo --list-products` writes it; one with
    1.29 anywhere counts in the main unit, and its 2 is 2.00.
    """
    amounts = {field.name for field in fields_of(noun.fields) if field.kind == "amount"}
    if not amounts:
        return "typed"
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        heading = file.readline()
        delimiter = max(",;\t", key=heading.count)
        cells = next(csv.reader([heading], delimiter=delimiter), [])
        places = [place for place, cell in enumerate(cells) if _is_amount(noun, cell, amounts)]
        seen = False
        for row in csv.reader(file, delimiter=delimiter):
            for place in places:
                text = row[place] if place < len(row) else ""
                if "." in text or "," in text:
                    return "typed"
                seen = seen or bool(text.strip())
    return "minor" if seen else "typed"


def print_preview(report: dict[str, Any], noun: Noun) -> None:
    """What the file would do: its first rows as they were understood, the sums, and what is refused."""
    if report["preview"]:
        print_rows(report["preview"], noun, report["currency"])
        if report["created"] + report["changed"] > len(report["preview"]):
            print("...")
    if report["amounts"] == "minor":
        print(
            f"Amounts are taken as minor units of {report['currency']}; --amounts typed takes them as typed."
        )
    print(
        f"{report['rows']:,} rows: {report['created']:,} new, {report['changed']:,} changed, "
        f"{report['unchanged']:,} as they are, {report['refused_count']:,} refused."
    )
    if report["made"]:
        more = ", ..." if len(report["made"]) > SHOWN else ""
        print(f"Made along: {', '.join(report['made'][:SHOWN])}{more}.")
    if report["refused"]:
        shown = report["refused"][:SHOWN]
        print_table(
            ("line", "key", "reason"), [(str(row["line"]), row["key"], row["reason"]) for row in shown]
        )
        if report["refused_count"] > len(shown):
            print(f"... and {report['refused_count'] - len(shown):,} more.")


class Pieces:
    """The bytes of a file, with a bar on a terminal that shows how much of it was taken."""

    def __init__(self, path: Path, *, shown: bool) -> None:
        self._path = path
        self._shown = shown and sys.stderr.isatty()

    def __iter__(self) -> Iterator[bytes]:
        size = self._path.stat().st_size
        done = 0
        with self._path.open("rb") as file:
            while piece := file.read(PIECE):
                yield piece
                done += len(piece)
                self._show(done, size)
        if self._shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)

    def _show(self, done: int, size: int) -> None:
        if self._shown and size:
            full = BAR * done // max(size, done)
            bar = "#" * full + "." * (BAR - full)
            print(f"\r[{bar}] {100 * done // max(size, done):3d} %", end="", file=sys.stderr, flush=True)


def _agreed(report: dict[str, Any]) -> bool:
    count = report["created"] + report["changed"]
    print(f"Load {count:,} rows? [y/N] ", end="", flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _is_amount(noun: Noun, cell: str, amounts: set[str]) -> bool:
    name = cell.strip().lower().replace(" ", "_").replace("-", "_")
    field = find_field(fields_of(noun.fields), noun.columns.get(name, name))
    return field is not None and field.name in amounts

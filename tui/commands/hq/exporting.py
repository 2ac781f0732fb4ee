"""`outpost hq NOUN export`: rows as CSV that a spreadsheet opens without running anything in it."""

import contextlib
import csv
import itertools
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TextIO

from store.headquarters.nouns.field import fields_of
from store.headquarters.nouns.noun import Noun
from store.sale.money import format_amount
from tui.commands.hq.client import HeadquartersClient, path_of
from tui.commands.outcome import ExitCode

PAGE = 2_000
FORMULA_BEGINS = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins so is a formula to a spreadsheet; it gets an apostrophe in front, which the import takes off."""


Rows = Iterable[tuple[dict[str, Any], str]]
"""Rows, each with the currency of its amounts."""


def export_rows(
    client: HeadquartersClient,
    noun: Noun,
    chosen: Mapping[str, Any],
    output: Path | None,
    *,
    as_json: bool,
) -> int:
    """Write every row; raises CommandFailed and OSError."""
    rows = rows_of(client, noun, chosen, PAGE)
    first = next(rows, None)  # asked for before anything is written: where nobody answers, no file is begun
    every = rows if first is None else itertools.chain((first,), rows)
    with _opened(output) as stream:
        count = write_json(stream, every) if as_json else _write_csv(stream, noun, every)
    if output is not None:
        print(f"{count:,} rows are in {output}.", file=sys.stderr)
    return ExitCode.DONE


def safe_cell(text: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(FORMULA_BEGINS) else text


def _write_csv(stream: TextIO, noun: Noun, rows: Rows) -> int:
    fields = fields_of(noun.fields)
    amounts = {field.name for field in fields if field.kind == "amount"}
    keys = {f"{part.name}_ms" if part.kind == "moment" else part.name: part.name for part in noun.key}
    columns = {**keys, **{field.name: field.word.replace("-", "_") for field in fields}}
    table = csv.writer(stream, lineterminator="\n")
    table.writerow(columns.values())
    count = 0
    for row, currency in rows:
        table.writerow(
            safe_cell(_cell(row.get(name), currency if name in amounts else "")) for name in columns
        )
        count += 1
    return count


def write_json(stream: TextIO, rows: Rows) -> int:
    """Rows as one JSON list, one on a line; answers how many."""
    count = 0
    stream.write("[")
    for row, _ in rows:
        stream.write((",\n " if count else "\n ") + json.dumps(row, ensure_ascii=False))
        count += 1
    stream.write("\n]\n")
    return count


def rows_of(
    client: HeadquartersClient, noun: Noun, chosen: Mapping[str, Any], page_rows: int
) -> Iterator[tuple[dict[str, Any], str]]:
    """Every row of a noun that fits, with the currency of its amounts; raises CommandFailed."""
    after = ""
    while True:
        query = {**chosen, "limit": page_rows} | ({"after": after} if after else {})
        page = client.get(path_of("setup", noun.name), query)
        for row in page["rows"]:
            yield row, page["currency"]
        after = page["after"]
        if not after:
            return


def _cell(value: Any, currency: str) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if currency and isinstance(value, int):
        return format_amount(value, currency)
    if isinstance(value, list):
        return "|".join(map(str, value))
    return str(value).replace("\n", "\\n")


@contextlib.contextmanager
def _opened(output: Path | None) -> Iterator[TextIO]:
    if output is None:
        yield sys.stdout
        return
    with output.open("w", encoding="utf-8", newline="") as stream:
        yield stream

"""Rows and answers of headquarters as lines for a person."""

import datetime
import re
from collections.abc import Iterable, Sequence
from typing import Any

from store.headquarters.nouns.field import fields_of
from store.headquarters.nouns.noun import Noun
from store.sale.money import format_amount
from store.sale.text import printable
from tui.commands.outcome import finished

WIDEST = 48
"""Characters of one column in a table; the rest is in `show` and `--json`."""
_MOMENT = re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")


def print_rows(
    rows: Sequence[dict[str, Any]], noun: Noun, currency: str, widths: dict[str, int] | None = None
) -> dict[str, int]:
    """A table of rows of a noun; columns that are empty everywhere are left out.

    Answers the widths of its columns; given them, the rows go on below a table of those.
    """
    names = _names(noun) if widths is None else list(widths)
    amounts = {field.name for field in fields_of(noun.fields) if field.kind == "amount"}
    cells = [
        [text_of(row.get(name), name, currency if name in amounts else "") for name in names] for row in rows
    ]
    if widths is None:
        shown = [place for place in range(len(names)) if place == 0 or any(line[place] for line in cells)]
        names = [names[place] for place in shown]
        cells = [[line[place] for place in shown] for line in cells]
        widths = _widths(names, cells)
        _print_line([_head(name) for name in names], widths)
    for line in cells:
        _print_line(line, widths)
    if not rows:
        print("(none)")
    return widths


def print_row(row: dict[str, Any], noun: Noun) -> None:
    """One row, a field on each line."""
    amounts = {field.name for field in fields_of(noun.fields) if field.kind == "amount"}
    currency = str(row.pop("currency", "EUR")) if "currency" not in _names(noun) else str(row.get("currency"))
    width = max((len(name) for name in row), default=0)
    for name, value in row.items():
        text = text_of(value, name, currency if name in amounts else "", whole=True)
        print(f"{name:<{width}}  {text}".rstrip())


def print_answer(found: Any, columns: Sequence[str] = (), amounts: Sequence[str] = ()) -> None:
    """Any answer: its sentence, a table, or its fields; `amounts` are those in minor units of the row's currency.

    An answer of `text` alone is for a file: it is written as it is, without what could steer a terminal.
    """
    if isinstance(found, dict) and set(found) == {"text"}:
        print("\n".join(map(printable, str(found["text"]).splitlines())))
    elif isinstance(found, dict) and isinstance(found.get("sentence"), str):
        print(in_local_time(finished_lines(found["sentence"])))
    elif isinstance(found, list) and all(isinstance(row, dict) for row in found):
        names = list(columns) or list(dict.fromkeys(name for row in found for name in row))
        print_table(names, [[_cell(row, name, amounts) for name in names] for row in found])
    elif isinstance(found, dict):
        _print_fields(found)
    elif found is not None:
        print(text_of(found, "", whole=True))


def in_local_time(sentence: str) -> str:
    """Moments in UTC as people read them: 2026-01-05T08:00:00.000Z becomes 2026-01-05 09:00:00 in Berlin."""
    return _MOMENT.sub(_local, sentence)


def finished_lines(text: str) -> str:
    """Harmless lines of a sentence; its final stop only where no order to copy stands last."""
    lines = [printable(line) for line in text.splitlines()]
    return "\n".join(lines) if len(lines) > 1 else finished("".join(lines))


def _local(found: re.Match[str]) -> str:
    try:
        moment = datetime.datetime.fromisoformat(found[0]).astimezone()
    except (ValueError, OverflowError):
        return found[0]
    return f"{moment:%Y-%m-%d %H:%M:%S}"


def _cell(row: dict[str, Any], name: str, amounts: Sequence[str]) -> str:
    return text_of(row.get(name), name, str(row.get("currency") or "") if name in amounts else "")


def _print_fields(found: dict[str, Any]) -> None:
    width = max((len(name) for name in found), default=0)
    for name, value in found.items():
        if isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
            print(name)
            for one in value:
                print("  " + "  ".join(filter(None, (text_of(each, key) for key, each in one.items()))))
        else:
            print(f"{name:<{width}}  {text_of(value, name, whole=True)}".rstrip())


def print_table(names: Sequence[str], lines: Iterable[Sequence[str]]) -> None:
    """Columns as wide as they need; the last one may be a sentence."""
    rows = list(lines)
    widths = _widths(names, rows)
    _print_line([_head(name) for name in names], widths)
    for row in rows:
        _print_line(row, widths)
    if not rows:
        print("(none)")


def _head(name: str) -> str:
    return name.removesuffix("_ms").replace("_", " ")


def _widths(names: Sequence[str], rows: Sequence[Sequence[str]]) -> dict[str, int]:
    return {
        name: min(WIDEST, max([len(_head(name)), *(len(row[place]) for row in rows)]))
        for place, name in enumerate(names)
    }


def _print_line(cells: Sequence[str], widths: dict[str, int]) -> None:
    padded = [f"{_cut(text):<{width}}" for text, width in zip(cells[:-1], widths.values(), strict=False)]
    print("  ".join([*padded, *cells[-1:]]).rstrip())


def text_of(value: Any, name: str, currency: str = "", *, whole: bool = False) -> str:
    """A value for the eye: amounts with their decimals, moments in local time, lists apart by spaces."""
    if value is None or value == "" or value == []:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if currency and isinstance(value, int):
        return format_amount(value, currency)
    if name.endswith(("_at_ms", "from_ms", "until_ms", "since_ms")) and isinstance(value, int):
        return _moment(value, ends=name.endswith("until_ms"))
    if isinstance(value, list):
        return " ".join(text_of(one, "") for one in value)
    if isinstance(value, dict):
        return ", ".join(f"{key} {text_of(one, key)}" for key, one in value.items())
    text = in_local_time(str(value).replace("\n", " | "))
    return printable(text) if whole else _cut(printable(text))


def _names(noun: Noun) -> list[str]:
    keys = [f"{part.name}_ms" if part.kind == "moment" else part.name for part in noun.key]
    return [*keys, *(field.name for field in fields_of(noun.fields))]


def _moment(ms: int, *, ends: bool) -> str:
    """As it was typed: a day alone where it begins, or ends, with it."""
    if ms == 0:
        return ""
    moment = datetime.datetime.fromtimestamp(ms / 1000).astimezone()
    if moment.time() != datetime.time():
        return f"{moment:%Y-%m-%d %H:%M}"
    return f"{moment - datetime.timedelta(days=1) if ends else moment:%Y-%m-%d}"


def _cut(text: str) -> str:
    return text if len(text) <= WIDEST else text[: WIDEST - 1] + "…"

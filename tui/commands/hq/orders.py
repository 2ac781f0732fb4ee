"""One order to headquarters: noun, verb, and what belongs to it."""

import argparse
import contextlib
import difflib
import itertools
import sys
from pathlib import Path

from store.headquarters.nouns.field import fields_of
from store.headquarters.nouns.noun import Noun, Verb
from store.headquarters.nouns.table import NOUNS, VERBS, own_verb
from store.sale.text import printable
from tui.commands.hq import parsers
from tui.commands.hq.client import HeadquartersClient, path_of
from tui.commands.hq.exporting import export_rows, rows_of, write_json
from tui.commands.hq.printing import print_answer, print_row, print_rows
from tui.commands.options import folder_of
from tui.commands.outcome import CommandFailed, ExitCode, print_json
from tui.commands.parser import Parser

PAGE = 500
LONGEST_KEY = 200
"""Characters of a part of a key; the longest that can be set has 64."""


def run_order(words: list[str], before: argparse.Namespace) -> int:
    """Read the words behind `outpost hq` and carry them out; raises CommandFailed."""
    noun = _find_noun(words[0])
    own = {name: verb.summary for (owner, name), verb in VERBS.items() if owner == noun.name}
    summaries = parsers.summaries_of(noun, own)
    if len(words) == 1 or words[1] in ("--help", "-h", "help"):
        print(parsers.noun_help(noun, summaries))
        return ExitCode.USAGE if len(words) == 1 else ExitCode.DONE
    name, *rest = words[1:]
    if name not in summaries:
        near = difflib.get_close_matches(name, summaries, n=1)
        hint = f"Did you mean {near[0]!r}?" if near else f"It has: {', '.join(summaries)}."
        raise CommandFailed(ExitCode.USAGE, f"{noun.name} has no verb {name[:40]!r}. {hint}")
    verb = own_verb(noun, name)
    options = _parser(noun, name, summaries[name], verb).parse_args(rest)
    home = folder_of(options if options.home is not None else before)
    with contextlib.closing(HeadquartersClient(home)) as client:
        if verb is not None:
            return _run_own(client, verb, options)
        return _run_generic(client, noun, name, options)


def _find_noun(word: str) -> Noun:
    if word in NOUNS:
        return NOUNS[word]
    near = difflib.get_close_matches(word, NOUNS, n=1)
    hint = f"Did you mean {near[0]!r}?" if near else "`outpost hq --help` lists the nouns."
    raise CommandFailed(ExitCode.USAGE, f"Headquarters has no {word[:40]!r}. {hint}")


def _parser(noun: Noun, name: str, summary: str, verb: Verb | None) -> argparse.ArgumentParser:
    example = verb.example if verb is not None else (noun.example if name == "set" else "")
    parser = Parser(
        prog=f"outpost hq {noun.name} {name}",
        description=f"{summary[:1].upper()}{summary[1:].rstrip('.')}.",
        epilog=f"example:\n  {example or f'outpost hq --home HQ {noun.name} {name}'}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "--home", type=Path, metavar="DIR", help="folder of headquarters (default: $OUTPOST_HOME)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON for scripts")
    if verb is not None:
        parsers.declare_arguments(parser, verb)
    else:
        parsers.declare_generic(parser, noun, name)
    return parser


def _run_own(client: HeadquartersClient, verb: Verb, options: argparse.Namespace) -> int:
    given = {name: _asked(verb.name, value) for name, value in parsers.fields_given(options).items()}
    path = path_of("commands", verb.noun, verb.name)
    if verb.reads:
        found = client.get(path, given)
    else:
        found = client.call("POST", path, document=given)
    if options.json:
        print_json(found)
    else:
        print_answer(found, verb.columns, verb.amounts)
    return ExitCode.CHECK_FAILED if isinstance(found, dict) and found.get("ok") is False else ExitCode.DONE


def _run_generic(client: HeadquartersClient, noun: Noun, name: str, options: argparse.Namespace) -> int:
    if name == "list":
        return _list(client, noun, options)
    if name == "export":
        return export_rows(client, noun, parsers.fields_given(options), options.output, as_json=options.json)
    if name == "import":
        from tui.commands.hq.importing import import_file  # rarely needed

        return import_file(client, noun, options)
    path = _row_path(noun, options)
    if name == "show":
        return _show(client, noun, path, as_json=options.json)
    if name == "remove":
        done = client.call("DELETE", path)
    else:
        done = client.call("PUT", path, document=_fields_of_set(client, noun, path, options))
    if options.json:
        print_json(done)
    else:
        print_answer(done, ())
    return ExitCode.DONE


def _fields_of_set(
    client: HeadquartersClient, noun: Noun, path: str, options: argparse.Namespace
) -> dict[str, object]:
    given = parsers.fields_given(options)
    for field in fields_of(noun.inputs):
        if (
            field.kind == "secret"
            and field.name not in given
            and sys.stdin.isatty()
            and _is_new(client, path)
        ):
            given[field.name] = parsers.ASK
    return {name: _asked(name, value) for name, value in given.items()}


def _is_new(client: HeadquartersClient, path: str) -> bool:
    try:
        client.get(path)
    except CommandFailed as failed:
        return failed.code is ExitCode.REFUSED
    return False


def _asked(name: str, value: object) -> object:
    """A secret that stands for itself, or is asked for on the terminal."""
    if value != parsers.ASK:
        return value
    if not sys.stdin.isatty():
        raise CommandFailed(
            ExitCode.USAGE, f"There is no terminal to ask for the {name}; give it: --{name} VALUE."
        )
    import getpass  # only for secrets

    first = getpass.getpass(f"{name.upper()}: ")
    if first and first != getpass.getpass(f"{name.upper()} again: "):
        raise CommandFailed(ExitCode.USAGE, "The two were not the same; nothing was changed.")
    return first


def _list(client: HeadquartersClient, noun: Noun, options: argparse.Namespace) -> int:
    """Page by page, so that a million rows need no more memory than a hundred."""
    rows = itertools.islice(rows_of(client, noun, parsers.fields_given(options), PAGE), options.limit)
    if options.json:
        write_json(sys.stdout, rows)
        return ExitCode.DONE
    page = list(itertools.islice(rows, PAGE))
    widths = print_rows([row for row, _ in page], noun, page[0][1] if page else "EUR")
    while page := list(itertools.islice(rows, PAGE)):
        print_rows([row for row, _ in page], noun, page[0][1], widths)
    return ExitCode.DONE


def _show(client: HeadquartersClient, noun: Noun, path: str, *, as_json: bool) -> int:
    row = client.get(path)
    if as_json:
        print_json(row)
    else:
        print_row(row, noun)
    return ExitCode.DONE


def _row_path(noun: Noun, options: argparse.Namespace) -> str:
    given = parsers.key_given(options)
    texts = [given.get(part.name, part.default or "") for part in noun.key]
    while len(texts) > 1 and texts[-1] == "":
        texts.pop()
    for text in texts:
        if len(text) > LONGEST_KEY or not text.isprintable():
            raise CommandFailed(
                ExitCode.USAGE,
                f"{printable(text)[:40]!r} cannot be used: it is too long or holds control characters.",
            )
    return path_of("setup", noun.name, *texts)

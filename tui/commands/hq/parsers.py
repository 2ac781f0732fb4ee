"""The parser of one order, made from the nouns: key, fields and options of a verb."""

import argparse
from pathlib import Path
from typing import Any

from store.headquarters.nouns.field import Field, fields_of
from store.headquarters.nouns.noun import Noun, Verb
from store.headquarters.nouns.table import verbs_of
from tui.commands.outcome import CommandFailed, ExitCode

ASK = "\0ask"
"""Stands for a secret that is to be asked for."""
SUMMARIES = {
    "set": "create or change one; what is not named stays as it is",
    "list": "all of them",
    "show": "one of them with every field",
    "remove": "remove one that nothing else names",
    "import": "load a CSV file, after a preview",
    "export": "write a CSV file",
}
KEY, FIELD, OPTION = "key:", "field:", "option:"
"""What the values of a key's parts, of fields, and of words that were written as options are kept under."""


def declare_generic(parser: argparse.ArgumentParser, noun: Noun, verb: str) -> None:
    """The arguments of a generic verb."""
    if verb in ("set", "show", "remove"):
        declare_key(parser, noun)
    if verb == "set":
        for field in (*fields_of(noun.fields), *fields_of(noun.inputs)):
            declare_field(parser, field)
    if verb in ("list", "export"):
        _declare_choice(parser, noun)
    if verb == "list":
        parser.add_argument("--limit", type=int, metavar="N", help="at most so many")
    if verb == "export":
        parser.add_argument("--output", type=Path, metavar="FILE", help="where to (default: standard output)")
    if verb == "import":
        declare_import(parser)


def declare_import(parser: argparse.ArgumentParser) -> None:
    """The arguments of an import."""
    parser.add_argument(
        "file", type=Path, metavar="FILE.csv", help="UTF-8, a heading line, separated by , ; or tab"
    )
    parser.add_argument("--yes", action="store_true", help="do not ask after the preview")
    parser.add_argument(
        "--skip-refused", action="store_true", help="load the rows that are right, leave the others"
    )
    parser.add_argument(
        "--amounts",
        choices=("auto", "typed", "minor"),
        default="auto",
        help="typed: 1.29; minor: 129; auto takes minor where no amount of the file has a decimal point or comma",
    )


def declare_key(parser: argparse.ArgumentParser, noun: Noun) -> None:
    """The parts of the key: those without a default in their order, the others as options."""
    for part in noun.key:
        if part.default is None:
            parser.add_argument(KEY + part.name, metavar=part.name.upper().replace("_", "-"), help=part.help)
        else:
            parser.add_argument(
                f"--{part.name.replace('_', '-')}",
                dest=KEY + part.name,
                metavar=part.name.upper(),
                default=argparse.SUPPRESS,
                help=part.help,
            )


def declare_field(parser: argparse.ArgumentParser, field: Field) -> None:
    """One field as an option, or as a word of its own; what is not given is not there.

    A word may be written as an option too (`tax set S --rate 19`).
    """
    help_text = field.help.replace("%", "%%") + (f" In {field.unit}." if field.unit else "")
    metavar = "|".join(map(str, field.choices)) or field.word.upper()
    many = "append" if field.many else "store"
    if field.positional:
        count = "*" if field.many else "?"
        parser.add_argument(
            FIELD + field.name, metavar=metavar, nargs=count, default=argparse.SUPPRESS, help=help_text
        )
        _declare_option(parser, field, OPTION, action=many, help=argparse.SUPPRESS)
    elif field.base is bool:
        _declare_option(parser, field, FIELD, nargs="?", const="yes", metavar="yes|no", help=help_text)
    elif field.kind == "secret":
        _declare_option(parser, field, FIELD, nargs="?", const=ASK, metavar=metavar, help=help_text)
    else:
        _declare_option(parser, field, FIELD, action=many, metavar=metavar, help=help_text)


def _declare_option(parser: argparse.ArgumentParser, field: Field, mark: str, **more: Any) -> None:
    parser.add_argument(f"--{field.word}", dest=mark + field.name, default=argparse.SUPPRESS, **more)


def declare_arguments(parser: argparse.ArgumentParser, verb: Verb) -> None:
    """The arguments of a verb of its own."""
    for field in fields_of(verb.arguments):
        declare_field(parser, field)


def fields_given(options: argparse.Namespace) -> dict[str, object]:
    """The fields that were given, as typed; raises CommandFailed for one that was given in both ways."""
    given = _given(options, FIELD)
    optional = _given(options, OPTION)
    for name, value in optional.items():
        if given.get(name) not in (None, []):
            word = name.replace("_", "-")
            raise CommandFailed(ExitCode.USAGE, f"{word} is given twice, as a word and as --{word}.")
        given[name] = value
    return given


def key_given(options: argparse.Namespace) -> dict[str, str]:
    """The parts of the key that were given, as typed."""
    return _given(options, KEY)


def _given(options: argparse.Namespace, mark: str) -> dict[str, Any]:
    return {name[len(mark) :]: value for name, value in vars(options).items() if name.startswith(mark)}


def noun_help(noun: Noun, verbs: dict[str, str]) -> str:
    """What a noun can do, for `outpost hq NOUN --help`."""
    rows = "\n".join(f"  {name:<14}{summary}" for name, summary in verbs.items())
    example = f"\n\nexample:\n  {noun.example}" if noun.example else ""
    return (
        f"usage: outpost hq [--home DIR] {noun.name} VERB [...]\n\n{noun.summary[:1].upper()}{noun.summary[1:]}.\n\n"
        f"verbs:\n{rows}{example}\n\n`outpost hq {noun.name} VERB --help` says more."
    )


def summaries_of(noun: Noun, own: dict[str, str]) -> dict[str, str]:
    """Every verb of a noun with its sentence."""
    return {name: own.get(name) or SUMMARIES.get(name, "") for name in verbs_of(noun)}


def _declare_choice(parser: argparse.ArgumentParser, noun: Noun) -> None:
    names = {field.word for field in fields_of(noun.fields) if field.ref and not field.many}
    names |= {part.name.replace("_", "-") for part in noun.key if part.ref}
    for name in sorted(names):
        parser.add_argument(
            f"--{name}",
            dest=FIELD + name,
            metavar=name.upper(),
            default=argparse.SUPPRESS,
            help=f"only those of this {name}",
        )

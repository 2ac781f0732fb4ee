"""The `outpost` command line: finds the command, imports only that one, and turns every failure into a sentence.

Exit codes: 0 done, 1 the check it makes failed, 2 wrong usage, 3 configuration, 4 cannot reach, 5 refused.
A command is a module of `tui.commands` with `declare(parser)` and `run(options) -> int`.
"""

import argparse
import importlib
import os
import sys
from collections.abc import Sequence

from tui import __version__
from tui.commands.outcome import CommandFailed, ExitCode, failure_of, say_error
from tui.commands.parser import Parser

COMMANDS = {
    "demo": ("demo", "the whole shop on this machine: server, register, products, operators"),
    "register": ("register", "start the register, or attach a screen to the one that runs"),
    "screen": ("screen", "attach a screen to the running register"),
    "keys": ("keys", "show what a pressed key sends and what it does"),
    "server": ("server", "run the Retail Server; `server prepare` loads it from a package file"),
    "hq": ("hq.command", "run headquarters, or give it an order: `hq NOUN VERB`"),
    "import": ("import_", "load products, prices, customers or staff from a CSV file into headquarters"),
    "activate": ("activate", "enrol this machine as a register"),
    "status": ("status", "how the running register stands"),
    "917": ("operation_917", "show or switch the database connection of the running register"),
    "sync": ("sync", "`sync now`: one round of downloads and uploads by the running register"),
    "journal": ("journal", "list, show, export or verify the register's journal"),
    "paper": ("paper", "preview documents, sums for the accountant as CSV, shelf labels"),
    "operations": ("operations", "every operation: number, name, permission, keys"),
    "doctor": ("doctor", "check this machine and say what to do about what is wrong"),
    "scan": ("scan", "explain what a scanned string means"),
}
"""Word on the command line: module in `tui.commands`, and one line of help."""

INTERRUPTED = 130
BROKEN_PIPE = 141
"""As a shell reports a program that a signal ended: 128 and the signal's number."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        code = run(given)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(
            os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno()
        )  # so that the flush at exit finds no pipe
        return BROKEN_PIPE
    except SystemExit as end:  # argparse ends this way after --help and wrong usage
        return end.code if isinstance(end.code, int) else 2
    except CommandFailed as failed:
        say_error(failed.sentence)
        return failed.code
    except Exception as error:  # known errors of every part become their sentence; an unknown one goes on
        known = failure_of(error)
        if known is None:
            raise
        say_error(known.sentence)
        return known.code
    return code


def run(arguments: list[str]) -> int:
    """Find the command and run it."""
    if arguments[:1] == ["help"]:
        arguments = [*arguments[1:2], "--help"]
    if arguments[:1] == ["--home"] and len(arguments) > 2:
        home = arguments[:2]
        arguments = [*arguments[2:], *home]  # whoever types it first means the same
    if not arguments or arguments[0].startswith("-"):
        parser = general_parser()
        parser.parse_args(arguments)
        parser.print_help()
        return 2
    word, *rest = arguments
    if word not in COMMANDS:
        import difflib  # rarely needed

        near = difflib.get_close_matches(word, COMMANDS, n=1)
        hint = f"Did you mean `outpost {near[0]}`?" if near else "`outpost --help` lists them."
        raise CommandFailed(ExitCode.USAGE, f"There is no command {word!r}. {hint}")
    module_name, summary = COMMANDS[word]
    module = importlib.import_module(f"tui.commands.{module_name}")
    parser = Parser(
        prog=f"outpost {word}",
        description=f"{summary[:1].upper()}{summary[1:]}.",
        epilog=module.EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"outpost {__version__}")
    module.declare(parser)
    return int(module.run(parser.parse_args(rest)))


def general_parser() -> Parser:
    """The parser of `outpost` itself: help, version, and the list of commands."""
    rows = "\n".join(f"  {word:<11}{summary}" for word, (_, summary) in COMMANDS.items())
    parser = Parser(
        prog="outpost",
        description="A point of sale that keeps selling when the server is gone.",
        usage="outpost COMMAND [OPTIONS]",
        epilog=f"commands:\n{rows}\n\nexample:\n  outpost demo\n\nEvery command has --help.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"outpost {__version__}")
    parser.add_argument(
        "command", choices=list(COMMANDS), help=argparse.SUPPRESS, metavar="COMMAND", nargs="?"
    )
    return parser

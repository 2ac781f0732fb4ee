"""Where a vault's key comes from, on the command line: a prompt on a terminal, a file, a file descriptor, a name."""

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path

from tui.commands.outcome import CommandFailed, ExitCode

MAX_BYTES = 1_024
MIN_LETTERS = 12
PASSPHRASE = "passphrase"  # noqa: S105 - the name of a source, not one of them


def declare_vault(parser: argparse.ArgumentParser, *, makes: bool) -> None:
    """The options; `makes`: the command may make a vault, and not only open one."""
    group = parser.add_mutually_exclusive_group()
    group.add_argument(
        "--passphrase-file",
        type=Path,
        metavar="FILE",
        help="the vault's passphrase is the first line of this file, which only its owner may read",
    )
    group.add_argument("--passphrase-fd", type=int, metavar="N", help="the same from an open file descriptor")
    if makes:
        group.add_argument(
            "--ask-passphrase",
            action="store_true",
            help="seal a new vault with a passphrase that is asked for on the terminal",
        )
        parser.add_argument(
            "--secret-service",
            default="",
            metavar="NAME",
            help="keep the vault's key under this name in the desktop's Secret Service",
        )


def passphrase_of(options: argparse.Namespace, home: Path) -> Callable[[], str | None] | None:
    """Who to ask for the passphrase; None when nobody can be. Raises CommandFailed."""
    if options.passphrase_file is not None:
        return lambda: from_file(options.passphrase_file)
    if options.passphrase_fd is not None:
        return once(lambda: from_descriptor(options.passphrase_fd))
    from store.database.vault_sources import sealed_by  # a command without a vault needs none of it

    sealed = sealed_by(home)
    if sealed is None and getattr(options, "ask_passphrase", False):
        return once(ask_for_new)
    if sealed == PASSPHRASE and sys.stdin.isatty():
        return once(ask)
    return None


def once(read: Callable[[], str]) -> Callable[[], str | None]:
    """Asks a single time, however often it is needed."""
    kept: list[str] = []

    def answer() -> str | None:
        if not kept:
            kept.append(read())
        return kept[0]

    return answer


def from_file(path: Path) -> str:
    """The first line; raises CommandFailed."""
    try:
        with path.open("rb") as stream:
            if os.fstat(stream.fileno()).st_mode & 0o077:
                raise CommandFailed(
                    ExitCode.CONFIGURATION,
                    f"{path} can be read by others, so it keeps no secret. Run chmod 600 on it.",
                )
            return checked(stream.readline(MAX_BYTES + 1), str(path))
    except OSError as error:
        raise CommandFailed(ExitCode.CONFIGURATION, f"{path} cannot be read: {error.strerror}.") from error


def from_descriptor(number: int) -> str:
    """The first line of an open descriptor, which is closed then; raises CommandFailed."""
    try:
        with os.fdopen(number, "rb") as stream:
            return checked(stream.readline(MAX_BYTES + 1), f"descriptor {number}")
    except OSError as error:
        raise CommandFailed(
            ExitCode.CONFIGURATION, f"Descriptor {number} cannot be read: {error.strerror}."
        ) from error


def checked(line: bytes, where: str) -> str:
    """The passphrase in a line; raises CommandFailed."""
    try:
        text = line.decode().rstrip("\r\n")
    except UnicodeDecodeError:
        text = ""
    if not text or len(line) > MAX_BYTES:
        raise CommandFailed(ExitCode.CONFIGURATION, f"There is no passphrase in the first line of {where}.")
    return text


def ask() -> str:
    """On the terminal, without echo."""
    from getpass import getpass

    return getpass("Passphrase of the vault: ")


def ask_for_new() -> str:
    """Twice, on a terminal only; raises CommandFailed."""
    if not sys.stdin.isatty():
        raise CommandFailed(
            ExitCode.USAGE, "--ask-passphrase needs a terminal; without one use --passphrase-file."
        )
    from getpass import getpass

    first = getpass(f"New passphrase of the vault, at least {MIN_LETTERS} letters: ")
    if len(first) < MIN_LETTERS:
        raise CommandFailed(ExitCode.USAGE, f"A passphrase has at least {MIN_LETTERS} letters.")
    if getpass("Once more: ") != first:
        raise CommandFailed(ExitCode.USAGE, "The two were not the same; nothing was made.")
    return first

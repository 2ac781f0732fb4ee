"""How a command ends: its exit code, its sentence on standard error, its JSON on standard output."""

import json
import sys
from enum import IntEnum
from typing import Any


class ExitCode(IntEnum):
    """What the code of a command means; a promise to scripts."""

    DONE = 0
    CHECK_FAILED = 1
    USAGE = 2
    CONFIGURATION = 3
    CANNOT_REACH = 4
    REFUSED = 5


class CommandFailed(Exception):
    """A command ends here: `sentence` is the cause and the cure."""

    def __init__(self, code: ExitCode, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


def failure_of(error: Exception) -> CommandFailed | None:
    """The sentence and code for an error of one of our parts; None for a defect of the program."""
    if isinstance(error, PermissionError | FileNotFoundError | IsADirectoryError | NotADirectoryError):
        return CommandFailed(ExitCode.CONFIGURATION, f"{error.filename}: {error.strerror}.")
    if not type(error).__module__.startswith(("store.", "devices.", "tui.")):
        return None
    reason = getattr(error, "sentence", None) or getattr(error, "reason", None) or str(error)
    if not isinstance(reason, str) or not reason:
        return None
    names = [kind.__name__ for kind in type(error).__mro__]
    if any(name in ("CoreAway", "ServerUnreachable", "ServerBusy") for name in names):
        code = ExitCode.CANNOT_REACH
    elif any(name.endswith("Refused") for name in names):
        code = ExitCode.REFUSED
    elif "NoTerminal" in names:
        code = ExitCode.USAGE
    else:
        code = ExitCode.CONFIGURATION
    return CommandFailed(code, finished(reason))


def finished(sentence: str) -> str:
    """A sentence with its final stop."""
    return sentence if sentence.endswith((".", "!", "?")) else f"{sentence}."


def say_error(sentence: str) -> None:
    """Print an error to standard error, where it never mixes with what a script reads."""
    print(f"outpost: {finished(sentence)}", file=sys.stderr)


def print_json(value: Any) -> None:
    """Print what `--json` promises: one document, readable by people too."""
    print(json.dumps(value, ensure_ascii=False, indent=2))

"""The parser of every command line of ours."""

import argparse
import sys
from typing import NoReturn

from tui.commands.outcome import say_error


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence, with the way to the help."""

    def error(self, message: str) -> NoReturn:
        """Wrong usage: exit code 2."""
        say_error(f"{message[:1].upper()}{message[1:]}. See `{self.prog} --help`.")
        sys.exit(2)

"""`outpost import`: loads a file of products, prices, customers or staff into the headquarters that runs."""

import argparse
import contextlib
from pathlib import Path

from store.headquarters.nouns.table import NOUNS
from tui.commands.hq.client import HeadquartersClient
from tui.commands.hq.importing import import_file
from tui.commands.hq.parsers import declare_import
from tui.commands.options import declare_json, folder_of

EXAMPLE = (
    "examples:\n"
    "  outpost import products products.csv --home HQ\n"
    "  outpost import staff staff.csv --home HQ --skip-refused --yes"
)
WORDS = {"products": "product", "prices": "price", "customers": "customer", "staff": "staff"}
"""What stands on the command line, and the noun it is."""


def declare(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("what", choices=list(WORDS), metavar="|".join(WORDS), help="what the file holds")
    declare_import(parser)
    parser.add_argument(
        "--home",
        "--hq",
        dest="home",
        type=Path,
        metavar="DIR",
        help="folder of headquarters (default: $OUTPOST_HOME)",
    )
    declare_json(parser)


def run(options: argparse.Namespace) -> int:
    """Check the file, show what it would do, and load it."""
    with contextlib.closing(HeadquartersClient(folder_of(options))) as client:
        return import_file(client, NOUNS[WORDS[options.what]], options)

"""`outpost hq`: headquarters itself, or one order to the headquarters that runs."""

import argparse
from pathlib import Path

from store.database.vault_sources import VaultSources
from store.headquarters.config import DEFAULT_PORT, HeadquartersConfig, is_loopback
from store.headquarters.nouns.table import NOUNS
from tui.commands.hq.orders import run_order
from tui.commands.options import folder_of
from tui.commands.tls_options import declare_tls, tls_of
from tui.commands.vault_options import declare_vault, passphrase_of

EXAMPLE = """examples:
  outpost hq --home HQ --port 8917
  outpost hq --home HQ store set S0001 --name "First store"
  outpost hq --home HQ product import products.csv
  outpost hq --home HQ price set 4006381333931 1.29
  outpost hq --home HQ job run 1020
  outpost hq --home HQ register status --json"""


def declare(parser: argparse.ArgumentParser) -> None:
    """The command's options; what follows a noun is read by its own parser."""
    parser.usage = "outpost hq [--home DIR] [OPTIONS]\n       outpost hq [--home DIR] NOUN VERB [...]"
    parser.description = (
        "Run headquarters (scheduler and API), or give the one that runs an order. Nouns take set (create or change), "
        "list, show, remove, import and export; `outpost hq NOUN --help` says which."
    )
    rows = "\n".join(f"  {noun.name:<22}{noun.summary}" for noun in NOUNS.values())
    parser.epilog = f"nouns:\n{rows}\n\n{EXAMPLE}"
    parser.add_argument(
        "--home", type=Path, metavar="DIR", help="folder of headquarters (default: $OUTPOST_HOME)"
    )
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to listen on (default: this machine only)"
    )
    parser.add_argument(
        "--port", type=int, default=DEFAULT_PORT, help=f"default: {DEFAULT_PORT}; 0 takes a free one"
    )
    parser.add_argument(
        "--log", type=Path, metavar="FILE", help="where log lines go (default: standard error)"
    )
    declare_tls(parser)
    declare_vault(parser, makes=True)
    parser.add_argument(
        "--sealed-only",
        action="store_true",
        help="refuse throw-away vaults, which are otherwise allowed while headquarters listens on this machine only",
    )
    parser.add_argument("words", nargs=argparse.REMAINDER, metavar="NOUN VERB", help=argparse.SUPPRESS)


def run(options: argparse.Namespace) -> int:
    """Serve until SIGTERM, or pass the order on."""
    if options.words:
        return run_order(options.words, options)
    home = folder_of(options)
    from store.headquarters.runtime import run_headquarters

    return run_headquarters(
        HeadquartersConfig(
            home=home,
            host=options.host,
            port=options.port,
            allow_insecure=is_loopback(options.host) and not options.sealed_only,
            log_path=options.log,
            **tls_of(options),
            vault=VaultSources(passphrase_of(options, home), options.secret_service),
        )
    )

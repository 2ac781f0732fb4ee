"""`outpost activate`: makes this machine a register; its data comes with the first sign-in, or at once."""

import argparse
import sys
from pathlib import Path
from urllib.parse import urlsplit

from store.database.vault_sources import VaultSources
from store.gateway.server_address import server_of
from store.register.catalog.keeper import CatalogVersion
from store.register.enrolment.activation import Enrolment
from store.register.enrolment.enrolling import Activated, activate
from tui.commands.options import declare_home, declare_json, home_of
from tui.commands.outcome import CommandFailed, ExitCode, print_json
from tui.commands.trust import authority_of, declare_trust
from tui.commands.vault_options import declare_vault, passphrase_of

EXAMPLE = "example:\n  outpost activate --server https://shop.example:8918 --code 7KQ4-M2XP-9TBD"

THIS_MACHINE = ("localhost", "127.0.0.1", "::1")
INSECURE = (
    "Warning: this register keeps its secrets in an INSECURE throw-away vault, which is for trying out on this "
    "machine only."
)


def declare(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("--server", required=True, metavar="URL", help="address of the Retail Server")
    parser.add_argument("--code", required=True, help="the one-time code that the server printed")
    parser.add_argument(
        "--insecure-vault",
        action="store_true",
        help="keep secrets in a throw-away vault; only for a server on this machine, where it is the default",
    )
    parser.add_argument(
        "--fetch-now",
        action="store_true",
        help="fetch the shop's data at once; otherwise it comes with the first sign-in",
    )
    parser.add_argument(
        "--exported",
        type=Path,
        metavar="FILE",
        help="an export of the former series, where its last records can never be sent (a clone, a disk set back)",
    )
    declare_trust(parser)
    declare_vault(parser, makes=True)
    declare_home(parser)
    declare_json(parser)


def run(options: argparse.Namespace) -> int:
    """Enrol, fetch the shop's data if asked to, say who this is now."""
    server_of(options.server)
    local = urlsplit(options.server).hostname in THIS_MACHINE
    if options.insecure_vault and not local:
        raise CommandFailed(
            ExitCode.REFUSED,
            "An insecure vault is for a server on this machine only. Provide the systemd credential outpost-kek.",
        )
    home = home_of(options)
    activated = activate(
        home,
        options.server,
        options.code,
        allow_insecure=local,
        fetch_now=options.fetch_now,
        authority=authority_of(options),
        exported=options.exported,
        sources=VaultSources(passphrase_of(options, home.path), options.secret_service),
    )
    if activated.enrolment.insecure:
        print(INSECURE, file=sys.stderr)
    if options.json:
        print_json(facts_of(activated.enrolment, activated.catalog))
    else:
        print(sentence_of(activated))
    return ExitCode.DONE


def facts_of(enrolment: Enrolment, catalog: CatalogVersion | None) -> dict[str, object]:
    """Who this register is, for scripts."""
    return {
        "register": enrolment.register,
        "store": enrolment.store,
        "store_name": enrolment.store_name,
        "series": enrolment.series,
        "epoch": enrolment.epoch,
        "server": enrolment.server_url,
        "insecure_vault": enrolment.insecure,
        "catalog": catalog.name if catalog else None,
        "rows": catalog.rows if catalog else 0,
    }


def sentence_of(activated: Activated) -> str:
    """Who this register is, for people."""
    enrolment, catalog = activated.enrolment, activated.catalog
    who = f"This is register {enrolment.register} of {enrolment.store_name} now, series {enrolment.series}."
    if catalog is None:
        return f"{who} {activated.missing} Start it with `outpost register`."
    return f"{who} The offline database holds {catalog.rows:,} rows. Start it with `outpost register`."

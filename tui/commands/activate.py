"""`outpost activate`: makes this machine a register, with everything it needs to sell even if the server dies next."""

import argparse
import asyncio
import functools
import json
import sys
from pathlib import Path
from urllib.parse import urlsplit

from store.database.vault import OutpostVault, open_vault
from store.exchange.request import sign_request
from store.gateway.client import RetailClient
from store.gateway.errors import GatewayError, ServerRefused
from store.gateway.server_address import server_of
from store.register.activation import Enrolment, enrol, load_signer
from store.register.catalog import CatalogKeeper, CatalogVersion
from store.register.home import RegisterHome
from store.register.system_ports import SystemClock, SystemRandomness
from tui.commands.options import declare_home, declare_json, home_of
from tui.commands.outcome import CommandFailed, ExitCode, print_json

EXAMPLE = "example:\n  outpost activate --server https://shop.example:8918 --code 7KQ4-M2XP-9TBD"

PACKAGE_S = 300.0
NOT_FOUND = 404
"""The server's answer while it has no package yet."""
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
    declare_home(parser)
    declare_json(parser)


def run(options: argparse.Namespace) -> int:
    """Enrol, fetch the shop's data, say who this is now."""
    server_of(options.server)
    local = urlsplit(options.server).hostname in THIS_MACHINE
    if options.insecure_vault and not local:
        raise CommandFailed(
            ExitCode.REFUSED,
            "An insecure vault is for a server on this machine only. Provide the systemd credential outpost-kek.",
        )
    home = home_of(options)
    enrolment = activate(home, options.server, options.code, allow_insecure=local)
    catalog = CatalogKeeper(home.path, SystemClock().wall_ms).load()
    if enrolment.insecure:
        print(INSECURE, file=sys.stderr)
    if options.json:
        print_json(facts_of(enrolment, catalog))
    else:
        print(sentence_of(enrolment, catalog))
    return ExitCode.DONE


def activate(home: RegisterHome, server_url: str, code: str, *, allow_insecure: bool) -> Enrolment:
    """Enrol, write register.toml where there is none, fetch and apply the server's package. Blocks.

    A server without a package is no error: the register fetches it when there is one. Raises VaultError,
    ActivationRefused, GatewayError, CatalogRefused and ServerAddressError.
    """
    vault = open_vault(home.path, allow_insecure)
    return asyncio.run(become_register(home, server_url, code, vault))


async def become_register(home: RegisterHome, server_url: str, code: str, vault: OutpostVault) -> Enrolment:
    """The network's part of it."""
    clock, randomness = SystemClock(), SystemRandomness()
    client = RetailClient(address=server_url, clock=clock, randomness=randomness)
    try:
        enrolment = await enrol(
            client,
            code,
            vault,
            home.path,
            server_url=server_url,
            wall_ms=clock.wall_ms(),
            token=randomness.token,
        )
    finally:
        await client.close()
    write_config(home.config_file, enrolment)
    await fetch_shop_data(home, enrolment, vault)
    return enrolment


async def fetch_shop_data(home: RegisterHome, enrolment: Enrolment, vault: OutpostVault) -> None:
    """The first package, so that the register is complete from the first minute."""
    signer = load_signer(vault, enrolment)
    if signer is None:
        raise CommandFailed(
            ExitCode.CONFIGURATION, "The vault did not keep the key. Check the disk and try again."
        )
    clock = SystemClock()
    client = RetailClient(
        address=enrolment.server_url,
        clock=clock,
        randomness=SystemRandomness(),
        series=enrolment.series,
        sign=functools.partial(
            sign_request, signer.key, register=enrolment.register, series=enrolment.series
        ),
    )
    keeper = CatalogKeeper(home.path, clock.wall_ms)
    keeper.load()
    try:
        info = await client.package_info(deadline_s=PACKAGE_S)
        if not keeper.wants(info.package_seq):
            return
        package = await client.package(deadline_s=PACKAGE_S)
        await keeper.apply(package, bytes.fromhex(enrolment.root_key))
        keeper.flip()
    except ServerRefused as error:
        if error.status != NOT_FOUND:
            raise
    except GatewayError as error:
        print(
            f"The shop's data did not come ({error.reason}); the register fetches it later.", file=sys.stderr
        )
    finally:
        await client.close()


def write_config(path: Path, enrolment: Enrolment) -> None:
    """A first register.toml; one that is there is the owner's and stays as it is."""
    if path.exists():
        return
    path.write_text(
        f"[register]\nserver_url = {json.dumps(enrolment.server_url)}\n"
        f"store = {json.dumps(enrolment.store)}\nnumber = {json.dumps(enrolment.register)}\n",
        encoding="utf-8",
    )


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


def sentence_of(enrolment: Enrolment, catalog: CatalogVersion | None) -> str:
    """Who this register is, for people."""
    who = f"This is register {enrolment.register} of {enrolment.store_name} now, series {enrolment.series}."
    if catalog is None:
        return f"{who} The server has no data package yet; the register fetches it when there is one."
    return f"{who} The offline database holds {catalog.rows:,} rows. Start it with `outpost register`."

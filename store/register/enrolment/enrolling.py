"""From a bare machine to a register that can sell even if the server dies next: enrol, configure, fetch data."""

import asyncio
import functools
import json
from pathlib import Path

import msgspec

from store.database.vault import OutpostVault, open_vault
from store.exchange.request import sign_request
from store.gateway.client import RetailClient
from store.gateway.errors import GatewayError, ServerRefused
from store.register.catalog.keeper import CatalogKeeper, CatalogVersion
from store.register.enrolment.activation import ActivationRefused, Enrolment, enrol, load_signer
from store.register.home import RegisterHome
from store.register.system_ports import SystemClock, SystemRandomness

PACKAGE_S = 300.0
NOT_FOUND = 404
"""The server's answer while it has no package yet."""
NO_PACKAGE = "The server has no data package yet; the register fetches it when there is one."


class Activated(msgspec.Struct, frozen=True, kw_only=True):
    """What became of it: who the register is now, the catalog in use, and a sentence when there is none."""

    enrolment: Enrolment
    catalog: CatalogVersion | None
    missing: str = ""


def activate(home: RegisterHome, server_url: str, code: str, *, allow_insecure: bool) -> Activated:
    """Enrol, write register.toml where there is none, fetch and apply the server's package. Blocks.

    A package that does not come is no error: the register fetches it later. Raises VaultError, ActivationRefused,
    GatewayError, CatalogRefused and ServerAddressError.
    """
    vault = open_vault(home.path, allow_insecure)
    return asyncio.run(become_register(home, server_url, code, vault))


async def become_register(home: RegisterHome, server_url: str, code: str, vault: OutpostVault) -> Activated:
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
    missing = await fetch_shop_data(home, enrolment, vault)
    catalog = CatalogKeeper(home.path, clock.wall_ms).load()
    return Activated(enrolment=enrolment, catalog=catalog, missing=missing)


async def fetch_shop_data(home: RegisterHome, enrolment: Enrolment, vault: OutpostVault) -> str:
    """Fetch the first package, so that the register is complete at once; why it did not come, or nothing."""
    signer = load_signer(vault, enrolment)
    if signer is None:
        raise ActivationRefused(
            "The vault did not keep the key. Check the disk, then try again with a new code."
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
        if keeper.wants(info.package_seq):
            package = await client.package(deadline_s=PACKAGE_S)
            await keeper.apply_file(package, bytes.fromhex(enrolment.root_key))
            keeper.flip()
    except ServerRefused as error:
        if error.status != NOT_FOUND:
            raise
        return NO_PACKAGE
    except GatewayError as error:
        return f"The shop's data did not come ({error.reason}); the register fetches it later."
    finally:
        await client.close()
    return ""


def write_config(path: Path, enrolment: Enrolment) -> None:
    """A first register.toml; one that is there is the owner's and stays as it is."""
    if path.exists():
        return
    path.write_text(
        f"[register]\nserver_url = {json.dumps(enrolment.server_url)}\n"
        f"store = {json.dumps(enrolment.store)}\nnumber = {json.dumps(enrolment.register)}\n",
        encoding="utf-8",
    )

"""From a bare machine to a register that can sell even if the server dies next: enrol, configure, fetch data."""

import asyncio
import functools
import json
from pathlib import Path

import msgspec

from store.database.vault import OutpostVault, open_vault, replace_file
from store.database.vault_sources import NO_SOURCES, VaultSources
from store.exchange.certificates import fingerprint
from store.exchange.request import sign_request
from store.gateway.client import RetailClient
from store.gateway.sync_calls import SyncCalls
from store.register.catalog.keeper import CatalogKeeper, CatalogVersion
from store.register.enrolment.activation import ActivationRefused, Enrolment, enrol, load_signer
from store.register.home import RegisterHome
from store.register.sync.downloader import Downloader
from store.register.sync.history import SyncHistory
from store.register.sync.round import RoundResult
from store.register.system_ports import SystemClock, SystemRandomness, SystemStorage

NOTHING_THERE = "the server has no data package yet"
WITH_THE_FIRST_SIGN_IN = "Its data comes with the first sign-in."


class Activated(msgspec.Struct, frozen=True, kw_only=True):
    """What became of it: who the register is now, the catalog in use, and a sentence when there is none."""

    enrolment: Enrolment
    catalog: CatalogVersion | None
    missing: str = ""


def activate(
    home: RegisterHome,
    server_url: str,
    code: str,
    *,
    allow_insecure: bool,
    fetch_now: bool = False,
    authority: str = "",
    sources: VaultSources = NO_SOURCES,
    exported: Path | None = None,
) -> Activated:
    """Enrol, write register.toml where there is none. Blocks.

    The shop's data comes with the first sign-in, or at once with `fetch_now`; data that does not come is no error.
    `exported` holds the records of the former series that cannot be sent. `authority` (PEM) is the only one the
    register trusts from now on; without it those of the system are.
    Raises VaultError, ActivationRefused, GatewayError and ServerAddressError.
    """
    vault = open_vault(home.path, allow_insecure, sources=sources)
    return asyncio.run(
        become_register(
            home,
            server_url,
            code,
            vault,
            fetch_now=fetch_now,
            authority=authority,
            secret_service=sources.secret_service,
            exported=exported,
        )
    )


async def become_register(
    home: RegisterHome,
    server_url: str,
    code: str,
    vault: OutpostVault,
    *,
    fetch_now: bool,
    authority: str = "",
    secret_service: str = "",
    exported: Path | None = None,
) -> Activated:
    """The network's part of it."""
    clock, randomness = SystemClock(), SystemRandomness()
    ca_file, ca_sha256 = None, ""
    if authority:
        ca_file, ca_sha256 = home.authority_file, fingerprint(authority)
        replace_file(ca_file, authority.encode("ascii"))
    client = RetailClient(address=server_url, clock=clock, randomness=randomness, ca_file=ca_file)
    try:
        enrolment = await enrol(
            client,
            code,
            vault,
            home.path,
            server_url=server_url,
            wall_ms=clock.wall_ms(),
            token=randomness.token,
            ca_sha256=ca_sha256,
            exported=exported,
        )
    finally:
        await client.close()
    write_config(home.config_file, enrolment, secret_service)
    missing = await fetch_shop_data(home, enrolment, vault) if fetch_now else WITH_THE_FIRST_SIGN_IN
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
        ca_file=home.authority_file if enrolment.ca_sha256 else None,
    )
    keeper = CatalogKeeper(home.path, clock.wall_ms)
    await asyncio.to_thread(keeper.load)
    try:
        result = await first_round(home, enrolment, keeper, client)
    finally:
        await client.close()
    keeper.flip()
    if keeper.active() is not None:
        return ""
    return f"The shop's data did not come ({result.reason or NOTHING_THERE}); the register fetches it later."


async def first_round(
    home: RegisterHome, enrolment: Enrolment, keeper: CatalogKeeper, client: RetailClient
) -> RoundResult:
    """One round of downloads, as the sync library makes them later."""
    history = SyncHistory(home.sync_file)
    history.load()
    storage = SystemStorage()
    downloader = Downloader(
        register=enrolment.register,
        keeper=keeper,
        chunks=keeper.chunks,
        headers=home.headers_folder,
        calls=SyncCalls(client),
        unreachable=lambda reason: None,
        root_key=bytes.fromhex(enrolment.root_key),
        clock=SystemClock(),
        free_bytes=lambda: storage.free_bytes(str(home.path)),
        paying=lambda: False,
        history=history,
        on_change=lambda: None,
        on_step=lambda: None,
    )
    return await downloader.look()


def write_config(path: Path, enrolment: Enrolment, secret_service: str = "") -> None:
    """A first register.toml; one that is there is the owner's and stays as it is."""
    if path.exists():
        return
    path.write_text(
        f"[register]\nserver_url = {json.dumps(enrolment.server_url)}\n"
        f"store = {json.dumps(enrolment.store)}\nnumber = {json.dumps(enrolment.register)}\n"
        + (f"secret_service = {json.dumps(secret_service)}\n" if secret_service else ""),
        encoding="utf-8",
    )

"""`outpost server prepare`: items and staff from a package file, and a one-time code for one register."""

import asyncio
import secrets
from pathlib import Path

import msgspec

from store.database.chunks import ChunkFolder
from store.database.connection import Connection
from store.database.errors import ConstraintBroken, DatabaseTrouble
from store.database.vault_sources import NO_SOURCES, VaultSources
from store.exchange.codes import CODE_BYTES, format_code
from store.exchange.identity import IdentityError, check_register, store_of
from store.exchange.package import (
    MAX_FILE_BYTES,
    Package,
    PackageError,
    check_package,
    read_package,
    root_key_of,
)
from store.exchange.package_header import PackageHeader, write_header
from store.exchange.package_reader import Fetch
from store.server import packages
from store.server.api.context import wall_ms
from store.server.config import database_place, packages_folder
from store.server.enrolments import create_code
from store.server.loading import OlderPackage, load_package
from store.server.secrets import ServerSecrets, open_secrets
from store.service.channel import Channel
from store.service.errors import ServiceTrouble

PEPPER_BYTES = 32


class PreparedCode(msgspec.Struct, frozen=True, kw_only=True):
    """What `prepare` did: the code to type at the register, until when (ms since 1970), and what was loaded."""

    code: str
    register: str
    store: str
    expires_ms: int
    package_seq: int
    items: int


def prepare(
    home: Path,
    database_url: str,
    package_path: Path,
    register_id: str,
    *,
    pepper: bytes | None = None,
    store: str | None = None,
    new_code: bool = True,
    allow_insecure: bool = False,
    sources: VaultSources = NO_SOURCES,
) -> PreparedCode:
    """Load a package and make a code, all or nothing; also while the server runs. Raises ServiceTrouble.

    `store` is the first part of the register id unless given. Without `new_code` the code stays empty: for a newer
    package of a shop whose registers are enrolled. `pepper` is what the PIN hashes of the package were made with;
    None takes the one this server knows, or the hexadecimal text in `<package_path>.pepper`.
    """
    try:
        store = store or store_of(register_id)
        check_register(register_id)
    except IdentityError as error:
        raise ServiceTrouble(str(error)) from error
    place = database_place(home, database_url)
    package = _read(package_path)
    server_secrets = open_secrets(home, allow_insecure=allow_insecure, sources=sources)
    settled = _settle_pepper(server_secrets, store, package, pepper or _pepper_beside(package_path))
    try:
        keep_chunks(packages_folder(home), package)
        done = asyncio.run(_load(place, store, register_id, package, new_code))
    except OSError as error:
        raise ServiceTrouble(f"{home} cannot be written: {error.strerror}.") from error
    except DatabaseTrouble as trouble:
        raise ServiceTrouble(str(trouble)) from trouble
    except ConstraintBroken as error:
        raise ServiceTrouble(f"{package_path} holds a row that cannot be stored: {error}.") from error
    # Kept last, so that a package that was refused settles nothing.
    server_secrets.keep_pepper(store, settled)
    return done


def keep_chunks(folder: ChunkFolder, package: Package) -> None:
    """Put a package's chunks where registers get them; raises OSError."""
    for sha256, stored in package.chunks.items():
        folder.put(sha256, stored)


def prepare_unit(
    db: Connection, store: str, register: str, header: PackageHeader, fetch: Fetch, code: str, now_ms: int
) -> PreparedCode:
    """The whole of it as one unit of work; raises ServiceTrouble, and then nothing is loaded."""
    items = _load_unit(db, store, header, fetch, now_ms)
    if code:
        expires_ms = create_code(db, store, register, code, now_ms)
    else:
        expires_ms = 0
    return PreparedCode(
        code=code,
        register=register,
        store=store,
        expires_ms=expires_ms,
        package_seq=header.manifest.package_seq,
        items=items,
    )


def _load_unit(db: Connection, store: str, header: PackageHeader, fetch: Fetch, now_ms: int) -> int:
    """The first package of a store decides its root key."""
    manifest = header.manifest
    root = packages.root_key_hex(header)
    state = packages.lock_store(db, store, root, now_ms)
    if state.root_key != root:
        raise ServiceTrouble(
            f"The package is signed under another root key than store {store} uses; build it with the store's own."
        )
    group = manifest.data_group or state.data_group or store
    form = packages.form_of(store, group, header)
    if manifest.package_seq == state.applied_seq and form not in packages.forms(db, store, group):
        raise ServiceTrouble(
            f"Another package {manifest.package_seq} is loaded; give the new one a higher number."
        )
    try:
        loaded = load_package(db, state, group, header, fetch, now_ms)
    except OlderPackage as error:
        raise ServiceTrouble(f"{error} Give the new one a higher number.") from error
    except PackageError as error:
        raise ServiceTrouble(str(error)) from error
    packages.put_form(db, form, write_header(header))
    return loaded.items


async def _load(
    place: Path | str, store: str, register: str, package: Package, new_code: bool
) -> PreparedCode:
    channel = await Channel.open(place, readers=1)
    try:
        code = format_code(secrets.token_bytes(CODE_BYTES)) if new_code else ""
        return await channel.work(
            prepare_unit, store, register, package.header, package.fetch, code, wall_ms()
        )
    finally:
        await channel.close()


def _read(path: Path) -> Package:
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise ServiceTrouble(f"{path} is larger than any package may be.")
        data = path.read_bytes()
    except OSError as error:
        raise ServiceTrouble(f"{path} cannot be read: {error.strerror}.") from error
    try:
        package = read_package(data)
        check_package(package, root_key_of(package))
    except PackageError as error:
        raise ServiceTrouble(f"{path}: {error}") from error
    return package


def _pepper_beside(package_path: Path) -> bytes | None:
    beside = package_path.with_name(package_path.name + ".pepper")
    try:
        return bytes.fromhex(beside.read_text(encoding="ascii").strip())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise ServiceTrouble(
            f"{beside} holds no pepper; it should be one line of hexadecimal digits."
        ) from error


def _settle_pepper(server_secrets: ServerSecrets, store: str, package: Package, given: bytes | None) -> bytes:
    known = server_secrets.pepper(store)
    if given is not None and known is not None and given != known:
        raise ServiceTrouble(
            f"Store {store} has another pepper already; with a new one no PIN would open anything."
        )
    has_staff = any(part.name == "staff" and part.rows for part in package.manifest.parts)
    if given is None and known is None and has_staff:
        raise ServiceTrouble(
            "The package holds staff, so the store's pepper is needed; "
            "give the file it was written to with --pepper-file."
        )
    return known or given or secrets.token_bytes(PEPPER_BYTES)

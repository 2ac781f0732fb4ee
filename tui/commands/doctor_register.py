"""Checks of the register's own parts: configuration, enrolment, vault, journal, catalog."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing

from store.database.errors import DatabaseTrouble
from store.database.sqlite import open_reader
from store.database.vault import CREDENTIAL_NAME, VAULT_NAME, NoVaultKey, VaultError, open_vault
from store.database.vault_sources import VaultSources, sealed_by
from store.gateway.offline import OfflineCatalog
from store.register.catalog.keeper import CatalogKeeper, CatalogVersion
from store.register.config import ConfigError, load_config
from store.register.enrolment.activation import (
    ActivationRefused,
    Enrolment,
    load_enrolment,
    load_pepper,
    load_signer,
)
from store.register.home import RegisterHome
from store.register.journal.chain import ChainBroken, check_records
from store.register.journal.reads import HeadMismatch, counts
from store.sale.settings import PolicyRefused
from tui.commands.doctor_finding import Finding, fail, note, ok, warn

TAIL_RECORDS = 1000
OLD_CATALOG_DAYS = 7
ACTIVATE = "Run `outpost activate --server URL --code CODE`; the server's `prepare` prints the code."
DAY_MS = 86_400_000
SOURCES = {
    "credential": f"the systemd credential {CREDENTIAL_NAME}",
    "secret-service": "a key in the desktop's Secret Service",
    "passphrase": "a passphrase",
}


def check(home: RegisterHome) -> Iterator[Finding]:
    """All checks of the register; what needs an enrolment is left out without one."""
    yield check_config(home)
    try:
        enrolment = load_enrolment(home.path)
    except ActivationRefused as error:
        yield fail("Enrolment", error.sentence, ACTIVATE)
        return
    if enrolment is None:
        yield fail("Enrolment", f"{home.path} is not an enrolled register.", ACTIVATE)
        yield fail(
            "Offline database", "It is missing: journal and catalog are made by the enrolment.", ACTIVATE
        )
        return
    yield ok(
        "Enrolment", f"Register {enrolment.register} of {enrolment.store_name}, series {enrolment.series}."
    )
    yield from check_vault(home, enrolment)
    yield from check_journal(home, enrolment)
    yield from check_catalog(home)


def check_config(home: RegisterHome) -> Finding:
    """register.toml, if there is one."""
    try:
        load_config(home.config_file)
    except ConfigError as error:
        return fail(
            "Configuration", error.reason, "Mend the line; deploy/register.example.toml explains every key."
        )
    if not home.config_file.exists():
        return note("Configuration", f"There is no {home.config_file}; the defaults hold.")
    return ok("Configuration", f"{home.config_file} is in order.")


def check_vault(home: RegisterHome, enrolment: Enrolment) -> Iterator[Finding]:
    """What keeps the secrets, and whether they are in it. A vault that is not there is not made here."""
    if not (home.path / VAULT_NAME).exists():
        yield fail("Vault", "It is not there: the signing key and the store's secret are lost.", ACTIVATE)
        return
    try:
        sources = VaultSources(None, secret_service_of(home))
        vault = open_vault(home.path, enrolment.insecure, sources=sources)
        signer, pepper = load_signer(vault, enrolment), load_pepper(vault, enrolment)
    except NoVaultKey as error:
        sealed = sealed_by(home.path) or ""
        if sealed != "passphrase":
            yield fail(
                "Vault", error.sentence, "Provide the key it was sealed with, or enrol the register anew."
            )
            return
        yield note(
            "Vault", "Sealed by a passphrase, which only the core is given: its content was not looked at."
        )
        return
    except VaultError as error:
        yield fail("Vault", error.sentence, "Provide the key it was sealed with, or enrol the register anew.")
        return
    if vault.insecure:
        yield warn(
            "Vault",
            "It is a throw-away vault and calls itself insecure: whoever reads the disk has the keys.",
            "Fine for trying out. For a shop provide the systemd credential outpost-kek and enrol anew.",
        )
    else:
        yield ok("Vault", f"It is sealed by {SOURCES[vault.source]}.")
    if signer is None:
        yield fail("Signing key", "It is not in the vault: records are written unsigned.", ACTIVATE)
    if pepper is None:
        yield fail("Store secret", "It is not in the vault: nobody can sign in.", ACTIVATE)


def secret_service_of(home: RegisterHome) -> str:
    """The name that register.toml gives the vault's key; a wrong file was told already."""
    try:
        return load_config(home.config_file).register.secret_service
    except ConfigError:
        return ""


def check_journal(home: RegisterHome, enrolment: Enrolment) -> Iterator[Finding]:
    """The precious half of the offline database: settings of the file, chain of the newest records, what waits."""
    if not home.journal_file.exists():
        yield note("Journal", "There is none yet: it is made when the register starts for the first time.")
        return
    try:
        with closing(open_reader(home.journal_file)) as db:
            yield from check_journal_file(db, enrolment)
    except (DatabaseTrouble, sqlite3.Error) as error:
        yield fail(
            "Journal", f"It cannot be read: {error}", "Export it (outpost journal export) and call for help."
        )


def check_journal_file(db: sqlite3.Connection, enrolment: Enrolment) -> Iterator[Finding]:
    """The same with the file open."""
    mode = db.execute("pragma journal_mode").fetchone()[0]
    if mode != "wal":
        yield fail(
            "Journal",
            f"SQLite keeps it in mode {mode}, not WAL.",
            "Call for help: somebody changed the file.",
        )
    try:
        checked = check_records(db, enrolment.identity(), TAIL_RECORDS)
    except (ChainBroken, HeadMismatch) as error:
        yield fail(
            "Journal", f"The chain is broken: {error}.", "Run `outpost journal verify` and call for help."
        )
        return
    yield ok("Journal", f"The newest {checked:,} records hold: chain and signatures.")
    waiting = counts(db, enrolment.identity())
    if waiting.pending_records:
        yield note("Upload", f"{waiting.pending_records:,} records wait for the server.")


def check_catalog(home: RegisterHome) -> Iterator[Finding]:
    """The replaceable half: there, undamaged, young, with staff in it."""
    keeper = CatalogKeeper(home.path, lambda: time.time_ns() // 1_000_000)
    version = keeper.load()
    if version is None:
        yield fail(
            "Catalog",
            "The offline database has no catalog: items, prices and staff are missing.",
            "Start the register while the server can be reached; the first sign-in fetches it, later it comes unasked.",
        )
        return
    if keeper.sentence:
        yield warn("Catalog", keeper.sentence, "Start the register while the server can be reached.")
    yield check_age(version)
    try:
        with closing(OfflineCatalog(version.path)) as catalog:
            rows = {row.name: row.rows for row in catalog.data_sets()}
            catalog.policy()
    except (DatabaseTrouble, PolicyRefused) as error:
        yield fail("Catalog", f"It cannot be used: {error}", "Ask headquarters for a new package.")
        return
    missing = [name for name in ("item", "tax", "staff", "setting") if not rows.get(name)]
    if missing:
        yield fail("Catalog", f"It lacks {', '.join(missing)}.", "Ask headquarters for a complete package.")


def check_age(version: CatalogVersion) -> Finding:
    """Old prices are sold at, and nothing stops that; so somebody must be told."""
    days = (time.time_ns() // 1_000_000 - version.created_ms) / DAY_MS
    text = f"{version.name}, {version.rows:,} rows, {days:.0f} days old, undamaged"
    if days > OLD_CATALOG_DAYS:
        return warn(
            "Catalog", f"{text}.", "Let the register reach the server, so that prices are up to date."
        )
    return ok("Catalog", f"{text}.")

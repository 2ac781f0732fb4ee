"""Enrolment: how a machine becomes a register, and what it knows of itself ever after.

The signing key is made here and never leaves; the server answers with identity, epoch, series, root key, its own key
and the store's pepper. Secrets go into the vault, facts into `enrolment.json`. A lost answer is no trouble: the key
that was sent waits in the vault, and the same code with the same key gets the same answer.
"""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Protocol

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from store.database.errors import DatabaseTrouble
from store.database.sqlite import open_reader
from store.database.vault import OutpostVault, replace_file
from store.exchange.identity import series_of
from store.exchange.messages import EnrolmentAnswer, EnrolmentRequest, enrolment_text
from store.exchange.record import key_id_of, public_bytes, sign
from store.register.journal.entry import JournalIdentity, SignerUnavailable
from store.register.journal.reads import HeadMismatch, counts, read_head

ENROLMENT_NAME = "enrolment.json"
REQUEST_S = 20.0
_WAITING_KEY = "device-key.waiting"
_KEY_BYTES = 32


class ActivationRefused(Exception):
    """The register is not enrolled; `sentence` says why and what to do."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class Enrolment(msgspec.Struct, frozen=True, kw_only=True):
    """Who this register is; nothing in it is secret. Keys are hexadecimal."""

    register: str
    store: str
    store_name: str
    epoch: int
    series: str
    public_key: str
    root_key: str
    server_key: str
    server_url: str
    insecure: bool = False
    enrolled_ms: int = 0
    ca_sha256: str = ""
    """SHA-256 of the authority that its servers are trusted by; empty for those of the system."""

    def identity(self) -> JournalIdentity:
        """What the journal needs of it."""
        return JournalIdentity(
            register=self.register,
            store=self.store,
            epoch=self.epoch,
            series=self.series,
            public_key=bytes.fromhex(self.public_key),
        )


class DeviceSigner:
    """The register's key, out of the vault. It signs records (`sign`) and, as `key`, requests."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self.key = key
        self._key_id = key_id_of(public_bytes(key))

    @property
    def key_id(self) -> str:
        """Short name of the key, stored with every record."""
        return self._key_id

    def sign(self, record_hash: bytes) -> bytes:
        """The signature over a record's hash."""
        try:
            return sign(self.key, record_hash)
        except ValueError as error:
            raise SignerUnavailable(str(error)) from error


class EnrolmentCalls(Protocol):
    """What enrolment asks of the gateway's client; raises GatewayError."""

    async def enrol(self, request: EnrolmentRequest, *, deadline_s: float) -> EnrolmentAnswer:
        """Exchange a one-time code for an identity."""
        ...


async def enrol(
    client: EnrolmentCalls,
    code: str,
    vault: OutpostVault,
    home: Path,
    *,
    server_url: str,
    wall_ms: int,
    token: Callable[[int], bytes],
    ca_sha256: str = "",
    exported: Path | None = None,
) -> Enrolment:
    """Make a key, exchange the code, keep secrets and facts; answers who this register is now.

    Raises ActivationRefused while records wait that no `exported` file holds, or when the answer makes no sense,
    GatewayError, VaultError.
    """
    old = load_enrolment(home)
    if old is not None:
        refuse_while_records_wait(home / "journal.db", old, exported)
    waiting = vault.secret(_WAITING_KEY)
    if waiting is None:
        waiting = token(_KEY_BYTES)
        vault.put_secret(_WAITING_KEY, waiting)
    key = Ed25519PrivateKey.from_private_bytes(waiting)
    public_key = public_bytes(key).hex()
    proof = key.sign(enrolment_text(code, public_key)).hex()
    answer = await client.enrol(
        EnrolmentRequest(code=code, public_key=public_key, proof=proof, insecure=vault.insecure),
        deadline_s=REQUEST_S,
    )
    _check(answer, old)
    vault.put_secret(_key_name(answer.series), waiting)
    vault.put_secret(_pepper_name(answer.series), bytes.fromhex(answer.pepper))
    enrolment = _facts(answer, public_key, server_url, vault.insecure, wall_ms, ca_sha256)
    replace_file(home / ENROLMENT_NAME, msgspec.json.format(msgspec.json.encode(enrolment)))
    vault.forget(_WAITING_KEY)
    return enrolment


def _facts(
    answer: EnrolmentAnswer, public_key: str, server_url: str, insecure: bool, wall_ms: int, ca_sha256: str
) -> Enrolment:
    return Enrolment(
        register=answer.register,
        store=answer.store,
        store_name=answer.store_name,
        epoch=answer.epoch,
        series=answer.series,
        public_key=public_key,
        root_key=answer.root_key,
        server_key=answer.server_key,
        server_url=server_url,
        insecure=insecure,
        enrolled_ms=wall_ms,
        ca_sha256=ca_sha256,
    )


def load_enrolment(home: Path) -> Enrolment | None:
    """Who this register is; None before activation. Raises ActivationRefused when the file is damaged."""
    path = home / ENROLMENT_NAME
    try:
        return msgspec.json.decode(path.read_bytes(), type=Enrolment)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError) as error:
        raise ActivationRefused(
            f"{path} cannot be read ({error}); enrol the register anew with `outpost activate`."
        ) from error


def load_signer(vault: OutpostVault, enrolment: Enrolment) -> DeviceSigner | None:
    """The register's key; None when the vault does not hold the one that was enrolled. Raises VaultError."""
    secret = vault.secret(_key_name(enrolment.series))
    if secret is None or len(secret) != _KEY_BYTES:
        return None
    signer = DeviceSigner(Ed25519PrivateKey.from_private_bytes(secret))
    return signer if public_bytes(signer.key).hex() == enrolment.public_key else None


def load_pepper(vault: OutpostVault, enrolment: Enrolment) -> bytes | None:
    """The store's pepper for PINs; None when the vault does not hold it. Raises VaultError."""
    return vault.secret(_pepper_name(enrolment.series))


def refuse_while_records_wait(journal: Path, enrolment: Enrolment, exported: Path | None = None) -> None:
    """Raise ActivationRefused when the journal holds records that are neither at the server nor in an export.

    An export counts when it verifies and ends where the series ends.
    """
    if not journal.exists():
        return
    try:
        with closing(open_reader(journal)) as connection:
            waiting = counts(connection, enrolment.identity()).pending_records
            head = read_head(connection, enrolment.identity())
    except (DatabaseTrouble, HeadMismatch, sqlite3.Error) as error:
        raise ActivationRefused(
            f"The journal cannot be read ({error}), so it is not known whether records wait; export it first."
        ) from error
    if waiting and exported is not None:
        _check_export(exported, enrolment.series, head.hash.hex())
    elif waiting:
        raise ActivationRefused(
            f"{waiting} records of {enrolment.series} are not at the server yet; let the register send them, "
            "then activate again. If they can never be sent, write them into a file (outpost journal export) and "
            "activate with --exported FILE."
        )


def _check_export(path: Path, series: str, head: str) -> None:
    """Raise ActivationRefused unless a file is a sound export of the whole series; raises OSError."""
    from store.register.verification.verify import verify_file  # large, and a register is enrolled once

    report = verify_file(path)
    if report.first_bad is not None:
        raise ActivationRefused(
            f"{path} is no sound export: {report.first_bad.reason}. Export the journal again."
        )
    with path.open("rb") as stream:
        facts = msgspec.json.decode(stream.readline())
    if not isinstance(facts, dict) or (facts.get("series"), facts.get("head")) != (series, head):
        raise ActivationRefused(
            f"{path} does not hold {series} up to its last record; end the register and export the journal again."
        )


def _check(answer: EnrolmentAnswer, old: Enrolment | None) -> None:
    keys = {"root key": answer.root_key, "server key": answer.server_key, "pepper": answer.pepper}
    for name, text in keys.items():
        try:
            size = len(bytes.fromhex(text))
        except ValueError:
            size = 0
        if size != _KEY_BYTES:
            raise ActivationRefused(
                f"The server's answer holds no usable {name}; update the server, then try again."
            )
    if answer.series != series_of(answer.register, answer.epoch):
        raise ActivationRefused("The server's answer names a series that is not this register's.")
    if old is not None and old.register == answer.register and answer.epoch <= old.epoch:
        raise ActivationRefused("The server's answer names an epoch that was used before.")


def _key_name(series: str) -> str:
    return f"device-key.{series}"


def _pepper_name(series: str) -> str:
    return f"store-pepper.{series}"

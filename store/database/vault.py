"""The vault: where keys and peppers lie, as a keyring backend of our own that is chosen explicitly.

One small file, each entry sealed by itself (ChaCha20-Poly1305, name and version as associated data), replaced as one
step, readable by its owner only. The key that seals it comes from the first of these that applies, never from
keyring's own choice, which may prompt or pick a plain-text file:

1. `$CREDENTIALS_DIRECTORY/outpost-kek` (systemd's LoadCredentialEncrypted=): 32 bytes, raw or as 64 hexadecimal digits
2. the Secret Service of a desktop, under the name that the configuration gives it, after a test
3. a passphrase that the caller asked for (argon2id)
4. a throw-away key beside the vault, only where the caller allows it; the vault then calls itself insecure

VaultError
 ├─ NoVaultKey     no source applies, or the vault was sealed by another one: nothing is opened or made
 ├─ WrongVaultKey  the key does not fit the vault
 └─ VaultDamaged   the file, or an entry, is not what was written
"""

import base64
import contextlib
import hashlib
import os
import resource
from collections.abc import Mapping
from pathlib import Path

import keyring
import keyring.errors
import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from keyring.backend import KeyringBackend

from store.database.lock import FileLock
from store.database.secret_service import SecretServiceUnusable, service_key
from store.database.vault_sources import NO_SOURCES, VAULT_NAME, VaultSources

__all__ = ["INSECURE_KEY_NAME", "VAULT_NAME", "OutpostVault", "VaultError", "open_vault", "replace_file"]

INSECURE_KEY_NAME = "vault.insecure-key"
CREDENTIAL_NAME = "outpost-kek"
SERVICE = "outpost"
"""The keyring service under which Outpost's own secrets lie."""

_KEY_BYTES = 32
_NONCE_BYTES = 12
_FORMAT = 1
_CHECK = "outpost vault"
# 64 MiB, three passes: 150 ms on a fast machine, once per start.
_ARGON_TIME, _ARGON_MEMORY_KIB, _ARGON_LANES = 3, 65_536, 4
_LOCK_WAIT_S = 2.0


class VaultError(Exception):
    """Root; `sentence` says cause and cure."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class NoVaultKey(VaultError):
    """No source of a key applies."""


class WrongVaultKey(VaultError):
    """The key does not open this vault."""


class VaultDamaged(VaultError):
    """The vault is not what was written."""


class _Sealed(msgspec.Struct, frozen=True, kw_only=True):
    version: int
    nonce: bytes
    data: bytes


class _File(msgspec.Struct, frozen=True, kw_only=True):
    format: int
    source: str
    salt: bytes = b""
    check: _Sealed
    entries: dict[str, _Sealed] = {}


class _Key(msgspec.Struct, frozen=True, kw_only=True):
    source: str
    """`credential`, `secret-service`, `passphrase` or `insecure`."""
    secret: bytes
    salt: bytes = b""


class OutpostVault(KeyringBackend):
    """The opened vault. Besides keyring's own methods it keeps secrets as bytes: `secret`, `put_secret`, `forget`."""

    priority = -1.0
    """Never chosen by keyring itself: it is opened and set explicitly."""

    def __init__(self, path: Path, key: bytes, source: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.path = path
        self.source = source
        self._cipher = ChaCha20Poly1305(key)

    @property
    def insecure(self) -> bool:
        """Whether the key lies beside the vault, so that whoever has the disk has the secrets."""
        return self.source == "insecure"

    def secret(self, name: str) -> bytes | None:
        """A secret of Outpost's, None when it was never put; raises VaultError."""
        text = self.get_password(SERVICE, name)
        return None if text is None else base64.b64decode(text)

    def put_secret(self, name: str, value: bytes) -> None:
        """Keep a secret, durable when this returns; raises VaultError."""
        self.set_password(SERVICE, name, base64.b64encode(value).decode())

    def forget(self, name: str) -> None:
        """Remove a secret; one that is not there is forgotten already."""
        with contextlib.suppress(keyring.errors.PasswordDeleteError):
            self.delete_password(SERVICE, name)

    def get_password(self, service: str, username: str) -> str | None:
        """Keyring's method: the text kept under service and name, or None; raises VaultError."""
        sealed = _read(self.path).entries.get(_entry(service, username))
        if sealed is None:
            return None
        return _unseal(self._cipher, _entry(service, username), sealed).decode()

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keyring's method: keep a text under service and name; raises VaultError."""
        name = _entry(service, username)
        with _lock(self.path):
            file = _read(self.path)
            old = file.entries.get(name)
            version = 1 if old is None else old.version + 1
            sealed = _seal(self._cipher, name, version, password.encode())
            _write(self.path, msgspec.structs.replace(file, entries={**file.entries, name: sealed}))

    def delete_password(self, service: str, username: str) -> None:
        """Keyring's method: remove an entry; raises PasswordDeleteError when there is none."""
        name = _entry(service, username)
        with _lock(self.path):
            file = _read(self.path)
            if name not in file.entries:
                raise keyring.errors.PasswordDeleteError(f"There is no entry {name}.")
            entries = {key: value for key, value in file.entries.items() if key != name}
            _write(self.path, msgspec.structs.replace(file, entries=entries))


def open_vault(
    home: Path,
    allow_insecure: bool,
    *,
    passphrase: str | None = None,
    sources: VaultSources = NO_SOURCES,
    environment: Mapping[str, str] | None = None,
) -> OutpostVault:
    """Open the vault of a home, or make it, and make it the process's keyring.

    Raises NoVaultKey when no source of a key applies, WrongVaultKey, VaultDamaged.
    """
    if passphrase is not None:
        sources = VaultSources(lambda: passphrase, sources.secret_service)
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = home / VAULT_NAME
    with _lock(path):
        file = _read(path) if path.exists() else None
        key = _find_key(
            home, file, allow_insecure, sources, os.environ if environment is None else environment
        )
        vault = OutpostVault(path, key.secret, key.source)
        if file is None:
            check = _seal(vault._cipher, _CHECK, 1, _CHECK.encode())
            _write(path, _File(format=_FORMAT, source=key.source, salt=key.salt, check=check))
        else:
            _try_key(vault._cipher, file)
    _keep_out_of_dumps()
    keyring.set_keyring(vault)
    if type(keyring.get_keyring()) is not OutpostVault:
        raise VaultError("Another keyring took the place of the vault; remove its configuration.")
    return vault


def _keep_out_of_dumps() -> None:
    """No core dump of a process with secrets: 1 byte also stops one into a collecting program, which 0 does not."""
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    most = 1 if hard == resource.RLIM_INFINITY else min(hard, 1)
    resource.setrlimit(resource.RLIMIT_CORE, (most, most))


def _find_key(
    home: Path,
    file: _File | None,
    allow_insecure: bool,
    sources: VaultSources,
    environment: Mapping[str, str],
) -> _Key:
    wanted = None if file is None else file.source
    folder = environment.get("CREDENTIALS_DIRECTORY")
    if folder and wanted in (None, "credential"):
        credential = Path(folder) / CREDENTIAL_NAME
        if credential.exists():
            return _Key(source="credential", secret=_credential(credential))
    if sources.secret_service and wanted in (None, "secret-service"):
        return _Key(source="secret-service", secret=_from_service(sources.secret_service, make=file is None))
    passphrase = sources.passphrase() if wanted in (None, "passphrase") else None
    if passphrase is not None:
        salt = os.urandom(16) if file is None else file.salt
        return _Key(source="passphrase", secret=_stretched(passphrase, salt), salt=salt)
    if allow_insecure and wanted in (None, "insecure"):
        return _Key(source="insecure", secret=_throw_away_key(home / INSECURE_KEY_NAME, make=file is None))
    raise NoVaultKey(_no_key_sentence(wanted))


def _from_service(name: str, *, make: bool) -> bytes:
    try:
        return service_key(name, _KEY_BYTES, make=make)
    except SecretServiceUnusable as error:
        raise NoVaultKey(f"{error} Nothing was stored.") from error


def _no_key_sentence(wanted: str | None) -> str:
    credential = f"the systemd credential {CREDENTIAL_NAME} (LoadCredentialEncrypted=)"
    match wanted:
        case "credential":
            return f"The vault was sealed with {credential}, which is not there; start the unit that provides it."
        case "passphrase":
            return (
                "The vault was sealed with a passphrase; start at a terminal, which asks for it, or give "
                "--passphrase-file or --passphrase-fd."
            )
        case "secret-service":
            return (
                "The vault's key lies in the Secret Service; name it (secret_service, or --secret-service)."
            )
        case "insecure":
            return "The vault is a throw-away one and calls itself insecure; it is only used where that is allowed."
        case _:
            return (
                f"There is no key for a vault: provide {credential}, or a passphrase (--ask-passphrase, "
                "--passphrase-file). Nothing was stored."
            )


def _credential(path: Path) -> bytes:
    raw = path.read_bytes()
    if len(raw) == _KEY_BYTES:
        return raw
    try:
        key = bytes.fromhex(raw.decode("ascii").strip())
    except ValueError:
        key = b""
    if len(key) != _KEY_BYTES:
        raise NoVaultKey(f"The credential {path} must hold 32 bytes, or 64 hexadecimal digits.")
    return key


def _stretched(passphrase: str, salt: bytes) -> bytes:
    from argon2.low_level import Type, hash_secret_raw  # only a passphrase needs it

    return hash_secret_raw(
        passphrase.encode(), salt, _ARGON_TIME, _ARGON_MEMORY_KIB, _ARGON_LANES, _KEY_BYTES, Type.ID
    )


def _throw_away_key(path: Path, *, make: bool) -> bytes:
    if make and not path.exists():
        replace_file(path, os.urandom(_KEY_BYTES))
    try:
        secret = path.read_bytes()
    except FileNotFoundError as error:
        raise NoVaultKey(
            f"The key {path} of the throw-away vault is gone; enrol the register anew."
        ) from error
    if len(secret) != _KEY_BYTES:
        raise WrongVaultKey(f"The key {path} of the throw-away vault is damaged; enrol the register anew.")
    return secret


def _try_key(cipher: ChaCha20Poly1305, file: _File) -> None:
    try:
        _unseal(cipher, _CHECK, file.check)
    except VaultDamaged as error:
        raise WrongVaultKey("The key does not open this vault; nothing was changed.") from error


def _entry(service: str, username: str) -> str:
    return f"{service}/{username}"


def _associated(name: str, version: int) -> bytes:
    return f"outpost/vault/v1\0{name}\0{version}".encode()


def _seal(cipher: ChaCha20Poly1305, name: str, version: int, value: bytes) -> _Sealed:
    nonce = os.urandom(_NONCE_BYTES)
    data = cipher.encrypt(nonce, value, _associated(name, version))
    return _Sealed(version=version, nonce=nonce, data=data)


def _unseal(cipher: ChaCha20Poly1305, name: str, sealed: _Sealed) -> bytes:
    try:
        return cipher.decrypt(sealed.nonce, sealed.data, _associated(name, sealed.version))
    except (InvalidTag, ValueError) as error:
        digest = hashlib.sha256(name.encode()).hexdigest()[:8]
        raise VaultDamaged(f"The vault's entry {digest} was changed; enrol the register anew.") from error


def _lock(path: Path) -> FileLock:
    return FileLock(path.with_name(path.name + ".lock"), wait_s=_LOCK_WAIT_S)


def _read(path: Path) -> _File:
    try:
        file = msgspec.json.decode(path.read_bytes(), type=_File)
    except (OSError, msgspec.DecodeError) as error:
        raise VaultDamaged(f"The vault {path} cannot be read ({error}); enrol the register anew.") from error
    if file.format != _FORMAT:
        raise VaultDamaged(f"The vault {path} was written by a newer version of the program; start that one.")
    return file


def _write(path: Path, file: _File) -> None:
    replace_file(path, msgspec.json.format(msgspec.json.encode(file)))


def replace_file(path: Path, data: bytes) -> None:
    """Put a file in its place as one step, readable by its owner only, durable when this returns."""
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(descriptor)
    fresh.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)

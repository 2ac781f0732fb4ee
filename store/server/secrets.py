"""The server's secrets: its signing key and the pepper of each store, kept in a keyring of our own choice."""

from pathlib import Path
from typing import Protocol

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from store.database.vault import VaultError, open_vault
from store.database.vault_sources import NO_SOURCES, VaultSources
from store.exchange.record import public_bytes
from store.service.errors import ServiceTrouble

_SERVICE = "outpost-server"
_KEY_NAME = "signing-key"
_TLS_KEY_NAME = "tls-key"


class Keyring(Protocol):
    """The part of a keyring backend that is used."""

    def get_password(self, service: str, username: str) -> str | None:
        """A secret, or None."""
        ...

    def set_password(self, service: str, username: str, password: str) -> None:
        """Store a secret durably."""
        ...


class ServerSecrets(msgspec.Struct, frozen=True, kw_only=True):
    """The signing key, and the keyring that knows the peppers."""

    key: Ed25519PrivateKey
    keyring: Keyring

    @property
    def public_key(self) -> bytes:
        """The public half of the signing key (32 bytes)."""
        return public_bytes(self.key)

    def tls_key(self) -> bytes | None:
        """The private key of the server's certificate (PEM), or None when there is none yet."""
        text = self.keyring.get_password(_SERVICE, _TLS_KEY_NAME)
        return None if text is None else text.encode("ascii")

    def keep_tls_key(self, key: bytes) -> None:
        """Store the private key of the server's certificate."""
        self.keyring.set_password(_SERVICE, _TLS_KEY_NAME, key.decode("ascii"))

    def pepper(self, store: str) -> bytes | None:
        """The pepper of a store, or None when there is none yet."""
        text = self.keyring.get_password(_SERVICE, f"pepper:{store}")
        return None if text is None else bytes.fromhex(text)

    def keep_pepper(self, store: str, pepper: bytes) -> None:
        """Store the pepper of a store."""
        self.keyring.set_password(_SERVICE, f"pepper:{store}", pepper.hex())


def load_secrets(keyring: Keyring) -> ServerSecrets:
    """The secrets of a keyring; the signing key is made when there is none yet."""
    text = keyring.get_password(_SERVICE, _KEY_NAME)
    if text is None:
        key = Ed25519PrivateKey.generate()
        keyring.set_password(_SERVICE, _KEY_NAME, key.private_bytes_raw().hex())
    else:
        key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(text))
    return ServerSecrets(key=key, keyring=keyring)


def open_secrets(home: Path, *, allow_insecure: bool, sources: VaultSources = NO_SOURCES) -> ServerSecrets:
    """The secrets in the vault of a home; raises ServiceTrouble."""
    try:
        return load_secrets(open_vault(home, allow_insecure, sources=sources))
    except VaultError as error:
        raise ServiceTrouble(str(error)) from error

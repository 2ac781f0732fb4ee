"""Headquarters' secrets: the root key, the key that signs packages, and the PIN secret (pepper) of each store.

All of them lie in the vault of its home and are read once. Functions that make one write to the vault and block for
some milliseconds: call them in a thread.
"""

import os
import threading
import time
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from store.database.vault import OutpostVault, VaultError, open_vault
from store.database.vault_sources import NO_SOURCES, VaultSources
from store.exchange.record import public_bytes
from store.headquarters.authority import Authority, new_authority
from store.service.errors import ServiceTrouble

PEPPER_BYTES = 32
_ROOT, _PACKAGE = "hq-root-key", "hq-package-key"
_AUTHORITY_KEY, _AUTHORITY = "hq-authority-key", "hq-authority"


class HeadquartersSecrets:
    """The keys, and the peppers as they are asked for."""

    def __init__(self, vault: OutpostVault) -> None:
        self._vault = vault
        self._peppers: dict[str, bytes] = {}
        self._making = threading.Lock()
        self.root_key = self._key(_ROOT)
        self.package_key = self._key(_PACKAGE)
        self.authority = self._authority()
        """The certificate authority that servers and registers trust."""

    @property
    def root_public(self) -> bytes:
        """What registers trust: the public half of the root key (32 bytes)."""
        return public_bytes(self.root_key)

    @property
    def insecure(self) -> bool:
        """Whether the vault is a throw-away one."""
        return self._vault.insecure

    def pepper(self, store: str) -> bytes:
        """The pepper kept under a store's number, made when there is none yet; raises VaultError.

        Which store's pepper a store uses is in its set-up (`pepper_store`).
        """
        with self._making:
            if store not in self._peppers:
                self._peppers[store] = self._secret(f"hq-pepper:{store}", PEPPER_BYTES)
            return self._peppers[store]

    def rotate_package_key(self) -> None:
        """A new key signs packages from now on; raises VaultError, and then the old one stays."""
        fresh = os.urandom(32)
        self._vault.put_secret(_PACKAGE, fresh)
        self.package_key = Ed25519PrivateKey.from_private_bytes(fresh)

    def _authority(self) -> Authority:
        certificate, key = self._vault.secret(_AUTHORITY), self._vault.secret(_AUTHORITY_KEY)
        if certificate is None or key is None:  # the certificate is written last: with it the pair is whole
            key, text = new_authority(time.time_ns() // 1_000_000)
            certificate = text.encode()
            self._vault.put_secret(_AUTHORITY_KEY, key)
            self._vault.put_secret(_AUTHORITY, certificate)
        return Authority(key, certificate.decode())

    def _key(self, name: str) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self._secret(name, 32))

    def _secret(self, name: str, size: int) -> bytes:
        secret = self._vault.secret(name)
        if secret is None:
            secret = os.urandom(size)
            self._vault.put_secret(name, secret)
        return secret


def open_secrets(
    home: Path, *, allow_insecure: bool, sources: VaultSources = NO_SOURCES
) -> HeadquartersSecrets:
    """The secrets in the vault of a home; raises ServiceTrouble."""
    try:
        return HeadquartersSecrets(open_vault(home, allow_insecure, sources=sources))
    except VaultError as error:
        raise ServiceTrouble(str(error)) from error

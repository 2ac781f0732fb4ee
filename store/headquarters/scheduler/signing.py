"""Who signs packages: a package key that the root key vouches for (docs/packages.md).

Registers and servers trust the root key alone, which they got at their enrolment, so the package key can be replaced
at any time: packages after that carry the new list, and those before stay valid by the list they carry.
"""

from store.exchange.package_header import SignedKeyList, endorse_keys
from store.exchange.record import key_id_of, public_bytes
from store.headquarters.secrets import HeadquartersSecrets


def key_list(secrets: HeadquartersSecrets, issued_ms: int) -> SignedKeyList:
    """The list of the package keys in force (one), signed by the root key; registers take no older one after it."""
    return endorse_keys(secrets.root_key, (public_bytes(secrets.package_key),), issued_ms=issued_ms)


def package_key_id(secrets: HeadquartersSecrets) -> str:
    """The short name of the key that signs packages now, as their manifests carry it."""
    return key_id_of(public_bytes(secrets.package_key))

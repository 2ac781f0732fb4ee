"""Catalog files of given tables, made by the code that makes real ones."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from store.exchange.package import Package, build_package, endorse_keys
from store.exchange.record import public_bytes
from store.register.catalog.apply import Applied, apply_chain

ROOT = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PACKAGE_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
KEYS = endorse_keys(ROOT, (public_bytes(PACKAGE_KEY),), issued_ms=1)


def build_catalog(tables, path, *, seq=1, created_ms=0, applied_ms=0, **facts) -> Applied:
    package = build_package(tables, seq=seq, created_ms=created_ms, key=PACKAGE_KEY, keys=KEYS, **facts)
    return apply_package(package, path, applied_ms=applied_ms)


def apply_package(package: Package, path, *, base=None, support_offline=True, applied_ms=0) -> Applied:
    return apply_chain(
        [package.header],
        package.fetch,
        path,
        base=base,
        support_offline=support_offline,
        applied_ms=applied_ms,
    )

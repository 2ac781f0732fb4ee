"""What a register has accepted before, so that nothing older is ever played back to it. Pure (docs/packages.md).

One number per package key: a stolen key that signed an enormous number must not lock out its successor. And the date
of the newest key list: a withdrawn key does not come back with the list that still named it.
"""

import msgspec

from store.exchange.package_header import PackageHeader
from store.register.catalog.errors import RolledBack


class Ratchet(msgspec.Struct, frozen=True, kw_only=True):
    """The highest package number accepted per key id, and when the newest key list was issued (wall ms)."""

    highest: dict[str, int] = {}
    keys_issued_ms: int = 0

    def check(self, last: PackageHeader, *, again: bool) -> None:
        """Whether a chain that ends with this package leads forward; raises RolledBack.

        `again` allows the newest number once more: its catalog was lost, or is wanted with other tables.
        """
        seq, highest = last.manifest.package_seq, self.highest.get(last.manifest.key_id, 0)
        if last.key_list.issued_ms < self.keys_issued_ms:
            raise RolledBack(
                f"The data package {seq} comes with an older list of keys than was here already; it was not used."
            )
        if seq < highest or (seq == highest and not again):
            raise RolledBack(f"The data package {seq} is not newer than {highest}, which was here already.")

    def raised(self, last: PackageHeader) -> "Ratchet":
        """After such a chain was verified to its last byte; never before."""
        manifest = last.manifest
        highest = max(self.highest.get(manifest.key_id, 0), manifest.package_seq)
        return Ratchet(
            highest={**self.highest, manifest.key_id: highest},
            keys_issued_ms=max(self.keys_issued_ms, last.key_list.issued_ms),
        )

    def in_force(self, newest_key_id: str) -> int:
        """The highest number accepted of that key."""
        return self.highest.get(newest_key_id, 0)

"""How much the next upload may carry: halved by a server that finds it too large, grown again while all is well.

Where more waits than one batch holds, a request grows to several batches, but only at a server that takes them quickly:
on a slow line a large request would stand in the way of a cashier's look-ups.
"""

from store.exchange.messages import MAX_BATCH_BYTES, MAX_BATCH_RECORDS, MAX_BULK_BYTES, MAX_BULK_RECORDS
from store.gateway.profile import OfflineProfile

QUICK_S = 1.0
"""A request that took longer is not followed by a larger one than an ordinary batch."""
BULK_AGAIN_S = 600.0
"""After a refusal of more than a batch; a server of version 0.1 is replaced some day, and a busy one becomes idle."""


class BatchSize:
    """The size of one uploader's requests; times are monotonic seconds."""

    def __init__(self) -> None:
        self._records = MAX_BATCH_RECORDS
        self._bulk_from_s = 0.0

    def limits(self, profile: OfflineProfile, now_s: float) -> tuple[int, int]:
        """Most records and bytes of payload of the next request.

        A profile that makes batches smaller than they may be has its reasons: it gets no larger requests either.
        """
        records, size = profile.upload_batch_records, profile.upload_batch_bytes
        bulk = min(self._records, profile.upload_bulk_records)
        is_full = records == MAX_BATCH_RECORDS and size == MAX_BATCH_BYTES
        if is_full and bulk > MAX_BATCH_RECORDS and now_s >= self._bulk_from_s:
            return bulk, MAX_BULK_BYTES
        return min(self._records, records), size

    def taken(self, took_s: float) -> None:
        """The server took a request in that many seconds."""
        most = MAX_BULK_RECORDS if took_s <= QUICK_S else MAX_BATCH_RECORDS
        self._records = min(most, self._records * 2)

    def too_large(self, records: int, most_records: int, now_s: float) -> None:
        """The server found a request too large that had so many records, of so many that it might have had."""
        if most_records > MAX_BATCH_RECORDS:
            self._records, self._bulk_from_s = MAX_BATCH_RECORDS, now_s + BULK_AGAIN_S
        else:
            self._records = max(1, records // 2)

    def failed(self) -> None:
        """A request did not come through, for whatever reason."""
        self._records = min(self._records, MAX_BATCH_RECORDS)

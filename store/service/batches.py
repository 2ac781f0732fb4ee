"""What a service checks about a delivered batch before it looks into a record; server and headquarters alike."""

import base64
import hashlib
import hmac

from store.exchange.messages import MAX_BATCH_BYTES, MAX_BATCH_RECORDS, RecordBatch
from store.service.errors import ProblemError

DIGEST_HEADER = "Content-Digest"


def check_digest(said: str | None, body: bytes) -> None:
    """Raise ProblemError `digest-mismatch` when the body is not the one whose digest the header says (RFC 9530)."""
    found = "sha-256=:" + base64.b64encode(hashlib.sha256(body).digest()).decode() + ":"
    if said is not None and not hmac.compare_digest(said.strip(), found):
        raise ProblemError("digest-mismatch", "Send the batch again.")


def check_shape(
    batch: RecordBatch, most_records: int = MAX_BATCH_RECORDS, most_bytes: int = MAX_BATCH_BYTES
) -> None:
    """Raise ProblemError for an empty or too large batch, or one that does not bear the name of its last record."""
    if not batch.records or batch.batch != batch.records[-1].hash:
        raise ProblemError("bad-request", "A batch has records, and is named by the hash of the last one.")
    size = sum(len(record.payload.encode()) for record in batch.records)
    # A single record goes on whatever its size: halving cannot help it, and the accept stage says what is wrong.
    if len(batch.records) > most_records or (size > most_bytes and len(batch.records) > 1):
        raise ProblemError("too-large", f"Send at most {most_records} records and {most_bytes} bytes.")

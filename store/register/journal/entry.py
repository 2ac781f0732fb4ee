"""The values that go into and come out of the journal."""

from typing import Any, Protocol

import msgspec

from store.exchange.record import Record


class JournalIdentity(msgspec.Struct, frozen=True, kw_only=True):
    """Whose journal it is; given by the server at enrolment. `public_key` is the raw Ed25519 key (32 bytes)."""

    register: str
    store: str
    epoch: int
    series: str
    public_key: bytes


class SignerUnavailable(Exception):
    """The signing key cannot be used now; selling goes on, visibly degraded."""


class Signer(Protocol):
    """The register's signing key, wherever it lives."""

    @property
    def key_id(self) -> str:
        """Short name of the key, stored with every record."""
        ...

    def sign(self, record_hash: bytes) -> bytes:
        """The Ed25519 signature over a record's hash; raises SignerUnavailable."""
        ...


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """The open sale as the session wrote it, and per client the number of its last intent applied."""

    state_json: bytes
    clients: dict[str, int] = {}


class PrintJob(msgspec.Struct, frozen=True, kw_only=True):
    """A job that is born with its record. A receipt or report is rendered from the record when it is printed."""

    job_id: str
    kind: str
    """`receipt`, `drawer` or `report`."""
    document_kind: str = ""
    """What to render: `receipt`, `x_report`, `z_report`, `shift_open`, ...; empty for a drawer."""
    copy_no: int = 0
    """0 is the original; a later one is printed with COPY and this number."""
    reason: str = ""
    """Why the drawer opens or the copy is made."""
    source_txn_id: str = ""
    """For a copy: the `txn_id` of the record to render; empty means the record the job is committed with."""
    held: bool = False
    """It waits until somebody asks for the paper."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One record to be written. `body` holds the content; the journal adds the fields common to all records."""

    kind: str
    txn_id: str
    body: dict[str, Any]
    fiscal: bool = False
    """A fiscal record takes the next receipt number."""
    operator: str = ""
    operator_name: str = ""
    shift: int = 0
    shift_id: str = ""
    business_date: str = ""
    """ISO date set at shift open, never derived from the clock."""
    mode: str = ""
    """`online` or `offline` at the time of the commit."""
    catalog: str = ""
    """Version of the offline catalog in use."""
    print_jobs: tuple[PrintJob, ...] = ()
    draft: Draft | None = None
    """Replaces the stored draft in the same transaction."""


class Committed(msgspec.Struct, frozen=True, kw_only=True):
    """A record that is stored and synced. `repeated` says that the `txn_id` was there already."""

    record: Record
    payload: dict[str, Any]
    receipt_no: int | None
    fingerprint: str
    """Eight base32 characters of the record's hash, as printed on the receipt."""
    repeated: bool = False


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """The end of a series: `seq` 0 and the genesis hash when it is empty; `at_ms` is the last record's time."""

    series: str
    seq: int
    hash: bytes
    receipt_no: int
    at_ms: int
    transactions: int
    """How many of the records up to here count as transactions."""


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """What the server has not acknowledged yet."""

    pending_transactions: int
    pending_records: int


class UploadState(msgspec.Struct, frozen=True, kw_only=True):
    """How far the server has a series. `hold` is empty or the reason why nothing is sent."""

    series: str
    acked_seq: int = 0
    acked_hash: bytes = b""
    """Empty while nothing is acknowledged."""
    hold: str = ""
    hold_detail: str = ""
    attempts: int = 0
    next_at_ms: int = 0
    last_at_ms: int = 0
    last_result: str = ""
    archived_seq: int = 0
    """Up to here headquarters has the series, as it said last."""


class LinkEdge(msgspec.Struct, frozen=True, kw_only=True):
    """One change of the link, as 917 shows it."""

    at_ms: int
    link: str
    event: str
    reason: str


class Lockout(msgspec.Struct, frozen=True, kw_only=True):
    """Failed PIN attempts of one key (an operator's number, or `register`)."""

    key: str
    failures: int = 0
    locked_until_ms: int = 0


class JobRow(msgspec.Struct, frozen=True, kw_only=True):
    """A print job as it stands. `n` gives the order of the queue; times are wall milliseconds."""

    n: int
    job_id: str
    kind: str
    document_kind: str
    copy_no: int
    reason: str
    txn_id: str
    """The record to render."""
    state: str
    attempts: int
    next_at_ms: int
    detail: str
    created_ms: int
    updated_ms: int

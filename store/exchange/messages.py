"""What register and Retail Server say to each other over HTTP: paths, headers, bodies (docs/offline-protocol.md).

Bodies are JSON by msgspec; bytes travel as base64. Unknown fields are ignored on reading.
"""

import msgspec

from store.sale.offer import Offer

PROTOCOL_HEADER = "Outpost-Protocol"
PROTOCOL_VERSION = 1
BUDGET_HEADER = "Outpost-Budget-Ms"
"""Remaining milliseconds of the caller's patience, relative, so that no clocks need agree."""

REGISTER_HEADER = "Outpost-Register"
SERIES_HEADER = "Outpost-Series"
TIME_HEADER = "Outpost-Time"
"""Milliseconds since 1970 UTC at signing."""
NONCE_HEADER = "Outpost-Nonce"
SIGNATURE_HEADER = "Outpost-Signature"
"""Base64 of the Ed25519 signature over `request_text(...)`."""

PATH_HEALTH = "/health"
PATH_ITEM = "/items"
"""GET /items?key=gtin:04006381333931&key=sku:4711: the first key that matches; 404 problem `unknown-item`."""
PATH_SEARCH = "/search"
"""GET /search?text=milk&limit=20."""
PATH_HEAD = "/series/{series}/head"
PATH_RECORDS = "/series/{series}/records"
"""POST a batch of records."""
PATH_ENROLMENT = "/enrolments"

MAX_BATCH_RECORDS = 100
MAX_BATCH_BYTES = 262_144
MAX_BULK_RECORDS = 400
"""In one request of a register for which more waits than a batch holds; servers of version 0.1 refuse it."""
MAX_BULK_BYTES = 1_572_864
MAX_PAYLOAD_BYTES = 65_536


def request_text(
    method: str, path_and_query: str, body_sha256_hex: str, time_ms: int, nonce: str, series: str
) -> bytes:
    """The text a register signs for one request; binds method, path, body, time, nonce and series."""
    return "\n".join(
        ("outpost/request/v1", method, path_and_query, body_sha256_hex, str(time_ms), nonce, series)
    ).encode()


class WireItem(msgspec.Struct, frozen=True, kw_only=True):
    """An item as the server answers it; the same fields as `store.sale.item.Item`, and the key that matched."""

    sku: str
    name: str
    price: int
    unit: str = "pcs"
    tax: str = ""
    department: str = ""
    plu: str = ""
    open_price: bool = False
    weighed: bool = False
    blocked: str = ""
    detail: str | msgspec.UnsetType = msgspec.UNSET
    """`store.sale.detail.ItemDetail` as the package brought it: JSON, or empty. Version 0.1 says nothing."""
    matched: str = ""
    offers: tuple[Offer, ...] = ()
    """Discounts on it, whether they hold now or at another time; a search tells none."""


class WireSearch(msgspec.Struct, frozen=True, kw_only=True):
    """Answer to a search."""

    items: tuple[WireItem, ...]


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """Answer to `/health`: the server proved that it can commit. `time_ms` is its wall clock."""

    ok: bool
    time_ms: int
    version: str
    protocol: tuple[int, int] = (PROTOCOL_VERSION, PROTOCOL_VERSION)
    headquarters: str = ""
    """How the server stands with headquarters, as a sentence; empty without headquarters."""


class SeriesHead(msgspec.Struct, frozen=True, kw_only=True):
    """What the server has of a series: last `seq` (0 for none) and its hash in hex (the genesis hash for 0)."""

    series: str
    seq: int
    hash: str
    time_ms: int
    archived_seq: int = 0
    """Up to here headquarters has the series too; 0 without headquarters."""


class WireRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One journal record; `payload` is the exact canonical text, the rest hex."""

    seq: int
    payload: str
    prev: str
    hash: str
    signature: str
    key_id: str


class RecordBatch(msgspec.Struct, frozen=True, kw_only=True):
    """Contiguous records of one series; `batch` is the hash of the last one."""

    series: str
    batch: str
    records: tuple[WireRecord, ...]


class RecordAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one record.

    accepted, duplicate, flagged (accepted, but posting will look at it), fork, gap, rejected, fenced, or skipped
    (it came after one that was not taken).
    """

    seq: int
    outcome: str
    reason: str = ""


class BatchAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Cumulative acknowledgement after the server's commit; `signature` (hex) by the server over `ack_text`."""

    series: str
    acked_seq: int
    acked_hash: str
    time_ms: int
    records: tuple[RecordAnswer, ...] = ()
    expected: int = 0
    signature: str = ""


def ack_text(series: str, acked_seq: int, acked_hash: str, time_ms: int) -> bytes:
    """The text the server signs for an acknowledgement."""
    return "\n".join(("outpost/ack/v1", series, str(acked_seq), acked_hash, str(time_ms))).encode()


class EnrolmentRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A one-time code and the register's public key (hex); `proof` (hex) signs `enrolment_text(code, public_key)`."""

    code: str
    public_key: str
    proof: str
    insecure: bool = False
    """The register's vault is a throw-away one; only a server that allows it on loopback accepts that."""


def enrolment_text(code: str, public_key: str) -> bytes:
    """The text a register signs to prove that it holds the key it enrols."""
    return "\n".join(("outpost/enrolment/v1", code, public_key)).encode()


class EnrolmentAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What a register needs to live: identity, epoch, series, root key (hex), server key (hex), store pepper (hex)."""

    register: str
    store: str
    store_name: str
    epoch: int
    series: str
    root_key: str
    server_key: str
    pepper: str


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """RFC 9457 problem; `type` ends in a stable word (`unknown-item`, `fenced`, `fork`, `gap`, `too-old`, ...)."""

    type: str
    title: str
    status: int
    detail: str = ""

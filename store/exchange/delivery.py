"""What headquarters, Retail Server and register say to each other about packages, devices and registers.

Headquarters knows who should have what; a server fetches it, uses it and hands it on to its registers; both report
back. Bodies are JSON by msgspec, unknown fields are ignored on reading, everything may be sent twice.
"""

import msgspec

from store.exchange.messages import RecordBatch

SERVER_HEADER = "Outpost-Server"
"""Name of the Retail Server that signs a request to headquarters; time, nonce and signature headers as for registers,
`server_series(name)` stands where a register's series would."""

# --- at headquarters
PATH_SERVERS = "/servers"
"""POST a ServerRequest: 200 accepted, 202 an operator has to accept it first."""
PATH_FEED = "/servers/{name}/feed"
"""GET ?after=N&wait=S: a Feed; waits up to S seconds (at most 30) for something newer than N."""
PATH_SESSION_REPORTS = "/sessions/reports"
"""POST SessionReports."""
PATH_REDEEM = "/codes/redeem"
"""POST a CodeRequest: what a one-time code is good for; problem `bad-code`."""
PATH_DEVICE_REPORT = "/devices/reports"
"""POST an EnrolmentReport: a code was used."""
PATH_REGISTER_REPORTS = "/registers/reports"
"""POST RegisterReports; the same path at server (from the register itself) and headquarters (from the server)."""
PATH_SERIES = "/series/{series}"
"""PUT SeriesOpening, idempotent; then GET .../head and POST .../records as at the server."""

# --- at the server, for registers (headers and chunks: the same two paths at headquarters, for servers)
PATH_DOWNLOADS = "/downloads"
"""GET ?after=SEQ&reader=N: a Downloads."""
PATH_DOWNLOAD_REPORTS = "/downloads/reports"
"""POST SessionReports."""
PATH_PACKAGE_HEADER = "/packages/{package_seq}"
"""GET ?kind=full|delta: the signed header of a package in that form, exact bytes; without: the delta, if any."""
PATH_CHUNK = "/chunks/{sha256}"
"""GET: one chunk, exact bytes; immutable, Range works. Any static file server may hold `chunks/<sha256>`."""
PATH_STAFF = "/staff/{number}"
"""GET: WireStaff, the operator as the server knows it now; 404 problem `unknown-operator`."""
PATH_RECOVERY = "/recoveries"
"""POST a RecoveryRequest: records of a dead register, under a supervisor's grant."""
PATH_CERTIFICATES = "/certificates"
"""POST a CertificateRequest at headquarters, signed by a server: CertificateAnswer (`certificates`)."""
PATH_CERTIFICATE = "/certificate"
"""GET: the store's own certificate authority, PEM; trusted by its SHA-256 only."""

MAX_WAIT_S = 30


def server_series(name: str) -> str:
    """What stands for the series in the text that a server signs."""
    return f"server:{name}"


def server_text(name: str, public_key: str) -> bytes:
    """The text a server signs to prove that it holds the key it brings."""
    return "\n".join(("outpost/server/v1", name, public_key)).encode()


class ServerRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A Retail Server makes itself known: name, public key (hex) and the proof (hex) over `server_text`."""

    name: str
    public_key: str
    proof: str
    version: str
    insecure: bool = False


class ServerAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Whether headquarters works with this server."""

    name: str
    accepted: bool
    detail: str = ""


class StoreEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A store that a server serves; keys in hex."""

    store: str
    name: str
    data_group: str
    root_key: str
    pepper: str


class RegisterEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A register as headquarters wants it. `device` is Pending, Activated, Deactivated or Disabled."""

    register: str
    store: str
    data_group: str
    support_offline: bool
    device: str
    paused: bool = False
    """Its offline profile pauses synchronisation."""
    epoch: int = 0
    """Of its newest series, with the facts below, for a server whose database was restored; 0 when not told."""
    public_key: str = ""
    insecure: bool = False
    opened_ms: int = 0


class Directory(msgspec.Struct, frozen=True, kw_only=True):
    """Who exists; always complete for the asking server."""

    stores: tuple[StoreEntry, ...]
    registers: tuple[RegisterEntry, ...]
    grants: tuple["GrantEntry", ...] = ()


class GrantEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A supervisor's permission to bring in the records of a dead register's series; the code as its hash."""

    series: str
    store: str
    code_hash: str
    expires_ms: int


class PackageEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A package that a data group should have. `size` is the sum of its stored chunks and its header in bytes."""

    data_group: str
    store: str
    package_seq: int
    base_seq: int
    kind: str
    job: str
    size: int
    header_sha256: str
    created_ms: int
    canceled: bool = False


class SessionEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A download session: one package for one channel database (`register` is empty for the store's own)."""

    session: int
    database: str
    register: str
    data_group: str
    package_seq: int
    status: str


class UploadEntry(msgspec.Struct, frozen=True, kw_only=True):
    """An upload session of P-0001 that waits for the server to deliver what headquarters does not have."""

    session: int
    store: str


class Feed(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that changed at headquarters after the number the server named; `n` is the next one to name."""

    n: int
    directory: Directory | None = None
    """None when it did not change."""
    packages: tuple[PackageEntry, ...] = ()
    sessions: tuple[SessionEntry, ...] = ()
    uploads: tuple[UploadEntry, ...] = ()
    time_ms: int = 0


class SessionReport(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a session: a status of `DownloadStatus` or `UploadStatus`, rows and bytes handled, a sentence.

    `session` 0 with a `database` and a `package_seq` names a session by what it carries.
    """

    session: int
    status: str
    at_ms: int
    rows: int = 0
    size: int = 0
    message: str = ""
    database: str = ""
    package_seq: int = 0
    wants_full: bool = False
    """No delta fits what the database has: only a full package helps."""
    counts_try: bool = True
    """No for a failure that lies with neither package nor line, such as a full disk: it is tried on and on."""


class SessionReports(msgspec.Struct, frozen=True, kw_only=True):
    """Reports in the order in which they happened."""

    reports: tuple[SessionReport, ...]


class CodeRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The hash of a one-time code (`codes.code_hash`), and the public key that wants to use it (hex)."""

    code_hash: str
    public_key: str


class CodeFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a one-time code is good for, and the highest epoch headquarters has seen of that register."""

    register: str
    store: str
    expires_ms: int
    epoch: int


class EnrolmentReport(msgspec.Struct, frozen=True, kw_only=True):
    """A device became a register."""

    register: str
    store: str
    epoch: int
    series: str
    public_key: str
    insecure: bool
    at_ms: int


class SeriesOpening(msgspec.Struct, frozen=True, kw_only=True):
    """A series as the server opened it; `closed_ms` 0 while it is the register's newest."""

    series: str
    store: str
    register: str
    epoch: int
    public_key: str
    insecure: bool
    opened_ms: int
    closed_ms: int
    recovered_ms: int = 0
    """When a recovery grant completed it; 0 for not. The grant is used up then."""


class RegisterReport(msgspec.Struct, frozen=True, kw_only=True):
    """How a register stands, by its own word (`at_ms`, its clock); the server adds when it heard (`heard_ms`).

    Mode is the header's word. Amounts in minor units; `oldest_unsent_ms` 0 for none; `catalog_seq` 0 for no catalog.
    """

    register: str
    store: str
    series: str
    mode: str
    since_ms: int
    reason: str
    unsent: int
    unsent_transactions: int
    oldest_unsent_ms: int
    amount_at_risk: int
    currency: str
    catalog_seq: int
    catalog_created_ms: int
    version: str
    at_ms: int
    last_sync_ms: int = 0
    last_sync_result: str = ""
    pending_downloads: int = 0
    shift_open: bool = False
    heard_ms: int = 0


class RegisterReports(msgspec.Struct, frozen=True, kw_only=True):
    """Reports, oldest first."""

    reports: tuple[RegisterReport, ...]


class DownloadEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A package for the asking register, in the order in which it is to be applied."""

    session: int
    package_seq: int
    base_seq: int
    kind: str
    job: str
    size: int
    header_sha256: str
    created_ms: int


class Downloads(msgspec.Struct, frozen=True, kw_only=True):
    """What leads from the register's package to the newest: deltas on its own, or a full package and its deltas.

    `support_offline` false: the register keeps `jobs.CONFIGURATION_TABLES` only. `reader` is the newest package reader
    that something here needs; a register with an older one gets nothing and says so.
    """

    data_group: str
    support_offline: bool
    newest_seq: int
    entries: tuple[DownloadEntry, ...]
    reader: int = 2
    archived_seq: int = 0
    """Up to here headquarters has the records of the asking series."""
    paused: bool = False
    """The register's offline profile pauses synchronisation; `entries` is empty until it does no more."""


class WireStaff(msgspec.Struct, frozen=True, kw_only=True):
    """An operator as the server knows it: the verifier, never the PIN."""

    number: str
    name: str
    role: str
    salt: str
    hash: str
    permissions: str = ""
    """Of the role, apart by spaces; empty for a role with built-in permissions."""
    detail: str = ""
    """`store.sale.detail.StaffDetail` as the package brought it: JSON, or empty."""


class RecoveryRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Records of a dead register, and the one-time code of the supervisor's grant."""

    code: str
    batch: RecordBatch
    last: bool = False
    """Nothing follows: the grant is used up and the series is closed for good."""

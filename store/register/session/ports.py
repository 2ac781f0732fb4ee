"""What the till needs from the rest of the core; `runtime` puts the real ones in, tests their own."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import msgspec

from store.exchange.offline_profile import OfflineProfile
from store.exchange.record import Record
from store.exchange.suspensions import WireClaim, WireSuspension
from store.gateway.connection import Connection
from store.gateway.customers import Customers, NoCustomers
from store.gateway.gateway import Gateway
from store.gateway.offline import DataSet, LayoutKey, StaffMember
from store.gateway.receipts import NoReceipts, Receipts
from store.gateway.staff import StaffAnswer
from store.gateway.stock import NoStock, Stock
from store.gateway.vouchers import NoVouchers, Vouchers
from store.register.journal.chain import TailCheck
from store.register.journal.entry import Committed, Counts, Draft, Entry, Head, Lockout, UploadState
from store.register.journal.receipts import OwnReceipt, ReceiptFacts, ReceiptQuery
from store.register.ports import Clock, Randomness
from store.register.session.server_health import ServerHealth, no_server
from store.register.sync.library import SyncAnswer, SyncState
from store.sale.info import InfoPrompt
from store.sale.item import Department
from store.sale.macro import Macros
from store.sale.paper_facts import PaperFacts
from store.sale.policy import StorePolicy


class ReadReceipts(Protocol):
    """The receipts of the own journal; raises JournalError."""

    async def by_number(self, series: str, receipt_no: int) -> OwnReceipt | None:
        """The sale of a receipt with what was given back of it since, or None."""
        ...

    async def find(self, query: ReceiptQuery) -> list[ReceiptFacts]:
        """Receipts of this register, newest first."""
        ...


class TillJournal(Protocol):
    """The part of the journal that the till writes and reads; raises JournalError."""

    @property
    def receipts(self) -> ReadReceipts:
        """Its receipts, to look at."""
        ...

    async def save_draft(self, draft: Draft) -> None:
        """Store the open sale; survives the death of the process at once, a power cut a moment later."""
        ...

    async def load_draft(self) -> Draft | None:
        """What was stored last, or None on a new register."""
        ...

    async def save_setting(self, key: str, value: str) -> None:
        """Store a fact about the register durably."""
        ...

    async def check_tail(self, *, signatures: bool) -> TailCheck:
        """Check the newest records: the chain, and with `signatures` everything else about them."""
        ...

    async def commit(self, entry: Entry) -> Committed:
        """Store one record for good, with its print jobs and the new draft; the same `txn_id` again changes nothing."""
        ...

    async def record_by_txn(self, txn_id: str) -> Committed | None:
        """The record of a transaction, or None."""
        ...

    async def record_by_receipt_no(self, receipt_no: int) -> Committed | None:
        """The record of a receipt number of the present series, or None."""
        ...

    async def last_receipt(self) -> Committed | None:
        """The newest record that has a receipt number, or None."""
        ...

    async def head(self) -> Head:
        """The end of the series."""
        ...

    async def records(self, after_seq: int, limit: int) -> list[Record]:
        """Up to `limit` records after `after_seq`, in order."""
        ...

    async def copies_of(self, txn_id: str) -> int:
        """The highest copy number given for a record so far."""
        ...

    async def upload_state(self) -> UploadState:
        """How far the server has the series."""
        ...

    async def shift_payloads(self, shift_id: str) -> list[dict[str, Any]]:
        """The payloads of a shift's records in order."""
        ...

    async def counts(self) -> Counts:
        """What the server has not acknowledged yet."""
        ...

    async def lockout(self, key: str) -> Lockout:
        """Failed PIN attempts of `key`."""
        ...

    async def save_lockout(self, lockout: Lockout) -> None:
        """Store an attempt durably, before it is judged."""
        ...


class ShopData(Protocol):
    """The offline catalog as it is active now; changes only in `flip`."""

    @property
    def trouble(self) -> str:
        """Why nothing can be sold by this catalog, a sentence; empty when all is well."""
        ...

    @property
    def version(self) -> str:
        """Names the active catalog in records."""
        ...

    @property
    def facts(self) -> str:
        """A sentence about age and size for the sign-in screen."""
        ...

    @property
    def pending_downloads(self) -> int:
        """Packages that the server has and this register has not."""
        ...

    async def flip(self) -> None:
        """Make a newer catalog active if one is ready; called at the beginning of a transaction only."""
        ...

    def policy(self) -> StorePolicy:
        """The store's decisions."""
        ...

    def paper(self) -> PaperFacts:
        """What documents need: facts, language, region, formats of headquarters."""
        ...

    def departments(self) -> Sequence[Department]:
        """The departments that can be sold with a typed price, in order."""
        ...

    def operator(self, number: str) -> StaffMember | None:
        """The operator with that number, or None."""
        ...

    def roles(self) -> Mapping[str, str]:
        """The roles that headquarters sent, each with its permissions apart by spaces; empty before it sent any."""
        ...

    @property
    def cards_authorised_later(self) -> bool:
        """Whether the store's card terminal authorises later what it takes while the line is down."""
        ...

    def layout_keys(self) -> Sequence[LayoutKey]:
        """The keys that headquarters gave this register, those of all registers first."""
        ...

    @property
    def supports_offline(self) -> bool:
        """Whether this register keeps an offline database; without one it sells online only."""
        ...

    @property
    def caution(self) -> str:
        """A sentence about the catalog in use: a damaged one was left aside, it is past its date; empty when fine."""
        ...

    def info_codes(self) -> Mapping[str, InfoPrompt]:
        """The info codes that headquarters set up, by code."""
        ...

    def tables(self) -> Sequence[DataSet]:
        """The tables of the active catalog with their rows and the age of their data."""
        ...


class Sync(Protocol):
    """The sync library as the till sees it."""

    def state(self) -> SyncState:
        """How synchronisation stands now."""
        ...

    async def sync_now(self) -> SyncAnswer:
        """One round down and up; ends in a sentence. Raises JournalError."""
        ...


class Staff(Protocol):
    """Who may sign in: the server's word, else the catalog's."""

    async def find(self, number: str) -> StaffAnswer:
        """The operator of that number; never raises for the network, waits at most the time of a sign-in for it."""
        ...

    async def badge_holder(self, hashed: str) -> str | None:
        """The number of the person whose badge has that hash: empty when it was taken away, None when nothing is known.

        Never raises for the network.
        """
        ...


class Printing(Protocol):
    """The print spool as the till sees it; it never blocks the till."""

    @property
    def has_printer(self) -> bool:
        """Whether a printer is attached; without one receipts are shown as text."""
        ...

    def wake(self) -> None:
        """There are new jobs in the journal."""
        ...

    async def ask_for(self, txn_id: str) -> bool:
        """Somebody wants the paper of a record whose job is held; False when none is."""
        ...

    def state_of(self, job_id: str) -> str:
        """A whole sentence about a job, or "" when nothing is known."""
        ...


class Suspensions(Protocol):
    """The suspended sales of the store at the server; everything raises GatewayError."""

    async def listing(self) -> Sequence[WireSuspension]:
        """Those that nobody has resumed, oldest first; of this register only what it gave to the others."""
        ...

    async def wanted(self) -> Sequence[str]:
        """Ids of suspended sales of this register that another one waits for."""
        ...

    async def claim(self, suspension_id: str) -> WireClaim:
        """Ask for one; to be repeated while it waits for its keeper."""
        ...


class SessionConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Facts about this register that do not change while the core runs."""

    register: str
    store: str = ""
    boot_id: str = ""
    """Differs after each start of the machine; a restored session needs the same one."""
    demo: bool = False
    insecure: bool = False
    """The vault is a throw-away one; the header says so."""


def nothing() -> None:
    """Does nothing; stands where nobody listens."""


@dataclass(frozen=True, kw_only=True)
class SessionPorts:
    """Everything outside the till that it talks to."""

    journal: TillJournal
    gateway: Gateway
    connection: Connection
    shop: ShopData
    staff: Staff
    printing: Printing
    clock: Clock
    randomness: Randomness
    config: SessionConfig
    sync: Sync
    customers: Customers = field(default_factory=NoCustomers)
    stock: Stock = field(default_factory=NoStock)
    server_health: Callable[[], Awaitable[ServerHealth]] = no_server
    """Ten calls of the server, for the health check."""
    vouchers: Vouchers = field(default_factory=NoVouchers)
    receipts: Receipts = field(default_factory=NoReceipts)
    pepper: bytes
    """The store's secret from the vault, mixed into every PIN before it is compared."""
    free_bytes: Callable[[], int]
    """Free space of the journal's file system in bytes."""
    auto_lock_s: Callable[[], int] = int
    """Seconds without an intent after which the register locks; 0 never locks by itself."""
    profile: Callable[[], OfflineProfile] = OfflineProfile
    """The offline profile that holds now."""
    series_trouble: Callable[[], str] = str
    """Why no record may be added to this register's series (fork, set back), a sentence; empty when all is well."""
    macros: Callable[[], Macros] = dict
    """What is typed by the macros, by the number of their operation."""
    signed_in: Callable[[], None] = nothing
    """Somebody has signed in: the first time ever starts synchronisation for good."""
    stop: Callable[[], None] = nothing
    """Ends the register in order."""
    demo_operations: Mapping[int, Callable[[], Awaitable[str]]] = field(default_factory=dict)
    """Operations of the demo shop by number; each returns the sentence to show."""
    devices: Callable[[], str] = str
    """How printer and scanner stand, in a sentence for the sign-in screen."""
    status: Callable[[], dict[str, Any]] = dict
    """Devices, downloads and uploads for the `status` query, JSON-ready; wins over what the till knows itself."""
    suspensions: Suspensions | None = None
    """The suspended sales of the other registers; None where there is no server to ask."""
    queries: Mapping[str, Callable[[str], Awaitable[dict[str, Any]]]] = field(default_factory=dict)
    """Queries that other parts answer (`barcodes` of the demo shop), by kind."""

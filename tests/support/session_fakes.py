"""A till in a test: the real session, sale and journal; gateway, connection, catalog, spool and clock stand in."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

from store.database.pins import hash_pin
from store.exchange.offline_profile import OfflineProfile
from store.exchange.returns import ReservationAnswer, ReservedLine, WireReceiptRow
from store.exchange.vouchers import WireVoucher
from store.gateway.connection import ConnectionStatus, SwitchAnswer, SwitchQuestion, TransactionStart
from store.gateway.customers import Customers, NoCustomers
from store.gateway.gateway import ItemFound, ItemUnknown, SearchHits, Source
from store.gateway.offline import DataSet, LayoutKey, StaffMember
from store.gateway.receipts import ReceiptFound, ReceiptRows
from store.gateway.staff import StaffAnswer
from store.gateway.states import Link, Mode
from store.gateway.vouchers import VoucherAnswer
from store.register.intents import Intent, IntentKind, Outcome, OutcomeKind, Submission
from store.register.journal.journal import Draft, Entry, Journal, JournalIdentity
from store.register.session.ports import SessionConfig, SessionPorts
from store.register.session.session import Session
from store.register.sync.history import SyncMemory
from store.register.sync.library import SyncAnswer, SyncEnd, SyncState
from store.register.system_ports import SystemStorage
from store.register.view import View
from store.sale.document_format import DocumentFormat
from store.sale.info import InfoPrompt
from store.sale.item import Department, Item, ItemKey, KeyKind
from store.sale.paper_facts import PaperFacts, paper_facts
from store.sale.past_sale import PastSale, ReceiptNumber, number_text
from store.sale.policy import LabelMeasure, LabelRule, StoreFacts, StorePolicy, TaxRate

PEPPER = b"p" * 32
START_MS = 1_795_525_392_000  # 2026-11-24 13:03:12 UTC

POLICY = StorePolicy(
    currency="EUR",
    taxes=(TaxRate(code="A", name="VAT", rate="19"), TaxRate(code="B", name="VAT", rate="7")),
    label_rules=(LabelRule(pattern="28IIIICVVVVVX", measure=LabelMeasure.WEIGHT, decimals=3),),
    facts=StoreFacts(name="First store", address=("Market Street 1",), tax_id="DE123456789"),
)

MILK = "4006381333931"
BREAD = "4000417025005"
WATER = "4012345678901"
FLOWERS = "7001"
LEAFLET = "7002"
BANANAS = "1009"
UNKNOWN = "4099999999996"
BAD_DIGIT = "4006381333932"
BANANAS_LABEL = "2800010004825"

ITEMS = {
    MILK: Item(sku="1001", name="Whole milk 1 l", price=109, tax="B"),
    BREAD: Item(sku="1002", name="Rye bread 750 g", price=349, tax="B", plu="42"),
    WATER: Item(sku="1003", name="Evil\x1b[2J\u202ename", price=234, tax="A"),
    FLOWERS: Item(sku="7001", name="Flowers", price=0, tax="B", open_price=True),
    LEAFLET: Item(sku="7002", name="Leaflet", price=0, tax="A"),
    BANANAS: Item(sku="1009", name="Bananas", price=199, tax="B", unit="kg", weighed=True, plu="1"),
    "7003": Item(sku="7003", name="Recalled toy", price=999, tax="A", blocked="it was recalled."),
}
DEPARTMENTS = (
    Department(code="10", name="Grocery", tax="B", position=1),
    Department(code="20", name="Household", tax="A", position=2),
)


class FakeClock:
    """Stands still unless moved."""

    def __init__(self) -> None:
        self.now_ms = START_MS
        self.seconds = 1000.0

    def wall_ms(self) -> int:
        return self.now_ms

    def monotonic_s(self) -> float:
        return self.seconds

    def utc_offset_min(self) -> int:
        return 60

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)

    def move(self, seconds: float) -> None:
        self.now_ms += int(seconds * 1000)
        self.seconds += seconds


class FakeRandomness:
    """Counts: ids are distinct and the same in every run."""

    def __init__(self) -> None:
        self.count = 0

    def txn_id(self, wall_ms: int) -> str:
        self.count += 1
        return f"0197f22e-79b0-7cc3-98c4-{self.count:012x}"

    def token(self, size_bytes: int) -> bytes:
        self.count += 1
        return self.count.to_bytes(size_bytes)

    def uniform(self, low: float, high: float) -> float:
        return low


class FakeConnection:
    """Online until told otherwise."""

    def __init__(self) -> None:
        self.mode = Mode.ONLINE
        self.starts = 0
        self.answers: list[bool] = []

    def status(self) -> ConnectionStatus:
        online = self.mode is Mode.ONLINE
        return ConnectionStatus(
            mode=self.mode,
            word="ONLINE" if online else "OFFLINE auto",
            reason="" if online else "no answer within 0.8 s",
            since_ms=START_MS,
            link=Link.UP if online else Link.DOWN,
            link_reason="",
            link_since_ms=START_MS,
            server="127.0.0.1:8918",
            sentence="" if online else "Server not answering since 14:03. Selling goes on.",
        )

    question: SwitchQuestion | None = None

    def answer_switch(self, go_offline: bool) -> None:
        if self.question is not None:
            self.answers.append(go_offline)
            self.question = None

    async def started(self) -> None:
        return

    async def transaction_starts(self) -> TransactionStart:
        self.starts += 1
        return TransactionStart(mode=self.mode, changed=False)

    async def connect(self, transaction_open: bool) -> SwitchAnswer:
        if transaction_open:
            return SwitchAnswer(done=False, sentence="A sale is open: finish or void it first.")
        self.mode = Mode.ONLINE
        return SwitchAnswer(done=True, sentence="Connected.")

    async def disconnect(self) -> SwitchAnswer:
        self.mode = Mode.OFFLINE_MANUAL
        return SwitchAnswer(done=True, sentence="Disconnected.")

    @property
    def link_is_up(self) -> bool:
        return self.mode is Mode.ONLINE

    async def wait_link_up(self) -> None:
        return

    def sync_failed(self, reason: str) -> None:
        return

    def refused(self, kind: str, reason: str) -> None:
        return


class FakeGateway:
    """Knows ITEMS; `dies` makes the next look-up move the register offline."""

    def __init__(self, connection: FakeConnection) -> None:
        self.connection = connection
        self.dies = False
        self.lookups = 0

    async def find_item(self, keys: Sequence[ItemKey]) -> ItemFound | ItemUnknown:
        self.lookups += 1
        if self.dies:
            self.dies = False
            self.connection.mode = Mode.OFFLINE_AUTO
        source = Source.ONLINE if self.connection.mode is Mode.ONLINE else Source.OFFLINE
        for key in keys:
            for code, item in ITEMS.items():
                gtin = code.zfill(14)
                if (
                    key.value
                    in {KeyKind.GTIN: (gtin,), KeyKind.SKU: (item.sku,), KeyKind.PLU: (item.plu,)}[key.kind]
                ):
                    return ItemFound(item=item, key=key, source=source)
        return ItemUnknown(source=source)

    async def search(self, text: str, limit: int) -> SearchHits:
        items = tuple(item for item in ITEMS.values() if text.lower() in item.name.lower())
        return SearchHits(items=items[:limit], source=Source.ONLINE)


class FakeShop:
    """An active catalog in memory."""

    staff: dict[str, StaffMember] = {}

    def __init__(self) -> None:
        self.flips = 0
        self.trouble = ""
        self.version = "c000001"
        self.facts = "Catalog of today 06:00, 6 items."
        self.pending_downloads = 0
        self.supports_offline = True
        self.caution = ""
        self.store_policy = POLICY
        self.cards_authorised_later = False
        self.role_rows: dict[str, str] = {}
        self.layout: tuple[LayoutKey, ...] = ()
        self.info_prompts: dict[str, InfoPrompt] = {}
        self.formats: dict[str, DocumentFormat] = {}
        if not FakeShop.staff:
            FakeShop.staff = {
                number: StaffMember(
                    number=number, name=name, role=role, salt="", hash=hash_pin(PEPPER, number * 2)
                )
                for number, name, role in (
                    ("101", "Ann Baker", "cashier"),
                    ("102", "Bob Cook", "cashier"),
                    ("201", "Mia Manager", "manager"),
                    ("301", "Tom Tech", "technician"),
                )
            }

    async def flip(self) -> None:
        self.flips += 1

    def policy(self) -> StorePolicy:
        return self.store_policy

    def paper(self) -> PaperFacts:
        policy = self.store_policy
        return paper_facts(policy.facts, policy.language or "en", policy.region, self.formats)

    def departments(self) -> Sequence[Department]:
        return DEPARTMENTS

    def operator(self, number: str) -> StaffMember | None:
        return self.staff.get(number)

    def roles(self) -> dict[str, str]:
        return self.role_rows

    def layout_keys(self) -> Sequence[LayoutKey]:
        return self.layout

    def info_codes(self) -> dict[str, InfoPrompt]:
        return self.info_prompts

    def tables(self) -> Sequence[DataSet]:
        six = START_MS - 8 * 3_600_000 - 3 * 60_000 - 12_000
        return (DataSet(name="item", rows=6, created_ms=six, package_seq=1, kept=True),)


class FakeSync:
    """Has synchronised, and does so at once."""

    def __init__(self) -> None:
        self.signed_in = 0
        self.rounds = 0
        self.now = SyncState(started=True, paused=False, step="", memory=SyncMemory(), moves=0)
        self.answer = SyncAnswer(end=SyncEnd.DONE, sentence="Synchronised.")

    def state(self) -> SyncState:
        return self.now

    def first_sign_in(self) -> None:
        self.signed_in += 1

    async def sync_now(self) -> SyncAnswer:
        self.rounds += 1
        return self.answer


class FakeStaff:
    """Says what the catalog says, as if it were offline; `server` is what a server says instead, by number."""

    def __init__(self, shop: FakeShop) -> None:
        self.shop = shop
        self.server: dict[str, StaffMember] | None = None
        self.asked: list[str] = []
        self.badges: dict[str, str] = {}

    async def find(self, number: str) -> StaffAnswer:
        self.asked.append(number)
        if self.server is not None:
            return StaffAnswer(member=self.server.get(number), source=Source.ONLINE)
        known = bool(self.shop.version)
        member = self.shop.operator(number) if known else None
        return StaffAnswer(member=member, source=Source.OFFLINE, known=known)

    async def badge_holder(self, hashed: str) -> str | None:
        return self.badges.get(hashed)


class FakeReceipts:
    """A server with receipts of other registers by their number; `short` is what another register was faster with."""

    def __init__(self, connection: FakeConnection) -> None:
        self.connection = connection
        self.sales: dict[str, PastSale] = {}
        self.rows: tuple[WireReceiptRow, ...] = ()
        self.short: tuple[ReservedLine, ...] = ()
        self.kept: dict[str, tuple[ReservedLine, ...]] = {}
        self.local: dict[str, PastSale] = {}

    @property
    def _online(self) -> bool:
        return self.connection.mode is Mode.ONLINE

    async def find(self, number: ReceiptNumber, txn_id: str) -> ReceiptFound:
        shown = number_text(number.series, number.receipt_no)
        known = self.sales if self._online else self.local
        source = Source.ONLINE if self._online else Source.OFFLINE
        return ReceiptFound(sale=known.get(shown), source=source)

    async def search(self, *, date: str, amount: int | None, item: str, limit: int) -> ReceiptRows:
        if not self._online:
            return ReceiptRows(rows=(), source=Source.OFFLINE)
        return ReceiptRows(rows=self.rows, source=Source.ONLINE)

    async def reserve(self, txn_id: str, lines: Sequence[ReservedLine]) -> ReservationAnswer | None:
        if not self._online:
            return None
        if self.short:
            return ReservationAnswer(granted=False, short=self.short)
        self.kept[txn_id] = tuple(lines)
        return ReservationAnswer(granted=True)

    def release(self, txn_id: str, lines: Sequence[ReservedLine] = ()) -> None:
        self.kept[txn_id] = tuple(lines)


class FakeVouchers:
    """A server with vouchers while the connection is online: number -> balance; remembers what is held for whom."""

    def __init__(self, connection: FakeConnection) -> None:
        self.connection = connection
        self.balances: dict[str, int] = {}
        self.issued = "2026-11-01"
        self.holds: dict[tuple[str, str], int] = {}

    async def find(self, number: str, txn_id: str = "") -> VoucherAnswer | None:
        return self._answer(number, txn_id, 0)

    async def hold(
        self, number: str, txn_id: str, amount: int, unsent: tuple[str, ...] = ()
    ) -> VoucherAnswer | None:
        if self.connection.mode is not Mode.ONLINE:
            return None
        self.holds.pop((number, txn_id), None)
        held = sum(part for (one, who), part in self.holds.items() if one == number and who != txn_id)
        granted = max(min(amount, self.balances.get(number, 0) - held), 0)
        if granted:
            self.holds[number, txn_id] = granted
        answer = self._answer(number, txn_id, granted)
        if answer is None or answer.voucher is None:
            return answer
        counted = sum(self.holds.get((number, sale), 0) for sale in unsent)
        return VoucherAnswer(voucher=msgspec.structs.replace(answer.voucher, counted=counted))

    def release(self, number: str, txn_id: str) -> None:
        self.holds.pop((number, txn_id), None)

    def _answer(self, number: str, txn_id: str, granted: int) -> VoucherAnswer | None:
        if self.connection.mode is not Mode.ONLINE:
            return None
        if number not in self.balances:
            return VoucherAnswer(voucher=None)
        held = sum(part for (one, who), part in self.holds.items() if one == number and who != txn_id)
        voucher = WireVoucher(
            number=number,
            currency="EUR",
            balance=self.balances[number],
            held=held,
            granted=granted,
            issued=self.issued,
        )
        return VoucherAnswer(voucher=voucher)


class FakePrinting:
    """Counts wake-ups; prints nothing."""

    def __init__(self) -> None:
        self.has_printer = False
        self.wakes = 0
        self.held: set[str] = set()
        self.asked_for: list[str] = []

    def wake(self) -> None:
        self.wakes += 1

    async def ask_for(self, txn_id: str) -> bool:
        self.asked_for.append(txn_id)
        return txn_id in self.held

    def state_of(self, job_id: str) -> str:
        return "Receipt printed." if self.has_printer else "No printer is attached."


class World:
    """What outlives a kill of the core: disk, clock, server. `start` begins a core, `kill` drops it as it is."""

    def __init__(self, home: Path, **config: Any) -> None:
        self.path = home / "journal.db"
        self.clock = FakeClock()
        self.randomness = FakeRandomness()
        self.connection = FakeConnection()
        self.gateway = FakeGateway(self.connection)
        self.shop = FakeShop()
        self.staff = FakeStaff(self.shop)
        self.vouchers = FakeVouchers(self.connection)
        self.profile = OfflineProfile()
        self.printing = FakePrinting()
        self.receipts = FakeReceipts(self.connection)
        self.sync = FakeSync()
        self.customers: Customers = NoCustomers()
        self.auto_lock_s = config.pop("auto_lock_s", 0)
        self.free = 10**12
        self.suspensions: Any = None
        self.stopped = 0
        self.series_trouble = ""
        self.pepper = config.pop("pepper", PEPPER)
        self.live: list[Till] = []
        self.config = SessionConfig(register="S0001-R01", store="S0001", boot_id="boot-1", **config)
        self.demo: dict[int, Callable[[], Any]] = {}
        self.macros: dict[int, tuple[str, ...]] = {}

    async def start(self) -> "Till":
        identity = JournalIdentity(
            register="S0001-R01", store="S0001", epoch=1, series="S0001-R01.1", public_key=b"k" * 32
        )
        journal = await Journal.open(self.path, identity, None, self.clock, SystemStorage())
        till = Till(self, journal)
        self.live.append(till)
        await till.session.restore()
        return till

    def ports(self, journal: Any) -> SessionPorts:
        return SessionPorts(
            journal=journal,
            gateway=self.gateway,
            connection=self.connection,
            shop=self.shop,
            staff=self.staff,
            vouchers=self.vouchers,
            customers=self.customers,
            profile=lambda: self.profile,
            sync=self.sync,
            signed_in=self.sync.first_sign_in,
            auto_lock_s=lambda: self.auto_lock_s,
            printing=self.printing,
            macros=lambda: self.macros,
            receipts=self.receipts,
            clock=self.clock,
            randomness=self.randomness,
            config=self.config,
            pepper=self.pepper,
            free_bytes=lambda: self.free,
            suspensions=self.suspensions,
            series_trouble=lambda: self.series_trouble,
            stop=self.stop,
            demo_operations=self.demo,
        )

    def stop(self) -> None:
        self.stopped += 1


class WatchedJournal:
    """The real journal: counts what is asked of it and fails on command."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self.drafts = 0
        self.commits: list[str] = []
        self.fails: Exception | None = None

    async def save_draft(self, draft: Draft) -> None:
        if self.fails is not None:
            raise self.fails
        self.drafts += 1
        await self._journal.save_draft(draft)

    async def commit(self, entry: Entry) -> Any:
        if self.fails is not None:
            raise self.fails
        self.commits.append(entry.kind)
        return await self._journal.commit(entry)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._journal, name)


class Till:
    """One running core with one screen, `s1`."""

    def __init__(self, world: World, journal: Journal) -> None:
        self.world = world
        self.real_journal = journal
        self.journal = WatchedJournal(journal)
        self.session = Session(world.ports(self.journal))
        self.n: dict[str, int] = {}

    @property
    def view(self) -> View:
        return self.session.view()

    def submission(self, kind: IntentKind, arg: str = "", client: str = "s1", **more: Any) -> Submission:
        n = self.n[client] = max(self.n.get(client, 0), self.session.last_n(client)) + 1
        return Submission(client=client, intent=Intent(n=n, kind=kind, arg=arg, **more))

    async def send(self, kind: IntentKind, arg: str = "", client: str = "s1", **more: Any) -> Outcome:
        (outcome,) = await self.session.handle([self.submission(kind, arg, client, **more)])
        return outcome

    async def enter(self, text: str = "", **more: Any) -> Outcome:
        more.setdefault("question", self.view.question.id if self.view.question else "")
        return await self.send(IntentKind.ENTER, text, **more)

    async def scan(self, text: str) -> Outcome:
        return await self.send(IntentKind.SCAN, text, client="scanner:scanner0")

    async def operation(self, number: int, text: str = "", **more: Any) -> Outcome:
        return await self.send(IntentKind.OPERATION, text, operation=number, **more)

    async def back(self) -> Outcome:
        return await self.send(IntentKind.BACK)

    async def answer(self, word: str) -> Outcome:
        question = self.view.question.id if self.view.question else "none"
        return await self.send(IntentKind.ANSWER, word, question=question)

    async def sign_in(self, number: str = "101", pin: str = "") -> Outcome:
        await self.enter(number)
        return await self.enter(pin or number * 2)

    async def ready(self, number: str = "101", amount: str = "100") -> "Till":
        """Signed in with an open shift."""
        await self.sign_in(number)
        await self.enter(amount)
        return self

    async def records(self) -> list[dict[str, Any]]:
        records = await self.journal.records(0, 1000)
        return [msgspec.json.decode(record.payload) for record in records]

    async def kinds(self) -> list[str]:
        return [payload["kind"] for payload in await self.records()]

    async def kill(self) -> None:
        """Drop the core; what was written stays, nothing more is written."""
        self.world.live.remove(self)
        await self.real_journal.close()

    async def restarted(self) -> "Till":
        await self.kill()
        return await self.world.start()


@asynccontextmanager
async def running(home: Path, **config: Any) -> AsyncIterator[Till]:
    """A fresh register, signed out; whatever core runs at the end is ended."""
    world = World(home, **config)
    try:
        yield await world.start()
    finally:
        for till in tuple(world.live):
            await till.kill()


DONE, SOLD, REFUSED, UNKNOWN_CODE, STALE, AGAIN = (
    OutcomeKind.DONE,
    OutcomeKind.SOLD,
    OutcomeKind.REFUSED,
    OutcomeKind.UNKNOWN,
    OutcomeKind.STALE,
    OutcomeKind.AGAIN,
)

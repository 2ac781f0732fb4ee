"""The till at work: the state being changed, what is said about it, and the way into the journal.

The flows (`sign_on`, `shift_desk`, `sale_desk`, `tender_desk`) change the state through this object only. One batch of
intents ends in one draft; what leaves the register is committed on the way, with the state that follows it.
"""

import itertools
from collections.abc import Callable
from typing import Any

import msgspec

from store.register.intents import Intent, OutcomeKind
from store.register.journal.entry import Committed, Draft, Entry, PrintJob
from store.register.journal.errors import EntryRefused, JournalError
from store.register.operations import BY_NUMBER, Permission, roles_with
from store.register.session import allowance, print_policy
from store.register.session.errand import Errand
from store.register.session.own_records import OwnRecords
from store.register.session.ports import SessionPorts
from store.register.session.state import REFUSED_LIMIT, Asked, SessionState, encode
from store.register.session.till import TillEvent, TillState, after
from store.register.sync.unsent import Unsent
from store.register.view import Choice, Message, Question, RefusedScan, Tone
from store.register.view import Entry as EntryLine
from store.sale.info import info_rows
from store.sale.language import later, phrase
from store.sale.limits import Limits
from store.sale.moment import local_text, utc_text
from store.sale.money import shown_amount
from store.sale.policy import StorePolicy
from store.sale.text import printable

LEAST_FREE_BYTES = 50 * 1024 * 1024
"""With less free disk no sale is begun (offline protocol: caps)."""
NEARLY_FULL = later("The disk is nearly full. Free some space.")
TRY_AGAIN = later("Nothing is sold until then. Enter tries again.")
PREDICATES = ("is ", "ist ", "steht ")
"""How a reason begins that goes on from the code: "4711 is not on file."."""
SAID_CODE_LIMIT = 20
"""Characters of it in the message, which has one row."""
SHOWN_CODE_LIMIT = 64
"""Characters of a refused scan that are kept in sight."""


class Reply(msgspec.Struct, frozen=True):
    """What became of one intent; `why` is a sentence when it was not done."""

    kind: OutcomeKind
    why: str = ""


DONE = Reply(OutcomeKind.DONE)
SOLD = Reply(OutcomeKind.SOLD)


class Work:
    """The state of the till while a batch is applied; belongs to the mailbox's task alone."""

    def __init__(self, ports: SessionPorts) -> None:
        self.ports = ports
        self.state = SessionState()
        self.clients: dict[str, int] = {}
        self.message = Message()
        self.paid_record: Committed | None = None
        """The record behind `state.paid`, for the receipt shown as text."""
        self.committed_kinds: list[str] = []
        self.view_seq = 0
        """`seq` of the view that shows what is being done now."""
        self.selected_since = 0
        """`seq` of the first view that shows the present selection."""
        self.refused_since = 0
        """`seq` of the first view that shows the newest refused scan."""
        self.stopped_from = TillState.LOCKED
        """Where the till stood before a safe stop."""
        self.unread = False
        """The stored till was not taken up at the start; the end of the safe stop does it."""
        self.damaged = False
        """The safe stop is due to a record that does not hold; only a check that finds all well ends it."""
        self.began_online = False
        """Whether answers came from the server when the transaction began that may have its first line soon."""
        self.notice = ""
        """What happened to the connection while an intent was carried out; wins over a plain remark."""
        self.slip: Committed | None = None
        """The record of the last report or slip, for the paper on the screen."""
        self.differences: list[dict[str, Any]] = []
        """Prices the server told too late and otherwise; the next sale's record takes them along."""
        self.errands: list[Errand] = []
        """What takes long and is done beside the till; each ends in a sentence or a panel."""
        self.unsent: Unsent | None = None
        """The newest sum of what the server has not acknowledged, to go on from."""
        self.own = OwnRecords()
        """What this register told of customers and accounts."""
        self.ending = False
        """The register is to end once this batch is stored."""
        self._stored = (self.state, dict(self.clients))
        # Starts anywhere, so that a screen that stays while the core restarts rings for the first message too.
        self._numbers = itertools.count(ports.clock.wall_ms() % 1_000_000_000)

    # -- what is known

    @property
    def policy(self) -> StorePolicy:
        """The open sale's policy, or the store's."""
        return self.state.facts.policy if self.state.facts else self.ports.shop.policy()

    @property
    def now_ms(self) -> int:
        """Wall time."""
        return self.ports.clock.wall_ms()

    @property
    def today(self) -> str:
        """The date where the register stands, ISO."""
        return local_text(utc_text(self.now_ms), self.ports.clock.utc_offset_min())[:10]

    def money(self, amount: int) -> str:
        """An amount as people write it."""
        return shown_amount(amount, self.policy.currency)

    def fresh_id(self) -> str:
        """A new transaction or job id."""
        return self.ports.randomness.txn_id(self.now_ms)

    def may(self, permission: Permission) -> bool:
        """Whether the person signed in has `permission`, or somebody who has it allows what is going on."""
        return allowance.has(self.state, permission)

    def limits(self) -> Limits:
        """How far the person signed in may go, or whoever allows what is going on."""
        return allowance.limits(self.state)

    @property
    def training(self) -> bool:
        """Whether the register is in training: nothing that is sold counts."""
        return self.state.training

    # -- changing

    def put(self, **changes: Any) -> None:
        """Change the state."""
        self.state = msgspec.structs.replace(self.state, **changes)

    def step(self, event: TillEvent, **changes: Any) -> None:
        """Let the till take a step of its table, with what changes beside it."""
        self.put(till=after(self.state.till, event), **changes)

    def view_moved(self, seq: int) -> None:
        """A view went out in the middle of a batch; what is being done now is shown by the one after it."""
        if self.selected_since == self.view_seq:
            self.selected_since = seq
        if self.refused_since == self.view_seq:
            self.refused_since = seq
        self.view_seq = seq

    def select(self, n: int) -> None:
        """Select a line of the sale."""
        if n != self.state.selected:
            self.put(selected=n)
            self.selected_since = self.view_seq

    # -- saying

    def say(self, text: str, tone: Tone = Tone.INFO, *, sound: bool = False) -> None:
        """Show a sentence; inside one batch a plain remark does not cover an alarm nobody has seen yet."""
        if tone is Tone.INFO and self.message.sound and self.message.number and self.unseen_alarm:
            return
        self.message = Message(text=printable(text), tone=tone, sound=sound, number=next(self._numbers))
        self.unseen_alarm = sound

    answered_switch = ""
    """The question before a switch to offline that was answered last."""
    wanted: allowance.Wanted | None = None
    """What the intent being carried out was refused for want of, if somebody else may allow it."""
    replay: Intent | None = None
    """The refused intent that somebody just allowed; it is carried out again."""
    unseen_alarm = False
    slip_copy: tuple[Committed | None, int] = (None, 0)
    """Which record on the paper of `slip` is a copy, and its number."""

    def refuse(self, why: str, *, sound: bool = True) -> Reply:
        """Say why an intent is not done."""
        self.say(why, Tone.ERROR, sound=sound)
        return Reply(OutcomeKind.REFUSED, why)

    def keep(self, code: str, why: str, kind: OutcomeKind = OutcomeKind.REFUSED) -> Reply:
        """Refuse a scan with sound and text, and keep it in sight."""
        shown = printable(code[:SHOWN_CODE_LIMIT])
        kept = (*self.state.refused, RefusedScan(shown, printable(why)))[-REFUSED_LIMIT:]
        self.put(refused=kept)
        self.refused_since = self.view_seq
        joint = " " if why.startswith(PREDICATES) else ": "
        short = shown if len(shown) <= SAID_CODE_LIMIT else f"{shown[: SAID_CODE_LIMIT - 1]}~"
        self.say(f"{short}{joint}{why}" if short else why, Tone.ERROR, sound=True)
        return Reply(kind, why)

    def lacks(self, permission: Permission, name: str) -> Reply:
        """Refuse for want of a permission, and say who has it; the till then asks such a person to allow it."""
        roles = roles_with(permission, self.ports.shop.roles())
        role = self.state.role or phrase("nobody signed in")
        why = phrase("{name} is not allowed for a {role}.", name, role)
        if permission not in allowance.NOT_TO_ALLOW:
            self.wanted = allowance.Wanted(name=name, why=why, roles=roles, permission=permission.value)
        return self.refuse(
            allowance.in_one_row(
                why, phrase("Sign on as {roles} for it.", phrase(" or ").join(roles) or phrase("nobody"))
            )
        )

    def further(self, number: int, why: str, allows: Callable[[Limits], bool]) -> str:
        """The sentence for more than the limits allow, with who may; the till then asks such a person to allow it."""
        roles = allowance.who_may_go_further(self.ports.shop.roles(), number, allows)
        self.wanted = allowance.Wanted(name=phrase(BY_NUMBER[number].name), why=why, roles=roles)
        who = (
            phrase("Sign on as {roles} for more.", phrase(" or ").join(roles))
            if roles
            else phrase("Nobody here may give more.")
        )
        return allowance.in_one_row(why, who)

    def beyond(self, number: int, why: str, allows: Callable[[Limits], bool]) -> Reply:
        """Refuse operation `number` for want of wider limits; `allows` says whether limits are wide enough."""
        return self.refuse(self.further(number, why, allows))

    def ask(
        self,
        kind: str,
        title: str,
        entry: EntryLine,
        *,
        lines: tuple[str, ...] = (),
        answers: tuple[str, str] | None = None,
        choices: tuple[Choice, ...] = (),
        **facts: str,
    ) -> Reply:
        """Open a question; with `answers` (yes, no) it is guarded: no scanner can answer it."""
        number = self.state.questions + 1
        yes, no = answers or ("", "")
        question = Question(
            id=f"q{number}",
            kind=kind,
            title=printable(title),
            lines=tuple(map(printable, lines)),
            guarded=answers is not None,
            yes=yes,
            no=no,
            choices=choices,
        )
        self.put(questions=number, asked=Asked(question=question, entry=entry, facts=facts))
        return DONE

    # -- keeping

    def forget_clients(self) -> None:
        """At the end of a shift: clients that were not heard in it are gone for good."""
        number = self.state.shift.number if self.state.shift else 0
        seen = {client: shift for client, shift in self.state.seen.items() if shift >= number}
        self.clients = {client: n for client, n in self.clients.items() if client in seen}
        self.put(seen=seen)

    def keep_as_stored(self) -> None:
        """The state is now what the journal holds."""
        self._stored = (self.state, dict(self.clients))

    async def save(self) -> str:
        """Store the draft if anything changed. Returns "" or the sentence of a safe stop; then the batch is undone."""
        state, clients = self._stored
        if self.state is state and self.clients == clients:
            return ""
        if self.state.till is TillState.SAFE_STOP:
            return ""
        try:
            await self.store(self.state)
        except JournalError as error:
            self.stop_safely(error.sentence)
            return error.sentence
        self.keep_as_stored()
        return ""

    async def store(self, state: SessionState) -> None:
        """Write `state` as the draft; raises JournalError."""
        await self.ports.journal.save_draft(self._draft(state))

    async def commit(
        self,
        kind: str,
        following: SessionState,
        body: dict[str, Any],
        *,
        txn_id: str,
        fiscal: bool = False,
        jobs: tuple[PrintJob, ...] = (),
    ) -> Committed | None:
        """Store a record for good together with the state that follows it, and take that state.

        None when it could not be stored: nothing changed, the cashier has been told. Never cancelled, no network.
        """
        kind, body = allowance.marked(self.state, kind, body, self.today)
        if self.state.info and kind not in allowance.NOT_OPERATIONS:
            body = {**body, "info": info_rows(self.state.info)}
            following = msgspec.structs.replace(following, info=())
        jobs = allowance.practised(kind, jobs)
        fiscal = fiscal and not kind.startswith(allowance.TRAINING)
        jobs = print_policy.ruled(jobs, kind, body, self.ports.shop.paper())
        entry = self._entry(kind, following, body, txn_id, fiscal, jobs)
        try:
            committed = await self.ports.journal.commit(entry)
        except EntryRefused as error:
            self.refuse(error.sentence)
            return None
        except JournalError as error:
            self.stop_safely(error.sentence)
            return None
        self.state = following
        self.committed_kinds.append(kind)
        self.keep_as_stored()
        if jobs:
            self.ports.printing.wake()
        return committed

    def _entry(
        self,
        kind: str,
        following: SessionState,
        body: dict[str, Any],
        txn_id: str,
        fiscal: bool,
        jobs: tuple[PrintJob, ...],
    ) -> Entry:
        operator = following.operator or self.state.operator
        shift = following.shift or self.state.shift
        return Entry(
            kind=kind,
            txn_id=txn_id,
            body=body,
            fiscal=fiscal,
            operator=operator.number if operator else "",
            operator_name=operator.name if operator else "",
            shift=shift.number if shift else 0,
            shift_id=shift.shift_id if shift else "",
            business_date=shift.business_date if shift else "",
            mode="online" if self.online else "offline",
            catalog=self.state.facts.catalog if self.state.facts else self.ports.shop.version,
            print_jobs=jobs,
            draft=self._draft(following),
        )

    @property
    def online(self) -> bool:
        """Whether answers come from the server now."""
        return self.ports.connection.mode.value == "online"

    def _draft(self, state: SessionState) -> Draft:
        return Draft(state_json=encode(state), clients=dict(self.clients))

    def stop_safely(
        self, sentence: str, event: TillEvent = TillEvent.STORAGE_FAILED, then: str = TRY_AGAIN
    ) -> None:
        """Take back what is not stored and sell nothing until the journal can keep its promise again (T19, T21)."""
        state, _ = self._stored
        if state.till is not TillState.SAFE_STOP:
            self.stopped_from = state.till
        self.state = msgspec.structs.replace(state, till=after(state.till, event), asked=None, named="")
        self.say(f"{sentence} {then}", Tone.ERROR, sound=True)

    async def settled(self, state: SessionState) -> SessionState:
        """The state after asking the journal what became of its sale (T13); raises JournalError.

        A commit whose outcome was not known may have come true: then its record is right, and nothing is sold twice.
        """
        journal = self.ports.journal
        done = await journal.record_by_txn(state.sale.txn_id) if state.sale is not None else None
        if done is not None:
            state = msgspec.structs.replace(
                state,
                till=TillState.LOCKED if state.till is TillState.LOCKED else TillState.IDLE,
                returns_to=TillState.IDLE,
                sale=None,
                facts=None,
                selected=0,
                asked=None,
            )
            change = self.money(done.payload.get("change", 0))
            paid = phrase(
                "The last sale is stored: receipt {receipt_no}, change {change}.", done.receipt_no, change
            )
            self.say(paid if done.receipt_no else phrase("The last sale is voided, and stored."), Tone.WARN)
        if state.paid is not None:
            self.paid_record = await journal.record_by_txn(state.paid.txn_id)
        return state


RECOVERED = {
    TillState.LOCKED: TillEvent.RECOVERED_LOCKED,
    TillState.IDLE: TillEvent.RECOVERED_IDLE,
    TillState.SALE: TillEvent.RECOVERED_SALE,
    TillState.TENDER: TillEvent.RECOVERED_TENDER,
    TillState.CLOSING: TillEvent.RECOVERED_IDLE,
}
"""Which event leads from RECOVER to where the till stood; counting the drawer begins anew."""

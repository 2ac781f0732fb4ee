"""The till itself: owns the sale and the state around it; no wires, no screen, no clock of its own.

One task (the mailbox) calls `handle` with what waits: each intent is applied once and in order, then one draft is
written for all, then one view is made. What leaves the register is committed on the way. Ports bring in the journal,
gateway, connection, catalog, spool, clock and ids (docs/core-and-screen.md, docs/till.md).
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from store.register.intents import Intent, IntentKind, Outcome, OutcomeKind, Submission
from store.register.journal.errors import JournalError
from store.register.session import dispatch as session_dispatch
from store.register.session import query as session_query
from store.register.session import restore as session_restore
from store.register.session import speech, suspend_desk, switch_question
from store.register.session.errand import Errand, Panel
from store.register.session.panels import show_panel
from store.register.session.ports import SessionPorts, nothing
from store.register.session.sale_desk import CODE_LIMIT
from store.register.session.sale_open import note_connection
from store.register.session.shift_desk import missing_data
from store.register.session.till import TillEvent, TillState
from store.register.session.view_builder import ViewMaker
from store.register.session.work import Work
from store.register.sync.library import SyncAnswer, SyncEnd
from store.register.sync.suspended_sales import RELEASE_CLIENT
from store.register.view import Message, Mode, Question, Tone, View
from store.sale.language import phrase

IDLE_CLIENT = "core:idle"
"""The client in whose name the register locks itself."""
DIFFERENCE_LIMIT = 20
"""Late prices kept for the next record; more tell nothing new."""
LOCKABLE = frozenset({TillState.IDLE, TillState.SALE, TillState.TENDER})


class Session:
    """The till. `on_change` is called when the view changed without an intent (connection, print job, counters)."""

    def __init__(self, ports: SessionPorts) -> None:
        self.ports = ports
        self.on_change: Callable[[], None] = nothing
        epoch = ports.randomness.token(8).hex()
        self._work = Work(ports)
        self._maker = ViewMaker(ports, epoch)
        self._seq = 0
        self._up = 0
        self._busy = False
        self._damage = ""
        self._beneath: Question | None = None
        """The question of the sale in the newest view, under one about the connection."""
        self._running: set[asyncio.Task[None]] = set()
        self._last_active_s = ports.clock.monotonic_s()
        self._view = self._make()

    async def restore(self) -> None:
        """Come back to where the core was killed: the same sale, in the same state if nobody had left (T1 to T3)."""
        await session_restore.restore(self._work)
        await self._count()
        self._publish()

    def last_n(self, client: str) -> int:
        """Number of the last intent applied for this client, 0 when it is unknown."""
        return self._work.clients.get(client, 0)

    @property
    def transaction_open(self) -> bool:
        """Whether a sale is open; Connect is refused then."""
        return self._work.state.sale is not None

    @property
    def occupied(self) -> bool:
        """Whether a sale is open or may be just beginning: the register does not come online by itself then."""
        return self._busy or self.transaction_open

    @property
    def can_answer(self) -> bool:
        """Whether somebody is there whom a question about the connection does not hinder.

        Not while a customer pays and not over a question of F5 and F6: a late key must never mean anything else.
        """
        state = self._work.state
        guarded = state.asked is not None and state.asked.question.guarded
        return bool(state.role) and state.till in (TillState.IDLE, TillState.SALE) and not guarded

    @property
    def shift_open(self) -> bool:
        """Whether a shift is open."""
        return self._work.state.shift is not None

    @property
    def suspended(self) -> tuple[str, ...]:
        """Ids of the suspended sales that this register keeps."""
        return tuple(held.id for held in self._work.state.suspended)

    @property
    def paying(self) -> bool:
        """Whether a customer is paying; uploads wait then."""
        return self._work.state.till is TillState.TENDER

    def view(self) -> View:
        """The newest view."""
        return self._view

    async def handle(self, batch: Sequence[Submission]) -> list[Outcome]:
        """Apply a batch in order; returns when its effects are stored, one outcome for each submission."""
        self._busy = True
        try:
            outcomes = await self._handle(batch)
        finally:
            self._busy = False
        if self._damage:
            self._stop_damaged()
        if not self.can_answer:
            self.ports.connection.answer_switch(True)  # what was done made the question a hindrance
        self._publish()
        self._begin_errands()
        if self._work.ending:
            self._work.ending = False
            self.ports.stop()
        return outcomes

    def overhear(self, intent: Intent) -> None:
        """An intent arrived and waits for its turn; for the mailbox. Only an answer about the connection counts now."""
        switch_question.overhear(self._work, intent)

    async def _handle(self, batch: Sequence[Submission]) -> list[Outcome]:
        work = self._work
        work.view_seq = self._seq + 1
        work.unseen_alarm = False
        outcomes: list[Outcome] = []
        unstored = 0
        for submission in batch:
            commits = len(work.committed_kinds)
            outcomes.append(await self._take(submission))
            if len(work.committed_kinds) != commits:
                unstored = len(outcomes)
        why = await work.save()
        if why:
            # Nothing after the last commit was kept; whoever sent it must not believe otherwise.
            outcomes[unstored:] = [
                Outcome(n=outcome.n, outcome=OutcomeKind.REFUSED, why=why) for outcome in outcomes[unstored:]
            ]
        if work.committed_kinds:
            work.committed_kinds.clear()
            await self._count()
        return outcomes

    async def _take(self, submission: Submission) -> Outcome:
        work, intent = self._work, submission.intent
        speech.tune(self.ports, work.state)
        if intent.n <= self.last_n(submission.client):
            return Outcome(n=intent.n, outcome=OutcomeKind.AGAIN)
        work.clients[submission.client] = intent.n
        if submission.client == RELEASE_CLIENT:
            return await self._let_go(intent)
        self._note_activity(submission.client)
        if not work.unseen_alarm:
            work.message = Message(number=work.message.number)
        if intent.kind is not IntentKind.SELECT and work.state.till is not TillState.LOCKED:
            self._put_paper_away()
        work.notice = ""
        reply = await session_dispatch.apply(work, intent)
        if work.notice and work.message.tone is Tone.INFO:
            work.say(work.notice, Tone.WARN)
        return Outcome(n=intent.n, outcome=reply.kind, why=reply.why)

    async def _let_go(self, intent: Intent) -> Outcome:
        """Another register waits for a suspended sale: whoever stands here sees and hears nothing of it."""
        work = self._work
        message, slip = work.message, work.slip
        reply = await suspend_desk.release(work, intent.arg)
        if work.state.till is not TillState.SAFE_STOP:
            work.message, work.slip = message, slip
        return Outcome(n=intent.n, outcome=reply.kind, why=reply.why)

    def _put_paper_away(self) -> None:
        """The last report stays until the next key; on the sign-in screen until somebody signs in."""
        self._work.slip = None
        if self._work.state.report:
            self._work.put(report=())

    def _note_activity(self, client: str) -> None:
        state, shift = self._work.state, self._work.state.shift
        number = shift.number if shift else state.last_shift
        changes: dict[str, Any] = {"active_ms": self._work.now_ms, "boot_id": self.ports.config.boot_id}
        if state.seen.get(client) != number:
            changes["seen"] = {**state.seen, client: number}
        self._work.put(**changes)
        self._last_active_s = self.ports.clock.monotonic_s()

    # -- changes from outside

    async def refresh(self) -> None:
        """Records were acknowledged or refused, packages came, a print job moved: count again and show it."""
        await self._count()
        trouble = self.ports.series_trouble()
        if trouble and not self._busy and self._work.state.till is not TillState.SAFE_STOP:
            self._work.stop_safely(trouble, TillEvent.SERIES_REFUSED)
        self._show_change()

    def connection_changed(self) -> None:
        """The mode or the link moved: the header follows at once, and a failing server is named once."""
        status = self.ports.connection.status()
        before = self._view.header.connection
        if self._busy:
            self._show_question()
        else:
            note_connection(self._work)
            stopped = self._work.state.till is TillState.SAFE_STOP  # its sentence has to stay
            if status.word not in (before, "ONLINE") and status.sentence and not stopped:
                self._work.say(status.sentence, Tone.WARN)
        self._show_change()

    def data_came(self) -> None:
        """The first data of the shop is here: whoever waits for it is told, and may begin."""
        if not self._busy and self._work.state.till is not TillState.SAFE_STOP:
            then = (
                phrase(" Type the start amount in the drawer and Enter.")
                if self._view.mode is Mode.SHIFT
                else ""
            )
            missing = missing_data(self._work)
            here = (
                phrase("Data is here, but not all of it: {missing}", missing)
                if missing
                else phrase("The shop's data is here.{then}", then)
            )
            self._work.say(here)
        self._show_change()

    def journal_damaged(self, sentence: str) -> None:
        """The check beside the running sale found a record that does not hold (T3): nothing more is sold."""
        self._damage = sentence
        if not self._busy:
            self._stop_damaged()
            self._show_change()

    def _stop_damaged(self) -> None:
        session_restore.stop_damaged(self._work, self._damage)
        self._damage = ""

    def price_differs(self, sku: str, local_price: int, server_price: int) -> None:
        """The server's answer came too late and named another price than was sold by; journaled with the next sale."""
        row = {"sku": sku[:CODE_LIMIT], "sold_at": local_price, "server_price": server_price}
        self._work.differences = [*self._work.differences, row][-DIFFERENCE_LIMIT:]

    def _begin_errands(self) -> None:
        """What takes long (the demo shop's server starting again) never holds up the till."""
        for errand in self._work.errands:
            task = asyncio.get_running_loop().create_task(self._run_errand(errand), name="errand of the till")
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        self._work.errands.clear()

    async def _run_errand(self, errand: Errand) -> None:
        found = await errand()
        if isinstance(found, Panel):
            show_panel(self._work, found)
        else:
            self._work.say(found)
        self._show_change()

    async def sync_now(self) -> SyncAnswer:
        """The steering command `sync`: one round down and up; returns when it has ended."""
        try:
            return await self.ports.sync.sync_now()
        except JournalError as error:
            return SyncAnswer(end=SyncEnd.FAILED, sentence=error.sentence)

    async def retry(self) -> str:
        """The steering command `retry`: leave a safe stop if the journal can be written. Returns a sentence."""
        if self._work.state.till is not TillState.SAFE_STOP:
            return phrase("The register is not stopped.")
        intent = Intent(n=self.last_n("core:retry") + 1, kind=IntentKind.ENTER)
        await self.handle([Submission(client="core:retry", intent=intent)])
        self.on_change()
        return self._view.message.text

    def idle_submission(self) -> Submission | None:
        """The lock that is due because nobody touched the register for long; None while it is not. For the mailbox."""
        limit_s = self.ports.auto_lock_s()
        idle_s = self.ports.clock.monotonic_s() - self._last_active_s
        state = self._work.state
        if (
            not limit_s
            or idle_s < limit_s
            or self._busy
            or state.till not in LOCKABLE
            or state.operator is None
        ):
            return None
        intent = Intent(n=self.last_n(IDLE_CLIENT) + 1, kind=IntentKind.OPERATION, operation=703)
        return Submission(client=IDLE_CLIENT, intent=intent)

    async def query(self, kind: str, text: str) -> dict[str, Any]:
        """Answer a question that changes nothing; an unknown one is `{"error": sentence}`."""
        return await session_query.answer(self._work, self._view, kind, text)

    # -- showing

    async def _count(self) -> None:
        try:
            self._up = (await self.ports.journal.counts()).pending_transactions
        except JournalError as error:
            self._work.say(error.sentence, Tone.ERROR)

    def _show_change(self) -> None:
        """A view between batches; while one is being applied its own view will show the change."""
        if self._busy:
            return
        self._publish()
        self.on_change()

    def _show_question(self) -> None:
        """An item in flight may wait for the answer: the question comes and goes in the middle of a batch.

        The rest of the view stays as it was stored; what the batch has done so far is not shown before it is kept.
        """
        question = switch_question.shown(self.ports.connection.question, self._beneath)
        if question == self._view.question:
            return
        self._seq += 1
        self._view = msgspec.structs.replace(self._view, seq=self._seq, question=question)
        self._work.view_moved(self._seq + 1)
        self.on_change()

    def _publish(self) -> None:
        self._beneath = self._work.state.asked.question if self._work.state.asked else None
        fresh = self._make()
        if msgspec.structs.replace(fresh, seq=self._seq) == self._view:
            return
        self._seq += 1
        self._view = fresh

    def _make(self) -> View:
        speech.tune(self.ports, self._work.state)
        return self._maker.make(self._seq + 1, self._work, self._up, self._work.message)

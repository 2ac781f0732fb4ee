"""Prints what the journal holds: jobs are born with their record and are moved on here, beside the sale.

One lane for the printer, one for the drawer, each in the order of the jobs. SENDING is stored and synced before the
first byte, so that a job whose fate is not known is never sent again by itself (docs/journal.md).
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable

from msgspec.structs import replace

from store.register.journal.commit import utc_text
from store.register.journal.journal import Committed, JobRow, Journal, JournalFull
from store.register.peripherals import Drawer, Health, PrintOutcome, PrintResult, ReceiptPrinter
from store.register.ports import Clock, Randomness
from store.register.printing.job_states import JobEvent, JobState, sentence, step
from store.sale.document import Document
from store.sale.language import later, phrase
from store.sale.policy import StoreFacts
from store.sale.report import document_of
from store.sale.voucher_slip import VOUCHER_SLIP, voucher_slips

_log = logging.getLogger(__name__)

JOB_GUARD_S = 60.0
"""No driver may hold a lane longer; its own deadline is 15 s."""
LOOK_AGAIN_S = 1.0
"""How often a blocked device is looked at."""
DRAWER_LIFE_S = 5.0
"""A drawer that could not be opened within this stays closed: nobody expects it any more."""
_MOST_PAUSE_S = 30.0
_BREAKER = 2
"""So many jobs in a row without an answer stop the lane until a person has looked."""
_REMEMBERED = 64
_DISK_FULL = later("The disk is full")
_BROKEN_OFF = {False: JobEvent.CORE_STARTED, True: JobEvent.EXPIRED}
"""What becomes of a job found in SENDING, by whether it is the drawer's."""

_BLOCKING = {Health.OFFLINE, Health.PAPER_OUT, Health.COVER_OPEN, Health.FAULT}
GIFT = "gift_receipt"
"""What a print job asks for besides the document of its record: the sale without its prices."""
_PLAIN = {
    Health.OFFLINE: later("Printer off or unplugged"),
    Health.PAPER_OUT: later("Printer out of paper"),
    Health.COVER_OPEN: later("Printer cover open"),
    Health.FAULT: later("Printer faulty"),
}
_PLAIN_DRAWER = {
    Health.OFFLINE: later("it is off or unplugged"),
    Health.PAPER_OUT: later("the printer is out of paper"),
    Health.COVER_OPEN: later("the printer's cover is open"),
    Health.FAULT: later("the printer is faulty"),
}
_EVENTS = {
    PrintOutcome.CONFIRMED: JobEvent.PAPER_CONFIRMED,
    PrintOutcome.PRESUMED: JobEvent.BYTES_TAKEN,
    PrintOutcome.FAILED: JobEvent.NOTHING_SENT,
    PrintOutcome.UNKNOWN: JobEvent.ANSWER_MISSING,
}


class PrintSpool:
    """Drives one printer and one drawer. `start`, then `run_printer` and `run_drawer` as tasks of their own."""

    def __init__(
        self,
        *,
        journal: Journal,
        printer: ReceiptPrinter | None,
        drawer: Drawer | None,
        facts: Callable[[], StoreFacts],
        clock: Clock,
        randomness: Randomness,
        on_change: Callable[[], None],
    ) -> None:
        self._journal = journal
        self._printer = printer
        self._drawer = drawer
        self._facts = facts
        self._clock = clock
        self._randomness = randomness
        self._on_change = on_change
        self._news = {"printer": asyncio.Event(), "drawer": asyncio.Event()}
        self._sending = {"printer": asyncio.Lock(), "drawer": asyncio.Lock()}
        self._known: dict[str, JobRow] = {}
        self._unanswered = 0
        self._late: list[str] = []
        journal.on_commit(self._committed)
        if printer is not None:
            printer.listen(self._paper_came_late)

    @property
    def has_printer(self) -> bool:
        """Whether a printer is attached; without one receipts are shown as text."""
        return self._printer is not None

    async def use(self, printer: ReceiptPrinter | None, drawer: Drawer | None) -> None:
        """Other devices from now on; returns when nothing is in the hands of the old ones."""
        async with self._sending["printer"], self._sending["drawer"]:
            self._printer, self._drawer = printer, drawer
            self._unanswered = 0
            if printer is not None:
                printer.listen(self._paper_came_late)
        self.wake()

    def wake(self) -> None:
        """There may be new jobs, or a device may be ready again."""
        for event in self._news.values():
            event.set()

    def resume(self) -> None:
        """A person has looked at a printer that stopped answering."""
        self._unanswered = 0
        self.wake()

    def state_of(self, job_id: str) -> str:
        """A whole sentence about a job of this run, empty when nothing is known or nothing is to be said."""
        job = self._known.get(job_id)
        return "" if job is None else sentence(job.kind, JobState(job.state), job.detail)

    async def start(self) -> None:
        """Settle the jobs that a former run left: what was being sent is UNKNOWN, drawers stay closed."""
        for job in await self._journal.open_jobs():
            if job.kind == "drawer":
                await self._move(job, JobEvent.EXPIRED, phrase("the register was restarted"))
            else:
                await self._move(
                    job, JobEvent.CORE_STARTED, phrase("the register was restarted while it printed")
                )
        self.wake()

    async def person_saw_paper(self, job_id: str) -> None:
        """A person says that the paper of an UNKNOWN job is complete."""
        job = await self._journal.job(job_id)
        if job is not None and job.state == JobState.UNKNOWN:
            await self._move(job, JobEvent.PERSON_SAW_PAPER)
            self.resume()

    async def ask_for(self, txn_id: str) -> bool:
        """Somebody wants the paper of a record whose job is held until then; False when none is."""
        held = [job for job in await self._journal.jobs_of(txn_id) if job.state == JobState.HELD]
        for job in held:
            await self._move(job, JobEvent.ASKED_FOR)
        self.wake()
        return bool(held)

    def _paper_came_late(self, job_id: str) -> None:
        """The printer says that the paper of an UNKNOWN job is out after all; the lane settles it."""
        self._late.append(job_id)
        self.resume()

    async def run_printer(self) -> None:
        """Print whatever waits, in order, for ever."""
        await self._run("printer", self._print_head)

    async def run_drawer(self) -> None:
        """Open the drawer when a record says so, for ever."""
        await self._run("drawer", self._open_head)

    async def _run(self, lane: str, turn: Callable[[JobRow], Awaitable[float]]) -> None:
        """Take the oldest job of a lane until none is left; a turn answers how long to wait before the next."""
        news = self._news[lane]
        while True:
            news.clear()
            if lane == "printer":
                await self._settle_late()
            job = await self._head_of(lane)
            async with self._sending[lane]:
                pause_s = None if job is None else await self._turn(job, turn)
            if pause_s == 0.0:
                continue
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause_s):
                    await news.wait()

    async def _turn(self, job: JobRow, turn: Callable[[JobRow], Awaitable[float]]) -> float:
        try:
            if (
                job.state == JobState.SENDING
            ):  # a lane that broke off in the middle of it: some bytes may be out
                await self._move(job, _BROKEN_OFF[job.kind == "drawer"], phrase("the register broke off"))
                return 0.0
            return await turn(job)
        except JournalFull:
            # What cannot be stored is not sent either; the job waits as if the device were blocked.
            self._remember(replace(job, state=JobState.BLOCKED.value, detail=_DISK_FULL))
            return LOOK_AGAIN_S

    async def _settle_late(self) -> None:
        while self._late:
            job = await self._journal.job(self._late.pop())
            if job is not None and job.state == JobState.UNKNOWN:
                await self._move(job, JobEvent.PAPER_CONFIRMED)

    async def _head_of(self, lane: str) -> JobRow | None:
        for job in await self._journal.open_jobs():
            if (job.kind == "drawer") == (lane == "drawer"):
                return job
        return None

    # ---- the printer's lane

    async def _print_head(self, job: JobRow) -> float:
        printer = self._printer
        if printer is None:
            await self._move(job, JobEvent.GIVEN_UP, phrase("No printer is attached"))
            return 0.0
        if self._unanswered >= _BREAKER and not await self._copy_wanted():
            reason = phrase(
                "Printer did not confirm {breaker} times; check it, then F3 prints a copy", _BREAKER
            )
            await self._block(job, reason)
            return LOOK_AGAIN_S
        status = printer.status()
        if status.health in _BLOCKING:
            await self._block(job, phrase(_PLAIN[status.health]))
            return LOOK_AGAIN_S
        document = await self._document(job)
        if document is None:
            await self._move(job, JobEvent.GIVEN_UP, phrase("There is nothing to print for this record"))
            return 0.0
        sending = await self._move(job, JobEvent.ATTEMPT_STARTED)
        done = await self._attempt(sending, lambda: printer.print(document, job.job_id))
        self._unanswered = self._unanswered + 1 if done.state == JobState.UNKNOWN else 0
        if done.state != JobState.FAILED:
            return 0.0
        limit_s = min(_MOST_PAUSE_S, 2.0 ** min(done.attempts, 8))
        return max(0.05, self._randomness.uniform(limit_s / 2, limit_s))

    async def _copy_wanted(self) -> bool:
        """Whether a person has asked for a copy, and so has looked at the printer."""
        wanted = any(job.copy_no for job in await self._journal.open_jobs())
        if wanted:
            self._unanswered = 0
        return wanted

    async def _document(self, job: JobRow) -> Document | None:
        found = await self._journal.record_by_txn(job.txn_id)
        if found is None:
            return None
        try:
            if job.document_kind == VOUCHER_SLIP:
                return voucher_slips(found.payload, self._facts(), found.fingerprint)
            return document_of(
                found.payload,
                self._facts(),
                fingerprint=found.fingerprint,
                copy_no=job.copy_no,
                copied_at=utc_text(job.created_ms) if job.copy_no else "",
                copied_utc_offset_min=self._clock.utc_offset_min() if job.copy_no else None,
                gift=job.document_kind == GIFT,
            )
        except (KeyError, TypeError, ValueError):  # a record of another version must not stop the lane
            _log.exception("a record cannot be rendered", extra={"txn_id": job.txn_id})
            return None

    # ---- the drawer's lane

    async def _open_head(self, job: JobRow) -> float:
        drawer = self._drawer
        if drawer is None:
            await self._move(job, JobEvent.GIVEN_UP, phrase("no drawer is attached"))
            return 0.0
        if self._clock.wall_ms() - job.created_ms > DRAWER_LIFE_S * 1000:
            await self._move(job, JobEvent.EXPIRED, job.detail or phrase("it took too long"))
            return 0.0
        sending = await self._move(job, JobEvent.ATTEMPT_STARTED)
        done = await self._attempt(sending, lambda: drawer.open(job.job_id))
        if done.state == JobState.FAILED:
            # A drawer that springs open later, with nobody at the till, is worse than one that stays closed.
            await self._move(
                done, JobEvent.GIVEN_UP, phrase(_PLAIN_DRAWER.get(drawer.status().health, done.detail))
            )
        return 0.0

    # ---- both

    async def _attempt(self, job: JobRow, send: Callable[[], Awaitable[PrintResult]]) -> JobRow:
        try:
            async with asyncio.timeout(JOB_GUARD_S):
                result = await send()
        except TimeoutError:
            result = PrintResult(outcome=PrintOutcome.UNKNOWN, detail=phrase("the device hangs"))
        except Exception:  # a driver may raise anything; some bytes may be out, so nothing is known
            _log.exception("driver failed", extra={"job_id": job.job_id})
            result = PrintResult(outcome=PrintOutcome.UNKNOWN, detail=phrase("the driver failed"))
        while True:  # nothing else is sent before it is stored what became of this
            try:
                return await self._move(job, _EVENTS[result.outcome], result.detail)
            except JournalFull:
                await self._clock.sleep(LOOK_AGAIN_S)

    async def _block(self, job: JobRow, reason: str) -> None:
        if job.state != JobState.BLOCKED or job.detail != reason:
            await self._move(job, JobEvent.DEVICE_BLOCKED, reason)

    async def _move(self, job: JobRow, event: JobEvent, detail: str = "") -> JobRow:
        state = step(JobState(job.state), event)
        starting = event is JobEvent.ATTEMPT_STARTED
        moved = replace(
            job,
            state=state.value,
            detail=detail,
            attempts=job.attempts + 1 if starting else job.attempts,
            updated_ms=self._clock.wall_ms(),
        )
        # What a power cut takes from the later states is found as SENDING and so becomes UNKNOWN.
        await self._journal.update_job(moved, synced=starting)
        self._remember(moved)
        return moved

    def _remember(self, job: JobRow) -> None:
        self._known.pop(job.job_id, None)
        self._known[job.job_id] = job
        while len(self._known) > _REMEMBERED:
            del self._known[next(iter(self._known))]
        self._on_change()

    def _committed(self, _: Committed) -> None:
        self.wake()

"""A receipt printer on a connection: TCP, serial line, USB node.

What a sender can know (measured with faults at every sixth byte of a job): an answer to a fence behind the job always
means that it is on paper; no answer means nothing. Hence the outcomes of `PrintOutcome`, and hence a job is sent again
only when not one of its bytes went out.

A job: preflight (nothing is sent to a printer that is not ready), settle what older jobs owe, bytes, fence, wait.
Everything has a deadline (`PrintLimits`), nothing raises for device trouble.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable

import msgspec

from devices.errors import DeviceError, DeviceOffline
from devices.printer.escpos_dialogue import Dialogue
from devices.printer.escpos_encoder import ReceiptEncoder
from devices.printer.print_attempt import Answers, Attempt, Fence
from devices.printer.print_job import BUSY, failed, prepared, reported, unknown
from devices.printer.print_limits import PrintLimits
from devices.printer.printer_memory import PrinterMemory
from devices.wire.byte_stream import ByteStream, in_thread
from devices.wire.link import Link, Opener
from store.register.peripherals import DeviceStatus, Health, PrintOutcome, PrintResult
from store.sale.document import Document


class EscposPrinter:
    """The `ReceiptPrinter` of store/register/peripherals.py for printers that speak ESC/POS."""

    def __init__(
        self,
        opener: Opener,
        encoder: ReceiptEncoder,
        *,
        name: str,
        device: str = "printer",
        path: str = "",
        answers: Answers = "auto",
        fence: Fence = "status",
        keeps_answers: bool = False,
        memory: PrinterMemory | None = None,
        limits: PrintLimits | None = None,
        wall_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        """`name` for people; `path` of a node that comes and goes; `answers`, `fence`: DevicesConfig.

        `keeps_answers`: answers of old jobs can arrive on a new connection (serial, USB; not TCP).
        """
        self._encoder = encoder
        self._answers: Answers = answers
        self._fence: Fence = fence
        self._keeps_answers = keeps_answers
        self._memory = memory or PrinterMemory(None, name)
        self._limits = limits or PrintLimits()
        self._wall_ms = wall_ms
        self._lock = asyncio.Lock()
        self._jobs = 0
        self._dialogue: Dialogue | None = None
        self._take_late: Callable[[str], None] = lambda job_id: None
        self._late: tuple[Dialogue, int, str] | None = None
        """The last UNKNOWN job, its number and the connection on which its answer may still come."""
        self._watching: asyncio.Task[None] | None = None
        self._look_now = asyncio.Event()
        self._link = Link(opener, name=name, up=self._up, down=self._down, path=path)
        self._status = DeviceStatus(
            device=device, kind="printer", health=Health.UNKNOWN, detail=self._link.reason
        )

    def status(self) -> DeviceStatus:
        """Last known state; READY that was heard too long ago is UNKNOWN."""
        status = self._status
        if status.health is Health.READY and status.heard_ms:
            age_s = (self._wall_ms() - status.heard_ms) / 1000
            if age_s > 3 * self._limits.watch_s + self._limits.job_s:
                detail = f"The printer has said nothing for {age_s:.0f} seconds."
                return msgspec.structs.replace(status, health=Health.UNKNOWN, detail=detail)
        return status

    async def start(self) -> None:
        """Begin to connect and to watch, in the background."""
        self._link.start()
        if self._watching is None:
            self._watching = asyncio.create_task(self._watch(), name="watch printer")

    async def close(self) -> None:
        """Give the connection back."""
        if self._watching is not None:
            self._watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watching
            self._watching = None
        await self._link.aclose()

    def listen(self, take: Callable[[str], None]) -> None:
        """Call `take` with the id of an UNKNOWN job that turns out to be on paper."""
        self._take_late = take

    async def print(self, document: Document, job_id: str) -> PrintResult:
        """Print one document within `PrintLimits.job_s`."""
        until_s = self._now_s() + self._limits.job_s
        encoded = await prepared(self._encoder, document, until_s)
        if isinstance(encoded, PrintResult):
            return encoded
        data = encoded.data
        result = await self._exclusively(until_s, lambda attempt: attempt.print(data), job_id)
        return reported(result, encoded)

    async def pulse(self, pin: int, open_level: str) -> PrintResult:
        """Open the drawer at the printer's plug, as a job of its own.

        CONFIRMED when its sensor says so (`open_level` high or low), PRESUMED without a sensor.
        """
        until_s = self._now_s() + self._limits.stalled_s
        return await self._exclusively(until_s, lambda attempt: attempt.pulse(pin, open_level))

    async def _exclusively(
        self, until_s: float, work: Callable[[Attempt], Awaitable[PrintResult]], job_id: str = ""
    ) -> PrintResult:
        """One job at a time on the line; what waits too long has sent nothing. `job_id`: of a job with a fence."""
        try:
            async with asyncio.timeout_at(until_s):
                await self._lock.acquire()
        except TimeoutError:
            return failed(BUSY)
        try:
            dialogue = await self._connected(until_s)
            await self._hear_late()
            result = await work(self._attempt(dialogue, until_s))
            if result.outcome is PrintOutcome.FAILED and dialogue.stream.lost.done():
                # The connection had died unnoticed, as they do overnight; nothing was sent, so once more.
                dialogue = await self._connected(until_s)
                result = await work(self._attempt(dialogue, until_s))
            if job_id and result.outcome is PrintOutcome.UNKNOWN and dialogue.owed:
                self._late = (dialogue, self._jobs, job_id)
            if self._status.health is Health.UNKNOWN and not dialogue.taken_for_mute:
                await self._link.drop()  # silent: a fresh connection is the only cure from here
            return result
        except DeviceOffline as error:
            return failed(error.reason)
        except Exception as error:  # a driver's own mistake
            return unknown(f"The printer driver failed: {error}.")
        finally:
            self._lock.release()

    async def _hear_late(self) -> None:
        """Whether the answer of the last UNKNOWN job has come meanwhile, on the connection that the job went over."""
        if self._late is None or self._late[0] is not self._dialogue:
            self._late = None
            return
        dialogue, number, job_id = self._late
        if await dialogue.passed(self._fence, number, 0.0):
            self._late = None
            self._take_late(job_id)

    async def _connected(self, until_s: float) -> Dialogue:
        """The conversation on an open connection. Raises DeviceOffline."""
        await self._link.connected(min(self._limits.connect_s, max(until_s - self._now_s(), 0.0)))
        if self._dialogue is None:
            raise DeviceOffline(self._link.reason)
        return self._dialogue

    def _attempt(self, dialogue: Dialogue, until_s: float) -> Attempt:
        self._jobs += 1
        return Attempt(
            dialogue,
            self._memory,
            self._limits,
            answers=self._answers,
            fence=self._fence,
            number=self._jobs,
            until_s=until_s,
            observe=self._observe,
        )

    def _up(self, stream: ByteStream) -> None:
        owed = self._dialogue.owed if self._dialogue is not None else 1
        self._dialogue = Dialogue(stream)
        self._dialogue.owed = owed if self._keeps_answers and self._fence != "none" else 0
        self._dialogue.taken_for_mute |= self._answers == "no"
        self._observe(Health.UNKNOWN, f"{self._link.name} is connected and has not answered yet.")
        self._look_now.set()

    def _down(self, reason: str) -> None:
        self._observe(Health.OFFLINE, reason)

    async def _watch(self) -> None:
        """Load the encoder once the start is over, then ask now and then how the printer is."""
        warm_up_at_s = self._now_s() + self._limits.warm_up_s
        warm = False
        while True:
            well = self._status.health in (Health.READY, Health.UNKNOWN)
            pause_s = self._limits.watch_s if well else self._limits.trouble_s
            if not warm:
                pause_s = max(warm_up_at_s - self._now_s(), 0.0)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause_s):
                    await self._look_now.wait()
            self._look_now.clear()
            if not warm and self._now_s() >= warm_up_at_s:
                warm = True
                with contextlib.suppress(DeviceError):  # the first receipt will say it
                    await in_thread(self._encoder.prepare, name="load encoder")
            if not self._lock.locked() and self._link.stream is not None:
                await self._look()

    async def _look(self) -> None:
        async with self._lock:
            dialogue = self._dialogue
            if dialogue is None or dialogue.taken_for_mute:
                return
            await self._attempt(dialogue, self._now_s() + self._limits.status_s).look()
            await self._hear_late()
            if self._status.health is Health.UNKNOWN and not dialogue.taken_for_mute:
                await self._link.drop()

    def _observe(self, health: Health, detail: str) -> None:
        now_ms = self._wall_ms()
        if (health, detail) != (self._status.health, self._status.detail):
            self._status = msgspec.structs.replace(
                self._status, health=health, detail=detail, since_ms=now_ms
            )
        if health not in (Health.UNKNOWN, Health.OFFLINE):
            self._status = msgspec.structs.replace(self._status, heard_ms=now_ms)

    @staticmethod
    def _now_s() -> float:
        return asyncio.get_running_loop().time()

"""One attempt at one job on one open connection: preflight, bytes, fence, outcome."""

import asyncio
from collections.abc import Callable
from typing import Literal

from devices.errors import TransferBroken
from devices.printer.escpos_dialogue import Dialogue
from devices.printer.escpos_protocol import drawer_is_high, health_of, pulse, real_time_pulse
from devices.printer.print_job import BUSY, failed, unknown
from devices.printer.print_limits import PrintLimits
from devices.printer.printer_memory import PrinterMemory
from store.register.peripherals import Health, PrintOutcome, PrintResult

SILENT = "The printer does not answer. Is it switched on and connected?"
MUTE = "The printer cannot answer; whether its paper holds the receipt is not known."
SLOW = "The printer did not say in time that it has finished."
UNFENCED = "The printer is well but cannot say when it has finished."
SHUT = "The drawer did not open. Use its key."

LOOK_AGAIN_S = 1.0
"""While a fence is awaited the printer is asked so often how it is."""
DRAWER_OPENS_S = 1.0
"""A drawer that has not moved by then is stuck or locked."""

Fence = Literal["status", "id", "none"]
Answers = Literal["auto", "yes", "no"]
Observe = Callable[[Health, str], None]


class Attempt:
    """Used once. `observe` is told what is learned of the printer's health; UNKNOWN means it fell silent."""

    def __init__(
        self,
        dialogue: Dialogue,
        memory: PrinterMemory,
        limits: PrintLimits,
        *,
        answers: Answers,
        fence: Fence,
        number: int,
        until_s: float,
        observe: Observe,
    ) -> None:
        """`until_s`: when the outcome must be known, in loop time; `number`: of the job, for its fence."""
        self._dialogue = dialogue
        self._memory = memory
        self._limits = limits
        self._answers = answers
        self._fence: Fence = fence
        self._number = number
        self._until_s = until_s
        self._observe = observe
        self._printer_bits = 0

    async def print(self, data: bytes) -> PrintResult:
        """Send one job."""
        try:
            if blocked := await self._blocked() or await self._owing():
                return failed(blocked)
        except TransferBroken as broken:  # of a question, not of the job
            return failed(broken.reason)
        fence = (
            b"" if self._mute or self._fence == "none" else self._dialogue.fence(self._fence, self._number)
        )
        try:
            async with asyncio.timeout(self._left_s()):
                await self._dialogue.stream.write(data + fence, stalled_after_s=self._limits.stalled_s)
        except TransferBroken as broken:
            self._observe(Health.UNKNOWN, broken.reason)
            return unknown(broken.reason) if broken.sent else failed(broken.reason)
        except TimeoutError:
            return unknown(SLOW)
        if self._mute:
            return await self._hoped()
        return await self._confirmed(len(data))

    async def pulse(self, pin: int, open_level: str) -> PrintResult:
        """Send one pulse to the drawer. An off-line printer gets the form that it obeys at once: never a late one."""
        try:
            blocked = await self._blocked()
            if blocked and not self._printer_bits:
                return failed(blocked)
            command = real_time_pulse(pin) if blocked else pulse(pin)
            high_before = drawer_is_high(self._printer_bits)
            await self._dialogue.stream.write(command, stalled_after_s=self._limits.status_s)
        except TransferBroken as broken:
            return unknown(broken.reason) if broken.sent else failed(broken.reason)
        if open_level == "none" or self._mute:
            return PrintResult(outcome=PrintOutcome.PRESUMED)
        return await self._moved(high_before, open_level == "high")

    @property
    def _mute(self) -> bool:
        return self._dialogue.taken_for_mute

    def _left_s(self) -> float:
        return max(self._until_s - asyncio.get_running_loop().time(), 0.0)

    async def look(self) -> str:
        """Ask how the printer is, and say so to `observe`; returns why nothing can be printed, or nothing."""
        try:
            return await self._blocked()
        except TransferBroken as broken:
            self._observe(Health.UNKNOWN, broken.reason)
            return broken.reason

    async def _blocked(self) -> str:
        """Why nothing can be printed now; empty when it can, or when the printer never answered anything."""
        if self._mute:
            return ""
        found = await self._dialogue.statuses(min(self._limits.status_s, self._left_s()))
        if found is None:
            if self._dialogue.stream.lost.done():
                self._observe(Health.OFFLINE, self._dialogue.stream.lost.result())
                return self._dialogue.stream.lost.result()
            if self._answers == "yes" or self._memory.answers or self._dialogue.heard:
                self._observe(Health.UNKNOWN, SILENT)
                return SILENT
            self._dialogue.taken_for_mute = True
            self._observe(Health.UNKNOWN, MUTE)
            return ""
        self._printer_bits = found[0]
        self._memory.learn(answers=True)
        health, detail = health_of(*found)
        self._observe(health, detail)
        return "" if health is Health.READY else detail

    async def _owing(self) -> str:
        """Wait for what older jobs owe; a printer that has never known fences owes nothing."""
        if self._mute or await self._dialogue.settle(
            min(self._limits.status_s, self._left_s()), self._limits.quiet_s
        ):
            return ""
        if self._memory.fences:
            return BUSY
        self._dialogue.owed = 0
        return ""

    async def _hoped(self) -> PrintResult:
        """All bytes are on their way to a printer that cannot answer."""
        await asyncio.wait({self._dialogue.stream.lost}, timeout=self._limits.mute_s)
        if self._dialogue.stream.lost.done():
            return unknown(self._dialogue.stream.lost.result())
        return PrintResult(outcome=PrintOutcome.PRESUMED, detail=MUTE)

    async def _confirmed(self, size: int) -> PrintResult:
        """Wait for the fence, asking for the printer's health meanwhile."""
        patience_s = self._left_s() - self._limits.status_s
        proven = self._memory.fences and self._fence != "none"
        if not proven:
            patience_s = min(patience_s, self._limits.unproven_s + size / self._limits.bytes_per_s)
        loop = asyncio.get_running_loop()
        until_s = loop.time() + patience_s
        trouble = SLOW
        while (left_s := until_s - loop.time()) > 0:
            if await self._passed(min(LOOK_AGAIN_S, left_s)):
                self._memory.learn(fences=True)
                return PrintResult(outcome=PrintOutcome.CONFIRMED)
            if self._dialogue.stream.lost.done():
                return unknown(self._dialogue.stream.lost.result())
            trouble = await self.look()
        if not trouble and not proven:
            return PrintResult(outcome=PrintOutcome.PRESUMED, detail=UNFENCED)
        return unknown(trouble or SLOW)

    async def _passed(self, within_s: float) -> bool:
        if self._fence == "none":
            await asyncio.wait({self._dialogue.stream.lost}, timeout=within_s)
            return False
        return await self._dialogue.passed(self._fence, self._number, within_s)

    async def _moved(self, high_before: bool, high_is_open: bool) -> PrintResult:
        """Watch the drawer's sensor."""
        if high_before == high_is_open:
            return PrintResult(outcome=PrintOutcome.PRESUMED, detail="The drawer was open already.")
        loop = asyncio.get_running_loop()
        until_s = loop.time() + DRAWER_OPENS_S
        while loop.time() < until_s:
            await self.look()
            if drawer_is_high(self._printer_bits) == high_is_open:
                return PrintResult(outcome=PrintOutcome.CONFIRMED)
            await asyncio.sleep(0.05)
        return PrintResult(outcome=PrintOutcome.UNKNOWN, detail=SHUT)

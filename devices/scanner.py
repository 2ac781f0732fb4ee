"""A scanner on a serial line (USB scanners in "CDC" mode are one) or on a named pipe."""

import asyncio
import time
from collections.abc import Callable

import msgspec

from devices.scan import Reading, ScanDecoder
from devices.wire.byte_stream import ByteStream
from devices.wire.link import Link, Opener
from store.register.peripherals import DeviceStatus, Health, ScanReading

WAITING_S = 0.05
"""What arrives so soon after opening had been waiting for it."""


class SerialScanner:
    """The `Scanner` of store/register/peripherals.py over a supervised line."""

    def __init__(
        self,
        opener: Opener,
        *,
        device: str,
        path: str,
        decoder: ScanDecoder | None = None,
        wall_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self._device = device
        self._path = path
        self._decoder = decoder or ScanDecoder()
        self._wall_ms = wall_ms
        self._take: Callable[[ScanReading], None] = lambda reading: None
        self._link = Link(opener, name=path, up=self._up, down=self._down, path=path)
        self._timer: asyncio.TimerHandle | None = None
        self._opened_s = float("-inf")
        self._status = DeviceStatus(
            device=device, kind="scanner", health=Health.OFFLINE, detail=self._link.reason
        )

    def status(self) -> DeviceStatus:
        """Last known state. A scanner cannot be asked: until its first scan an open line is UNKNOWN."""
        return self._status

    def listen(self, take: Callable[[ScanReading], None]) -> None:
        """Call `take` for every reading from now on, in order, on the event loop."""
        self._take = take

    async def start(self) -> None:
        """Begin to open the line and to read, in the background."""
        self._link.start()

    async def close(self) -> None:
        """Give the line back."""
        await self._link.aclose()
        self._cancel_timer()
        self._set(Health.OFFLINE, f"{self._path} is closed.")

    def _up(self, stream: ByteStream) -> None:
        self._opened_s = self._now_s()
        self._set(Health.UNKNOWN, f"{self._path} is open; nothing has been scanned yet.")
        stream.listen(self._arrived)

    def _down(self, reason: str) -> None:
        self._deliver(self._decoder.cut_off())
        self._set(Health.OFFLINE, reason)

    def _arrived(self, data: bytes) -> None:
        """What is there at opening may hold scans made long before: equal ones among them all count."""
        now_s = self._now_s()
        self._deliver(self._decoder.feed(data, now_s, stored=now_s - self._opened_s < WAITING_S))

    def _expired(self) -> None:
        self._timer = None
        self._deliver(self._decoder.expire(self._now_s()))

    def _deliver(self, readings: list[Reading]) -> None:
        self._cancel_timer()
        if (wake_at_s := self._decoder.wake_at_s) is not None:
            self._timer = asyncio.get_running_loop().call_at(wake_at_s, self._expired)
        self._heard(readings)
        for reading in readings:
            self._take(
                ScanReading(
                    device=self._device,
                    text=reading.text,
                    symbology=reading.symbology,
                    error=reading.error,
                )
            )

    def _heard(self, readings: list[Reading]) -> None:
        if not readings:
            return
        if readings[-1].error:
            self._set(Health.FAULT, readings[-1].error)
        else:
            self._set(Health.READY, f"{self._path} is open.")
        self._status = msgspec.structs.replace(self._status, heard_ms=self._wall_ms())

    def _set(self, health: Health, detail: str) -> None:
        if (health, detail) != (self._status.health, self._status.detail):
            self._status = msgspec.structs.replace(
                self._status, health=health, detail=detail, since_ms=self._wall_ms()
            )

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    @staticmethod
    def _now_s() -> float:
        return asyncio.get_running_loop().time()

"""The devices in use, which headquarters may change while the register runs (docs/sync.md)."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Protocol

from store.register.peripherals import DevicesConfig, DeviceSet, Drawer, ReceiptPrinter, Scanner

_log = logging.getLogger("outpost.register.devices")

CLOSE_S = 1.5
"""A driver that hangs must not keep the register from ending in order, nor new devices from being claimed."""


class Closable(Protocol):
    """What every device has in common."""

    async def start(self) -> None:
        """Claim the device."""
        ...

    async def close(self) -> None:
        """Give it back."""
        ...


class DeviceDesk:
    """Builds, starts, changes and closes the devices of one register."""

    def __init__(self, build: Callable[[DevicesConfig], DeviceSet], config: DevicesConfig) -> None:
        self._build = build
        self._config = config
        self._listen: Callable[[Scanner], None] = lambda scanner: None
        self._changing = asyncio.Lock()
        self.current = build(config)

    async def start(self, listen: Callable[[Scanner], None]) -> None:
        """Claim printer, drawer and scanners; a missing one is a status, not an error. Readings go to `listen`."""
        self._listen = listen
        await self._start(self.current)

    async def change(
        self,
        config: DevicesConfig,
        use: Callable[[ReceiptPrinter | None, Drawer | None], Awaitable[None]],
    ) -> None:
        """Use other devices from now on: `use` returns when the old ones have nothing in hand.

        What cannot be built is logged, and everything stays as it is.
        """
        async with self._changing:
            if config == self._config:
                return
            try:
                fresh = self._build(config)
            except Exception as error:  # a driver's own error for an address that headquarters got wrong
                _log.warning("devices stay as they are: %s", error)
                return
            await use(fresh.printer, fresh.drawer)
            old, self.current, self._config = self.current, fresh, config
            await close_all(old)  # first, because both may be the same port
            await self._start(fresh)
            _log.info("devices changed by headquarters")

    async def close(self) -> None:
        """Give everything back."""
        await close_all(self.current)

    async def _start(self, devices: DeviceSet) -> None:
        for scanner in devices.scanners:
            self._listen(scanner)
        await asyncio.gather(*(device.start() for device in all_of(devices)))


def all_of(devices: DeviceSet) -> Iterable[Closable]:
    """Every device that is there."""
    present = (devices.printer, devices.drawer, *devices.scanners)
    return [device for device in present if device is not None]


async def close_all(devices: DeviceSet) -> None:
    """Close them at once and wait a moment."""
    closing = [asyncio.ensure_future(device.close()) for device in all_of(devices)]
    if closing:
        _, hung = await asyncio.wait(closing, timeout=CLOSE_S)
        _log.log(logging.WARNING if hung else logging.DEBUG, "%d devices did not close in time", len(hung))

"""A file as receipt printer: every job is appended as it would go to the printer.

The file is the paper: once the bytes are in it and synced the job is CONFIRMED. A job that could not be written whole
is taken back, so nothing of it stays and it may be tried again.
"""

import asyncio
import errno
import fcntl
import os
import stat
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec

from devices.printer.escpos_encoder import ReceiptEncoder
from devices.printer.escpos_protocol import pulse
from devices.printer.print_job import BUSY, failed, prepared, reported, unknown
from devices.printer.print_limits import PrintLimits
from devices.wire.byte_stream import in_thread
from store.register.peripherals import DeviceStatus, Health, PrintOutcome, PrintResult
from store.sale.document import Document

TRY_AGAIN_S = 5.0
"""Only writing shows whether a full disk has room again: after this, a failed file is no longer called off-line."""


class FilePrinter:
    """The `ReceiptPrinter` of store/register/peripherals.py over an ordinary file."""

    def __init__(
        self,
        path: Path,
        encoder: ReceiptEncoder,
        *,
        device: str = "printer",
        limits: PrintLimits | None = None,
        wall_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self._path = path
        self._encoder = encoder
        self._limits = limits or PrintLimits()
        self._wall_ms = wall_ms
        self._lock = asyncio.Lock()
        self._hanging: asyncio.Future[None] | None = None
        self._status = DeviceStatus(device=device, kind="printer", health=Health.UNKNOWN)

    def status(self) -> DeviceStatus:
        """Last known state: of the last job, before the first one of the folder. Trouble is worth another try soon."""
        status = self._status
        if status.health is Health.OFFLINE and self._wall_ms() - status.heard_ms > TRY_AGAIN_S * 1000:
            return msgspec.structs.replace(status, health=Health.UNKNOWN)
        return status

    async def start(self) -> None:
        """Look whether the file can be there."""
        folder = self._path.parent
        if folder.is_dir() and os.access(folder, os.W_OK):
            self._observe(Health.READY, f"Receipts are appended to {self._path}.")
        else:
            self._observe(Health.OFFLINE, f"{folder} is no folder that can be written to. Make it.")

    async def close(self) -> None:
        """Nothing is held open between jobs."""

    def listen(self, take: Callable[[str], None]) -> None:
        """Nothing turns out later: a file says at once what is in it."""

    async def print(self, document: Document, job_id: str) -> PrintResult:
        """Append one document within `PrintLimits.job_s`."""
        until_s = asyncio.get_running_loop().time() + self._limits.job_s
        encoded = await prepared(self._encoder, document, until_s)
        if isinstance(encoded, PrintResult):
            return encoded
        return reported(await self._append(encoded.data), encoded)

    async def pulse(self, pin: int, open_level: str) -> PrintResult:
        """Append one pulse for a drawer. There is none at a file, so it is never more than PRESUMED."""
        result = await self._append(pulse(pin))
        if result.outcome is PrintOutcome.CONFIRMED:
            return PrintResult(outcome=PrintOutcome.PRESUMED)
        return result

    async def _append(self, data: bytes) -> PrintResult:
        """Write in a thread; a file system that hangs keeps the thread, not the caller."""
        async with self._lock:
            if self._hanging is not None and not self._hanging.done():
                return failed(BUSY)
            self._hanging = in_thread(lambda: _append(self._path, data), name="append receipt")
            done, _ = await asyncio.wait({self._hanging}, timeout=self._limits.job_s)
            if not done:
                self._observe(Health.FAULT, f"{self._path} cannot be written in time.")
                return unknown(self._status.detail)
            error = self._hanging.exception()
            if error is None:
                self._observe(Health.READY, f"Receipts are appended to {self._path}.")
                return PrintResult(outcome=PrintOutcome.CONFIRMED)
            self._observe(Health.OFFLINE, _refusal(self._path, error))
            return failed(self._status.detail)

    def _observe(self, health: Health, detail: str) -> None:
        now_ms = self._wall_ms()
        if (health, detail) != (self._status.health, self._status.detail):
            self._status = msgspec.structs.replace(
                self._status, health=health, detail=detail, since_ms=now_ms
            )
        self._status = msgspec.structs.replace(self._status, heard_ms=now_ms)


def _append(path: Path, data: bytes) -> None:
    """All of `data` behind what is there, or nothing. Raises OSError."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOCTTY | os.O_NONBLOCK
    fd = os.open(path, flags, 0o600)
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise OSError(errno.EINVAL, "it is no ordinary file")
        fcntl.flock(fd, fcntl.LOCK_EX)
        before = os.fstat(fd).st_size
        try:
            written = 0
            while written < len(data):
                written += os.write(fd, data[written:])
            os.fsync(fd)
        except OSError:
            with suppress(OSError):  # the first failure is the one to tell
                os.ftruncate(fd, before)
            raise
    finally:
        os.close(fd)


def _refusal(path: Path, error: BaseException) -> str:
    """Why a file could not be written, with the cure."""
    match getattr(error, "errno", None):
        case errno.ENOSPC | errno.EDQUOT:
            return f"{path} cannot be written: the disk is full. Make room."
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return f"{path} may not be written by this user. Choose another file or change its rights."
        case errno.ENOENT | errno.ENOTDIR:
            return f"{path.parent} is no folder. Make it."
        case _:
            return f"{path} cannot be written: {getattr(error, 'strerror', None) or error}."

"""Serial lines: pyserial opens and configures, then the descriptor is ours (devices/wire/byte_stream.py)."""

import fcntl
import os
import termios
from pathlib import Path
from typing import TYPE_CHECKING

from devices.errors import DeviceOffline
from devices.wire.address import SerialAddress
from devices.wire.byte_stream import ByteStream, in_thread

if TYPE_CHECKING:
    from serial import Serial


async def open_serial(address: SerialAddress, *, keep_input: bool) -> ByteStream:
    """Open the line exclusively. Raises DeviceOffline.

    `keep_input`: what waits in the kernel is read, not thrown away. For a scanner these are scans made while the core
    was down; for a printer they are answers to questions nobody remembers.
    """
    import serial

    try:
        port = await in_thread(
            lambda: _open(address, keep_input), name=f"open {address.path}", discard=_close
        )
    except FileNotFoundError as error:
        raise DeviceOffline(f"{address.path} is not there. Is the device plugged in?") from error
    except (OSError, ValueError, termios.error, serial.SerialException) as error:
        raise DeviceOffline(_refusal(address.path, error)) from error
    return ByteStream(port.fileno(), name=address.path, close=lambda: _close(port))


def _open(address: SerialAddress, keep_input: bool) -> "Serial":
    if not Path(address.path).exists():
        raise FileNotFoundError(address.path)
    port = _port_class(keep_input)(
        baudrate=address.baud,
        bytesize=address.bits,
        parity=address.parity,
        timeout=0,
        rtscts=address.flow == "rtscts",
        xonxoff=address.flow == "xonxoff",
        exclusive=True,
    )
    port.port = address.path
    port.open()
    _block_until_data(port.fileno())
    _keep_others_out(port.fileno(), address.path)
    return port


def _port_class(keep_input: bool) -> "type[Serial]":
    """pyserial's port; its `open` throws waiting input away, which one overridden method prevents."""
    from serial import Serial

    if not keep_input:
        return Serial

    class KeepingSerial(Serial):
        def _reset_input_buffer(self) -> None:
            """Keep what came while nobody listened."""

    return KeepingSerial


def _block_until_data(fd: int) -> None:
    """Tell "nothing there" from "unplugged".

    pyserial sets VMIN = 0, and then a read without data answers b"" like one from an unplugged line. TCSANOW, since the
    other ways of setting it throw input away.
    """
    attributes = termios.tcgetattr(fd)
    attributes[6][termios.VMIN] = 1
    termios.tcsetattr(fd, termios.TCSANOW, attributes)
    os.set_blocking(fd, False)


def _keep_others_out(fd: int, path: str) -> None:
    """Refuse programs that take no lock. Not on a pseudo-terminal: it would outlive us and shut out our next start."""
    if not os.path.realpath(path).startswith("/dev/pts/"):
        fcntl.ioctl(fd, termios.TIOCEXCL)


def _close(port: "Serial") -> None:
    """Give the line back without waiting for what it never sent."""
    try:
        termios.tcflush(port.fileno(), termios.TCIOFLUSH)
        fcntl.ioctl(port.fileno(), termios.TIOCNXCL)
    except (OSError, termios.error):
        pass  # unplugged
    port.close()


def _refusal(path: str, error: BaseException) -> str:
    """Why a line could not be opened, with the cure."""
    text = str(error)
    if "lock" in text or "busy" in text.lower():
        return f"{path} is in use by another program. End that program, or another register on this machine."
    if "ermission denied" in text:
        return (
            f'{path} may not be opened. Add the user of the register to the group of that device ("dialout").'
        )
    return f"{path} cannot be opened as a serial line: {text}."

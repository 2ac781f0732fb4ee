"""Device nodes that are read and written as they are: the kernel's USB printer driver (`/dev/usb/lp0`), named pipes."""

import errno
import os
import stat
from pathlib import Path

from devices.errors import DeviceOffline
from devices.wire.address import NodeAddress
from devices.wire.byte_stream import ByteStream, in_thread


async def open_node(address: NodeAddress, *, for_writing: bool) -> ByteStream:
    """Open the node. Raises DeviceOffline.

    `for_writing`: a pipe is opened for writing only (reading it would take back what was written), so it never answers.
    """
    try:
        fd, readable = await in_thread(
            lambda: _open(address.path, for_writing),
            name=f"open {address.path}",
            discard=lambda opened: os.close(opened[0]),
        )
    except FileNotFoundError as error:
        raise DeviceOffline(
            f"{address.path} is not there. Is the device plugged in and switched on?"
        ) from error
    except PermissionError as error:
        raise DeviceOffline(
            f'{address.path} may not be opened. Add the user of the register to its group ("lp" for a printer).'
        ) from error
    except OSError as error:
        if error.errno == errno.ENXIO:
            raise DeviceOffline(f"{address.path} is a pipe that nobody reads.") from error
        raise DeviceOffline(f"{address.path} cannot be opened: {error.strerror}.") from error
    return ByteStream(fd, name=address.path, readable=readable)


def is_pipe(path: str) -> bool:
    """Whether a named pipe is at `path` now."""
    return Path(path).is_fifo()


def _open(path: str, for_writing: bool) -> tuple[int, bool]:
    """The descriptor, and whether it can be read. Never creates a file.

    A pipe to read from is opened both ways: without a partner it then neither blocks nor reads as unplugged.
    """
    way = os.O_WRONLY if for_writing and is_pipe(path) else os.O_RDWR
    fd = os.open(path, way | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    if stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise OSError(errno.EINVAL, "it is an ordinary file")
    return fd, way == os.O_RDWR

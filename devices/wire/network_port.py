"""Raw TCP ports, as network printers have them."""

import asyncio
import contextlib
import socket

from devices.errors import DeviceOffline
from devices.wire.address import TcpAddress
from devices.wire.byte_stream import ByteStream, in_thread

CONNECT_WITHIN_S = 2.0
"""A printer in the same shop answers within milliseconds; one that is off does not answer at all."""


async def open_tcp(address: TcpAddress, *, connect_within_s: float = CONNECT_WITHIN_S) -> ByteStream:
    """Connect. Raises DeviceOffline."""
    try:
        async with asyncio.timeout(connect_within_s):
            connection = await _connect(address)
    except TimeoutError as error:
        raise DeviceOffline(f"{address} does not answer. Is it switched on and in the network?") from error
    except OSError as error:
        raise DeviceOffline(f"{address} cannot be reached: {error.strerror or error}.") from error
    with contextlib.suppress(OSError):  # comfort, not a condition
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    return ByteStream(connection.fileno(), name=str(address), close=connection.close)


async def _connect(address: TcpAddress) -> socket.socket:
    """Try every address of the host in turn; a name server that hangs does so in a thread of its own."""
    found = await in_thread(
        lambda: socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM),
        name=f"look up {address.host}",
    )
    failure = OSError(f"no address for {address.host}")
    for family, kind, protocol, _, target in found:
        connection = socket.socket(family, kind, protocol)
        try:
            connection.setblocking(False)
            await asyncio.get_running_loop().sock_connect(connection, target)
        except OSError as error:
            connection.close()
            failure = error
        except asyncio.CancelledError:
            connection.close()
            raise
        else:
            return connection
    raise failure

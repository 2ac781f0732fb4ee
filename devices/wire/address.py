"""Where a device is, as written in the configuration (docs/devices.md lists the forms)."""

from typing import Literal, cast
from urllib.parse import parse_qsl

import msgspec

from devices.errors import DeviceAddressError

RAW_PRINTING_PORT = 9100
"""The port network printers listen on."""

Flow = Literal["none", "rtscts", "xonxoff"]
Parity = Literal["N", "E", "O"]


class SerialAddress(msgspec.Struct, frozen=True, kw_only=True):
    """A serial line, real or USB; `bits` data bits, one stop bit."""

    path: str
    baud: int = 9600
    bits: int = 8
    parity: Parity = "N"
    flow: Flow = "none"

    def __str__(self) -> str:
        return self.path


class TcpAddress(msgspec.Struct, frozen=True, kw_only=True):
    """A raw TCP port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


class NodeAddress(msgspec.Struct, frozen=True, kw_only=True):
    """A device node that is read and written as it is: `/dev/usb/lp0`, a named pipe."""

    path: str

    def __str__(self) -> str:
        return self.path


class FileAddress(msgspec.Struct, frozen=True, kw_only=True):
    """A file that every job is appended to."""

    path: str

    def __str__(self) -> str:
        return self.path


Address = SerialAddress | TcpAddress | NodeAddress | FileAddress


def printer_address(text: str) -> Address:
    """Read a printer's address. Raises DeviceAddressError."""
    scheme, separator, rest = text.partition(":")
    if separator and scheme == "tcp":
        return _tcp(text, rest.removeprefix("//"))
    if separator and scheme == "serial":
        return serial_address(rest)
    if separator and scheme == "file":
        return FileAddress(path=_path(text, rest.removeprefix("//")))
    if separator and "/" not in scheme:
        raise DeviceAddressError(
            f'"{text}" is no printer address: {scheme}: is not known. Use tcp://host:port, serial:/dev/..., '
            "/dev/usb/lp0 or file:/path."
        )
    if text.startswith(("/dev/tty", "/dev/serial/", "/dev/pts/")):
        return serial_address(text)
    if text.startswith("/dev/"):
        return NodeAddress(path=text)
    return FileAddress(path=_path(text, text))


def serial_address(text: str) -> SerialAddress:
    """Read the address of a serial line: a path, optionally with `?baud=`, `bits=`, `parity=`, `flow=`.

    Raises DeviceAddressError.
    """
    path, _, query = text.removeprefix("serial:").partition("?")
    options = dict(parse_qsl(query, keep_blank_values=True))
    baud, bits = options.pop("baud", "9600"), options.pop("bits", "8")
    parity, flow = options.pop("parity", "N").upper(), options.pop("flow", "none")
    if options:
        raise DeviceAddressError(
            f'"{text}" has an unknown option {next(iter(options))}. Known are baud, bits, parity and flow.'
        )
    if not baud.isascii() or not baud.isdigit() or not 300 <= int(baud) <= 4_000_000:
        raise DeviceAddressError(f'"{text}": baud must be a number such as 9600 or 115200.')
    if bits not in ("7", "8") or parity not in ("N", "E", "O"):
        raise DeviceAddressError(f'"{text}": bits must be 7 or 8 and parity N, E or O.')
    if flow not in ("none", "rtscts", "xonxoff"):
        raise DeviceAddressError(f'"{text}": flow must be none, rtscts or xonxoff.')
    return SerialAddress(
        path=_path(text, path),
        baud=int(baud),
        bits=int(bits),
        parity=cast(Parity, parity),
        flow=cast(Flow, flow),
    )


def _tcp(text: str, rest: str) -> TcpAddress:
    host, _, port = rest.rpartition(":")
    if not host and port and not port.isdigit():
        host, port = port, str(RAW_PRINTING_PORT)
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
        raise DeviceAddressError(f'"{text}" needs a host and a port, for example tcp://192.168.1.50:9100.')
    return TcpAddress(host=host, port=int(port))


def _path(text: str, path: str) -> str:
    if not path or "\0" in path:
        raise DeviceAddressError(f'"{text}" names no file or device. Write its whole path.')
    if not path.startswith("/"):  # it would lie wherever the core happens to be started
        raise DeviceAddressError(f'"{text}" is no whole path. Write it from the root, such as /dev/usb/lp0.')
    return path

"""From `[devices]` of the configuration to devices. Importing this loads neither pyserial nor python-escpos."""

from pathlib import Path
from typing import assert_never

from devices.drawer import PrinterDrawer, SerialDrawer
from devices.errors import DeviceAddressError
from devices.printer.code_pages import CodePage
from devices.printer.escpos_encoder import EscposEncoder
from devices.printer.escpos_printer import EscposPrinter
from devices.printer.file_printer import FilePrinter
from devices.printer.printer_memory import PrinterMemory
from devices.scan import ScanDecoder
from devices.scanner import SerialScanner
from devices.wire.address import (
    FileAddress,
    NodeAddress,
    SerialAddress,
    TcpAddress,
    printer_address,
    serial_address,
)
from devices.wire.byte_stream import ByteStream
from devices.wire.link import Opener
from devices.wire.network_port import open_tcp
from devices.wire.node_port import is_pipe, open_node
from devices.wire.serial_port import open_serial
from store.register.peripherals import DevicesConfig, DeviceSet, Drawer

Printer = EscposPrinter | FilePrinter
NOTHING = ("", "none")


def build(config: DevicesConfig, home: Path) -> DeviceSet:
    """The devices of one register, not yet started. `home` keeps caches. Raises DeviceAddressError, opens nothing."""
    printer = _printer(config, home)
    return DeviceSet(
        printer=printer,
        drawer=_drawer(config, printer),
        scanners=tuple(
            _scanner(config, address, number)
            for number, address in enumerate(config.scanners)
            if address not in NOTHING
        ),
    )


def _printer(config: DevicesConfig, home: Path) -> Printer | None:
    if config.printer in NOTHING:
        return None
    address = printer_address(config.printer)
    if isinstance(address, FileAddress) and is_pipe(address.path):
        address = NodeAddress(path=address.path)
    encoder = EscposEncoder(
        columns=config.printer_columns,
        page=CodePage(config.printer_codepage, config.printer_codepage_number),
        cache=home / "cache" / "escpos",
    )
    if isinstance(address, FileAddress):
        return FilePrinter(Path(address.path), encoder)
    return EscposPrinter(
        _printer_opener(address),
        encoder,
        name=str(address),
        path="" if isinstance(address, TcpAddress) else address.path,
        answers=config.printer_answers,
        fence=config.printer_fence,
        keeps_answers=not isinstance(address, TcpAddress),
        memory=PrinterMemory(home / "cache" / "printer.json", str(address)),
    )


def _printer_opener(address: SerialAddress | TcpAddress | NodeAddress) -> Opener:
    async def open_printer() -> ByteStream:
        match address:
            case SerialAddress():
                return await open_serial(address, keep_input=False)
            case TcpAddress():
                return await open_tcp(address)
            case NodeAddress():
                return await open_node(address, for_writing=True)
            case _:
                assert_never(address)

    return open_printer


def _drawer(config: DevicesConfig, printer: Printer | None) -> Drawer | None:
    if config.drawer in NOTHING:
        return None
    if config.drawer == "printer":
        if printer is None:
            return None
        return PrinterDrawer(printer, pin=config.drawer_pin, open_level=config.drawer_open_level)
    if not config.drawer.startswith("serial:"):
        raise DeviceAddressError(
            f'drawer = "{config.drawer}" is not known. Use printer, serial:/dev/... or none.'
        )
    address = serial_address(config.drawer)
    if config.printer.removeprefix("serial:").partition("?")[0] == address.path:
        raise DeviceAddressError(
            'drawer and printer have the same line. A drawer at the printer is drawer = "printer".'
        )

    async def open_drawer() -> ByteStream:
        return await open_serial(address, keep_input=False)

    return SerialDrawer(open_drawer, name=address.path, path=address.path, pin=config.drawer_pin)


def _scanner(config: DevicesConfig, text: str, number: int) -> SerialScanner:
    address = serial_address(text)

    async def open_scanner() -> ByteStream:
        if is_pipe(address.path):
            return await open_node(NodeAddress(path=address.path), for_writing=False)
        return await open_serial(address, keep_input=True)

    return SerialScanner(
        open_scanner,
        device=f"scanner{number}",
        path=address.path,
        decoder=ScanDecoder(ends=config.scanner_ends, repeat_s=config.scanner_repeat_ms / 1000),
    )

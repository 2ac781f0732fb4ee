"""From the configuration to devices."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dev_waiting import until
from devices.drawer import PrinterDrawer, SerialDrawer
from devices.errors import DeviceAddressError
from devices.factory import build
from devices.printer.escpos_printer import EscposPrinter
from devices.printer.file_printer import FilePrinter
from devices.simulated.printer import SimulatedPrinter
from devices.wire.address import (
    FileAddress,
    NodeAddress,
    SerialAddress,
    TcpAddress,
    printer_address,
    serial_address,
)
from store.register.peripherals import DevicesConfig, DeviceSet, Health, PrintOutcome


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("tcp://192.168.1.50:9100", TcpAddress(host="192.168.1.50", port=9100)),
        ("tcp://printer.shop", TcpAddress(host="printer.shop", port=9100)),
        ("tcp://[fe80::1]:9100", TcpAddress(host="fe80::1", port=9100)),
        ("serial:/dev/ttyUSB0?baud=19200", SerialAddress(path="/dev/ttyUSB0", baud=19_200)),
        ("/dev/serial/by-id/usb-X", SerialAddress(path="/dev/serial/by-id/usb-X")),
        ("/dev/usb/lp0", NodeAddress(path="/dev/usb/lp0")),
        ("file:/tmp/paper", FileAddress(path="/tmp/paper")),
        ("file:///tmp/paper", FileAddress(path="/tmp/paper")),
        ("/tmp/paper", FileAddress(path="/tmp/paper")),
    ],
)
def test_printer_addresses_are_read_as_documented(text, address):
    assert printer_address(text) == address


@pytest.mark.parametrize(
    "text",
    [
        "tcp://",
        "tcp://:9100",
        "tcp://host:0",
        "tcp://host:99999",
        "usb:04b8:0202",
        "lpt1:",
        "file:",
        "serial:",
        "",
        "paper.bin",
        "carrier pigeon",
        "./paper",
        "file:paper",
        "serial:ttyUSB0",
    ],
)
def test_wrong_printer_addresses_are_refused_with_a_sentence(text):
    with pytest.raises(DeviceAddressError) as refusal:
        printer_address(text)
    assert refusal.value.reason.startswith('"')
    assert refusal.value.reason.endswith(".")


@pytest.mark.parametrize(
    "text",
    [
        "/dev/x?baud=fast",
        "/dev/x?baud=1",
        "/dev/x?bits=9",
        "/dev/x?parity=X",
        "/dev/x?flow=y",
        "/dev/x?bauds=1",
    ],
)
def test_wrong_options_of_a_serial_line_are_refused_with_a_sentence(text):
    with pytest.raises(DeviceAddressError) as refusal:
        serial_address(text)
    assert text in refusal.value.reason


def test_all_options_of_a_serial_line():
    assert serial_address("serial:/dev/x?baud=115200&bits=7&parity=e&flow=rtscts") == SerialAddress(
        path="/dev/x", baud=115_200, bits=7, parity="E", flow="rtscts"
    )


@given(text=st.text(max_size=60))
def test_no_text_makes_the_readers_of_addresses_stumble(text):
    for reader in (printer_address, serial_address):
        try:
            assert str(reader(text))
        except DeviceAddressError as refusal:
            assert refusal.reason


async def test_an_empty_configuration_is_a_register_without_devices(tmp_path):
    assert build(DevicesConfig(), tmp_path) == DeviceSet()


async def test_a_printer_brings_its_drawer_and_each_scanner_its_number(tmp_path):
    config = DevicesConfig(printer=str(tmp_path / "paper"), scanners=("/dev/a", "/dev/b?baud=115200"))
    devices = build(config, tmp_path)
    assert isinstance(devices.printer, FilePrinter)
    assert isinstance(devices.drawer, PrinterDrawer)
    assert [scanner.status().device for scanner in devices.scanners] == ["scanner0", "scanner1"]
    assert build(DevicesConfig(printer=str(tmp_path / "paper"), drawer="none"), tmp_path).drawer is None


async def test_building_opens_nothing_and_a_missing_device_is_a_status(tmp_path):
    config = DevicesConfig(
        printer="serial:/dev/outpost-none", drawer="serial:/dev/other", scanners=("/dev/none",)
    )
    devices = build(config, tmp_path)
    assert isinstance(devices.printer, EscposPrinter)
    assert isinstance(devices.drawer, SerialDrawer)
    everything = [devices.printer, devices.drawer, *devices.scanners]
    for device in everything:
        await device.start()
    for device in everything:
        await until(lambda device=device: "not there" in device.status().detail)
        assert device.status().health is Health.OFFLINE
    assert (await devices.drawer.open("job")).outcome is PrintOutcome.FAILED
    for device in everything:
        await device.close()


@pytest.mark.parametrize(
    ("config", "word"),
    [
        (DevicesConfig(drawer="usb"), "drawer"),
        (DevicesConfig(printer="serial:/dev/a", drawer="serial:/dev/a"), "same line"),
        (DevicesConfig(printer="/tmp/x", printer_codepage="UTF8"), "UTF8"),
        (DevicesConfig(printer="ftp:x"), "ftp:"),
        (DevicesConfig(printer="carrier pigeon"), "whole path"),
        (DevicesConfig(scanners=("gun",)), "whole path"),
    ],
)
async def test_a_configuration_that_cannot_work_is_refused_before_anything_starts(config, word, tmp_path):
    with pytest.raises(DeviceAddressError) as refusal:
        build(config, tmp_path)
    assert word in refusal.value.reason


async def test_a_drawer_on_its_own_line_gets_its_pulse(tmp_path):
    device = SimulatedPrinter()
    path = device.open_pty()
    drawer = build(DevicesConfig(drawer=f"serial:{path}"), tmp_path).drawer
    await drawer.start()
    await until(lambda: drawer.status().health is Health.UNKNOWN)
    assert (await drawer.open("job")).outcome is PrintOutcome.PRESUMED
    await until(lambda: device.paper.pulses == [2])
    await drawer.close()
    await device.close()


async def test_a_pipe_is_no_file(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert isinstance(build(DevicesConfig(printer=str(tmp_path / "pipe")), tmp_path).printer, EscposPrinter)


async def test_a_pipe_that_nobody_reads_is_offline_with_the_reason(tmp_path):
    from dev_printers import receipt

    os.mkfifo(tmp_path / "pipe")
    printer = build(DevicesConfig(printer=str(tmp_path / "pipe")), tmp_path).printer
    await printer.start()
    result = await printer.print(receipt(1), "job")
    assert result.outcome is PrintOutcome.FAILED
    assert result.detail.endswith("is a pipe that nobody reads.")
    await printer.close()


async def test_what_a_printer_has_shown_is_remembered_in_the_registers_home(tmp_path):
    from dev_printers import receipt

    device = SimulatedPrinter()
    address = await device.listen_tcp()
    printer = build(DevicesConfig(printer=address), tmp_path).printer
    await printer.start()
    assert (await printer.print(receipt(1), "job")).outcome is PrintOutcome.CONFIRMED
    await printer.close()
    await device.close()
    assert (tmp_path / "cache" / "printer.json").read_text() == (
        f'{{"address": "{address.removeprefix("tcp://")}", "answers": true, "fences": true}}'
    )

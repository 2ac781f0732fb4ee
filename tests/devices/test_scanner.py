"""A scanner on a real pseudo-terminal through the real pyserial."""

import asyncio
import os
import time

import pytest

from dev_waiting import until
from devices.errors import DeviceOffline
from devices.factory import build
from devices.scan import ScanDecoder
from devices.scanner import SerialScanner
from devices.simulated.scanner import SimulatedScanner
from devices.wire.address import NodeAddress, SerialAddress
from devices.wire.node_port import open_node
from devices.wire.serial_port import open_serial
from store.register.peripherals import DevicesConfig, Health, ScanReading


class Counter:
    """A scanner at a register's counter: what it read, and when."""

    def __init__(self, path, home, **config) -> None:
        [self.scanner] = build(DevicesConfig(scanners=(str(path),), **config), home).scanners
        self.readings: list[ScanReading] = []
        self.times_s: list[float] = []
        self.scanner.listen(self.take)

    def take(self, reading: ScanReading) -> None:
        self.readings.append(reading)
        self.times_s.append(time.monotonic())

    @property
    def texts(self) -> list[str]:
        return [reading.text for reading in self.readings if not reading.error]

    async def __aenter__(self):
        await self.scanner.start()
        return self

    async def __aexit__(self, *exc) -> None:
        await self.scanner.close()

    async def opened(self) -> None:
        await until(lambda: self.scanner.status().health is not Health.OFFLINE)


@pytest.fixture
def gun(tmp_path):
    simulated = SimulatedScanner(tmp_path / "scanner")
    simulated.plug_in()
    yield simulated
    simulated.pull_out()


async def test_a_scan_arrives_with_its_device_and_symbology(gun, tmp_path):
    async with Counter(gun.path, tmp_path) as counter:
        await counter.opened()
        assert counter.scanner.status().health is Health.UNKNOWN
        gun.scan("]E04006381333931")
        await until(lambda: counter.readings)
        assert counter.readings == [ScanReading(device="scanner0", text="4006381333931", symbology="]E0")]
        status = counter.scanner.status()
        assert status.health is Health.READY
        assert status.heard_ms > 0


@pytest.mark.serial
async def test_twenty_scans_a_second_arrive_without_loss_in_order_and_at_once(gun, tmp_path):
    codes = [f"{number:013d}" for number in range(40)]
    async with Counter(gun.path, tmp_path) as counter:
        await counter.opened()
        sent_s: list[float] = []
        for code in codes:
            sent_s.append(time.monotonic())
            gun.scan(code)
            await asyncio.sleep(0.05)
        await until(lambda: len(counter.texts) == len(codes))
        assert counter.texts == codes
        delays_s = sorted(arrived - sent for sent, arrived in zip(sent_s, counter.times_s, strict=True))
        assert delays_s[len(delays_s) // 2] < 0.005


async def test_scans_torn_and_merged_by_the_line_are_put_together(gun, tmp_path):
    async with Counter(gun.path, tmp_path) as counter:
        await counter.opened()
        for piece in (b"40063", b"8133393", b"1\r963", b"85074\r1234567\r"):
            gun.send(piece)
            await asyncio.sleep(0.01)
        await until(lambda: len(counter.texts) == 3)
        assert counter.texts == ["4006381333931", "96385074", "1234567"]


async def test_a_double_read_counts_once_and_a_slow_pair_twice(gun, tmp_path):
    async with Counter(gun.path, tmp_path, scanner_repeat_ms=100) as counter:
        await counter.opened()
        await asyncio.sleep(0.06)
        gun.scan("96385074")
        await asyncio.sleep(0.02)
        gun.scan("96385074")
        await asyncio.sleep(0.15)
        gun.scan("96385074")
        await until(lambda: len(counter.texts) == 2)
        await asyncio.sleep(0.02)
        assert counter.texts == ["96385074"] * 2


async def test_scans_made_while_nobody_listened_are_kept_and_equal_ones_all_count(gun, tmp_path):
    async with Counter(gun.path, tmp_path) as counter:
        await counter.opened()
    gun.scan("4006381333931")
    gun.scan("96385074")
    gun.scan("96385074")
    async with Counter(gun.path, tmp_path) as counter:
        await until(lambda: len(counter.texts) == 3)
        assert counter.texts == ["4006381333931", "96385074", "96385074"]


async def test_a_printers_line_forgets_old_answers_when_it_is_opened(gun):
    gun.send(b"\x12\x12\x12")
    stream = await open_serial(SerialAddress(path=gun.path), keep_input=False)
    arrived: list[bytes] = []
    stream.listen(arrived.append)
    gun.send(b"\x00")
    await until(lambda: arrived)
    assert b"".join(arrived) == b"\x00"
    await stream.aclose()


async def test_an_unplugged_scanner_is_offline_without_spinning_and_works_again_when_plugged_in(
    gun, tmp_path
):
    async with Counter(gun.path, tmp_path) as counter:
        await counter.opened()
        gun.scan("4006381333931")
        await until(lambda: counter.texts)
        gun.pull_out()
        await until(lambda: counter.scanner.status().health is Health.OFFLINE)
        used_s = time.process_time()
        await asyncio.sleep(0.4)
        assert time.process_time() - used_s < 0.1
        await until(lambda: "not there" in counter.scanner.status().detail)
        assert counter.scanner.status().detail == f"{gun.path} is not there. Is the device plugged in?"
        gun.plug_in()
        await counter.opened()
        gun.scan("96385074")
        await until(lambda: len(counter.texts) == 2)
        assert counter.texts == ["4006381333931", "96385074"]


async def test_unplugged_inside_a_scan_says_so(gun, tmp_path):
    async with Counter(gun.path, tmp_path) as counter:
        await counter.opened()
        gun.send(b"400638")
        await asyncio.sleep(0.05)
        gun.pull_out()
        await until(lambda: counter.readings)
        assert counter.readings[0].error == "The scan broke off in the middle. Scan again."


async def test_ten_kilobytes_of_rubbish_are_one_error_on_the_status_too(gun, tmp_path):
    async with Counter(gun.path, tmp_path) as counter:
        await counter.opened()
        noise = os.urandom(10_240)
        for start in range(0, len(noise), 512):
            gun.send(noise[start : start + 512])
            await asyncio.sleep(0.001)
        await asyncio.sleep(0.25)
        assert len([reading for reading in counter.readings if reading.error]) == 1
        gun.scan("4006381333931")
        await until(lambda: counter.texts[-1:] == ["4006381333931"])
        assert counter.scanner.status().health is Health.READY


async def test_a_second_register_is_told_that_the_scanner_is_in_use(gun, tmp_path):
    async with Counter(gun.path, tmp_path) as first:
        await first.opened()
        with pytest.raises(DeviceOffline) as refusal:
            await open_serial(SerialAddress(path=gun.path), keep_input=True)
        assert refusal.value.reason == (
            f"{gun.path} is in use by another program. End that program, or another register on this machine."
        )
        gun.scan("96385074")
        await until(lambda: first.texts)


async def test_an_ordinary_file_is_no_serial_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DeviceOffline) as refusal:
        await open_serial(SerialAddress(path=str(tmp_path / "file")), keep_input=True)
    assert "cannot be opened as a serial line" in refusal.value.reason


async def test_a_named_pipe_serves_as_scanner_and_survives_its_writers(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    async with Counter(tmp_path / "pipe", tmp_path) as counter:
        await counter.opened()
        for code in ("4006381333931", "96385074"):
            with (tmp_path / "pipe").open("w") as pipe:
                pipe.write(f"{code}\n")
        await until(lambda: len(counter.texts) == 2)
        assert counter.texts == ["4006381333931", "96385074"]


async def test_a_scanner_that_sends_no_end_is_read_after_a_pause(gun, tmp_path):
    async with Counter(gun.path, tmp_path) as counter:
        await counter.opened()
        gun.send(b"4006381333931")
        await until(lambda: counter.texts)
        assert counter.texts == ["4006381333931"]


async def test_a_driver_that_fails_in_its_own_way_is_tried_again(tmp_path):
    attempts = []

    async def open_badly():
        attempts.append(1)
        if len(attempts) == 1:
            raise ZeroDivisionError("a mistake")
        os.mkfifo(tmp_path / "late")
        return await open_node(NodeAddress(path=str(tmp_path / "late")), for_writing=False)

    scanner = SerialScanner(open_badly, device="scanner0", path=str(tmp_path / "late"), decoder=ScanDecoder())
    await scanner.start()
    await until(lambda: scanner.status().health is Health.UNKNOWN)
    assert len(attempts) == 2
    await scanner.close()

"""Devices that headquarters changes while the register runs."""

import asyncio

import pytest

from store.register.peripherals import DevicesConfig, DeviceSet
from store.register.process import device_desk
from store.register.process.device_desk import DeviceDesk

ONE, TWO = DevicesConfig(printer="file:/one"), DevicesConfig(printer="file:/two")


class Device:
    """Notes what happens to it, in one list for all."""

    def __init__(self, name, log, hangs=False):
        self.name, self.log, self.hangs = name, log, hangs

    async def start(self):
        self.log.append(f"{self.name} started")

    async def close(self):
        if self.hangs:
            await asyncio.sleep(60)
        self.log.append(f"{self.name} closed")


@pytest.fixture
def log():
    return []


def desk_of(log, **hangs):
    def build(config):
        if config.printer == "nonsense":
            raise ValueError("There is no such address.")
        name = config.printer.rpartition("/")[2]
        scanners = tuple(Device(f"scanner of {name}", log) for _ in config.scanners)
        return DeviceSet(printer=Device(name, log, name in hangs), scanners=scanners)

    return DeviceDesk(build, ONE)


def use_into(log):
    async def use(printer, drawer):
        log.append(f"spool uses {printer.name}")

    return use


async def test_other_devices_are_used_first_then_the_old_ones_closed_then_the_new_ones_claimed(log):
    desk = desk_of(log)
    heard = []
    await desk.start(heard.append)
    await desk.change(DevicesConfig(printer="file:/two", scanners=("/dev/ttyS0",)), use_into(log))
    assert log == ["one started", "spool uses two", "one closed", "two started", "scanner of two started"]
    assert [scanner.name for scanner in heard] == ["scanner of two"]
    await desk.close()
    assert log[-2:] == ["two closed", "scanner of two closed"]


async def test_the_same_devices_change_nothing_and_wrong_ones_leave_everything_as_it_is(log):
    desk = desk_of(log)
    await desk.change(ONE, use_into(log))
    await desk.change(DevicesConfig(printer="nonsense"), use_into(log))
    assert log == []
    assert desk.current.printer.name == "one"
    await desk.change(TWO, use_into(log))
    assert desk.current.printer.name == "two"


async def test_device_that_does_not_close_holds_nothing_up(log, monkeypatch):
    monkeypatch.setattr(device_desk, "CLOSE_S", 0.05)
    desk = desk_of(log, one=True)
    async with asyncio.timeout(2):
        await desk.change(TWO, use_into(log))
    assert log == ["spool uses two", "two started"]

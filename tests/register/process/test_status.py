"""Devices in words and rows; what a held series says."""

import pytest

from store.register.journal.entry import UploadState
from store.register.peripherals import DeviceSet, DeviceStatus, Health
from store.register.process.parts import series_sentence
from store.register.process.status import device_row, device_rows, devices_sentence


class Device:
    """A device that stands as it is told."""

    def __init__(self, kind, health, detail=""):
        self.kind, self.health, self.detail = kind, health, detail

    def status(self):
        return DeviceStatus(
            device="d1", kind=self.kind, health=self.health, detail=self.detail, since_ms=1000
        )


def test_device_for_scripts():
    row = device_row(Device("printer", Health.PAPER_OUT, "Out of paper.").status())
    assert row == {
        "device": "d1",
        "kind": "printer",
        "health": "paper_out",
        "detail": "Out of paper.",
        "since": "1970-01-01T00:00:01.000Z",
    }


@pytest.mark.parametrize(
    ("devices", "sentence"),
    [
        (DeviceSet(), "No printer: receipts are shown on the screen."),
        (DeviceSet(printer=Device("printer", Health.READY, "long words")), "Printer ready."),
        (DeviceSet(printer=Device("printer", Health.UNKNOWN)), "Printer not heard from."),
        (
            DeviceSet(
                printer=Device("printer", Health.OFFLINE, "Off or unplugged."),
                scanners=(Device("scanner", Health.UNKNOWN), Device("scanner", Health.COVER_OPEN)),
            ),
            "Printer: Off or unplugged. Scanner connected. Scanner: cover open",
        ),
    ],
)
def test_devices_for_people(devices, sentence):
    assert devices_sentence(devices) == sentence
    assert len(device_rows(devices)) == (devices.printer is not None) + len(devices.scanners)


@pytest.mark.parametrize("hold", ["fork", "rolled_back"])
def test_series_that_must_not_grow_is_a_sentence(hold):
    said = series_sentence(
        UploadState(series="S0001-R01.1", hold=hold, hold_detail="the server has record 9")
    )
    assert said.startswith("Nothing can be sold in series S0001-R01.1: the server has record 9.")


@pytest.mark.parametrize("hold", ["", "fenced", "too_old", "bad_signature"])
def test_every_other_hold_only_waits(hold):
    assert series_sentence(UploadState(series="S0001-R01.1", hold=hold)) == ""

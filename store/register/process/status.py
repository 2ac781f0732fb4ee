"""How devices stand, as scripts read it in `outpost status --json` and people on the sign-in screen."""

from typing import Any

from store.register.peripherals import DeviceSet, DeviceStatus, Health
from store.sale.moment import utc_text


def device_row(device: DeviceStatus) -> dict[str, Any]:
    """A device for scripts."""
    return {
        "device": device.device,
        "kind": device.kind,
        "health": device.health.value,
        "detail": device.detail,
        "since": utc_text(device.since_ms) if device.since_ms else None,
    }


def device_rows(devices: DeviceSet) -> list[dict[str, Any]]:
    """How the devices stand, for scripts."""
    present = (devices.printer, devices.drawer, *devices.scanners)
    return [device_row(device.status()) for device in present if device is not None]


def devices_sentence(devices: DeviceSet) -> str:
    """How printer and scanners stand, for the sign-in screen."""
    named = [("Printer", devices.printer), *(("Scanner", scanner) for scanner in devices.scanners)]
    said = [device_words(name, device.status()) for name, device in named if device is not None]
    return " ".join(said) or "No printer: receipts are shown on the screen."


def device_words(name: str, status: DeviceStatus) -> str:
    """A device in a few words, with its own sentence only where something is wrong."""
    match status.health:
        case Health.READY:
            return f"{name} ready."
        case Health.UNKNOWN:
            return f"{name} connected." if name == "Scanner" else f"{name} not heard from."
    return f"{name}: {status.detail or status.health.value.replace('_', ' ')}"

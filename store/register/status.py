"""How devices stand, as scripts read it in `outpost status --json`."""

from typing import Any

from store.register.peripherals import DeviceStatus
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

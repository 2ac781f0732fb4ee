"""The register's status as scripts read it: `outpost status --json` and the control socket's `status` query."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from store.gateway.connection import ConnectionStatus
from store.gateway.states import Mode
from store.register.journal_entry import Counts, UploadState
from store.register.peripherals import DeviceStatus


def status_of(
    *,
    register: str,
    connection: ConnectionStatus,
    counts: Counts,
    upload: UploadState,
    pending_downloads: int,
    data_sets: Sequence[dict[str, Any]],
    devices: Sequence[DeviceStatus],
) -> dict[str, Any]:
    """The promised fields of `status` (docs/commands.md); more may be added, none is ever taken away."""
    return {
        "register": register,
        "mode": connection.word,
        "reason": connection.reason,
        "since": moment(connection.since_ms),
        "link": connection.link.value.upper(),
        "link_reason": connection.link_reason,
        "server": connection.server,
        "sentence": connection.sentence,
        "next_attempt": moment(connection.next_attempt_ms),
        "pending_transactions": counts.pending_transactions,
        "pending_records": counts.pending_records,
        "pending_downloads": pending_downloads,
        "last_sync": {"at": moment(upload.last_at_ms), "result": upload.last_result},
        "hold": upload.hold_detail or upload.hold,
        "data_sets": list(data_sets),
        "devices": [device_row(device) for device in devices],
        "answers": "server" if connection.mode is Mode.ONLINE else "offline database",
    }


def device_row(device: DeviceStatus) -> dict[str, Any]:
    """A device for scripts."""
    return {
        "device": device.device,
        "kind": device.kind,
        "health": device.health.value,
        "detail": device.detail,
        "since": moment(device.since_ms),
    }


def moment(at_ms: int | None) -> str | None:
    """Wall milliseconds as ISO 8601 in UTC; None for a moment that never was."""
    if not at_ms:
        return None
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

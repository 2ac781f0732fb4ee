"""The whole of a recovery: check the file, send what the server lacks, close the series."""

import asyncio
import tempfile
from collections.abc import Callable
from pathlib import Path

from store.gateway.client import RetailClient
from store.gateway.recovery_calls import RecoveryCalls
from store.register.recovery.sending import Recovered, Sending
from store.register.recovery.source import Records, Sound, examine, open_source
from store.register.system_ports import SystemClock, SystemRandomness


def recover(
    path: Path,
    *,
    server_url: str,
    code: str,
    ca_file: Path | None = None,
    series: str = "",
    before_damage: bool = False,
    told: Callable[[int], None] = lambda _: None,
) -> Recovered:
    """Bring the records of a dead register's file to the server. Blocks.

    Nothing is sent unless all of the file holds, or `before_damage` says that its sound beginning is wanted. Raises
    RecoveryRefused, GatewayError, ServerAddressError and OSError.
    """
    with tempfile.TemporaryDirectory(prefix="outpost-recovery-") as folder:
        source = open_source(path, Path(folder), series)
        sound = examine(source, path, before_damage=before_damage)
        return asyncio.run(_send(source, sound, server_url, code, ca_file, told))


async def _send(
    source: Records,
    sound: Sound,
    server_url: str,
    code: str,
    ca_file: Path | None,
    told: Callable[[int], None],
) -> Recovered:
    clock = SystemClock()
    client = RetailClient(address=server_url, clock=clock, randomness=SystemRandomness(), ca_file=ca_file)
    try:
        sending = Sending(RecoveryCalls(client), source, sound, code, sleep=clock.sleep, told=told)
        return await sending.run()
    finally:
        await client.close()

"""Suspended sales that another register waits for: their keeper lets go of them (docs/suspended.md)."""

import logging
from collections.abc import Callable, Sequence
from typing import Protocol

from store.gateway.errors import GatewayError
from store.register.intents import Intent, IntentKind
from store.register.ports import Clock

LOG = logging.getLogger("outpost.register.suspended")
RELEASE = 9137
"""The operation that gives a suspended sale to the other registers."""
RELEASE_CLIENT = "core:release"
"""The client in whose name the register does it by itself."""
LOOK_S = 1.0
LONGEST_PAUSE_S = 30.0
"""After failures, such as a server of the last version, which knows nothing of suspended sales."""


class WantedCalls(Protocol):
    """What is asked of the gateway."""

    async def wanted(self) -> Sequence[str]:
        """Ids of suspended sales that another register waits for. Raises GatewayError."""
        ...


async def release_what_is_wanted(
    calls: WantedCalls,
    clock: Clock,
    *,
    kept: Callable[[], Sequence[str]],
    reachable: Callable[[], bool],
    last_n: Callable[[str], int],
    submit: Callable[[str, Intent], bool],
) -> None:
    """Look every second while something is suspended here and the server can be reached; runs until cancelled.

    `kept` are the ids that this register keeps; `submit` takes an intent into the mailbox, so that letting go is a
    step of the till like any other.
    """
    pause_s = LOOK_S
    while True:
        await clock.sleep(pause_s)
        mine = set(kept())
        if not mine or not reachable():
            continue
        try:
            wanted = [suspension_id for suspension_id in await calls.wanted() if suspension_id in mine]
        except GatewayError as error:
            LOG.info("could not ask for wanted suspended sales: %s", error.reason)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
            continue
        pause_s = LOOK_S
        for n, suspension_id in enumerate(wanted, start=last_n(RELEASE_CLIENT) + 1):
            submit(
                RELEASE_CLIENT, Intent(n=n, kind=IntentKind.OPERATION, operation=RELEASE, arg=suspension_id)
            )

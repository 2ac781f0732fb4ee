"""Notices when the core's event loop is held up, and says so in the log; a stack is written when it is for long."""

import asyncio
import faulthandler
import logging

from store.register.ports import Clock

LOG = logging.getLogger("outpost.register.loop")

LOOK_S = 5.0
"""Rare enough that an idle core stays idle."""
HELD_UP_S = 0.25
STUCK_S = 15.0
"""A loop that does not turn for this long gets its stacks written to standard error, which is a file."""


async def watch_loop(clock: Clock) -> None:
    """Look every five seconds whether the loop comes round in time; until cancelled.

    The timer it leaves behind is replaced or cancelled by the end of the core: there is one for the whole process.
    """
    loop = asyncio.get_running_loop()
    while True:
        faulthandler.dump_traceback_later(STUCK_S)
        due_s = loop.time() + LOOK_S
        await clock.sleep(LOOK_S)
        late_s = loop.time() - due_s
        if late_s > HELD_UP_S:
            LOG.warning("the event loop was held up for %.2f s", late_s)

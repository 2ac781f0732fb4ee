"""From serial scanners into the mailbox: every reading in order, and none dropped without a sign."""

import itertools
import logging
from collections import deque

from store.register.control.mailbox import Mailbox
from store.register.intents import Intent, IntentKind
from store.register.peripherals import Scanner, ScanReading

LOG = logging.getLogger("outpost.register.scans")

MISSED_LIMIT = 32
"""Scans kept to be shown as missed when the mailbox was full; a stuck core must not collect rubbish for ever."""
BUSY = "the register was busy. Scan it again."


class ScanInlet:
    """Takes the readings of all scanners of a register."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox
        self._numbers: dict[str, itertools.count[int]] = {}
        self._missed: deque[ScanReading] = deque(maxlen=MISSED_LIMIT)
        mailbox.when_room(self._tell_missed)

    def listen(self, scanner: Scanner) -> None:
        """Take what this scanner reads from now on."""
        scanner.listen(self.take)

    def take(self, reading: ScanReading) -> None:
        """Put a reading into the mailbox; its number counts anew with every core (see session_restore)."""
        if self._mailbox.full:
            LOG.warning("mailbox full, a scan of %s was missed", reading.device)
            self._missed.append(reading)
            return
        self._submit(reading, reading.error)

    def _tell_missed(self) -> None:
        while self._missed and not self._mailbox.full:
            self._submit(self._missed.popleft(), BUSY)

    def _submit(self, reading: ScanReading, error: str) -> None:
        client = f"scanner:{reading.device}"
        number = next(self._numbers.setdefault(client, itertools.count(1)))
        self._mailbox.submit(client, Intent(n=number, kind=IntentKind.SCAN, arg=reading.text, question=error))

"""What can go wrong with the journal, split by what the caller does next.

JournalError
 ├─ JournalBusy         another core holds this journal: do not start (the caller chooses the exit code)
 ├─ JournalFull         no space: nothing was changed, the cashier is told, the same step may be tried again
 ├─ EntryRefused        the entry itself cannot be stored (too large, no canonical form): a programming error
 └─ SafeStop            the register must not sell on; the sentence says what to do
     ├─ JournalNewer        written by a later version of the program
     ├─ JournalDamaged      unreadable, or its chain is broken
     ├─ JournalRolledBack   older than what this register knows it had written
     └─ JournalUnknown      the disk failed and it could not be found out whether the commit is stored
"""


class JournalError(Exception):
    """Root; `sentence` says cause and cure in plain words."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class JournalBusy(JournalError):
    """Another process holds the journal's lock file."""


class JournalFull(JournalError):
    """The disk is full; nothing was changed and the journal can be used on."""


class EntryRefused(JournalError):
    """The entry has no canonical form or is over 64 KiB; nothing was changed."""


class SafeStop(JournalError):
    """Storage cannot keep the promise of the commit; selling stops, exporting works."""


class JournalNewer(SafeStop):
    """The file's schema is newer than this program."""


class JournalDamaged(SafeStop):
    """The file cannot be read, or its chain does not hold."""


class JournalRolledBack(SafeStop):
    """The file ends before a record that this register knows it had written."""


class JournalUnknown(SafeStop):
    """A commit failed and its outcome could not be found out."""

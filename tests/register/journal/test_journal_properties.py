"""Any order of commits, repeats, drafts and restarts keeps the promises of the journal (against a small model)."""

import shutil
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from journal_world import START_MS, KeySigner, draft, event, identity, sale
from store.register.journal.commit import Moment
from store.register.journal.drafts import draft_unit, read_draft
from store.register.journal.file import JournalFile
from store.register.journal.journal import SignerUnavailable
from store.register.journal.reads import read_head
from store.register.journal.sql import DEFERRED
from store.register.verification.verify import verify_file


class FlakySigner(KeySigner):
    """A key that is away now and then."""

    def sign(self, record_hash):
        if self.lost:
            raise SignerUnavailable("away")
        return super().sign(record_hash)


class JournalMachine(RuleBasedStateMachine):
    """Numbers are gapless and unique, a transaction is stored once, the newest draft survives, the file verifies."""

    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="outpost-journal-"))
        self.signer = FlakySigner()
        self.wall_ms = START_MS
        self.stored = {}
        self.receipts = 0
        self.draft = None
        self.file = None
        self.count = 0

    transactions = Bundle("transactions")

    @initialize()
    def start(self):
        self.open()

    def open(self):
        self.file = JournalFile(self.folder / "journal.db", identity(), self.signer)
        self.file.open()

    @rule(
        target=transactions, lines=st.integers(1, 3), with_draft=st.booleans(), clock_s=st.integers(-50, 50)
    )
    def sell(self, lines, with_draft, clock_s):
        self.count += 1
        txn_id = f"t{self.count}"
        self.wall_ms += clock_s * 1000
        kept = draft(f'"after {txn_id}"', screen=self.count) if with_draft else None
        result = self.file.commit(sale(txn_id, lines=lines, draft=kept), self.moment())
        assert not result.repeated
        assert result.receipt_no == self.receipts + 1
        self.receipts += 1
        self.stored[txn_id] = result.record
        self.draft = kept or self.draft
        return txn_id

    @rule(txn_id=transactions)
    def sell_again(self, txn_id):
        result = self.file.commit(sale(txn_id, lines=9), self.moment())
        assert result.repeated
        assert result.record == self.stored[txn_id]

    @rule(kind=st.sampled_from(["lock", "drawer.open", "report.x"]))
    def note(self, kind):
        self.count += 1
        self.file.commit(event(kind, f"e{self.count}"), self.moment())

    @rule(text=st.text(alphabet="abc", max_size=5))
    def write_line(self, text):
        self.count += 1
        self.draft = draft(f'"{text}"', screen=self.count)
        self.file.write(lambda connection: draft_unit(connection, self.draft), DEFERRED)

    @rule()
    def lose_or_find_the_key(self):
        self.signer.lost = not self.signer.lost

    @rule()
    def restart(self):
        self.file.close()
        self.open()

    @rule()
    def be_killed(self):
        """The process is gone; what it wrote is with the system."""
        copy = Path(tempfile.mkdtemp(prefix="outpost-journal-"))
        for name in ("journal.db", "journal.db-wal"):
            if (self.folder / name).exists():
                shutil.copy(self.folder / name, copy / name)
        self.file.close()
        shutil.rmtree(self.folder)
        self.folder = copy
        self.open()

    @rule()
    def fold(self):
        self.file.checkpoint()

    @invariant()
    def keeps_its_promises(self):
        if self.file is None:
            return
        head = self.file.read(lambda connection: read_head(connection, identity()))
        assert head.receipt_no == self.receipts
        assert self.file.read(read_draft) == self.draft

    def moment(self):
        return Moment(wall_ms=self.wall_ms, utc_offset_min=60)

    def teardown(self):
        if self.file is not None:
            self.file.close()
            report = verify_file(self.folder / "journal.db")
            assert report.ok, report
        shutil.rmtree(self.folder, ignore_errors=True)


JournalMachine.TestCase.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
TestJournal = JournalMachine.TestCase

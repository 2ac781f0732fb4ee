"""`outpost journal`: reads the register's journal, beside a running core or without one; changes nothing.

`recover` is for the disk of a dead register (`recovery`).
"""

import argparse
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from store.exchange.kinds import COUNTED_KINDS
from store.exchange.record import Record, fingerprint
from store.register.enrolment.activation import Enrolment, load_enrolment
from store.register.home import RegisterHome
from store.sale.text import printable
from tui.commands.options import declare_home, declare_json, home_of
from tui.commands.outcome import CommandFailed, ExitCode, print_json
from tui.commands.recovery import RECOVER, declare_recovery, run_recovery

EXAMPLE = (
    "examples:\n"
    "  outpost journal list --limit 20\n"
    "  outpost journal show 17                 the receipt with number 17, as it was printed\n"
    "  outpost journal export --output journal.jsonl\n"
    "  outpost journal verify journal.jsonl\n"
    "  outpost journal recover /mnt/till/journal.db --server https://shop.example:8918 --code CODE"
)
PAGE_RECORDS = 500
LAST_SEQ = 0xFFFF_FFFF
"""No series gets that far."""


def declare(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    words = parser.add_subparsers(dest="word", required=True, metavar="list|show|export|verify|recover")
    listing = words.add_parser("list", description="List transactions, oldest first.", epilog=EXAMPLE)
    listing.add_argument("--limit", type=int, default=0, metavar="N", help="only the newest N (default: all)")
    listing.add_argument("--all", action="store_true", help="all records: sign-ins, modes, reprints ... too")
    show = words.add_parser("show", description="Show one record.", epilog=EXAMPLE)
    show.add_argument(
        "receipt", nargs="?", help="receipt number, such as 17 or S0001-R01-000017 (default: the last)"
    )
    show.add_argument("--seq", type=int, metavar="N", help="the record with this number instead")
    export = words.add_parser("export", description="Write a series as JSON Lines.", epilog=EXAMPLE)
    export.add_argument("--output", type=Path, metavar="FILE", help="write there (default: standard output)")
    export.add_argument("--series", default="", help="which series (default: the newest)")
    verify = words.add_parser(
        "verify", description="Check chain, signatures, numbers and totals.", epilog=EXAMPLE
    )
    verify.add_argument(
        "file", nargs="?", type=Path, help="a journal or an export (default: this register's journal)"
    )
    for each in (listing, show, export, verify):
        each.formatter_class = argparse.RawDescriptionHelpFormatter
        declare_home(each)
    declare_recovery(words.add_parser("recover", description=RECOVER, epilog=EXAMPLE))
    for each in (listing, show, verify):
        declare_json(each)


def run(options: argparse.Namespace) -> int:
    """Do what the second word says."""
    if options.word == "recover":
        return run_recovery(options)
    home = home_of(options)
    match options.word:
        case "list":
            return list_records(options, home)
        case "show":
            return show_record(options, home)
        case "export":
            return export(options, home)
    return verify(options, home)


class JournalReader:
    """A register's journal, opened for reading only. Raises CommandFailed and JournalReader's database errors."""

    def __init__(self, home: RegisterHome) -> None:
        from store.database.sqlite import open_reader

        enrolment = load_enrolment(home.path)
        if enrolment is None or not home.journal_file.exists():
            raise CommandFailed(
                ExitCode.CONFIGURATION, f"There is no journal in {home.path}. Say which register with --home."
            )
        self.enrolment: Enrolment = enrolment
        self._db: sqlite3.Connection = open_reader(home.journal_file)

    def close(self) -> None:
        """Give the file back."""
        self._db.close()

    def records(self, after_seq: int = 0) -> Iterator[Record]:
        """The records of the register's series after `after_seq`, in order."""
        from store.register.journal.reads import records_after

        while page := records_after(self._db, self.enrolment.epoch, after_seq, PAGE_RECORDS):
            yield from page
            after_seq = page[-1].seq

    def newest_records(self) -> Iterator[Record]:
        """The same records from the newest on; only as many pages are read as are asked for."""
        from store.register.journal.reads import records_before

        before_seq = LAST_SEQ
        while page := records_before(self._db, self.enrolment.epoch, before_seq, PAGE_RECORDS):
            yield from page
            before_seq = page[-1].seq

    def removed_seq(self) -> int:
        """The last record that was removed here because headquarters has it."""
        from store.register.journal.reads import anchor_seq

        return anchor_seq(self._db, self.enrolment.epoch)

    def acked_seq(self) -> int:
        """How far the server has the series."""
        from store.register.journal.upload import read_upload

        return read_upload(self._db, self.enrolment.series).acked_seq

    def receipt(self, number: int | None) -> Record | None:
        """The record with a receipt number, or the last one that has any."""
        from store.register.journal.reads import last_receipt, record_by_receipt_no

        epoch = self.enrolment.epoch
        return (
            last_receipt(self._db, epoch) if number is None else record_by_receipt_no(self._db, epoch, number)
        )


def list_records(options: argparse.Namespace, home: RegisterHome) -> int:
    """The rows of interface `journal list`."""
    from store.register.session.query import transaction_row

    with closing(JournalReader(home)) as reader:
        acked = reader.acked_seq()
        newest_first = (transaction_row(record, acked) for record in reader.newest_records())
        wanted = (row for row in newest_first if options.all or row["kind"] in COUNTED_KINDS)
        rows = list(islice(wanted, options.limit if options.limit > 0 else None))[::-1]
    if options.json:
        print_json(rows)
        return ExitCode.DONE
    for row in rows:
        print(line_of(row))
    return ExitCode.DONE


def line_of(row: dict[str, Any]) -> str:
    """A record as one line for people."""
    from store.sale.money import format_amount

    amount = f"{format_amount(row['total'], row['currency'])} {row['currency']}" if row["currency"] else ""
    at = datetime.fromisoformat(row["at"]).astimezone()
    number = row.get("receipt") or ""
    text = (
        f"{row['seq']:>6}  {at:%Y-%m-%d %H:%M:%S}  {row['kind']:<12}{number:<20}{amount:>14}  {row['state']}"
    )
    return printable(text.rstrip())


def show_record(options: argparse.Namespace, home: RegisterHome) -> int:
    """A record as its document, or as JSON."""
    import msgspec

    with closing(JournalReader(home)) as reader:
        record = find_record(reader, options)
    payload: dict[str, Any] = msgspec.json.decode(record.payload)
    if options.json:
        print_json({**payload, "hash": record.hash.hex(), "key_id": record.key_id})
        return ExitCode.DONE
    for line in document_lines(home, record, payload) or [msgspec.json.format(record.payload).decode()]:
        print(line)
    return ExitCode.DONE


def find_record(reader: JournalReader, options: argparse.Namespace) -> Record:
    """What the command line names."""
    if options.seq is not None:
        record = next((each for each in reader.records(options.seq - 1) if each.seq == options.seq), None)
    else:
        digits = (options.receipt or "").rpartition("-")[2]
        if options.receipt and not (digits.isascii() and digits.isdigit()):
            raise CommandFailed(ExitCode.USAGE, f"{options.receipt!r} is no receipt number. Type it like 17.")
        record = reader.receipt(int(digits) if digits else None)
    if record is None:
        removed = reader.removed_seq()
        gone = f" Records up to {removed:,} were removed here; headquarters has them." if removed else ""
        raise CommandFailed(
            ExitCode.CHECK_FAILED, f"There is no such record. `outpost journal list` shows all.{gone}"
        )
    return record


def document_lines(home: RegisterHome, record: Record, payload: dict[str, Any]) -> list[str]:
    """The paper of a record as text; nothing for a record without paper."""
    from store.gateway.offline import OfflineCatalog
    from store.languages.catalogues import load_languages
    from store.register.catalog.keeper import CatalogKeeper
    from store.register.session.shop_paper import paper_of_catalog
    from store.register.system_ports import SystemClock
    from store.sale.layout import render_text
    from store.sale.policy import StorePolicy
    from store.sale.report import document_of

    policy, version = StorePolicy(), CatalogKeeper(home.path, SystemClock().wall_ms).load()
    facts = policy.facts
    if version is not None:
        load_languages()
        with closing(OfflineCatalog(version.path)) as catalog:
            policy = catalog.policy()
            facts = paper_of_catalog(catalog, policy, str(payload.get("series", "")).rpartition(".")[0])
    document = document_of(payload, facts, fingerprint=fingerprint(record.hash))
    return render_text(document, policy.receipt_width) if document else []


def export(options: argparse.Namespace, home: RegisterHome) -> int:
    """JSON Lines to a file or to standard output."""
    from store.register.journal.export import export_journal

    if not home.journal_file.exists():
        raise CommandFailed(
            ExitCode.CONFIGURATION, f"There is no journal in {home.path}. Say which with --home."
        )
    if options.output is None:
        export_journal(home.journal_file, sys.stdout, options.series)
        return ExitCode.DONE
    with options.output.open("w", encoding="utf-8") as out:
        count = export_journal(home.journal_file, out, options.series)
    print(f"{count:,} records are in {options.output}.", file=sys.stderr)
    return ExitCode.DONE


def verify(options: argparse.Namespace, home: RegisterHome) -> int:
    """Check with code that shares nothing with what wrote it; 1 when something does not hold."""
    from store.register.verification.verify import verify_file

    path = options.file or home.journal_file
    try:
        report = verify_file(path)
    except OSError as error:
        raise CommandFailed(ExitCode.CONFIGURATION, f"{path} cannot be read: {error.strerror}.") from error
    if options.json:
        print_json(report.as_json())
    elif report.first_bad is None:
        print(f"{report.records:,} records hold: chain, signatures, numbers, totals.")
        if report.removed:
            print(f"{report.removed:,} older ones were removed here after headquarters had them.")
    else:
        print(f"Record {report.first_bad.seq} does not hold: {report.first_bad.reason}.")
        print(f"{report.records:,} records before it hold. Keep this file and call for help.")
    return ExitCode.DONE if report.ok else ExitCode.CHECK_FAILED

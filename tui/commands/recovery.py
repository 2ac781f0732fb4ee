"""`outpost journal recover`: brings the records of a dead register's disk to the server (docs/spare-till.md)."""

import argparse
import sys
from pathlib import Path

from tui.commands.options import declare_json
from tui.commands.outcome import CommandFailed, ExitCode, print_json
from tui.commands.trust import declare_trust, trusted_file

RECOVER = (
    "Bring the records of a dead register's disk to the server, with the one-time code of a recovery grant, and close "
    "its series. May be repeated after an interruption."
)


def declare_recovery(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("file", type=Path, help="journal.db of the dead disk, or an export of it")
    parser.add_argument("--server", required=True, metavar="URL", help="address of the Retail Server")
    parser.add_argument("--code", required=True, help="the code that `hq register grant-recovery` printed")
    parser.add_argument("--series", default="", help="which series of the file (default: the newest)")
    parser.add_argument(
        "--before-damage",
        action="store_true",
        help="send the records in front of the first damaged one; otherwise a damaged file is refused",
    )
    declare_trust(parser)
    declare_json(parser)


def run_recovery(options: argparse.Namespace) -> int:
    """Check, send, close, say how many."""
    from store.register.recovery.recovery import recover

    def told(seq: int) -> None:
        if sys.stderr.isatty():
            print(f"\r{seq:,} records are at the server", end="", file=sys.stderr, flush=True)

    with trusted_file(options) as ca_file:
        try:
            done = recover(
                options.file,
                server_url=options.server,
                code=options.code,
                ca_file=ca_file,
                series=options.series,
                before_damage=options.before_damage,
                told=told,
            )
        except (FileNotFoundError, PermissionError, IsADirectoryError) as error:
            raise CommandFailed(
                ExitCode.CONFIGURATION, f"{options.file} cannot be read: {error.strerror}."
            ) from error
    if options.json:
        print_json(
            {
                "series": done.series,
                "sent": done.sent,
                "known": done.known,
                "last_seq": done.last,
                "damage": done.damage,
            }
        )
        return ExitCode.DONE
    print(f"{done.sent:,} records of {done.series} were sent, {done.known:,} were at the server already.")
    if done.damage:
        print(f"What lies behind record {done.last:,} is lost: {done.damage.rstrip('.')}. Keep the disk.")
    print("The series is closed for good.")
    return ExitCode.DONE

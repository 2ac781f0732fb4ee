"""Series as the Retail Servers opened them: kept under the register's key, and never under another one.

The rows are the ledger's (`series`); what contradicts itself is a row of `difference` and of `fork`.
"""

import hashlib

import msgspec

from store.database.connection import Connection, Row, values
from store.exchange.acknowledgement import Outcome
from store.exchange.delivery import EnrolmentReport, SeriesOpening
from store.exchange.identity import IdentityError, series_of, store_of
from store.headquarters.registers.device_states import DeviceEvent
from store.headquarters.registers.devices import change_device, highest_epoch
from store.ledger.series import EVIDENCE, Series, find_series, open_series
from store.service.errors import ProblemError

KEY_BYTES = 32

CLOSE_SERIES = """
update series set closed_ms = $3 where store_id = $1 and series = $2"""
NOTE_DIFFERENCE = """
insert into difference (store_id, series, seq, effect, register_value, server_value) values ($1, $2, 0, $3, $4, $5)
on conflict do nothing"""
SELECT_OPEN = """
select series, store_id, register_id, epoch, public_key, insecure, opened_ms, closed_ms from series
where closed_ms = 0 order by series"""
SELECT_OF_REGISTER = """
select series, store_id, register_id, epoch, public_key, insecure, opened_ms, closed_ms from series
where register_id = $1 order by epoch"""


def check_opening(opening: SeriesOpening) -> bytes:
    """The public key (32 bytes) of an opening that makes sense by itself; raises ProblemError `bad-request`."""
    try:
        public_key = bytes.fromhex(opening.public_key)
        named = series_of(opening.register, opening.epoch)
        store = store_of(opening.register)
    except (ValueError, IdentityError) as error:
        raise ProblemError("bad-request", f"This is no series: {error}") from error
    if (named, store) != (opening.series, opening.store) or len(public_key) != KEY_BYTES:
        raise ProblemError("bad-request", "Series, register, epoch, store and key do not go together.")
    return public_key


def take_opening(db: Connection, opening: SeriesOpening, public_key: bytes, now_ms: int) -> Series | None:
    """Make a series known, or close it; the series as it stands, None when it is known with another key.

    An older series stays open for what its server has accepted; only its `closed_ms` says that another came.
    """
    known = find_series(db, opening.series)
    if known is None:
        open_series(
            db,
            store=opening.store,
            series=opening.series,
            register=opening.register,
            epoch=opening.epoch,
            public_key=public_key,
            insecure=opening.insecure,
            now_ms=opening.opened_ms or now_ms,
        )
    elif known.facts.public_key != public_key:
        _note_other_key(db, known, opening, now_ms)
        return None
    overtaken = known is None and highest_epoch(db, opening.register) > opening.epoch
    closed_ms = opening.closed_ms or (now_ms if overtaken else 0)
    if closed_ms:
        db.execute(CLOSE_SERIES, values(opening.store, opening.series, closed_ms))
    return find_series(db, opening.series)


def take_enrolment(db: Connection, report: EnrolmentReport, now_ms: int) -> Series | None:
    """A machine became a register: its series is opened and its device activated; None as for `take_opening`.

    A report that comes again changes nothing.
    """
    opening = SeriesOpening(
        series=report.series,
        store=report.store,
        register=report.register,
        epoch=report.epoch,
        public_key=report.public_key,
        insecure=report.insecure,
        opened_ms=report.at_ms,
        closed_ms=0,
    )
    public_key = check_opening(opening)
    reported = db.execute(SELECT_REPORTED, values(report.register, report.series)).fetchone() is not None
    series = take_opening(db, opening, public_key, now_ms)
    if series is not None and not reported:
        change_device(db, report.register, DeviceEvent.ENROLLED, now_ms, report.series)
    return series


SELECT_REPORTED = "select 1 from device_history where register_id = $1 and event = 'enrolled' and reason = $2"


def series_of_register(db: Connection, register: str) -> list[SeriesOpening]:
    """All series of a register, the oldest first."""
    return [_opening(row) for row in db.execute(SELECT_OF_REGISTER, values(register)).fetchall()]


def open_series_facts(db: Connection) -> dict[str, SeriesOpening]:
    """The open series of each register, by register."""
    return {row[2]: _opening(row) for row in db.execute(SELECT_OPEN).fetchall()}


def _opening(row: Row) -> SeriesOpening:
    return SeriesOpening(
        series=row[0],
        store=row[1],
        register=row[2],
        epoch=row[3],
        public_key=bytes(row[4]).hex(),
        insecure=row[5] == 1,
        opened_ms=row[6],
        closed_ms=row[7],
    )


def _note_other_key(db: Connection, known: Series, opening: SeriesOpening, now_ms: int) -> None:
    """Two machines have the same epoch, as a restored server can bring about: both stay to be seen."""
    raw = msgspec.json.encode(opening)
    digest = hashlib.sha256(raw).hexdigest()
    upsert, _ = EVIDENCE[Outcome.FORK]
    reason = "The series is known with another key."
    db.execute(upsert, values(known.store, digest, known.series, 0, reason, raw, now_ms))
    db.execute(
        NOTE_DIFFERENCE,
        values(known.store, known.series, "series.key", opening.public_key, known.facts.public_key.hex()),
    )

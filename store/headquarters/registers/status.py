"""Register offline status: how every register stands, what is missing of it, and whether a period can be closed."""

from collections.abc import Iterator

import msgspec

from store.database.connection import Connection, values
from store.exchange.delivery import RegisterReport
from store.headquarters.nouns.chain import Register
from store.headquarters.nouns.standing import PeriodAnswer, PeriodFinding, RegisterStatus
from store.headquarters.registers.device_states import DeviceState
from store.headquarters.registers.devices import device_states
from store.headquarters.registers.reports import all_reports, report_of
from store.headquarters.setup_rows import list_rows
from store.sale.moment import utc_text

STALE_MS = 10 * 60 * 1000
"""A register that was not heard of for so long may have sold meanwhile: its figures are marked."""
LAST_ZONE_MS = 12 * 60 * 60 * 1000
"""How long after UTC a day ends in the last time zone that has it."""

SELECT_HEADS = """
select s.register_id, sum(s.head_seq), (select count(*) from quarantine q where q.store_id = s.store_id
    and q.series in (select o.series from series o where o.register_id = s.register_id))
from series s group by s.register_id, s.store_id"""
SELECT_OPEN_SHIFTS = """
select s.register_id, o.business_date, o.shift_id from posted o
join series s on s.store_id = o.store_id and s.series = o.series
where o.kind = 'shift.open' and ($1 = '' or o.business_date <= $1) and not exists
  (select 1 from posted c where c.store_id = o.store_id and c.series = o.series and c.shift_id = o.shift_id
     and c.kind = 'shift.close')
order by s.register_id, o.business_date, o.seq"""


class _Register(msgspec.Struct, frozen=True, kw_only=True):
    """A register with all that headquarters knows of it."""

    register: str
    store: str
    support_offline: bool
    device: DeviceState
    report: RegisterReport | None
    records: int
    quarantined: int


def register_status(db: Connection, now_ms: int, store: str = "") -> list[RegisterStatus]:
    """Every register of the set-up, and those that were only heard of; by register."""
    return [_status(each, now_ms) for each in _registers(db, store)]


def records_waiting(db: Connection, register: str) -> int:
    """How many records of a register are not at the server yet, by its own last word; 0 when it never said one."""
    report = report_of(db, register)
    return 0 if report is None else report.unsent


def is_stale(report: RegisterReport, now_ms: int) -> bool:
    """Whether a register may have sold since it was heard of."""
    return now_ms - report.heard_ms > STALE_MS


def check_period(db: Connection, business_date: str, now_ms: int, store: str = "") -> PeriodAnswer:
    """What stands in the way of closing a period (to the end of a business date; empty for everything)."""
    shifts: dict[str, list[str]] = {}
    for register, date, _ in db.execute(SELECT_OPEN_SHIFTS, values(business_date)).fetchall():
        shifts.setdefault(register, []).append(date)
    registers = _registers(db, store)
    findings = [
        PeriodFinding(register=each.register, store=each.store, problem=problem, detail=detail)
        for each in registers
        for problem, detail in _findings(each, shifts.get(each.register, []), business_date, now_ms)
    ]
    lines = [f"Registers looked at: {len(registers)}. Everything is here and closed."]
    if findings:
        count = len({finding.register for finding in findings})
        lines = [f"Registers looked at: {len(registers)}. Not finished: {count}."]
        lines += [f"{finding.register}  {finding.problem}: {finding.detail}" for finding in findings]
    sentence = "\n".join(lines)
    return PeriodAnswer(ok=not findings, business_date=business_date, sentence=sentence, findings=findings)


def _findings(
    each: _Register, open_shifts: list[str], business_date: str, now_ms: int
) -> Iterator[tuple[str, str]]:
    report = each.report
    if report is None:
        if each.device is not DeviceState.PENDING:
            yield "never heard", "It was activated, and nothing was ever heard of it."
        return
    heard = utc_text(report.heard_ms)
    if report.unsent:
        since = f" since {utc_text(report.oldest_unsent_ms)}" if report.oldest_unsent_ms else ""
        sales = report.unsent_transactions
        yield "unsent", f"{sales} transactions, {report.unsent} records wait in the register{since}."
    elif (
        is_stale(report, now_ms)
        and each.device is DeviceState.ACTIVATED
        and not _said_after(report, business_date)
    ):
        yield "not heard", f"It was last heard of {heard}; what it sold since then is not known."
    if open_shifts:
        yield "open shift", f"A shift of business date {open_shifts[0]} is not closed."
    elif report.shift_open and not business_date:
        yield "open shift", "Its shift is open, by its own word."
    if each.quarantined:
        yield "quarantine", f"{each.quarantined} records could not be booked: outpost hq quarantine list"


def _said_after(report: RegisterReport, business_date: str) -> bool:
    """Whether the register spoke on a later day than the period's last, wherever it stands, and so after all of it."""
    return bool(business_date) and utc_text(report.heard_ms - LAST_ZONE_MS)[:10] > business_date


def _registers(db: Connection, store: str) -> list[_Register]:
    states, reports = device_states(db), all_reports(db)
    heads = {row[0]: (int(row[1]), int(row[2])) for row in db.execute(SELECT_HEADS).fetchall()}
    set_up = {row.key: row.read(Register) for row in list_rows(db, "register")}
    found = []
    for name in sorted({*set_up, *states, *reports, *heads}):
        known = set_up.get(name)
        own_store = known.store if known is not None else name.partition("-")[0]
        if store in ("", own_store):
            records, quarantined = heads.get(name, (0, 0))
            found.append(
                _Register(
                    register=name,
                    store=own_store,
                    support_offline=known is not None and known.support_offline,
                    device=DeviceState(states.get(name, DeviceState.PENDING)),
                    report=reports.get(name),
                    records=records,
                    quarantined=quarantined,
                )
            )
    return found


def _status(each: _Register, now_ms: int) -> RegisterStatus:
    report = each.report
    known = RegisterStatus(
        register=each.register,
        store=each.store,
        device=each.device.value,
        mode="never heard",
        stale=True,
        support_offline=each.support_offline,
        records=each.records,
        quarantined=each.quarantined,
    )
    if report is None:
        return known
    return msgspec.structs.replace(
        known,
        mode=report.mode,
        since=_moment(report.since_ms),
        reason=report.reason,
        unsent=report.unsent,
        unsent_transactions=report.unsent_transactions,
        oldest_unsent=_moment(report.oldest_unsent_ms),
        amount_at_risk=report.amount_at_risk,
        currency=report.currency,
        last_contact=_moment(report.heard_ms),
        last_contact_age_s=_age_s(report.heard_ms, now_ms),
        stale=is_stale(report, now_ms),
        catalog_seq=report.catalog_seq,
        catalog_age_s=_age_s(report.catalog_created_ms, now_ms),
        version=report.version,
        shift_open=report.shift_open,
        last_sync=_moment(report.last_sync_ms),
        last_sync_result=report.last_sync_result,
        pending_downloads=report.pending_downloads,
        series=report.series,
    )


def _age_s(at_ms: int, now_ms: int) -> int | None:
    return max(0, (now_ms - at_ms) // 1000) if at_ms else None


def _moment(at_ms: int) -> str:
    return utc_text(at_ms) if at_ms else ""

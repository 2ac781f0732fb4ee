"""Devices: their states with a history, their activation codes, and the enrolments that servers report.

Owns `device`, `device_history` and `device_code`. All functions are part of a unit of work.
"""

from typing import Any

import msgspec

from store.database.connection import Connection, values
from store.exchange.codes import CODE_LIFE_MS, code_hash
from store.exchange.delivery import CodeFacts, CodeRequest
from store.exchange.identity import store_of
from store.headquarters.errors import Refused
from store.headquarters.registers.device_states import WHY_NOT, DeviceEvent, DeviceState, step
from store.headquarters.setup_rows import next_number
from store.service.errors import ProblemError

DAY_MS = 24 * 60 * 60 * 1000
HISTORY_COUNTER = "device_history"
MAX_HISTORY = 200
"""Entries kept per register, the newest."""

SELECT_DEVICE = "select state, since_ms, reason from device where register_id = $1"
SELECT_STATES = "select register_id, state from device order by register_id"
UPSERT_DEVICE = """
insert into device (register_id, store_id, state, since_ms, reason) values ($1, $2, $3, $4, $5)
on conflict (register_id) do update
set state = excluded.state, since_ms = excluded.since_ms, reason = excluded.reason"""
INSERT_HISTORY = """
insert into device_history (n, register_id, at_ms, event, state, reason) values ($1, $2, $3, $4, $5, $6)"""
TRIM_HISTORY = """
delete from device_history where register_id = $1 and n <=
  (select n from device_history where register_id = $1 order by n desc limit 1 offset $2)"""
SELECT_HISTORY = """
select at_ms, event, state, reason from device_history where register_id = $1 order by n desc limit $2"""
VOID_OPEN_CODES = (
    "update device_code set expires_ms = $2 where register_id = $1 and used_ms = 0 and expires_ms > $2"
)
DELETE_OLD_CODES = "delete from device_code where expires_ms < $1"
INSERT_CODE = """
insert into device_code (code_hash, register_id, store_id, created_ms, expires_ms, used_ms, public_key, server)
values ($1, $2, $3, $4, $5, 0, '', '')"""
SELECT_CODE = """
select register_id, store_id, expires_ms, used_ms, public_key, server from device_code where code_hash = $1"""
USE_CODE = "update device_code set used_ms = $2, public_key = $3, server = $4 where code_hash = $1"
SELECT_ENROLLED = """
select 1 from device_history where register_id = $1 and event = 'enrolled' and at_ms >= $2 limit 1"""
SELECT_OPEN_CODE = """
select expires_ms from device_code where register_id = $1 and used_ms = 0 and expires_ms > $2"""
SELECT_EPOCH = "select coalesce(max(epoch), 0) from series where register_id = $1"


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """A device as it stands; `since_ms` 0 for one that nothing was ever said about."""

    register: str
    state: DeviceState
    since_ms: int
    reason: str


def find_device(db: Connection, register: str) -> Device:
    """The device of a register; Pending when nothing was ever said about it."""
    row = db.execute(SELECT_DEVICE, values(register)).fetchone()
    if row is None:
        return Device(register=register, state=DeviceState.PENDING, since_ms=0, reason="")
    return Device(register=register, state=DeviceState(row[0]), since_ms=row[1], reason=row[2])


def device_states(db: Connection) -> dict[str, str]:
    """The state of every device that something was said about, by register; the others are Pending."""
    return {row[0]: row[1] for row in db.execute(SELECT_STATES)}


def change_device(db: Connection, register: str, event: DeviceEvent, now_ms: int, reason: str = "") -> Device:
    """Let something happen to a device and write it into its history; raises Refused."""
    device = find_device(db, register)
    state = step(device.state, event, enrolled=highest_epoch(db, register) > 0)
    if state is None:
        why = WHY_NOT.get((device.state, event), "no machine was enrolled as this register")
        raise Refused(f"The device of register {register} is {device.state}: {why}.")
    db.execute(
        INSERT_HISTORY,
        values(next_number(db, HISTORY_COUNTER), register, now_ms, event.value, state.value, reason),
    )
    db.execute(TRIM_HISTORY, values(register, MAX_HISTORY))
    if state is device.state and device.since_ms:
        return device
    db.execute(UPSERT_DEVICE, values(register, store_of(register), state.value, now_ms, reason))
    if event in (DeviceEvent.DISABLED, DeviceEvent.DEACTIVATED):
        db.execute(VOID_OPEN_CODES, values(register, now_ms))
    return Device(register=register, state=state, since_ms=now_ms, reason=reason)


def issue_code(db: Connection, register: str, code: str, now_ms: int) -> int:
    """Make a code the only open one of its register; answers when it expires (ms). Raises Refused."""
    change_device(db, register, DeviceEvent.CODE_ISSUED, now_ms)
    expires_ms = now_ms + CODE_LIFE_MS
    db.execute(VOID_OPEN_CODES, values(register, now_ms))
    db.execute(DELETE_OLD_CODES, values(now_ms - DAY_MS))
    db.execute(INSERT_CODE, values(code_hash(code), register, store_of(register), now_ms, expires_ms))
    return expires_ms


def redeem_code(db: Connection, asked: CodeRequest, server: str, now_ms: int) -> CodeFacts:
    """What a code is good for, for the server that asks first; raises ProblemError `bad-code`.

    That server may ask again while the code lives: an answer can get lost, and a machine may begin anew with another
    key as long as none was enrolled. The server lets one of them in; once it has said so, only that key is answered.
    """
    row = db.execute(SELECT_CODE, values(asked.code_hash)).fetchone()
    if row is None or row[2] < now_ms:
        raise ProblemError("bad-code", "Ask for a new code; a code works once and for 15 minutes.")
    register, store, expires_ms, used_ms, public_key, by = row
    enrolled = used_ms and db.execute(SELECT_ENROLLED, values(register, used_ms)).fetchone() is not None
    if used_ms and (by != server or (enrolled and public_key != asked.public_key)):
        raise ProblemError("bad-code", "This code was used already; ask for a new one.")
    if find_device(db, register).state is DeviceState.DISABLED:
        raise ProblemError("bad-code", "Headquarters has disabled this device.")
    if public_key != asked.public_key:
        db.execute(USE_CODE, values(asked.code_hash, used_ms or now_ms, asked.public_key, server))
    return CodeFacts(register=register, store=store, expires_ms=expires_ms, epoch=highest_epoch(db, register))


def highest_epoch(db: Connection, register: str) -> int:
    """The highest epoch that headquarters has seen of a register; 0 for none."""
    return int(db.execute(SELECT_EPOCH, values(register)).fetchone()[0])


def open_code_until_ms(db: Connection, register: str, now_ms: int) -> int:
    """Until when an unused code of the register works; 0 for none."""
    row = db.execute(SELECT_OPEN_CODE, values(register, now_ms)).fetchone()
    return 0 if row is None else int(row[0])


def history(db: Connection, register: str, limit: int = MAX_HISTORY) -> list[dict[str, Any]]:
    """What happened to a device, the newest first."""
    rows = db.execute(SELECT_HISTORY, values(register, limit)).fetchall()
    return [{"at_ms": row[0], "event": row[1], "state": row[2], "reason": row[3]} for row in rows]

"""What operators say and ask about the way up: the handlers of `outpost hq transaction|total|difference|quarantine ...`
and of registers, devices, grants and emergency codes.
"""

import asyncio
import secrets
from collections.abc import Callable, Mapping
from typing import Any

from store.database.connection import Connection
from store.exchange.codes import CODE_BYTES, format_code
from store.exchange.emergency_code import NoChallenge, emergency_code, read_challenge
from store.headquarters.errors import NotThere, Refused, WrongInput
from store.headquarters.nouns.chain import Register
from store.headquarters.nouns.counts import StockCountList, StockCountRow
from store.headquarters.nouns.people import Staff
from store.headquarters.nouns.standing import (
    DeviceList,
    DeviceName,
    DeviceRow,
    DeviceSet,
    PeriodAnswer,
    PeriodCheck,
    RecoveryGrantGiven,
    RegisterStatus,
    RegisterStatusList,
    UnlockCode,
    UnlockCodes,
)
from store.headquarters.nouns.way_up import (
    DifferenceList,
    DifferenceRow,
    QuarantineList,
    QuarantineReplay,
    QuarantineRow,
    ReplayAnswer,
    Total,
    TotalList,
    TransactionList,
)
from store.headquarters.records import lists
from store.headquarters.records.counts import stock_counts
from store.headquarters.records.totals import totals
from store.headquarters.registers import devices, emergency, grants, status
from store.headquarters.registers.device_states import DeviceEvent, DeviceState
from store.headquarters.registers.openings import series_of_register
from store.headquarters.registers.reports import report_of
from store.headquarters.route import Call, VerbHandler
from store.headquarters.setup.rules import pepper_store
from store.headquarters.setup_rows import get, list_rows
from store.ledger.posting import Poster, count_quarantined, release_quarantine
from store.ledger.reports import Transaction
from store.sale.moment import utc_text

_EVENTS = {
    "activated": DeviceEvent.ENABLED,
    "deactivated": DeviceEvent.DEACTIVATED,
    "disabled": DeviceEvent.DISABLED,
}


class RecordsDesk:
    """The handlers of the verbs; one per running headquarters. `told` hears which nouns changed."""

    def __init__(self, poster: Poster, told: Callable[[tuple[str, ...]], None]) -> None:
        self._poster = poster
        self._told = told

    def verbs(self) -> Mapping[tuple[str, str], VerbHandler]:
        """Noun and verb → handler."""
        return {
            ("transaction", "list"): self.list_transactions,
            ("total", "list"): self.list_totals,
            ("difference", "list"): self.list_differences,
            ("quarantine", "list"): self.list_quarantine,
            ("stock-count", "list"): self.list_counts,
            ("quarantine", "replay"): self.replay_quarantine,
            ("register", "status"): self.register_status,
            ("register", "grant-recovery"): self.grant_recovery,
            ("period", "check"): self.check_period,
            ("device", "set"): self.set_device,
            ("device", "list"): self.list_devices,
            ("device", "show"): self.show_device,
            ("staff", "unlock-code"): self.unlock_code,
            ("staff", "unlock-codes"): self.unlock_codes,
        }

    async def list_transactions(self, call: Call, given: TransactionList) -> list[Transaction]:
        """`transaction list`."""
        return await call.read(lists.transactions, given)

    async def list_totals(self, call: Call, given: TotalList) -> list[Total]:
        """`total list`."""
        return await call.read(totals, given)

    async def list_differences(self, call: Call, given: DifferenceList) -> list[DifferenceRow]:
        """`difference list`."""
        return await call.read(lists.differences, given.store, given.limit)

    async def list_counts(self, call: Call, given: StockCountList) -> list[StockCountRow]:
        """`stock-count list`."""
        return await call.read(stock_counts, given)

    async def list_quarantine(self, call: Call, given: QuarantineList) -> list[QuarantineRow]:
        """`quarantine list`."""
        return await call.read(lists.quarantine, given.store, given.limit)

    async def replay_quarantine(self, call: Call, given: QuarantineReplay) -> ReplayAnswer:
        """`quarantine replay`: what is in quarantine is posted again by the program as it is now."""
        if given.seq and not given.series:
            raise WrongInput("Say the series that the record belongs to with --series.")
        tried = await call.work(release_quarantine, call.hq.now_ms(), given.series, given.seq)
        while await self._poster.post_all():
            pass  # until nothing is due any more; records that fail again wait for their next attempt
        left = await call.read(count_quarantined, given.series, given.seq)
        posted = max(0, tried - left)
        if not tried:
            return ReplayAnswer(
                ok=True, sentence="Nothing is in quarantine there.", tried=0, posted=0, left=0
            )
        sentence = f"{posted} of {tried} records are booked now" + (
            f"; {left} are in quarantine as before." if left else "."
        )
        return ReplayAnswer(ok=not left, sentence=sentence, tried=tried, posted=posted, left=left)

    async def register_status(self, call: Call, given: RegisterStatusList) -> list[RegisterStatus]:
        """`register status`: register offline status."""
        return await call.read(status.register_status, call.hq.now_ms(), given.store)

    async def check_period(self, call: Call, given: PeriodCheck) -> PeriodAnswer:
        """`period check`."""
        return await call.read(status.check_period, given.business_date, call.hq.now_ms(), given.store)

    async def grant_recovery(self, call: Call, given: RecoveryGrantGiven) -> dict[str, Any]:
        """`register grant-recovery`: the code is shown once and kept as a hash."""
        code = format_code(secrets.token_bytes(CODE_BYTES))
        done = await call.work(
            grants.grant_recovery, given.register, given.series, code, given.reason, call.hq.now_ms()
        )
        self._told(("recovery-grant",))
        expires = utc_text(done.expires_ms)
        sentence = f"outpost journal recover FILE --code {code}  completes series {done.series} once, until {expires}."
        return {"code": code, "series": done.series, "expires": expires, "sentence": sentence}

    async def set_device(self, call: Call, given: DeviceSet) -> dict[str, Any]:
        """`device set`: an activation code, or another state."""
        if given.activation_code == (given.status is not None):
            raise WrongInput("Say either --activation-code or --status.")
        if given.activation_code:
            return await self._activation_code(call, given.register)
        if given.force and not given.reason:
            raise WrongInput(
                "Say with --reason why the device is deactivated though records wait; it is kept."
            )
        device = await call.work(_change_device, given, call.hq.now_ms())
        self._told(("device",))
        return {
            "register": device.register,
            "device": device.state.value,
            "sentence": f"The device of register {device.register} is {device.state.value}.",
        }

    async def _activation_code(self, call: Call, register: str) -> dict[str, Any]:
        code = format_code(secrets.token_bytes(CODE_BYTES))
        expires_ms = await call.work(_issue_code, register, code, call.hq.now_ms())
        self._told(("device",))
        expires = utc_text(expires_ms)
        sha256 = call.hq.secrets.authority.sha256
        return {
            "activation_code": code,
            "register": register,
            "expires": expires,
            "ca_sha256": sha256,
            "sentence": f"Activation code for register {register}, good once until {expires}: {code}\n"
            f"On the register: outpost activate --server URL --code {code} --ca-sha256 {sha256}",
        }

    async def list_devices(self, call: Call, given: DeviceList) -> list[DeviceRow]:
        """`device list`."""
        return await call.read(_devices, given.store, call.hq.now_ms())

    async def show_device(self, call: Call, given: DeviceName) -> dict[str, Any]:
        """`device show`: with its history and its series."""
        return await call.read(_show_device, given.register, call.hq.now_ms())

    async def unlock_code(self, call: Call, given: UnlockCode) -> dict[str, Any]:
        """`staff unlock-code`: written down first, told then."""
        try:
            challenge = read_challenge(given.challenge)
        except NoChallenge as error:
            raise WrongInput(str(error)) from error
        store, secret_of = await call.work(_note_unlock, given, challenge, call.hq.now_ms())
        code = emergency_code(
            await asyncio.to_thread(call.hq.secrets.pepper, secret_of),
            register=given.register,
            operator=given.operator,
            challenge=challenge,
        )
        return {
            "code": code,
            "store": store,
            "register": given.register,
            "operator": given.operator,
            "sentence": f"Code for operator {given.operator} at register {given.register}: {code}",
        }

    async def unlock_codes(self, call: Call, given: UnlockCodes) -> list[dict[str, Any]]:
        """`staff unlock-codes`."""
        found = await call.read(emergency.given_codes, given.limit)
        return [_timed(row) for row in found]


def _issue_code(db: Connection, register: str, code: str, now_ms: int) -> int:
    _must_exist(db, register)
    return devices.issue_code(db, register, code, now_ms)


def _must_exist(db: Connection, register: str) -> Register:
    found = get(db, "register", register, Register)
    if found is None:
        raise NotThere(f"There is no register {register[:40]}; set it first: outpost hq register set")
    return found


def _change_device(db: Connection, given: DeviceSet, now_ms: int) -> devices.Device:
    event = _EVENTS[given.status or "activated"]
    if given.register not in devices.device_states(db):
        _must_exist(db, given.register)
    if event is DeviceEvent.DEACTIVATED and not given.force:
        _check_nothing_waits(db, given.register, now_ms)
    return devices.change_device(db, given.register, event, now_ms, given.reason)


def _check_nothing_waits(db: Connection, register: str, now_ms: int) -> None:
    """Raise Refused when records of a device that is to go are not here, or may not be."""
    if devices.find_device(db, register).state is DeviceState.PENDING:
        return
    report = report_of(db, register)
    anyhow = "or take it out all the same with --force --reason TEXT"
    if report is None:
        raise Refused(f"Nothing was ever heard of register {register}: let it sync first, {anyhow}.")
    if report.unsent:
        raise Refused(
            f"{report.unsent} records wait in register {register}: let it send them first, {anyhow}."
        )
    if status.is_stale(report, now_ms):
        heard = utc_text(report.heard_ms)
        raise Refused(
            f"Register {register} was last heard of {heard} and may have sold since: start it, {anyhow}."
        )


def _devices(db: Connection, store: str, now_ms: int) -> list[DeviceRow]:
    names = {row.key: row.read(Register).store for row in list_rows(db, "register")}
    for name in devices.device_states(db):
        names.setdefault(name, name.partition("-")[0])
    return [_device_row(db, name, own, now_ms) for name, own in sorted(names.items()) if store in ("", own)]


def _device_row(db: Connection, register: str, store: str, now_ms: int) -> DeviceRow:
    device, known = devices.find_device(db, register), series_of_register(db, register)
    until_ms = devices.open_code_until_ms(db, register, now_ms)
    return DeviceRow(
        register=register,
        store=store,
        device=device.state.value,
        since=utc_text(device.since_ms) if device.since_ms else "",
        reason=device.reason,
        series=known[-1].series if known else "",
        insecure=known[-1].insecure if known else False,
        code_expires=utc_text(until_ms) if until_ms else "",
    )


def _show_device(db: Connection, register: str, now_ms: int) -> dict[str, Any]:
    rows = {row.register: row for row in _devices(db, "", now_ms)}
    if register not in rows:
        raise NotThere(f"There is no register {register[:40]}.")
    row = rows[register]
    return {
        "register": row.register,
        "store": row.store,
        "device": row.device,
        "since": row.since,
        "reason": row.reason,
        "series": [opening.series for opening in series_of_register(db, register)],
        "insecure": row.insecure,
        "code_expires": row.code_expires,
        "history": [_timed(entry) for entry in devices.history(db, register)],
    }


def _timed(row: dict[str, Any]) -> dict[str, Any]:
    """A row with its moment as people read it."""
    return {
        ("at" if name == "at_ms" else name): (utc_text(value) if name == "at_ms" else value)
        for name, value in row.items()
    }


def _note_unlock(db: Connection, given: UnlockCode, challenge: str, now_ms: int) -> tuple[str, str]:
    """Write down who gets a code; answers the store and the store whose secret makes it. Raises NotThere."""
    register = _must_exist(db, given.register)
    operator = get(db, "staff", given.operator, Staff)
    if operator is None or operator.store not in ("", register.store):
        raise NotThere(f"There is no operator {given.operator[:40]} in store {register.store}.")
    emergency.note_code(
        db,
        store=register.store,
        register=given.register,
        operator=given.operator,
        challenge=challenge,
        reason=given.reason,
        now_ms=now_ms,
    )
    return register.store, pepper_store(db, register.store)

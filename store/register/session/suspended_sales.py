"""The suspended sales that can be resumed here: those this register keeps, and those of the others at the server."""

from collections.abc import Sequence

import msgspec

from store.exchange.suspensions import CLAIMED, TAKEN, WAITING, WireClaim, WireSuspension
from store.gateway.errors import GatewayError
from store.register.journal.errors import JournalError
from store.register.session.state import SessionState
from store.register.session.work import Work
from store.sale import suspending
from store.sale.language import phrase
from store.sale.moment import ms_of
from store.sale.sale import Sale
from store.sale.text import printable

ASK_TIMES, ASK_S = 12, 0.4
"""How often and how long apart a sale is asked for that another register keeps."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A suspended sale of the list. `register` is empty for one that this register keeps."""

    id: str
    code: str
    by: str
    at_ms: int
    items: str
    total: int
    note: str = ""
    register: str = ""
    claimed_by: str = ""


def kept_rows(state: SessionState) -> list[Row]:
    """What this register keeps, oldest first."""
    return [
        Row(
            id=held.id,
            code=held.code,
            by=held.by,
            at_ms=held.at_ms,
            items=held.items,
            total=held.total,
            note=held.note,
        )
        for held in state.suspended
    ]


async def all_rows(work: Work) -> tuple[list[Row], str]:
    """Own ones and, while the server can be asked, those of the other registers; with a sentence when it cannot."""
    own = kept_rows(work.state)
    port = work.ports.suspensions
    if port is None or not work.online:
        return own, phrase("Offline: only those of this register.")
    try:
        others: Sequence[WireSuspension] = await port.listing()
    except GatewayError:
        return own, phrase("The server does not answer.")
    kept = {row.id for row in own}
    rows = [
        _other_row(wire) for wire in others if wire.id not in kept and wire.currency == work.policy.currency
    ]
    return [*own, *await _not_ended_here(work, rows)], ""


def _other_row(wire: WireSuspension) -> Row:
    return Row(
        id=wire.id[:64],
        code=printable(wire.code[:32]),
        by=printable(wire.by[:40]),
        at_ms=ms_of(wire.at),
        items=wire.items[:12],
        total=wire.total,
        note=printable(wire.note[: suspending.NOTE_LIMIT]),
        register=printable(wire.register[:20]) or "?",
        claimed_by=wire.claimed_by[:20],
    )


async def _not_ended_here(work: Work, rows: list[Row]) -> list[Row]:
    """Without those that this register has resumed or discarded already; the server may not know yet."""
    return [row for row in rows if await work.ports.journal.record_by_txn(suspending.end_id(row.id)) is None]


def words(work: Work, row: Row) -> str:
    """One row: age, total, who, where, note."""
    where = f" {row.register}" if row.register else ""
    claimed = f" (at {row.claimed_by})" if row.claimed_by else ""
    note = f" {row.note}" if row.note else ""
    return f"{age(work.now_ms - row.at_ms):>6} {work.money(row.total):>9} {row.by[:14]}{where}{claimed}{note}"


def age(ms: int) -> str:
    """How long ago: "5 min", "3 h", "2 d"."""
    minutes = max(ms, 0) // 60_000
    if minutes < 100:
        return phrase("{minutes} min", minutes)
    return f"{minutes // 60} h" if minutes < 60 * 48 else f"{minutes // 1440} d"


def chosen(rows: list[Row], text: str) -> Row | None:
    """The row of that number in the list, or with that code."""
    if text.isascii() and text.isdigit() and len(text) <= 3:
        return rows[int(text) - 1] if 1 <= int(text) <= len(rows) else None
    return with_code(rows, text)


def with_code(rows: list[Row], code: str) -> Row | None:
    """The row with that code."""
    return next((row for row in rows if row.code == code), None)


async def fetch(work: Work, row: Row) -> Sale | str:
    """The sale of a row, made whole again; a sentence when it cannot be had."""
    if not row.register:
        try:
            record = await work.ports.journal.record_by_txn(row.id)
        except JournalError as error:
            return error.sentence
        resume = str(record.payload.get("resume", "")) if record is not None else ""
    else:
        claim = await claimed(work, row)
        if isinstance(claim, str):
            return claim
        resume = claim.resume
    try:
        return suspending.unpack(resume)
    except suspending.Unreadable as error:
        return str(error)


async def claimed(work: Work, row: Row) -> WireClaim | str:
    """Ask the server for a sale that another register keeps, for some seconds at most."""
    port = work.ports.suspensions
    if port is None or not work.online:
        return phrase(
            "{code} is kept by {register}: resumed there, or here when online.", row.code, row.register
        )
    for _ in range(ASK_TIMES):
        try:
            claim = await port.claim(row.id)
        except GatewayError:
            return phrase("The server does not answer. {code} stays suspended; try again.", row.code)
        if claim.state == CLAIMED:
            return claim
        if claim.state == TAKEN:
            return phrase(
                "{code} is being resumed at {claimed_by}.", row.code, printable(claim.claimed_by[:20])
            )
        if claim.state != WAITING:
            return phrase("{code} is no longer suspended.", row.code)
        await work.ports.clock.sleep(ASK_S)
    return phrase("{register} keeps {code} and does not answer. Resume it there.", row.register, row.code)

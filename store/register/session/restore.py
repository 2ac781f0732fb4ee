"""Coming back after a kill: the stored draft, settled against the journal, in the state before or behind the lock."""

import msgspec

from store.register.journal.errors import JournalError
from store.register.session import speech
from store.register.session.state import SessionState, decode
from store.register.session.till import TillEvent, TillState, after
from store.register.session.work import LEAST_FREE_BYTES, NEARLY_FULL, RECOVERED, Work
from store.register.view import Tone
from store.sale.language import counted, later, phrase

STAYS_SIGNED_IN_MS = 3 * 60 * 1000
"""Whoever was active this recently, in the same run of the machine, still stands there."""
LOOK_AGAIN = later("Enter looks again.")
FORGOTTEN = ("scanner:", "core:")
"""Clients whose numbers begin anew with every core."""
RESUMABLE = frozenset({TillState.IDLE, TillState.SALE, TillState.TENDER, TillState.CLOSING})


async def restore(work: Work) -> None:
    """T1: read and settle; T2: go to where the till stood; T3: stop safely when that cannot be found out."""
    work.step(TillEvent.CORE_STARTED)
    work.unread = False
    found = await work.ports.journal.check_tail(signatures=False)
    if not found.ok:
        work.damaged = True
        fail(work, found.sentence)
        return
    try:
        draft = await work.ports.journal.load_draft()
        stored = decode(draft.state_json) if draft else None
        if draft:
            work.clients = {c: n for c, n in draft.clients.items() if not c.startswith(FORGOTTEN)}
        if stored is not None:
            stored = await work.settled(stored)
    except JournalError as error:
        fail(work, error.sentence)
        return
    except msgspec.MsgspecError:
        fail(
            work,
            phrase(
                "The open sale was written by another version of this program. Install that version again."
            ),
        )
        return
    if stored is None:
        work.step(TillEvent.RECOVERED_LOCKED)
        work.keep_as_stored()
        return
    take_up(work, stored)
    work.keep_as_stored()


def fail(work: Work, sentence: str) -> None:
    """T3: what is stored stays as it is until it can be read."""
    work.step(TillEvent.RECOVERY_FAILED)
    work.unread = True
    work.say(f"{sentence} {LOOK_AGAIN}", Tone.ERROR, sound=True)


def stop_damaged(work: Work, sentence: str) -> None:
    """T3, found while the register already sold: a record does not hold. The open sale stays."""
    work.damaged = True
    if work.state.till is not TillState.SAFE_STOP:
        work.stop_safely(sentence, then=phrase(LOOK_AGAIN))


async def try_again(work: Work) -> bool:
    """T20: leave a safe stop if records hold, the series is sound, there is room and the draft is stored again."""
    if trouble := await still_wrong(work):
        work.say(trouble, Tone.ERROR, sound=True)
        return False
    work.damaged = False
    if work.unread:
        clients = work.clients
        work.step(TillEvent.REPAIRED)
        await restore(work)
        work.clients = {**work.clients, **clients}  # newer: counted while the till stood still
        return not work.unread
    work.say(phrase("The journal can be written again. Check the last item."))
    try:
        resumed = await work.settled(msgspec.structs.replace(work.state, till=work.stopped_from))
        resumed = resumed.blind_again()  # counting begins anew
        await work.store(resumed)
    except JournalError as error:
        work.say(error.sentence, Tone.ERROR, sound=True)
        return False
    recovering = after(TillState.SAFE_STOP, TillEvent.REPAIRED)
    work.state = msgspec.structs.replace(resumed, till=after(recovering, RECOVERED[resumed.till]))
    work.keep_as_stored()
    return True


async def still_wrong(work: Work) -> str:
    """Why the register stays stopped, a sentence; empty when nothing is in the way."""
    if work.damaged:
        found = await work.ports.journal.check_tail(signatures=True)
        if not found.ok:
            return f"{found.sentence} {LOOK_AGAIN}"
    if trouble := work.ports.series_trouble():
        return trouble
    if work.stopped_from is TillState.IDLE and work.ports.free_bytes() < LEAST_FREE_BYTES:
        return phrase("{nearly_full} Then Enter tries again.", phrase(NEARLY_FULL))
    return ""


def take_up(work: Work, stored: SessionState) -> None:
    """Where the till stood, if the same person may be assumed to stand there; else behind the lock."""
    away_ms = work.now_ms - stored.active_ms
    same_boot = stored.boot_id == work.ports.config.boot_id
    stays = same_boot and 0 <= away_ms < STAYS_SIGNED_IN_MS and stored.operator is not None
    stood_at = stored.till if stored.till in RESUMABLE else TillState.LOCKED
    if stood_at is TillState.CLOSING:
        stood_at = TillState.IDLE
        stored = msgspec.structs.replace(stored.blind_again(), asked=None)
    if stood_at is not TillState.LOCKED and not stays:
        stored = msgspec.structs.replace(stored, returns_to=stood_at, asked=None)
        stood_at = TillState.LOCKED
    state = msgspec.structs.replace(stored, till=after(work.state.till, RECOVERED[stood_at]), named="")
    if stood_at is TillState.LOCKED:
        state = msgspec.structs.replace(state, asked=None)
    work.state = state
    tell(work)


def tell(work: Work) -> None:
    """Name the last line: after a power cut the very last one may be missing."""
    state = work.state
    speech.tune(work.ports, state)
    if state.sale is not None and state.sale.lines:
        lines = state.sale.lines
        count = counted("{n} line", "{n} lines", len(lines))
        work.say(
            phrase("Restored, {count}, last: {name}. Check the last item.", count, lines[-1].name),
            Tone.WARN,
            sound=True,
        )
    elif state.paid is not None and state.till is TillState.IDLE:
        work.say(
            phrase("Restored. The sale is stored and paid, change {change}.", work.money(state.paid.change)),
            Tone.WARN,
        )

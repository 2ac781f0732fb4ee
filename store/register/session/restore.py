"""Coming back after a kill: the stored draft, settled against the journal, in the state before or behind the lock."""

import msgspec

from store.register.journal.errors import JournalError
from store.register.session.state import SessionState, decode
from store.register.session.till import TillEvent, TillState, after
from store.register.session.work import RECOVERED, Work
from store.register.view import Tone

STAYS_SIGNED_IN_MS = 3 * 60 * 1000
"""Whoever was active this recently, in the same run of the machine, still stands there."""
FORGOTTEN = ("scanner:", "core:")
"""Clients whose numbers begin anew with every core."""
RESUMABLE = frozenset({TillState.IDLE, TillState.SALE, TillState.TENDER, TillState.CLOSING})


async def restore(work: Work) -> None:
    """T1: read and settle; T2: go to where the till stood; T3: stop safely when that cannot be found out."""
    work.step(TillEvent.CORE_STARTED)
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
            work, "The open sale was written by another version of this program. Install that version again."
        )
        return
    if stored is None:
        work.step(TillEvent.RECOVERED_LOCKED)
        work.keep_as_stored()
        return
    take_up(work, stored)
    work.keep_as_stored()


def fail(work: Work, sentence: str) -> None:
    """T3."""
    work.step(TillEvent.RECOVERY_FAILED)
    work.say(sentence, Tone.ERROR, sound=True)


def take_up(work: Work, stored: SessionState) -> None:
    """Where the till stood, if the same person may be assumed to stand there; else behind the lock."""
    away_ms = work.now_ms - stored.active_ms
    same_boot = stored.boot_id == work.ports.config.boot_id
    stays = same_boot and 0 <= away_ms < STAYS_SIGNED_IN_MS and stored.operator is not None
    stood_at = stored.till if stored.till in RESUMABLE else TillState.LOCKED
    if stood_at is TillState.CLOSING:
        stood_at = TillState.IDLE
        stored = msgspec.structs.replace(stored, asked=None)
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
    if state.sale is not None and state.sale.lines:
        lines = state.sale.lines
        count = f"{len(lines)} line{'s' * (len(lines) != 1)}"
        work.say(f"Restored, {count}, last: {lines[-1].name}. Check the last item.", Tone.WARN, sound=True)
    elif state.paid is not None and state.till is TillState.IDLE:
        work.say(f"Restored. The sale is stored and paid, change {work.money(state.paid.change)}.", Tone.WARN)

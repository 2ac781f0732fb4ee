"""Shifts set aside: suspended and resumed, blind closed and counted later, listed; the last Z report once more.

One shift is open at a time. What is set aside waits in the register's own state; its records keep their shift's id, so
that its totals are its own whatever was sold in between.
"""

import msgspec

from store.register.journal.entry import PrintJob
from store.register.journal.errors import JournalError
from store.register.operations import Permission
from store.register.session import shift_desk
from store.register.session.state import AsideShift
from store.register.session.till import TillEvent, TillState, after
from store.register.session.work import DONE, Reply, Work
from store.register.view import Choice, Entry
from store.sale.language import phrase
from store.sale.moment import local_text, utc_text
from store.sale.record import reprint_body
from store.sale.text import printable

BLIND, RESUME, MANAGE = "blind_close", "resume_shift", "manage_shifts"
QUESTIONS = frozenset({RESUME, MANAGE})
"""Kinds of questions that a number of the list answers."""
MOST_ASIDE = 9
NEW = "0"


async def suspend(work: Work) -> Reply:
    """1054: the shift waits until somebody resumes it; the register is free for another one."""
    return await _set_aside(work, "shift.suspend", blind=False)


def ask_blind(work: Work) -> Reply:
    """1053: it cannot be taken back, so it takes a key that no scanner sends."""
    shift = work.state.shift
    return work.ask(
        BLIND,
        phrase("Blind close shift {what}?", shift.number if shift else 0),
        Entry.NOTHING,
        lines=(phrase("Nothing more is sold in it. It is counted and closed later by /918."),),
        answers=(
            phrase("Blind close"),
            phrase("Go back"),
        ),
    )


async def answer_blind(work: Work, yes: bool) -> Reply:
    """F5 sets the shift aside for good."""
    if yes:
        return await _set_aside(work, "shift.blind_close", blind=True)
    work.say(phrase("The shift stays open."))
    return DONE


async def _set_aside(work: Work, kind: str, *, blind: bool) -> Reply:
    state = work.state
    shift, person = state.shift, state.operator
    if shift is None or person is None:
        return work.refuse(phrase("No shift is open."))
    if len(state.aside) >= MOST_ASIDE:
        return work.refuse(
            phrase("{most_aside} shifts wait already. Close one of them first: /918.", MOST_ASIDE)
        )
    waiting = AsideShift(shift=shift, blind=blind, by=person.name, at_ms=work.now_ms)
    following = msgspec.structs.replace(
        state,
        till=after(state.till, TillEvent.SIGNED_OFF),
        returns_to=TillState.IDLE,
        operator=None,
        shift=None,
        aside=(*state.aside, waiting),
        asked=None,
        paid=None,
        refused=(),
        report=(),
    )
    job = PrintJob(job_id=work.fresh_id(), kind="report", document_kind="shift_aside")
    work.slip = await work.commit(kind, following, {}, txn_id=work.fresh_id(), jobs=(job,))
    if work.slip is None:
        return work.refuse(work.message.text)
    then = (
        phrase("blind closed. Count and close it by /918.")
        if blind
        else phrase("suspended. Sign in to resume it.")
    )
    work.say(phrase("Shift {number} is {then}", shift.number, then))
    return DONE


async def change_of_person(work: Work) -> bool:
    """Where each operator has a shift of their own: that of somebody else is set aside when another one signs in.

    A sale that is open goes on in its own shift. True when something was set aside and the way on is said.
    """
    state = work.state
    shift, person = state.shift, state.operator
    if work.ports.shop.policy().people.shift != "personal" or state.till is not TillState.IDLE:
        return False
    if shift is None or person is None or not shift.owner or shift.owner == person.number:
        return False
    if not work.may(Permission.OPEN_SHIFT) or len(state.aside) >= MOST_ASIDE:
        return False  # whoever looks after the register sells nothing in it
    waiting = AsideShift(shift=shift, blind=False, by=person.name, at_ms=work.now_ms)
    following = msgspec.structs.replace(
        state,
        till=after(state.till, TillEvent.SHIFT_WORK_DONE),
        shift=None,
        aside=(*state.aside, waiting),
        asked=None,
        paid=None,
        report=(),
    )
    if await work.commit("shift.suspend", following, {"owner": shift.owner}, txn_id=work.fresh_id()) is None:
        return True
    offer(work)
    if work.state.asked is None:
        work.say(
            phrase(
                "Shift {number} of operator {owner} waits. Type your start amount and Enter.",
                shift.number,
                shift.owner,
            )
        )
    return True


def offer(work: Work) -> None:
    """After the sign-in without an open shift: a suspended one can be resumed, or another one opened."""
    state = work.state
    waiting = [each for each in state.aside if not each.blind and is_theirs(work, each)]
    if state.shift is not None or state.till is not TillState.IDLE or not waiting:
        return
    if work.may(Permission.OPEN_SHIFT):
        rows = (*(_choice(work, each) for each in waiting), Choice(NEW, phrase("Open a new shift")))
        work.ask(RESUME, phrase("Resume a shift?"), Entry.CHOICE, choices=rows)
        work.say(phrase("Type the number of a shift to resume it, or 0 to open a new one."))


def is_theirs(work: Work, each: AsideShift) -> bool:
    """Whether the person at the till may go on in a waiting shift: in one of their own, or where shifts are shared."""
    person, owner = work.state.operator, each.shift.owner
    if work.ports.shop.policy().people.shift != "personal" or not owner:
        return True
    return (person is not None and person.number == owner) or work.may(Permission.TAKE_OVER)


def manage(work: Work) -> Reply:
    """918: the shifts of this register that are not closed."""
    state = work.state
    if state.shift is None and not state.aside:
        return work.refuse(phrase("No shift is open or waiting. Type the start amount to open one."))
    rows = [_choice(work, each) for each in state.aside]
    if state.shift is not None:
        since = _moment(work, state.shift.opened_ms)
        rows.append(Choice(str(state.shift.number), phrase("open since {since}", since)))
    lines = (phrase("A number resumes a suspended shift, or counts and closes a blind closed one."),)
    return work.ask(MANAGE, phrase("Shifts of this register"), Entry.CHOICE, lines=lines, choices=tuple(rows))


async def answer(work: Work, text: str) -> Reply:
    """A number of the list."""
    state = work.state
    if text == NEW and state.shift is None:
        work.put(asked=None)
        work.say(phrase("Type the start amount in the drawer and Enter."))
        return DONE
    if state.shift is not None and text == str(state.shift.number):
        return work.refuse(phrase("That shift is open: /1055 closes it, /1054 suspends it."))
    found = next((each for each in state.aside if text == str(each.shift.number)), None)
    if found is None:
        return work.refuse(
            phrase("There is no shift {text} here. Type a number of the list.", repr(printable(text[:9])))
        )
    if state.shift is not None:
        return work.refuse(phrase("Shift {number} is open. Close or suspend it first.", state.shift.number))
    if not is_theirs(work, found):
        return work.refuse(
            phrase("Shift {number} is that of operator {owner}.", found.shift.number, found.shift.owner)
        )
    return await (begin_blind(work, found) if found.blind else resume(work, found))


async def resume(work: Work, found: AsideShift) -> Reply:
    """The suspended shift is the open one again."""
    following = msgspec.structs.replace(
        work.state,
        till=after(work.state.till, TillEvent.SHIFT_WORK_DONE),
        shift=found.shift,
        aside=tuple(each for each in work.state.aside if each is not found),
        asked=None,
        report=(),
    )
    if await work.commit("shift.resume", following, {}, txn_id=work.fresh_id()) is None:
        return work.refuse(work.message.text)
    work.say(phrase("Shift {number} is open again. Scan the next item.", found.shift.number))
    return DONE


async def begin_blind(work: Work, found: AsideShift) -> Reply:
    """Count and close a blind closed shift; Esc, or a restart, sets it aside again."""
    if not work.may(Permission.CLOSE_SHIFT):
        return work.lacks(Permission.CLOSE_SHIFT, phrase("Closing a shift"))
    aside = tuple(each for each in work.state.aside if each is not found)
    work.put(shift=found.shift, aside=aside, closing_blind=found, asked=None)
    reply = await shift_desk.begin_close(work)
    if work.state.till is not TillState.CLOSING:
        work.state = work.state.blind_again()
    return reply


async def reprint_z(work: Work) -> Reply:
    """1057: the last Z report of this register once more, marked as a copy; recorded."""
    try:
        last = (
            await work.ports.journal.record_by_txn(work.state.last_close) if work.state.last_close else None
        )
        copy_no = await work.ports.journal.copies_of(work.state.last_close) + 1 if last else 0
    except JournalError as error:
        return work.refuse(error.sentence)
    if last is None:
        return work.refuse(phrase("There is no Z report to print again."))
    job = PrintJob(
        job_id=work.fresh_id(),
        kind="report",
        document_kind="z_report",
        copy_no=copy_no,
        reason="reprint",
        source_txn_id=work.state.last_close,
    )
    following = msgspec.structs.replace(
        work.state, till=after(work.state.till, TillEvent.SHIFT_WORK_DONE), report=()
    )
    body = reprint_body(last.record.seq, copy_no)
    if await work.commit("reprint.z", following, body, txn_id=work.fresh_id(), jobs=(job,)) is None:
        return work.refuse(work.message.text)
    work.slip, work.slip_copy = last, (last, copy_no)
    work.say(phrase("Copy {copy_no} of the Z report of shift {get}.", copy_no, last.payload.get("shift", 0)))
    return DONE


def _choice(work: Work, each: AsideShift) -> Choice:
    what = phrase("blind closed") if each.blind else "suspended"
    return Choice(
        str(each.shift.number),
        phrase("{what} {moment} by {by}", what, _moment(work, each.at_ms), printable(each.by)[:20]),
    )


def _moment(work: Work, at_ms: int) -> str:
    """Day and time where the register stands: "11-24 14:03"."""
    return local_text(utc_text(at_ms), work.ports.clock.utc_offset_min())[5:16]

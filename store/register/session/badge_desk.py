"""919: a barcode or card becomes somebody's badge. Kept and told is its hash alone; the badge itself nowhere."""

import msgspec

from store.register.session import badge
from store.register.session.state import Asked
from store.register.session.till import TillEvent, after
from store.register.session.work import DONE, Reply, Work
from store.register.view import Entry
from store.sale.text import printable

PERSON, BADGE = "badge_person", "badge_scan"
QUESTIONS = frozenset({PERSON, BADGE})
TITLE = "Badge"
MOST_KEPT = 200
NO_PEPPER = "No badge can be kept: the vault has no secret of the store. Activate again."


def begin(work: Work, text: str) -> Reply:
    """919: whose badge it is to be."""
    if not work.ports.pepper:
        return work.refuse(NO_PEPPER)
    return work.ask(PERSON, TITLE, Entry.OPERATOR, lines=("Type the number of the person and Enter.",))


async def answer(work: Work, asked: Asked, text: str, *, scanned: bool) -> Reply:
    """The person's number, then the badge, scanned or typed; - takes the person's badges away."""
    text = text.strip()
    if asked.question.kind == PERSON:
        return work.keep(text, "type the person's number first.") if scanned else await _person(work, text)
    number, name = asked.facts["number"], asked.facts["name"]
    if text == "-" and not scanned:
        return await _take_away(work, number, name)
    if not badge.SHORTEST_BADGE <= len(text) <= badge.LONGEST_BADGE:
        return work.refuse(f"A badge has {badge.SHORTEST_BADGE} to {badge.LONGEST_BADGE} characters.")
    holder = await badge.holder(work, text)
    if holder is not None and holder.number != number:
        return work.refuse(f"That is the badge of {printable(holder.name)}. Take another one.")
    return await _give(work, badge.badge_hash(work.ports.pepper, text), number, name)


async def _person(work: Work, text: str) -> Reply:
    member = (await work.ports.staff.find(text)).member if text else None
    if member is None:
        return work.refuse(f"Nobody has the number {printable(text[:12])}. Type another one.")
    return work.ask(
        BADGE,
        TITLE,
        Entry.CODE,
        lines=(f"{member.name}: scan the badge. - and Enter takes the badge away.",),
        number=member.number,
        name=member.name,
    )


async def _give(work: Work, hashed: str, number: str, name: str) -> Reply:
    state = work.state
    badges = {**dict(list(state.badges.items())[-MOST_KEPT + 1 :]), hashed: number}
    following = msgspec.structs.replace(
        state, till=after(state.till, TillEvent.SHIFT_WORK_DONE), badges=badges, asked=None
    )
    body = {"badge": hashed, "of_operator": number}
    if await work.commit("badge.assign", following, body, txn_id=work.fresh_id()) is None:
        return work.refuse(work.message.text)
    work.say(f"The badge is {name}'s now.")
    return DONE


async def _take_away(work: Work, number: str, name: str) -> Reply:
    given = [hashed for hashed, holder in work.state.badges.items() if holder == number]
    if not given:
        return work.refuse(f"{name} was given no badge at this register.")
    for hashed in given:
        badges = {each: holder for each, holder in work.state.badges.items() if each != hashed}
        following = msgspec.structs.replace(
            work.state, till=after(work.state.till, TillEvent.SHIFT_WORK_DONE), badges=badges, asked=None
        )
        body = {"badge": hashed, "of_operator": ""}
        if await work.commit("badge.assign", following, body, txn_id=work.fresh_id()) is None:
            return work.refuse(work.message.text)
    work.say(f"{name} has no badge any more.")
    return DONE

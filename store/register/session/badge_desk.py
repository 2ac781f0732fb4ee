"""919: a barcode or card becomes somebody's badge. Kept and told is its hash alone; the badge itself nowhere."""

import msgspec

from store.register.session import badge
from store.register.session.state import Asked
from store.register.session.till import TillEvent, after
from store.register.session.work import DONE, Reply, Work
from store.register.view import Entry
from store.sale.language import later, phrase
from store.sale.text import printable

PERSON, BADGE = "badge_person", "badge_scan"
QUESTIONS = frozenset({PERSON, BADGE})
TITLE = later("Badge")
MOST_KEPT = 200
NO_PEPPER = later("No badge can be kept: the vault has no secret of the store. Activate again.")


def begin(work: Work, text: str) -> Reply:
    """919: whose badge it is to be."""
    if not work.ports.pepper:
        return work.refuse(phrase(NO_PEPPER))
    return work.ask(
        PERSON, phrase(TITLE), Entry.OPERATOR, lines=(phrase("Type the number of the person and Enter."),)
    )


async def answer(work: Work, asked: Asked, text: str, *, scanned: bool) -> Reply:
    """The person's number, then the badge, scanned or typed; - takes the person's badges away."""
    text = text.strip()
    if asked.question.kind == PERSON:
        return (
            work.keep(text, phrase("type the person's number first."))
            if scanned
            else await _person(work, text)
        )
    number, name = asked.facts["number"], asked.facts["name"]
    if text == "-" and not scanned:
        return await _take_away(work, number, name)
    if not badge.SHORTEST_BADGE <= len(text) <= badge.LONGEST_BADGE:
        return work.refuse(
            phrase(
                "A badge has {shortest_badge} to {longest_badge} characters.",
                badge.SHORTEST_BADGE,
                badge.LONGEST_BADGE,
            )
        )
    holder = await badge.holder(work, text)
    if holder is not None and holder.number != number:
        return work.refuse(phrase("That is the badge of {name}. Take another one.", printable(holder.name)))
    return await _give(work, badge.badge_hash(work.ports.pepper, text), number, name)


async def _person(work: Work, text: str) -> Reply:
    member = (await work.ports.staff.find(text)).member if text else None
    if member is None:
        return work.refuse(phrase("Nobody has the number {text}. Type another one.", printable(text[:12])))
    return work.ask(
        BADGE,
        phrase(TITLE),
        Entry.CODE,
        lines=(phrase("{name}: scan the badge. - and Enter takes the badge away.", member.name),),
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
    work.say(phrase("The badge is {name}'s now.", name))
    return DONE


async def _take_away(work: Work, number: str, name: str) -> Reply:
    given = [hashed for hashed, holder in work.state.badges.items() if holder == number]
    if not given:
        return work.refuse(phrase("{name} was given no badge at this register.", name))
    for hashed in given:
        badges = {**work.state.badges, hashed: ""}  # the catalog may know it for a while
        following = msgspec.structs.replace(
            work.state, till=after(work.state.till, TillEvent.SHIFT_WORK_DONE), badges=badges, asked=None
        )
        body = {"badge": hashed, "of_operator": ""}
        if await work.commit("badge.assign", following, body, txn_id=work.fresh_id()) is None:
            return work.refuse(work.message.text)
    work.say(phrase("{name} has no badge any more.", name))
    return DONE

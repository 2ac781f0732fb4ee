"""A second person allows one operation: whatever was refused for the role is asked of somebody who may (override).

The refused intent is remembered with the question; after the second person's PIN (or badge) it is carried out again
from where the till stood, with that person's permissions and limits. It is recorded who asked, who allowed and what,
before it runs. A PIN counts as it does at the sign-in. Esc leaves everything as it was.
"""

from typing import Any

import msgspec

from store.database.pins import check_pin
from store.gateway.offline import StaffMember
from store.register.intents import Intent, OutcomeKind
from store.register.journal.entry import Lockout
from store.register.journal.errors import JournalError
from store.register.operations import Permission, may
from store.register.session import allowance, badge, sign_on
from store.register.session.allowance import Wanted
from store.register.session.state import Asked, Grant, SessionState
from store.register.session.work import DONE, Reply, Work
from store.register.view import Entry, Question
from store.sale.barcode import looks_like_code
from store.sale.language import later, phrase
from store.sale.record import FACT_LIMIT
from store.sale.text import printable, stored

KIND = "override"
TITLE = later("Somebody else allows it")


def may_be_asked(state: SessionState, wanted: Wanted | None, reply: Reply) -> bool:
    """Whether a refusal is one that a second person can lift: there is a role that may, and somebody is signed in."""
    return (
        wanted is not None
        and bool(wanted.roles)
        and bool(state.role)
        and reply.kind is OutcomeKind.REFUSED
        and state.till not in allowance.OVER
    )


def ask(work: Work, intent: Intent, before: Asked | None) -> None:
    """Open the question over whatever was open; the message goes on to say what was refused."""
    wanted = work.wanted
    assert wanted is not None
    said = work.message
    work.ask(
        KIND,
        phrase(TITLE),
        Entry.OPERATOR,
        lines=(wanted.why, _who(wanted.roles)),
        intent=msgspec.json.encode(intent).decode(),
        before=msgspec.json.encode(before).decode(),
        wanted=msgspec.json.encode(wanted).decode(),
    )
    work.message = said


def _who(roles: tuple[str, ...]) -> str:
    return phrase("{capitalize}: type your number and Enter, then your PIN.", " or ".join(roles).capitalize())


def back(work: Work, asked: Asked) -> Reply:
    """Esc: what was open before is open again, and nothing else has changed."""
    work.put(asked=msgspec.json.decode(asked.facts["before"], type=Asked | None))
    work.say("")
    return DONE


async def answer(work: Work, asked: Asked, text: str, *, scanned: bool) -> Reply:
    """The number, then the PIN; or a badge, and by the store's policy the PIN."""
    person = asked.facts.get("person", "")
    if scanned or (looks_like_code(text) and (not person or len(text) > 8)):
        return await _take_badge(work, asked, text)
    if not text:
        return work.refuse(
            phrase("Type your PIN and Enter, or press Esc.") if person else _who(_wanted(asked).roles)
        )
    if not person:
        return _name(work, asked, text.strip())
    if len(text) > sign_on.PIN_LIMIT:
        return work.refuse(phrase("That is too long for a PIN."))
    return await _judge(work, asked, person, text)


def _wanted(asked: Asked) -> Wanted:
    return msgspec.json.decode(asked.facts["wanted"], type=Wanted)


def _name(work: Work, asked: Asked, number: str, **facts: str) -> Reply:
    """Who allows it. The question stays the same one, so that a PIN typed ahead is taken by it."""
    if refusal := sign_on.no_number(number):
        return work.refuse(refusal)
    if refusal := _same_person(work, number):
        return work.refuse(refusal)
    _show(
        work,
        asked,
        Entry.PIN,
        phrase("Operator {number}: type your PIN and Enter.", number),
        person=number,
        **facts,
    )
    work.say(phrase("Type your PIN and Enter."))
    return DONE


def _same_person(work: Work, number: str) -> str:
    person = work.state.operator
    return phrase("Somebody else has to allow it.") if person is not None and person.number == number else ""


def _show(work: Work, asked: Asked, entry: Entry, what: str, **facts: str) -> None:
    kept = {name: value for name, value in asked.facts.items() if name not in ("person", "badge")}
    question: Question = msgspec.structs.replace(
        asked.question, lines=(printable(_wanted(asked).why), printable(what))
    )
    work.put(asked=Asked(question=question, entry=entry, facts={**kept, **facts}))


def _again(work: Work, asked: Asked, why: str) -> Reply:
    """Not allowed: the question waits for a number again."""
    _show(work, asked, Entry.OPERATOR, _who(_wanted(asked).roles))
    return work.refuse(why)


async def _take_badge(work: Work, asked: Asked, text: str) -> Reply:
    """A scan: a person's badge, or a code that is refused and kept."""
    member = await badge.holder(work, text)
    if member is None:
        return work.keep(
            text, badge.not_a_badge(work, phrase("refused while the question is open. Answer it first."))
        )
    if refusal := _same_person(work, member.number):
        return work.refuse(refusal)
    if badge.needs_pin(work):
        return _name(work, asked, member.number, badge="1")
    try:
        if waiting := await sign_on.wait_words(work, member.number, freed_by_time=sign_on.takes_over(member)):
            return _again(work, asked, waiting)
    except JournalError as error:
        work.stop_safely(error.sentence)
        return work.refuse(error.sentence)
    facts = {**asked.facts, "badge": "1"}
    return await _allow(work, msgspec.structs.replace(asked, facts=facts), member)


async def _judge(work: Work, asked: Asked, number: str, pin: str) -> Reply:
    """Count the attempt, then judge it: the PIN first, whether that person may only then."""
    found = await work.ports.staff.find(number)
    member = found.member
    if member is None and not found.known:
        return _again(work, asked, sign_on.NOBODY_KNOWN)
    try:
        waiting = await sign_on.wait_words(work, number, freed_by_time=sign_on.takes_over(member))
        if waiting:
            return _again(work, asked, waiting)
        attempt = await sign_on.count_attempt(work, number)
    except JournalError as error:
        work.stop_safely(error.sentence)
        return work.refuse(error.sentence)
    right = await check_pin(work.ports.pepper, pin, member.hash if member else "")
    if not right or member is None:
        reply = sign_on.wrong_pin(work, attempt, member)
        return _again(work, asked, reply.why)
    try:
        for key in (sign_on.REGISTER_KEY, number):
            await work.ports.journal.save_lockout(Lockout(key=key))
    except JournalError as error:
        work.stop_safely(error.sentence)
        return work.refuse(error.sentence)
    return await _allow(work, asked, member)


def _suffices(wanted: Wanted, member: StaffMember) -> bool:
    if wanted.permission:
        return may(member.role, Permission(wanted.permission), member.permissions)
    return member.role in wanted.roles


async def _allow(work: Work, asked: Asked, member: StaffMember) -> Reply:
    """Record it, and have the refused intent carried out again."""
    wanted = _wanted(asked)
    if not _suffices(wanted, member):
        return _again(work, asked, phrase("{name} may not allow it either.", member.name))
    intent = msgspec.json.decode(asked.facts["intent"], type=Intent)
    grant = Grant(number=member.number, name=member.name, role=member.role, permissions=member.permissions)
    before = msgspec.json.decode(asked.facts["before"], type=Asked | None)
    following = msgspec.structs.replace(work.state, asked=before, grant=grant)
    if (
        await work.commit(KIND, following, _body(work, wanted, intent, grant, asked), txn_id=work.fresh_id())
        is None
    ):
        return work.refuse(work.message.text)
    work.replay = intent
    work.say("")
    return DONE


def _body(work: Work, wanted: Wanted, intent: Intent, grant: Grant, asked: Asked) -> dict[str, Any]:
    """Who asked is the record's operator; here is who allowed what."""
    body: dict[str, Any] = {
        "name": stored(wanted.name, FACT_LIMIT),
        "refused": stored(wanted.why, 2 * FACT_LIMIT),
        "allowed_by": grant.number,
        "allowed_by_name": stored(grant.name, FACT_LIMIT),
        "allowed_by_role": stored(grant.role, FACT_LIMIT),
    }
    if intent.operation:
        body["operation"] = intent.operation
    if wanted.permission:
        body["permission"] = wanted.permission
    if asked.facts.get("badge"):
        body["badge"] = 1
    if work.state.sale is not None:
        body["of_txn_id"] = work.state.sale.txn_id
    return body

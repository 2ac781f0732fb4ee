"""The way in when the only manager's PIN is forgotten while offline: operation 9110 (docs/sign-on.md).

The register shows a challenge, headquarters tells a code for it by telephone, and the code signs that operator in once.
A challenge outlives a restart, is good for 15 minutes and for three attempts; every attempt counts as a wrong PIN does,
before it is judged. A scanner cannot answer.
"""

import msgspec

from store.exchange.emergency_code import (
    CHALLENGE_BYTES,
    CHALLENGE_LIFE_MS,
    MAX_TRIES,
    challenge_of,
    is_emergency_code,
)
from store.gateway.offline import StaffMember
from store.register.journal.errors import JournalError
from store.register.session import sign_on
from store.register.session.state import Emergency
from store.register.session.work import Reply, Work
from store.register.view import Entry
from store.sale.language import counted, later, phrase
from store.sale.moment import local_text, utc_text

TITLE = later("Sign in by telephone code")
QUESTIONS = frozenset({"emergency_operator", "emergency_code"})
"""Kinds of the questions that this flow asks."""
UNCHECKABLE = later(
    "No code can be checked here: the vault has no secret of the store. Activate this register again."
)


async def begin(work: Work, text: str) -> Reply:
    """9110: for the operator that is named already, or that is asked for."""
    if not work.ports.pepper:
        return work.refuse(phrase(UNCHECKABLE))
    number = text.strip() or work.state.named
    if not number:
        return work.ask(
            "emergency_operator",
            phrase(TITLE),
            Entry.OPERATOR,
            lines=(phrase("Type your operator number and Enter."),),
        )
    return show(work, number)


async def answer(work: Work, kind: str, text: str) -> Reply:
    """Typed text while one of the two questions is open."""
    if kind == "emergency_operator":
        return (
            show(work, text)
            if text
            else work.refuse(phrase("Type your operator number and Enter."), sound=False)
        )
    if not text:
        return work.refuse(phrase("Type the code that headquarters tells you, or press Esc."), sound=False)
    return await try_code(work, text)


def show(work: Work, number: str) -> Reply:
    """The challenge of that operator: the one that is still good, or a fresh one. Whether there is such a person is not
    told."""
    if refusal := sign_on.no_number(number):
        return work.refuse(refusal)
    now_ms = work.now_ms
    emergency = work.state.emergency
    if emergency is None or emergency.operator != number or not _is_good(emergency, now_ms):
        challenge = challenge_of(work.ports.randomness.token(CHALLENGE_BYTES))
        emergency = Emergency(operator=number, challenge=challenge, until_ms=now_ms + CHALLENGE_LIFE_MS)
    work.put(named="", emergency=emergency)
    until = local_text(utc_text(emergency.until_ms), work.ports.clock.utc_offset_min())[11:16]
    return work.ask(
        "emergency_code",
        phrase(TITLE),
        Entry.CODE,
        lines=(
            phrase(
                "Call headquarters and tell them: register {register}, operator {number}, challenge",
                work.ports.config.register,
                number,
            ),
            emergency.challenge,
            phrase("They tell a code of eight digits: type it and Enter. Good until {until}.", until),
        ),
    )


def _is_good(emergency: Emergency, now_ms: int) -> bool:
    # A clock that was set back must not make it good for longer.
    return now_ms < emergency.until_ms <= now_ms + CHALLENGE_LIFE_MS and emergency.tries < MAX_TRIES


async def try_code(work: Work, code: str) -> Reply:
    """Count the attempt, then judge it."""
    emergency = work.state.emergency
    if emergency is None or not _is_good(emergency, work.now_ms):
        work.put(asked=None, emergency=None)
        return work.refuse(phrase("That challenge is no longer good. /9110 shows another."))
    number = emergency.operator
    operator = (await work.ports.staff.find(number)).member
    emergency = msgspec.structs.replace(emergency, tries=emergency.tries + 1)
    try:
        if waiting := await sign_on.wait_words(work, number, freed_by_time=True):
            return work.refuse(waiting)
        attempt = await sign_on.count_attempt(work, number)
    except JournalError as error:
        work.stop_safely(error.sentence)
        return work.refuse(error.sentence)
    work.put(emergency=emergency)
    if failed := await work.save():
        return work.refuse(failed)
    register = work.ports.config.register
    right = is_emergency_code(
        work.ports.pepper, code, register=register, operator=number, challenge=emergency.challenge
    )
    if not right or operator is None:
        return wrong_code(work, emergency, sign_on.wait_s(attempt.failures, sign_on.FREE_FAILURES))
    return await _signed_in(work, operator, emergency.challenge)


def wrong_code(work: Work, emergency: Emergency, seconds: int) -> Reply:
    """The same words whether the code is wrong or there is no such operator."""
    left = MAX_TRIES - emergency.tries
    if left <= 0:
        work.put(asked=None, emergency=None)
        return work.refuse(phrase("The code is wrong, and this challenge is void. /9110 shows another."))
    wait = phrase(" Try again in {seconds} s.", seconds) if seconds else ""
    left_words = counted(
        "The code is wrong; {n} attempt left for this challenge.",
        "The code is wrong; {n} attempts left for this challenge.",
        left,
    )
    return work.refuse(f"{left_words}{wait}")


async def _signed_in(work: Work, operator: StaffMember, challenge: str) -> Reply:
    if stranger := sign_on.other_owner(work.state, operator):
        work.put(asked=None)
        return work.refuse(
            phrase("A sale of {stranger} is open. {stranger} or a manager unlocks the register.", stranger),
            sound=True,
        )
    reply = await sign_on.signed_in(work, operator, kind="sign.emergency", challenge=challenge)
    if work.state.operator is not None and work.state.role:
        work.say(
            phrase(
                "{name} is signed in by telephone code, once. Ask headquarters for a new PIN.", operator.name
            )
        )
    return reply

"""Who is at the till: operator number, then PIN; sign-off, lock and unlock.

Who an operator is says the server while it can be asked, else the catalog; the PIN is checked on the register always.
An attempt is counted, durably, before it is judged, so that pulling the plug forgives nothing: five failures cost 30 s,
each further one twice as long up to 15 minutes, and after ten a manager has to sign on before a cashier may try again.
"""

from typing import Any

import msgspec

from store.database.pins import check_pin
from store.gateway.offline import StaffMember
from store.register.journal.entry import Lockout
from store.register.journal.errors import JournalError
from store.register.operations import Permission, may
from store.register.session import badge, shift_aside, shift_desk
from store.register.session.state import SessionState, SignedOn
from store.register.session.till import TillEvent, TillState, after
from store.register.session.work import DONE, Reply, Work
from store.register.view import Tone
from store.sale.barcode import looks_like_code
from store.sale.language import counted, later, phrase

FREE_FAILURES = 4
"""Wrong PINs of one operator that cost nothing; the next one is the fifth."""
SUPERVISOR_FAILURES = 10
FREE_REGISTER_FAILURES = 19
"""The same for the register as a whole, whoever was named: guessing over many numbers is slow as well."""
FIRST_WAIT_S = 30
LONGEST_WAIT_S = 15 * 60
REGISTER_KEY = "(register)"
NUMBER_LIMIT = 20
PIN_LIMIT = 64
ENTRY_IS_SCAN = later("is a code, not an operator. Sign in first, then scan it again.")
NOBODY_KNOWN = later(
    "No operator is known here yet: the server does not answer, and its data were never here. Try again."
)
WARN_FREE_BYTES = 200 * 1024 * 1024


def wait_s(failures: int, free: int) -> int:
    """How long to wait after that many failures: 30 s after the first that is not free, then doubled to 15 minutes."""
    if failures <= free:
        return 0
    return min(FIRST_WAIT_S << min(failures - free - 1, 10), LONGEST_WAIT_S)


async def take_text(work: Work, text: str, *, scanned: bool) -> Reply:
    """The number, then the PIN. What is surely a barcode is neither."""
    named = work.state.named
    # Eight digits may well be a PIN; the longer forms are not.
    if scanned or (looks_like_code(text) and (not named or len(text) > 8)):
        return await take_badge(work, text)
    if not named:
        if no_number(text.strip()) and text.strip():  # a badge reader that types like a keyboard
            return await take_badge(work, text, otherwise=no_number(text.strip()))
        return name_operator(work, text)
    if not text:
        return work.refuse(phrase("Type your PIN and Enter, or press Esc."), sound=False)
    if len(text) > PIN_LIMIT:
        return work.refuse(phrase("That is too long for a PIN."))
    return await try_pin(work, named, text)


async def take_badge(work: Work, text: str, otherwise: str = "") -> Reply:
    """A badge names its person; by the store's policy that is enough, or the PIN is asked for."""
    member = await badge.holder(work, text)
    if member is None:
        return work.refuse(otherwise) if otherwise else work.keep(text, phrase(ENTRY_IS_SCAN))
    if badge.needs_pin(work):
        work.put(named=member.number)
        work.say(phrase("Type your PIN and Enter."))
        return DONE
    work.put(named="")
    try:
        waiting = await wait_words(work, member.number, freed_by_time=takes_over(member))
    except JournalError as error:
        work.stop_safely(error.sentence)
        return work.refuse(error.sentence)
    if waiting or (waiting := owner_words(work.state, member)):
        return work.refuse(waiting)
    return await signed_in(work, member, by="badge")


def name_operator(work: Work, text: str) -> Reply:
    """Who wants to sign in; whether that number exists is not told."""
    number = text.strip()
    if not number:
        return DONE
    if refusal := no_number(number):
        return work.refuse(refusal)
    work.put(named=number)
    work.say(phrase("Type your PIN and Enter."))
    return DONE


def no_number(number: str) -> str:
    """Empty, or why this cannot be an operator's number."""
    if not 0 < len(number) <= NUMBER_LIMIT or not number.isascii() or not number.isalnum():
        return phrase("An operator number has letters and digits only.")
    return ""


def takes_over(operator: StaffMember | None) -> bool:
    """Whether this person may do what a manager does at the sign-in."""
    return operator is not None and may(operator.role, Permission.TAKE_OVER, operator.permissions)


def forget_named(work: Work) -> Reply:
    """Esc on the sign-in screen: another operator."""
    if not work.state.named:
        work.put(report=())
        work.slip = None
    work.put(named="")
    work.say("")
    return DONE


async def try_pin(work: Work, number: str, pin: str) -> Reply:
    """Count the attempt, then judge it."""
    work.put(named="")
    if work.state.sale is None:
        await work.ports.shop.flip()  # a PIN or a block that waits in the newest package holds at once
    found = await work.ports.staff.find(number)
    operator = found.member
    if operator is None and not found.known:
        return work.refuse(phrase(NOBODY_KNOWN))
    try:
        waiting = await wait_words(work, number, freed_by_time=takes_over(operator))
        if waiting:
            return work.refuse(waiting)
        attempt = await count_attempt(work, number)
    except JournalError as error:
        work.stop_safely(error.sentence)
        return work.refuse(error.sentence)
    right = await check_pin(work.ports.pepper, pin, operator.hash if operator else "")
    if not right or operator is None:
        return wrong_pin(work, attempt, operator)
    if stranger := owner_words(work.state, operator):
        work.put(named="")
        await forgive(work, operator)
        return work.refuse(stranger, sound=True)
    return await signed_in(work, operator)


async def wait_words(work: Work, number: str, *, freed_by_time: bool) -> str:
    """Why this operator may not try now, or ""; `freed_by_time`: nobody has to free this one after ten failures."""
    own = await work.ports.journal.lockout(number)
    whole = await work.ports.journal.lockout(REGISTER_KEY)
    # A clock that was set back must not lock anybody out for longer than the rule says.
    left_ms = max(own.locked_until_ms, whole.locked_until_ms) - work.now_ms
    if left_ms > 0:
        seconds = min(-(-left_ms // 1000), LONGEST_WAIT_S)
        return phrase("Too many wrong PINs. Try again in {seconds} s.", seconds)
    if own.failures >= SUPERVISOR_FAILURES and not freed_by_time:
        return phrase(
            "Operator {number} is locked after {failures} wrong PINs. A manager signs on to free it.",
            number,
            own.failures,
        )
    return ""


async def count_attempt(work: Work, number: str) -> Lockout:
    """One more failure, stored before the PIN is looked at; success takes it back. Raises JournalError."""
    now_ms = work.now_ms
    own = Lockout(key=number)
    for key, free in ((REGISTER_KEY, FREE_REGISTER_FAILURES), (number, FREE_FAILURES)):
        failures = (await work.ports.journal.lockout(key)).failures + 1
        until_ms = now_ms + wait_s(failures, free) * 1000 if failures > free else 0
        own = Lockout(key=key, failures=failures, locked_until_ms=until_ms)
        await work.ports.journal.save_lockout(own)
    return own


def wrong_pin(work: Work, attempt: Lockout, operator: StaffMember | None) -> Reply:
    """The same words whether the number or the PIN is wrong."""
    seconds = wait_s(attempt.failures, FREE_FAILURES)
    if attempt.failures >= SUPERVISOR_FAILURES and not takes_over(operator):
        work.put(locked_out=tuple({*work.state.locked_out, attempt.key}))
        return work.refuse(
            phrase("Number or PIN is wrong. Now locked: a manager signs on to free the operator.")
        )
    if seconds:
        return work.refuse(phrase("Number or PIN is wrong. Try again in {seconds} s.", seconds))
    return work.refuse(phrase("Number or PIN is wrong. Type your number again."))


def owner_words(state: SessionState, operator: StaffMember) -> str:
    """Why this person does not unlock the register: a sale of somebody else is open. Empty when it is no matter."""
    stranger = other_owner(state, operator)
    return (
        phrase("A sale of {stranger} is open. {stranger} or a manager unlocks the register.", stranger)
        if stranger
        else ""
    )


def other_owner(state: SessionState, operator: StaffMember) -> str:
    """The name of who left a sale open, when `operator` may not take it over; else ""."""
    if state.sale is None or state.operator is None or state.operator.number == operator.number:
        return ""
    return "" if takes_over(operator) else state.operator.name


async def forgive(work: Work, operator: StaffMember) -> tuple[str, ...]:
    """After the right PIN: the operator's count is cleared, and a manager frees whoever was locked at ten."""
    journal = work.ports.journal
    await journal.save_lockout(Lockout(key=REGISTER_KEY))
    await journal.save_lockout(Lockout(key=operator.number))
    freed = []
    if takes_over(operator):
        for number in work.state.locked_out:
            await journal.save_lockout(Lockout(key=number))
            freed.append(number)
    return tuple(freed)


async def signed_in(work: Work, operator: StaffMember, *, kind: str = "", **facts: str) -> Reply:
    """The right PIN (or code): a record, and the way into the sale that was open, or to the start."""
    state = work.state
    same = state.operator is not None and state.operator.number == operator.number
    kind = kind or ("unlock" if same else "sign.on")
    event = {
        TillState.SALE: TillEvent.SIGNED_IN_TO_SALE,
        TillState.TENDER: TillEvent.SIGNED_IN_TO_TENDER,
    }.get(state.returns_to, TillEvent.SIGNED_IN)
    following = msgspec.structs.replace(
        state,
        till=after(state.till, event),
        operator=SignedOn(
            number=operator.number,
            name=operator.name,
            role=operator.role,
            permissions=operator.permissions,
            language=operator.detail.language,
        ),
        asked=None,
        emergency=None,
        named="",
        report=(),
        locked_out=(),
    )
    try:
        freed = await forgive(work, operator)
    except JournalError as error:
        work.stop_safely(error.sentence)
        return work.refuse(error.sentence)
    body: dict[str, Any] = {"role": operator.role, **facts}
    if freed:
        body["freed"] = list(freed)
    if await work.commit(kind, following, body, txn_id=work.fresh_id()) is None:
        return work.refuse(work.message.text)
    work.slip = None
    work.ports.signed_in()
    greet(work, operator.name, freed)
    if not await shift_aside.change_of_person(work):
        shift_aside.offer(work)
    return DONE


def greet(work: Work, name: str, freed: tuple[str, ...]) -> None:
    """What the person sees first."""
    if work.state.sale is not None:
        lines = work.state.sale.lines
        said = counted("{n} line", "{n} lines", len(lines))
        if lines:
            last = lines[-1].name
            work.say(
                phrase(
                    "{name}: the sale is open, {lines}, last: {item}. Check the last item.", name, said, last
                )
            )
        else:
            work.say(phrase("{name}: the sale is open, {lines}.", name, said))
    elif freed:
        work.say(phrase("{name} is signed in. Free again: {join}.", name, ", ".join(freed)))
    elif work.state.shift is None and work.may(Permission.OPEN_SHIFT):
        before = phrase("No shift is open.") if work.ports.shop.version else work.ports.shop.trouble
        work.say(phrase("{before} Type the start amount in the drawer and Enter.", before))
    elif left_open := shift_desk.left_open(work):
        work.say(left_open, Tone.WARN)
    elif work.ports.free_bytes() < WARN_FREE_BYTES:
        work.say(phrase("The disk is filling up. Tell the technician; selling goes on."), Tone.WARN)
    else:
        work.say(phrase("{name} is signed in.", name))


async def lock(work: Work) -> Reply:
    """703, Ctrl+L, or nobody touched the register for long: the sale stays, nothing is sold."""
    state = work.state
    following = msgspec.structs.replace(
        state,
        till=after(state.till, TillEvent.LOCK_ASKED),
        returns_to=state.till,
        asked=None,
        named="",
        report=(),
    )
    if await work.commit("lock", following, {}, txn_id=work.fresh_id()) is None:
        return work.refuse(work.message.text)
    work.say(
        phrase("The register is locked. The sale stays.") if state.sale else phrase("The register is locked.")
    )
    return DONE


async def sign_off(work: Work) -> Reply:
    """701: whoever comes next signs in; only without an open sale."""
    state = work.state
    following = msgspec.structs.replace(
        state,
        till=after(state.till, TillEvent.SIGNED_OFF),
        returns_to=TillState.IDLE,
        operator=None,
        asked=None,
        paid=None,
        refused=(),
        report=(),
    )
    if await work.commit("sign.off", following, {}, txn_id=work.fresh_id()) is None:
        return work.refuse(work.message.text)
    work.say("")
    return DONE

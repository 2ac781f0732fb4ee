"""9181 to 9189: a macro is what a person would type, on one key: entries of the entry line, one after the other.

Every entry goes the way of a typed one, with the permissions of whoever is signed in, and the first that is refused
ends the macro; what was done stays done, as after typing. It is bounded, and runs no other macro.
"""

from collections.abc import Awaitable, Callable

import msgspec

from store.register.intents import Intent, IntentKind, OutcomeKind
from store.register.operations import BY_NUMBER
from store.register.session.run_operation import out_of_place
from store.register.session.work import DONE, Reply, Work
from store.sale.language import phrase
from store.sale.macro import is_macro, operation_in

GOOD = frozenset({OutcomeKind.DONE, OutcomeKind.SOLD})


async def run(work: Work, intent: Intent, carry_out: Callable[[Work, Intent], Awaitable[Reply]]) -> Reply:
    """Carry out the entries of a macro; `carry_out` takes each like one that was typed."""
    operation = BY_NUMBER[intent.operation]
    if work.state.mode not in operation.modes:
        return work.refuse(out_of_place(operation, work.state.mode))
    if not work.may(operation.permission):
        return work.lacks(operation.permission, phrase(operation.name))
    steps = work.ports.macros().get(intent.operation, ())
    if not steps:
        return work.refuse(
            phrase("{name} is not set up. Headquarters or register.toml writes it.", operation.name)
        )
    reply = DONE
    for done, step in enumerate(steps):
        reply = await carry_out(work, _typed(work, intent, step))
        if reply.kind not in GOOD:
            if done:
                work.say(phrase("The macro ended at {entry}: {why}", step, reply.why), work.message.tone)
            return reply
    return reply


def _typed(work: Work, intent: Intent, step: str) -> Intent:
    """What typing an entry would send now."""
    number, text = operation_in(step)
    if number and not is_macro(number):
        return msgspec.structs.replace(intent, operation=number, arg=text)
    asked = work.state.asked
    return Intent(
        n=intent.n,
        kind=IntentKind.ENTER,
        arg=step,
        seq=intent.seq,
        question=asked.question.id if asked is not None else "",
    )

"""Training (9135): the register sells for practice. Nothing of it counts: no receipt number, no drawer, no books.

Records made for practice have kinds of their own (`training.sale`, `training.void`), so that no sum takes them by
mistake; reports count them apart. `work.commit` makes them so, whichever flow finishes the sale.
"""

import msgspec

from store.register.session.state import Asked, SessionState
from store.register.session.till import TillEvent, after
from store.register.session.work import DONE, Reply, Work
from store.register.view import Entry
from store.sale import macro
from store.sale.language import phrase

NUMBER = 9135
KIND = "training"
LINES = frozenset(
    {
        100,
        101,
        102,
        103,
        104,
        105,
        106,
        108,
        109,
        110,
        114,
        121,
        122,
        123,
        136,
        501,
        502,
        602,
        603,
        922,
        9101,
        9102,
        9136,
        9160,
    }
)
PRICES = frozenset({127, 128, 129, 130, 300, 301, 302, 303, 310, 311, 312})
TENDERS = frozenset({139, 200, 201, 206, 211, 500})
SESSION = frozenset({700, 703, 717, 917, 9110, 9120, 9137, 9801, 9802, 9900, 9901, NUMBER})
LOOKING = frozenset({9170, 9171}) | frozenset(range(macro.FIRST, macro.LAST + 1))
ALLOWED = LINES | PRICES | TENDERS | SESSION | LOOKING
"""What runs while the register is in training: what changes nothing outside the sale for practice."""


def hindrance(work: Work, number: int, name: str) -> str:
    """Why an operation does not run in training, a sentence; empty when it does, and outside training."""
    if not work.training or number in ALLOWED:
        return ""
    return phrase("{name}: not in training. /{number} leaves training first.", name, NUMBER)


def allowed(state: SessionState, numbers: tuple[int, ...]) -> tuple[int, ...]:
    """The operations that run, of those that the role may; in training fewer."""
    return tuple(number for number in numbers if number in ALLOWED) if state.training else numbers


def ask(work: Work) -> Reply:
    """9135: into training or out of it, by a key that no scanner sends."""
    if work.training:
        return work.ask(
            KIND,
            phrase("Leave training?"),
            Entry.NOTHING,
            lines=(phrase("From then on sales count again."),),
            answers=(
                phrase("Leave training"),
                phrase("Go on practising"),
            ),
        )
    return work.ask(
        KIND,
        phrase("Begin training?"),
        Entry.NOTHING,
        lines=(phrase("What is sold is practice: it counts nowhere, and the drawer stays shut."),),
        answers=(
            phrase("Begin training"),
            phrase("Go back"),
        ),
    )


async def answer(work: Work, asked: Asked, yes: bool) -> Reply:
    """F5 changes it; a record of its own either way."""
    training = work.training
    if not yes:
        work.say(phrase("Training goes on.") if training else phrase("No training."))
        return DONE
    following = msgspec.structs.replace(
        work.state,
        till=after(work.state.till, TillEvent.SHIFT_WORK_DONE),
        training=not training,
        asked=None,
        paid=None,
        report=(),
    )
    kind = "training.off" if training else "training.on"
    if await work.commit(kind, following, {}, txn_id=work.fresh_id()) is None:
        return work.refuse(work.message.text)
    work.paid_record = None
    work.say(
        phrase("Training has ended. Sales count again.")
        if training
        else phrase("TRAINING: nothing that is sold counts.")
    )
    return DONE

"""The question before an automatic switch to offline, as the till shows it over whatever is there (docs/failover.md).

It is no question of the sale: nothing waits for it but an item that only the server may know. Text and keys go on to
what lies beneath; F5 and F6 alone answer, and they are heard as soon as they arrive, before the intents that wait.
"""

from store.gateway.connection import SwitchQuestion
from store.register.intents import Intent, IntentKind, OutcomeKind
from store.register.session.work import DONE, Reply, Work
from store.register.view import Question
from store.sale.language import later, phrase
from store.sale.text import printable

PREFIX = "switch-"
TITLE = later("The server does not answer")
YES, NO = later("Go offline"), later("Try the server again")
GONE = later("That question has closed by itself: the register is offline. Look at the screen.")


def shown(asked: SwitchQuestion | None, beneath: Question | None) -> Question | None:
    """What the screen asks: the switch first, then what lies under it."""
    if asked is None:
        return beneath
    return Question(
        id=asked.id,
        kind="switch_offline",
        title=phrase(TITLE),
        lines=(
            f"{printable(asked.reason)}.",
            phrase(
                "Without an answer in {seconds} s the register goes offline. Selling goes on either way.",
                asked.seconds,
            ),
        ),
        guarded=True,
        yes=phrase(YES),
        no=phrase(NO),
        beneath="" if beneath is None else beneath.id,
    )


def is_switch(question: str) -> bool:
    """Whether a question's id is that of a switch."""
    return question.startswith(PREFIX)


def overhear(work: Work, intent: Intent) -> None:
    """An intent has arrived and waits for its turn: an answer to the open question counts at once."""
    asked = work.ports.connection.question
    if intent.kind is not IntentKind.ANSWER or asked is None or intent.question != asked.id:
        return
    if intent.arg in ("yes", "no"):
        work.answered_switch = asked.id
        work.ports.connection.answer_switch(intent.arg == "yes")


def answer(work: Work, question: str, word: str) -> Reply:
    """The answer when its turn comes: it has been heard already, or came too late."""
    overhear(work, Intent(n=0, kind=IntentKind.ANSWER, arg=word, question=question))
    if work.answered_switch == question:
        return DONE
    work.say(phrase(GONE))
    return Reply(OutcomeKind.STALE, phrase(GONE))

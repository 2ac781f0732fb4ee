"""Any stream of intents, resent and interrupted by kills of the core at any point, is applied once and in order."""

import asyncio
import tempfile
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from session_fakes import BREAD, FLOWERS, MILK, UNKNOWN, World
from store.register.intents import Intent, IntentKind, OutcomeKind, Submission
from store.register.session.state import SessionState

INTENTS = st.one_of(
    st.sampled_from([MILK, BREAD, UNKNOWN, FLOWERS, "", "2*", "10", "1.50", "42", f"3*{MILK}"]).map(
        lambda text: (IntentKind.ENTER, text, 0)
    ),
    st.sampled_from([102, 105, 139, 206, 201, 211, 500, 9101, 115, 1000, 1056]).map(
        lambda number: (IntentKind.OPERATION, "", number)
    ),
    st.sampled_from(["up", "first", "last"]).map(lambda where: (IntentKind.SELECT, where, 0)),
    st.just((IntentKind.BACK, "", 0)),
    st.sampled_from(["yes", "no"]).map(lambda word: (IntentKind.ANSWER, word, 0)),
)
RETURNS = st.one_of(
    st.sampled_from(["*", "1*1", "S0001-R01-000001"]).map(lambda text: (IntentKind.ENTER, text, 0)),
    st.sampled_from([109, 114, 9130, 9140]).map(lambda number: (IntentKind.OPERATION, "", number)),
)
"""Goods come back: a scan may be the answer to a question of theirs."""
CUTS = st.lists(st.integers(0, 29), max_size=4)


@pytest.fixture(autouse=True, scope="module")
def quick_pins():
    """Hashing a PIN takes longer than everything else here."""

    async def right(pepper, pin, stored):
        return pin == "101101"

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("store.register.session.sign_on.check_pin", right)
        yield


def numbered(stream):
    """The stream as one client's intents, counted from 1."""
    return [
        Submission(client="s1", intent=Intent(n=n, kind=kind, arg=arg, operation=operation))
        for n, (kind, arg, operation) in enumerate(stream, start=1)
    ]


def on_open_question(till, submission):
    """A screen names the question it shows; the same in both runs, since the states are."""
    question = till.view.question.id if till.view.question else ""
    if submission.intent.kind not in (IntentKind.ENTER, IntentKind.ANSWER):
        return submission
    return msgspec.structs.replace(
        submission, intent=msgspec.structs.replace(submission.intent, question=question)
    )


async def prepared(home):
    world = World(home)
    till = await world.start()
    await till.send(IntentKind.ENTER, "101", client="setup")
    await till.send(IntentKind.ENTER, "101101", client="setup")
    await till.send(IntentKind.ENTER, "100", client="setup")
    return till


def essence(state: SessionState, records):
    """What must agree: the sale, the till, the kept scans, and every record but its clockwork."""
    return (
        state.till,
        [(line.name, line.quantity, line.amount, line.voided) for line in state.sale.lines]
        if state.sale
        else None,
        [(tender.kind, tender.given, tender.voided) for tender in state.sale.tenders] if state.sale else None,
        state.refused,
        state.asked.question.kind if state.asked else None,
        state.selected,
        [
            (record["kind"], record.get("total"), record.get("receipt_no"), record["seq"])
            for record in records
        ],
    )


async def straight(home, stream):
    till = await prepared(home)
    outcomes = []
    for submission in numbered(stream):
        outcomes += await till.session.handle([on_open_question(till, submission)])
    result = essence(till.session._work.state, await till.records())
    await till.kill()
    return result, [outcome.outcome for outcome in outcomes]


async def troubled(home, stream, cuts):
    """After each cut the core is killed, and the client resends what it holds as unanswered: up to three intents."""
    till = await prepared(home)
    for position, submission in enumerate(numbered(stream)):
        sent = on_open_question(till, submission)
        await till.session.handle([sent])
        if position in cuts:
            till = await till.restarted()
            resent = numbered(stream)[max(0, position - 2) : position + 1]
            outcomes = await till.session.handle(resent)
            assert {outcome.outcome for outcome in outcomes} == {OutcomeKind.AGAIN}
    result = essence(till.session._work.state, await till.records())
    await till.kill()
    return result


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.one_of(INTENTS, RETURNS), min_size=1, max_size=30), CUTS)
def test_kills_and_resends_at_any_point_change_nothing(stream, cuts):
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        expected, _ = asyncio.run(straight(Path(one), stream))
        assert asyncio.run(troubled(Path(other), stream, set(cuts))) == expected


def enter(text):
    return (IntentKind.ENTER, text, 0)


def operation(number):
    return (IntentKind.OPERATION, "", number)


GIVES_BACK = [
    *map(enter, (MILK, BREAD)), operation(206), operation(9130),
    enter("S0001-R01-000001"), enter("2"), operation(139), enter(""),
    operation(109), enter(MILK), enter("1"), enter(BREAD), operation(206),
    operation(114), enter("1"), enter("*"), operation(206), operation(1056),
]  # fmt: skip
"""A sale with a gift receipt, a line of it back, an exchange without a receipt, the rest back."""


def test_a_kill_between_any_two_keys_of_a_return_changes_nothing():
    with tempfile.TemporaryDirectory() as home:
        expected, outcomes = asyncio.run(straight(Path(home), GIVES_BACK))
    assert OutcomeKind.REFUSED not in outcomes
    assert [record[1] for record in expected[-1] if record[0] == "sale"] == [458, -349, 240, -109]
    for cut in range(len(GIVES_BACK)):
        with tempfile.TemporaryDirectory() as home:
            assert asyncio.run(troubled(Path(home), GIVES_BACK, [cut])) == expected


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(INTENTS, min_size=1, max_size=30))
def test_every_scan_is_sold_or_kept_once_and_in_order(stream):
    async def run(home):
        till = await prepared(home)
        for scans, submission in enumerate(numbered(stream)):
            await till.session.handle([on_open_question(till, submission)])
            before = till.session._work.state
            (outcome,) = await till.session.handle(
                [Submission(client="scanner:0", intent=Intent(n=scans + 1, kind=IntentKind.SCAN, arg=MILK))]
            )
            after = till.session._work.state
            if outcome.outcome is OutcomeKind.SOLD:
                lines = before.sale.lines if before.sale else ()
                assert after.sale.lines[:-1] == lines
                assert after.sale.lines[-1].code == MILK
                assert after.refused == before.refused
            elif outcome.outcome is OutcomeKind.REFUSED:
                assert after.sale == before.sale
                assert after.refused[-1].text == MILK
                assert after.refused[:-1] == before.refused[-4:]
            else:
                raise AssertionError(outcome)
        await till.kill()

    with tempfile.TemporaryDirectory() as home:
        asyncio.run(run(Path(home)))


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(INTENTS, min_size=2, max_size=30), st.integers(2, 8))
def test_batches_give_the_same_as_one_intent_at_a_time(stream, size):
    """Questions aside (a batch cannot have seen them), how intents are bundled changes nothing."""
    calm = [
        entry
        for entry in stream
        if entry[1] not in (FLOWERS, "10", "1.50", "42") and entry[0] is not IntentKind.ANSWER
    ]

    async def run(home, width):
        till = await prepared(home)
        submissions = numbered(calm)
        for start in range(0, len(submissions), width):
            await till.session.handle(submissions[start : start + width])
        result = essence(till.session._work.state, await till.records())
        await till.kill()
        return result

    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        assert asyncio.run(run(Path(one), 1)) == asyncio.run(run(Path(other), size))

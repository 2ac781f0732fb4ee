"""Every mode and question times everything a screen or scanner can send: always an answer, never an exception."""

import itertools

import pytest

import session_fakes
from session_fakes import BAD_DIGIT, BREAD, FLOWERS, LEAFLET, MILK, UNKNOWN, running
from store.register.intents import IntentKind, OutcomeKind
from store.register.journal.journal import JournalFull
from store.register.operations import BY_NUMBER, OPERATIONS
from store.register.session.run_operation import CURES
from store.register.view import Mode
from store.sale.detail import ItemDetail
from store.sale.info import InfoCode, InfoPrompt
from store.sale.item import Item


async def signed_in(till):
    await till.sign_in()


async def named(till):
    await till.enter("101")


async def idle(till):
    await till.ready()


async def sale(till):
    await till.ready()
    await till.scan(MILK)
    await till.scan(UNKNOWN)


async def tender(till):
    await sale(till)
    await till.operation(139)
    await till.enter("0.50")


async def paid(till):
    await sale(till)
    await till.operation(206)


async def closing(till):
    await idle(till)
    await till.operation(1055)


async def locked(till):
    await sale(till)
    await till.operation(703)


async def stopped(till):
    await sale(till)
    till.journal.fails = JournalFull("The disk is full.")
    await till.scan(BREAD)


def then(place, *steps):
    async def arrive(till):
        await place(till)
        for step in steps:
            await step(till)

    return arrive


ROW = 78
"""Columns for a message on a screen of 80."""

PLACES = {
    "fresh": lambda till: till.session.refresh(),
    "named": named,
    "shift": signed_in,
    "idle": idle,
    "sale": sale,
    "tender": tender,
    "paid": paid,
    "closing": closing,
    "locked": locked,
    "stopped": stopped,
    "department": then(sale, lambda t: t.operation(9101)),
    "department price": then(sale, lambda t: t.operation(9101), lambda t: t.enter("1")),
    "price": then(idle, lambda t: t.enter(FLOWERS)),
    "zero price": then(idle, lambda t: t.enter(LEAFLET)),
    "quantity": then(sale, lambda t: t.operation(105)),
    "price check": then(idle, lambda t: t.operation(101)),
    "void sale": then(sale, lambda t: t.operation(500)),
    "card": then(tender, lambda t: t.operation(201)),
    "large": then(tender, lambda t: t.enter("4711")),
    "void card": then(
        tender, lambda t: t.operation(201, "0.20"), lambda t: t.answer("yes"), lambda t: t.operation(211)
    ),
    "blind": then(idle, lambda t: t.operation(1053)),
    "manage": then(idle, lambda t: t.operation(918)),
    "resume": then(idle, lambda t: t.operation(1054), signed_in),
    "counting a blind one": then(
        idle,
        lambda t: t.operation(1053),
        lambda t: t.answer("yes"),
        signed_in,
        lambda t: t.operation(918, "1"),
    ),
    "count sheet": then(idle, lambda t: t.operation(1052), lambda t: t.enter("3")),
    "declare": then(idle, lambda t: t.operation(1052), *[lambda t: t.enter()] * 15),
    "cash amount": then(idle, lambda t: t.operation(1210)),
    "cash bag": then(idle, lambda t: t.operation(1212, "5")),
    "cash more": then(idle, lambda t: t.operation(1211, "4711")),
    "count": then(closing, lambda t: t.enter("100")),
    "age": then(idle, lambda t: t.scan("6001")),
    "serial number": then(idle, lambda t: t.scan("6002")),
    "info code": then(idle, lambda t: t.scan("6003")),
    "goods and deposit": then(idle, lambda t: t.scan("6004")),
    "unit": then(idle, lambda t: t.scan("6004"), lambda t: t.operation(123)),
    "serial number later": then(sale, lambda t: t.operation(136)),
    "product details": then(sale, lambda t: t.operation(922)),
    "empties": then(idle, lambda t: t.operation(9150), lambda t: t.scan("6004")),
    "inventory": then(idle, lambda t: t.operation(801)),
    "stock count": then(idle, lambda t: t.operation(802), lambda t: t.scan(MILK)),
    "stock count's end": then(
        idle, lambda t: t.operation(802), lambda t: t.scan(MILK), lambda t: t.enter("end")
    ),
    "journal": then(paid, lambda t: t.operation(115, "1")),
    "before an operation": then(idle, lambda t: t.operation(1000)),
}
CAREFUL = {
    "6001": Item(sku="6001", name="Brandy", price=1499, tax="A", detail=ItemDetail(min_age=18)),
    "6002": Item(sku="6002", name="Phone", price=9900, tax="A", detail=ItemDetail(serial="required")),
    "6003": Item(sku="6003", name="Parcel", price=450, tax="A", detail=ItemDetail(info_codes=("ASK",))),
    "6004": Item(
        sku="6004",
        name="Water",
        price=59,
        tax="A",
        detail=ItemDetail(deposit="6005", further_units=("box=6",)),
    ),
    "6005": Item(sku="6005", name="Deposit", price=25, tax="A", detail=ItemDetail(empties=True)),
}
TEXTS = [
    "", " ", "1", "0", "20", "3*", f"2*{MILK}", MILK, UNKNOWN, BAD_DIGIT, "42", "x", "*", "-1", "1,5", "/139",
    "/99999999", "\x00", "\x1b[2J", "\u202e", "\ud800", "٣", "9" * 70, "A" * 10_000, "c", "+", "/", "yes", "1e5",
    "00000000", "💶",
]  # fmt: skip
OTHERS = [
    (IntentKind.BACK, "", {}),
    (IntentKind.ANSWER, "yes", {"question": "q99"}),
    (IntentKind.ANSWER, "perhaps", {"question": "OPEN"}),
    (IntentKind.ANSWER, "no", {"question": "OPEN"}),
    (IntentKind.ANSWER, "yes", {"question": "OPEN"}),
    *(
        (IntentKind.SELECT, where, {})
        for where in ("up", "down", "first", "last", "page_up", "page_down", "7", "x", "")
    ),
    (IntentKind.SCAN, MILK, {"question": "The frame was cut off."}),
]
OPERATION_TEXTS = ["", "1", MILK, "connect", "x"]


def everything():
    for text in TEXTS:
        yield IntentKind.ENTER, text, {}
        yield IntentKind.SCAN, text, {}
    for number, text in itertools.product([*BY_NUMBER, 0, 503, -1, 10**9], OPERATION_TEXTS):
        yield IntentKind.OPERATION, text, {"operation": number}
    yield from OTHERS


@pytest.mark.parametrize("place", PLACES)
async def test_everything_has_an_answer_everywhere(tmp_path, place, monkeypatch):
    async def fast(pepper, pin, stored):
        return pin == "101101"

    monkeypatch.setattr("store.register.session.sign_on.check_pin", fast)
    for code, item in CAREFUL.items():
        monkeypatch.setitem(session_fakes.ITEMS, code, item)
    async with running(tmp_path) as till:
        till.world.demo = {}
        if place in ("info code", "before an operation"):
            ask = InfoCode(kind="list", choices=("Red", "Blue"), operations=(1000,))
            till.world.shop.info_prompts = {"ASK": InfoPrompt(code="ASK", name="Which?", detail=ask)}
        await PLACES[place](till)
        mark = till.session._work.state, till.journal.fails
        for kind, text, more in everything():
            question = till.view.question.id if till.view.question else ""
            more = {name: question if value == "OPEN" else value for name, value in more.items()}
            if kind is IntentKind.ENTER:
                more["question"] = question
            before = till.session._work.state
            outcome = await till.send(kind, text, **more)
            assert outcome.outcome in OutcomeKind, (kind, text)
            if outcome.outcome in (OutcomeKind.REFUSED, OutcomeKind.UNKNOWN, OutcomeKind.STALE):
                assert outcome.why, (kind, text)
                assert_nothing_but_looks_changed(before, till.session._work.state, (kind, text, more))
            check_view(till.view)
            # Back to the place, so that each thing is tried in it.
            till.session._work.state, till.journal.fails = mark
            till.session._work.paid_record = None


def assert_nothing_but_looks_changed(before, after, what):
    """A refusal changes neither sale nor shift nor who is signed in."""
    assert after.sale == before.sale, what
    assert after.shift == before.shift, what
    assert after.operator == before.operator, what
    assert after.till == before.till or after.till.value == "safe_stop" or what[0] is IntentKind.OPERATION, (
        what
    )


def check_view(view):
    assert (view.tender is not None) == (view.mode is Mode.TENDER)
    assert (view.paid is not None) == (view.mode is Mode.PAID)
    assert (view.sign_on is not None) == (view.mode is Mode.LOCKED)
    assert len(view.refused) <= 5
    assert len(view.message.text) <= ROW, view.message.text
    for text in (view.message.text, *(f"{scan.text}{scan.why}" for scan in view.refused)):
        assert text.isprintable() or not text
    for number in view.operations:
        assert view.mode in BY_NUMBER[number].modes


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: str(operation.number))
async def test_an_operation_outside_its_modes_is_refused_with_a_cure(tmp_path, operation):
    async with running(tmp_path) as till:
        await till.ready()
        if till.view.mode in operation.modes:
            return
        outcome = await till.operation(operation.number)
        assert outcome.outcome is OutcomeKind.REFUSED
        assert outcome.why.endswith(".")


@pytest.mark.parametrize(
    ("place", "number", "why"),
    [
        ("idle", 700, "Sign on: it is for the sign-in screen only."),
        ("tender", 9110, "Sign in by telephone code: it is for the sign-in screen only."),
        ("idle", 1200, "Declare start amount: a shift is open already."),
        ("sale", 211, "Void payment: the sale is not being paid. F12 goes to the payment."),
        ("idle", 211, "Void payment: no sale is open. Scan an item first."),
        ("idle", 9137, "No sale is suspended."),
        ("fresh", 9181, "Macro 1: sign in first."),
        ("shift", 9181, "Macro 1: no shift is open. Type the start amount."),
    ],
)
async def test_the_cure_leads_to_where_the_operation_runs(tmp_path, place, number, why):
    async with running(tmp_path) as till:
        await PLACES[place](till)
        assert (await till.operation(number)).why == why


async def test_what_is_offered_can_be_run(tmp_path):
    for place in ("fresh", "shift", "idle", "sale", "tender", "paid"):
        home = tmp_path / place
        home.mkdir()
        async with running(home) as till:
            await PLACES[place](till)
            mark = till.session._work.state
            for number in till.view.operations:
                await till.operation(number)
                assert not till.view.message.text.endswith(tuple(CURES.values())), (place, number)
                till.session._work.state = mark

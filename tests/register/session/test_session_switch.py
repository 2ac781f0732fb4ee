"""The question before a switch to offline, at the till: what waits for it, what goes on, and who may answer."""

import asyncio

from session_fakes import BREAD, DONE, MILK, REFUSED, SOLD, STALE, UNKNOWN, UNKNOWN_CODE, running
from store.gateway.connection import SwitchQuestion
from store.gateway.gateway import ItemUnknown, Source
from store.gateway.states import Mode as ConnectionMode
from store.register.control.mailbox import Mailbox
from store.register.intents import Intent, IntentKind
from store.register.view import Mode

ASKED = SwitchQuestion(id="switch-1", reason="127.0.0.1:8918 refused the connection", seconds=5)


def ask(till):
    """The supervisor puts its question."""
    till.world.connection.question = ASKED
    till.session.connection_changed()


async def answered(till, word, question=ASKED.id):
    return await till.send(IntentKind.ANSWER, word, question=question)


async def test_the_question_lies_over_the_sale_and_is_guarded(tmp_path):
    async with running(tmp_path) as till:
        await till.ready()
        await till.scan(MILK)
        ask(till)
        question = till.view.question
        assert (question.kind, question.guarded, question.beneath) == ("switch_offline", True, "")
        assert (question.yes, question.no) == ("Go offline", "Try the server again")
        assert question.lines[0] == "127.0.0.1:8918 refused the connection."
        assert "in 5 s the register goes offline" in question.lines[1]
        assert till.view.mode is Mode.SALE


async def test_scans_and_typed_codes_go_on_being_sold_in_order_while_it_is_open(tmp_path):
    async with running(tmp_path) as till:
        await till.ready()
        ask(till)
        assert (await till.scan(MILK)).outcome is SOLD
        assert (await till.enter(BREAD, question="")).outcome is SOLD
        assert (await till.enter("2*" + MILK, question=ASKED.id)).outcome is SOLD, (
            "as a screen of the last version"
        )
        assert [line.name for line in till.view.lines] == [
            "Whole milk 1 l",
            "Rye bread 750 g",
            "Whole milk 1 l",
        ]
        assert till.view.question.kind == "switch_offline"
        assert till.world.connection.answers == []


async def test_enter_is_never_the_answer_and_neither_is_a_scan(tmp_path):
    async with running(tmp_path) as till:
        await till.ready()
        await till.scan(MILK)
        ask(till)
        for text in ("", "y", "yes", "j"):
            await till.enter(text, question=ASKED.id)
        await till.scan("yes")
        assert till.world.connection.answers == []
        assert till.view.question.kind == "switch_offline"


async def test_f5_and_f6_answer_and_only_that_very_question(tmp_path):
    async with running(tmp_path) as till:
        await till.ready()
        for word, go_offline in (("yes", True), ("no", False)):
            ask(till)
            await answered(till, word, "switch-0")
            assert till.world.connection.question is not None, "another question's answer"
            assert (await answered(till, word)).outcome is DONE
            assert till.world.connection.answers[-1] is go_offline
            assert till.view.question is None


async def test_an_answer_that_comes_after_the_time_changes_nothing_and_says_so(tmp_path):
    async with running(tmp_path) as till:
        await till.ready()
        await till.scan(MILK)
        ask(till)
        till.world.connection.question = None
        till.session.connection_changed()
        outcome = await answered(till, "yes")
        assert outcome.outcome is STALE
        assert "has closed by itself" in till.view.message.text
        assert till.view.mode is Mode.SALE


async def test_a_question_of_the_sale_lies_beneath_and_its_text_goes_there(tmp_path):
    async with running(tmp_path) as till:
        await till.ready()
        await till.scan("7001")
        price = till.view.question
        assert price.kind == "price"
        ask(till)
        assert (till.view.question.kind, till.view.question.beneath) == ("switch_offline", price.id)
        assert (await till.enter("4.50", question=price.id)).outcome is SOLD
        assert till.view.question.beneath == ""
        assert till.view.lines[0].amount == 450


async def test_an_item_in_flight_waits_for_the_answer_which_is_heard_before_its_turn(tmp_path):
    async with running(tmp_path) as till:
        await till.ready()
        mailbox = Mailbox(till.session)
        mailbox.listen_in(till.session.overhear)
        views, outcomes = [], []
        mailbox.connect(lambda client, outcome: outcomes.append((client, outcome.outcome)), views.append)
        till.session.on_change = lambda: views.append(till.view)
        release = asyncio.Event()
        find_item = till.world.gateway.find_item

        async def waiting(keys):
            if keys[0].value.endswith(UNKNOWN):
                ask(till)
                while till.world.connection.question is not None:
                    await asyncio.sleep(0)
                await release.wait()
                return ItemUnknown(source=Source.OFFLINE)
            return await find_item(keys)

        till.world.gateway.find_item = waiting
        running_box = asyncio.ensure_future(mailbox.run())
        n = till.session.last_n("s1")
        mailbox.submit("s1", Intent(n=n + 1, kind=IntentKind.ENTER, arg=UNKNOWN))
        for _ in range(20):
            await asyncio.sleep(0)
        assert views[-1].question.kind == "switch_offline", (
            "the question is seen although the till is at work"
        )
        assert views[-1].lines == ()
        seq = views[-1].seq
        mailbox.submit("s1", Intent(n=n + 2, kind=IntentKind.ENTER, arg=MILK))
        mailbox.submit("s1", Intent(n=n + 3, kind=IntentKind.ENTER, arg=BREAD))
        mailbox.submit("s1", Intent(n=n + 4, kind=IntentKind.ANSWER, arg="yes", question=ASKED.id))
        assert till.world.connection.answers == [True], "heard at once, whatever waits before it"
        release.set()
        await mailbox.close()
        await running_box
        assert [outcome for _, outcome in outcomes] == [UNKNOWN_CODE, SOLD, SOLD, DONE], (
            "nothing lost, in order"
        )
        assert [line.name for line in till.view.lines] == ["Whole milk 1 l", "Rye bread 750 g"]
        assert till.view.question is None
        assert till.view.seq > seq


async def test_a_view_in_the_middle_of_a_batch_does_not_make_a_key_pressed_on_it_void_another_line(tmp_path):
    async with running(tmp_path) as till:
        await till.ready()
        await till.scan(MILK)
        find_item = till.world.gateway.find_item

        async def asks(keys):
            ask(till)
            return await find_item(keys)

        till.world.gateway.find_item = asks
        shown = []
        till.session.on_change = lambda: shown.append(till.view)
        await till.scan(BREAD)
        assert shown[0].count == 1, "seen on it: the milk is the selected line"
        assert (await till.operation(102, seq=shown[0].seq)).outcome is STALE
        assert [line.voided for line in till.view.lines] == [False, False]


async def test_paying_takes_the_question_away_so_that_f5_is_only_ever_money_there(tmp_path):
    async with running(tmp_path) as till:
        await till.ready()
        await till.scan(MILK)
        ask(till)
        assert (await till.operation(139)).outcome is DONE
        assert till.world.connection.answers == [True]
        assert till.view.question is None
        assert not till.session.can_answer


async def test_who_is_there_to_answer(tmp_path):
    async with running(tmp_path) as till:
        assert not till.session.can_answer, "nobody has signed in"
        await till.ready()
        assert till.session.can_answer
        await till.scan(MILK)
        assert till.session.can_answer
        await till.scan("7002")
        assert till.view.question.guarded
        assert not till.session.can_answer, "F5 and F6 belong to the price of zero"
        await till.answer("no")
        await till.operation(703)
        assert not till.session.can_answer, "the register is locked"


async def test_a_watched_answer_without_words_is_none(tmp_path):
    async with running(tmp_path) as till:
        await till.ready()
        ask(till)
        outcome = await answered(till, "perhaps")
        assert outcome.outcome in (STALE, REFUSED)
        assert till.world.connection.answers == []


async def test_a_sale_begun_online_and_agreed_to_go_offline_notes_the_moment(tmp_path):
    async with running(tmp_path) as till:
        await till.ready()
        await till.scan(MILK)
        ask(till)
        await answered(till, "yes")
        till.world.connection.mode = ConnectionMode.OFFLINE_AUTO
        till.session.connection_changed()
        await till.scan(BREAD)
        await till.operation(139)
        await till.enter("")
        sale = (await till.records())[-1]
        assert (sale["kind"], sale["begun_mode"], sale["mode"]) == ("sale", "online", "offline")
        assert "failover_at" in sale

"""A killed core comes back to where it was: at every step, with the same sale, nothing doubled, nothing forgotten."""

import msgspec
import pytest

from session_fakes import AGAIN, BREAD, DONE, FLOWERS, MILK, REFUSED, UNKNOWN, World, running
from store.gateway.states import Mode as Answers
from store.register.intents import IntentKind
from store.register.journal.journal import Draft
from store.register.session.state import decode, encode
from store.register.session.till import TillState
from store.register.view import Mode, Tone

ASIDE = {"epoch", "seq", "message"}


def shown(till):
    """The view without what belongs to one core only."""
    return {name: getattr(till.view, name) for name in till.view.__struct_fields__ if name not in ASIDE}


STEPS = [
    ("sign in", lambda t: t.sign_in(), "shift"),
    ("open the shift", lambda t: t.enter("100"), "idle"),
    ("first line", lambda t: t.scan(MILK), "sale"),
    ("second line", lambda t: t.enter(f"2*{BREAD}"), "sale"),
    ("unknown code", lambda t: t.scan(UNKNOWN), "sale"),
    ("select", lambda t: t.send(IntentKind.SELECT, "first"), "sale"),
    ("department question", lambda t: t.operation(9101), "sale"),
    ("price question", lambda t: t.enter("1"), "sale"),
    ("department line", lambda t: t.enter("1.50"), "sale"),
    ("open price question", lambda t: t.enter(FLOWERS), "sale"),
    ("open price", lambda t: t.enter("5"), "sale"),
    ("void line", lambda t: t.operation(102), "sale"),
    ("pay", lambda t: t.operation(139), "tender"),
    ("part in cash", lambda t: t.enter("2"), "tender"),
    ("card question", lambda t: t.operation(201, "3"), "tender"),
    ("card", lambda t: t.answer("yes"), "tender"),
    ("rest", lambda t: t.enter("10"), "paid"),
    ("reprint", lambda t: t.operation(115), "paid"),
    ("next sale", lambda t: t.scan(MILK), "sale"),
    ("void question", lambda t: t.operation(500), "sale"),
    ("voided", lambda t: t.answer("yes"), "idle"),
    ("count", lambda t: t.operation(1055), "idle"),
]


async def test_a_kill_at_every_step_comes_back_to_the_same_screen(tmp_path):
    world = World(tmp_path)
    till = await world.start()
    for name, step, mode in STEPS:
        await step(till)
        before = shown(till)
        till = await till.restarted()
        assert till.view.mode.value == mode, name
        if name != "count":
            assert shown(till) == before, name
    kinds = await till.kinds()
    assert (kinds.count("sale"), kinds.count("void"), kinds.count("reprint")) == (1, 1, 1)
    await till.kill()


async def test_the_restored_sale_names_its_last_line(tmp_path):
    async with running(tmp_path) as till:
        await till.ready()
        for code in (BREAD, MILK):
            await till.scan(code)
        till = await till.restarted()
        assert till.view.message.text == "Restored, 2 lines, last: Whole milk 1 l. Check the last item."
        assert (till.view.message.tone, till.view.message.sound) == (Tone.WARN, True)


async def test_a_new_core_has_a_new_epoch_and_its_views_count_on(tmp_path):
    async with running(tmp_path) as till:
        await till.ready()
        epoch = till.view.epoch
        till = await till.restarted()
        assert till.view.epoch != epoch


async def test_a_resent_intent_is_applied_once_however_often_the_core_dies(tmp_path):
    async with running(tmp_path) as till:
        await till.ready()
        scan = till.submission(IntentKind.ENTER, MILK)
        for _ in range(3):
            await till.session.handle([scan])
            till = await till.restarted()
        assert till.view.count == 1
        assert (await till.session.handle([scan]))[0].outcome is AGAIN


async def test_the_last_enter_of_a_sale_resent_after_the_kill_makes_no_second_sale(tmp_path):
    async with running(tmp_path) as till:
        await till.ready()
        await till.scan(MILK)
        await till.operation(139)
        enter = till.submission(IntentKind.ENTER)
        await till.session.handle([enter])
        till = await till.restarted()
        assert (await till.session.handle([enter]))[0].outcome is AGAIN
        assert (till.view.mode, till.view.paid.receipt_no) == (Mode.PAID, "S0001-R01-000001")
        assert "stored and paid" in till.view.message.text
        assert (await till.kinds()).count("sale") == 1


async def test_scanners_count_anew_with_every_core(tmp_path):
    async with running(tmp_path) as till:
        await till.ready()
        await till.scan(MILK)
        till = await till.restarted()
        till.n.clear()
        await till.scan(BREAD)
        assert till.view.count == 2


@pytest.mark.parametrize(("seconds", "boot"), [(181, "boot-1"), (1, "boot-2"), (-3600, "boot-1")])
async def test_after_long_or_after_a_boot_the_register_is_locked_and_sign_in_leads_to_the_sale(
    tmp_path, seconds, boot
):
    async with running(tmp_path) as till:
        await till.ready()
        await till.scan(MILK)
        await till.operation(139)
        till.world.clock.move(seconds)
        till.world.config = msgspec.structs.replace(till.world.config, boot_id=boot)
        till = await till.restarted()
        assert till.view.mode is Mode.LOCKED
        assert "last: Whole milk 1 l" in till.view.message.text
        assert (await till.scan(BREAD)).outcome is REFUSED
        assert (await till.sign_in()).outcome is DONE
        assert till.view.mode is Mode.TENDER


async def test_a_sale_whose_record_is_there_already_is_complete_and_not_sold_again(tmp_path):
    async with running(tmp_path) as till:
        await till.ready()
        await till.scan(MILK)
        await till.operation(139)
        before = (await till.journal.load_draft()).state_json
        await till.enter()
        # As after a commit whose outcome was not known: the record is there, the draft is the one before.
        await till.real_journal.save_draft(Draft(state_json=before, clients={"s1": 4}))
        assert decode(before).sale is not None
        till = await till.restarted()
        assert (till.view.mode, till.view.count) == (Mode.IDLE, 0)
        assert (await till.kinds()).count("sale") == 1


async def test_a_draft_of_another_version_stops_safely_with_a_sentence(tmp_path):
    async with running(tmp_path) as till:
        await till.real_journal.save_draft(Draft(state_json=b'{"till":"flying"}'))
        till = await till.restarted()
        assert till.view.mode is Mode.SAFE_STOP
        assert "another version" in till.view.message.text
        assert (await till.scan(MILK)).outcome is REFUSED


async def test_counting_the_drawer_begins_anew_after_a_kill(tmp_path):
    async with running(tmp_path) as till:
        await till.ready()
        await till.operation(1055)
        await till.enter("100")
        till = await till.restarted()
        assert (till.view.mode, till.view.question) == (Mode.IDLE, None)


async def test_the_moment_of_the_failover_survives(tmp_path):
    async with running(tmp_path) as till:
        await till.ready()
        await till.scan(MILK)
        till.world.gateway.dies = True
        await till.scan(BREAD)
        till.world.clock.move(30)
        till.world.connection.mode = Answers.ONLINE
        till = await till.restarted()
        await till.operation(139)
        await till.enter()
        assert (await till.records())[-1]["failover_at"] == "2026-11-24T13:03:12.000Z"


@pytest.mark.parametrize("ends_in", ["idle", "sale", "closing"])
async def test_whoever_starts_a_register_that_was_ended_by_its_key_signs_in_first(tmp_path, ends_in):
    async with running(tmp_path) as till:
        await till.ready()
        if ends_in == "sale":
            await till.scan(MILK)
        if ends_in == "closing":
            await till.operation(1055)
        await till.operation(9900)
        assert till.world.stopped == 1
        till = await till.restarted()
        assert till.view.mode is Mode.LOCKED
        await till.sign_in()
        assert till.view.mode is (Mode.SALE if ends_in == "sale" else Mode.IDLE)
        assert (await till.kinds()).count("shift.open") == 1


async def test_the_state_survives_its_own_encoding(tmp_path):
    async with running(tmp_path) as till:
        await till.ready()
        await till.scan(MILK)
        await till.enter(FLOWERS)
        state = till.session._work.state
        assert decode(encode(state)) == state
        assert state.till is TillState.SALE

"""The supervisor in virtual time: how the register goes offline and comes back."""

import asyncio
import itertools

import pytest

from gateway_calls import NAME, World
from gateway_world import MemoryStore, settle
from store.gateway.connection import HeadVerdict
from store.gateway.gateway import StoredMode
from store.gateway.states import Link, Mode

pytestmark = pytest.mark.asyncio


@pytest.fixture
async def world(request):
    world = World(**getattr(request, "param", {}))
    yield world
    if world.supervisor is not None:
        await world.supervisor.close()
    left = [task.get_name() for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    assert not left, "tasks outlived the supervisor"


def stored(mode, since_ms, reason="because"):
    return StoredMode(mode=mode.value, reason=reason, since_ms=since_ms)


# --- process start


async def test_a_new_register_is_offline_until_the_starting_probe_and_online_after_it(world):
    supervisor = world.build()
    await supervisor.start(draft_open=False)
    assert supervisor.mode is Mode.OFFLINE_AUTO
    assert supervisor.status().sentence.startswith("Looking for the server.")
    await world.clock.run(supervisor.started())
    assert supervisor.mode is Mode.ONLINE
    assert supervisor.link is Link.UP
    assert supervisor.status().word == "ONLINE"
    assert supervisor.status().reason == ""
    assert world.calls.asked[0][0::2] == ("head", 0.8)


async def test_a_restart_that_ends_in_the_stored_mode_records_no_edge(world):
    world.store.stored = stored(Mode.ONLINE, 0)
    await world.start()
    await settle()
    assert world.store.modes == []


async def test_a_silent_server_at_start_costs_the_timeout_and_the_next_sale_tries(world):
    world.calls.state = "silent"
    before_s = world.clock.now_s
    supervisor = await world.start()
    assert world.clock.now_s - before_s == pytest.approx(0.8)
    assert supervisor.mode is Mode.OFFLINE_AUTO
    assert supervisor.status().reason == f"no answer from {NAME} within 0.8 s"
    assert world.store.modes == [("offline_auto", "starting_probe_failed")]
    world.calls.state = "up"
    assert (await world.transaction()).mode is Mode.ONLINE


async def test_slow_imports_do_not_count_against_the_server(world):
    world.calls.opening_s = 1.4
    supervisor = await world.start()
    assert supervisor.mode is Mode.ONLINE


async def test_with_a_draft_the_register_stays_offline_and_keeps_the_interval(world):
    world.store.stored = stored(Mode.OFFLINE_AUTO, world.clock.wall_ms() - 20_000)
    supervisor = await world.start(draft_open=True)
    await world.clock.advance(1.5)
    assert supervisor.link is Link.UP
    assert (await world.transaction()).mode is Mode.OFFLINE_AUTO
    assert supervisor.status().next_attempt_ms == pytest.approx(world.clock.wall_ms() + 38_500, abs=20)
    await world.clock.advance(39)
    assert (await world.transaction()).mode is Mode.ONLINE


async def test_a_stored_time_in_the_future_never_makes_the_interval_longer(world):
    world.store.stored = stored(Mode.OFFLINE_AUTO, world.clock.wall_ms() + 10**9)
    supervisor = await world.start(draft_open=True)
    assert supervisor.status().next_attempt_ms - world.clock.wall_ms() == pytest.approx(60_000, abs=20)


async def test_online_with_a_draft_probes_and_goes_online_with_the_next_transaction(world):
    world.store.stored = stored(Mode.ONLINE, 0)
    supervisor = await world.start(draft_open=True)
    assert supervisor.mode is Mode.OFFLINE_AUTO
    assert (await world.transaction()).mode is Mode.ONLINE


async def test_with_a_draft_and_the_server_found_the_reason_says_what_happens_next(world):
    world.store.stored = stored(Mode.ONLINE, 0)
    supervisor = await world.start(draft_open=True)
    await world.clock.advance(1.5)
    status = supervisor.status()
    assert (status.mode, status.link) == (Mode.OFFLINE_AUTO, Link.UP)
    assert status.reason == "server reachable; the next sale connects"
    assert status.sentence.startswith("Server reachable; the next sale connects.")


async def test_a_transaction_that_began_during_the_starting_probe_is_not_switched_by_it(world):
    world.calls.delay_s = 0.5
    supervisor = await world.start(wait=False)
    start = await world.transaction()
    assert start.mode is Mode.OFFLINE_AUTO
    await world.clock.run(supervisor.started())
    assert supervisor.mode is Mode.OFFLINE_AUTO


async def test_an_unknown_stored_mode_counts_as_online(world):
    world.store.stored = StoredMode(mode="sideways", reason="", since_ms=0)
    supervisor = await world.start()
    assert supervisor.mode is Mode.ONLINE


# --- going offline


async def test_a_failed_call_switches_at_once_and_says_why(world):
    supervisor = await world.online()
    world.calls.state = "down"
    await world.clock.run(world.calls.lookup())
    status = supervisor.status()
    assert (supervisor.mode, supervisor.link) == (Mode.OFFLINE_AUTO, Link.DOWN)
    assert status.word == "OFFLINE auto"
    assert status.reason == f"{NAME} refused the connection"
    assert status.sentence == "Server not answering since 14:00. Selling goes on from the offline database."
    assert status.next_attempt_ms == pytest.approx(world.clock.wall_ms() + 60_000, abs=5)
    await settle()
    assert world.store.modes[-1] == ("offline_auto", "call_failed")
    assert world.store.links[-1] == ("down", "call_failed", f"{NAME} refused the connection")


async def test_a_busy_server_switches_the_mode_and_leaves_the_link(world):
    supervisor = await world.online()
    world.calls.state = "busy"
    await world.clock.run(world.calls.lookup())
    assert (supervisor.mode, supervisor.link) == (Mode.OFFLINE_AUTO, Link.UP)
    assert supervisor.status().sentence == (
        f"Offline since 14:00: {NAME} is busy (error 503). Selling goes on from the offline database."
    )


async def test_a_call_of_an_earlier_online_period_fails_nobody(world):
    supervisor = await world.online()
    period = supervisor.online_period
    supervisor.call_failed("late", online_period=period - 1)
    assert supervisor.mode is Mode.ONLINE
    supervisor.call_failed("now", online_period=period)
    assert supervisor.mode is Mode.OFFLINE_AUTO


async def test_two_missed_heartbeats_switch_one_does_not(world):
    supervisor = await world.online()
    world.calls.state = "silent"
    await world.clock.advance(5.9)
    assert supervisor.mode is Mode.ONLINE
    await world.clock.advance(4.9)
    assert supervisor.mode is Mode.ONLINE
    await world.clock.advance(1.0)
    assert (supervisor.mode, supervisor.link) == (Mode.OFFLINE_AUTO, Link.DOWN)
    await settle()
    assert world.store.links[-1][1] == "heartbeats_missed"


async def test_a_missed_heartbeat_is_forgotten_when_something_else_was_answered(world):
    supervisor = await world.online()
    world.calls.state = "silent"
    await world.clock.advance(6.5)
    world.calls.state = "up"
    await world.clock.run(world.calls.lookup())
    world.calls.state = "silent"
    await world.clock.advance(6.5)
    assert supervisor.mode is Mode.ONLINE


async def test_there_is_a_heartbeat_every_five_seconds_and_none_while_answers_come(world):
    await world.online()
    world.calls.asked.clear()
    await world.clock.advance(20.5)
    assert [what for what, _, _ in world.calls.asked] == ["health"] * 4
    world.calls.asked.clear()
    for _ in range(10):
        await world.clock.advance(2)
        await world.clock.run(world.calls.lookup())
    assert {what for what, _, _ in world.calls.asked} == {"item"}


async def test_a_blocked_event_loop_is_not_a_lost_link(world):
    supervisor = await world.online()
    for _ in range(4):
        world.calls.state = "silent"
        await world.clock.advance(5.5)
        world.clock.now_s += 3  # nothing ran for three seconds, so the deadline is seen late
        world.calls.state = "silent"
        await world.clock.advance(0.1)
        world.calls.state = "up"
        await world.clock.advance(0.1)
    assert supervisor.mode is Mode.ONLINE


# --- probing while down


async def test_probes_back_off_with_jitter_from_one_second_to_sixty(world):
    supervisor = await world.online()
    world.calls.state = "down"
    await world.clock.run(world.calls.lookup())
    world.calls.asked.clear()
    await world.clock.advance(400)
    times = [at_s for what, at_s, _ in world.calls.asked if what == "health"]
    gaps = [round(later - earlier) for earlier, later in itertools.pairwise(times)]
    assert gaps[:7] == [2, 4, 8, 16, 32, 60, 60]
    world.calls.state = "up"
    await world.clock.advance(61)
    assert supervisor.link is Link.UP
    assert supervisor.mode is Mode.OFFLINE_AUTO
    assert supervisor.status().reachable_again == "server reachable; the next sale connects"


async def test_each_outage_begins_with_short_waits(world):
    await world.online()
    for _ in range(2):
        world.calls.state = "down"
        await world.clock.run(world.calls.lookup())
        world.calls.asked.clear()
        began_s = world.clock.now_s
        await world.clock.advance(100)
        assert world.calls.asked[0][1] - began_s <= 1.01
        world.calls.state = "up"
        await world.clock.advance(121)
        assert (await world.transaction()).mode is Mode.ONLINE


async def test_a_busy_server_is_probed_no_sooner_than_it_asked(world):
    await world.online()
    world.calls.state = "down"
    await world.clock.run(world.calls.lookup())
    world.calls.state = "busy"
    world.calls.asked.clear()
    await world.clock.advance(60)
    times = [at_s for _, at_s, _ in world.calls.asked]
    assert len(times) >= 2
    assert all(later - earlier >= 20 for earlier, later in itertools.pairwise(times))


async def test_the_link_coming_up_compares_heads_and_wakes_the_uploader(world):
    supervisor = await world.online()
    world.calls.state = "down"
    await world.clock.run(world.calls.lookup())
    woken = asyncio.create_task(supervisor.wait_link_up())
    await settle()
    assert not woken.done()
    world.calls.state = "up"
    world.calls.asked.clear()
    await world.clock.advance(3)
    await woken
    assert [what for what, _, _ in world.calls.asked][:2] == ["health", "head"]
    assert supervisor.link_is_up


async def test_heads_are_compared_again_after_fifteen_minutes(world):
    await world.online()
    world.calls.asked.clear()
    await world.clock.advance(890)
    assert "head" not in {what for what, _, _ in world.calls.asked}
    await world.clock.advance(20)
    assert [what for what, _, _ in world.calls.asked].count("head") == 1


async def test_an_unanswered_upload_asks_for_a_heartbeat_at_once(world):
    supervisor = await world.online()
    world.calls.asked.clear()
    supervisor.sync_failed("no answer within 10 s")
    await world.clock.advance(0.1)
    assert [what for what, _, _ in world.calls.asked] == ["health"]
    assert supervisor.mode is Mode.ONLINE


# --- the way back


async def offline_with_link_up(world):
    supervisor = await world.online()
    world.calls.state = "down"
    await world.clock.run(world.calls.lookup())
    world.calls.state = "up"
    await world.clock.advance(3)
    assert (supervisor.mode, supervisor.link) == (Mode.OFFLINE_AUTO, Link.UP)
    return supervisor


async def test_the_way_back_waits_for_the_interval_and_for_a_transaction(world):
    supervisor = await offline_with_link_up(world)
    assert supervisor.status().reachable_again == "server reachable; the first sale after 14:01 connects"
    assert (await world.transaction()).mode is Mode.OFFLINE_AUTO
    await world.clock.advance(120)
    assert supervisor.mode is Mode.OFFLINE_AUTO, "no background way back"
    world.calls.asked.clear()
    start = await world.transaction()
    assert (start.mode, start.changed, start.sentence) == (Mode.ONLINE, True, "Online again.")
    assert world.calls.asked == [], "a fresh answer needs no request"
    assert supervisor.take_spent_s() == 0.0


async def test_without_a_fresh_answer_one_request_of_150_ms_decides(world):
    supervisor = await world.online()
    world.calls.state = "down"
    await world.clock.run(world.calls.lookup())
    await world.clock.advance(64)
    world.calls.state = "silent"
    world.calls.asked.clear()
    before_s = world.clock.now_s
    start = await world.transaction()
    assert world.clock.now_s - before_s == pytest.approx(0.15)
    assert world.calls.asked[-1][0::2] == ("head", 0.15)
    assert (start.mode, start.changed) == (Mode.OFFLINE_AUTO, False)
    assert supervisor.take_spent_s() == pytest.approx(0.15)
    assert supervisor.take_spent_s() == 0.0
    world.calls.state = "up"
    assert (await world.transaction()).mode is Mode.OFFLINE_AUTO, "a failed attempt begins a new interval"
    await world.clock.advance(61)
    assert (await world.transaction()).mode is Mode.ONLINE


async def test_a_way_back_by_request_counts_its_time(world):
    supervisor = await world.online()
    world.calls.state = "down"
    await world.clock.run(world.calls.lookup())
    await world.clock.advance(64)
    world.calls.state, world.calls.delay_s = "up", 0.1
    start = await world.transaction()
    assert (start.mode, start.changed) == (Mode.ONLINE, True)
    assert supervisor.take_spent_s() == pytest.approx(0.1)
    assert supervisor.link is Link.UP


async def test_a_link_that_came_up_without_comparing_heads_does_not_lead_back(world):
    supervisor = await world.online()
    world.calls.state = "down"
    await world.clock.run(world.calls.lookup())
    world.calls.state = "headless"
    while supervisor.link is not Link.UP:
        await world.clock.advance(1)
    while supervisor.status().next_attempt_ms > world.clock.wall_ms() or not supervisor.link_is_up:
        await world.clock.advance(1)
    world.calls.asked.clear()
    assert (await world.transaction()).mode is Mode.OFFLINE_AUTO
    assert "head" in {what for what, _, _ in world.calls.asked}


async def test_after_sleep_of_the_machine_an_old_answer_is_not_fresh(world):
    supervisor = await offline_with_link_up(world)
    await world.clock.advance(61)
    world.clock.wall_offset_s += 36_000  # ten hours by the wall, none by monotonic time
    world.calls.asked.clear()
    await world.transaction()
    assert [what for what, _, _ in world.calls.asked] == ["head"]
    assert supervisor.mode is Mode.ONLINE


@pytest.mark.parametrize("world", [{"reconnection_interval_s": 0}], indirect=True)
async def test_a_flapping_link_changes_the_mode_at_most_once_per_transaction(world):
    supervisor = await world.online()
    for _ in range(12):
        changes = [(await world.transaction()).mode]
        for second in range(9):
            world.calls.state = "up" if second % 6 < 3 else "down"
            await world.clock.advance(1)
            if supervisor.mode is Mode.ONLINE:
                await world.clock.run(world.calls.lookup())
            changes.append(supervisor.mode)
        edges = [pair for pair in itertools.pairwise(changes) if pair[0] is not pair[1]]
        assert edges in ([], [(Mode.ONLINE, Mode.OFFLINE_AUTO)])


# --- refusals


async def test_a_fenced_register_is_blocked_and_sells_on(world):
    supervisor = await world.online()
    world.calls.state = "fenced"
    await world.clock.run(world.calls.lookup())
    status = supervisor.status()
    assert (status.word, supervisor.link) == ("BLOCKED", Link.REFUSED)
    assert status.reason == "a newer enrolment of this register exists"
    assert status.next_attempt_ms is None
    await world.clock.advance(61)
    start = await world.transaction()
    assert start.mode is Mode.OFFLINE_AUTO
    assert start.sentence == (
        "The server refuses this register: a newer enrolment of this register exists. "
        "Selling goes on from the offline database."
    )
    answer = await world.clock.run(supervisor.connect(False))
    assert (answer.done, answer.sentence) == (False, start.sentence)


async def test_only_the_series_head_heals_a_refusal(world):
    supervisor = await world.online()
    supervisor.refused("fork", "forked")
    supervisor.answered()
    await settle()
    assert supervisor.link is Link.REFUSED
    world.calls.asked.clear()
    await world.clock.advance(59)
    assert world.calls.asked == []
    await world.clock.advance(2)
    assert [what for what, _, _ in world.calls.asked] == ["head"]
    assert supervisor.link is Link.UP
    assert supervisor.mode is Mode.OFFLINE_AUTO
    await world.clock.advance(60)
    assert (await world.transaction()).mode is Mode.ONLINE


@pytest.mark.parametrize(
    ("verdict", "words"),
    [(HeadVerdict.FORKED, "another record"), (HeadVerdict.ROLLED_BACK, "later records")],
)
async def test_heads_that_disagree_block_until_they_agree(world, verdict, words):
    supervisor = await world.online()
    world.verdict = verdict
    await world.clock.advance(910)
    assert supervisor.link is Link.REFUSED
    assert words in supervisor.status().reason
    await world.clock.advance(120)
    assert supervisor.link is Link.REFUSED
    world.verdict = HeadVerdict.AGREED
    await world.clock.advance(61)
    assert supervisor.link is Link.UP


# --- Connect and Disconnect


async def test_disconnect_stops_all_traffic_and_survives_a_restart(world):
    supervisor = await world.online()
    answer = await world.clock.run(supervisor.disconnect())
    assert answer.done
    assert (supervisor.mode, supervisor.link) == (Mode.OFFLINE_MANUAL, Link.PINNED)
    world.calls.asked.clear()
    await world.clock.advance(4_000)
    await world.transaction()
    assert world.calls.asked == []
    await supervisor.close()

    again = World(store=world.store)
    restarted = await again.start()
    await again.clock.advance(4_000)
    await again.transaction()
    assert again.calls.asked == []
    assert again.calls.sealed, "nobody else may send either"
    assert restarted.status().word == "OFFLINE manual"
    assert restarted.status().sentence.startswith("Disconnected by hand since 14:00.")
    await restarted.close()


async def test_disconnect_abandons_calls_in_flight(world):
    supervisor = await world.online()
    world.calls.state = "silent"
    call = asyncio.create_task(world.calls.lookup())
    await settle()
    await world.clock.run(supervisor.disconnect())
    assert world.calls.sealed
    await world.clock.run(call)
    assert supervisor.mode is Mode.OFFLINE_MANUAL


async def test_connect_during_a_transaction_is_refused_with_what_to_do(world):
    supervisor = await world.online()
    await world.clock.run(supervisor.disconnect())
    answer = await world.clock.run(supervisor.connect(True))
    assert not answer.done
    assert answer.sentence == "A sale is open: finish or void it first, then press Connect again."
    assert supervisor.mode is Mode.OFFLINE_MANUAL


async def test_connect_brings_a_disconnected_register_online(world):
    supervisor = await world.online()
    await world.clock.run(supervisor.disconnect())
    answer = await world.clock.run(supervisor.connect(False))
    assert (answer.done, answer.sentence) == (True, f"Connected to {NAME}.")
    assert (supervisor.mode, supervisor.link) == (Mode.ONLINE, Link.UP)
    await settle()
    assert [mode for mode, _ in world.store.modes][-3:] == ["offline_manual", "offline_auto", "online"]


async def test_connect_against_a_dead_server_leaves_manual_and_the_next_sale_tries(world):
    supervisor = await world.online()
    await world.clock.run(supervisor.disconnect())
    world.calls.state = "down"
    answer = await world.clock.run(supervisor.connect(False))
    assert (answer.done, answer.sentence) == (
        False,
        f"Not connected: {NAME} refused the connection. The next sale tries again.",
    )
    assert supervisor.status().reason == f"{NAME} refused the connection"
    assert supervisor.mode is Mode.OFFLINE_AUTO
    world.calls.state = "up"
    assert (await world.transaction()).mode is Mode.ONLINE


async def test_connect_from_auto_keeps_the_interval_when_it_fails(world):
    supervisor = await world.online()
    world.calls.state = "down"
    await world.clock.run(world.calls.lookup())
    before = supervisor.status().next_attempt_ms
    answer = await world.clock.run(supervisor.connect(False))
    assert answer.sentence == f"Not connected: {NAME} refused the connection. The register stays offline."
    assert supervisor.status().next_attempt_ms == pytest.approx(before, abs=5)
    world.calls.state = "up"
    assert (await world.clock.run(supervisor.connect(False))).done


async def test_a_sale_that_begins_while_connect_waits_is_not_switched(world):
    supervisor = await offline_with_link_up(world)
    world.calls.delay_s = 0.5
    connecting = asyncio.create_task(supervisor.connect(False))
    await settle()
    await supervisor.transaction_starts()
    answer = await world.clock.run(connecting)
    assert not answer.done
    assert supervisor.mode is Mode.OFFLINE_AUTO


async def test_disconnect_while_connect_waits_wins(world):
    supervisor = await offline_with_link_up(world)
    world.calls.delay_s = 0.5
    connecting = asyncio.create_task(supervisor.connect(False))
    await settle()
    await world.clock.run(supervisor.disconnect())
    assert not (await world.clock.run(connecting)).done
    assert (supervisor.mode, supervisor.link) == (Mode.OFFLINE_MANUAL, Link.PINNED)


async def test_both_buttons_say_when_there_is_nothing_to_do(world):
    supervisor = await world.online()
    assert (await supervisor.connect(False)).sentence == "The register is online already."
    await world.clock.run(supervisor.disconnect())
    answer = await world.clock.run(supervisor.disconnect())
    assert (answer.done, answer.sentence) == (
        True,
        "The register is disconnected already. Connect brings it back.",
    )


async def test_both_buttons_answer_only_when_the_change_is_stored():
    gate = asyncio.Event()

    class GatedStore(MemoryStore):
        async def save_mode(self, stored, event):
            await gate.wait()
            await super().save_mode(stored, event)

    world = World(store=GatedStore())
    supervisor = await world.online()
    for press, mode in (
        (supervisor.disconnect, "offline_manual"),
        (lambda: supervisor.connect(False), "online"),
    ):
        gate.clear()
        pressed = asyncio.create_task(press())
        await world.clock.advance(0.1)
        assert not pressed.done()
        gate.set()
        assert (await pressed).done
        assert world.store.stored.mode == mode
    await supervisor.close()


async def test_a_disconnect_that_could_not_be_stored_says_so_and_holds(world):
    supervisor = await world.online()
    world.store.broken = True
    answer = await world.clock.run(supervisor.disconnect())
    assert answer.done
    assert answer.sentence.endswith(
        "This could not be stored: after a restart the register will look for the server again."
    )
    assert supervisor.mode is Mode.OFFLINE_MANUAL


# --- what it tells


async def test_status_tells_offset_age_and_counts(world):
    world.calls.offset_ms = 7_200_000
    supervisor = await world.online()
    await world.clock.advance(3)
    status = supervisor.status()
    assert status.offset_ms == pytest.approx(7_200_000, abs=5)
    assert status.last_success_age_s == pytest.approx(3, abs=0.01)
    assert status.server == NAME
    assert world.changes > 0


async def test_a_fault_of_the_pulse_does_not_close_the_way_back(world, monkeypatch):
    supervisor = await world.online()

    async def broken():
        raise RuntimeError("a bug")

    with monkeypatch.context() as patch:
        patch.setattr(supervisor, "ask_health", broken)
        await world.clock.advance(8)
    world.calls.asked.clear()
    await world.clock.advance(8)
    assert world.calls.asked


async def test_more_edges_than_the_store_takes_never_drop_a_mode():
    release = asyncio.Event()

    class SlowStore(MemoryStore):
        async def save_mode(self, stored, event):
            await release.wait()
            await super().save_mode(stored, event)

    world = World(store=SlowStore())
    supervisor = world.build()
    await supervisor.start(False)
    await world.clock.advance(1)
    for _ in range(300):
        supervisor.call_failed("down")
        supervisor.answered()
    await settle()
    release.set()
    await supervisor.close()
    assert len(world.store.links) <= 256
    assert world.store.modes == [("online", "starting_probe_answered"), ("offline_auto", "call_failed")]

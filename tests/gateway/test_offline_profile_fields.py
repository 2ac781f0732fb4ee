"""Each field of the offline profile changes what a register does; every test here names the field it is about.

Fields of synchronisation are tested where synchronisation is (tests/register/sync); the last test sees to it that no
field is without a test.
"""

import asyncio
import re
import time
from pathlib import Path

import msgspec
import pytest

from fault_proxy import SILENT
from gateway_calls import NAME, World
from gateway_shop import directory_of, shop_in
from gateway_world import UNKNOWN_KEYS, settle
from store.exchange.offline_profile import OfflineProfile
from store.gateway.gateway import ItemFound, ItemUnknown, Source
from store.gateway.profile import PROMPT_S
from store.gateway.states import Mode

TESTS = Path(__file__).parents[1]


def put(world, **fields):
    """Headquarters sends another profile while the register runs."""
    world.profile = msgspec.structs.replace(world.profile, **fields)
    world.supervisor.profile_changed()


async def failed(world, state="down"):
    """The register went offline by itself."""
    world.calls.state = state
    await world.clock.run(world.calls.lookup())
    await settle()
    assert world.supervisor.mode is Mode.OFFLINE_AUTO


def healthy_checks(world, since_s):
    return [at for what, at, _ in world.calls.asked if what == "health" and at > since_s]


# --- timeout, retries, interval


@pytest.mark.parametrize("timeout_s", [0.3, 0.7])
async def test_offline_timeout_s_is_how_long_a_request_may_take_before_the_register_switches(
    tmp_path, timeout_s
):
    async with shop_in(tmp_path, offline_timeout_s=timeout_s) as shop:
        shop.proxy.set(SILENT)
        answer, took_s = await shop.find(UNKNOWN_KEYS)
        assert isinstance(answer, ItemUnknown)
        assert timeout_s - 0.01 <= took_s < timeout_s + 0.15
        assert f"within {timeout_s:g} s" in shop.supervisor.status().reason


async def test_offline_timeout_s_may_change_while_the_register_runs(tmp_path):
    async with shop_in(tmp_path, offline_timeout_s=5) as shop:
        shop.profile = OfflineProfile(offline_timeout_s=0.2)
        shop.supervisor.profile_changed()
        shop.proxy.set(SILENT)
        _, took_s = await shop.find(UNKNOWN_KEYS)
        assert took_s < 0.5


@pytest.mark.parametrize("retry_count", [0, 2])
async def test_retry_count_is_how_often_a_failed_attempt_is_made_again(tmp_path, retry_count):
    async with shop_in(tmp_path, retry_count=retry_count) as shop:
        shop.server.problem = (503, "busy", "Later.")
        shop.server.requests.clear()
        await shop.find()
        assert shop.server.requests.count("/items") == 1 + retry_count
        assert shop.supervisor.mode is Mode.OFFLINE_AUTO


async def test_reconnection_interval_s_has_to_pass_before_a_sale_comes_back_online():
    world = World(reconnection_interval_s=30)
    await world.online()
    await failed(world)
    world.calls.state = "up"
    await world.clock.advance(29)
    assert (await world.transaction()).mode is Mode.OFFLINE_AUTO
    await world.clock.advance(1)
    assert (await world.transaction()).mode is Mode.ONLINE
    await world.supervisor.close()


async def test_reconnection_interval_s_of_a_new_profile_counts_from_the_switch():
    world = World(reconnection_interval_s=600)
    await world.online()
    await failed(world)
    world.calls.state = "up"
    await world.clock.advance(20)
    assert (await world.transaction()).mode is Mode.OFFLINE_AUTO
    put(world, reconnection_interval_s=15)
    assert (await world.transaction()).mode is Mode.ONLINE
    await world.supervisor.close()


# --- advanced switching


async def test_advanced_switching_brings_the_register_online_after_three_healthy_checks_at_an_idle_moment():
    world = World(advanced_switching=True, health_check_interval_s=5, reconnection_interval_s=7_200)
    await world.online()
    await failed(world)
    world.calls.state = "up"
    began_s = world.clock.now_s
    await world.clock.advance(4.9)
    assert world.supervisor.mode is Mode.OFFLINE_AUTO, "one healthy check is not three"
    await world.clock.advance(11)
    assert world.supervisor.mode is Mode.ONLINE
    assert len(healthy_checks(world, began_s)) == 3
    assert world.store.modes[-1] == ("online", "server_healthy")
    await world.supervisor.close()


async def test_without_advanced_switching_only_a_sale_brings_the_register_online():
    world = World(advanced_switching=False, health_check_interval_s=1, reconnection_interval_s=0)
    await world.online()
    await failed(world)
    world.calls.state = "up"
    await world.clock.advance(600)
    assert world.supervisor.mode is Mode.OFFLINE_AUTO
    assert (await world.transaction()).mode is Mode.ONLINE
    await world.supervisor.close()


async def test_advanced_switching_never_comes_online_in_a_transaction_but_as_soon_as_it_is_over():
    world = World(advanced_switching=True, health_check_interval_s=2)
    await world.online()
    world.occupied = True
    await failed(world)
    world.calls.state = "up"
    await world.clock.advance(60)
    assert world.supervisor.mode is Mode.OFFLINE_AUTO
    world.occupied = False
    await world.clock.advance(2)
    assert world.supervisor.mode is Mode.ONLINE
    await world.supervisor.close()


async def test_a_failed_check_begins_the_three_anew():
    world = World(advanced_switching=True, health_check_interval_s=2)
    await world.online()
    await failed(world)
    world.calls.state = "up"
    await world.clock.advance(3)
    world.calls.state = "down"
    await world.clock.advance(3)
    world.calls.state = "up"
    began_s = world.clock.now_s
    await world.clock.advance(3.9)
    assert world.supervisor.mode is Mode.OFFLINE_AUTO
    await world.clock.advance(4)
    assert world.supervisor.mode is Mode.ONLINE
    assert len(healthy_checks(world, began_s)) >= 3
    await world.supervisor.close()


async def test_advanced_switching_never_undoes_what_a_person_pressed():
    world = World(advanced_switching=True, health_check_interval_s=1)
    await world.online()
    await world.supervisor.disconnect()
    asked = len(world.calls.asked)
    await world.clock.advance(60)
    assert world.supervisor.mode is Mode.OFFLINE_MANUAL
    assert len(world.calls.asked) == asked, "no traffic at all"
    await world.supervisor.close()


async def test_advanced_switching_does_not_connect_a_register_that_the_server_refuses():
    world = World(advanced_switching=True, health_check_interval_s=1)
    await world.online()
    world.calls.state = "fenced"
    await world.clock.run(world.calls.lookup())
    await world.clock.advance(120)
    assert world.supervisor.status().word == "BLOCKED"
    await world.supervisor.close()


async def test_advanced_switching_lets_a_sign_in_wait_for_the_server_no_longer_than_300_ms(tmp_path):
    for advanced, least_s, most_s in ((False, 0.9, 1.3), (True, 0.28, 0.6)):
        async with shop_in(tmp_path, advanced_switching=advanced, offline_timeout_s=1) as shop:
            shop.proxy.set(SILENT)
            began_s = time.monotonic()
            answer = await directory_of(shop).find("1001")
            assert least_s < time.monotonic() - began_s < most_s
            assert answer.member.name == "Ann"


@pytest.mark.parametrize("interval_s", [1, 20])
async def test_health_check_interval_s_is_the_time_between_two_checks(interval_s):
    world = World(advanced_switching=True, health_check_interval_s=interval_s)
    await world.online()
    await failed(world)
    world.calls.state = "up"
    await world.clock.advance(interval_s * 2 - 0.1)
    assert world.supervisor.mode is Mode.OFFLINE_AUTO
    await world.clock.advance(interval_s + 0.2)
    assert world.supervisor.mode is Mode.ONLINE
    await world.supervisor.close()


async def test_health_check_interval_s_may_change_while_the_register_waits():
    world = World(advanced_switching=True, health_check_interval_s=3_600)
    await world.online()
    await failed(world)
    world.calls.state = "up"
    await world.clock.advance(300)
    assert world.supervisor.mode is Mode.OFFLINE_AUTO, "heartbeats between two checks do not count"
    put(world, health_check_interval_s=1)
    await world.clock.advance(3.1)
    assert world.supervisor.mode is Mode.ONLINE
    await world.supervisor.close()


# --- a slow server


def answered(world, *times_ms):
    """Calls of the till that the server answered after so many milliseconds."""
    for took_ms in times_ms:
        world.supervisor.call_answered(took_ms / 1_000, online_period=world.supervisor.online_period)


async def test_slow_server_threshold_ms_switches_when_the_p95_of_the_last_twenty_calls_is_over_it():
    world = World(advanced_switching=True, slow_server_threshold_ms=500)
    await world.online()
    answered(world, *[10] * 18, 900)
    assert world.supervisor.mode is Mode.ONLINE, "fewer than twenty calls"
    answered(world, 10)
    assert world.supervisor.mode is Mode.ONLINE, "one slow call of twenty is chance"
    answered(world, 700)
    assert world.supervisor.mode is Mode.OFFLINE_AUTO
    assert world.supervisor.status().reason == (
        f"{NAME} answers too slowly: up to 700 ms, at most 500 ms are allowed"
    )
    await settle()
    assert world.store.modes[-1] == ("offline_auto", "server_slow")
    assert world.supervisor.link_is_up, "records are still uploaded"
    await world.supervisor.close()


@pytest.mark.parametrize(
    "fields",
    [
        {"advanced_switching": False, "slow_server_threshold_ms": 500},
        {"advanced_switching": True, "slow_server_threshold_ms": None},
        {"advanced_switching": True, "slow_server_threshold_ms": 1_000},
    ],
)
async def test_slow_server_threshold_ms_is_off_unless_set_works_only_with_advanced_switching_and_is_a_limit(
    fields,
):
    world = World(**fields)
    await world.online()
    answered(world, *[900] * 40)
    assert world.supervisor.mode is Mode.ONLINE
    await world.supervisor.close()


async def test_slow_server_threshold_ms_over_real_sockets(tmp_path):
    async with shop_in(tmp_path, advanced_switching=True, slow_server_threshold_ms=50) as shop:
        shop.server.delay_s = 0.08
        for _ in range(20):
            answer, _took_s = await shop.find()
            assert answer.source is Source.ONLINE
        assert shop.supervisor.mode is Mode.OFFLINE_AUTO
        assert "answers too slowly" in shop.supervisor.status().sentence
        answer, took_s = await shop.find()
        assert (answer.source, took_s < 0.05) == (Source.OFFLINE, True)


async def test_slow_reconnection_interval_s_has_to_pass_after_a_slow_server_whatever_the_other_interval_says():
    world = World(
        advanced_switching=True,
        slow_server_threshold_ms=500,
        slow_reconnection_interval_s=120,
        reconnection_interval_s=0,
        health_check_interval_s=5,
    )
    await world.online()
    answered(world, *[900] * 20)
    await world.clock.advance(119)
    assert world.supervisor.mode is Mode.OFFLINE_AUTO, "healthy checks wait for the interval too"
    assert (await world.transaction()).mode is Mode.OFFLINE_AUTO
    await world.clock.advance(6)
    assert world.supervisor.mode is Mode.ONLINE
    answered(world, *[900] * 19)
    assert world.supervisor.mode is Mode.ONLINE, "what was slow before counts no more"
    await world.supervisor.close()


async def test_slow_reconnection_interval_s_of_a_new_profile_counts_from_the_switch():
    world = World(advanced_switching=True, slow_server_threshold_ms=500, slow_reconnection_interval_s=7_200)
    await world.online()
    answered(world, *[900] * 20)
    await world.clock.advance(30)
    assert (await world.transaction()).mode is Mode.OFFLINE_AUTO
    put(world, slow_reconnection_interval_s=10)
    assert (await world.transaction()).mode is Mode.ONLINE
    await world.supervisor.close()


async def test_a_slow_health_check_is_not_healthy():
    world = World(advanced_switching=True, slow_server_threshold_ms=100, health_check_interval_s=1)
    await world.online()
    await failed(world)
    world.calls.state, world.calls.delay_s = "up", 0.2
    await world.clock.advance(30)
    assert world.supervisor.mode is Mode.OFFLINE_AUTO
    world.calls.delay_s = 0.05
    await world.clock.advance(5)
    assert world.supervisor.mode is Mode.ONLINE
    await world.supervisor.close()


async def test_a_restart_with_a_sale_open_keeps_the_interval_of_a_slow_server():
    world = World(advanced_switching=True, slow_server_threshold_ms=500, slow_reconnection_interval_s=600)
    await world.online()
    answered(world, *[900] * 20)
    await settle()
    await world.supervisor.close()
    await world.clock.advance(100)
    await world.start(draft_open=True, wait=False)
    left_s = world.supervisor.status().next_attempt_ms / 1_000 - world.clock.wall_ms() / 1_000
    assert 499 < left_s <= 500
    await world.supervisor.close()


# --- the question before a switch


async def test_prompt_on_switch_asks_and_a_yes_switches():
    world = World(prompt_on_switch=True, present=True)
    await world.online()
    world.calls.state = "down"
    await world.clock.run(world.calls.lookup())
    assert world.supervisor.mode is Mode.ONLINE, "nothing switches before the answer"
    assert world.supervisor.question.reason == f"{NAME} refused the connection"
    world.supervisor.answer_switch(True)
    await settle()
    assert world.supervisor.mode is Mode.OFFLINE_AUTO
    assert world.supervisor.question is None
    await world.supervisor.close()


async def test_prompt_on_switch_without_an_answer_switches_after_five_seconds():
    world = World(prompt_on_switch=True, present=True)
    await world.online()
    world.calls.state = "silent"
    await world.clock.run(world.calls.lookup())
    await world.clock.advance(PROMPT_S - 0.01)
    assert world.supervisor.mode is Mode.ONLINE
    await world.clock.advance(0.02)
    assert world.supervisor.mode is Mode.OFFLINE_AUTO
    assert world.supervisor.question is None
    await world.supervisor.close()


async def test_prompt_on_switch_answered_no_tries_the_server_once_more_and_asks_only_once():
    world = World(prompt_on_switch=True, present=True)
    await world.online()
    world.calls.state = "down"
    await world.clock.run(world.calls.lookup())
    world.calls.state = "up"
    world.supervisor.answer_switch(False)
    await world.clock.advance(0.1)
    assert (world.supervisor.mode, world.supervisor.link_is_up) == (Mode.ONLINE, True)
    world.calls.state = "down"
    await world.clock.run(world.calls.lookup())
    assert world.supervisor.question is None
    assert world.supervisor.mode is Mode.OFFLINE_AUTO, "asked once is enough"
    await world.supervisor.close()


async def test_prompt_on_switch_answered_no_switches_when_the_server_is_still_away():
    world = World(prompt_on_switch=True, present=True)
    await world.online()
    world.calls.state = "down"
    await world.clock.run(world.calls.lookup())
    world.supervisor.answer_switch(False)
    await world.clock.advance(1)
    assert world.supervisor.mode is Mode.OFFLINE_AUTO
    await world.supervisor.close()


async def test_prompt_on_switch_asks_again_after_an_answered_call_and_after_coming_back():
    world = World(prompt_on_switch=True, present=True, reconnection_interval_s=0)
    await world.online()
    for _ in range(2):
        world.calls.state = "down"
        await world.clock.run(world.calls.lookup())
        assert world.supervisor.question is not None
        world.calls.state = "up"
        world.supervisor.answer_switch(False)
        await world.clock.advance(0.1)
        answered(world, 5)
    world.calls.state = "down"
    await world.clock.run(world.calls.lookup())
    world.supervisor.answer_switch(True)
    await settle()
    world.calls.state = "up"
    await world.clock.advance(10)
    assert (await world.transaction()).mode is Mode.ONLINE
    world.calls.state = "down"
    await world.clock.run(world.calls.lookup())
    assert world.supervisor.question is not None
    await world.supervisor.close()


async def test_prompt_on_switch_asks_again_when_a_call_was_answered_while_the_server_was_tried():
    world = World(prompt_on_switch=True, present=True)
    await world.online()
    world.calls.state = "down"
    await world.clock.run(world.calls.lookup())
    world.calls.state = "up"
    world.supervisor.answer_switch(False)
    await settle()
    answered(world, 5)  # a scan that overtakes the head request
    await world.clock.advance(0.1)
    world.calls.state = "down"
    await world.clock.run(world.calls.lookup())
    assert world.supervisor.question is not None
    await world.supervisor.close()


@pytest.mark.parametrize(("prompt_on_switch", "present"), [(False, True), (True, False)])
async def test_prompt_on_switch_asks_nobody_when_it_is_off_or_nobody_is_signed_in(prompt_on_switch, present):
    world = World(prompt_on_switch=prompt_on_switch, present=present)
    await world.online()
    await failed(world)
    assert world.supervisor.question is None
    await world.supervisor.close()


async def test_prompt_on_switch_asks_before_a_slow_server_switches_too():
    world = World(prompt_on_switch=True, present=True, advanced_switching=True, slow_server_threshold_ms=500)
    await world.online()
    answered(world, *[900] * 20)
    assert "answers too slowly" in world.supervisor.question.reason
    assert world.supervisor.mode is Mode.ONLINE
    await world.clock.advance(PROMPT_S)
    assert world.supervisor.mode is Mode.OFFLINE_AUTO
    waits_ms = world.supervisor.status().next_attempt_ms - world.clock.wall_ms()
    assert waits_ms > 590_000, "the interval is that of a slow server"
    await world.supervisor.close()


@pytest.mark.parametrize("what", ["disconnect", "fenced"])
async def test_prompt_on_switch_is_withdrawn_when_the_mode_moves_by_something_else(what):
    world = World(prompt_on_switch=True, present=True)
    await world.online()
    world.calls.state = "down"
    await world.clock.run(world.calls.lookup())
    assert world.supervisor.question is not None
    if what == "disconnect":
        await world.supervisor.disconnect()
    else:
        world.supervisor.refused("fenced", "a newer enrolment exists")
    assert world.supervisor.question is None
    moved = world.supervisor.mode
    await world.clock.advance(PROMPT_S + 1)
    assert world.supervisor.mode is moved
    await world.supervisor.close()


async def test_prompt_on_switch_lets_known_items_be_sold_and_an_unknown_one_wait_for_the_answer(tmp_path):
    async with shop_in(tmp_path, prompt_on_switch=True, retry_count=0) as shop:
        shop.server.only_here["gtin:00000000000017"] = ("9", "Only at the server", 5)
        shop.present = True
        await shop.proxy.unplug()
        answer, took_s = await shop.find()
        assert (answer.source, took_s < 0.15) == (Source.OFFLINE, True)
        assert shop.supervisor.mode is Mode.ONLINE
        waiting = asyncio.ensure_future(shop.find(UNKNOWN_KEYS))
        await asyncio.sleep(0.1)
        assert not waiting.done(), "the item in flight waits; it is not lost"
        answer, took_s = await shop.find()
        assert (answer.source, took_s < 0.15) == (Source.OFFLINE, True)
        await shop.proxy.plug_in()
        shop.supervisor.answer_switch(False)
        answer, _took_s = await waiting
        assert isinstance(answer, ItemFound)
        assert (answer.item.name, answer.source) == ("Only at the server", Source.ONLINE)
        assert shop.supervisor.mode is Mode.ONLINE


async def test_prompt_on_switch_ends_with_the_register(tmp_path):
    async with shop_in(tmp_path, prompt_on_switch=True) as shop:
        shop.present = True
        await shop.proxy.unplug()
        await shop.find()
        assert shop.supervisor.question is not None


# --- no field without a test


def test_every_field_of_the_profile_has_a_test_that_names_it():
    names = set()
    for path in TESTS.rglob("test_*.py"):
        names.update(
            re.findall(r"^\s*(?:async )?def (test_\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)
        )
    fields = [field.name for field in msgspec.structs.fields(OfflineProfile)]
    assert [field for field in fields if not any(field in name for name in names)] == []

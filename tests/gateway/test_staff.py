"""Who an operator is, over real sockets: the server's word while it can be had, else the catalog's."""

import time

import pytest

from fault_proxy import RESET, SILENT
from gateway_shop import directory_of, shop_in
from store.exchange.delivery import WireStaff
from store.gateway.gateway import Source

ANN = WireStaff(
    number="1001", name="Ann at headquarters", role="manager", salt="", hash="new", permissions="sell"
)


async def timed(awaitable):
    began_s = time.monotonic()
    return await awaitable, time.monotonic() - began_s


async def test_online_the_server_says_who_an_operator_is(tmp_path):
    async with shop_in(tmp_path) as shop:
        shop.server.staff["1001"] = ANN
        answer = await directory_of(shop).find("1001")
        assert (answer.member.name, answer.member.hash, answer.member.permissions) == (
            ANN.name,
            "new",
            "sell",
        )
        assert (answer.source, answer.known) == (Source.ONLINE, True)


async def test_online_an_operator_the_server_does_not_know_is_nobody_whatever_the_catalog_says(tmp_path):
    async with shop_in(tmp_path) as shop:
        assert shop.catalog.operator("1001") is not None
        answer = await directory_of(shop).find("1001")
        assert (answer.member, answer.source, answer.known) == (None, Source.ONLINE, True)
        assert shop.supervisor.status().word == "ONLINE"


@pytest.mark.parametrize("fault", [SILENT, RESET])
async def test_a_server_that_dies_at_the_sign_in_costs_the_timeout_and_the_catalog_answers(tmp_path, fault):
    async with shop_in(tmp_path, offline_timeout_s=0.4) as shop:
        shop.server.staff["1001"] = ANN
        shop.proxy.set(fault)
        answer, took_s = await timed(directory_of(shop).find("1001"))
        assert (answer.member.name, answer.source, answer.known) == ("Ann", Source.OFFLINE, True)
        assert took_s < 0.6
        assert shop.supervisor.status().word == "OFFLINE auto"


async def test_a_server_of_the_last_version_knows_no_staff_and_the_catalog_answers_without_going_offline(
    tmp_path,
):
    async with shop_in(tmp_path) as shop:
        shop.server.problem = (404, "not-found", "There is nothing here.")
        answer = await directory_of(shop).find("1001")
        assert (answer.member.name, answer.source) == ("Ann", Source.OFFLINE)
        assert shop.supervisor.status().word == "ONLINE"


async def test_a_busy_server_is_tried_again_within_the_time_and_then_the_catalog_answers(tmp_path):
    async with shop_in(tmp_path, retry_count=2) as shop:
        shop.server.problem = (503, "busy", "Later.")
        shop.server.requests.clear()
        answer = await directory_of(shop).find("1001")
        assert answer.source is Source.OFFLINE
        assert shop.server.requests.count("/staff/1001") == 3
        assert shop.supervisor.link_is_up, "it answered, so the link is fine"


async def test_offline_the_catalog_answers_at_once_and_nothing_is_asked(tmp_path):
    async with shop_in(tmp_path) as shop:
        await shop.supervisor.disconnect()
        shop.server.requests.clear()
        answer, took_s = await timed(directory_of(shop).find("1001"))
        assert (answer.member.name, answer.source) == ("Ann", Source.OFFLINE)
        assert took_s < 0.1
        assert shop.server.requests == []


async def test_without_any_catalog_the_server_is_asked_in_offline_auto_too(tmp_path):
    async with shop_in(tmp_path, reconnection_interval_s=600) as shop:
        shop.server.staff["1001"] = ANN
        shop.supervisor.call_failed("a fault")
        assert shop.supervisor.status().word == "OFFLINE auto"
        answer = await directory_of(shop, catalog=False).find("1001")
        assert (answer.member.name, answer.source) == (ANN.name, Source.ONLINE)


@pytest.mark.parametrize("by_hand", [True, False])
async def test_without_catalog_and_server_nobody_can_say(tmp_path, by_hand):
    async with shop_in(tmp_path, offline_timeout_s=0.2) as shop:
        if by_hand:
            await shop.supervisor.disconnect()
        else:
            await shop.proxy.unplug()
        answer = await directory_of(shop, catalog=False).find("1001")
        assert (answer.member, answer.known) == (None, False)


async def test_a_number_goes_into_the_path_as_it_is_and_cannot_leave_it(tmp_path):
    async with shop_in(tmp_path) as shop:
        answer = await directory_of(shop).find("../items")
        assert answer.member is None
        assert shop.server.last.raw_path == "/staff/..%2Fitems"


async def test_whose_badge_it_is_says_the_server_while_online_else_the_catalog(tmp_path):
    async with shop_in(tmp_path, offline_timeout_s=0.4) as shop:
        shop.server.badges = {"ab" * 32: "1001", "cd" * 32: ""}
        directory = directory_of(shop, badges={"ef" * 32: "1002", "ab" * 32: "1002"})
        assert await directory.badge_holder("ab" * 32) == "1001"
        assert await directory.badge_holder("cd" * 32) == "", "it was taken away"
        assert await directory.badge_holder("ef" * 32) == "1002", "no register has said anything of it"
        assert await directory.badge_holder("00" * 32) is None
        shop.server.problem = (404, "not-found", "There is nothing here.")
        assert await directory.badge_holder("ab" * 32) == "1002", (
            "a server of the last version knows no badges"
        )
        shop.server.problem = None
        shop.proxy.set(SILENT)
        found, took_s = await timed(directory.badge_holder("ab" * 32))
        assert (found, took_s < 0.6) == ("1002", True)
        shop.proxy.set(None)
        await shop.supervisor.disconnect()
        shop.server.requests.clear()
        assert await directory.badge_holder("ef" * 32) == "1002"
        assert shop.server.requests == []

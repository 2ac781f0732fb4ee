"""Fault 12: a certificate that is over, or by another authority, blocks the link with its reason; selling goes on."""

import time

import pytest

from authorities import TestAuthority
from gateway_shop import shop_in
from store.gateway.errors import ServerRefused

BLOCKED, ONLINE = "BLOCKED", "ONLINE"
WHY = "shows a certificate that this register does not trust"


@pytest.fixture
def authority():
    return TestAuthority(time.time_ns() // 1_000_000)


async def becomes_blocked(shop):
    await shop.word_becomes(BLOCKED, 8)
    assert WHY in shop.supervisor.status().reason
    answer, took_s = await shop.find()
    assert (answer.item is not None and answer.item.sku == "4001") or answer.item.name
    assert answer.source.value == "offline" and took_s < 1


async def test_the_stores_own_authority_is_enough(tmp_path, authority):
    async with shop_in(tmp_path, tls=authority.context(), ca_file=authority.file(tmp_path)) as shop:
        assert (await shop.find())[0].source.value == "online"


async def test_a_certificate_that_is_over_blocks_and_selling_goes_on(tmp_path, authority):
    tls = authority.context(days=30, age_days=31)
    async with shop_in(tmp_path, tls=tls, ca_file=authority.file(tmp_path)) as shop:
        await becomes_blocked(shop)


async def test_another_authority_blocks_and_selling_goes_on(tmp_path, authority):
    other = TestAuthority(authority.now_ms, serial=99)
    async with shop_in(tmp_path, tls=other.context(), ca_file=authority.file(tmp_path)) as shop:
        await becomes_blocked(shop)


async def test_a_certificate_for_another_name_blocks(tmp_path, authority):
    tls = authority.context(names=("other.example",))
    async with shop_in(tmp_path, tls=tls, ca_file=authority.file(tmp_path)) as shop:
        await becomes_blocked(shop)


async def test_without_the_authority_those_of_the_system_do_not_do(tmp_path, authority):
    async with shop_in(tmp_path, tls=authority.context()) as shop:
        await becomes_blocked(shop)


async def test_an_authority_that_changes_while_selling_blocks_until_the_right_one_is_back(
    tmp_path, authority
):
    other = TestAuthority(authority.now_ms, serial=99)
    facts = {"ca_file": authority.file(tmp_path), "reconnection_interval_s": 0}
    async with shop_in(tmp_path, tls=authority.context(), **facts) as shop:
        assert (await shop.find())[0].source.value == "online"
        await shop.server.stop()
        shop.server.tls = other.context()
        await shop.server.start()
        await shop.find()
        await becomes_blocked(shop)
        await shop.server.stop()
        shop.server.tls = authority.context()
        await shop.server.start()
        await shop.comes_back(limit_s=40)


async def test_plain_http_behind_a_tls_address_is_no_way_in(tmp_path, authority):
    async with shop_in(tmp_path, tls=None, ca_file=authority.file(tmp_path), scheme="https") as shop:
        answer, _ = await shop.find()
        assert answer.source.value == "offline"
        assert shop.server.requests == []
        with pytest.raises(Exception, match="secure connection"):
            await shop.client.health(deadline_s=2)


async def test_a_refusal_of_the_certificate_says_so(tmp_path, authority):
    async with shop_in(tmp_path, tls=authority.context()) as shop:
        with pytest.raises(ServerRefused) as refused:
            await shop.client.health(deadline_s=2)
        assert (refused.value.kind, refused.value.status) == ("certificate", 0)

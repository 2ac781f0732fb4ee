"""Customers as the till asks for them, over real sockets: at once from here, the server's word with it; no errors."""

import asyncio
import contextlib
import time

import pytest

from catalog_files import build_catalog
from fault_proxy import RESET, SILENT
from gateway_shop import shop_in
from store.exchange.customers import WireCustomer
from store.gateway.catalog_customers import best, search_words
from store.gateway.customers import CustomerDirectory, NoCustomers
from store.gateway.gateway import Source
from store.gateway.offline import OfflineCatalog

BERG = {
    "number": "C1",
    "name": "Maria Berg",
    "detail": '{"phone":"+49 30 123456"}',
    "card": "K1",
    "digits": "4930123456",
}
ROWS = [
    {**BERG, "ends": BERG["digits"][::-1]},
    {
        "number": "C2",
        "name": "Marius Hill",
        "detail": '{"merged_into":"C1"}',
        "card": "K2",
        "digits": "",
        "ends": "",
    },
    {"number": "C3", "name": "Ann Maria", "detail": "", "card": "", "digits": "17155", "ends": "55171"},
    {"number": "R1", "name": "Ring", "detail": '{"merged_into":"R1"}', "card": "", "digits": "", "ends": ""},
]


@contextlib.contextmanager
def catalog_in(folder):
    build_catalog(
        {"customer": ROWS, "account": [{"customer": "C1", "balance": 700, "elsewhere": 0, "as_of_ms": 9}]},
        folder / "c.db",
        created_ms=5,
    )
    with contextlib.closing(OfflineCatalog(folder / "c.db")) as catalog:
        yield catalog


@contextlib.asynccontextmanager
async def directory_in(folder, **profile):
    with catalog_in(folder) as catalog:
        async with shop_in(folder, **profile) as shop:
            directory = CustomerDirectory(
                client=shop.client,
                connection=shop.supervisor,
                catalog=lambda: catalog,
                profile=lambda: shop.profile,
                clock=shop.clock,
            )
            shop.server.customers = {
                "C1": WireCustomer(number="C1", name="Maria Berg-New", detail='{"group":"A"}')
            }
            try:
                yield shop, directory
            finally:
                await directory.close()


def names(hits):
    return [one.name for one in hits.customers]


# -- the catalog


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("mari", ["C1", "C3"]),
        ("berg", ["C1"]),
        ("MARIA", ["C1", "C3"]),
        ("ma", ["C1"]),
        ("030 123", []),
        ("3456", ["C1"]),
        ("0171", ["C3"]),
        ("+49 30", ["C1"]),
        ("k1", []),
        ("K1", ["C1"]),
        ("c3", ["C3"]),
        ("hill", []),
        ("  ", []),
        ("'\"%_", []),
    ],
)
def test_customers_are_found_by_name_both_ends_of_the_telephone_number_card(tmp_path, text, found):
    with catalog_in(tmp_path) as catalog:
        assert [one.number for one in catalog.customers(text, 9)] == found


@pytest.mark.parametrize(
    ("code", "number"),
    [("C1", "C1"), ("K1", "C1"), ("C2", "C1"), ("K2", "C1"), ("R1", None), ("x", None), ("", None)],
)
def test_number_and_card_lead_to_who_somebody_is_now(tmp_path, code, number):
    with catalog_in(tmp_path) as catalog:
        found = catalog.customer_by_code(code)
        assert (found.number if found else None) == number


def test_the_best_come_first(tmp_path):
    with catalog_in(tmp_path) as catalog:
        found = [one for number in ("C3", "C1") if (one := catalog.customer(number))]
    assert [one.number for one in best(found, search_words("maria"), 9)] == ["C1", "C3"]
    assert [one.number for one in best(found, search_words("c3"), 9)][:1] == ["C3"]


# -- with the server


async def test_who_a_customer_is_and_owes_is_the_server_s_word_while_it_is_there(tmp_path):
    async with directory_in(tmp_path) as (shop, directory):
        answer = await directory.find("C1")
        assert (answer.customer.name, answer.customer.detail, answer.source) == (
            "Maria Berg-New",
            {"group": "A"},
            Source.ONLINE,
        )
        assert (answer.account.balance, answer.account.final) == (1_234, True)
        nobody = await directory.find("C3")
        assert (nobody.customer, nobody.source) == (None, Source.ONLINE), (
            "whom the server does not know is nobody"
        )
        assert shop.supervisor.status().word == "ONLINE"


@pytest.mark.parametrize("fault", [SILENT, RESET])
async def test_a_server_that_dies_costs_the_timeout_and_the_catalog_answers(tmp_path, fault):
    async with directory_in(tmp_path, offline_timeout_s=0.4) as (shop, directory):
        shop.proxy.set(fault)
        began_s = time.monotonic()
        answer = await directory.find("K1")
        assert time.monotonic() - began_s < 0.7
        assert (answer.customer.name, answer.source) == ("Maria Berg", Source.OFFLINE)
        assert (answer.account.balance, answer.account.as_of_ms, answer.account.final) == (700, 9, False)
        assert shop.supervisor.status().word == "OFFLINE auto"


async def test_a_server_of_the_last_version_knows_no_customers_and_the_catalog_answers(tmp_path):
    async with directory_in(tmp_path) as (shop, directory):
        shop.server.problem = (404, "not-found", "There is nothing here.")
        assert (await directory.find("C1")).customer.name == "Maria Berg"
        hits = await directory.search_all("mari", 9)
        assert (names(hits), hits.source) == (["Maria Berg", "Ann Maria"], Source.OFFLINE)
        assert shop.supervisor.status().word == "ONLINE"


async def test_both_are_one_list_and_the_server_s_word_wins(tmp_path):
    async with directory_in(tmp_path) as (_shop, directory):
        hits = await directory.search_all("mari", 9)
        assert (names(hits), hits.complete, hits.source) == (
            ["Maria Berg-New", "Ann Maria"],
            True,
            Source.ONLINE,
        )
        assert (names(await directory.search("", 9)), names(await directory.search("zzz", 9))) == ([], [])


async def test_a_slow_server_holds_up_no_list_and_its_word_comes_later(tmp_path):
    async with directory_in(tmp_path) as (shop, directory):
        shop.server.delay_s, shop.server.slow_requests = 0.3, 99
        began_s = time.monotonic()
        first = await directory.search("mari", 9)
        assert time.monotonic() - began_s < 0.15
        assert (names(first), first.complete) == (["Maria Berg", "Ann Maria"], False)
        asked = shop.server.requests.count("/customers")
        whole = await directory.search_all("mari", 9)
        assert (names(whole), whole.complete) == (["Maria Berg-New", "Ann Maria"], True)
        assert shop.server.requests.count("/customers") == asked == 1, "the same search is asked for once"


async def test_typing_on_never_floods_the_server(tmp_path):
    async with directory_in(tmp_path) as (shop, directory):
        shop.server.delay_s, shop.server.slow_requests = 0.2, 99
        texts = ["m", "ma", "mar", "mari", "maria"]
        hits = await asyncio.gather(*(directory.search(text, 9) for text in texts))
        assert all(names(one)[0] == "Maria Berg" for one in hits)
        assert shop.server.requests.count("/customers") <= 2


async def test_offline_nobody_waits_for_a_server(tmp_path):
    async with directory_in(tmp_path) as (shop, directory):
        await shop.supervisor.disconnect()
        hits = await directory.search_all("mari", 9)
        assert (names(hits), hits.complete, hits.source) == (
            ["Maria Berg", "Ann Maria"],
            True,
            Source.OFFLINE,
        )
        assert "/customers" not in shop.server.requests


async def test_a_till_without_customers_knows_nobody():
    nobody = NoCustomers()
    assert (await nobody.find("x")).customer is None
    assert (await nobody.search_all("x", 1)).customers == ()

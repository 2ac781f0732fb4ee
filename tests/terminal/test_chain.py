"""A chain from nothing, by commands: set up, sent, enrolled, signed in, sold offline, and back at headquarters."""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from chain import Chain
from pty_terminal import Terminal
from server_postgres import postgres_server
from shop import eventually
from shop_hand import F12, shows_total, sign_on
from shop_network import Network
from store.database.postgres import PostgresConnection

pytestmark = pytest.mark.serial
R01, R02 = "S0001-R01", "S0001-R02"
MILK, FINELINER = "4099000000017", "4006381333931"


@pytest.fixture(scope="module")
def postgres() -> Iterator[Callable[[], str]]:
    """Makes an empty database in a PostgreSQL of our own and answers its URL."""
    with postgres_server() as url:
        admin = PostgresConnection.open(url.format("postgres"))
        numbers = count(1)

        def fresh() -> str:
            name = f"chain_{next(numbers)}"
            admin.execute(f"create database {name}")
            return url.format(name)

        yield fresh
        admin.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def chain(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Chain]:
    url = request.getfixturevalue("postgres")() if request.param == "postgresql" else ""
    chain = Chain(tmp_path, url)
    try:
        yield chain
    finally:
        chain.close()


def open_shift(till: Terminal) -> None:
    """Sign in for the first time ever, wait for the shop's data, declare the start amount."""
    sign_on(till)
    till.wait_for("start amount", timeout_s=30)
    till.send("100.00\r")
    till.wait_for("TOTAL")


def sell(till: Terminal, register: str, *codes_and_totals: tuple[str, int]) -> None:
    for code, total in codes_and_totals:
        till.send(f"{code}\r")
        till.wait_until(lambda text, total=total: shows_total(text, total), what=f"{code} sold")
    till.send(F12)
    till.wait_for("DUE")
    till.send("\r")
    till.wait_for("CHANGE", f"Receipt {register}-")


def rows_of(chain: Chain, register: str) -> dict[str, int]:
    return {row["name"]: row["rows"] for row in chain.ask_till(register, "status")["data_sets"]}


def test_chain_is_set_up_by_commands_alone_and_an_offline_sale_reaches_headquarters(chain: Chain):
    chain.start_headquarters()
    chain.start_server()
    chain.set_up(R01, R02)
    network = Network(chain.server_port)
    try:
        chain.activate(R01, network.url)
        chain.activate(R02)
        assert not list(chain.till(R01).glob("catalog-*.db"))  # nothing before the first sign-in
        till = chain.register(R01)
        open_shift(till)
        eventually(lambda: sum(rows_of(chain, R01).values()) > 5, 30, "the offline database fills")
        sell(till, R01, (MILK, 109))
        till.wait_for(" ONLINE", "up 0")

        network.unplug()
        sell(till, R01, (MILK, 109), (FINELINER, 109 + 129))
        till.wait_for("OFFLINE auto", "up 1")
        network.plug_in()
        till.wait_for("up 0", timeout_s=30)
        sell(till, R01, (FINELINER, 129))
        till.wait_for(" ONLINE")

        other = chain.register(R02)
        open_shift(other)
        sell(other, R02, (FINELINER, 129))
        other.wait_for("up 0")
        totals_of_headquarters_equal_the_journals(chain)
    finally:
        network.close()


def totals_of_headquarters_equal_the_journals(chain: Chain) -> None:
    def sales(rows: list[dict[str, object]]) -> list[tuple[object, ...]]:
        return sorted(
            (row["series"], row["seq"], row["txn_id"], row["total"]) for row in rows if row["kind"] == "sale"
        )

    ours = sorted(
        row for register in (R01, R02) for row in sales(chain.ask_till(register, "journal", "list"))
    )
    assert [row[3] for row in ours] == [109, 238, 129, 129]
    chain.hq("job", "run", "P-0001")
    eventually(
        lambda: sales(chain.ask_hq("transaction", "list")) == ours, 20, "headquarters has every sale once"
    )
    states = {row["state"] for row in chain.ask_hq("transaction", "list")}
    assert states == {"posted"}
    assert chain.ask_hq("quarantine", "list") == []
    assert chain.ask_hq("difference", "list") == []


def test_a_changed_price_is_in_the_channel_database_and_on_the_register_without_a_restart(chain: Chain):
    chain.start_headquarters()
    chain.start_server()
    chain.set_up(R01)
    chain.hq("offline-profile", "set", "OP1", "--download-interval", "1")
    chain.hq("job", "run", "1070")
    chain.activate(R01)
    till = chain.register(R01)
    open_shift(till)
    assert "1020" in chain.hq("price", "set", MILK, "1.19")
    chain.hq("job", "run", "1020")
    eventually(
        lambda: all(row["status"] == "Applied" for row in chain.ask_hq("session", "list", "--limit", "4")),
        20,
        "both databases have it",
    )
    sell(till, R01, (MILK, 119))
    chain.end("server", 9)
    sell(till, R01, (MILK, 119))
    till.wait_for("OFFLINE auto")

"""A real core that synchronises: from its first sign-in, through kill -9, with what headquarters says in force."""

import asyncio
import json
import signal

from catalog_files import History
from core_home import shop_tables
from store.register.control.client import ask
from store.register.control.messages import Command
from sync_shop import MILK, REGISTER, core_shop, hand_at, register_row, running_core, status, tables, until

PLAIN = tables()
MANY = tables(
    item=[
        *shop_tables()["item"],
        *(
            {"sku": f"x{n}", "name": f"Item number {n} of many", "price": n, "tax": "B"}
            for n in range(60_000)
        ),
    ]
)


async def in_thread(work, *args, **more):
    return await asyncio.to_thread(lambda: work(*args, **more))


async def sign_on(hand):
    """By the server's word: there is no catalog yet."""
    for text in ("101", "101101"):
        assert await in_thread(hand.enter, text) == "done", hand.view["message"]


async def begin_sale(hand):
    async def opened():
        if hand.view["mode"] == "shift":
            await in_thread(hand.enter, "0")
        return hand.view["mode"] == "idle"

    await until(opened)


async def test_data_comes_with_the_first_sign_in_is_said_to_be_on_its_way_and_taken_at_once(tmp_path):
    async with core_shop(tmp_path, History(PLAIN).full(1)) as (depot, home, _):
        depot.hold = asyncio.Event()
        async with running_core(home) as core, hand_at(home) as hand:
            await asyncio.sleep(1.5)
            assert depot.asked == [], "nothing is asked before somebody has signed in"
            await sign_on(hand)
            await until(lambda: _true(depot.chunks_asked))
            facts = await in_thread(core.query, "connection")
            assert facts["last_sync"].startswith("syncing now: downloading 9999 All jobs, part 1 of ")
            assert facts["readiness"].startswith("Not ready to sell offline: 1040 Products")
            await in_thread(hand.enter, "100")
            assert "The shop's data is on its way" in hand.view["message"]["text"]
            depot.hold.set()
            await begin_sale(hand)
            assert await in_thread(hand.do, "scan", MILK) == "sold"
            said = await status(core)
            assert (said["pending_downloads"], said["sync"]["started"]) == (0, True)
        await in_thread(core.end)
        depot.asked.clear()
        async with running_core(home):
            await until(lambda: _true(depot.asked))


async def _true(value):
    return value


async def test_core_killed_in_the_middle_of_a_download_goes_on_where_it_was(tmp_path):
    package = History(MANY).full(1)
    async with core_shop(tmp_path, package) as (depot, home, _):
        async with running_core(home) as core, hand_at(home) as hand:
            depot.hold = asyncio.Event()
            await sign_on(hand)
            await until(lambda: _true(depot.chunks_asked))
            depot.hold.set()
            depot.hold = None
            await until(lambda: _true(len(depot.chunks_asked) >= 2))
            core.process.send_signal(signal.SIGKILL)
            await in_thread(core.process.wait, 5)
        complete = {
            path.name for path in (home.path / "packages" / "chunks").iterdir() if len(path.name) == 64
        }
        before = len(depot.chunks_asked)
        async with running_core(home) as core:
            await until(lambda: applied(core))
        asked_again = {name for name, _ in depot.chunks_asked[before:]}
        assert not complete & asked_again, "what was complete is not fetched twice"


async def applied(core):
    said = await status(core)
    return any(row["status"] == "Applied" for row in said["downloads"])


async def test_core_killed_while_it_applies_comes_back_sells_by_the_old_data_and_applies_again(tmp_path):
    history = History(PLAIN, MANY)
    async with core_shop(tmp_path, history.full(1)) as (depot, home, _):
        async with running_core(home) as core, hand_at(home) as hand:
            await sign_on(hand)
            await begin_sale(hand)
            depot.put(history.delta(2))

            async def applying():
                return (await status(core))["sync"]["step"].startswith("applying")

            await until(applying)
            core.process.send_signal(signal.SIGKILL)
            await in_thread(core.process.wait, 5)
        assert not (home.path / "catalog-2.db").exists()
        async with running_core(home) as core, hand_at(home) as hand:
            assert (await status(core))["data_sets"], "the old data is in use"
            await until(lambda: applied_seq(core, 2))
            assert await in_thread(hand.do, "scan", MILK) in ("sold", "refused")
        assert [path.name for path in home.path.glob("*.new-*")] == []


async def applied_seq(core, seq):
    rows = (await status(core))["downloads"]
    return any((row["status"], row["package_seq"]) == ("Applied", seq) for row in rows)


async def test_selling_is_answered_while_a_large_package_is_applied_and_memory_stays_small(tmp_path):
    import psutil

    history = History(PLAIN, MANY)
    async with core_shop(tmp_path, history.full(1)) as (depot, home, _):
        async with running_core(home) as core, hand_at(home) as hand:
            await sign_on(hand)
            await begin_sale(hand)
            assert await in_thread(hand.do, "scan", MILK) == "sold"
            depot.put(history.delta(2))
            memory = psutil.Process(core.process.pid)
            most = 0
            sold = 1

            async def ready():
                nonlocal most, sold
                most = max(most, memory.memory_info().rss)
                assert await in_thread(hand.do, "scan", MILK) == "sold"
                sold += 1
                return await applied_seq(core, 2)

            await until(ready, 30)
            assert hand.view["count"] == sold
            assert most < 70 * 1024 * 1024, f"{most / 2**20:.0f} MiB"
            data = (await status(core))["pending_downloads"]
            assert data == 1, "ready, and in use from the next sale on"


async def test_devices_and_profile_of_headquarters_come_into_force_with_the_next_sale(tmp_path):
    paper = tmp_path / "paper.bin"
    row = register_row(profile="OP1", devices={"printer": f"file:{paper}", "drawer": "none"})
    profile = {"code": "OP1", "detail": json.dumps({"manual_switch_before_sign_in": False})}
    history = History(PLAIN, tables(register=[row], offline_profile=[profile]))
    async with core_shop(tmp_path, history.full(1)) as (depot, home, _):
        async with running_core(home) as core, hand_at(home) as hand:
            await sign_on(hand)
            await begin_sale(hand)
            assert (await status(core))["devices"] == []
            depot.put(history.delta(2))
            await until(lambda: applied_seq(core, 2))
            assert (await status(core))["devices"] == [], "not before a transaction begins"
            assert await in_thread(hand.do, "scan", MILK) == "sold"

            async def printer():
                return [device["kind"] for device in (await status(core))["devices"]] == ["printer"]

            await until(printer)
            await in_thread(hand.do, "operation", operation=206)
            await until(lambda: _true(paper.exists() and b"milk" in paper.read_bytes()))
            await in_thread(hand.do, "operation", operation=701)
            outcome = await in_thread(hand.do, "operation", "disconnect", operation=917)
            assert outcome == "refused", "the profile forbids it before sign-in"


async def test_register_without_an_offline_database_sells_online_only_and_says_so(tmp_path):
    history = History(tables(register=[register_row(support_offline=0)]))
    async with core_shop(tmp_path, history.full(1)) as (depot, home, _):
        depot.support_offline = False
        async with running_core(home) as core, hand_at(home) as hand:
            await sign_on(hand)
            await begin_sale(hand)
            assert await in_thread(hand.do, "scan", MILK) == "sold"

            async def says_so():
                facts = await in_thread(core.query, "connection")
                assert not facts["supports_offline"]
                return facts["last_sync"].startswith("offline not supported on this register; ")

            await until(says_so)
            said = await in_thread(core.command, "disconnect")
            assert said == {
                "done": False,
                "sentence": "This register has no offline database (Support offline is no), so it cannot disconnect.",
            }
            depot.status = 503
            assert await in_thread(hand.do, "scan", MILK) == "refused"
            assert (
                "the server does not answer; this register has no offline database"
                in (hand.view["message"]["text"])
            )
            assert hand.view["count"] == 1
            assert await in_thread(hand.do, "operation", operation=206) == "done"
            assert hand.view["paid"]["total"] == 109, "what was scanned can be paid"
            assert await in_thread(hand.do, "scan", MILK) == "refused"
            depot.status = 0

            async def sells():
                return await in_thread(hand.do, "scan", MILK) == "sold"

            await until(sells)


async def test_sync_now_by_operation_and_by_command_reports_its_end(tmp_path):
    history = History(PLAIN, tables(department=[{"code": "11", "name": "Drinks", "tax": "B", "position": 1}]))
    async with core_shop(tmp_path, history.full(1), profile="download_interval_s = 3600") as (
        depot,
        home,
        _,
    ):
        async with running_core(home) as core, hand_at(home) as hand:
            said = await in_thread(core.command, "sync")
            assert (said["end"], said["applied"]) == ("refused", 0)
            await sign_on(hand)
            await begin_sale(hand)
            depot.put(history.delta(2))
            said = await in_thread(ask, home.socket, Command(id=1, kind="sync"), "0", 20.0)
            assert (said["applied"], said["end"]) == (1, "failed"), "the depot takes no records"
            assert "Downloads are done; " in said["sentence"]
            assert await in_thread(hand.do, "operation", operation=9120) == "done"
            await in_thread(hand.read, "Synchronising.")
            asked = len(depot.asked)
            await until(lambda: _true(len(depot.asked) >= asked))
            assert depot.registers[-1].register == REGISTER

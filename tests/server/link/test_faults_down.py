"""Whatever goes wrong on the way down: nothing half-loaded, nothing lost, and headquarters hears of it."""

import asyncio
import shutil

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

import server_world
from server_headquarters import KEYS, headquarters, linked_world, until
from server_world import PACKAGE_KEY, REGISTER, STORE, TABLES, MemoryKeyring
from store.exchange.delivery import Feed
from store.exchange.package import build_package
from store.server.link import feed
from store.service.channel import Channel
from store.service.health import beat


@pytest.fixture
async def hq(tmp_path):
    async with headquarters(tmp_path / "hq") as made:
        yield made


@pytest.fixture
async def world(tmp_path, hq):
    async with linked_world(tmp_path / "srv", hq) as world:
        yield world


def cheaper(price):
    return TABLES | {"item": [TABLES["item"][0] | {"price": price}, *TABLES["item"][1:]]}


async def applied(world):
    return (await world.sql(f"select applied_seq from store where store_id = '{STORE}'") or [(0,)])[0][0]


async def at(world, seq):
    async def reached():
        return await applied(world) == seq

    await until(reached)


async def prices(world):
    return [row[0] for row in await world.sql("select price from item order by sku")]


def flipped(data):
    return bytes([data[0] ^ 1]) + data[1:], None


def once(fault):
    left = [fault]

    def apply(data):
        return left.pop()(data) if left else (data, None)

    return apply


def largest_chunk(hq):
    return max(hq.chunks, key=lambda sha256: len(hq.chunks[sha256]))


async def test_a_download_cut_at_every_byte_resumes_where_it_stopped(world, hq):
    names = [f"Käse {number} {number * 7919 % 1000003}" for number in range(40)]
    items = [{"sku": f"{n:04}", "name": name, "price": n} for n, name in enumerate(names)]
    hq.publish(1, TABLES | {"item": items, "barcode": []}, ring=False)
    sha256 = largest_chunk(hq)
    size, cuts = len(hq.chunks[sha256]), []

    def cut(data):
        cuts.append(len(cuts) * 7)
        return data, min(size, max(cuts[-1], 7))

    hq.faults[f"/chunks/{sha256}"] = cut
    world.context.link.parts.pace.__class__  # the pace is the tests' own, quick one
    hq.ring()
    await at(world, 1)
    assert len(cuts) > 5
    assert hq.statuses(1)[-2:] == ["Downloaded", "Applied"] or await until(
        lambda: "Applied" in hq.statuses(1)
    )
    assert "Download failed" not in hq.statuses(1)
    assert len(await prices(world)) == 40


async def test_a_tampered_chunk_is_fetched_once_more(world, hq):
    hq.publish(1, ring=False)
    hq.faults[f"/chunks/{largest_chunk(hq)}"] = once(flipped)
    hq.ring()
    await at(world, 1)
    await until(lambda: "Applied" in hq.statuses(1))
    assert "Download failed" not in hq.statuses(1)


async def test_a_chunk_tampered_twice_is_a_failed_download_and_a_rerun_heals_it(world, hq):
    hq.publish(1, ring=False)
    path = f"/chunks/{largest_chunk(hq)}"
    hq.faults[path] = flipped
    hq.publish(2, cheaper(5))
    await until(lambda: "Download failed" in hq.statuses(1))
    assert "damaged twice" in next(r.message for r in hq.reports if r.status == "Download failed")
    await asyncio.sleep(0.3)
    assert hq.statuses(1).count("Download failed") == 1, "headquarters has the next word"
    assert await applied(world) == 0 and hq.statuses(2) == []
    assert "damaged twice" in world.context.link.standing.sentence
    del hq.faults[path]
    hq.set_session(1, "Available")
    await at(world, 2)
    await until(lambda: "damaged" not in world.context.link.standing.sentence)


@pytest.mark.parametrize("changed", ["header", "longer"])
async def test_a_header_that_is_not_the_announced_one_is_a_failed_download(world, hq, changed):
    hq.publish(1, ring=False)
    fault = flipped if changed == "header" else (lambda data: (data + b" " * 5_000_000, None))
    hq.faults["/packages/1"] = fault
    hq.ring()
    await until(lambda: "Download failed" in hq.statuses(1))
    assert await applied(world) == 0


async def test_a_package_of_another_root_or_another_number_is_a_failed_download(world, hq):
    other = Ed25519PrivateKey.generate()
    facts = {"created_ms": 1, "store": STORE, "data_group": STORE}
    package = build_package(TABLES, seq=1, key=other, keys=KEYS, **facts)
    hq.offer(package)
    await until(lambda: "Download failed" in hq.statuses(1))
    assert "does not vouch" in next(r.message for r in hq.reports if r.status == "Download failed")
    good = build_package(TABLES, seq=3, key=PACKAGE_KEY, keys=KEYS, **facts)
    hq.offer(good, ring=False)
    n, entry = hq.entries.pop()
    hq.headers[2, "full"] = hq.headers[3, "full"]
    hq.entries.append((n, msgspec.structs.replace(entry, package_seq=2)))
    hq.set_session(2, "Available")
    await until(lambda: "Download failed" in hq.statuses(2))
    assert await applied(world) == 0


async def test_a_row_the_database_cannot_hold_is_a_failed_apply_that_leaves_nothing(world, hq):
    hq.publish(1)
    await at(world, 1)
    hq.publish(2, TABLES | {"item": [{"sku": "1", "weighed": 7}]})
    await until(lambda: "Apply failed" in hq.statuses(2))
    assert await applied(world) == 1 and await prices(world) == [626, 109, 199]
    hq.publish(3, cheaper(7), full=True)
    await at(world, 3)
    assert await prices(world) == [7, 109, 199]


async def test_canceled_and_suspended_packages_are_not_loaded(world, hq):
    hq.publish(1, ring=False)
    hq.publish(2, cheaper(2), ring=False)
    hq.set_session(2, "Suspended")
    await at(world, 1)
    await until(lambda: "suspended" in world.context.link.standing.sentence)
    hq.publish(3, cheaper(3))
    await asyncio.sleep(0.3)
    assert await applied(world) == 1 and hq.statuses(3) == []
    hq.set_session(2, "Available")
    await at(world, 3)
    hq.publish(4, cheaper(4), ring=False)
    hq.set_session(4, "Canceled")
    await asyncio.sleep(0.2)
    assert await applied(world) == 3
    hq.publish(5, cheaper(5), full=True)
    await at(world, 5)


async def test_a_package_canceled_for_all_is_passed_over(world, hq):
    hq.publish(1)
    await at(world, 1)
    hq.publish(2, cheaper(2), ring=False)
    n, entry = hq.entries.pop()
    hq.entries.append((n, msgspec.structs.replace(entry, canceled=True)))
    hq.publish(3, cheaper(3), full=True)
    await at(world, 3)
    assert hq.statuses(2) == []


async def test_a_delta_on_another_base_makes_the_server_ask_for_everything_and_then_for_a_full(world, hq):
    hq.publish(1)
    await at(world, 1)
    hq.tables[STORE][5] = cheaper(5)
    hq.publish(6, cheaper(6))  # changes package 5, which nobody has
    await until(lambda: any(report.wants_full for report in hq.reports))
    report = next(report for report in hq.reports if report.wants_full)
    assert (report.status, report.package_seq, report.database) == ("Apply failed", 6, STORE)
    assert "Nothing leads from package 1" in report.message
    hq.publish(6, cheaper(6), full=True, session=False)
    await at(world, 6)
    assert (await prices(world))[0] == 6


async def test_an_answer_that_was_on_its_way_does_not_undo_that_all_of_it_is_asked_for_again(world):
    def asked(db):
        feed.set_cursor(db, "home", 7)
        feed.take(db, "home", Feed(n=8), 1, after=7)
        before = feed.cursor(db, "home")
        feed.set_cursor(db, "home", 0)  # while the next question waits for news
        feed.take(db, "home", Feed(n=9), 1, after=8)
        return before, feed.cursor(db, "home")

    assert await world.context.channel.work(asked) == (8, 0)


async def test_a_full_package_that_does_not_come_is_asked_for_again(world, hq, monkeypatch):
    """Headquarters was killed after it took the report and before it made the package."""
    monkeypatch.setattr("store.server.link.supply.ASK_AGAIN_S", 0.05)
    hq.publish(1)
    await at(world, 1)
    hq.tables[STORE][5] = cheaper(5)
    hq.publish(6, cheaper(6))
    await until(lambda: len([report for report in hq.reports if report.wants_full]) >= 3)


async def test_a_table_that_was_changed_by_hand_is_noticed_and_replaced(world, hq):
    hq.publish(1)
    await at(world, 1)
    await world.context.channel.work(lambda db: db.execute("update item set price = 1 where sku = '4711'"))
    hq.publish(2, cheaper(2))
    await until(lambda: any(report.wants_full for report in hq.reports))
    assert await applied(world) == 1
    assert "is not what package 2 was made for" in next(r.message for r in hq.reports if r.wants_full)
    hq.publish(2, cheaper(2), full=True, session=False)
    await at(world, 2)
    assert await prices(world) == [2, 109, 199]


async def test_a_number_that_went_back_is_never_loaded(world, hq):
    hq.publish(5)
    await at(world, 5)
    facts = {"created_ms": 1, "store": STORE, "data_group": STORE, "key": PACKAGE_KEY, "keys": KEYS}
    hq.offer(build_package(TABLES | {"item": []}, seq=4, **facts))
    await asyncio.sleep(0.3)
    assert await applied(world) == 5 and hq.statuses(4) == []


async def test_another_headquarters_cannot_take_a_store_over(world, hq):
    hq.publish(1)
    await at(world, 1)
    hq.root = Ed25519PrivateKey.generate()
    hq.direct()
    await until(lambda: "another headquarters" in world.context.link.standing.sentence)
    assert len(await prices(world)) == 3


async def test_a_store_with_another_pepper_is_left_alone(tmp_path, hq):
    keyring = MemoryKeyring()
    keyring.set_password("outpost-server", f"pepper:{STORE}", "00" * 32)
    async with linked_world(tmp_path / "srv", hq, keyring=keyring) as world:
        hq.publish(1)
        await until(lambda: "another pepper" in world.context.link.standing.sentence)
        assert await applied(world) == 0


async def test_a_server_that_is_not_accepted_waits_says_so_once_and_goes_on_when_it_is(tmp_path, hq, caplog):
    hq.accepted = False
    async with linked_world(tmp_path / "srv", hq) as world:
        await until(lambda: "server accept MAIN" in world.context.link.standing.sentence)
        await asyncio.sleep(0.2)
        said = [r for r in caplog.records if "server accept MAIN" in r.getMessage()]
        assert len(said) == 1
        hq.publish(1)
        hq.accepted = True
        await at(world, 1)
        hq.accepted = False
        hq.publish(2, cheaper(2))
        await until(lambda: "server accept MAIN" in world.context.link.standing.sentence)
        hq.accepted = True
        await at(world, 2)


async def test_a_restored_backup_of_the_channel_database_is_caught_up(tmp_path, hq):
    home, keyring = tmp_path / "srv", MemoryKeyring()
    async with linked_world(home, hq, keyring=keyring) as world:
        hq.publish(1)
        await at(world, 1)
    shutil.copy(home / "channel.db", tmp_path / "backup.db")
    async with linked_world(home, hq, keyring=keyring) as world:
        hq.publish(2, cheaper(2))
        hq.publish(3, cheaper(3))
        await at(world, 3)
    shutil.copy(tmp_path / "backup.db", home / "channel.db")
    async with linked_world(home, hq, keyring=keyring) as world:
        await at(world, 3)
        assert (await prices(world))[0] == 3
    shutil.copy(tmp_path / "backup.db", home / "channel.db")
    hq.entries = [(n, entry) for n, entry in hq.entries if entry.package_seq != 2]
    del hq.headers[2, "delta"]
    hq.publish(3, cheaper(3), full=True, session=False)
    async with linked_world(home, hq, keyring=keyring) as world:
        await at(world, 3)
        assert (await prices(world))[0] == 3


async def test_a_package_that_left_headquarters_is_asked_for_in_another_form(world, hq):
    hq.publish(1)
    await at(world, 1)
    hq.publish(2, cheaper(2), ring=False)
    del hq.headers[2, "delta"]
    hq.ring()
    await until(lambda: "Download failed" in hq.statuses(2))
    hq.publish(2, cheaper(2), full=True, session=False)
    hq.set_session(2, "Canceled")
    hq.publish(3, cheaper(3), full=True)
    await at(world, 3)


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("where", ["before", "after"])
async def test_a_kill_at_every_unit_of_work_loses_nothing(tmp_path, hq, where, monkeypatch):
    hq.publish(1)
    hq.publish(2, cheaper(2))
    work, n = Channel.work, 0
    while True:
        n += 1
        home, keyring, count = tmp_path / f"srv-{n}", MemoryKeyring(), [0]
        hq.reports.clear()

        async def fails(self, fn, *args, count=count, n=n):
            if fn is beat or self is hq.ledger:
                return await work(self, fn, *args)
            count[0] += 1
            if count[0] == n and where == "before":
                raise Killed
            done = await work(self, fn, *args) if count[0] <= n else None
            if count[0] >= n:
                raise Killed
            return done

        monkeypatch.setattr(Channel, "work", fails)
        finished = False
        try:
            async with linked_world(home, hq, keyring=keyring) as world:
                for _ in range(300):
                    if count[0] >= n:
                        break
                    if await applied(world) == 2 and hq.statuses(2)[-1:] == ["Applied"]:
                        finished = True
                        break
                    await asyncio.sleep(0.01)
        except Killed:
            pass
        monkeypatch.setattr(Channel, "work", work)
        async with linked_world(home, hq, keyring=keyring) as world:
            await at(world, 2)
            await until(lambda: "Applied" in hq.statuses(1) and "Applied" in hq.statuses(2))
            assert (await prices(world))[0] == 2
        if finished:
            break
    assert n > 8


async def test_two_servers_on_one_postgres_load_once_and_both_serve(tmp_path, hq, postgres_url, monkeypatch):
    monkeypatch.setattr(server_world, "DATABASE_URL", postgres_url)
    keyring = MemoryKeyring()
    async with (
        linked_world(tmp_path / "one", hq, keyring=keyring) as one,
        linked_world(tmp_path / "two", hq, keyring=keyring) as two,
    ):
        hq.publish(1)
        for seq in range(2, 8):
            hq.publish(seq, cheaper(seq))
        await at(one, 7)
        assert await prices(two) == [7, 109, 199]
        register = await one.enrolled_at_headquarters(hq, REGISTER)
        for world in (one, two):
            register.url = world.url

            async def served():
                entries = (await register.get("/downloads?after=0&reader=2"))[1]["entries"]
                return [e["package_seq"] for e in entries] == [1, 2, 3, 4, 5, 6, 7]

            await until(served)
            for sha256, data in hq.chunks.items():
                assert (await register.send("GET", f"/chunks/{sha256}"))[1] == data
        await until(lambda: {r.package_seq for r in hq.reports if r.status == "Applied"} == set(range(1, 8)))

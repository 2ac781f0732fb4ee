"""Packages from headquarters: fetched, loaded in order, reported, handed on."""

import asyncio
import hashlib

import pytest

from server_headquarters import headquarters, linked_world, until
from server_world import REGISTER, STORE, TABLES, problem


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


async def enrolled(world, hq, name=REGISTER):
    return await world.enrolled_at_headquarters(hq, name)


async def test_a_full_package_and_deltas_are_loaded_in_order_and_reported(world, hq):
    hq.publish(1)
    hq.publish(2, cheaper(599))
    hq.publish(3, cheaper(598) | {"barcode": []})
    await at(world, 3)
    register = await enrolled(world, hq)
    assert (await register.get("/items?key=sku:4711"))[1]["price"] == 598
    assert (await register.get("/items?key=gtin:04006381333931"))[0] == 404
    await until(lambda: "Applied" in hq.statuses(3))
    for seq in (1, 2, 3):
        assert hq.statuses(seq) == ["Requested", "Downloaded", "Applied"]
    rows = {r.package_seq: r.rows for r in hq.reports if r.status == "Applied"}
    assert rows == {1: 10, 2: 1, 3: 2}
    assert {r.session for r in hq.reports} == {1, 2, 3}


async def test_a_delta_changes_names_in_the_search_and_nothing_else(world, hq):
    hq.publish(1)
    await at(world, 1)
    register = await enrolled(world, hq)
    renamed = [TABLES["item"][0] | {"name": "Emmentaler"}, TABLES["item"][2]]
    hq.publish(2, TABLES | {"item": renamed})
    await at(world, 2)
    for text, skus in (("emmental", ["4711"]), ("gouda", []), ("milch", []), ("orangen", ["4713"])):
        found = await register.get(f"/search?text={text}")
        assert [item["sku"] for item in found[1]["items"]] == skus


async def test_a_register_gets_the_way_to_the_newest_package_and_every_byte_of_it(world, hq):
    forms = [hq.publish(1), hq.publish(2, cheaper(599)), hq.publish(3, cheaper(598))]
    await at(world, 3)
    register = await enrolled(world, hq)
    _, told = await register.get("/downloads?after=0&reader=2")
    assert [(e["package_seq"], e["kind"]) for e in told["entries"]] == [
        (1, "full"),
        (2, "delta"),
        (3, "delta"),
    ]
    assert (told["newest_seq"], told["support_offline"], told["paused"]) == (3, True, False)
    _, told = await register.get("/downloads?after=2&reader=2")
    assert [e["header_sha256"] for e in told["entries"]] == [forms[2].header_sha256]
    assert (await register.get("/downloads?after=3&reader=2"))[1]["entries"] == []
    assert (await register.get("/downloads?after=9&reader=2"))[1] | {"entries": []} == told | {"entries": []}
    _, header, headers = await register.send("GET", "/packages/1?kind=full")
    assert hashlib.sha256(header).hexdigest() == forms[0].header_sha256
    assert headers["ETag"] == f'"{forms[0].header_sha256}"' and "immutable" in headers["Cache-Control"]
    for sha256, data in hq.chunks.items():
        assert (await register.send("GET", f"/chunks/{sha256}"))[1] == data


async def test_a_chunk_comes_from_any_byte_on(world, hq):
    hq.publish(1)
    await at(world, 1)
    register = await enrolled(world, hq)
    sha256, data = next(iter(hq.chunks.items()))
    path = f"/chunks/{sha256}"

    async def ask(**headers):
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        status, content, answered = await register.send(
            "GET", path, headers=register.sign("GET", path) | names
        )
        return status, content, answered.get("Content-Range")

    for start in range(len(data)):
        assert await ask(Range=f"bytes={start}-") == (
            206, data[start:], f"bytes {start}-{len(data) - 1}/{len(data)}",
        )  # fmt: skip
    assert (await ask(Range="bytes=3-5"))[:2] == (206, data[3:6])
    assert (await ask(Range="bytes=-4"))[:2] == (206, data[-4:])
    assert (await ask(Range=f"bytes={len(data)}-"))[0::2] == (416, f"bytes */{len(data)}")
    assert (await ask(Range="lines=1-"))[:2] == (200, data)
    assert (await ask(Range="bytes=3-", If_Range='"other"'))[:2] == (200, data)
    assert (await ask(Range="bytes=3-", If_Range=f'"{sha256}"'))[0] == 206
    assert (await ask(If_None_Match=f'"{sha256}"'))[:2] == (304, b"")


async def test_what_is_not_kept_is_no_package(world, hq):
    hq.publish(1)
    await at(world, 1)
    register = await enrolled(world, hq)
    for path, status, word in (
        ("/packages/7", 404, "no-package"),
        ("/packages/1?kind=delta", 404, "no-package"),
        ("/packages/x", 400, "bad-request"),
        (f"/chunks/{'0' * 64}", 404, "no-package"),
        ("/chunks/..", 400, "bad-request"),
        ("/chunks/ABC", 400, "bad-request"),
    ):
        answered, content, _ = await register.send("GET", path)
        assert (answered, problem(content)) == (status, word)
    assert (await register.send("GET", "/packages/1"))[0] == 200


async def test_a_chunk_that_vanished_here_is_busy_and_fetched_again(world, hq):
    hq.publish(1)
    await at(world, 1)
    register = await enrolled(world, hq)
    sha256, data = next(iter(hq.chunks.items()))
    world.context.shelf.folder.drop(sha256)
    status, content, headers = await register.send("GET", f"/chunks/{sha256}")
    assert (status, problem(content)) == (503, "busy") and int(headers["Retry-After"]) > 0
    assert (await register.get("/downloads?after=0&reader=2"))[1]["entries"] == []

    async def healed():
        return (await register.send("GET", f"/chunks/{sha256}"))[1] == data

    await until(healed)
    assert len((await register.get("/downloads?after=0&reader=2"))[1]["entries"]) == 1


async def test_an_older_reader_gets_nothing_and_hears_what_it_needs(world, hq):
    hq.publish(1)
    await at(world, 1)
    register = await enrolled(world, hq)
    _, told = await register.get("/downloads?after=0&reader=1")
    assert (told["entries"], told["reader"]) == ([], 2)


async def test_a_paused_register_gets_nothing_until_its_profile_says_otherwise(world, hq):
    hq.publish(1)
    await at(world, 1)
    register = await enrolled(world, hq)
    hq.direct(**{REGISTER: {"paused": True, "support_offline": False}})

    async def paused():
        return (await register.get("/downloads?after=0&reader=2"))[1]["paused"]

    await until(paused)
    _, told = await register.get("/downloads?after=0&reader=2")
    assert (told["entries"], told["support_offline"]) == ([], False)
    hq.direct(**{REGISTER: {}})

    async def served():
        return (await register.get("/downloads?after=0&reader=2"))[1]["entries"]

    await until(served)


async def test_a_register_of_another_group_gets_that_group_s_packages(world, hq):
    hq.publish(1)
    hq.direct(**{"S0042-R09": {"data_group": "pilot"}})
    hq.publish(2, cheaper(1), group="pilot")
    await at(world, 1)
    register = await enrolled(world, hq, "S0042-R09")

    async def served():
        return (await register.get("/downloads?after=0&reader=2"))[1]["entries"]

    entries = await until(served)
    assert [(e["package_seq"], e["kind"]) for e in entries] == [(2, "full")]
    assert (await register.get("/items?key=sku:4711"))[1]["price"] == 626
    assert (await register.send("GET", "/packages/1"))[0] == 404


async def test_a_new_register_gets_a_full_form_that_only_then_is_fetched(world, hq):
    hq.publish(1)
    hq.publish(2, cheaper(599))
    await at(world, 2)
    full = hq.publish(2, cheaper(599), full=True, session=False)
    hq.publish(3, cheaper(598))
    await at(world, 3)
    register = await enrolled(world, hq)
    assert ("GET", "/packages/2") in hq.asked
    asked = hq.asked.count(("GET", "/packages/2"))
    _, told = await register.get("/downloads?after=0&reader=2")
    assert [(e["package_seq"], e["kind"]) for e in told["entries"]] == [
        (1, "full"),
        (2, "delta"),
        (3, "delta"),
    ]

    async def shorter():
        entries = (await register.get("/downloads?after=0&reader=2"))[1]["entries"]
        return [(e["package_seq"], e["kind"]) for e in entries] == [(2, "full"), (3, "delta")]

    await until(shorter)
    assert hq.asked.count(("GET", "/packages/2")) == asked + 1
    assert (await register.send("GET", "/packages/2?kind=full"))[2]["ETag"] == f'"{full.header_sha256}"'


async def test_sessions_of_a_register_stop_or_skip_what_it_gets(world, hq):
    for seq in (1, 2, 3):
        hq.publish(seq, cheaper(600 + seq))
    await at(world, 3)
    register = await enrolled(world, hq)

    async def way():
        return [e["package_seq"] for e in (await register.get("/downloads?after=0&reader=2"))[1]["entries"]]

    assert await way() == [1, 2, 3]
    hq.set_session(2, "Suspended", register=REGISTER)

    async def stopped():
        return await way() == [1]

    await until(stopped)
    hq.set_session(2, "Available", register=REGISTER)

    async def again():
        return await way() == [1, 2, 3]

    await until(again)
    _, told = await register.get("/downloads?after=1&reader=2")
    assert told["entries"][0]["session"] > 0


async def test_while_headquarters_is_away_registers_are_served_and_later_everything_is_caught_up(world, hq):
    hq.publish(1)
    await at(world, 1)
    register = await enrolled(world, hq)
    hq.away = True
    hq.publish(2, cheaper(5))
    await until(lambda: "away" in world.context.link.standing.sentence)
    assert (await register.get("/items?key=sku:4711"))[1]["price"] == 626
    register.add()
    assert (await register.upload())[1].acked_seq == 1
    assert "away" in (await register.get("/health"))[1]["headquarters"]
    hq.away = False
    await at(world, 2)
    assert await until(lambda: world.context.link.standing.sentence == "Headquarters answers.")
    await asyncio.sleep(0)

"""Records at headquarters: once each, in order, from whichever server they come; odd ones are seen and kept."""

import json

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hq_arrivals import deliver, head, open_world, opening, put_series, till
from store.exchange.record import to_wire


@pytest.fixture
async def world(tmp_path):
    async with open_world(tmp_path) as world:
        await world.chain("S0001-R01")
        yield world


async def test_records_arrive_are_booked_and_acknowledged_up_to_where_headquarters_has_them(world):
    server, register = await world.server(), till()
    for kind in ("shift.open", "sale", "sale"):
        register.add(kind)
    opened = await put_series(server, register)
    assert (opened.seq, opened.archived_seq) == (0, 0)
    answer = await deliver(server, register, 1, 2)
    assert [record.outcome for record in answer.records] == ["accepted", "accepted"]
    assert (answer.acked_seq, answer.acked_hash) == (2, register.records[1].hash.hex())
    assert (await deliver(server, register, 1, 3)).records[2].outcome == "accepted"
    found = await head(server, register)
    assert (found.seq, found.archived_seq, found.hash) == (3, 3, register.head().hex())
    books = await world.settled()
    assert (books.accepted, books.posted) == (3, 3)
    rows = await world.ask("transaction", "list")
    assert [(row["seq"], row["kind"], row["state"]) for row in rows] == [
        (1, "shift.open", "posted"),
        (2, "sale", "posted"),
        (3, "sale", "posted"),
    ]
    assert rows[2]["receipt_no"] == 3 and rows[2]["total"] == 626 and rows[2]["currency"] == "EUR"
    assert set(rows[0]) == {
        "series", "seq", "txn_id", "kind", "receipt_no", "total", "currency", "at", "business_date", "state",
    }  # fmt: skip


async def test_transactions_are_chosen_by_register_date_and_state_and_page_by_page(world):
    server = await world.server()
    for name in ("S0001-R01", "S0001-R02", "S0001-R011"):
        register = till(name)
        register.add()
        register.add(business_date="2026-01-06")
        register.add("coupon")
        await put_series(server, register)
        await deliver(server, register)
    await world.settled()
    rows = await world.ask("transaction", "list", register="S0001-R01")
    assert {row["series"] for row in rows} == {"S0001-R01.1"} and len(rows) == 3
    assert len(await world.ask("transaction", "list", business_date="2026-01-06")) == 3
    assert [row["seq"] for row in await world.ask("transaction", "list", state="quarantined")] == [3, 3, 3]
    assert len(await world.ask("transaction", "list", state="posted", store="S0001")) == 6
    assert await world.ask("transaction", "list", store="S0002") == []
    first = await world.ask("transaction", "list", limit=4)
    last = first[-1]
    rest = await world.ask("transaction", "list", after_series=last["series"], after_seq=last["seq"])
    assert len(first) == 4 and len(first) + len(rest) == 9


async def test_a_series_is_opened_as_often_as_it_is_told_and_closed_for_show_only(world):
    server, register = await world.server(), till()
    register.add()
    register.add()
    for _ in range(2):
        await put_series(server, register)
    await deliver(server, register, 1, 1)
    await put_series(server, till(epoch=2))
    await put_series(server, register, closed_ms=1_790_000_001_000)
    assert await world.sql("select closed_ms from series where epoch = 1") == [(1_790_000_001_000,)]
    # The server accepted the second record before it fenced the register: it still comes in.
    assert (await deliver(server, register, 2)).acked_seq == 2


async def test_an_older_series_that_is_told_later_is_not_the_newest(world):
    server = await world.server()
    await put_series(server, till(epoch=2))
    await put_series(server, till(epoch=1))
    closed = dict(await world.sql("select epoch, closed_ms from series"))
    assert closed[1] > 0 and closed[2] == 0


async def test_the_same_series_under_another_key_is_refused_and_is_a_difference_with_its_cause(world):
    server, one, two = await world.server(), till(), till()
    one.add()
    two.add()
    await put_series(server, one)
    await deliver(server, one)
    for _ in range(2):
        problem = await put_series(server, two, expect=409)
        assert problem["type"].endswith("fork")
    await deliver(server, two, expect=422)
    assert await world.sql("select hash from record") == [(one.head(),)]
    [row] = await world.ask("difference", "list")
    assert (row["effect"], row["series"]) == ("series.key", one.series)
    assert row["headquarters_value"] == one.public_key.hex() and "restored" in row["cause"]


async def test_a_gap_a_fork_and_a_forged_record_are_answered_like_at_a_server(world):
    server, register = await world.server(), till()
    for _ in range(4):
        register.add()
    await put_series(server, register)
    await deliver(server, register, 1, 2)
    gap = await deliver(server, register, 4, 4, expect=409)
    assert (gap.expected, gap.records[0].outcome) == (3, "gap")
    other = till(key=register.key)
    other.records = register.records[:2]
    other.add(operator="a copy")
    fork = await deliver(server, other, 1, 3)
    assert fork.acked_seq == 3
    assert (await deliver(server, register, 3, 4, expect=409)).records[0].outcome == "fork"
    forged = msgspec.structs.replace(to_wire(register.records[3]), signature="00" * 64)
    content = register.batch_of((forged,))
    status, _, body = await server.ask("POST", f"/series/{register.series}/records", content)
    assert status == 422 and json.loads(body)["acked_seq"] == 3
    assert (await world.sql("select count(*) from fork"))[0][0] == 1
    assert (await world.sql("select count(*) from rejected"))[0][0] == 1


async def test_a_series_nobody_opened_is_not_found_and_two_servers_may_open_it(world):
    one, two, register = await world.server("ONE"), await world.server("TWO"), till()
    register.add()
    register.add()
    status, _, body = await one.ask("GET", f"/series/{register.series}/head")
    assert status == 404 and "open it first" in json.loads(body)["detail"]
    status, _, _ = await one.ask("POST", f"/series/{register.series}/records", register.batch())
    assert status == 404
    await put_series(one, register)
    await put_series(two, register)
    await deliver(one, register, 1, 1)
    assert (await deliver(two, register, 1, 2)).records[0].outcome == "duplicate"
    assert (await world.settled()).posted == 2


async def test_records_of_a_register_headquarters_never_set_up_are_taken_all_the_same(world):
    server, register = await world.server(), till("S0777-R05")
    register.add()
    await put_series(server, register)
    await deliver(server, register)
    assert (await world.settled("S0777")).posted == 1


async def test_a_store_that_names_its_server_is_delivered_by_that_one_only(world):
    await world.office.set("store", "S0001", server="MAIN")
    main, stranger, register = await world.server("MAIN"), await world.server("OTHER"), till()
    register.add()
    assert (await put_series(stranger, register, expect=403))["type"].endswith("other-server")
    await put_series(main, register)
    status, _, _ = await stranger.ask("POST", f"/series/{register.series}/records", register.batch())
    assert status == 403 and (await world.sql("select count(*) from record")) == [(0,)]


@pytest.mark.parametrize(
    "change",
    [
        {"series": "S0001-R01.2"},
        {"store": "S0002"},
        {"register": "no register!"},
        {"epoch": 0},
        {"public_key": "zz"},
        {"public_key": "00"},
    ],
)
async def test_an_opening_that_does_not_go_together_is_refused(world, change):
    server, register = await world.server(), till()
    body = msgspec.json.encode(opening(register, **change))
    status, _, _ = await server.ask("PUT", f"/series/{register.series}", body)
    assert status == 400 and await world.sql("select * from series") == []


async def test_bodies_out_of_their_form_change_nothing(world):
    server, register = await world.server(), till()
    register.add()
    register.add()
    await put_series(server, register)
    path = f"/series/{register.series}/records"
    assert (await server.ask("PUT", "/series/S0001-R01.9", msgspec.json.encode(opening(register))))[0] == 400
    assert (await server.ask("POST", path, b"{"))[0] == 400
    misnamed = json.loads(register.batch()) | {"batch": "00"}
    assert (await server.ask("POST", path, json.dumps(misnamed).encode()))[0] == 400
    elsewhere = json.loads(register.batch()) | {"series": "S0001-R01.2"}
    assert (await server.ask("POST", path, json.dumps(elsewhere).encode()))[0] == 400
    digest = {"Content-Digest": "sha-256=:AAAA:"}
    assert (await server.ask("POST", path, register.batch(), headers=digest))[0] == 400
    many = register.batch_of(tuple(to_wire(register.records[0]) for _ in range(101)))
    assert (await server.ask("POST", path, many))[0] == 413
    assert await world.sql("select count(*) from record") == [(0,)]


async def test_nobody_delivers_without_a_known_servers_signature(world):
    register = till()
    register.add()
    async with world.http.put(
        f"{world.url}/series/{register.series}", data=msgspec.json.encode(opening(register))
    ) as answer:
        assert answer.status == 401
    server = await world.server()
    server.key = Ed25519PrivateKey.generate()
    await put_series(server, register, expect=401)


async def test_a_gap_in_the_chain_of_a_batch_with_far_numbers_is_no_way_in(world):
    server, register = await world.server(), till()
    for _ in range(5):
        register.add()
    await put_series(server, register)
    await deliver(server, register, 1, 5)
    scattered = register.batch_of((to_wire(register.records[0]), to_wire(register.records[4])))
    status, _, body = await server.ask("POST", f"/series/{register.series}/records", scattered)
    assert json.loads(body)["records"][0]["outcome"] == "duplicate" and status in (200, 409)
    assert (await world.settled()).accepted == 5

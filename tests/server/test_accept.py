"""The rows of the accept table over HTTP: status, what is stored, what is kept as evidence."""

import msgspec
import pytest

from server_world import Register, problem, running_world
from store.exchange.messages import BatchAnswer
from store.exchange.record import to_wire


async def send(register, *wires):
    status, content, _ = await register.send(
        "POST", f"/series/{register.series}/records", register.batch_of(tuple(wires))
    )
    return status, content


async def count(world, table):
    return (await world.sql(f"select count(*) from {table}"))[0][0]


@pytest.fixture
async def world(tmp_path):
    async with running_world(tmp_path) as world:
        yield world


async def test_a_forged_record_is_rejected_kept_as_evidence_and_stops_its_batch(world):
    register = await world.enrolled()
    wires = [to_wire(register.add()) for _ in range(3)]
    wires[1] = msgspec.structs.replace(wires[1], signature="00" * 64)
    status, content = await send(register, *wires)
    assert (status, problem(content)) == (422, "rejected")
    answer = msgspec.json.decode(content, type=BatchAnswer)
    assert answer.acked_seq == 1 and answer.signature
    assert [record.outcome for record in answer.records] == ["accepted", "rejected", "skipped"]
    await send(register, *wires[1:])
    assert await world.sql("select seq, times from rejected") == [(2, 2)]
    assert await count(world, "record") == 1


@pytest.mark.parametrize(
    "change", [{"hash": "zz"}, {"prev": ""}, {"seq": -5}, {"seq": 2**80}, {"key_id": "other"}]
)
async def test_a_record_out_of_its_form_is_rejected(world, change):
    register = await world.enrolled()
    status, content = await send(register, msgspec.structs.replace(to_wire(register.add()), **change))
    assert (status, problem(content)) == (422, "rejected")
    assert (await count(world, "record"), await count(world, "rejected")) == (0, 1)


async def test_a_payload_over_64_kib_is_rejected_even_alone(world):
    register = await world.enrolled()
    wire = msgspec.structs.replace(to_wire(register.add()), payload="x" * 300_000)
    status, content = await send(register, wire)
    assert (status, problem(content)) == (422, "rejected")
    assert len((await world.sql("select raw from rejected"))[0][0]) < 100_000


async def test_a_fork_is_refused_and_both_sides_are_kept(world):
    register = await world.enrolled()
    register.add()
    await register.upload()
    cloned = Register(world.url, world.http, register.key, register.name, register.series)
    cloned.add(operator="someone else")
    status, content = await send(cloned, to_wire(cloned.records[0]))
    assert (status, problem(content)) == (409, "fork")
    assert msgspec.json.decode(content, type=BatchAnswer).acked_hash == register.head().hex()
    assert await world.sql("select hash from record") == [(register.head(),)]
    assert await count(world, "fork") == 1


async def test_evidence_is_bounded(world, monkeypatch):
    monkeypatch.setattr("store.ledger.series.MAX_EVIDENCE_ROWS", 3)
    register = await world.enrolled()
    wire = to_wire(register.add())
    for n in range(8):
        await send(register, msgspec.structs.replace(wire, signature=f"{n:02d}" * 64))
    assert await count(world, "rejected") == 3


async def test_an_older_epoch_is_fenced_and_nothing_of_it_is_stored(world):
    old = await world.enrolled()
    old.add()
    await old.upload()
    new = await Register.enrol(world, (await world.prepare()).code)
    assert (old.series, new.series) == ("S0042-R03.1", "S0042-R03.2")
    old.add()
    status, content = await send(old, to_wire(old.records[1]))
    assert (status, problem(content)) == (410, "fenced")
    status, content, _ = await old.send("GET", f"/series/{old.series}/head")
    assert (status, problem(content)) == (410, "fenced")
    assert await count(world, "record") == 1
    new.add()
    assert (await new.upload())[0] == 200


async def test_a_recovery_grant_completes_the_old_series(world):
    old = await world.enrolled()
    old.add()
    await world.prepare()
    await Register.enrol(world, (await world.prepare()).code)
    from store.database.connection import values
    from store.ledger.series import GRANT_RECOVERY

    await world.context.channel.work(lambda db: db.execute(GRANT_RECOVERY, values("S0042", old.series, 1)))
    assert (await old.upload())[1].acked_seq == 1


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"not even json", "not-canonical"),
        (b'{"v": 1}', "not-canonical"),
        (b'{"kind":"sale","seq":1,"series":"S0042-R03.1","txn_id":"t","v":99}', "unknown-version"),
        (b'{"kind":"sale","seq":1,"series":"S0099-R03.1","txn_id":"t","v":1}', "wrong-series"),
        (b'{"kind":"coupon","seq":1,"series":"S0042-R03.1","txn_id":"t","v":1}', "unknown kind coupon"),
        (b'{"kind":"sale","seq":1,"series":"S0042-R03.1","txn_id":"t","v":1}', "KeyError"),
    ],
)
async def test_nonsense_in_a_genuine_record_is_acknowledged_and_quarantined(world, payload, reason):
    register = await world.enrolled()
    register.add(payload=payload)
    register.add()
    status, answer = await register.upload()
    assert (status, answer.acked_seq) == (200, 2)
    books = await world.settled()
    assert (books["posted"], books["quarantined"]) == (1, 1)
    [row] = await world.report("quarantine")
    assert row["seq"] == 1 and reason in row["reason"]
    states = {row["seq"]: row["state"] for row in await world.report("transactions")}
    assert states == {1: "quarantined", 2: "posted"}
    assert await world.sql("select payload from record where seq = 1") == [(payload,)]


async def test_an_unsigned_record_that_says_so_is_posted_and_noted(world):
    from server_world import body
    from store.exchange.canonical import canonical
    from store.exchange.record import key_id_of, make_record

    register = await world.enrolled()
    payload = canonical(body(register.series, 1) | {"sig_state": "unavailable"})
    register.records.append(make_record(1, register.head(), payload, None, key_id_of(register.public_key)))
    register.add()
    assert (await register.upload())[1].acked_seq == 2
    assert (await world.settled())["posted"] == 2
    [note] = await world.report("differences")
    assert (note["seq"], note["effect"]) == (1, "signature")


async def test_records_at_the_server_can_be_neither_changed_nor_deleted(world):
    import sqlite3

    register = await world.enrolled()
    register.add()
    await register.upload()
    for statement in ("update record set payload = x'00'", "delete from record"):
        with pytest.raises(sqlite3.IntegrityError):
            await world.context.channel.work(lambda db, sql=statement: db.execute(sql))

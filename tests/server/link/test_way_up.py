"""Records, reports and enrolments on their way to headquarters: everything once, whatever is sent again."""

import asyncio
import shutil

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

import server_world
from server_headquarters import headquarters, linked_world, until
from server_world import REGISTER, STORE, MemoryKeyring, Register, enrol, problem
from store.exchange.codes import code_hash
from store.service.channel import Channel

CODE = "AAAA-BBBB-CCCC-DDDD"


@pytest.fixture
async def hq(tmp_path):
    async with headquarters(tmp_path / "hq") as made:
        yield made


@pytest.fixture
async def world(tmp_path, hq):
    hq.publish(1)
    async with linked_world(tmp_path / "srv", hq) as world:
        await loaded(world)
        yield world


async def loaded(world):
    async def reached():
        return await world.sql(f"select 1 from store where store_id = '{STORE}' and applied_seq = 1")

    await until(reached)


async def delivered(hq, register, number):
    async def reached():
        return len(await hq.records(register.series)) == number

    await until(reached)
    assert await hq.records(register.series) == [(r.seq, r.hash.hex()) for r in register.records[:number]]


async def archived(register, seq):
    async def reached():
        return (await register.get(f"/series/{register.series}/head"))[1]["archived_seq"] == seq

    await until(reached)


async def sold(register, number):
    first = len(register.records) + 1
    for _ in range(number):
        register.add()
    assert (await register.upload(register.batch(first)))[0] == 200


# --- records


async def test_what_a_register_delivers_reaches_headquarters_and_is_archived(world, hq):
    register = await world.enrolled_at_headquarters(hq)
    await sold(register, 30)
    await delivered(hq, register, 30)
    await archived(register, 30)
    assert (await register.get("/downloads?after=1&reader=2"))[1]["archived_seq"] == 30
    opening = hq.openings[-1]
    assert (opening.series, opening.register, opening.epoch, opening.closed_ms) == (
        register.series,
        REGISTER,
        1,
        0,
    )
    assert bytes.fromhex(opening.public_key) == register.public_key


async def test_an_upload_session_is_reported_when_everything_is_there(world, hq):
    register = await world.enrolled_at_headquarters(hq)
    await sold(register, 5)
    await delivered(hq, register, 5)
    hq.ask_for_records(session=41)
    await until(lambda: [r.status for r in hq.reports if r.session == 41] == ["Uploaded"])
    report = next(r for r in hq.reports if r.session == 41)
    assert (report.rows, report.size) == (5, sum(len(record.payload) for record in register.records))
    hq.ask_for_records(session=42)
    await until(lambda: [r.rows for r in hq.reports if r.session == 42] == [0])


async def test_dropped_answers_and_duplicates_deliver_everything_once(world, hq):
    register = await world.enrolled_at_headquarters(hq)
    answered = []

    def every_other_one(request):
        if request.path.endswith("/records"):
            answered.append(request)
        return len(answered) % 2 == 1

    hq.drops = every_other_one
    for _ in range(4):
        await sold(register, 15)
    await delivered(hq, register, 60)
    hq.drops = None
    await archived(register, 60)
    assert len(answered) > 1


async def test_a_restored_headquarters_gets_everything_again(world, hq, tmp_path):
    register = await world.enrolled_at_headquarters(hq)
    await sold(register, 4)
    await archived(register, 4)

    def forget(db):
        db.execute("delete from posting_cursor")
        db.execute("drop trigger record_stays")
        db.execute("delete from record where seq > 2")
        db.execute("update series set head_seq = 2, head_hash = (select hash from record where seq = 2)")

    await hq.ledger.work(forget)
    hq.ask_for_records(session=7)
    await delivered(hq, register, 4)
    await until(lambda: [r.status for r in hq.reports if r.session == 7] == ["Uploaded"])
    await archived(register, 4)


async def test_a_gap_at_a_restored_headquarters_is_filled_from_where_it_stands(world, hq):
    register = await world.enrolled_at_headquarters(hq)
    await sold(register, 4)
    await archived(register, 4)

    def forget(db):
        db.execute("drop trigger record_stays")
        db.execute("delete from record where seq > 1")
        db.execute("update series set head_seq = 1, head_hash = (select hash from record where seq = 1)")

    await hq.ledger.work(forget)
    await sold(register, 1)
    await delivered(hq, register, 5)
    await archived(register, 5)


async def test_a_headquarters_that_is_ahead_of_a_restored_server_is_caught_up_by_its_register(tmp_path, hq):
    home, keyring = tmp_path / "srv", MemoryKeyring()
    hq.publish(1)
    async with linked_world(home, hq, keyring=keyring) as world:
        await loaded(world)
        register = await world.enrolled_at_headquarters(hq)
    shutil.copy(home / "channel.db", tmp_path / "backup.db")
    async with linked_world(home, hq, keyring=keyring) as world:
        register.url, register.http = world.url, world.http
        await sold(register, 6)
        await delivered(hq, register, 6)
    shutil.copy(tmp_path / "backup.db", home / "channel.db")
    async with linked_world(home, hq, keyring=keyring) as world:
        register.url, register.http = world.url, world.http
        for first in (1, 3, 5):
            assert (await register.upload(register.batch(first, first + 1)))[0] == 200
            await archived(register, first + 1)
        await sold(register, 1)
        await delivered(hq, register, 7)


async def test_a_headquarters_that_knows_the_series_with_another_key_gets_nothing_and_says_so(world, hq):
    hq.epochs.clear()
    other = Ed25519PrivateKey.generate().public_key().public_bytes_raw()

    def occupy(db):
        from store.ledger.series import open_series

        facts = {"store": STORE, "register": REGISTER, "epoch": 1, "insecure": True, "now_ms": 1}
        open_series(db, series=f"{REGISTER}.1", public_key=other, **facts)

    await hq.ledger.work(occupy)
    register = await world.enrolled_at_headquarters(hq)
    await sold(register, 2)
    await until(lambda: f"Series {register.series} is not delivered" in world.context.link.standing.sentence)
    hq.ask_for_records(session=8)
    await until(lambda: [r.status for r in hq.reports if r.session == 8] == ["Upload failed"])
    assert await hq.records(register.series) == []
    other_register = await world.enrolled_at_headquarters(hq, "S0042-R04", "EEEE-FFFF")
    await sold(other_register, 2)
    await delivered(hq, other_register, 2)


async def test_a_restored_channel_database_and_its_register_agree_with_headquarters_again(tmp_path, hq):
    home, keyring = tmp_path / "srv", MemoryKeyring()
    hq.publish(1)
    async with linked_world(home, hq, keyring=keyring) as world:
        await loaded(world)
        register = await world.enrolled_at_headquarters(hq)
        await sold(register, 3)
        await delivered(hq, register, 3)
    shutil.copy(home / "channel.db", tmp_path / "backup.db")
    async with linked_world(home, hq, keyring=keyring) as world:
        register.url, register.http = world.url, world.http
        await sold(register, 3)
        await delivered(hq, register, 6)
    shutil.copy(tmp_path / "backup.db", home / "channel.db")
    async with linked_world(home, hq, keyring=keyring) as world:
        register.url, register.http = world.url, world.http
        assert (await register.get(f"/series/{register.series}/head"))[1]["seq"] == 3
        assert (await register.upload(register.batch(4)))[1].acked_seq == 6
        await archived(register, 6)
        await sold(register, 1)
        await delivered(hq, register, 7)


async def test_a_series_that_the_backup_does_not_know_is_opened_again_by_headquarters_word(tmp_path, hq):
    home, keyring = tmp_path / "srv", MemoryKeyring()
    hq.publish(1)
    async with linked_world(home, hq, keyring=keyring) as world:
        await loaded(world)
    shutil.copy(home / "channel.db", tmp_path / "backup.db")
    async with linked_world(home, hq, keyring=keyring) as world:
        register = await world.enrolled_at_headquarters(hq)
        await sold(register, 3)
        await delivered(hq, register, 3)
    shutil.copy(tmp_path / "backup.db", home / "channel.db")
    facts = {"epoch": 1, "public_key": register.public_key.hex(), "insecure": True, "opened_ms": 5}
    hq.direct(**{REGISTER: facts})
    async with linked_world(home, hq, keyring=keyring) as world:
        register.url, register.http = world.url, world.http

        async def known():
            return (await register.get(f"/series/{register.series}/head"))[0] == 200

        await until(known)
        assert (await register.upload(register.batch()))[1].acked_seq == 3
        hq.codes[code_hash("NEXT")] = REGISTER
        assert (await Register.enrol(world, "NEXT")).series == f"{REGISTER}.2"


class Killed(BaseException):
    """The process ends here."""


async def test_a_kill_at_every_unit_of_the_way_up_loses_and_doubles_nothing(tmp_path, hq, monkeypatch):
    hq.publish(1)
    home, keyring = tmp_path / "srv", MemoryKeyring()
    async with linked_world(home, hq, keyring=keyring) as world:
        await loaded(world)
        register = await world.enrolled_at_headquarters(hq)
        hq.away = True
        for _ in range(3):
            await sold(register, 1)
    work, wrote = Channel.work, set()
    for n in range(1, 7):
        count = [0]

        async def fails(self, fn, *args, count=count, n=n):
            if self is hq.ledger or "archive" not in getattr(fn, "__module__", ""):
                return await work(self, fn, *args)
            count[0] += 1
            if count[0] >= n:
                raise Killed
            wrote.add(fn.__name__)
            return await work(self, fn, *args)

        monkeypatch.setattr(Channel, "work", fails)
        hq.away = False
        with pytest.raises(Killed) if n == 1 else Quiet():
            async with linked_world(home, hq, keyring=keyring) as world:
                await asyncio.sleep(0.4)
        monkeypatch.setattr(Channel, "work", work)
    async with linked_world(home, hq, keyring=keyring) as world:
        register.url, register.http = world.url, world.http
        await delivered(hq, register, 3)
        await archived(register, 3)


class Quiet:
    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        return kind is Killed


# --- enrolment


async def test_a_code_of_headquarters_makes_a_register_and_headquarters_hears_of_it(world, hq):
    register = await world.enrolled_at_headquarters(hq)
    assert (register.name, register.series) == (REGISTER, f"{REGISTER}.1")
    assert (register.answer.store_name, register.answer.pepper) == ("Corner Shop", (b"p" * 32).hex())
    await until(lambda: [e.series for e in hq.enrolments] == [register.series])
    assert bytes.fromhex(hq.enrolments[0].public_key) == register.public_key


async def test_an_answer_that_was_lost_is_given_again_to_the_same_key_only(world, hq):
    hq.codes[code_hash(CODE)] = REGISTER
    key = Ed25519PrivateKey.generate()
    first = await Register.enrol(world, CODE, key)
    second = await Register.enrol(world, CODE, key)
    assert first.series == second.series
    status, content = await enrol(world, CODE, Ed25519PrivateKey.generate())
    assert (status, problem(content)) == (403, "bad-code")
    assert await world.sql("select count(*) from series") == [(1,)]


async def test_the_epoch_is_above_every_one_that_headquarters_has_seen(world, hq):
    hq.epochs[REGISTER] = 7
    assert (await world.enrolled_at_headquarters(hq)).series == f"{REGISTER}.8"
    hq.epochs[REGISTER] = 3
    assert (await world.enrolled_at_headquarters(hq, code="MORE")).series == f"{REGISTER}.9"


async def test_an_unknown_code_is_refused_and_counts_as_a_guess(world, hq):
    answers = [await enrol(world, f"WRONG-{n}", Ed25519PrivateKey.generate()) for n in range(7)]
    assert [status for status, _ in answers] == [403] * 5 + [429] * 2


async def test_without_headquarters_an_unknown_code_waits_and_a_known_one_works(world, hq):
    hq.codes[code_hash("KNOWN")], key = REGISTER, Ed25519PrivateKey.generate()
    first = await Register.enrol(world, "KNOWN", key)
    hq.away = True
    status, content = await enrol(world, CODE, Ed25519PrivateKey.generate())
    assert (status, problem(content)) == (503, "headquarters-away")
    assert (await Register.enrol(world, "KNOWN", key)).series == first.series


async def test_a_code_for_a_store_that_is_not_known_yet_waits_and_uses_nothing_up(world, hq, monkeypatch):
    monkeypatch.setattr("server_headquarters.STORE", "S0099")
    hq.codes[code_hash(CODE)] = "S0099-R01"
    status, content = await enrol(world, CODE, Ed25519PrivateKey.generate())
    assert (status, problem(content)) == (503, "headquarters-away")
    assert b"does not know store S0099 yet" in content
    assert await world.sql("select count(*) from enrolment_code") == [(0,)]


# --- devices that headquarters withdraws


@pytest.mark.parametrize("state", ["Disabled", "Deactivated"])
async def test_a_withdrawn_device_is_served_nothing_but_its_sales_are_taken(world, hq, state):
    register = await world.enrolled_at_headquarters(hq)
    hq.direct(**{REGISTER: {"device": state}})

    async def refused():
        return (await register.send("GET", "/items?key=sku:4711"))[0] == 403

    await until(refused)
    for path in (f"/series/{register.series}/head", "/downloads?after=0", "/search?text=milk", "/staff/101"):
        status, content, _ = await register.send("GET", path)
        assert (status, problem(content)) == (403, "device-disabled")
    await sold(register, 1)
    await delivered(hq, register, 1)
    hq.direct(**{REGISTER: {}})

    async def served():
        return (await register.send("GET", "/items?key=sku:4711"))[0] == 200

    await until(served)


async def test_a_withdrawn_device_stays_withdrawn_over_a_start_without_headquarters(tmp_path, hq):
    home, keyring = tmp_path / "srv", MemoryKeyring()
    hq.publish(1)
    async with linked_world(home, hq, keyring=keyring) as world:
        await loaded(world)
        register = await world.enrolled_at_headquarters(hq)
        hq.direct(**{REGISTER: {"device": "Disabled"}})
        await until(lambda: REGISTER in world.context.link.withdrawn)
    hq.away = True
    async with linked_world(home, hq, keyring=keyring) as world:
        register.url, register.http = world.url, world.http
        assert (await register.send("GET", "/items?key=sku:4711"))[0] == 403


# --- two servers


async def test_two_servers_on_one_postgres_deliver_everything_once(tmp_path, hq, postgres_url, monkeypatch):
    monkeypatch.setattr(server_world, "DATABASE_URL", postgres_url)
    hq.publish(1)
    keyring = MemoryKeyring()
    async with (
        linked_world(tmp_path / "one", hq, keyring=keyring) as one,
        linked_world(tmp_path / "two", hq, keyring=keyring) as two,
    ):
        await loaded(one)
        register = await one.enrolled_at_headquarters(hq)
        for world in (one, two) * 5:
            register.url, register.http = world.url, world.http
            await sold(register, 10)
        await delivered(hq, register, 100)
        await archived(register, 100)

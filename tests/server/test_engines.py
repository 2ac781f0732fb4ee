"""SQLite and PostgreSQL hold the same schema, and several server processes share one PostgreSQL."""

import asyncio
from types import SimpleNamespace

import aiohttp
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

import server_world
from server_process import prepare_home, running_server
from server_world import Register, problem, running_world
from store.database.connection import values
from store.database.errors import ConstraintBroken, DatabaseBusy, DatabaseClosed, SchemaTooNew
from store.database.postgres import MAX_ATTEMPTS, UnitLost
from store.ledger import posting
from store.service.channel import Channel

ONLY_SQLITE = "item_name"
"""The search index: a virtual table here, a plain one with a trigram index there."""
COLUMNS = """
select table_name, column_name, case data_type when 'bigint' then 'integer' when 'bytea' then 'blob' else data_type end,
  is_nullable = 'NO' from information_schema.columns where table_schema = 'public'"""
KEYS = """
select c.conrelid::regclass::text, array_agg(a.attname::text order by k.place)
from pg_constraint c cross join unnest(c.conkey) with ordinality as k(number, place)
join pg_attribute a on a.attrelid = c.conrelid and a.attnum = k.number
where c.contype in ('p', 'u') and c.connamespace = 'public'::regnamespace group by c.oid, c.conrelid"""


def is_ours(table):
    return not table.startswith((ONLY_SQLITE, "sqlite_", "schema_version"))


def sqlite_catalogue(db):
    tables = [
        r[0] for r in db.execute("select name from sqlite_schema where type = 'table'") if is_ours(r[0])
    ]
    columns, keys = set(), set()
    for table in tables:
        for _, name, kind, not_null, _, _ in db.execute(f"pragma table_info({table})").fetchall():
            columns.add((table, name, kind.lower(), not_null == 1))
        for _, index, unique, *_ in db.execute(f"pragma index_list({table})").fetchall():
            if unique:
                names = tuple(r[2] for r in db.execute(f"pragma index_info({index})").fetchall())
                keys.add((table, names))
    return columns, keys


def postgres_catalogue(db):
    columns = {tuple(row) for row in db.execute(COLUMNS) if is_ours(row[0])}
    keys = {(table, tuple(names)) for table, names in db.execute(KEYS) if is_ours(table)}
    return columns, keys


async def test_both_engines_have_the_same_tables_columns_nullability_and_keys(tmp_path, postgres_url):
    catalogues = []
    for place, catalogue in ((tmp_path / "c.db", sqlite_catalogue), (postgres_url, postgres_catalogue)):
        channel = await Channel.open(place)
        catalogues.append(await channel.read(catalogue))
        await channel.close()
    (columns, keys), (other_columns, other_keys) = catalogues
    assert columns == other_columns and len(columns) > 100
    assert keys == other_keys and len(keys) > 20


@pytest.fixture
def on_postgres(postgres_url, monkeypatch):
    monkeypatch.setattr(server_world, "DATABASE_URL", postgres_url)


async def test_two_servers_accept_the_same_batches_once(tmp_path, on_postgres):
    keyring = server_world.MemoryKeyring()
    async with (
        running_world(tmp_path, keyring=keyring) as one,
        running_world(tmp_path, keyring=keyring) as two,
    ):
        register = await one.enrolled()
        path = f"/series/{register.series}/records"
        for _ in range(10):
            first = len(register.records) + 1
            for _ in range(20):
                register.add()
            content, answers = register.batch(first), []

            async def send(world, content=content, answers=answers):
                headers = register.sign("POST", path, content)
                async with world.http.post(world.url + path, data=content, headers=headers) as response:
                    answers.append(
                        (response.status, [r["outcome"] for r in (await response.json())["records"]])
                    )

            await asyncio.gather(send(one), send(two))
            assert sorted(answers) == [(200, ["accepted"] * 20), (200, ["duplicate"] * 20)]
        books = await one.settled()
        assert books == {"accepted": 200, "posted": 200, "quarantined": 0, "waiting": 0}
        assert await one.sql("select count(*) from quarantine") == [(0,)]


async def test_postgresql_learns_how_the_books_look_before_its_autovacuum_comes(
    tmp_path, on_postgres, monkeypatch
):
    monkeypatch.setattr(posting, "LEARN_AFTER", 12)
    known = "select count(*) from pg_stats where tablename = 'posted'"
    async with running_world(tmp_path) as world:
        register = await world.enrolled()
        for first, learned in ((1, False), (11, True)):
            for _ in range(10):
                register.add()
            assert (await register.upload(register.batch(first)))[1].acked_seq == first + 9
            assert (await world.settled())["posted"] == first + 9
            async with asyncio.timeout(5):
                while learned and not (await world.sql(known))[0][0]:
                    await asyncio.sleep(0.01)
            assert bool((await world.sql(known))[0][0]) is learned


async def test_a_code_works_once_at_two_servers_at_a_time(tmp_path, on_postgres):
    keyring = server_world.MemoryKeyring()
    async with (
        running_world(tmp_path, keyring=keyring) as one,
        running_world(tmp_path, keyring=keyring) as two,
    ):
        code = (await one.prepare()).code
        done = await asyncio.gather(
            *(server_world.enrol(world, code, Ed25519PrivateKey.generate()) for world in (one, two))
        )
        assert sorted(status for status, _ in done) == [200, 403]
        assert [problem(content) for status, content in done if status == 403] == ["bad-code"]


async def test_f08_a_lost_deadlock_is_tried_again_and_then_given_up(postgres_url):
    channel = await Channel.open(postgres_url)
    tries = []

    def lose(db, times):
        tries.append(1)
        if len(tries) <= times:
            db.execute("do $$ begin raise exception 'x' using errcode = '40P01'; end $$")
        return len(tries)

    assert await channel.work(lose, 2) == 3
    tries.clear()
    with pytest.raises(DatabaseBusy):
        await channel.work(lose, 99)
    assert len(tries) == MAX_ATTEMPTS and issubclass(UnitLost, DatabaseBusy)
    await channel.close()


async def test_a_connection_that_was_cut_is_replaced_and_the_cut_unit_leaves_nothing(postgres_url):
    channel = await Channel.open(postgres_url)

    def cut(db):
        db.execute("insert into health (store_id, n, at_ms) values ('x', 1, 1)")
        db.execute("select pg_terminate_backend(pg_backend_pid())")

    with pytest.raises(DatabaseClosed):
        await channel.work(cut)
    assert await channel.read(lambda db: db.execute("select count(*) from health").fetchone()) == (0,)
    await channel.work(lambda db: db.execute("insert into health (store_id, n, at_ms) values ('y', 1, 1)"))
    with pytest.raises(ConstraintBroken):
        await channel.work(
            lambda db: db.execute("insert into health (store_id, n, at_ms) values ('y', 1, 1)")
        )
    await channel.close()


async def test_a_newer_schema_is_refused_with_a_sentence(postgres_url):
    channel = await Channel.open(postgres_url)
    await channel.work(lambda db: db.execute("insert into schema_version values (99, 'x', 'y')"))
    await channel.close()
    with pytest.raises(SchemaTooNew, match="start the newer program"):
        await Channel.open(postgres_url)


async def test_a_missing_database_a_wrong_password_and_no_server_are_sentences(postgres):
    url, admin = postgres
    with pytest.raises(DatabaseClosed, match="database nowhere does not exist; create it"):
        await Channel.open(url.format("nowhere"))
    await asyncio.to_thread(admin.execute, "create role guarded login password 'right'")
    for wrong in ("guarded:wrong", "guarded"):
        with pytest.raises(DatabaseClosed, match="does not accept the user or password") as caught:
            await Channel.open(url.format("postgres").replace("postgres@", f"{wrong}@"))
        assert "wrong" not in str(caught.value)
    await asyncio.to_thread(admin.execute, "drop role guarded")
    with pytest.raises(DatabaseClosed, match="cannot be reached"):
        await Channel.open("postgresql://postgres@/postgres?host=/nowhere")


async def test_a_text_with_nul_finds_nothing_and_a_value_that_fits_no_column_is_a_broken_rule(
    tmp_path, on_postgres
):
    async with running_world(tmp_path) as world:
        register = await world.enrolled()
        assert (await register.get("/items?key=sku:47%0011"))[0] == 404
        assert (await register.get("/search?text=gou%00da"))[0] == 200
        for value in ("a\0b", 5):
            with pytest.raises(ConstraintBroken):
                await world.context.channel.work(
                    lambda db, v=value: db.execute("insert into health values ($1, 1, 1)", values(v))
                )


async def test_a_server_process_is_prepared_and_serves_from_postgres(tmp_path, postgres_url):
    done = await asyncio.to_thread(prepare_home, tmp_path, url=postgres_url)
    with running_server(tmp_path, url=postgres_url) as (_, info):
        async with aiohttp.ClientSession() as http:
            register = await Register.enrol(SimpleNamespace(url=info["url"], http=http), done.code)
            register.add()
            assert (await register.upload())[1].acked_seq == 1
            assert (await register.get("/items?key=sku:4711"))[1]["price"] == 626
    assert not (tmp_path / "channel.db").exists()


async def test_records_never_change_in_either_engine(tmp_path, postgres_url, monkeypatch):
    for name, url in (("one", "sqlite:channel.db"), ("two", postgres_url)):
        monkeypatch.setattr(server_world, "DATABASE_URL", url)
        async with running_world(tmp_path / name) as world:
            register = await world.enrolled()
            register.add()
            await register.upload()
            for statement in ("update record set flags = 'x'", "delete from record"):
                with pytest.raises(Exception, match="a record never"):
                    await world.context.channel.work(lambda db, s=statement: db.execute(s))

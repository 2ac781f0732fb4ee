"""Units of work: whole or not at all, whatever the caller, the disk or another process does."""

import asyncio
import contextlib
import multiprocessing
import sqlite3
import threading

import pytest

from store.database.connection import values
from store.database.errors import (
    DatabaseBusy,
    DatabaseClosed,
    DatabaseDamaged,
    DatabaseInUse,
    DatabaseTrouble,
    OutcomeUnknown,
    StorageFull,
    StorageReadOnly,
)
from store.database.lock import FileLock
from store.database.sqlite import MOST_WAL_BYTES, Access, Database, open_reader, wal_bytes

CREATE = "create table sale (n integer primary key, text text not null) strict"


def create(db):
    db.execute(CREATE)


def insert(db, n, text="x"):
    db.execute("insert into sale (n, text) values ($1, $2)", values(n, text))
    return n


def numbers(db):
    return [row[0] for row in db.execute("select n from sale order by n").fetchall()]


@pytest.fixture
async def database(tmp_path):
    async with await Database.open(tmp_path / "shop.db") as database:
        await database.work(create)
        yield database


async def test_a_unit_is_there_for_readers_when_it_returns(database):
    assert await database.work(insert, 1) == 1
    assert await database.read(numbers) == [1]


async def test_a_unit_that_raises_leaves_nothing(database):
    def unit(db):
        insert(db, 1)
        raise RuntimeError("half-way")

    with pytest.raises(RuntimeError, match="half-way"):
        await database.work(unit)
    with pytest.raises(sqlite3.IntegrityError):
        await database.work(lambda db: (insert(db, 1), insert(db, 1)))
    with pytest.raises(sqlite3.OperationalError):
        await database.work(lambda db: (insert(db, 1), db.execute("no sql at all")))
    assert await database.read(numbers) == []


@pytest.mark.parametrize("when", ["before it starts", "in the middle"])
async def test_a_cancelled_caller_neither_stops_nor_halves_a_unit(database, when):
    entered, go_on = threading.Event(), threading.Event()

    def slow(db):
        insert(db, 1)
        entered.set()
        go_on.wait(5)
        insert(db, 2)

    first = asyncio.create_task(database.work(slow))
    await asyncio.to_thread(entered.wait, 5)
    second = asyncio.create_task(database.work(insert, 3))
    await asyncio.sleep(0)
    (first if when == "in the middle" else second).cancel()
    await asyncio.sleep(0.01)
    go_on.set()
    results = await asyncio.gather(first, second, return_exceptions=True)
    assert sum(isinstance(result, asyncio.CancelledError) for result in results) == 1
    assert await database.work(insert, 4) == 4
    assert await database.read(numbers) == [1, 2, 3, 4]


async def test_two_tasks_never_share_a_transaction(database):
    def failing(db):
        insert(db, 1)
        raise RuntimeError

    results = await asyncio.gather(
        database.work(failing), database.work(insert, 2), database.work(failing), return_exceptions=True
    )
    assert [type(result) for result in results] == [RuntimeError, int, RuntimeError]
    assert await database.read(numbers) == [2]


async def test_a_point_is_read_without_another_thread_and_leaves_no_transaction(database):
    await database.work(insert, 1)
    seen = await database.read_point(lambda db: (threading.get_ident(), numbers(db), db))
    assert seen[:2] == (threading.get_ident(), [1])
    assert not seen[2].in_transaction
    await database.work(insert, 2)
    assert await database.read_point(numbers) == [1, 2]


async def test_a_point_that_raises_leaves_no_transaction_and_none_can_write(database):
    connections = []

    def unit(db):
        connections.append(db)
        raise RuntimeError("half-way")

    with pytest.raises(RuntimeError, match="half-way"):
        await database.read_point(unit)
    assert not connections[0].in_transaction
    with pytest.raises(StorageReadOnly):
        await database.read_point(insert, 1)


async def test_a_point_that_would_have_to_wait_is_read_by_another_thread(database):
    def unit(db):
        if threading.current_thread() is threading.main_thread():
            raise DatabaseBusy("locked")
        return numbers(db)

    await database.work(insert, 1)
    assert await database.read_point(unit) == [1]


async def test_after_the_end_no_point_is_read(tmp_path):
    database = await Database.open(tmp_path / "shop.db")
    await database.close()
    with pytest.raises(DatabaseClosed):
        await database.read_point(numbers)


async def test_readers_cannot_write_and_see_one_snapshot(database):
    await database.work(insert, 1)
    with pytest.raises((sqlite3.OperationalError, StorageReadOnly)):
        await database.read(insert, 2)

    entered, go_on = threading.Event(), threading.Event()

    def twice(db):
        before = numbers(db)
        entered.set()
        go_on.wait(5)
        return before, numbers(db)

    reading = asyncio.create_task(database.read(twice))
    await asyncio.to_thread(entered.wait, 5)
    await database.work(insert, 2)
    go_on.set()
    assert await reading == ([1], [1])
    assert await database.read(numbers) == [1, 2]


async def test_every_pragma_that_keeps_the_promise_is_set(database):
    expected = {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "trusted_schema": 0,
        "cell_size_check": 1,
        "mmap_size": 0,
        "temp_store": 2,
        "busy_timeout": 2000,
        "wal_autocheckpoint": 1000,
    }

    def read(db):
        return {name: db.execute(f"pragma {name}").fetchone()[0] for name in expected}

    assert await database.work(read) == expected
    await database.work_unsynced(insert, 1)
    assert await database.work(read) == expected
    assert database.path.stat().st_mode & 0o777 == 0o600


async def test_an_unsynced_unit_runs_without_full_sync_and_ends_with_it_even_when_it_fails(database):
    level = await database.work_unsynced(lambda db: db.execute("pragma synchronous").fetchone()[0])
    assert level == 1
    with pytest.raises(RuntimeError):
        await database.work_unsynced(lambda db: (_ for _ in ()).throw(RuntimeError()))
    assert await database.work(lambda db: db.execute("pragma synchronous").fetchone()[0]) == 2


async def test_an_error_from_commit_means_unknown_and_the_connection_is_not_used_again(database):
    def refuse_commit(action, argument, *_):
        refused = action == 22 and argument == "COMMIT"  # SQLITE_TRANSACTION
        return sqlite3.SQLITE_DENY if refused else sqlite3.SQLITE_OK

    await database._writer.run(lambda db: db.set_authorizer(refuse_commit))
    waiting = [asyncio.create_task(database.work(insert, n)) for n in (1, 2)]
    first, second = await asyncio.gather(*waiting, return_exceptions=True)
    assert isinstance(first, OutcomeUnknown) and isinstance(second, DatabaseClosed)
    assert not database.usable
    with pytest.raises(DatabaseClosed):
        await database.work(insert, 3)
    await database.reopen()
    assert await database.work(insert, 4) == 4
    assert await database.read(numbers) == [4]


async def test_a_broken_constraint_at_commit_is_a_mistake_and_nothing_unknown(database):
    await database.work(
        lambda db: db.execute(
            "create table line (sale integer references sale (n) deferrable initially deferred) strict"
        )
    )
    with pytest.raises(sqlite3.IntegrityError):
        await database.work(lambda db: db.execute("insert into line values (9)"))
    assert await database.work(insert, 1) == 1


async def test_a_full_disk_is_said_so_and_the_database_works_on_afterwards(database):
    def limit(pages):
        return lambda db: db.execute(f"pragma max_page_count={pages}").fetchall()

    await database.work(insert, 1)
    await database._writer.run(limit(4))
    with pytest.raises(StorageFull):
        await database.work(insert, 2, "x" * 100_000)
    await database._writer.run(limit(1_000_000))
    await database.work(insert, 3)
    assert await database.read(numbers) == [1, 3]


async def test_another_writer_who_holds_the_file_is_busy_and_nothing_happened(database, monkeypatch):
    await database._writer.run(lambda db: db.execute("pragma busy_timeout=20"))
    other = sqlite3.connect(database.path, isolation_level=None)
    other.execute("begin immediate")
    with pytest.raises(DatabaseBusy):
        await database.work(insert, 1)
    other.execute("rollback")
    other.close()
    await database.work(insert, 2)
    assert await database.read(numbers) == [2]


async def test_a_file_that_is_no_database_is_said_so(tmp_path):
    (tmp_path / "shop.db").write_bytes(b"this is no database" * 100)
    with pytest.raises(DatabaseDamaged):
        await Database.open(tmp_path / "shop.db")


async def test_a_missing_folder_is_said_so(tmp_path):
    with pytest.raises(StorageReadOnly):
        await Database.open(tmp_path / "nowhere" / "shop.db")
    with pytest.raises(StorageReadOnly):
        await Database.open(tmp_path / "nowhere" / "shop.db", access=Access.SHARED)
    with pytest.raises(StorageReadOnly):
        open_reader(tmp_path / "nothing.db")


async def test_an_owned_file_has_one_owner(database):
    with pytest.raises(DatabaseInUse):
        await Database.open(database.path, wait_s=0.0)


async def test_the_owner_lets_go_when_it_closes(tmp_path):
    for _ in range(2):
        database = await Database.open(tmp_path / "shop.db", wait_s=0.0)
        await database.close()
        await database.close()
        with pytest.raises(DatabaseClosed):
            await database.work(create)
        with pytest.raises(DatabaseClosed):
            await database.read(numbers)


def write_many(path, first, count):
    async def main():
        async with await Database.open(path, access=Access.SHARED) as database:
            for n in range(first, first + count):
                await database.work(insert, n)
                if n % 7 == 0:
                    await database.checkpoint()

    asyncio.run(main())


async def test_several_processes_take_turns_on_a_shared_file(tmp_path):
    path = tmp_path / "shop.db"
    async with await Database.open(path, access=Access.SHARED) as database:
        await database.work(create)
        context = multiprocessing.get_context("spawn")
        others = [context.Process(target=write_many, args=(path, first, 30)) for first in (100, 200)]
        for other in others:
            other.start()
        for n in range(30):
            await database.work(insert, n)
        for other in others:
            await asyncio.to_thread(other.join, 20)
            assert other.exitcode == 0
        assert await database.read(numbers) == [*range(30), *range(100, 130), *range(200, 230)]
        assert await database.read(lambda db: db.execute("pragma integrity_check").fetchone()[0]) == "ok"


async def test_who_finds_no_turn_on_a_shared_file_is_told_busy(tmp_path):
    database = await Database.open(tmp_path / "shop.db", access=Access.SHARED)
    await database.work(create)
    database._turn._wait_s = 0.02
    with FileLock(tmp_path / "shop.db.lock"):
        with pytest.raises(DatabaseBusy):
            await database.work(insert, 1)
    await database.work(insert, 2)
    await database.close()


async def test_the_log_is_written_from_its_beginning_and_neither_grows_nor_shrinks(database):
    sizes = []
    for n in range(30):
        await database.work(insert, n, "x" * 1_000_000)
        sizes.append(wal_bytes(database.path))
    assert max(sizes) < 8_000_000 and sizes[-1] == max(sizes)
    await database.checkpoint()
    assert wal_bytes(database.path) == 0


async def test_a_log_that_a_reader_kept_growing_is_emptied(database):
    with contextlib.closing(sqlite3.connect(database.path, isolation_level=None)) as reader:
        reader.execute("begin")
        reader.execute("select count(*) from sqlite_schema").fetchone()
        for n in range(20):
            await database.work(insert, n, "x" * 1_000_000)
        assert wal_bytes(database.path) > MOST_WAL_BYTES
        reader.execute("rollback")
    await database.work(insert, 20)
    assert wal_bytes(database.path) == 0


async def test_an_immutable_file_can_be_read_without_a_lock_or_a_log(tmp_path):
    async with await Database.open(tmp_path / "cat a?log#1%.db") as database:
        await database.work(create)
        await database.work(insert, 1)
    tmp_path.chmod(0o500)
    try:
        reader = open_reader(tmp_path / "cat a?log#1%.db", immutable=True)
        assert numbers(reader) == [1]
        with pytest.raises(sqlite3.OperationalError):
            reader.execute("insert into sale values (2, 'x')")
        reader.close()
    finally:
        tmp_path.chmod(0o700)


async def test_every_trouble_is_a_sentence(database):
    with pytest.raises(DatabaseTrouble) as caught:
        await Database.open(database.path, wait_s=0.0)
    assert str(caught.value).endswith(".") and "shop.db" in str(caught.value)


async def test_value_errors_of_a_unit_are_its_own_and_after_the_end_the_database_is_closed(tmp_path):
    def odd(_):
        raise ValueError("no such colour")

    database = await Database.open(tmp_path / "a.db")
    writer = database._writer
    with pytest.raises(ValueError, match="no such colour"):
        await writer.run(odd)
    await database.close()
    with pytest.raises(DatabaseClosed):
        await writer.run(odd)
    assert wal_bytes(tmp_path / "never.db") == 0

"""The ladder: every rung with its number or not at all; never downwards, never over a changed rung."""

import sqlite3

import apsw
import pytest

from store.database.connection import run_unit
from store.database.errors import SchemaTooNew
from store.database.migrations import Step, back_up, load_steps, migrate, pending, render, schema_version
from store.database.sqlite import Database

FIRST = Step(
    number=1,
    name="0001_first.sql",
    sql="""-- what is sold; a comment with a ; in it
create table item (sku @text primary key, price @int not null, doc @json, raw @blob) @strict;
create trigger item_stays before delete on item begin select raise(abort, 'stays'); end;
--@sqlite create virtual table item_name using fts5 (name);
--@postgres create index item_name on item (sku);
""",
)
SECOND = Step(
    number=2,
    name="0002_second.sql",
    sql="alter table item add column name @text;\ncreate table b (n @int) @strict;\n",
)
LADDER = (FIRST, SECOND)


def connect(kind="sqlite3"):
    return (
        sqlite3.connect(":memory:", isolation_level=None)
        if kind == "sqlite3"
        else apsw.Connection(":memory:")
    )


def tables(db):
    rows = db.execute(
        "select name from sqlite_schema where type = 'table' and name not like 'item_name%'"
    ).fetchall()
    return {row[0] for row in rows}


@pytest.mark.parametrize("kind", ["sqlite3", "apsw"])
def test_a_fresh_file_climbs_the_whole_ladder_and_the_next_start_climbs_nothing(kind):
    db = connect(kind)
    assert migrate(db, LADDER) == 2
    assert migrate(db, LADDER) == 0
    assert schema_version(db) == 2
    assert tables(db) == {"item", "b", "schema_version"}
    db.close()


def test_an_older_file_climbs_only_what_is_left():
    db = connect()
    assert migrate(db, (FIRST,)) == 1
    assert migrate(db, LADDER) == 1
    db.close()


def test_a_rung_that_breaks_leaves_the_schema_below_it():
    db = connect()
    broken = Step(number=2, name="0002_second.sql", sql=SECOND.sql + "create table b (n @int);\n")
    with pytest.raises(sqlite3.OperationalError):
        migrate(db, (FIRST, broken))
    assert schema_version(db) == 1
    assert tables(db) == {"item", "schema_version"}
    assert migrate(db, LADDER) == 1
    db.close()


def test_a_newer_file_is_refused_with_its_cure():
    db = connect()
    migrate(db, LADDER)
    with pytest.raises(SchemaTooNew, match="start the newer program"):
        pending(db, (FIRST,))
    db.close()


def test_a_rung_changed_after_the_fact_is_refused():
    db = connect()
    migrate(db, (FIRST,))
    other = Step(number=1, name=FIRST.name, sql=FIRST.sql + "\n")
    with pytest.raises(SchemaTooNew, match=r"0001_first\.sql"):
        pending(db, (other, SECOND))
    db.close()


def test_two_starts_at_once_climb_once():
    db = connect()
    steps = pending(db, LADDER)
    migrate(db, LADDER)
    from store.database.migrations import climb

    for step in steps:
        run_unit(db, climb, step)
    assert schema_version(db) == 2
    db.close()


def test_tokens_and_engine_lines_are_rendered_for_sqlite():
    statements = render(FIRST.sql)
    assert (
        statements[0]
        == "create table item (sku text primary key, price integer not null, doc text, raw blob) strict"
    )
    assert statements[1].endswith("end")
    assert statements[2].startswith("create virtual table")
    assert len(statements) == 3


@pytest.mark.parametrize("package", ["store.server", "store.register.journal"])
def test_the_ladders_of_the_project_can_be_climbed(package):
    db = connect()
    steps = load_steps(package)
    assert steps and migrate(db, steps) == len(steps)
    db.close()


async def test_a_backup_is_a_whole_database(tmp_path):
    async with await Database.open(tmp_path / "a.db") as database:
        await database.work(lambda db: db.execute("create table t (n integer) strict"))
        await database._writer.run(lambda db: back_up(db, str(tmp_path / "copy.db")))
    copy = sqlite3.connect(tmp_path / "copy.db")
    assert copy.execute("select count(*) from t").fetchone() == (0,)
    copy.close()

"""The books of a round: rows of a record are all there or not at all, and a reader sees what came before."""

import sqlite3

import pytest

from store.database.connection import values
from store.database.migrations import load_steps, migrate
from store.ledger.books import ASKED_AT_ONCE, LINES, SHIFT_TOTALS, Books

COUNT = "select count(*) from sale_line where store_id = $1"


@pytest.fixture
def db():
    db = sqlite3.connect(":memory:", isolation_level=None)
    migrate(db, load_steps("store.server"))
    yield db
    db.close()


def rows(seq, count):
    return [("S1", "S1-R1.1", seq, f"line:{n}", "4711", "Milk", "1", 109) for n in range(count)]


def test_what_is_dropped_is_not_written_and_what_is_kept_is_written_once(db):
    books = Books(db, "S1", "S1-R1.1")
    books.add(LINES, rows(1, 2))
    books.keep()
    books.add(LINES, rows(2, 3))
    books.drop()
    books.add(LINES, rows(3, 250))
    books.keep()
    books.write()
    books.write()
    found = db.execute("select seq, count(*) from sale_line group by seq").fetchall()
    assert found == [(1, 2), (3, 250)]


def test_a_reader_sees_the_records_before_and_not_the_current_one(db):
    books = Books(db, "S1", "S1-R1.1")
    books.add(LINES, rows(1, 2))
    books.keep()
    books.add(LINES, rows(2, 2))
    assert books.read(COUNT, values("S1")) == [(2,)]
    books.keep()
    assert books.read(COUNT, values("S1")) == [(4,)]


def test_names_are_known_to_the_next_record_once_they_are_kept(db):
    books = Books(db, "S1", "S1-R1.1")
    books.name("t1", 7, 1)
    assert (books.with_txn("t1"), books.with_receipt(7)) == ((), None)
    books.drop()
    assert books.with_receipt(7) is None
    books.name("t1", 7, 1)
    books.keep()
    assert (list(books.with_txn("t1")), books.with_receipt(7)) == ([("S1-R1.1", 1)], 1)


def test_more_names_than_one_statement_holds_are_all_looked_up(db):
    insert = (
        "insert into posted values ('S1', 'S1-R1.1', ?1, 'sale', 't' || ?1, ?1, 0, '', '', '', '', '', 0)"
    )
    many = ASKED_AT_ONCE * 2 + 3
    db.executemany(insert, [(n,) for n in range(1, many + 1)])
    books = Books(db, "S1", "S1-R1.1")
    books.look_up([f"t{n}" for n in range(1, many + 1)] + [""], [*range(many + 1), 2**62])
    assert all(books.with_txn(f"t{n}") == [("S1-R1.1", n)] for n in range(1, many + 1))
    assert all(books.with_receipt(n) == n for n in range(1, many + 1)) and books.with_receipt(2**62) is None


def test_books_that_the_database_refuses_say_so(db):
    books = Books(db, "S1", "S1-R1.1")
    books.add(SHIFT_TOTALS, [("S1", "S1-R1.1", 1, "x", 1)] * 2)
    books.keep()
    assert not books.broken
    with pytest.raises(sqlite3.IntegrityError):
        books.write()
    assert books.broken

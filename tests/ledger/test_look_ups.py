"""Whether an id or a receipt number is in the books already is found by its own index, however large the books are."""

import sqlite3

import pytest

from store.database.connection import values
from store.database.migrations import load_steps, migrate
from store.ledger.books import ASKED_AT_ONCE, FIND_RECEIPTS, FIND_TXNS, Books

INSERT = "insert into posted values ('S1', ?2, ?1, 'sale', 't' || ?3, ?1, 0, '', '', '', '', '', 0)"


@pytest.fixture
def db():
    db = sqlite3.connect(":memory:", isolation_level=None)
    migrate(db, load_steps("store.server"))
    yield db
    db.close()


@pytest.mark.parametrize(
    ("question", "asked", "index"),
    [
        (FIND_TXNS, ("S1",), "posted_txn (store_id=? AND txn_id=?)"),
        (FIND_RECEIPTS, ("S1", "S1-R1.1"), "posted_receipt (store_id=? AND series=? AND receipt_no=?)"),
    ],
)
def test_no_question_walks_through_a_series(db, question, asked, index):
    cells = values(*asked, *range(ASKED_AT_ONCE))
    plan = " | ".join(row[3] for row in db.execute(f"explain query plan {question}", cells).fetchall())
    assert index in plan


def test_an_id_of_several_registers_is_found_with_all_of_them(db):
    db.executemany(INSERT, [(5, "S1-R2.1", 1), (2, "S1-R1.1", 1), (3, "S1-R1.1", 3)])
    books = Books(db, "S1", "S1-R1.1")
    books.look_up(["t1", "t2", "t3"], [2, 5, 7])
    assert list(books.with_txn("t1")) == [("S1-R1.1", 2), ("S1-R2.1", 5)]
    assert (list(books.with_txn("t2")), list(books.with_txn("t3"))) == ([], [("S1-R1.1", 3)])
    assert [books.with_receipt(number) for number in (2, 5, 7)] == [2, None, None]

"""What the scheduler takes from the books: rounds that are booked, quantities that may be returned."""

import msgspec

from hq_scheduler import told
from store.headquarters.scheduler import booked, uploads
from store.headquarters.scheduler.returnable import DAY_MS, newest_sale, returnable_cells
from store.headquarters.scheduler.rules import Rules
from store.sale.past_sale import from_rows, left_of

SERIES = "S0001-R01-E1"
ZEROS = bytes(32)


def series(db, head, posted, store="S0001"):
    db.execute(
        "insert into series (store_id, series, register_id, epoch, public_key, key_id, insecure, opened_ms, closed_ms,"
        " recovery_granted, head_seq, head_hash) values ($1, $2, 'R', 1, $3, 'k', 0, 0, 0, 0, $4, $3)",
        {"1": store, "2": SERIES, "3": ZEROS, "4": head},
    )
    db.execute("insert into posting_cursor values ($1, $2, $3)", {"1": store, "2": SERIES, "3": posted})


def sale(db, seq, posted_ms, quantity="2", store="S0001", kind="sale"):
    db.execute(
        "insert into posted (store_id, series, seq, kind, txn_id, receipt_no, total, currency, at, business_date,"
        " operator, shift_id, posted_ms) values ($1, $2, $3, $4, $5, $3, 0, 'EUR', '', '', '', '', $6)",
        {"1": store, "2": SERIES, "3": seq, "4": kind, "5": f"t{seq}", "6": posted_ms},
    )
    db.execute(
        "insert into sale_line values ($1, $2, $3, 'line:1', '100', 'Milk', $4, 1)",
        {"1": store, "2": SERIES, "3": seq, "4": quantity},
    )


async def uploaded(world):
    session = await world.work(uploads.ask, "S0001", world.clock())
    await world.work(uploads.report, told(session.session, "Uploaded", 5, rows=4), Rules(), world.clock())
    return session.session


async def status(world, number):
    found = await world.read(uploads.find, number)
    return found.status, found.message


async def test_round_is_applied_when_the_cursor_has_reached_the_head(world):
    number = await uploaded(world)
    await world.work(lambda db: series(db, head=4, posted=3))
    assert await world.work(booked.settle_uploads, 9) == 0
    await world.work(lambda db: db.execute("update posting_cursor set seq = 4"))
    await world.work(
        lambda db: db.execute("insert into retry values ('S0001', $1, 2, 1, 0, 'later')", {"1": SERIES})
    )
    assert await world.work(booked.settle_uploads, 9) == 0
    await world.work(lambda db: db.execute("delete from retry"))
    await world.scheduler.look()
    assert await status(world, number) == ("Applied", "")


async def test_other_stores_records_hold_up_nobody(world):
    number = await uploaded(world)
    await world.work(lambda db: series(db, head=4, posted=0, store="S0002"))
    await world.work(booked.settle_uploads, 9)
    assert (await status(world, number))[0] == "Applied"


async def test_records_in_quarantine_are_named(world):
    number = await uploaded(world)

    def park(db):
        series(db, head=9, posted=9)
        for seq in range(1, 6):
            db.execute(
                "insert into quarantine values ('S0001', $1, $2, 'unknown kind', 1, $3)",
                {"1": SERIES, "2": seq, "3": world.clock() + 1},
            )

    await world.work(park)
    await world.work(booked.settle_uploads, 9)
    found, message = await status(world, number)
    assert found == "Apply failed"
    assert f"{SERIES} record 1 (unknown kind)" in message
    assert message.endswith("and more.")


async def test_old_quarantine_is_no_trouble_of_a_new_round(world):
    await world.work(
        lambda db: db.execute("insert into quarantine values ('S0001', $1, 1, 'odd', 1, 5)", {"1": SERIES})
    )
    number = await uploaded(world)
    await world.work(booked.settle_uploads, 9)
    assert (await status(world, number))[0] == "Applied"


async def test_lines_that_were_sold_lately_are_returnable(shop, database):
    now = shop.clock()

    def book(db):
        sale(db, 1, now - 200 * DAY_MS)
        sale(db, 2, now - DAY_MS)
        sale(db, 3, now, quantity="-1")
        sale(db, 4, now, store="S0002")
        sale(db, 5, now, kind="void")

    await shop.work(book)
    assert await shop.read(newest_sale) == now
    found = await shop.read(lambda db: list(returnable_cells(db, "S0001")))
    assert found == [(f"{SERIES}:2:1", "100", "2", now - DAY_MS, "")]
    await shop.run("1200")
    database.follow(await shop.packages())
    assert set(database.rows["returnable"]) == {f"{SERIES}:2:1"}
    await shop.work(lambda db: sale(db, 6, now + 5))
    [result] = await shop.run("1200")
    assert (result.kind, result.rows) == ("delta", 1)


async def test_what_came_back_is_not_returnable_any_more(shop):
    now = shop.clock()

    def book(db):
        sale(db, 2, now)
        sale(db, 3, now)
        for seq, of_seq, thousandths in ((8, 2, 500), (9, 3, 2000)):
            db.execute(
                "insert into returned values ('S0001', $1, $2, 'return:1', $1, $3, 1, $4, 5, '')",
                {"1": SERIES, "2": seq, "3": of_seq, "4": thousandths},
            )

    await shop.work(book)
    found = await shop.read(lambda db: list(returnable_cells(db, "S0001")))
    assert found == [(f"{SERIES}:2:1", "100", "1.5", now, "")]


def record(db, seq, payload):
    """The record of a sale, as it came from its store."""
    facts = {
        "series": SERIES,
        "seq": seq,
        "receipt_no": seq,
        "kind": "sale",
        "at": "2026-11-24T13:00:00.000Z",
    }
    db.execute(
        "insert into record (store_id, series, seq, payload, prev, hash, signature, key_id, flags, received_ms)"
        " values ('S0001', $1, $2, $3, $4, $4, $4, 'k', '', 0)",
        {"1": SERIES, "2": seq, "3": msgspec.json.encode(facts | payload), "4": ZEROS},
    )


CHEESE = {
    "n": 1, "sku": "100", "name": "Cheese", "quantity": "2", "unit": "pcs", "price": 109, "amount": 218, "tax": "B",
    "tax_amount": 14, "gross": 218, "price_source": "catalog",
}  # fmt: skip
TAXES = [{"code": "B", "name": "VAT", "rate": "7", "included": 1, "net": 204, "tax": 14, "gross": 218}]
CASH = [{"n": 1, "tender": 1, "kind": "cash", "amount": 218}]


async def test_a_store_that_takes_all_receipts_offline_gets_how_each_line_was_sold(shop, database):
    now = shop.clock()
    back = CHEESE | {
        "quantity": "-1", "amount": -109, "tax_amount": -7, "gross": -109,
        "returns_of": {"series": SERIES, "seq": 2, "receipt_no": 2, "n": 1, "sold": {"quantity": "2"}},
    }  # fmt: skip

    def book(db):
        sale(db, 2, now)
        record(db, 2, {"currency": "EUR", "total": 218, "lines": [CHEESE], "taxes": TAXES, "tenders": CASH})
        record(db, 9, {"currency": "EUR", "total": -109, "lines": [back], "taxes": TAXES, "tenders": CASH})
        db.execute(
            "insert into returned values ('S0001', $1, 9, 'return:1', $1, 2, 1, 1000, 109, '')", {"1": SERIES}
        )

    await shop.work(book)
    [(key, _, quantity, _, detail)] = await shop.read(
        lambda db: list(returnable_cells(db, "S0001", in_full=True))
    )
    past = from_rows(SERIES, 2, [msgspec.json.decode(detail)])
    assert (key, quantity, left_of(past, past.lines[0])) == (f"{SERIES}:2:1", "1", "1")
    assert (past.total, past.lines[0].gross, past.returned[0].cents.amount) == (218, 218, 109)


async def test_a_sale_whose_record_is_not_here_has_no_details(shop):
    now = shop.clock()
    await shop.work(lambda db: sale(db, 2, now))
    [row] = await shop.read(lambda db: list(returnable_cells(db, "S0001", in_full=True)))
    assert row[-1] == ""

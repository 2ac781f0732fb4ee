"""What a record does to the books: the effects of posting, and what the server computes by its own means.

The register's figures are stored as they are; where the server's own arithmetic disagrees, the difference is
written beside them for a person to see. Owns the tables `posted`, `sale_line`, `sale_tender`, `sale_tax`,
`shift_total` and `difference`.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from store.database.connection import Connection, values
from store.ledger.recomputation import recompute_sale, recompute_shift

Body = Mapping[str, Any]


class Ref(msgspec.Struct, frozen=True, kw_only=True):
    """The place of a record, under which all its effects stand."""

    store: str
    series: str
    seq: int
    now_ms: int


class Unpostable(ValueError):
    """A record that no further attempt will make postable; the message is the reason for its quarantine."""


INSERT_POSTED = """
insert into posted (store_id, series, seq, kind, txn_id, receipt_no, total, currency, at, business_date, operator,
  shift_id, posted_ms)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"""
SELECT_TXN = "select series, seq from posted where store_id = $1 and txn_id = $2 order by series, seq limit 2"
SELECT_RECEIPT = "select seq from posted where store_id = $1 and series = $2 and receipt_no = $3"
INSERT_LINE = """
insert into sale_line (store_id, series, seq, effect, sku, name, quantity, amount)
values ($1, $2, $3, $4, $5, $6, $7, $8)"""
INSERT_TENDER = """
insert into sale_tender (store_id, series, seq, effect, kind, amount) values ($1, $2, $3, $4, $5, $6)"""
INSERT_TAX = """
insert into sale_tax (store_id, series, seq, effect, rate, net, tax, gross)
values ($1, $2, $3, $4, $5, $6, $7, $8)"""
INSERT_SHIFT_TOTAL = """
insert into shift_total (store_id, series, seq, effect, amount) values ($1, $2, $3, $4, $5)"""
INSERT_DIFFERENCE = """
insert into difference (store_id, series, seq, effect, register_value, server_value)
values ($1, $2, $3, $4, $5, $6)"""
SELECT_MISSING = """
select (select count(*) from retry where store_id = $1 and series = $2 and seq < $3)
  + (select count(*) from quarantine where store_id = $1 and series = $2 and seq < $3)"""
SELECT_SHIFT_KINDS = """
select kind, count(*), cast(coalesce(sum(total), 0) as bigint) from posted
where store_id = $1 and series = $2 and shift_id = $3 group by kind"""
SELECT_SHIFT_TENDERS = """
select t.kind, cast(sum(t.amount) as bigint) from sale_tender t
join posted p on p.store_id = t.store_id and p.series = t.series and p.seq = t.seq
where p.store_id = $1 and p.series = $2 and p.shift_id = $3 group by t.kind"""
SELECT_SHIFT_START = """
select amount from shift_total t join posted p
  on p.store_id = t.store_id and p.series = t.series and p.seq = t.seq
where p.store_id = $1 and p.series = $2 and p.shift_id = $3 and p.kind = 'shift.open'
  and t.effect = 'start_amount'"""


def post(db: Connection, ref: Ref, body: Body) -> None:
    """Write all effects of one record; part of a larger unit. Raises Unpostable, or whatever a bug raises."""
    kind = body["kind"]
    effect = EFFECTS.get(kind)
    if effect is None:
        raise Unpostable(f"unknown kind {kind[:40]}; a newer program may know it")
    _check_unique(db, ref, body)
    db.execute(
        INSERT_POSTED,
        values(
            ref.store,
            ref.series,
            ref.seq,
            kind,
            body["txn_id"],
            body.get("receipt_no", 0),
            body.get("total", 0),
            body.get("currency", ""),
            body["at"],
            body.get("business_date", ""),
            body.get("operator", ""),
            body.get("shift_id", ""),
            ref.now_ms,
        ),
    )
    effect(db, ref, body)


def note_difference(
    db: Connection, ref: Ref, effect: str, register_value: object, server_value: object
) -> None:
    """Write down that register and server see something differently."""
    db.execute(
        INSERT_DIFFERENCE,
        values(ref.store, ref.series, ref.seq, effect, str(register_value)[:200], str(server_value)[:200]),
    )


def _check_unique(db: Connection, ref: Ref, body: Body) -> None:
    for series, seq in db.execute(SELECT_TXN, values(ref.store, body["txn_id"])).fetchall():
        if series == ref.series:
            raise Unpostable(f"txn_id is that of record {seq}")
        # Two registers with the same id (a cloned machine): both sold something, so both count, and a person looks.
        note_difference(db, ref, "txn_id", body["txn_id"], f"also {series} record {seq}")
        break
    receipt_no = body.get("receipt_no", 0)
    if receipt_no:
        found = db.execute(SELECT_RECEIPT, values(ref.store, ref.series, receipt_no)).fetchone()
        if found is not None:
            raise Unpostable(f"receipt number {receipt_no} is that of record {found[0]}")


def _post_sale(db: Connection, ref: Ref, body: Body) -> None:
    for line in body["lines"]:
        effect = f"line:{line['n']}"
        db.execute(
            INSERT_LINE,
            values(
                ref.store,
                ref.series,
                ref.seq,
                effect,
                line["sku"],
                line["name"],
                line["quantity"],
                line["amount"],
            ),
        )
    for tender in body["tenders"]:
        effect = f"tender:{tender['n']}"
        db.execute(
            INSERT_TENDER, values(ref.store, ref.series, ref.seq, effect, tender["kind"], tender["amount"])
        )
    for tax in body["taxes"]:
        effect = f"tax:{tax['code']}:{tax['rate']}"
        db.execute(
            INSERT_TAX,
            values(ref.store, ref.series, ref.seq, effect, tax["rate"], tax["net"], tax["tax"], tax["gross"]),
        )
    for effect, said, found in recompute_sale(body):
        note_difference(db, ref, effect, said, found)


def _post_shift_open(db: Connection, ref: Ref, body: Body) -> None:
    for effect in ("start_amount", "grand_total"):
        db.execute(INSERT_SHIFT_TOTAL, values(ref.store, ref.series, ref.seq, effect, body[effect]))


def _post_shift_close(db: Connection, ref: Ref, body: Body) -> None:
    for effect, amount in _shift_amounts(body):
        db.execute(INSERT_SHIFT_TOTAL, values(ref.store, ref.series, ref.seq, effect, amount))
    missing = int(db.execute(SELECT_MISSING, values(ref.store, ref.series, ref.seq)).fetchone()[0])
    if missing:
        # What is not posted cannot be compared; saying so beats a wrong alarm.
        note_difference(db, ref, "shift.incomplete", 0, missing)
        return
    where = values(ref.store, ref.series, body["shift_id"])
    start = db.execute(SELECT_SHIFT_START, where).fetchone()
    found = recompute_shift(
        kinds=db.execute(SELECT_SHIFT_KINDS, where).fetchall(),
        tenders=db.execute(SELECT_SHIFT_TENDERS, where).fetchall(),
        start_amount=0 if start is None else int(start[0]),
    )
    for effect, amount in found.items():
        if body.get(effect, 0) != amount:
            note_difference(db, ref, f"shift.{effect}", body.get(effect, 0), amount)


def _shift_amounts(body: Body) -> Iterator[tuple[str, int]]:
    """Every whole number a closing says, and its rows per tender and per tax."""
    common = {"v", "seq", "receipt_no", "shift", "utc_offset_min"}
    for name, value in body.items():
        if type(value) is int and name not in common:
            yield name, value
    for row in body.get("tenders", ()):
        yield f"tender:{row['kind']}", row["amount"]
    for row in body.get("taxes", ()):
        yield f"tax:{row['code']}:{row['rate']}", row["gross"]


def _post_event(db: Connection, ref: Ref, body: Body) -> None:
    """A record that moves no money: that it is posted is its whole effect."""


EFFECTS: dict[str, Callable[[Connection, Ref, Body], None]] = {
    "sale": _post_sale,
    "void": _post_event,
    "shift.open": _post_shift_open,
    "shift.close": _post_shift_close,
    "drawer.open": _post_event,
    "sign.on": _post_event,
    "sign.off": _post_event,
    "lock": _post_event,
    "unlock": _post_event,
    "reprint": _post_event,
    "report.x": _post_event,
    "mode": _post_event,
    "clock": _post_event,
    "sign.unavailable": _post_event,
    "sign.recovered": _post_event,
    "price.difference": _post_event,
}
"""Kind of record → its effects. An unknown kind may carry money, so it is quarantined, not dropped."""

COUNTED_KINDS = frozenset({"sale", "void", "drawer.open", "shift.open", "shift.close"})
"""Kinds that people call transactions."""

"""The independent verifier names the first bad record for every single change to a journal or an export."""

import ast
import contextlib
import io
import json
import shutil
import sqlite3
from pathlib import Path

import pytest

import sale_shop as shop
from journal_world import KEY, KeySigner, StillClock, event, identity, opened, sale, sale_body
from store.exchange.canonical import canonical
from store.exchange.record import key_id_of, public_bytes, record_hash, sign
from store.register.journal.export import ExportFailed, export_journal
from store.register.verification.chain import Unsound, _milliseconds
from store.register.verification.verify import verify_file
from store.sale.barcode import LabelReading
from store.sale.cash import BY_OPERATION, movement_body
from store.sale.declaration import Pieces, cash_count, declaration_body
from store.sale.item import Department
from store.sale.paying import add_tender, begin_payment, complete, void_tender
from store.sale.policy import LabelMeasure
from store.sale.record import drawer_open_body, reprint_body, shift_open_body, void_body
from store.sale.record import sale_body as sale_body_of
from store.sale.selling import add_department_line, add_label_line, set_quantity, void_line
from store.sale.shift import fold_all, shift_close_body, x_report_body
from store.sale.tender import TenderKind

SHIFT_OPEN = {"start_amount": 10_000, "currency": "EUR", "grand_total": 500}


async def fill(folder, sales=4, closed=True):
    """A shift with sales, a void, the drawer, a time without the key, and its closing."""
    signer, clock = KeySigner(), StillClock()
    async with opened(folder, signer=signer, clock=clock) as journal:
        await journal.commit(event("shift.open", "open", SHIFT_OPEN))
        for n in range(sales):
            clock.pass_s(30)
            signer.lost = n == 2
            await journal.commit(sale(f"t{n}", lines=n + 1))
        await journal.commit(event("drawer.open", "drawer"))
        if closed:
            await journal.commit(event("shift.close", "close", shift_close(sales)))
        await journal.commit(event("sign.off", "off"))


def shift_close(sales):
    total = sum(sale_body(n + 1)["total"] for n in range(sales))
    expected = 10_000 + total
    return {
        "start_amount": 10_000, "grand_total_before": 500, "grand_total": 500 + total, "sales": sales,
        "sales_total": total, "voids": 0, "no_sales": 1, "reprints": 0, "cash_in": total + 10 * sales,
        "change": 10 * sales, "cash_rounding": 0, "expected_cash": expected, "counted": expected - 3, "over_short": -3,
    }  # fmt: skip


def export(folder):
    out = io.StringIO()
    export_journal(folder / "journal.db", out)
    return out.getvalue().splitlines()


def verify_lines(folder, lines):
    path = folder / "export.jsonl"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return verify_file(path)


async def test_sound_journal_and_its_export_verify(tmp_path):
    await fill(tmp_path)
    assert verify_file(tmp_path / "journal.db").as_json() == {
        "ok": True, "records": 10, "first_bad": None, "removed": 0,
    }  # fmt: skip
    lines = export(tmp_path)
    header = json.loads(lines[0])
    assert set(header) == {"format", "register", "series", "public_key", "count", "head"}
    assert set(json.loads(lines[1])) == {"seq", "payload", "prev", "hash", "signature", "key_id"}
    assert verify_lines(tmp_path, lines).as_json() == {
        "ok": True, "records": 10, "first_bad": None, "removed": 0,
    }  # fmt: skip


async def test_every_field_of_every_exported_record_is_guarded(tmp_path):
    await fill(tmp_path)
    lines = export(tmp_path)
    for number in range(1, len(lines)):
        for name in ("seq", "payload", "prev", "hash", "signature", "key_id"):
            row = json.loads(lines[number])
            if row[name] == "":
                continue
            row[name] = changed(row[name])
            report = verify_lines(tmp_path, [*lines[:number], json.dumps(row), *lines[number + 1 :]])
            assert not report.ok
            assert report.first_bad.seq == number, (name, report)
            assert report.records == number - 1


async def test_every_missing_doubled_or_swapped_record_of_an_export_is_named(tmp_path):
    await fill(tmp_path)
    lines = export(tmp_path)
    for number in range(1, len(lines)):
        without = [*lines[:number], *lines[number + 1 :]]
        assert verify_lines(tmp_path, without).first_bad.seq == number
        twice = [*lines[: number + 1], *lines[number:]]
        assert verify_lines(tmp_path, twice).first_bad.seq == number + 1
        if number + 1 < len(lines):
            swapped = [*lines[:number], lines[number + 1], lines[number], *lines[number + 2 :]]
            assert verify_lines(tmp_path, swapped).first_bad.seq == number


async def test_every_field_of_the_header_is_guarded(tmp_path):
    await fill(tmp_path)
    lines = export(tmp_path)
    for name in json.loads(lines[0]):
        header = json.loads(lines[0])
        header[name] = changed(header[name])
        report = verify_lines(tmp_path, [json.dumps(header), *lines[1:]])
        assert not report.ok, name


def changed(value):
    if isinstance(value, int):
        return value + 1
    place = len(value) // 2
    return value[:place] + ("1" if value[place] != "1" else "2") + value[place + 1 :]


async def test_every_column_of_every_row_of_the_file_is_guarded(tmp_path):
    (tmp_path / "a").mkdir()
    await fill(tmp_path / "a")
    with contextlib.closing(sqlite3.connect(tmp_path / "a" / "journal.db")) as db:
        columns = [row[1] for row in db.execute("pragma table_info(record)")]
        rows = db.execute(f"select n, seq, {', '.join(columns)} from record order by n").fetchall()
    path = tmp_path / "journal.db"
    for n, seq, *values in rows:
        for name, value in zip(columns, values, strict=True):
            if value in (None, b"") or (name in ("n", "seq") and seq != len(rows)):
                continue
            shutil.copy(tmp_path / "a" / "journal.db", path)
            damage(path, name, n, value)
            report = verify_file(path)
            assert not report.ok, name
            assert report.first_bad.seq == seq or name in ("n", "seq"), (name, seq, report)


def damage(path, name, n, value):
    if isinstance(value, bytes):
        other = bytes([value[0] ^ 1]) + value[1:]
    else:
        other = value + 1000 if isinstance(value, int) else value + "x"
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("pragma ignore_check_constraints=on")
        db.execute("drop trigger record_is_never_changed")
        db.execute(f"update record set {name} = ? where n = ?", (other, n))


async def test_every_deleted_row_of_the_file_is_named(tmp_path):
    (tmp_path / "a").mkdir()
    await fill(tmp_path / "a")
    path = tmp_path / "journal.db"
    for seq in range(1, 11):
        shutil.copy(tmp_path / "a" / "journal.db", path)
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
            db.execute("drop trigger record_is_never_deleted")
            db.execute("delete from record where seq = ?", (seq,))
        assert verify_file(path).first_bad.seq == seq


class Forger:
    """Holds the key: rewrites the content of one record and makes hash, signature and all later links fit."""

    def __init__(self, lines):
        self.header = json.loads(lines[0])
        self.rows = [json.loads(line) for line in lines[1:]]

    def rewrite(self, seq, change):
        prev = bytes.fromhex(self.rows[0]["prev"])
        for row in self.rows:
            payload = json.loads(row["payload"])
            if row["seq"] == seq:
                change(payload)
            text = canonical(payload)
            hash_ = record_hash(row["seq"], prev, text)
            row["prev"], row["hash"], row["payload"] = prev.hex(), hash_.hex(), text.decode()
            row["signature"] = sign(KEY, hash_).hex() if row["signature"] else ""
            prev = hash_
        self.header["head"] = prev.hex()
        return [json.dumps(self.header), *(json.dumps(row) for row in self.rows)]


def set_line(name, value):
    def change(payload):
        payload["lines"][0][name] = value

    return change


FORGERIES = {
    "line amount": (set_line("amount", 1), "amount"),
    "line tax": (set_line("tax_amount", 1), "tax"),
    "line gross": (set_line("gross", 1), "tax"),
    "total": (lambda payload: payload.update(total=1), "add up"),
    "tender": (lambda payload: payload["tenders"][0].update(amount=1), "payments"),
    "change": (lambda payload: payload.update(change=0), "change"),
    "tax table": (lambda payload: payload["taxes"][0].update(net=0), "tax table"),
    "missing tenders": (lambda payload: payload.pop("tenders"), "lacks"),
    "receipt number": (lambda payload: payload.update(receipt_no=7), "receipt number 7"),
    "no receipt number": (lambda payload: payload.pop("receipt_no"), "without a receipt number"),
    "time": (lambda payload: payload.update(at="2025-01-05T08:00:00.000Z"), "older"),
    "no time": (lambda payload: payload.update(at="yesterday"), "no time"),
    "series": (lambda payload: payload.update(series="X.1"), "another place"),
    "transaction id": (lambda payload: payload.update(txn_id="t0"), "transaction id of an earlier"),
}


@pytest.mark.parametrize("name", FORGERIES)
async def test_even_with_the_key_a_sale_whose_numbers_do_not_agree_is_named(tmp_path, name):
    await fill(tmp_path)
    change, reason = FORGERIES[name]
    report = verify_lines(tmp_path, Forger(export(tmp_path)).rewrite(3, change))
    assert report.first_bad is not None
    assert report.first_bad.seq == 3
    assert reason in report.first_bad.reason


@pytest.mark.parametrize("field", [name for name in shift_close(4) if name != "counted"])
async def test_even_with_the_key_a_closing_that_its_sales_do_not_bear_out_is_named(tmp_path, field):
    await fill(tmp_path)

    def change(payload):
        payload[field] += 1

    report = verify_lines(tmp_path, Forger(export(tmp_path)).rewrite(9, change))
    assert report.first_bad.seq == 9
    assert field in report.first_bad.reason


async def test_unsigned_records_are_only_sound_inside_a_declared_time(tmp_path):
    await fill(tmp_path)
    lines = export(tmp_path)
    kinds = [json.loads(json.loads(line)["payload"])["kind"] for line in lines[1:]]
    assert kinds[3:6] == ["sign.unavailable", "sale", "sign.recovered"]

    def claims(payload):
        payload["sig_state"] = "unavailable"

    forger = Forger(lines)
    forger.rows[2]["signature"] = ""
    report = verify_lines(tmp_path, forger.rewrite(3, claims))
    assert report.first_bad.seq == 3
    assert "no record before it" in report.first_bad.reason


async def test_content_that_is_not_canonical_is_named(tmp_path):
    await fill(tmp_path)
    for text in (
        '{"b":1,"a":2}',
        '{"a":1.5}',
        '{"a":null}',
        '{"a":1,"a":1}',
        '{"A":1}',
        "[]",
        '{"a" :1}',
        "\x00",
    ):
        lines = export(tmp_path)
        row = json.loads(lines[1])
        hash_ = record_hash(1, bytes.fromhex(row["prev"]), text.encode())
        row.update(payload=text, hash=hash_.hex(), signature=sign(KEY, hash_).hex())
        report = verify_lines(tmp_path, [lines[0], json.dumps(row), *lines[2:]])
        assert report.first_bad.seq == 1, text


async def test_what_the_till_really_books_verifies(tmp_path):
    """Weighed, labelled, taxed on top, by department, voided, split, rounded: the writer's sums are the verifier's."""
    goods = [shop.MILK, shop.WINE, shop.BANANAS, shop.BAG, shop.STAMP]
    label = LabelReading(
        text="2200001004823",
        gtin="02200001000000",
        item="00001",
        measure=LabelMeasure.PRICE,
        value=482,
        decimals=2,
    )
    async with opened(tmp_path) as journal:
        opening = shift_open_body(10_000, "EUR", 77)
        await journal.commit(event("shift.open", "open", opening))
        for n, policy in enumerate((shop.POLICY, shop.POLICY_5, shop.POLICY)):
            open_sale = shop.sale_of(*goods, policy=policy)
            open_sale = add_label_line(open_sale, policy, shop.BANANAS, label, "2200001004823")
            open_sale = add_department_line(
                open_sale, policy, Department(code="9", name="Misc", tax="A"), 333, "3"
            )
            open_sale = set_quantity(void_line(open_sale, 2), policy, 1, "7")
            open_sale = begin_payment(open_sale)
            open_sale = add_tender(open_sale, policy, TenderKind.CARD, 500, "ref")
            open_sale = void_tender(open_sale, 1)
            open_sale = add_tender(open_sale, policy, TenderKind.CARD, 400 + n)
            done = complete(add_tender(open_sale, policy, TenderKind.CASH, 100_00), policy)
            body = sale_body_of(done, policy)
            entry = sale(f"t{n}", body=body)
            await journal.commit(entry)
        await journal.commit(event("void", "void", void_body(shop.sale_of(*goods), shop.POLICY, "gone")))
        await journal.commit(event("drawer.open", "drawer", drawer_open_body("change")))
        await journal.commit(event("reprint", "copy", reprint_body(2, 1, 1)))
        sums = fold_all(await journal.shift_payloads("shift-1"))
        await journal.commit(event("report.x", "x", x_report_body(sums, shop.FACTS)))
        sums = fold_all(await journal.shift_payloads("shift-1"))
        await journal.commit(event("shift.close", "close", shift_close_body(sums, shop.FACTS, 12_345)))
    report = verify_file(tmp_path / "journal.db")
    assert report.ok, report
    assert report.records == 9


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({}, ""),
        ({"amount": 1}, "notes and coins"),
        ({"total": 1}, "do not add up"),
        ({"floats_total": 1}, "floats_total 1; its records say 700"),
        ({"over_short": 1}, "cash 10700; its records say 10700"),
        ({"expected": 1}, "cash 1; its records say 10700"),
        ({"moved": -5}, "moves money without an amount"),
    ],
)
async def test_money_beside_sales_and_declarations_are_added_up_again(tmp_path, change, says):
    async with opened(tmp_path) as journal:
        await journal.commit(event("shift.open", "open", shift_open_body(10_000, "EUR", 0)))
        move = movement_body(BY_OPERATION[1201], 700, "EUR")
        if "moved" in change:
            move["total"] = change["moved"]
        await journal.commit(event("cash.float", "float", move))
        counted = declaration_body((cash_count((Pieces(100, 107),)),), "EUR")
        counted["tenders"][0]["amount"] = change.get("amount", 10_700)
        counted["total"] = change.get("total", counted["tenders"][0]["amount"])
        await journal.commit(event("tender.declaration", "count", counted))
        sums = fold_all(await journal.shift_payloads("shift-1"))
        body = shift_close_body(sums, shop.FACTS, 10_700)
        body["floats_total"] = change.get("floats_total", body["floats_total"])
        for row in body.get("declared", ()):
            row |= {name: change[name] for name in ("over_short", "expected") if name in change}
        await journal.commit(event("shift.close", "close", body))
    report = verify_file(tmp_path / "journal.db")
    assert report.ok == (not says), report
    if says:
        assert says in report.first_bad.reason


def test_rubbish_is_answered_with_a_reason(tmp_path):
    for text in ("", "hello", "[]", "{}", '{"format": "outpost-journal-1"}', "\ud7ff" * 10):
        report = verify_lines(tmp_path, [text])
        assert not report.ok
        assert report.first_bad.seq == 0
        assert report.first_bad.reason


async def test_export_of_a_series_that_is_not_there_names_those_that_are(tmp_path):
    await fill(tmp_path, closed=False)
    with pytest.raises(ExportFailed, match=r"S0042-R03\.1"):
        export_journal(tmp_path / "journal.db", io.StringIO(), "S0042-R03.9")
    with pytest.raises(ExportFailed, match="cannot be read"):
        export_journal(tmp_path / "nowhere.db", io.StringIO())


async def test_two_series_in_one_file_are_both_checked(tmp_path):
    await fill(tmp_path)
    async with opened(tmp_path, who=identity(epoch=2)) as journal:
        await journal.commit(sale("u1"))
    assert verify_file(tmp_path / "journal.db").records == 11
    assert json.loads(export(tmp_path)[0])["series"] == "S0042-R03.2"


async def test_export_works_beside_a_running_register(tmp_path):
    async with opened(tmp_path) as journal:
        await journal.commit(sale("t1"))
        assert verify_lines(tmp_path, export(tmp_path)).records == 1
        assert verify_file(tmp_path / "journal.db").records == 1


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"payload": 7}, "no payload"),
        ({"seq": True}, "no number"),
        ({"seq": "2"}, "no number"),
        ({"payload": "\ud800"}, "no text"),
        ({"signature": None}, "no signature"),
        ({"hash": "zz"}, "not 32 bytes"),
        ({"prev": "AB" * 32}, "not 32 bytes"),
        ({"payload": ""}, "impossible size"),
    ],
)
async def test_odd_fields_of_a_line_are_named_with_their_record(tmp_path, change, reason):
    await fill(tmp_path)
    lines = export(tmp_path)
    row = {**json.loads(lines[2]), **change}
    if row["signature"] is None:
        del row["signature"]
        reason = "no signature field"
    report = verify_lines(tmp_path, [*lines[:2], json.dumps(row), *lines[3:]])
    assert (report.records, report.first_bad.seq) == (1, 2)
    if change != {"payload": ""}:
        assert reason in report.first_bad.reason


async def test_lines_that_are_no_records_are_named_by_their_place(tmp_path):
    await fill(tmp_path)
    lines = export(tmp_path)
    for text in ("rubbish", "[1]", '"text"'):
        assert verify_lines(tmp_path, [*lines[:4], text]).first_bad.seq == 4
    header = json.loads(lines[0])
    for change in ({"count": "many"}, {"series": 5}, {"register": "other"}, {"public_key": "00"}):
        report = verify_lines(tmp_path, [json.dumps({**header, **change}), *lines[1:]])
        assert report.first_bad.seq == 0


async def test_file_whose_pages_or_head_are_damaged_is_named(tmp_path):
    await fill(tmp_path)
    path = tmp_path / "journal.db"
    sound = path.read_bytes()
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
        (root,) = db.execute("select rootpage from sqlite_schema where name = 'record'").fetchone()
        (index,) = db.execute(
            "select rootpage from sqlite_schema where name like 'sqlite_autoindex_record%'"
        ).fetchone()
        db.execute("delete from till")
    assert "does not say where it ends" in verify_file(path).first_bad.reason
    path.write_bytes(sound[: (root - 1) * 4096] + b"\xff" * 4096 + sound[root * 4096 :])
    report = verify_file(path)
    assert (report.ok, report.first_bad.seq) == (False, 1)
    assert "damaged" in report.first_bad.reason
    entry = sound.index(b"off", (index - 1) * 4096)  # the last transaction id, in its index
    path.write_bytes(sound[:entry] + b"oft" + sound[entry + 3 :])
    report = verify_file(path)
    assert (report.ok, report.records, report.first_bad.seq) == (False, 10, 0)
    assert "damaged elsewhere" in report.first_bad.reason


def test_verifier_shares_no_code_with_the_writer():
    folder = Path(__file__).parents[3] / "store" / "register" / "verification"
    paths = sorted(folder.glob("*.py"))
    assert len(paths) > 3
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                assert not name.startswith("store") or name.startswith("store.register.verification"), path
                assert not name.startswith(("msgspec", "aiosqlite")), path


def test_key_id_of_the_verifier_is_the_writers():
    from store.register.verification.chain import Chain

    assert Chain("S.1", public_bytes(KEY))._key_id == key_id_of(public_bytes(KEY))


@pytest.mark.parametrize(
    ("text", "reason"), [("2026-02-30T10:00:00.000Z", "has an impossible time"), ("yesterday", "has no time")]
)
def test_moment_that_does_not_exist_does_not_hold(text, reason):
    with pytest.raises(Unsound, match=f"record 3 {reason}"):
        _milliseconds(text, 3)

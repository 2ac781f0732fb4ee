"""Questions that change nothing: search, price, connection, journal, operations, status."""

import json

import msgspec
import pytest
from msgspec.structs import replace

from session_fakes import BANANAS_LABEL, BREAD, MILK, UNKNOWN, running
from store.exchange.delivery import DownloadEntry
from store.exchange.jobs import DownloadStatus, UploadStatus
from store.gateway.states import Mode as Answers
from store.register.journal.journal import JournalFull
from store.register.sync.history import SyncHistory

ENTRY = DownloadEntry(
    session=7,
    package_seq=7,
    base_seq=6,
    kind="delta",
    job="1020",
    size=24_000,
    header_sha256="0" * 64,
    created_ms=1,
)


@pytest.fixture
async def till(tmp_path):
    async with running(tmp_path) as running_till:
        yield await running_till.ready()


async def test_search_finds_items_and_says_what_to_type(till):
    found = await till.session.query("find", "  bread ")
    assert [(row["name"], row["price"], row["unit"], row["code"]) for row in found["items"]] == [
        ("Rye bread 750 g", 349, "pcs", "42")
    ]
    assert (await till.session.query("find", ""))["items"] == []
    assert till.view.count == 0


async def test_goods_prices_and_the_journal_are_not_shown_to_whoever_stands_before_a_locked_register(till):
    await till.scan(MILK)
    await till.operation(703)
    for kind, text in (("find", "bread"), ("price", MILK), ("journal", ""), ("document", "x")):
        assert await till.session.query(kind, text) == {"error": "Sign in first."}
    assert (await till.session.query("customers", "a"))["customers"] == []


async def test_names_from_outside_are_harmless_in_answers(till):
    found = await till.session.query("find", "evil")
    assert found["items"][0]["name"] == "Evil[2Jname"


@pytest.mark.parametrize(
    ("code", "name"), [(MILK, "Whole milk 1 l"), ("42", "Rye bread 750 g"), (BANANAS_LABEL, "Bananas")]
)
async def test_price_answers_any_form_of_code(till, code, name):
    assert (await till.session.query("price", code))["name"] == name
    assert till.world.connection.starts == 0


async def test_price_of_an_unknown_code_is_a_sentence(till):
    assert (await till.session.query("price", UNKNOWN))["error"] == f"{UNKNOWN} is not on file."


async def test_connection_status_has_every_text_of_its_screen(till):
    for code in (MILK, BREAD):
        await till.scan(code)
        await till.operation(206)
    till.world.connection.mode = Answers.OFFLINE_AUTO
    till.world.clock.move(12 * 60)
    facts = await till.session.query("connection", "")
    assert (facts["mode"], facts["since"]) == ("OFFLINE auto", "14:03 (12 min)")
    assert facts["reason"] == "no answer within 0.8 s"
    assert (facts["link"], facts["next_attempt"]) == ("not reachable since 14:03", "none; press Connect")
    assert (facts["pending_transactions"], facts["oldest"], facts["amount"]) == (3, "14:03", "4.58 EUR")
    assert (facts["pending_downloads"], facts["last_sync"]) == (0, "never synced")
    rows = {row["name"]: (row["rows"], row["as_of"], row["state"]) for row in facts["data_sets"]}
    assert rows["1040 Products"] == ("6", "today 06:00", "ready")
    assert rows["1060 Staff"] == ("0", "", "missing")
    assert facts["readiness"] == (
        "Not ready to sell offline: 1060 Staff, 1070 Channel configuration missing. "
        "Headquarters runs jobs 1060, 1070; then Sync now."
    )
    assert (facts["downloads"], facts["uploads"]) == ([], [])


async def test_what_a_journal_of_an_earlier_version_knows_of_uploads_is_told_in_words(till):
    now = till.world.clock.now_ms
    await till.journal.change_upload_state(
        lambda state: replace(state, acked_seq=2, last_at_ms=now - 240_000, last_result="ok")
    )
    facts = await till.session.query("connection", "")
    assert facts["last_sync"] == "4 minutes ago, uploads done"


async def test_downloads_and_uploads_are_rows_newest_first_with_job_status_rows_size_and_time(till):
    now = till.world.clock.now_ms
    history = SyncHistory(till.world.path.parent / "sync.json")
    history.note_download(ENTRY, DownloadStatus.APPLIED, now - 90_000_000, rows=2530)
    history.note_download(
        msgspec.structs.replace(ENTRY, package_seq=8, job="1040"),
        DownloadStatus.DOWNLOAD_FAILED,
        now,
        message="cut off",
        counts=True,
    )
    history.note_upload(UploadStatus.UPLOADED, now, 12, 9_100)
    history.attempted(down="cut off", at_ms=now - 240_000)
    history.attempted(up="ok", at_ms=now - 241_000)
    till.world.sync.now = msgspec.structs.replace(till.world.sync.now, memory=history.memory)
    facts = await till.session.query("connection", "")
    first, second = facts["downloads"]
    assert (first["name"], first["status"], first["rows"]) == ("1040 Products", "Download failed", "")
    assert (first["size"], first["time"], first["message"]) == ("24 kB", "14:03:12", "cut off")
    assert (second["name"], second["rows"], second["time"]) == (
        "1020 Prices and discounts",
        "2,530",
        "2026-11-23 13:03",
    )
    assert [(row["name"], row["records"], row["size"]) for row in facts["uploads"]] == [
        ("P-0001", "12", "9.1 kB")
    ]
    told = await till.session.query("status", "")
    assert [(row["rows"], row["size"]) for row in told["downloads"]] == [(0, 24_000), (2530, 24_000)]
    assert [(row["rows"], row["size"]) for row in told["uploads"]] == [(12, 9_100)]
    assert facts["last_sync"] == "4 minutes ago, download failed: cut off, uploads done"
    assert facts["readiness"] == (
        "1040 Products: download failed, cut off; it is tried again, or press Sync now."
    )
    assert facts["waiting"] == "1040 Products"


async def test_journal_rows_have_the_fields_that_scripts_read(till):
    await till.scan(MILK)
    await till.operation(206)
    rows = (await till.session.query("journal", ""))["records"]
    assert [row["kind"] for row in rows] == ["sale", "shift.open"]
    assert {
        "series",
        "seq",
        "txn_id",
        "kind",
        "receipt_no",
        "total",
        "currency",
        "at",
        "business_date",
        "state",
    } <= (rows[0].keys())
    assert (rows[0]["total"], rows[0]["receipt"], rows[0]["state"]) == (109, "S0001-R01-000001", "waiting")


async def test_operations_are_those_of_the_mode(till):
    answer = await till.session.query("operations", "")
    numbers = {row["number"] for row in answer["operations"]}
    assert numbers == set(till.view.operations)
    assert 1055 in numbers
    assert 211 not in numbers


async def test_status_has_its_promised_fields_and_is_json(till):
    status = await till.session.query("status", "")
    assert {
        "register",
        "mode",
        "reason",
        "since",
        "link",
        "next_attempt",
        "pending_transactions",
        "pending_records",
        "pending_downloads",
        "last_sync",
        "data_sets",
        "devices",
    } <= status.keys()
    assert [row["rows"] for row in status["data_sets"]] == [6, 0, 0]
    assert status["sync"] == {"started": True, "paused": False, "step": ""}
    assert {"readiness", "downloads", "uploads", "supports_offline"} <= status.keys()
    json.dumps(status)


async def test_an_unknown_question_is_answered_with_a_sentence(till):
    assert "no question" in (await till.session.query("weather", ""))["error"]


async def test_a_journal_that_cannot_be_read_is_a_sentence_too(till):
    async def fails(*_):
        raise JournalFull("The disk is full.")

    till.journal.counts = fails
    assert (await till.session.query("connection", ""))["error"] == "The disk is full."


async def test_queries_wait_for_nobody_and_change_nothing(till):
    await till.scan(MILK)
    before = till.session._work.state, till.view
    for kind in ("find", "price", "connection", "journal", "operations", "status"):
        await till.session.query(kind, "a" * 500)
    assert (till.session._work.state, till.view) == before

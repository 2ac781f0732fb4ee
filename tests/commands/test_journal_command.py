"""`outpost journal`: lists, shows, exports and verifies beside a running core and without one."""

import csv
import io
import json

import pytest

from core_hand import Hand
from core_home import BREAD, MILK, CoreRun, make_home
from store.register.journal import reads
from store.register.journal.reads import records_before
from tui.command import main
from tui.commands import journal


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A till that has sold twice and voided once, its core still running."""
    home = make_home(tmp_path_factory.mktemp("journal") / "till")
    with CoreRun(home) as core:
        core.wait_until_it_listens()
        with Hand(home) as hand:
            hand.sign_on_and_open()
            for codes in ((MILK, BREAD), (BREAD,)):
                for code in codes:
                    assert hand.do("scan", code) == "sold"
                hand.do("operation", operation=139)
                assert hand.enter() == "done"
        yield home
        core.end()


def outcome(capsys, *arguments):
    code = main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_list_for_scripts_has_the_promised_fields(capsys, home):
    code, out, _ = outcome(capsys, "journal", "list", "--json", "--home", home.path)
    rows = json.loads(out)
    assert code == 0
    assert [row["kind"] for row in rows] == ["shift.open", "sale", "sale"]
    assert rows[1] | {"txn_id": "", "at": "", "business_date": "", "seq": 0} == {
        "series": "S0001-R01.1",
        "seq": 0,
        "txn_id": "",
        "kind": "sale",
        "receipt_no": 1,
        "receipt": "S0001-R01-000001",
        "total": 358,
        "currency": "EUR",
        "at": "",
        "business_date": "",
        "state": "waiting",
    }


def test_list_can_be_limited_and_widened(capsys, home):
    newest = json.loads(outcome(capsys, "journal", "list", "--json", "--limit", 1, "--home", home.path)[1])
    assert [row["receipt_no"] for row in newest] == [2]
    every = json.loads(outcome(capsys, "journal", "list", "--json", "--all", "--home", home.path)[1])
    assert "sign.on" in [row["kind"] for row in every]
    assert [row["seq"] for row in every] == list(range(1, len(every) + 1))


def test_limited_list_reads_only_the_newest_pages(capsys, home, monkeypatch):
    every = json.loads(outcome(capsys, "journal", "list", "--json", "--all", "--home", home.path)[1])
    pages = []

    def read(*arguments):
        pages.append(records_before(*arguments))
        return pages[-1]

    monkeypatch.setattr(journal, "PAGE_RECORDS", 2)
    monkeypatch.setattr(reads, "records_before", read)
    limited = ("journal", "list", "--json", "--all", "--limit", 3, "--home", home.path)
    assert json.loads(outcome(capsys, *limited)[1]) == every[-3:]
    assert [len(page) for page in pages] == [2, 2]
    whole = ("journal", "list", "--json", "--all", "--home", home.path)
    assert json.loads(outcome(capsys, *whole)[1]) == every


def test_list_for_people_is_one_line_each(capsys, home):
    lines = outcome(capsys, "journal", "list", "--home", home.path)[1].splitlines()
    assert len(lines) == 3
    assert "S0001-R01-000001" in lines[1]
    assert lines[1].endswith("3.58 EUR  waiting")


@pytest.mark.parametrize("words", [["1"], ["S0001-R01-000001"], ["000001"]])
def test_show_prints_the_receipt_again(capsys, home, words):
    code, out, _ = outcome(capsys, "journal", "show", *words, "--home", home.path)
    assert code == 0
    assert "S0001-R01-000001" in out
    assert "Whole milk 1 l" in out
    assert "3.58" in out


def test_show_without_a_number_is_the_last_receipt(capsys, home):
    assert "S0001-R01-000002" in outcome(capsys, "journal", "show", "--home", home.path)[1]


def test_show_of_a_record_without_paper_is_its_content(capsys, home):
    shown = json.loads(outcome(capsys, "journal", "show", "--seq", 1, "--home", home.path)[1])
    assert shown["seq"] == 1


def test_record_that_is_not_there_is_a_sentence(capsys, home):
    assert outcome(capsys, "journal", "show", "99", "--home", home.path) == (
        1,
        "",
        "outpost: There is no such record. `outpost journal list` shows all.\n",
    )
    code, _, err = outcome(capsys, "journal", "show", "milk", "--home", home.path)
    assert (code, err) == (2, "outpost: 'milk' is no receipt number. Type it like 17.\n")


def test_export_is_verified_and_a_changed_one_is_not(capsys, home, tmp_path):
    file = tmp_path / "journal.jsonl"
    code, out, err = outcome(capsys, "journal", "export", "--output", file, "--home", home.path)
    assert (code, out) == (0, "")
    assert err.endswith(f"records are in {file}.\n")
    lines = file.read_text().splitlines()
    header = json.loads(lines[0])
    assert header["register"] == "S0001-R01"
    assert header["count"] == len(lines) - 1
    code, out, _ = outcome(capsys, "journal", "verify", file, "--json")
    found = {"ok": True, "records": header["count"], "first_bad": None, "removed": 0}
    assert (code, json.loads(out)) == (0, found)
    seq = header["count"]
    file.write_text("\n".join([*lines[:-1], lines[-1].replace("249", "149")]) + "\n")
    code, out, _ = outcome(capsys, "journal", "verify", file, "--json")
    assert code == 1
    assert json.loads(out)["first_bad"]["seq"] == seq
    code, out, _ = outcome(capsys, "journal", "verify", file)
    assert code == 1
    assert f"Record {seq} does not hold" in out


def test_export_goes_to_standard_output_where_no_file_is_named(capsys, home):
    code, out, _ = outcome(capsys, "journal", "export", "--home", home.path)
    assert code == 0
    assert json.loads(out.splitlines()[0])["format"].startswith("outpost-journal")
    assert outcome(capsys, "journal", "export", "--series", "X", "--home", home.path)[0] == 3


def test_journal_of_a_running_core_is_verified_in_place(capsys, home):
    code, out, _ = outcome(capsys, "journal", "verify", "--home", home.path)
    assert code == 0
    assert "records hold" in out


def test_a_document_is_shown_as_this_register_prints_it(capsys, home):
    code, out, _ = outcome(capsys, "paper", "preview", "sale", "--width", 40, "--home", home.path)
    assert code == 0 and "S0001-R01-000482" in out and max(map(len, out.splitlines())) <= 40
    code, out, _ = outcome(capsys, "paper", "preview", "x", "--language", "de", "--home", home.path)
    assert code == 0 and "X-BERICHT" in out and "Bargeld erwartet" in out
    code, _, err = outcome(capsys, "paper", "preview", "sale", "--width", 5, "--home", home.path)
    assert code == 2 and "must lie between" in err


def test_the_sums_for_the_accountant_are_those_of_the_journal(capsys, home):
    _, out, _ = outcome(capsys, "journal", "list", "--json", "--home", home.path)
    sold = sum(row["total"] for row in json.loads(out) if row["kind"] == "sale")
    for word, column in (("taxes", "gross"), ("tenders", "amount")):
        code, out, _ = outcome(capsys, "paper", word, "--home", home.path)
        rows = list(csv.DictReader(io.StringIO(out)))
        assert code == 0 and sum(round(float(row[column]) * 100) for row in rows) == sold
    code, out, _ = outcome(capsys, "paper", "taxes", "--last", "2001-01-01", "--home", home.path)
    assert code == 0 and len(out.splitlines()) == 1


def test_labels_are_made_of_what_the_catalog_sells(capsys, home):
    code, out, _ = outcome(capsys, "paper", "labels", "--home", home.path)
    assert code == 0 and out.startswith("<svg") and out.count("<g ") > 1
    code, out, _ = outcome(capsys, "paper", "labels", MILK, "--form", "text", "--home", home.path)
    assert code == 0 and "1.09 EUR" in out and "3.49" not in out

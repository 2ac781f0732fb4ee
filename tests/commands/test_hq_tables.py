"""What headquarters answers, as a person reads it: local time, amounts with their decimals, lines. How it is asked."""

import time

import pytest

from store.headquarters.nouns.table import NOUNS, own_verb
from tui.commands.hq.parsers import declare_arguments, declare_generic, fields_given
from tui.commands.hq.printing import print_answer, print_row
from tui.commands.outcome import CommandFailed, ExitCode
from tui.commands.parser import Parser


@pytest.fixture(autouse=True)
def berlin(monkeypatch):
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def shown(capsys, found, noun="", name=""):
    verb = own_verb(NOUNS[noun], name) if noun else None
    print_answer(found, *((verb.columns, verb.amounts) if verb else ()))
    return capsys.readouterr().out.splitlines()


def test_transactions_have_decimals_and_local_times(capsys):
    row = {
        "series": "S0001-R01.1",
        "seq": 4,
        "kind": "sale",
        "receipt_no": 1,
        "total": 307,
        "currency": "EUR",
    }
    row |= {"at": "2026-11-24T23:12:19.050Z", "state": "posted"}
    lines = shown(capsys, [row, {**row, "total": -50, "currency": "JPY"}], "transaction", "list")
    assert lines[1].split() == [
        "S0001-R01.1",
        "4",
        "sale",
        "1",
        "3.07",
        "EUR",
        "2026-11-25",
        "00:12:19",
        "posted",
    ]
    assert "-50" in lines[2].split()


@pytest.mark.parametrize(
    ("noun", "name", "row", "amounts"),
    [
        ("total", "list", {"sales_total": 1999, "voids_total": 0}, ("19.99", "0.00")),
        ("quarantine", "list", {"total": 250}, ("2.50",)),
        ("register", "status", {"amount_at_risk": 1234567}, ("12345.67",)),
    ],
)
def test_every_amount_of_a_table_has_its_decimals(capsys, noun, name, row, amounts):
    _, line = shown(capsys, [{**row, "currency": "EUR"}], noun, name)
    assert set(amounts) <= set(line.split())


def test_an_amount_without_a_currency_stays_a_plain_number(capsys):
    assert "0" in shown(capsys, [{"amount_at_risk": 0, "currency": ""}], "register", "status")[1].split()


def test_moments_in_a_sentence_are_local_and_its_lines_stay_lines(capsys):
    assert shown(
        capsys, {"sentence": "Good until 2026-07-01T12:26:53.756Z: CODE\nType: activate CODE\x1b[2J"}
    ) == [
        "Good until 2026-07-01 14:26:53: CODE",
        "Type: activate CODE[2J",
    ]
    assert shown(capsys, {"sentence": "It is done"}) == ["It is done."]


def test_what_only_looks_like_a_moment_stays_as_it_is(capsys):
    assert shown(capsys, {"sentence": "x 2026-99-01T12:26:53Z"}) == ["x 2026-99-01T12:26:53Z."]


def test_a_history_has_a_line_for_each_thing_that_happened(capsys):
    found = {
        "register": "R1",
        "history": [{"at": "2026-11-24T12:00:00.000Z", "event": "enrolled", "reason": ""}],
    }
    assert shown(capsys, found) == ["register  R1", "history", "  2026-11-24 13:00:00  enrolled"]


def test_days_are_shown_as_they_were_typed(capsys):
    from_ms, until_ms = 1796079600000, 1798153200000  # midnight of 1 and 25 December in Berlin
    print_row({"product": "1", "from_ms": from_ms, "until_ms": until_ms}, NOUNS["price"])
    assert [line.split()[1] for line in capsys.readouterr().out.splitlines()] == [
        "1",
        "2026-12-01",
        "2026-12-24",
    ]
    print_row({"from_ms": from_ms + 3600_000, "until_ms": until_ms + 3600_000}, NOUNS["price"])
    assert [line.split()[1:] for line in capsys.readouterr().out.splitlines()] == [
        ["2026-12-01", "01:00"],
        ["2026-12-25", "01:00"],
    ]


def asked(noun, name, *words):
    parser = Parser(prog="outpost", allow_abbrev=False)
    verb = own_verb(NOUNS[noun], name)
    if verb is None:
        declare_generic(parser, NOUNS[noun], name)
    else:
        declare_arguments(parser, verb)
    return fields_given(parser.parse_args(words))


def test_a_word_may_be_written_as_an_option_too():
    assert asked("tax", "set", "R", "--rate", "19") == asked("tax", "set", "R", "19") == {"rate": "19"}
    assert asked("price", "set", "1", "--amount", "1.29") == {"amount": "1.29"}
    assert asked("tax", "set", "R") == {}
    assert asked("job", "run", "1040", "1020") == asked("job", "run", "--number", "1040", "--number", "1020")


def test_a_word_that_is_given_in_both_ways_is_refused():
    with pytest.raises(CommandFailed) as failed:
        asked("tax", "set", "R", "7", "--rate", "19")
    assert failed.value.code is ExitCode.USAGE
    assert failed.value.sentence == "rate is given twice, as a word and as --rate."

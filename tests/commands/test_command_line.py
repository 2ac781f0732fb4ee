"""The command line as scripts and people know it: help, exit codes, one sentence for every mistake."""

import importlib
import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import tui
from core_home import CoreRun, make_home
from tui.command import COMMANDS, main
from tui.commands.status import next_attempt, other_lines

WORDS = [
    *((word,) for word in COMMANDS),
    ("server", "prepare"),
    ("journal", "list"),
    ("journal", "show"),
    ("journal", "export"),
    ("journal", "verify"),
    ("scan", "explain"),
]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return make_home(tmp_path_factory.mktemp("commands") / "till")


@pytest.fixture(scope="module")
def core(home):
    with CoreRun(home) as running:
        yield running.wait_until_it_listens()
        running.end()


def outcome(capsys, *arguments):
    """Exit code, standard output, standard error."""
    code = main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.mark.parametrize("words", WORDS, ids=" ".join)
def test_every_command_has_help_with_an_example(capsys, words):
    code, out, err = outcome(capsys, *words, "--help")
    assert (code, err) == (0, "")
    assert f"usage: outpost {words[0]}" in out
    assert "example" in out
    assert f"outpost {words[0]}" in out.split("example")[1]


@pytest.mark.parametrize("word", COMMANDS)
def test_every_command_is_a_module_of_the_same_shape(word):
    module = importlib.import_module(f"tui.commands.{COMMANDS[word][0]}")
    assert module.EXAMPLE.startswith("example")
    assert callable(module.declare)
    assert callable(module.run)


def test_version(capsys):
    for arguments in (["--version"], ["status", "--version"]):
        code, out, _ = outcome(capsys, *arguments)
        assert (code, out) == (0, f"outpost {tui.__version__}\n")


def test_help_lists_every_command(capsys):
    code, out, _ = outcome(capsys, "--help")
    assert code == 0
    assert all(f"\n  {word}" in out for word in COMMANDS)
    assert outcome(capsys, "help")[1] == out
    assert "usage: outpost status" in outcome(capsys, "help", "status")[1]


def test_nothing_at_all_prints_help_and_is_wrong_usage(capsys):
    code, out, _ = outcome(capsys)
    assert code == 2
    assert "commands:" in out


MISTAKES = [
    (["stats"], 2, "There is no command 'stats'. Did you mean `outpost status`?"),
    (["zzz"], 2, "There is no command 'zzz'. `outpost --help` lists them."),
    (["status", "--jsno"], 2, "Unrecognized arguments: --jsno. See `outpost status --help`."),
    (["917", "pull"], 2, "invalid choice: 'pull'"),
    (["journal"], 2, "See `outpost journal --help`."),
    (["server", "prepare"], 2, "required: --package, --register. See `outpost server prepare --help`."),
    (["activate"], 2, "required: --server, --code"),
    (["status"], 4, "No register runs here."),
    (["917"], 4, "No register runs here."),
    (["917", "connect"], 4, "No register runs here."),
    (["screen"], 4, "Start it with `outpost register`."),
    (["register"], 3, "is not an enrolled register. Run `outpost activate"),
    (["register", "--core"], 3, "is not an enrolled register. Run `outpost activate"),
    (["journal", "list"], 3, "There is no journal in"),
    (["journal", "show"], 3, "There is no journal in"),
    (["journal", "export"], 3, "There is no journal in"),
    (["journal", "verify"], 3, "journal.db cannot be read: No such file or directory."),
    (["activate", "--server", "http://shop.example", "--code", "X"], 3, "is not encrypted: use https"),
    (["activate", "--server", "ftp://x", "--code", "X"], 3, "is no URL"),
    (["activate", "--server", "http://127.0.0.1:1", "--code", "X"], 4, "refused the connection"),
    (
        ["activate", "--server", "https://shop.example", "--code", "X", "--insecure-vault"],
        5,
        "an insecure vault is for a server on this machine only",
    ),
    (["activate", "--server", "https://shop.example", "--code", "X"], 3, "There is no key for a vault"),
    (
        ["server", "prepare", "--package", "/nowhere.package", "--register", "S0001-R01"],
        3,
        "/nowhere.package cannot be read",
    ),
]


@pytest.mark.parametrize(("arguments", "code", "sentence"), MISTAKES, ids=lambda value: str(value)[:40])
def test_mistake_is_one_sentence_and_its_exit_code(capsys, monkeypatch, tmp_path, arguments, code, sentence):
    monkeypatch.setenv("OUTPOST_HOME", str(tmp_path / "empty"))
    found, out, err = outcome(capsys, *arguments)
    assert (found, out) == (code, "")
    assert err.startswith("outpost: ")
    assert sentence.lower() in err.lower()
    assert err.count("\n") == 1
    assert "Traceback" not in err


def test_home_comes_from_the_option_then_the_environment_then_the_users_data(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("OUTPOST_HOME", str(tmp_path / "by-environment"))
    assert "by-environment" in outcome(capsys, "register", "--core")[2]
    assert "by-option" in outcome(capsys, "register", "--core", "--home", tmp_path / "by-option")[2]
    monkeypatch.delenv("OUTPOST_HOME")
    assert os.environ["XDG_DATA_HOME"] in outcome(capsys, "register", "--core")[2]


def test_status_for_scripts(capsys, core, home):
    code, out, err = outcome(capsys, "status", "--json", "--home", home.path)
    assert (code, err) == (0, "")
    status = json.loads(out)
    promised = {
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
    }
    assert promised <= status.keys()
    assert status["register"] == "S0001-R01"
    assert status["mode"] == "OFFLINE auto"
    assert status["link"] == "DOWN"
    never = "never synced; it starts with the first sign-in"
    assert status["last_sync"] == {"at": None, "result": "", "words": never}
    assert {row["name"]: row["rows"] for row in status["data_sets"]}["1040 Products"] == 2
    assert all(row["at"].endswith("Z") for row in status["data_sets"])
    assert status["devices"] == []


def test_the_home_may_stand_before_the_command(capsys, core, home):
    assert outcome(capsys, "--home", home.path, "status")[0] == 0
    assert outcome(capsys, "--home", home.path, "journal", "list", "--json")[0] == 0
    assert outcome(capsys, "--home", home.path)[0] == 2


def test_status_for_people(capsys, core, home):
    code, out, _ = outcome(capsys, "status", "--home", home.path)
    assert code == 0
    assert out.splitlines()[0] == "S0001-R01"
    assert "OFFLINE auto since " in out
    assert "Pending transactions: 0" in out
    assert "Next attempt: at the next sale\n" in out
    assert "Data: 1040 Products, 2 rows" in out
    assert out.endswith("No devices are configured.\n")


def test_devices_and_a_later_attempt_for_people():
    rows = [
        {"device": "printer", "kind": "printer", "health": "paper_out", "detail": ""},
        {"device": "scanner0", "kind": "scanner", "health": "ready", "detail": "It is open."},
    ]
    assert other_lines({"data_sets": [], "devices": rows}) == [
        "Printer: paper out",
        "Scanner scanner0: It is open.",
    ]
    later = (datetime.now(UTC) + timedelta(minutes=1)).isoformat()
    assert next_attempt(later).startswith("at the next sale, not before ")


def test_917_shows_and_switches(capsys, core, home):
    code, out, _ = outcome(capsys, "917", "disconnect", "--home", home.path)
    assert code == 0
    assert "Disconnected." in out
    assert "OFFLINE manual since" in outcome(capsys, "917", "--home", home.path)[1]
    code, out, _ = outcome(capsys, "917", "connect", "--home", home.path, "--json")
    switched = json.loads(out)
    assert code == 5, "nobody answers there, so it did not connect"
    assert switched["done"] is False
    assert switched["mode"] == "OFFLINE auto"
    assert "127.0.0.1:1" in switched["sentence"]


def test_operations_for_scripts(capsys):
    code, out, _ = outcome(capsys, "operations", "--json")
    rows = json.loads(out)
    assert code == 0
    assert [row["number"] for row in rows] == sorted(row["number"] for row in rows)
    for row in rows:
        assert {"number", "name", "permission", "keys", "offline", "why"} <= row.keys()
        assert isinstance(row["offline"], bool)
        assert row["why"].endswith(".")


def test_operations_for_people(capsys):
    _, out, _ = outcome(capsys, "operations")
    assert "  917  Database connection status" in out


def test_keys_without_a_terminal_prints_the_table(capsys, home, monkeypatch):
    with Path(os.devnull).open() as nothing:
        monkeypatch.setattr("sys.stdin", nothing)
        code, out, _ = outcome(capsys, "keys", "--home", home.path)
    assert code == 0
    assert any(line.startswith("F12") and "139" in line for line in out.splitlines())
    rows = json.loads(outcome(capsys, "keys", "--json", "--home", home.path)[1])
    assert next(row for row in rows if row["action"] == "lock")["key"] == "Ctrl+L"


def test_keys_of_a_register_that_does_not_run_are_those_of_the_screen_and_it_says_so(capsys, tmp_path):
    stopped = make_home(tmp_path / "till")
    stopped.journal_file.touch()
    code, out, err = outcome(capsys, "keys", "--list", "--home", stopped.path)
    assert code == 0
    assert "F12" in out
    assert "Without the keys of headquarters: " in err


def test_reader_that_goes_away_is_no_error(home):
    command = f"{sys.executable} -m tui operations --json | head -c 10; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    assert done.returncode in (0, 141)
    assert done.stderr == ""


def test_interrupt_is_no_traceback(monkeypatch, capsys):
    def interrupted(options):
        raise KeyboardInterrupt

    monkeypatch.setattr("tui.commands.operations.run", interrupted)
    code, _, err = outcome(capsys, "operations")
    assert (code, err) == (130, "")


def test_defect_is_not_hidden(monkeypatch, capsys):
    def broken(options):
        raise ZeroDivisionError

    monkeypatch.setattr("tui.commands.operations.run", broken)
    with pytest.raises(ZeroDivisionError):
        main(["operations"])


@pytest.mark.parametrize("word", ["status", "operations", "917"])
def test_commands_that_only_ask_load_nothing_slow(word):
    code = (
        f"import sys; from tui.command import main; main([{word!r}, '--home', '/nowhere']); "
        "print([m for m in ('textual', 'aiohttp', 'keyring', 'cryptography', 'escpos') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_every_command_and_every_section_of_the_configuration_is_in_the_documents():
    from store.register.config import Config

    text = (Path(__file__).parents[2] / "docs" / "commands.md").read_text(encoding="utf-8")
    assert [word for word in COMMANDS if f"outpost {word}" not in text] == []
    assert [name for name in Config.__struct_fields__ if name != "demo" and f"`[{name}]`" not in text] == []

"""`outpost hq NOUN VERB`: a chain set up by commands, as scripts and people type them."""

import contextlib
import csv
import io
import json
import os
import pty
import select
import socket
import subprocess
import sys
import threading
import time

import pytest

from hq_office import MAIN, running_headquarters
from store.headquarters.config import lock_path, socket_path
from store.headquarters.nouns.table import NOUNS
from tui.command import main
from tui.commands.hq import client
from tui.commands.hq.exporting import safe_cell
from tui.commands.hq.importing import amounts_of
from tui.commands.outcome import CommandFailed

PRODUCTS = "code,name,price\n4006381333931,Fineliner,1.99\n100,=cmd|' /C calc'!A0,0.50\n"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    home = tmp_path_factory.mktemp("office") / "HQ"
    with running_headquarters(home):
        yield home


@pytest.fixture
def hq(home, capsys):
    """Run an order in this process: exit code, standard output, standard error."""

    def run(*words):
        code = main(["hq", "--home", str(home), *map(str, words)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.fixture
def said(hq):
    """The JSON of an order that is done."""

    def run(*words):
        code, out, err = hq(*words, "--json")
        assert (code, err) == (0, ""), (out, err)
        return json.loads(out)

    return run


def test_the_chain_from_nothing_by_commands(hq, said, tmp_path):
    assert hq("store", "set", "S0001", "--name", "First store")[:2] == (
        0,
        "Store S0001 is created. Run job 1070 to send it.\n",
    )
    assert (
        hq("offline-profile", "set", "OP1", "--offline-timeout", "0.8", "--reconnection-interval", "0")[0]
        == 0
    )
    register = ("register", "set", "S0001-R01", "--store", "S0001", "--support-offline", "yes")
    assert hq(*register, "--offline-profile", "OP1")[0] == 0
    assert hq("staff", "set", "101", "--name", "Ann Baker", "--role", "cashier", "--pin", "101101")[0] == 0
    file = tmp_path / "products.csv"
    file.write_text(PRODUCTS)
    code, out, _ = hq("product", "import", file)
    assert (
        code == 0 and out.splitlines()[-1] == "2 rows are loaded (2 new, 0 changed). Run job 1040 to send it."
    )
    assert "Fineliner" in out and "1.99" in out
    done = said("price", "set", "4006381333931", "1.29")
    assert (done["key"], done["fields"]["amount"], done["jobs"]) == ("4006381333931/0", 129, ["1020"])
    assert hq("key", "set", "F6", "--operation", "917")[0] == 0
    assert [row["key"] for row in said("key", "list")] == ["f6"]
    assert said("register", "show", "S0001-R01")["support_offline"] is True
    assert said("offline-profile", "show", "OP1")["reconnection_interval_s"] == 0.0
    assert [row["database"] for row in said("channel-database", "list", "--store", "S0001")] == [
        "S0001",
        "S0001-R01",
    ]
    assert said("store", "set", "S0001", "--name", "First store")["outcome"] == "unchanged"


def test_rows_are_shown_for_people_with_amounts_and_dates(hq):
    hq(
        "product",
        "set",
        "200",
        "--name",
        "Bread",
        "--price",
        "2.5",
        "--barcode",
        "4006381333948",
        "--weighed",
    )
    hq("price", "set", "200", "2.40", "--from", "2026-12-01", "--until", "2026-12-24")
    _, out, _ = hq("product", "show", "4006381333948")
    shown = {tuple(row.split()) for row in out.splitlines()}
    assert {("price", "2.50"), ("weighed", "yes")} <= shown
    _, out, _ = hq("price", "list", "--product", "200")
    assert out.splitlines()[0].split() == ["product", "from", "amount", "until"]
    assert out.splitlines()[1].split() == ["200", "2026-12-01", "2.40", "2026-12-24"]
    _, out, _ = hq("customer", "list")
    assert out.splitlines()[-1] == "(none)"
    assert hq("price", "remove", "200", "--from", "2026-12-01")[0] == 0
    assert hq("product", "remove", "200")[1].startswith("Product 200 is removed.")


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("stores", "list"), 2, "Headquarters has no 'stores'. Did you mean 'store'?"),
        (("zzzz",), 2, "`outpost hq --help` lists the nouns."),
        (("store", "sett", "S1"), 2, "store has no verb 'sett'. Did you mean 'set'?"),
        (("store", "fly"), 2, "It has: set, list, show, remove, import, export."),
        (("store", "set", "S1", "--colour", "red"), 2, "Unrecognized arguments: --colour red."),
        (("store", "set"), 2, "required: STORE"),
        (("store", "set", "S 1"), 2, "'S 1' cannot be used. Number of the store"),
        (("store", "show", "S9"), 5, "There is no store S9."),
        (("register", "set", "S9-R01", "--store", "S9"), 5, "There is no store 'S9'; set it first"),
        (("offline-profile", "set", "OP1", "--offline-timeout", "500"), 2, "<= 120.0 seconds"),
        (("product", "set", "1", "--name", "x", "--price", "1.999"), 2, "Write it as 1.29."),
        (("staff", "set", "1", "--name", "x", "--role", "boss"), 5, "There is no role 'boss'"),
        (("staff", "set", "1", "--pin"), 2, "There is no terminal to ask for the pin"),
        (("product", "import", "/nowhere.csv"), 3, "/nowhere.csv: No such file or directory."),
        (("product", "import", "goods.xlsx"), 2, "save it as CSV with UTF-8"),
        (("product", "list", "--limit", "x"), 2, "invalid int value"),
        (("store", "show", "S" * 100_000), 2, "cannot be used: it is too long or holds"),
        (("store", "set", "S\n1"), 2, "cannot be used: it is too long or holds"),
        (("period", "check", "--business-date", "2026-02-30"), 2, "is no date for business-date"),
    ],
    ids=lambda value: " ".join(map(str, value)) if isinstance(value, tuple) else "",
)
def test_a_mistake_is_one_sentence_and_a_code(hq, words, code, sentence):
    found, _, err = hq(*words)
    assert found == code and sentence in err
    assert err.startswith("outpost: ") and err.count("\n") == 1


def test_help_of_a_noun_and_of_a_verb_have_examples(hq, capsys):
    for noun in NOUNS.values():
        code, out, err = hq(noun.name, "--help")
        assert (code, err) == (0, "") and f"usage: outpost hq [--home DIR] {noun.name}" in out
    code, out, _ = hq("price", "set", "--help")
    assert code == 0 and "outpost hq --home HQ price set 4006381333931 1.29" in out
    code, out, _ = hq("price")
    assert code == 2 and "verbs:" in out
    assert main(["hq", "--help"]) == 0
    out = capsys.readouterr().out
    assert all(f"\n  {noun}" in out for noun in NOUNS) and "outpost hq --home HQ --port 8917" in out


def test_home_may_stand_behind_the_verb_too(home, capsys):
    assert main(["hq", "role", "list", "--json", "--home", str(home)]) == 0
    assert {row["role"] for row in json.loads(capsys.readouterr().out)} >= {"cashier", "manager"}


def test_an_export_opens_safely_in_a_spreadsheet_and_comes_back_unchanged(hq, said, tmp_path):
    source, copy = tmp_path / "a.csv", tmp_path / "b.csv"
    source.write_text(
        "code,name,price,blocked,barcode\n"
        '900,=SUM(A1),1.09,"line, with comma",4006381333979\n901,+49 30,0.5,@now,\n902,"\'t Hooft",,,\n'
    )
    assert hq("product", "import", source)[0] == 0
    code, _, err = hq("product", "export", "--output", copy)
    assert code == 0 and "rows are in" in err
    rows = {row["product"]: row for row in csv.DictReader(io.StringIO(copy.read_text()))}
    assert (
        rows["900"]["name"] == "'=SUM(A1)"
        and rows["901"]["name"] == "'+49 30"
        and rows["901"]["blocked"] == "'@now"
    )
    assert rows["900"]["price"] == "1.09" and rows["900"]["barcode"] == "04006381333979"
    before = said("product", "list")
    done = said("product", "import", copy)
    assert (done["created"], done["changed"]) == (0, 0)
    assert said("product", "list") == before and before[-3]["name"] == "=SUM(A1)"
    exported = json.loads(hq("product", "export", "--json")[1])
    assert exported == before
    assert [safe_cell(text) for text in ("-1", "a-1", "")] == ["'-1", "a-1", ""]
    assert hq("customer", "export")[1].startswith("customer,name,email")
    assert json.loads(hq("customer", "export", "--json")[1]) == []


def test_a_refused_row_keeps_the_file_out_with_a_report(hq, said, tmp_path):
    file = tmp_path / "p.csv"
    file.write_text(
        "code;name;price\n501;Good;1,00\n502;Bad;free\n" + "".join(f"6{n};Bad;x\n" for n in range(30))
    )
    code, out, err = hq("product", "import", file)
    assert code == 5 and "Nothing is loaded: 31 of 32 rows are refused." in err
    assert "3     502" in out and "'free' is no amount in EUR" in out and "... and 11 more." in out
    assert hq("product", "show", "501")[0] == 5
    code, out, _ = hq("product", "import", file, "--json")
    assert code == 5 and json.loads(out)["refused"][0]["line"] == 3
    assert said("product", "import", file, "--skip-refused")["created"] == 1
    assert hq("product", "show", "501")[0] == 0


def test_outpost_import_is_the_same_by_another_name(home, capsys, tmp_path):
    file = tmp_path / "c.csv"
    file.write_text("number,name,phone\nC1,Maria Berg,+49 30 1234\n")
    assert main(["import", "customers", str(file), "--hq", str(home)]) == 0
    assert "1 row is loaded (1 new" in capsys.readouterr().out
    assert main(["import", "gold", str(file), "--home", str(home)]) == 2
    assert "invalid choice: 'gold'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "amounts"),
    [
        ("code,name,price\n1,x,199\n2,y,5\n", "minor"),
        ("code,name,price\n1,x,199\n2,y,1.5\n", "typed"),
        ("code;name;price\n1;x;1,99\n", "typed"),
        ("code,name,price\n1,x,\n", "typed"),
        ("code,name\n1,1.5\n", "typed"),
        ("code,name,price\n1\n", "typed"),
        ("", "typed"),
    ],
)
def test_whole_numbers_throughout_a_file_are_minor_units(tmp_path, text, amounts):
    file = tmp_path / "p.csv"
    file.write_text(text)
    assert amounts_of(file, NOUNS["product"]) == amounts
    assert amounts_of(file, NOUNS["customer"]) == "typed"


def test_the_demos_own_list_is_loaded_with_its_cents(hq, capsys, tmp_path, said):
    assert main(["demo", "--list-products", "--products", "40"]) == 0
    listed = capsys.readouterr().out
    file = tmp_path / "demo.csv"
    file.write_text(listed)
    code, out, _ = hq("product", "import", file)
    assert code == 0 and "Amounts are taken as minor units of EUR" in out
    first = next(csv.DictReader(io.StringIO(listed)))
    assert said("product", "show", first["code"])["price"] == int(first["price"])
    assert said("product", "import", file, "--amounts", "typed")["changed"] > 0
    assert said("product", "show", first["code"])["price"] == int(first["price"]) * 100


class Terminal:
    """The program on a terminal of its own."""

    def __init__(self, *arguments):
        self.pid, self.wire = pty.fork()
        if self.pid == 0:
            os.environ["PYTHONPATH"] = os.pathsep.join(part for part in sys.path if part)
            os.execv(sys.executable, [sys.executable, "-c", MAIN, *map(str, arguments)])
        self.text = ""

    def until(self, words, patience_s=20):
        deadline = time.monotonic() + patience_s
        while words not in self.text and time.monotonic() < deadline:
            if select.select([self.wire], [], [], 0.1)[0]:
                with contextlib.suppress(OSError):  # the other end is gone
                    self.text += os.read(self.wire, 4096).decode()
        assert words in self.text, self.text
        return self

    def type(self, text):
        os.write(self.wire, text.encode())
        return self

    def ends(self):
        with contextlib.suppress(OSError):
            while data := os.read(self.wire, 4096):
                self.text += data.decode()
        _, status = os.waitpid(self.pid, 0)
        os.close(self.wire)
        return os.waitstatus_to_exitcode(status)


def test_on_a_terminal_a_new_operators_pin_is_asked_for_twice_and_not_shown(home, said, hq):
    hq("store", "set", "S0001")
    words = ("hq", "--home", home, "staff", "set", "301", "--name", "Teo", "--role", "cashier")
    terminal = Terminal(*words).until("PIN: ").type("918273\n").until("PIN again: ").type("918273\n")
    assert terminal.ends() == 0 and "918273" not in terminal.text and "no PIN" not in terminal.text
    terminal = Terminal(*words[:6], "--pin").until("PIN: ").type("918273\n").until("again: ").type("918274\n")
    assert terminal.ends() == 2 and "not the same" in terminal.text
    terminal = Terminal("hq", "--home", home, "staff", "set", "302", "--name", "Jo", "--role", "cashier")
    assert terminal.until("PIN: ").type("\n").ends() == 0 and "There is no PIN yet" in terminal.text
    assert Terminal(*words).ends() == 0, "an operator who is there is not asked again"


def test_on_a_terminal_an_import_shows_a_bar_and_asks(home, tmp_path, hq):
    file = tmp_path / "p.csv"
    file.write_text("code,name,price\n801,Tea,1.00\n")
    words = ("hq", "--home", home, "product", "import", file)
    terminal = Terminal(*words).until("Load 1 rows? [y/N] ").type("n\n")
    assert terminal.ends() == 5 and "Nothing is loaded." in terminal.text and "100 %" in terminal.text
    assert hq("product", "show", "801")[0] == 5
    assert Terminal(*words).until("[y/N] ").type("y\n").ends() == 0
    assert hq("product", "show", "801")[0] == 0
    assert Terminal(*words, "--yes").ends() == 0


def test_where_no_headquarters_runs_the_way_to_start_it_is_said(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(client, "COMING_S", 0.1)
    assert main(["hq", "--home", str(tmp_path), "store", "list"]) == 4
    assert f"start it with `outpost hq --home {tmp_path}`." in capsys.readouterr().err


def test_a_headquarters_that_holds_its_lock_is_waited_for_but_not_for_ever(tmp_path, monkeypatch):
    import fcntl

    monkeypatch.setattr(client, "COMING_S", 0.0)
    monkeypatch.setattr(client, "STARTING_S", 0.3)
    lock_path(tmp_path).parent.mkdir()
    with lock_path(tmp_path).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        began = time.monotonic()
        with pytest.raises(CommandFailed, match="No headquarters runs"):
            client.connect(tmp_path)
        assert time.monotonic() - began >= 0.3


class Impostor(threading.Thread):
    """Something on the socket that answers what it is told to."""

    def __init__(self, home, answer):
        super().__init__(daemon=True)
        path = socket_path(home)
        path.parent.mkdir(parents=True)
        self.wire = socket.socket(socket.AF_UNIX)
        self.wire.bind(str(path))
        self.wire.listen()
        self.answer = answer
        self.start()

    def run(self):
        peer, _ = self.wire.accept()
        peer.recv(65_536)
        if self.answer:
            peer.sendall(self.answer)
        peer.close()
        self.wire.close()


@pytest.mark.parametrize(
    ("answer", "code", "words"),
    [
        (b"", 4, "went away before it answered"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 4, "no JSON"),
        (b"HTTP/1.1 500 x\r\nContent-Length: 2\r\n\r\n[]", 5, "answered 500"),
        (
            b'HTTP/1.1 500 x\r\nContent-Length: 29\r\n\r\n{"type":"/problems/internal"}',
            5,
            "a mistake of its own; its log says more",
        ),
        (b'HTTP/1.1 503 x\r\nContent-Length: 25\r\n\r\n{"type":"/problems/busy"} ', 4, "answered 503"),
    ],
)
def test_an_answer_that_is_none_is_a_sentence(tmp_path, capsys, answer, code, words):
    home = tmp_path / "h"
    impostor = Impostor(home, answer)
    assert main(["hq", "--home", str(home), "store", "list"]) == code
    impostor.join()
    assert words in capsys.readouterr().err


def test_a_file_that_is_refused_at_its_first_line_is_told_though_more_was_to_come(hq, tmp_path):
    file = tmp_path / "big.csv"
    file.write_text("code,nam\n" + "1,Milk\n" * 1_000_000)
    code, _, err = hq("product", "import", file)
    assert code == 2 and "Did you mean 'name'?" in err


def test_a_long_list_comes_page_by_page_under_one_heading(hq, tmp_path):
    file = tmp_path / "long.csv"
    file.write_text("number,name\n" + "".join(f"L{number:04},Customer {number}\n" for number in range(1_200)))
    assert hq("customer", "import", file)[0] == 0
    lines = hq("customer", "list", "--limit", "1100")[1].splitlines()
    assert len(lines) == 1_101 and [line for line in lines if line.startswith("customer ")] == lines[:1]
    listed = [line.split()[0] for line in lines if line.startswith("L")]
    assert listed == sorted(listed) and len(listed) >= 1_090
    assert len(json.loads(hq("customer", "list", "--json")[1])) >= 1_200


def test_a_preview_says_what_is_made_along(hq, tmp_path):
    file = tmp_path / "p.csv"
    file.write_text("code,name,price,department\n3801,Cheese,3.00,Cheeses\n")
    code, out, _ = hq("product", "import", file)
    assert code == 0 and "Made along: department Cheeses." in out


def test_an_order_loads_nothing_slow():
    code = (
        "import sys; from tui.command import main; main(['hq', '--home', '/nowhere', 'store', '--help']); "
        "slow = ('textual', 'aiohttp', 'keyring', 'cryptography', 'aiosqlite', 'asyncio', 'argon2'); "
        "print([name for name in slow if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"

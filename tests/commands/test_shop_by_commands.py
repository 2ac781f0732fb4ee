"""A shop from nothing, by the commands of the documents: package, server, code, enrolment, register, sale, upload."""

import json
import os
import signal
import socket
import subprocess
import sys
import time

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from core_hand import Hand
from core_home import MILK, PEPPER, CoreRun, shop_tables
from store.exchange.package import build_package, endorse_keys, write_package
from store.exchange.record import public_bytes
from store.register.home import RegisterHome
from tui.command import main

ROOT = Ed25519PrivateKey.generate()


def write_shop(path, seq=1, milk_price=109):
    root, key, tables = ROOT, Ed25519PrivateKey.generate(), shop_tables()
    tables["item"][0]["price"] = milk_price
    package = build_package(
        tables,
        seq=seq,
        created_ms=int(time.time() * 1000),
        key=key,
        keys=endorse_keys(root, [public_bytes(key)], issued_ms=1),
    )
    path.write_bytes(write_package(package))
    path.with_name(path.name + ".pepper").write_text(PEPPER.hex())


def free_port():
    with socket.socket() as wire:
        wire.bind(("127.0.0.1", 0))
        return wire.getsockname()[1]


class Server:
    """`outpost server` as a process."""

    def __init__(self, folder, port):
        self.place = ["--home", str(folder), "--database", f"sqlite:{folder}/channel.db"]
        self.command = [sys.executable, "-m", "tui", "server", *self.place, "--port", str(port)]
        self.command += ["--log", str(folder / "server.log")]
        self.process = None

    def prepare(self, package):
        """`outpost server prepare`, also while the server runs."""
        command = [*self.command[:4], "prepare", *self.place, "--json", "--register", "S0001-R01"]
        prepared = subprocess.run([*command, "--package", str(package)], capture_output=True, text=True)
        assert prepared.returncode == 0, prepared.stderr
        return json.loads(prepared.stdout)

    def start(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, text=True, env=os.environ)
        assert "Retail Server on" in self.process.stdout.readline()

    def end(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        code = self.process.wait(10)
        self.process.stdout.close()
        return code


@pytest.fixture
def shop(tmp_path):
    """A prepared and running server: its process, its address, and the one-time code."""
    folder, port = tmp_path / "srv", free_port()
    folder.mkdir()
    write_shop(tmp_path / "shop.package")
    server = Server(folder, port)
    code = server.prepare(tmp_path / "shop.package")["activation_code"]
    server.start()
    yield server, f"http://127.0.0.1:{port}", code
    if server.process.poll() is None:
        server.end(signal.SIGKILL)


def activate(capsys, home, address, code, *options):
    words = ["activate", "--home", str(home.path), "--server", address, "--code", code, "--json"]
    result = main([*words, *(options or ("--fetch-now",))])
    captured = capsys.readouterr()
    return result, captured.out, captured.err


def until(condition, within_s=10.0):
    end_s = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < end_s
        time.sleep(0.05)


def test_shop_from_nothing_sells_online_goes_on_without_the_server_and_delivers_later(capsys, shop, tmp_path):
    server, address, code = shop
    home = RegisterHome(tmp_path / "till")
    result, out, err = activate(capsys, home, address, code)
    assert result == 0
    facts = json.loads(out)
    assert (facts["register"], facts["series"], facts["catalog"]) == ("S0001-R01", "S0001-R01.1", "c000001")
    assert "INSECURE" in err
    assert home.config_file.exists()
    with CoreRun(home) as core:
        core.wait_until_it_listens()
        with Hand(home) as hand:
            hand.sign_on_and_open()
            assert hand.view["header"]["connection"] == "ONLINE"
            assert hand.do("scan", MILK) == "sold"
            server.end(signal.SIGKILL)
            assert hand.do("scan", MILK) == "sold"
            hand.do("operation", operation=139)
            assert hand.enter() == "done"
            until(lambda: core.query("status")["mode"] == "OFFLINE auto")
            assert core.query("status")["pending_transactions"] >= 1
            server.start()
            assert main(["917", "connect", "--home", str(home.path)]) == 0
            assert capsys.readouterr().out.startswith("Connected")
            until(lambda: core.query("status")["pending_records"] == 0)
            assert core.query("status")["mode"] == "ONLINE"
        assert core.end() == 0
    assert main(["journal", "list", "--home", str(home.path), "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [(row["kind"], row["total"], row["state"]) for row in rows] == [
        ("shift.open", 0, "acknowledged"),
        ("sale", 218, "acknowledged"),
    ]


def test_code_works_once_and_a_wrong_one_never(capsys, shop, tmp_path):
    _, address, code = shop
    assert activate(capsys, RegisterHome(tmp_path / "one"), address, code)[0] == 0
    for home, wrong in (("two", code), ("three", "AAAA-BBBB-CCCC-DDDD-EEEE-FFFF-GG")):
        result, out, err = activate(capsys, RegisterHome(tmp_path / home), address, wrong)
        assert (result, out) == (5, "")
        assert err.startswith("outpost: ")
        assert err.count("\n") == 1
        assert not RegisterHome(tmp_path / home).enrolment_file.exists()


def test_register_can_be_used_when_the_server_dies_right_after_the_activation(capsys, shop, tmp_path):
    server, address, code = shop
    home = RegisterHome(tmp_path / "till")
    assert activate(capsys, home, address, code)[0] == 0
    server.end(signal.SIGKILL)
    with CoreRun(home) as core:
        core.wait_until_it_listens()
        with Hand(home) as hand:
            hand.sign_on_and_open()
            assert hand.do("scan", MILK) == "sold"
        assert core.end() == 0


def test_paused_synchronisation_neither_sends_nor_fetches_and_selling_is_online(capsys, shop, tmp_path):
    server, address, code = shop
    home = RegisterHome(tmp_path / "till")
    assert activate(capsys, home, address, code)[0] == 0
    with home.config_file.open("a") as config:
        config.write("[offline_profile]\npause_synchronisation = true\ndownload_interval_s = 1\n")
    write_shop(tmp_path / "next.package", seq=2, milk_price=129)
    server.prepare(tmp_path / "next.package")
    with CoreRun(home) as core:
        core.wait_until_it_listens()
        with Hand(home) as hand:
            hand.sign_on_and_open()
            assert hand.view["header"]["connection"] == "ONLINE"
            assert hand.do("scan", MILK) == "sold"
            time.sleep(1.2)  # longer than either interval
            status = core.query("status")
        assert core.end() == 0
    assert (status["pending_transactions"], status["pending_downloads"]) == (1, 0)
    assert not (home.path / "catalog-2.db").exists()


def test_new_prices_come_by_themselves_and_hold_from_the_next_sale_on(capsys, shop, tmp_path):
    server, address, code = shop
    home = RegisterHome(tmp_path / "till")
    assert activate(capsys, home, address, code)[0] == 0
    with home.config_file.open("a") as config:
        config.write("[offline_profile]\ndownload_interval_s = 1\n")
    with CoreRun(home) as core:
        core.wait_until_it_listens()
        with Hand(home) as hand:
            hand.sign_on_and_open()
            assert hand.do("scan", MILK) == "sold"
            write_shop(tmp_path / "next.package", seq=2, milk_price=129)
            server.prepare(tmp_path / "next.package")
            until((home.path / "catalog-2.db").exists)
            server.end(signal.SIGKILL)
            for _ in range(2):
                hand.do("operation", operation=139)
                assert hand.enter() == "done"
                assert hand.do("scan", MILK) == "sold"
            assert hand.view["totals"]["total"] == 129
        assert core.end() == 0
    assert main(["journal", "show", "--home", str(home.path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["catalog"] == "c000002"


def test_activation_fetches_nothing_and_the_first_sign_in_brings_the_data(capsys, shop, tmp_path):
    _, address, code = shop
    home = RegisterHome(tmp_path / "till")
    result, out, _ = activate(capsys, home, address, code, "--insecure-vault")
    assert (result, json.loads(out)["catalog"]) == (0, None)
    assert list(home.path.glob("catalog-*")) == []
    with CoreRun(home) as core:
        core.wait_until_it_listens()
        time.sleep(0.5)
        assert core.query("status")["last_sync"]["words"] == "never synced; it starts with the first sign-in"
        with Hand(home) as hand:
            hand.sign_on_and_open()
            assert hand.do("scan", MILK) == "sold"
        until(lambda: core.query("status")["downloads"][0]["status"] == "Applied")
        assert core.query("status")["readiness"] == ""
        assert core.end() == 0

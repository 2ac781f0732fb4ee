"""`outpost doctor` and `outpost scan explain`."""

import json

import pytest

from core_home import CoreRun, make_home
from tui.command import main


def outcome(capsys, *arguments):
    code = main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def checks(capsys, home):
    code, out, err = outcome(capsys, "doctor", "--json", "--home", home.path)
    assert err == ""
    report = json.loads(out)
    assert report["ok"] is (code == 0)
    return code, {check["name"]: check for check in report["checks"]}


@pytest.fixture
def home(tmp_path):
    return make_home(tmp_path / "till")


def test_doctor_of_a_sound_register(capsys, home):
    code, found = checks(capsys, home)
    assert code == 0
    assert found["Catalog"]["state"] == "ok"
    assert "c000001" in found["Catalog"]["sentence"]
    assert found["Vault"]["state"] == "warn"
    assert "insecure" in found["Vault"]["sentence"]
    assert "made when the register starts for the first time" in found["Journal"]["sentence"]
    assert found["Server"]["state"] == "warn"
    assert "refused the connection" in found["Server"]["sentence"]
    assert all(check["cure"] for check in found.values() if check["state"] in ("warn", "fail"))


def test_doctor_beside_a_running_core(capsys, home):
    with CoreRun(home) as core:
        core.wait_until_it_listens()
        _, found = checks(capsys, home)
        assert found["Register"]["sentence"].startswith("It runs, OFFLINE auto")
        assert found["Journal"]["state"] == "ok"
        assert main(["917", "disconnect", "--home", str(home.path)]) == 0
        capsys.readouterr()
        _, found = checks(capsys, home)
        assert "disconnected by hand" in found["Server"]["sentence"]
        core.end()


def test_doctor_names_what_is_missing_of_the_offline_database(capsys, tmp_path):
    code, out, _ = outcome(capsys, "doctor", "--home", tmp_path)
    assert code == 1
    assert "FAIL  Offline database: It is missing" in out
    assert "outpost activate" in out


DAMAGES = {
    "Configuration": (lambda home: home.config_file.write_text("[x]"), "unknown section x"),
    "Vault": (lambda home: (home.path / "vault.json").unlink(), "It is not there"),
    "Catalog": (lambda home: next(home.path.glob("catalog-*.db")).unlink(), "no catalog"),
    "Journal": (lambda home: home.journal_file.write_bytes(b"x" * 9000), "cannot be read"),
    "Enrolment": (lambda home: home.enrolment_file.write_text("{"), "cannot be read"),
}


@pytest.mark.parametrize("part", DAMAGES)
def test_doctor_finds_the_damage_and_says_the_cure(capsys, home, part):
    damage, words = DAMAGES[part]
    damage(home)
    code, found = checks(capsys, home)
    assert code == 1
    assert found[part]["state"] == "fail"
    assert words in found[part]["sentence"]
    assert found[part]["cure"]


def test_doctor_makes_no_vault_and_no_journal(capsys, home):
    (home.path / "vault.json").unlink()
    checks(capsys, home)
    assert not (home.path / "vault.json").exists()
    assert not home.journal_file.exists()


def test_doctor_says_which_device_is_not_there(capsys, home, tmp_path):
    home.config_file.write_text(
        f'[devices]\nprinter = "tcp://127.0.0.1:1"\nscanners = ["serial:{tmp_path}/none"]\n'
    )
    _, found = checks(capsys, home)
    assert "cannot be reached" in found["Printer"]["sentence"]
    assert "is not there" in found["Scanner"]["sentence"]


EXPLAINED = [
    (["4006381333931"], 0, {"kind": "gtin", "gtin14": "04006381333931", "format": "EAN-13"}),
    (["]E04006381333931"], 0, {"kind": "gtin", "gtin14": "04006381333931"}),
    (["4006381333932"], 1, {"kind": "error", "expected_digit": "1"}),
    (["96385074"], 0, {"kind": "gtin", "format": "EAN-8"}),
    (["036000291452"], 0, {"kind": "gtin", "format": "UPC-A"}),
    (["04252614"], 0, {"kind": "gtin", "format": "UPC-E", "gtin14": "00042100005264"}),
    (["2012345678903"], 0, {"kind": "restricted"}),
    (["--region", "SE", "2088780349909"], 1, {"kind": "error"}),
    (["4711"], 0, {"kind": "text", "item_key": "sku:4711, plu:4711"}),
    (["]C10104006381333931"], 1, {"kind": "error"}),
    (["\x1b[2J"], 1, {"kind": "error"}),
]


@pytest.mark.parametrize(("arguments", "code", "meaning"), EXPLAINED, ids=lambda value: repr(value)[:40])
def test_scan_is_explained(capsys, arguments, code, meaning):
    found, out, _ = outcome(capsys, "scan", "explain", *arguments, "--json")
    explained = json.loads(out)
    assert explained | meaning == explained
    assert found == code


def test_price_label_of_a_region_is_explained(capsys):
    code, out, _ = outcome(capsys, "scan", "explain", "--region", "SE", "--json", "2088780349906")
    explained = json.loads(out)
    assert code == 0
    assert (explained["kind"], explained["price"], explained["currency"]) == ("variable_measure", 4990, "SEK")
    assert "price 49.90 SEK" in outcome(capsys, "scan", "explain", "--region", "SE", "2088780349906")[1]

"""Everything that may be wrong with a register has a finding in `outpost doctor`: what it is and what to do."""

from contextlib import closing

import pytest

from core_home import make_home
from devices.errors import DeviceAddressError
from store.database.errors import StorageReadOnly
from store.database.vault import VaultError
from store.gateway.server_address import ServerAddressError
from store.register.config import Config, load_config
from store.register.enrolment.activation import ActivationRefused, load_enrolment
from store.register.journal.chain import ChainBroken
from store.register.journal.reads import HeadMismatch
from tui.commands import doctor_machine, doctor_register, doctor_surroundings, options


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return make_home(tmp_path_factory.mktemp("doctor") / "till")


def raises(error):
    def fails(*_, **__):
        raise error

    return fails


def only(findings):
    (finding,) = findings
    assert finding.state == "fail"
    assert finding.cure
    return finding.sentence


def test_vault_that_cannot_be_opened(home, monkeypatch):
    monkeypatch.setattr(
        doctor_register, "open_vault", raises(VaultError("The vault is sealed by another key."))
    )
    enrolment = load_enrolment(home.path)
    assert only(doctor_register.check_vault(home, enrolment)) == "The vault is sealed by another key."


@pytest.mark.parametrize(
    "error", [ChainBroken(7, "is missing"), HeadMismatch("the head names record 8")], ids=["chain", "head"]
)
def test_chain_that_is_broken(home, monkeypatch, error):
    class Wal:
        def execute(self, _):
            return self

        def fetchone(self):
            return ("wal",)

    monkeypatch.setattr(doctor_register, "check_records", raises(error))
    sentence = only(doctor_register.check_journal_file(Wal(), load_enrolment(home.path)))
    assert sentence == f"The chain is broken: {error}."


def test_catalog_that_cannot_be_used(home, monkeypatch):
    monkeypatch.setattr(doctor_register, "OfflineCatalog", raises(StorageReadOnly("It is locked.")))
    found = list(doctor_register.check_catalog(home))
    assert (found[-1].state, found[-1].sentence) == ("fail", "It cannot be used: It is locked.")


def test_server_address_that_is_none(home, monkeypatch):
    monkeypatch.setattr(doctor_surroundings, "ask_server", raises(ServerAddressError("No https.")))
    config = load_config(home.config_file)
    assert only(doctor_surroundings.check_server(home, config, None)) == "No https."


def test_enrolment_that_cannot_be_read_names_no_server(home, monkeypatch):
    monkeypatch.setattr(doctor_surroundings, "load_enrolment", raises(ActivationRefused("It is torn.")))
    assert doctor_surroundings.enrolled_address(home) == ""


def test_devices_that_cannot_be_built(home, monkeypatch):
    monkeypatch.setattr(doctor_surroundings, "build", raises(DeviceAddressError("Two on one line.")))
    assert only(doctor_surroundings.check_devices(home, Config(), None)) == "Two on one line."


def test_disk_that_cannot_be_written(home, monkeypatch):
    monkeypatch.setattr(doctor_machine, "sync_times_ms", raises(OSError(30, "Read-only file system")))
    assert "cannot be written: Read-only file system." in only(doctor_machine.check_sync(home.path))


def test_keys_of_a_home_without_a_file_are_the_usual_ones(tmp_path):
    home = make_home(tmp_path / "till")
    home.config_file.unlink()
    assert options.keys_of(home) == {}
    with closing((tmp_path / "till" / "register.toml").open("w")) as out:
        out.write('[keys]\npay = "f9"\n')
    assert options.keys_of(home) == {"pay": "f9"}

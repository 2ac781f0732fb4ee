"""What headquarters sends wins over register.toml, and comes into force with the catalog."""

import json

import pytest

from catalog_files import build_catalog
from store.database.errors import DatabaseDamaged
from store.exchange.hardware_profile import DevicesConfig
from store.exchange.offline_profile import OfflineProfile
from store.gateway.offline import OfflineCatalog
from store.register.config import Config, RegisterConfig
from store.register.in_force import InForce

REGISTER = "S0001-R01"
FILE = Config(
    register=RegisterConfig(lock_after_s=60),
    offline_profile=OfflineProfile(download_interval_s=77, retry_count=3),
    devices=DevicesConfig(printer="tcp://10.0.0.9:9100"),
)


@pytest.fixture
def catalog(tmp_path):
    made = []

    def make(profile=None, **detail):
        tables = {"register": [row(profile, detail)]}
        if profile is not None:
            tables["offline_profile"] = [{"code": "OP1", "detail": json.dumps(profile)}]
        path = tmp_path / f"catalog-{len(made) + 1}.db"
        build_catalog(tables, path)
        made.append(OfflineCatalog(path))
        return made[-1]

    yield make
    for one in made:
        one.close()


def row(profile, detail):
    return {
        "number": REGISTER,
        "name": "Till 1",
        "support_offline": 1,
        "offline_profile": "OP1" if profile is not None else "",
        "detail": json.dumps(detail),
    }


def test_register_toml_holds_until_headquarters_says_something(catalog):
    force = InForce(FILE, REGISTER)
    for without in (None, catalog()):
        force.refresh(without)
        assert force.profile() == FILE.offline_profile
        assert (force.devices(), force.lock_after_s()) == (FILE.devices, 60)
        assert not force.from_headquarters


def test_profile_of_headquarters_wins_as_a_whole_and_what_it_leaves_out_has_its_default(catalog):
    force = InForce(FILE, REGISTER)
    force.refresh(catalog({"download_interval_s": 5}))
    assert force.profile() == OfflineProfile(download_interval_s=5)
    assert force.from_headquarters
    force.refresh(None)
    assert force.profile() == FILE.offline_profile


def test_devices_and_lock_time_of_headquarters_win(catalog):
    force = InForce(FILE, REGISTER)
    force.refresh(catalog(lock_after_s=0, devices={"printer": "file:/tmp/paper", "scanners": ["/dev/ttyS0"]}))
    assert force.lock_after_s() == 0
    assert force.devices() == DevicesConfig(printer="file:/tmp/paper", scanners=("/dev/ttyS0",))


def test_wrong_and_unknown_values_are_left_out_one_by_one(catalog):
    force = InForce(FILE, REGISTER)
    said = {
        "download_interval_s": "often",
        "retry_count": 99,
        "offline_timeout_s": 2,
        "description": "of headquarters",
        "next_version": True,
        "slow_server_threshold_ms": 1,
    }
    force.refresh(catalog(said, lock_after_s=-1, devices={"printer_columns": 1, "drawer": "none"}))
    assert force.profile() == OfflineProfile(offline_timeout_s=2)
    assert force.lock_after_s() == 60
    assert force.devices() == DevicesConfig(drawer="none")


def test_listeners_hear_of_changes_only(catalog):
    force, heard = InForce(FILE, REGISTER), []
    force.listen(lambda: heard.append(force.profile().download_interval_s))
    first = catalog({"download_interval_s": 5})
    force.refresh(first)
    force.refresh(first)
    force.refresh(catalog({"download_interval_s": 9}))
    assert heard == [5, 9]


def test_catalog_that_cannot_be_read_changes_nothing(catalog):
    force = InForce(FILE, REGISTER)
    force.refresh(catalog({"download_interval_s": 5}))

    class Damaged:
        def register(self, number):
            raise DatabaseDamaged("malformed")

    force.refresh(Damaged())
    assert force.profile().download_interval_s == 5

"""`server prepare`: everything of a package or nothing, and sentences for whatever is wrong with it."""

import asyncio
import sqlite3
from types import SimpleNamespace

import aiohttp
import pytest

from server_process import PEPPER, prepare_home, running_server
from server_world import PACKAGE_KEY, STORE, TABLES, Register, package_file
from store.server.prepare import prepare
from store.service.errors import ServiceTrouble

FIND_GOUDA = (
    "select sku from item_name_text where id in (select rowid from item_name where item_name match 'gouda')"
)
NO_STAFF = TABLES | {"staff": []}


def rows(home, statement):
    db = sqlite3.connect(home / "channel.db")
    try:
        return db.execute(statement).fetchall()
    finally:
        db.close()


def test_items_and_staff_are_loaded_and_a_code_is_made(tmp_path):
    done = prepare_home(tmp_path)
    assert (done.register, done.store, done.package_seq, done.items) == ("S0042-R03", STORE, 1, 3)
    assert len(done.code) == 32 and done.expires_ms > 0
    assert rows(tmp_path, "select count(*) from staff") == [(1,)]
    assert rows(tmp_path, FIND_GOUDA) == [("4711",)]


def test_the_same_package_again_makes_a_new_code_only(tmp_path):
    first, second = prepare_home(tmp_path), prepare_home(tmp_path)
    assert first.code != second.code
    assert rows(tmp_path, "select count(*) from package_form") == [(1,)]
    assert rows(tmp_path, "select count(*) from item") == [(3,)]
    assert len(list((tmp_path / "packages" / "chunks").iterdir())) == 6


def test_a_package_can_be_loaded_without_a_code(tmp_path):
    prepare_home(tmp_path)
    done = prepare_home(tmp_path, seq=2, tables=NO_STAFF, new_code=False)
    assert (done.code, done.package_seq) == ("", 2)
    assert rows(tmp_path, "select count(*) from enrolment_code") == [(1,)]


async def test_a_running_server_serves_the_new_package_at_once(tmp_path):
    code = (await asyncio.to_thread(prepare_home, tmp_path)).code
    with running_server(tmp_path) as (_, info):
        async with aiohttp.ClientSession() as http:
            register = await Register.enrol(SimpleNamespace(url=info["url"], http=http), code)
            changed = TABLES | {"item": [TABLES["item"][0] | {"price": 1}]}
            more = await asyncio.to_thread(prepare_home, tmp_path, "S0042-R04", 2, changed)
            assert (await register.get("/items?key=sku:4711"))[1]["price"] == 1
            other = await Register.enrol(SimpleNamespace(url=info["url"], http=http), more.code)
            assert other.series == "S0042-R04.1"


def test_every_byte_of_a_package_counts(tmp_path):
    prepare_home(tmp_path)
    data = bytearray(package_file(2, TABLES | {"item": []}))
    for place in range(0, len(data), 97):
        tampered = data.copy()
        tampered[place] ^= 1
        path = tmp_path / "tampered.outpost"
        path.write_bytes(tampered)
        with pytest.raises(ServiceTrouble):
            prepare(tmp_path, "sqlite:channel.db", path, "S0042-R03", pepper=PEPPER, allow_insecure=True)
    assert rows(tmp_path, "select count(*) from item") == [(3,)]
    assert rows(tmp_path, "select count(*) from enrolment_code") == [(1,)]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"register": "no good!"}, "is no register id"),
        ({"allow_insecure": False}, "vault"),
        ({"pepper": b"x" * 32}, "another pepper"),
        ({"root": PACKAGE_KEY, "seq": 2}, "another root key"),
        ({"tables": NO_STAFF}, "higher number"),
        ({"tables": TABLES | {"item": [{"sku": "1", "weighed": 7}]}, "seq": 2}, "cannot be stored"),
        ({"database_url": "postgresql://127.0.0.1:9/x"}, "cannot be reached"),
        ({"missing": True}, "cannot be read"),
    ],
)
def test_whatever_is_wrong_is_a_sentence_and_loads_nothing(tmp_path, change, sentence):
    prepare_home(tmp_path)
    before = rows(tmp_path, "select * from item") + rows(tmp_path, "select * from enrolment_code")
    path = tmp_path / "next.outpost"
    options = {"root": change["root"]} if "root" in change else {}
    if "missing" not in change:
        path.write_bytes(package_file(change.get("seq", 1), change.get("tables", TABLES), **options))
    with pytest.raises(ServiceTrouble, match=sentence) as caught:
        prepare(
            tmp_path,
            change.get("database_url", "sqlite:channel.db"),
            path,
            change.get("register", "S0042-R03"),
            pepper=change.get("pepper", PEPPER),
            allow_insecure=change.get("allow_insecure", True),
        )
    assert str(caught.value).endswith(".")
    assert rows(tmp_path, "select * from item") + rows(tmp_path, "select * from enrolment_code") == before


def test_staff_without_their_pepper_are_refused(tmp_path):
    with pytest.raises(ServiceTrouble, match="--pepper"):
        prepare_home(tmp_path, pepper=None)
    (tmp_path / "package-1.outpost.pepper").write_text(PEPPER.hex() + "\n")
    prepare_home(tmp_path, pepper=None)
    (tmp_path / "package-1.outpost.pepper").unlink()
    prepare_home(tmp_path, pepper=None)  # the server knows it by now


def test_a_store_without_staff_gets_a_pepper_of_its_own(tmp_path):
    assert prepare_home(tmp_path, tables=NO_STAFF, pepper=None).code


def test_no_secret_lies_in_the_channel_database(tmp_path):
    done = prepare_home(tmp_path)
    content = b"".join(path.read_bytes() for path in tmp_path.glob("channel.db*"))
    assert (
        PEPPER not in content and PEPPER.hex().encode() not in content and done.code.encode() not in content
    )

"""A job run: what changed becomes a package, for every database of a group; nothing else travels."""

import contextlib
import json
import sqlite3

import pytest

from hq_scheduler import Database, open_world
from store.database.chunks import ChunkFolder
from store.exchange.package_header import read_header
from store.headquarters.nouns.chain import ChannelDatabase, DataGroup, Register
from store.headquarters.nouns.goods import Department, Product, Tax
from store.headquarters.nouns.people import Role
from store.headquarters.nouns.profiles import FunctionalityProfile, HardwareProfile, OfflineProfileRow
from store.headquarters.nouns.scheduling import Availability
from store.headquarters.nouns.till import LayoutKey, Parameter, Setting, Tender
from store.headquarters.scheduler import channel_rows, packages, sessions
from store.headquarters.scheduler.group_file import group_path
from store.register.catalog.ratchet import Ratchet
from store.sale.tender_type import tender_type


async def test_first_run_is_a_full_package_with_a_session_for_every_database(shop, database):
    [result] = await shop.run("1040")
    assert (result.status, result.kind, result.rows, result.sessions) == ("Available", "full", 2, 2)
    assert {(one.database, one.status, one.job) for one in await shop.sessions()} == {
        ("S0001", "Available", "1040"),
        ("S0001-R01", "Available", "1040"),
    }
    database.follow(await shop.packages())
    assert database.rows["item"]["100"][1:4] == ("Milk", "pcs", 109)


async def test_second_run_without_a_change_has_no_data(shop):
    await shop.run("1040")
    [result] = await shop.run("1040")
    assert result.status == "No data"
    assert len(await shop.packages()) == 1
    assert [one.status for one in await shop.sessions(database="S0001")] == ["No data", "Available"]


async def test_no_data_sessions_do_not_pile_up(shop):
    for _ in range(5):
        await shop.run("1040")
    assert [one.status for one in await shop.sessions(database="S0001")] == ["No data", "Available"]


async def test_change_travels_as_a_delta_of_the_changed_rows(shop, database):
    await shop.run("1040")
    await shop.product("100", "Milk 1 l", price=119)
    await shop.remove("product", "200")
    await shop.product("300", "Tea", barcodes=("04006381333931",))
    [result] = await shop.run("1040")
    assert (result.kind, result.rows, result.deletes) == ("delta", 3, 1)
    assert database.follow((await shop.packages())[:1])
    database.follow(await shop.packages())
    assert {key: row[3] for key, row in database.rows["item"].items()} == {"100": 119, "300": -1}
    assert database.rows["barcode"] == {"04006381333931": ("04006381333931", "300")}


async def test_saving_the_same_again_is_no_change(shop):
    await shop.run("1040")
    await shop.product("100", "Butter")
    await shop.product("100", "Milk", price=109)
    assert (await shop.run("1040"))[0].status == "No data"


async def test_run_sends_only_the_tables_of_its_jobs(shop, database):
    await shop.price("100", 99)
    await shop.run("1040")
    database.follow(await shop.packages())
    assert database.rows["price"] == {}
    await shop.run("1020")
    database.follow(await shop.packages())
    assert database.rows["price"] == {"100/0": ("100/0", "100", 99, 0, 0)}
    assert set(database.rows["item"]) == {"100", "200"}


async def test_several_jobs_are_one_package(shop):
    await shop.price("100", 99)
    [result] = await shop.run("1040", "1020")
    header = read_header(shop.folder.header(result.package_seq, "full"))
    assert [part.name for part in header.manifest.parts] == ["item", "price"]
    assert header.manifest.job == "1020 1040"


async def test_barcode_that_moves_to_another_product_is_there_once_in_either_order(shop, database):
    code = "04006381333931"
    await shop.product("100", barcodes=(code,))
    await shop.run("1040")
    await shop.product("200", barcodes=(code,))
    await shop.product("100")
    await shop.run("1040")
    database.follow(await shop.packages())
    assert database.rows["barcode"] == {code: (code, "200")}
    await shop.product("200")
    await shop.product("100", barcodes=(code,))
    await shop.run("1040")
    database.follow(await shop.packages())
    assert database.rows["barcode"] == {code: (code, "100")}


async def test_full_sync_of_one_job_replaces_its_tables_and_keeps_the_others(shop, database):
    await shop.price("100", 99)
    await shop.run("9999")
    database.follow(await shop.packages())
    [result] = await shop.run("1040", full=True)
    assert (result.kind, result.rows) == ("delta", 2)
    header = read_header(shop.folder.header(result.package_seq, "delta"))
    assert {part.name: part.mode for part in header.manifest.parts} == {
        "item": "full",
        "barcode": "full",
        "department": "full",
    }
    database.follow(await shop.packages())
    assert set(database.rows["item"]) == {"100", "200"}
    assert database.rows["price"] != {}


async def test_full_sync_of_everything_needs_no_base(shop, database):
    await shop.run("9999")
    [result] = await shop.run("9999", full=True)
    assert result.kind == "full"
    fresh = Database(shop.folder, database.root_key)
    assert [entry.package_seq for entry in fresh.follow(await shop.packages())] == [result.package_seq]
    assert set(fresh.rows["item"]) == {"100", "200"}


async def test_small_tables_follow_every_noun_they_come_from(shop, database):
    await shop.put("tax", "S", Tax(name="VAT", rate="19"))
    await shop.put("department", "D1", Department(name="Dairy", tax="S"))
    await shop.run("9999")
    database.follow(await shop.packages())
    assert database.rows["tax"] == {"S": ("S", "VAT", "19", 1, "")}
    assert database.rows["setting"]["store_name"] == ("store_name", "Store S0001")
    assert database.rows["setting"]["receipt_width"] == ("receipt_width", "42")
    await shop.put("functionality-profile", "FP1", FunctionalityProfile(receipt_width=32, lock_after_s=60))
    await shop.store(functionality_profile="FP1")
    await shop.run("1070", "1090")
    database.follow(await shop.packages())
    assert database.rows["setting"]["receipt_width"] == ("receipt_width", "32")
    assert '"lock_after_s":60' in database.rows["register"]["S0001-R01"][4]


async def test_details_and_coded_rows_travel(shop, database):
    await shop.put("product", "300", Product(name="Brandy", min_age=18))
    await shop.put("info-code", "REASON", {"name": "Reason", "kind": "list"})
    await shop.put("document-format", "receipt", {"width": 42})
    await shop.put("discount", "D1", {"name": "Spring", "percent": "10"})
    await shop.run("9999")
    database.follow(await shop.packages())
    assert database.rows["item"]["300"][-1] == '{"min_age":18}'
    assert database.rows["item"]["100"][-1] == ""
    assert database.rows["info_code"] == {"REASON": ("REASON", "Reason", '{"kind":"list"}')}
    assert database.rows["document_format"] == {"receipt": ("receipt", '{"width":42}')}
    assert database.rows["discount"] == {"D1": ("D1", "Spring", '{"percent":"10"}')}


async def test_file_with_rows_of_other_columns_is_made_anew_and_sent_as_a_whole(shop, database):
    await shop.run("9999")
    with contextlib.closing(sqlite3.connect(group_path(shop.hq.packages, "S0001"))) as file:
        file.execute("update fact set value = 1 where name = 'layout'")
        file.commit()
    await shop.product("100", "Milk 2 l")
    await shop.run("1040")
    database.follow(await shop.packages())
    assert {row[1] for row in database.rows["item"].values()} == {"Milk 2 l", "Bread"}


async def test_group_without_databases_gets_nothing(world):
    await world.put("data-group", "dummy", DataGroup(store="S0001"))
    await world.product("100")
    assert await world.run("1040") == []


async def test_run_for_one_group_leaves_the_others(shop):
    await shop.store("S0002")
    results = await shop.run("1040", groups=("S0002",))
    assert [result.data_group for result in results] == ["S0002"]
    assert await shop.packages("S0001") == []


async def test_numbers_are_one_sequence_for_all_groups(shop):
    await shop.store("S0002")
    first = [result.package_seq for result in await shop.run("1040")]
    await shop.product("100", "Milk 2 l")
    second = [result.package_seq for result in await shop.run("1040")]
    assert sorted(first + second) == first + second
    assert len(set(first + second)) == 4


async def test_staff_of_a_store_has_the_hash_of_that_store_only(shop, database):
    from store.headquarters.nouns.people import Staff, StaffPin

    await shop.put("staff", "101", Staff(name="Ann", role="cashier"))
    await shop.put("staff", "102", Staff(name="Bob", role="cashier", store="S0002"))
    await shop.put("staff", "103", Staff(name="Eve", role="cashier", blocked=True))
    await shop.put("staff", "104", Staff(name="New", role="cashier"))
    for key in ("101/S0001", "101/S0002", "102/S0002"):
        await shop.put("staff-pin", key, StaffPin(hash=f"hash of {key}"))
    await shop.run("1060")
    database.follow(await shop.packages())
    assert {key: row[4] for key, row in database.rows["staff"].items()} == {
        "101": "hash of 101/S0001",
        "104": "",
    }


async def test_row_that_no_package_can_carry_fails_the_run_and_says_which(shop):
    await shop.run("1040")
    await shop.work(
        lambda db: db.execute(
            "update setup set document = $1, changed_n = changed_n + 100 where noun = 'product' and key = '100'",
            {"1": '{"name":"' + "x" * 5000 + '"}'},
        )
    )
    [result] = await shop.run("1040")
    assert result.status == "Create failed"
    newest = (await shop.sessions(database="S0001"))[0]
    assert newest.status == "Create failed"
    assert newest.message
    await shop.product("100", "Milk again", price=1)
    [result] = await shop.run("1040")
    assert (result.status, result.rows) == ("Available", 1)


async def test_full_form_is_made_when_the_chain_has_more_than_twenty_deltas(shop, database):
    await shop.run("1040")
    for number in range(21):
        await shop.product("100", f"Milk {number}")
        await shop.run("1040")
    listed = await shop.packages()
    newest = max(entry.package_seq for entry in listed)
    assert {entry.kind for entry in listed if entry.package_seq == newest} == {"delta", "full"}
    assert packages.chain_of(listed).is_sound
    # Nobody who is up to date but for one package fetches the full form for it.
    database.seq = sorted({entry.package_seq for entry in listed})[-2]
    database.rows["item"] = {"100": ("100",) * 10, "200": ("200",) * 10}
    from store.exchange.package_chain import path_to_newest

    assert [entry.kind for entry in path_to_newest(listed, database.seq)] == ["delta"]
    fresh = Database(shop.folder, database.root_key)
    fresh.follow(listed)
    assert fresh.rows["item"]["100"][1] == "Milk 20"


async def test_packages_that_no_way_leads_over_go_with_their_files(shop):
    await shop.run("1040")
    first = (await shop.packages())[0]
    for number in range(45):
        await shop.product("100", f"Milk {number}")
        await shop.run("1040")
    left = {(entry.package_seq, entry.kind) for entry in await shop.packages()}
    assert (first.package_seq, "full") not in left
    assert len(left) < 30
    assert set(shop.folder.headers()) == left
    fresh = Database(shop.folder, shop.hq.secrets.root_public)
    fresh.follow(await shop.packages())
    assert fresh.rows["item"]["100"][1] == "Milk 44"


async def test_delta_chain_and_full_form_hold_the_same(shop, database):
    """Invariant 27: delta(base) and full agree."""
    await shop.run("9999")
    for number in range(25):
        await shop.product(f"{number}", f"Thing {number}", price=number)
        if number % 3 == 0:
            await shop.remove("product", f"{number // 2}")
        await shop.run("9999")
        database.follow(await shop.packages())
    fresh = Database(shop.folder, database.root_key)
    fresh.follow(await shop.packages())
    assert fresh.rows == database.rows
    assert fresh.seq == database.seq


async def test_new_database_in_a_group_is_offered_the_chain_and_the_others_nothing(shop):
    await shop.run("1040")
    await shop.product("100", "Milk 2 l")
    await shop.run("1040")
    await shop.register("S0001-R02")
    await shop.runner.settle_databases()
    assert [(one.package_seq, one.status) for one in await shop.sessions(database="S0001-R02")] == [
        (2, "Available"),
        (1, "Available"),
    ]
    assert len(await shop.sessions(database="S0001-R01")) == 2
    await shop.runner.settle_databases()
    assert len(await shop.sessions(database="S0001-R02")) == 2


async def test_moved_database_gets_a_full_with_a_number_above_all_it_had(shop, database):
    await shop.put("data-group", "pilot", DataGroup(store="S0001"))
    await shop.register("S0001-R02", group="pilot")
    await shop.run("1040")
    await shop.product("100", "Milk for most")
    await shop.run("1040", groups=("S0001",))
    register = Database(shop.folder, database.root_key)
    register.follow(await shop.packages("S0001"))
    member = Database(shop.folder, database.root_key)
    member.follow(await shop.packages("pilot"))

    await shop.put(
        "channel-database",
        "S0001-R01",
        ChannelDatabase(data_group="pilot", store="S0001", register="S0001-R01"),
    )
    await shop.runner.settle_databases()

    moved = await shop.packages("pilot")
    newest = max(entry.package_seq for entry in moved)
    assert newest > register.seq
    before = member.fetched
    assert [entry.kind for entry in member.follow(moved)] == ["delta"]
    assert [entry.kind for entry in register.follow(moved)] == ["full"]
    assert register.rows == member.rows
    offered = {one.package_seq for one in await shop.sessions(database="S0001-R01", status="Available")}
    assert offered == {newest}
    assert member.fetched - before < 2_500
    known = await shop.read(lambda db: dict(db.execute("select * from known_database")))
    assert known["S0001-R01"] == "pilot"


async def test_removed_database_has_its_open_sessions_canceled(shop):
    await shop.run("1040")
    await shop.remove("channel-database", "S0001-R01")
    await shop.runner.settle_databases()
    [session] = await shop.sessions(database="S0001-R01")
    assert (session.status, session.message) == ("Canceled", "The channel database was removed.")
    assert not any(entry.canceled for entry in await shop.packages())


@pytest.mark.parametrize("name", ["1010", "customer"])
async def test_excluded_table_is_emptied_in_offline_databases_and_filled_again(shop, database, name):
    from store.headquarters.nouns.customers import Customer

    register = Database(shop.folder, database.root_key, offline=True)
    await shop.put("customer", "C1", Customer(name="Maria"))
    await shop.run("9999")
    for one in (database, register):
        one.follow(await shop.packages())
        assert set(one.rows["customer"]) == {"C1"}

    await shop.work(packages.exclude, name, True)
    await shop.put("customer", "C2", Customer(name="Otto"))
    [result] = await shop.run("1010")
    assert result.status == "Available"
    for one in (database, register):
        one.follow(await shop.packages())
    assert set(database.rows["customer"]) == {"C1", "C2"}
    assert register.rows["customer"] == {}
    await shop.put("customer", "C3", Customer(name="Ida"))
    await shop.run("1010")
    register.follow(await shop.packages())
    assert register.rows["customer"] == {}

    await shop.work(packages.exclude, name, False)
    [result] = await shop.run("1010")
    assert (result.status, result.rows) == ("Available", 3)
    for one in (database, register):
        one.follow(await shop.packages())
        assert set(one.rows["customer"]) == {"C1", "C2", "C3"}


async def test_lost_group_file_makes_the_next_package_a_full_one_of_all_tables(shop, database):
    await shop.price("100", 99)
    await shop.run("9999")
    database.follow(await shop.packages())
    for path in (shop.hq.packages / "groups").glob("*.db"):
        path.unlink()
    [result] = await shop.run("1040")
    assert result.kind == "full"
    database.follow(await shop.packages())
    assert database.seq == result.package_seq
    assert set(database.rows["item"]) == {"100", "200"}
    assert database.rows["price"] != {}


async def test_damaged_group_file_is_made_anew(shop, database):
    await shop.run("1040")
    [path] = (shop.hq.packages / "groups").glob("*.db")
    path.write_bytes(b"this is no database" * 1000)
    await shop.product("100", "Milk 2 l")
    [result] = await shop.run("1040")
    assert result.kind == "full"
    database.follow(await shop.packages())
    assert database.rows["item"]["100"][1] == "Milk 2 l"


async def test_older_group_file_from_a_backup_is_made_anew(shop, database):
    await shop.run("1040")
    [path] = (shop.hq.packages / "groups").glob("*.db")
    backup = path.read_bytes()
    await shop.product("100", "Milk 2 l")
    await shop.run("1040")
    database.follow(await shop.packages())
    path.write_bytes(backup)
    await shop.product("200", "Rye bread")
    [result] = await shop.run("1040")
    assert result.kind == "full"
    database.follow(await shop.packages())
    assert [row[1] for row in database.rows["item"].values()] == ["Milk 2 l", "Rye bread"]


async def test_two_runs_at_a_time_are_done_one_after_the_other(shop):
    import asyncio

    await shop.product("300")
    first, second = await asyncio.gather(shop.run("1040"), shop.run("1040"))
    assert {first[0].status, second[0].status} == {"Available", "No data"}


async def test_headquarters_comes_back_with_everything_it_had(tmp_path):
    async with open_world(tmp_path / "HQ") as world:
        await world.store()
        await world.product("100")
        await world.run("1040")
    async with open_world(tmp_path / "HQ") as world:
        await world.runner.recover()
        await world.product("100", "Milk")
        [result] = await world.run("1040")
        assert (result.kind, result.package_seq) == ("delta", 2)
        assert await world.read(sessions.started) == []


async def test_run_looks_at_changed_prices_only(shop, monkeypatch):
    """What makes a delta cheap, however many products there are."""
    for number in range(300):
        await shop.price(f"{number}", 100)
    await shop.run("1020")
    looked_at = []
    noun, cells_of = channel_rows.KEYED["price"]
    monkeypatch.setitem(
        channel_rows.KEYED, "price", (noun, lambda row: looked_at.append(row.key) or cells_of(row))
    )
    for number in (7, 70):
        await shop.price(f"{number}", 99)
    [result] = await shop.run("1020")
    assert result.rows == 2
    assert sorted(looked_at) == ["7/0", "70/0"]


async def test_availability_goes_to_its_store_and_goes_with_its_row(shop, database):
    await shop.put("availability", "100/S0001", Availability(quantity="12", as_of_ms=5))
    await shop.put("availability", "100/S0002", Availability(quantity="99", as_of_ms=5))
    await shop.run("1130")
    database.follow(await shop.packages())
    assert database.rows["availability"] == {"100": ("100", "12", 5)}
    await shop.remove("availability", "100/S0001")
    await shop.run("1130")
    database.follow(await shop.packages())
    assert database.rows["availability"] == {}


async def test_rows_that_do_not_add_up_are_never_sent_and_the_next_run_heals(shop, database):
    await shop.run("1040")
    database.follow(await shop.packages())
    [path] = (shop.hq.packages / "groups").glob("*.db")
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("delete from sent_row where key = '200'")
        db.commit()
    [result] = await shop.run("1040", full=True)
    assert result.status == "Create failed"
    assert "run the job again" in result.message
    [result] = await shop.run("1040")
    assert result.kind == "full"
    database.follow(await shop.packages())
    assert set(database.rows["item"]) == {"100", "200"}


async def test_large_table_is_loaded_in_batches(shop, database, monkeypatch):
    monkeypatch.setattr("store.headquarters.scheduler.group_file.BATCH_ROWS", 7)
    for number in range(30):
        await shop.product(f"x{number}")
    [result] = await shop.run("1040")
    assert result.rows == 32
    database.follow(await shop.packages())


async def test_every_small_table_travels(shop, database):
    await shop.put("role", "cashier", Role(name="Cashier", permissions=("sell", "refund")))
    await shop.put("tender", "cash", Tender(name="Cash", kind="cash", position=1))
    await shop.put("tender", "voucher", Tender(name="Voucher", kind="card", blocked=True))
    usd = Tender(name="Dollars", kind="foreign", position=2, currency="USD", rate="0.9217", refund=("cash",))
    await shop.put("tender", "usd", usd)
    await shop.put("offline-profile", "OP1", OfflineProfileRow(offline_timeout_s=2.0, description="for WAN"))
    await shop.put("hardware-profile", "HP1", HardwareProfile(description="till"))
    await shop.put("setting", "receipt_footer", Setting(value="Thank you."))
    await shop.put("setting", "receipt_footer/S0001", Setting(value="Thank you, first store."))
    await shop.put("setting", "receipt_footer/S0002", Setting(value="never here"))
    await shop.put("key", "f6", LayoutKey(operation=917))
    await shop.put("key", "f7/S0001-R01/sale", LayoutKey(operation=503, caption="Hold", position=2))
    await shop.put("key", "f7/S0002-R01", LayoutKey(operation=504))
    await shop.put("parameter", "example", Parameter(value="1"))
    await shop.store(offline_profile="OP1")
    await shop.put(
        "register", "S0001-R01", Register(store="S0001", hardware_profile="HP1", support_offline=True)
    )
    await shop.put("register", "S0002-R01", Register(store="S0002"))
    await shop.run("9999")
    database.follow(await shop.packages())
    rows = database.rows
    assert rows["role"] == {"cashier": ("cashier", "Cashier", "sell refund")}
    assert set(rows["tender"]) == {"cash", "usd"}
    assert rows["tender"]["cash"] == ("cash", "Cash", "cash", 1, "{}")
    *row, detail = rows["tender"]["usd"]
    assert (row, json.loads(detail)) == (
        ["usd", "Dollars", "foreign", 2],
        {"currency": "USD", "rate": "0.9217", "refund": ["cash"]},
    )
    assert tender_type(*row, json.loads(detail)).rate == "0.9217"
    assert json.loads(rows["offline_profile"]["OP1"][1])["offline_timeout_s"] == 2.0
    assert "description" not in rows["offline_profile"]["OP1"][1]
    assert rows["setting"]["receipt_footer"][1] == "Thank you, first store."
    assert set(rows["register"]) == {"S0001-R01"}
    assert rows["register"]["S0001-R01"][2:4] == (1, "OP1")
    assert "devices" in json.loads(rows["register"]["S0001-R01"][4])
    assert rows["layout_key"] == {
        "f6": ("f6", "", "", "f6", 917, "", 0),
        "f7/S0001-R01/sale": ("f7/S0001-R01/sale", "S0001-R01", "sale", "f7", 503, "Hold", 2),
    }
    assert rows["parameter"] == {"example": ("example", "1")}


async def test_row_that_comes_from_another_source_and_says_the_same_is_no_change(tmp_path):
    from store.headquarters.scheduler.group_file import SentLine, open_group

    with open_group(tmp_path, "odd/name", 0) as file:
        file.load("barcode", [SentLine("1", b'["1","a"]', "a")])
        file.replace_source("barcode", "b", [SentLine("1", b'["1","a"]', "b")])
        assert not file.is_changed("barcode")
        file.replace_source("barcode", "a", [])
        assert [key for key, _ in file.lines("barcode")] == ["1"]
    assert [path.name for path in (tmp_path / "groups").glob("*.db")] == ["odd%2Fname.db"]


def test_table_that_no_package_carries_is_a_mistake():
    from store.headquarters.scheduler.group_file import check_tables

    with pytest.raises(KeyError, match="magic"):
        check_tables(["item", "magic"])


async def test_packages_go_on_when_the_clock_of_headquarters_is_put_back(shop):
    """Registers refuse a list of keys that is older than one they had, so it must not follow the clock."""
    folder, ratchet = ChunkFolder(shop.hq.packages), Ratchet()
    for price, off_s in ((1, 3600), (2, -7200), (3, 10)):
        shop.clock.pass_s(off_s)
        await shop.product("100", "Milk", price=price)
        [result] = await shop.run("1040")
        last = read_header(folder.header(result.package_seq, result.kind))
        ratchet.check(last, again=False)
        ratchet = ratchet.raised(last)
    assert await shop.runner.give_full("S0001")
    ratchet.check(read_header(folder.header(result.package_seq, "full")), again=True)

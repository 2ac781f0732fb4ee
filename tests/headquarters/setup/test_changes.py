"""A change of the set-up with what follows from it, and what refuses it."""

import pytest

from hq_office import NOW_MS, open_office
from store.headquarters.errors import NotThere, Refused, WrongInput
from store.headquarters.nouns.chain import ChannelDatabase, DataGroup, Register
from store.headquarters.nouns.people import StaffPin
from store.headquarters.setup.rules import chain_currency, data_group_of, pepper_store
from store.headquarters.setup_rows import current_number, find_key, list_rows, put

DAY_MS = 86_400_000


@pytest.fixture
async def office(tmp_path):
    async with open_office(tmp_path) as office:
        yield office


@pytest.fixture
async def chain(office):
    """A store with a register."""
    await office.set("store", "S0001", name="First store")
    await office.set("register", "S0001-R01", store="S0001", support_offline="yes")
    return office


async def test_a_new_store_has_a_data_group_and_a_channel_database_of_its_own(office):
    done = await office.set("store", "S0001", name="First store")
    assert done.outcome == "created" and done.jobs == ("1070",)
    assert set(done.nouns) == {"store", "data-group", "channel-database"}
    assert done.sentence == "Store S0001 is created. Run job 1070 to send it."
    assert await office.row("data-group", "S0001") == DataGroup(store="S0001", name="First store")
    assert await office.row("channel-database", "S0001") == ChannelDatabase(data_group="S0001", store="S0001")


async def test_setting_the_same_again_changes_nothing_and_asks_for_no_job(chain):
    before = await chain.ask(current_number)
    again = await chain.set("store", "S0001", name="First store")
    assert (again.outcome, again.jobs, again.nouns) == ("unchanged", (), ())
    done = await chain.set("store", "S0001", address="1 Market Square\\n10178 Berlin")
    assert done.outcome == "changed" and done.fields["name"] == "First store"
    assert (await chain.row("store", "S0001")).address == "1 Market Square\n10178 Berlin"
    assert await chain.ask(current_number) > before


async def test_support_offline_makes_the_registers_channel_database_and_takes_it_away(chain):
    kept = await chain.row("channel-database", "S0001-R01")
    assert kept == ChannelDatabase(data_group="S0001", store="S0001", register="S0001-R01")
    assert await chain.ask(data_group_of, "S0001-R01") == "S0001"
    done = await chain.set("register", "S0001-R01", support_offline="no")
    assert "stops selling when the server is gone" in done.sentence
    assert await chain.row("channel-database", "S0001-R01") is None
    assert await chain.ask(data_group_of, "S0001-R01") == "S0001"
    await chain.set("register", "S0001-R01", support_offline="yes")
    assert await chain.row("channel-database", "S0001-R01") is not None


async def test_a_database_moves_to_another_group_of_its_store_and_nowhere_else(chain):
    await chain.set("data-group", "S0001-pilot", store="S0001")
    await chain.set("store", "S0002")
    done = await chain.set("channel-database", "S0001-R01", data_group="S0001-pilot")
    assert "9999" in done.jobs
    assert await chain.ask(data_group_of, "S0001-R01") == "S0001-pilot"
    with pytest.raises(Refused, match="does not belong to store S0001"):
        await chain.set("channel-database", "S0001-R01", data_group="S0002")
    with pytest.raises(Refused, match="Only the data group"):
        await chain.set("channel-database", "S0001-R01", store="S0002")
    with pytest.raises(NotThere, match="comes with its store"):
        await chain.set("channel-database", "S0001-R09", data_group="S0001", store="S0001")
    with pytest.raises(Refused, match="is still named by channel database S0001-R01"):
        await chain.remove("data-group", "S0001-pilot")
    with pytest.raises(Refused, match="goes with it"):
        await chain.remove("data-group", "S0001")
    with pytest.raises(Refused, match="make another group"):
        await chain.set("data-group", "S0001-pilot", store="S0002")


async def test_a_store_goes_only_when_nothing_stands_in_it_and_takes_its_own_things_along(chain):
    await chain.set("setting", {"setting": "receipt_footer", "store": "S0001"}, value="Bye")
    await chain.set("staff", "101", name="Ann", role="cashier", pin="101101")
    with pytest.raises(Refused, match="still has register S0001-R01"):
        await chain.remove("store", "S0001")
    await chain.remove("register", "S0001-R01")
    assert await chain.row("channel-database", "S0001-R01") is None
    await chain.set("data-group", "S0001-pilot", store="S0001")
    with pytest.raises(Refused, match="still has data group S0001-pilot"):
        await chain.remove("store", "S0001")
    await chain.remove("data-group", "S0001-pilot")
    done = await chain.remove("store", "S0001")
    assert done.outcome == "removed"
    for noun in ("store", "data-group", "channel-database", "setting", "staff-pin"):
        assert [row.key for row in await chain.ask(lambda db, noun=noun: list(list_rows(db, noun)))] == []
    with pytest.raises(NotThere, match="There is no store S0001"):
        await chain.remove("store", "S0001")


async def test_a_register_is_called_after_its_store_and_stays_there(chain):
    await chain.set("store", "S0002")
    with pytest.raises(WrongInput, match=r"has to be called S0002-\.\.\."):
        await chain.set("register", "S0001-R02", store="S0002")
    with pytest.raises(WrongInput, match="has to be called"):
        await chain.set("register", "S0002", store="S0002")
    with pytest.raises(WrongInput, match="needs --store"):
        await chain.set("register", "S0001-R02", name="Second")
    with pytest.raises(NotThere, match="There is no store 'S9'; set it first, or mend store"):
        await chain.set("register", "S9-R01", store="S9")
    with pytest.raises(WrongInput, match="has to be called"):
        await chain.set("register", "S0001-R01", store="S0002")
    assert (await chain.row("register", "S0001-R01")) == Register(store="S0001", support_offline=True)


async def test_the_chain_counts_in_one_currency(office):
    assert await office.ask(chain_currency) == "EUR"
    await office.set("store", "S0001", currency="SEK")
    assert await office.ask(chain_currency) == "SEK"
    with pytest.raises(Refused, match="counts in SEK"):
        await office.set("store", "S0002", currency="EUR")
    await office.set("product", "1", name="Milk", price="1.09")
    await office.set("store", "S0001", currency="NOK")
    with pytest.raises(Refused, match="other decimals than JPY"):
        await office.set("store", "S0001", currency="JPY")


async def test_a_barcode_belongs_to_one_product_and_finds_it(office):
    await office.set("product", "100", name="Milk", barcodes=["4006381333931"], plu="4011")
    assert (await office.row("product", "100")).barcodes == ("04006381333931",)
    assert await office.ask(find_key, "product", "gtin:04006381333931") == "100"
    with pytest.raises(Refused, match="barcode 04006381333931 belongs to product 100 already"):
        await office.set("product", "101", name="Other", barcodes=["4006381333931"])
    with pytest.raises(Refused, match="PLU 4011 belongs to product 100"):
        await office.set("product", "101", name="Other", plu="4011")
    with pytest.raises(WrongInput, match="is no barcode"):
        await office.set("product", "101", name="Other", barcodes=["4006381333932"])
    with pytest.raises(WrongInput, match="price is out of range"):
        await office.set("product", "100", price=-5)
    done = await office.set("product", "4006381333931", price="1.09")
    assert done.key == "100" and done.outcome == "changed"
    await office.remove("product", "100")
    assert (await office.set("product", "4006381333931", name="Fineliner")).outcome == "created"
    assert (await office.row("product", "4006381333931")).barcodes == ("04006381333931",)


async def test_a_price_is_set_by_product_code_or_barcode_and_goes_with_the_product(office):
    await office.set("product", "100", name="Milk", barcodes=["4006381333931"])
    done = await office.set("price", "4006381333931", amount="1.29")
    assert done.key == "100/0" and done.fields["amount"] == 129 and done.jobs == ("1020",)
    assert done.sentence == "Price of 100 is created. It is 1.29 EUR. Run job 1020 to send it."
    await office.set(
        "price", {"product": "100", "from": "2026-12-01T00:00+00:00"}, amount="1.19", until="1796169600000"
    )
    rows = await office.ask(lambda db: [row.key for row in list_rows(db, "price")])
    assert rows == ["100/0", "100/1796083200000"]
    with pytest.raises(NotThere, match="There is no product '200'"):
        await office.set("price", "200", amount="1")
    with pytest.raises(WrongInput, match="ends before it begins"):
        await office.set("price", {"product": "100", "from": "2026-12-01"}, amount="1", until="2026-11-01")
    with pytest.raises(WrongInput, match="needs amount"):
        await office.set("price", {"product": "100", "from": "2027-12-01"})
    done = await office.remove("product", "100")
    assert done.jobs == ("1020", "1040")
    assert await office.ask(lambda db: [row.key for row in list_rows(db, "price")]) == []


async def test_an_operator_is_told_when_another_price_holds(office):
    await office.set("product", "100", name="Milk", price="1.00")
    await office.set(
        "price", {"product": "100", "from": str(NOW_MS - DAY_MS)}, amount="1.19", until=NOW_MS + DAY_MS
    )
    assert "holds before it until" in (await office.set("price", "100", amount="1.29")).sentence
    assert (
        "A price set by `price set` holds before it."
        in (await office.set("product", "100", price="1.05")).sentence
    )
    office.now_ms += 10 * DAY_MS
    assert "holds before" not in (await office.set("price", "100", amount="1.39")).sentence
    assert "holds before" in (await office.set("product", "100", price="1.15")).sentence
    await office.remove("price", "100")
    assert "holds before" not in (await office.set("product", "100", price="1.25")).sentence


async def test_what_is_named_cannot_be_removed(office):
    await office.set("tax", "S", rate="19")
    await office.set("department", "D1", name="Dairy", tax="S")
    for code in range(5):
        await office.set("product", f"10{code}", name="Milk", tax="S")
    with pytest.raises(Refused, match="is still named by department D1"):
        await office.remove("tax", "S")
    await office.set("department", "D1", tax="")
    with pytest.raises(Refused, match=r"named by product 100, 101, 102, \.\.\.; change or remove"):
        await office.remove("tax", "S")
    with pytest.raises(NotThere, match="There is no tax 'Q'"):
        await office.set("product", "100", tax="Q")


async def test_keys_settings_roles_and_tenders_are_held_to_what_registers_understand(chain):
    await chain.set("key", "F6", operation="917")
    assert (await chain.row("key", "f6")).operation == 917
    await chain.set(
        "key", {"key": "f7", "register": "S0001-R01", "place": "SALE"}, operation="105", caption="Amount"
    )
    assert await chain.row("key", "f7/S0001-R01/sale") is not None
    with pytest.raises(WrongInput, match="keeps its meaning"):
        await chain.set("key", "f1", operation="917")
    with pytest.raises(NotThere, match="There is no register"):
        await chain.set("key", {"key": "f7", "register": "S0001-R09"}, operation="105")
    with pytest.raises(WrongInput, match="There is no setting 'receipt_colour'"):
        await chain.set("setting", "receipt_colour", value="red")
    with pytest.raises(WrongInput, match="receipt_width = 10 must lie"):
        await chain.set("setting", "receipt_width", value="10")
    with pytest.raises(WrongInput, match="'fly' is no permission"):
        await chain.set("role", "trainee", permissions=["fly"])
    await chain.set("role", "trainee", permissions=["sell", "sell"])
    assert (await chain.row("role", "trainee")).permissions == ("sell",)
    with pytest.raises(WrongInput, match="small letters"):
        await chain.set("tender", "CASH", name="Cash", kind="cash")
    with pytest.raises(WrongInput, match="kind 'gold' does not fit"):
        await chain.set("tender", "gold", name="Gold", kind="gold")
    with pytest.raises(WrongInput, match="have a currency and a rate"):
        await chain.set("tender", "usd", name="Dollars", kind="foreign")
    with pytest.raises(WrongInput, match="is no rate"):
        await chain.set("tender", "usd", name="Dollars", kind="foreign", currency="USD", rate="nine")
    await chain.set(
        "tender", "usd", name="Dollars", kind="foreign", currency="USD", rate="0.9217", max_amount="200.00"
    )
    dollars = await chain.row("tender", "usd")
    assert (dollars.rate, dollars.max_amount, dollars.opens_drawer) == ("0.9217", 20_000, None)
    with pytest.raises(WrongInput, match="is no rate"):
        await chain.set("tax", "S", rate="nineteen")
    await chain.remove("register", "S0001-R01")
    assert await chain.row("key", "f7/S0001-R01/sale") is None and await chain.row("key", "f6") is not None


async def test_keys_of_rows_are_checked_part_by_part(chain):
    with pytest.raises(WrongInput, match="The store is missing"):
        await chain.set("store", {})
    with pytest.raises(WrongInput, match="has no part 'colour'"):
        await chain.set("store", {"store": "S1", "colour": "red"})
    with pytest.raises(WrongInput, match="cannot be used"):
        await chain.set("store", "S 1")


async def test_a_taken_name_keeps_a_register_from_having_a_database_of_it(office):
    await office.set("store", "S1")
    taken = ChannelDatabase(data_group="S1", store="S1")
    await office.hq.channel.work(lambda db: put(db, "channel-database", "S1-R1", taken, now_ms=NOW_MS))
    with pytest.raises(Refused, match="that of another channel database"):
        await office.set("register", "S1-R1", store="S1", support_offline="yes")


async def test_a_pin_is_kept_as_a_hash_for_each_store_and_setting_it_again_changes_nothing(office):
    await office.set("store", "S0001")
    await office.set("store", "S0002")
    done = await office.set("staff", "101", name="Ann", role="cashier", pin="101101")
    assert done.sentence == "Staff 101 is created. Run job 1060 to send it."
    first = await office.row("staff-pin", "101/S0001", StaffPin)
    second = await office.row("staff-pin", "101/S0002", StaffPin)
    assert first.hash.startswith("$argon2id$") and first.hash != second.hash
    again = await office.set("staff", "101", name="Ann", role="cashier", pin="101101")
    assert again.outcome == "unchanged"
    other = await office.set("staff", "101", pin="202202")
    assert other.outcome == "changed"
    assert await office.row("staff-pin", "101/S0001", StaffPin) != first


async def test_the_place_of_work_decides_where_a_pin_holds(office):
    await office.set("store", "S0001")
    await office.set("store", "S0002")
    done = await office.set("staff", "102", name="Bo", role="manager", store="S0002")
    assert "There is no PIN yet: outpost hq staff set 102 --pin" in done.sentence
    await office.set("staff", "102", pin="102102")
    assert await office.row("staff-pin", "102/S0001", StaffPin) is None
    done = await office.set("staff", "102", store="")
    assert "There is no PIN in S0001 yet" in done.sentence
    await office.set("staff", "102", pin="102102")
    await office.set("staff", "102", store="S0001")
    assert await office.row("staff-pin", "102/S0002", StaffPin) is None
    await office.remove("staff", "102")
    assert await office.row("staff-pin", "102/S0001", StaffPin) is None


async def test_a_later_store_says_whose_pins_it_lacks_unless_it_shares_a_secret(office):
    with pytest.raises(Refused, match="there is none yet"):
        await office.set("staff", "101", name="Ann", role="cashier", pin="101101")
    await office.set("store", "S0001")
    await office.set("staff", "101", name="Ann", role="cashier", pin="101101")
    done = await office.set("store", "S0002")
    assert "(101) have no PIN in S0002 yet" in done.sentence
    done = await office.set("store", "S0003", pepper_of="S0001")
    assert "no PIN" not in done.sentence
    assert await office.ask(pepper_store, "S0003") == "S0001"
    shared = await office.row("staff-pin", "101/S0003", StaffPin)
    assert shared == await office.row("staff-pin", "101/S0001", StaffPin)
    with pytest.raises(Refused, match="new store only"):
        await office.set("store", "S0002", pepper_of="S0001")
    with pytest.raises(Refused, match="PIN secret of its own"):
        await office.set("store", "S0004", pepper_of="S0003")
    await office.set("staff", "101", pin="303303")
    assert await office.row("staff-pin", "101/S0003", StaffPin) == await office.row(
        "staff-pin", "101/S0001", StaffPin
    )
    with pytest.raises(Refused, match="named by store S0003"):
        await office.remove("store", "S0001")


async def test_no_pin_and_no_pepper_stands_in_the_database(office, tmp_path):
    await office.set("store", "S0001")
    await office.set("staff", "101", name="Ann", role="cashier", pin="918273")
    pepper = office.hq.secrets.pepper("S0001")
    held = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"918273" not in held and pepper not in held and pepper.hex().encode() not in held
    assert office.hq.secrets.pepper("S0002") != pepper and len(pepper) == 32


async def test_secrets_stay_the_same_when_headquarters_starts_again(tmp_path):
    async with open_office(tmp_path) as office:
        kept = (office.hq.secrets.root_public, office.hq.secrets.pepper("S0001"))
        assert office.hq.secrets.insecure
    async with open_office(tmp_path) as office:
        assert (office.hq.secrets.root_public, office.hq.secrets.pepper("S0001")) == kept

"""Discounts and taxes of several as headquarters takes them in, and as they travel."""

import json

import pytest

from hq_office import open_office
from hq_scheduler import Database, open_world
from store.headquarters.errors import NotThere, Refused, WrongInput
from store.headquarters.nouns.discounts import Discount
from store.headquarters.nouns.goods import Department, Product, Tax
from store.sale.offer_book import OfferBook


@pytest.fixture
async def office(tmp_path):
    async with open_office(tmp_path) as office:
        await office.set("store", "S0001", name="First store")
        await office.set("tax", "S", rate="19")
        await office.set("department", "D3", name="Drinks", tax="S")
        await office.set("product", "100", name="Cola", price="1.35", tax="S", department="D3")
        yield office


async def test_a_discount_is_set_with_its_days_and_hours_and_sent_by_job_1020(office):
    done = await office.set(
        "discount",
        "HAPPY",
        name="Happy hour",
        percent="20,0",
        departments=("D3",),
        hours="16:00-18:00",
        weekdays=("mon", "tue"),
        from_day="2026-12-01",
        until_day="2026-12-24",
        priority="5",
    )
    assert (done.outcome, done.jobs) == ("created", ("1020",))
    row = await office.row("discount", "HAPPY")
    assert (row.percent, row.weekdays, row.hours, row.priority) == ("20", ("mon", "tue"), "16:00-18:00", 5)
    again = await office.set("discount", "HAPPY", percent="20")
    assert again.outcome == "unchanged"


async def test_amounts_are_typed_in_main_units(office):
    await office.set("discount", "OFF", amount="0.50", products=("100",))
    assert (await office.row("discount", "OFF")).amount == 50
    await office.set("discount", "NOW", new_price="0.99", products=("100",))
    assert (await office.row("discount", "NOW")).new_price == 99


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"percent": "20"}, "on nothing"),
        ({"percent": "20", "amount": "1", "products": ("100",)}, "one of"),
        ({"products": ("100",)}, "one of"),
        ({"percent": "120", "products": ("100",)}, "no percentage"),
        ({"percent": "20", "products": ("100",), "hours": "4pm"}, "hours"),
        ({"percent": "20", "products": ("100",), "weekdays": ("monday",)}, "weekday"),
        ({"percent": "20", "products": ("100",), "from_day": "2026-02-30"}, "from-day|day"),
    ],
)
async def test_a_discount_that_cannot_be_is_refused_with_the_reason(office, fields, says):
    with pytest.raises(WrongInput, match=says):
        await office.set("discount", "D", **fields)


async def test_goods_of_a_discount_must_exist_and_stay_while_it_names_them(office):
    with pytest.raises(NotThere, match="product '999'"):
        await office.set("discount", "D", percent="5", products=("999",))
    await office.set("department", "D4", name="Ice cream")
    await office.set("discount", "D", percent="5", products=("100",), departments=("D4",))
    for noun, key in (("product", "100"), ("department", "D4")):
        with pytest.raises(Refused, match="discount D"):
            await office.remove(noun, key)


async def test_a_tax_is_a_group_an_amount_per_unit_or_an_exemption(office):
    await office.set("tax", "SU", fixed="0.25")
    assert (await office.row("tax", "SU")).fixed == 25
    await office.set("tax", "SV", members=("SU", "S"))
    await office.set("tax", "X", exempt="yes", replaces=("*",))
    with pytest.raises(NotThere, match="tax 'ZZ'"):
        await office.set("tax", "N", members=("ZZ",))
    with pytest.raises(Refused, match="tax SV"):
        await office.remove("tax", "SU")
    for fields, says in (
        ({"fixed": "0.10", "rate": "5"}, "no rate"),
        ({"members": ("S",), "fixed": "0.10"}, "not both"),
        ({"exempt": "yes"}, "takes the place"),
        ({"members": ("S",), "replaces": ("*",)}, "nor take"),
    ):
        with pytest.raises(WrongInput, match=says):
            await office.set("tax", "N", **fields)


async def test_discounts_travel_with_job_1020_to_the_stores_they_hold_in(tmp_path):
    async with open_world(tmp_path / "HQ") as shop:
        await shop.store()
        await shop.register()
        database = Database(shop.folder, shop.hq.secrets.root_public)
        await shop.put("department", "D3", Department(name="Drinks"))
        await shop.put("product", "100", Product(name="Cola", price=135))
        await shop.put("tax", "SV", Tax(members=("SU",)))
        await shop.put("discount", "HERE", Discount(name="Here", percent="5", products=("100",)))
        await shop.put("discount", "AWAY", Discount(percent="9", products=("100",), stores=("S0002",)))
        await shop.put("discount", "OFF", Discount(percent="9", products=("100",), blocked=True))
        await shop.run("1020")
        database.follow(await shop.packages())
        assert set(database.rows["discount"]) == {"HERE"}
        code, name, detail = database.rows["discount"]["HERE"]
        assert json.loads(detail) == {"percent": "5", "products": ["100"]}
        assert [offer.name for offer in OfferBook([(code, name, detail)]).of("100", "")] == ["Here"]
        await shop.put("discount", "HERE", Discount(name="Here", percent="6", products=("100",)))
        await shop.run("1020")
        database.follow(await shop.packages())
        assert json.loads(database.rows["discount"]["HERE"][2])["percent"] == "6"

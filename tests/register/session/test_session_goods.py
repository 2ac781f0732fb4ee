"""Goods with conditions at the till: age, deposits, empties, units, serial numbers, info codes; offline as online."""

import pytest

import session_fakes
from session_fakes import BREAD, DONE, MILK, REFUSED, SOLD, running
from store.gateway.states import Mode as Answers
from store.register.view import Entry, Mode
from store.sale.detail import ItemDetail
from store.sale.info import InfoCode, InfoPrompt
from store.sale.item import Item

BRANDY, CIGARS, BEER, WATER, CRATE, GUNPOWDER = (
    "4006381333948", "4006381333955", "4006381333962", "4006381333979", "4006381333986", "4006381333993",
)  # fmt: skip
PHONE, PAPER, CABLE, PARCEL = "5001", "5002", "5003", "5004"
DEPOSIT = Item(sku="900", name="Deposit 0.25", price=25, tax="A", detail=ItemDetail(empties=True))
GOODS = {
    BRANDY: Item(sku="601", name="Brandy", price=1499, tax="A", detail=ItemDetail(min_age=18)),
    CIGARS: Item(sku="602", name="Cigars", price=899, tax="A", detail=ItemDetail(min_age=21)),
    BEER: Item(sku="603", name="Beer", price=99, tax="A", detail=ItemDetail(min_age=16, deposit="900")),
    WATER: Item(sku="604", name="Water", price=59, tax="A", detail=ItemDetail(deposit="900")),
    CRATE: Item(sku="605", name="Odd", price=59, tax="A", detail=ItemDetail(deposit="none")),
    "900": DEPOSIT,
    PHONE: Item(sku=PHONE, name="Phone", price=9900, tax="A", detail=ItemDetail(serial="required")),
    PAPER: Item(
        sku=PAPER,
        name="Paper",
        price=450,
        tax="A",
        detail=ItemDetail(further_units=("box=5:20.00", "pallet=100"), description="80 g\nwhite"),
    ),
    CABLE: Item(sku=CABLE, name="Cable", price=150, tax="A", unit="m", detail=ItemDetail(decimals=1)),
    PARCEL: Item(sku=PARCEL, name="Parcel", price=500, tax="A", detail=ItemDetail(info_codes=("FROM", "N"))),
}
FROM = InfoPrompt(code="FROM", name="Sender", detail=InfoCode(kind="list", choices=("Shop", "Web")))
NUMBER = InfoPrompt(code="N", name="Parcel number", detail=InfoCode(kind="number", required=False))


@pytest.fixture(autouse=True)
def goods(monkeypatch):
    for code, item in GOODS.items():
        monkeypatch.setitem(session_fakes.ITEMS, code, item)


@pytest.fixture(params=[Answers.ONLINE, Answers.OFFLINE_AUTO])
async def till(tmp_path, request):
    async with running(tmp_path) as running_till:
        running_till.world.connection.mode = request.param
        running_till.world.shop.info_prompts = {"FROM": FROM, "N": NUMBER}
        yield await running_till.ready()


async def paid(till):
    await till.operation(206)
    return (await till.records())[-1]


def lines(till):
    return [(line.name, line.quantity, line.amount) for line in till.view.lines if not line.voided]


# ---- age


async def test_age_is_asked_by_the_business_date_and_no_scan_answers(till):
    await till.scan(BRANDY)
    question = till.view.question
    assert (question.title, question.lines) == ("Age 18", ("Brandy", "Born on 2008-11-24 or earlier?"))
    assert question.guarded and till.view.mode is Mode.IDLE
    assert (await till.scan(MILK)).outcome is REFUSED
    assert (await till.enter("1")).outcome is REFUSED
    await till.answer("yes")
    assert lines(till) == [("Brandy", "1", 1499)]
    record = await paid(till)
    assert record["age_check"] == {"age": 18, "born_by": "2008-11-24", "sku": "601"}


async def test_age_is_asked_once_a_sale_for_the_highest(till):
    await till.scan(BRANDY)
    await till.answer("yes")
    await till.scan(BEER)
    await till.scan(BRANDY)
    assert till.view.question is None and len(lines(till)) == 4
    await till.scan(CIGARS)
    assert till.view.question.title == "Age 21"
    await till.answer("yes")
    assert (await paid(till))["age_check"]["age"] == 21
    await till.scan(BEER)
    assert till.view.question.title == "Age 16", "another sale, another buyer"


async def test_goods_refused_for_age_are_not_sold_and_that_is_recorded(till):
    await till.scan(MILK)
    await till.scan(BRANDY)
    assert (await till.answer("no")).outcome is DONE
    assert lines(till) == [("Whole milk 1 l", "1", 109)]
    refused = (await till.records())[-1]
    assert (refused["kind"], refused["sku"], refused["age"]) == ("age.refused", "601", 18)
    assert "age_check" not in await paid(till)


async def test_age_asked_before_a_kill_is_asked_after_it(till):
    await till.scan(BRANDY)
    till = await till.restarted()
    assert till.view.question.title == "Age 18"
    await till.answer("yes")
    assert lines(till) == [("Brandy", "1", 1499)]


# ---- deposits and empties


async def test_deposit_comes_changes_and_goes_with_its_goods(till):
    await till.scan(WATER)
    assert lines(till) == [("Water", "1", 59), ("Deposit 0.25", "1", 25)]
    assert till.view.selected == 1
    await till.enter("6*")
    assert lines(till) == [("Water", "6", 354), ("Deposit 0.25", "6", 150)]
    await till.send(session_fakes.IntentKind.SELECT, "2")
    assert (await till.operation(102)).outcome is REFUSED
    assert (await till.operation(105, "3")).outcome is REFUSED
    assert (await till.operation(301, "10")).outcome is REFUSED
    await till.send(session_fakes.IntentKind.SELECT, "1")
    await till.operation(102)
    assert lines(till) == []


async def test_deposit_bears_no_discount_and_is_recorded_with_its_line(till):
    await till.enter(f"2*{WATER}")
    await till.operation(303, "10")
    record = await paid(till)
    goods, deposit = record["lines"]
    assert (record["discount"], record["total"]) == (12, 118 - 12 + 50)
    assert (goods["discount_share"], "discount_share" in deposit) == (12, False)
    assert (deposit["parent"], deposit["no_discount"]) == (1, 1)


async def test_deposit_that_is_not_on_file_stops_the_line_with_its_cure(till):
    assert (await till.scan(CRATE)).outcome is REFUSED
    assert "its deposit none is not on file" in till.view.message.text
    assert till.view.mode is Mode.IDLE


async def test_empties_are_scanned_one_after_the_other_and_lower_the_sale(till):
    await till.scan(BREAD)
    assert (await till.operation(9150)).outcome is DONE
    assert (await till.scan(WATER)).outcome is SOLD
    await till.enter("5*900")
    assert (await till.scan(MILK)).outcome is REFUSED
    assert "no deposit to give back" in till.view.message.text
    assert till.view.question.title == "Return of empties"
    await till.back()
    assert lines(till)[1:] == [("Deposit 0.25", "-1", -25), ("Deposit 0.25", "-5", -125)]
    await till.operation(105, "4")
    assert lines(till)[2] == ("Deposit 0.25", "-4", -100)
    record = await paid(till)
    assert record["total"] == 349 - 125
    assert [line.get("empties") for line in record["lines"]] == [None, 1, 1]


async def test_empties_alone_are_paid_out(till):
    await till.operation(9150, f"4*{WATER}")
    assert till.view.totals.total == -100
    record = await paid(till)
    assert (record["total"], sum(row["amount"] for row in record["tenders"])) == (-100, -100)


# ---- units, serial numbers, decimals


async def test_unit_is_chosen_from_the_product_s_and_has_its_price(till):
    await till.scan(PAPER)
    await till.operation(123)
    assert [choice.label for choice in till.view.question.choices] == [
        "pcs   4.50", "box   20.00   = 5 pcs", "pallet   450.00   = 100 pcs",
    ]  # fmt: skip
    assert (await till.enter("9")).outcome is REFUSED and till.view.question is not None
    await till.enter("2")
    assert lines(till) == [("Paper", "1", 2000)]
    await till.operation(123, "pcs")
    assert lines(till) == [("Paper", "1", 450)]
    await till.operation(123, "pallet")
    line = (await paid(till))["lines"][0]
    assert (line["unit"], line["factor"], line["amount"]) == ("pallet", "100", 45000)


async def test_goods_of_one_unit_and_departments_have_no_other(till):
    assert (await till.operation(123)).outcome is REFUSED
    await till.scan(MILK)
    assert (await till.operation(123)).outcome is REFUSED
    assert "sold in pcs only" in till.view.message.text


async def test_required_serial_number_is_asked_for_and_may_be_a_barcode(till):
    await till.scan(PHONE)
    assert till.view.question.title == "Serial number"
    await till.scan("4006381333931")
    assert lines(till) == [("Phone", "1", 9900)]
    assert (await till.operation(105, "2")).outcome is REFUSED
    await till.scan(PHONE)
    assert (await till.enter("4006381333931")).outcome is REFUSED
    assert "on line 1 already" in till.view.message.text
    await till.enter("SN-2")
    assert [line["serial"] for line in (await paid(till))["lines"]] == ["4006381333931", "SN-2"]


async def test_serial_number_is_noted_and_taken_away_by_136(till):
    await till.scan(MILK)
    await till.operation(136, "A1")
    await till.operation(136)
    assert till.view.question.lines[1] == "It is A1; - takes it away."
    await till.enter("-")
    assert "serial" not in (await paid(till))["lines"][0]


async def test_decimals_are_those_of_the_product(till):
    assert (await till.enter(f"2.5*{CABLE}")).outcome is SOLD
    assert (await till.operation(110, "2.55")).outcome is REFUSED
    assert "at most 1 decimal" in till.view.message.text
    await till.operation(110, "3.2")
    assert lines(till) == [("Cable", "3.2", 480)]
    await till.scan(MILK)
    assert (await till.operation(110)).outcome is REFUSED


async def test_product_details_lie_over_the_sale_until_the_next_scan(till):
    assert (await till.operation(922)).outcome is REFUSED
    await till.operation(922, PAPER)
    assert till.view.question.lines[:3] == (
        "Paper", "Number 5002   Price 4.50 per pcs", "Department -   Tax A",
    )  # fmt: skip
    assert till.view.question.lines[-2:] == ("80 g", "white") and till.view.entry is Entry.CODE
    await till.scan(MILK)
    assert till.view.question is None and lines(till) == [("Whole milk 1 l", "1", 109)]
    assert (await till.operation(922, "unknown")).outcome is REFUSED
    await till.operation(922)
    assert till.view.question.lines[0] == "Whole milk 1 l"


# ---- info codes of products


async def test_info_codes_of_a_product_are_asked_and_stand_on_its_line(till):
    await till.scan(PARCEL)
    assert [choice.label for choice in till.view.question.choices] == ["Shop", "Web"]
    assert (await till.enter("3")).outcome is REFUSED
    assert (await till.enter("-")).outcome is REFUSED, "an answer is required"
    await till.enter("2")
    assert till.view.question.title == "Parcel number"
    await till.enter("-")
    assert lines(till) == [("Parcel", "1", 500)]
    assert (await paid(till))["lines"][0]["info"] == [{"code": "FROM", "name": "Sender", "answer": "Web"}]


async def test_esc_leaves_the_goods_unsold(till):
    await till.scan(PARCEL)
    await till.back()
    assert (till.view.question, till.view.mode) == (None, Mode.IDLE)
    assert [name for name in await till.kinds() if name == "sale"] == []


async def test_122_is_the_comment_of_501(till):
    await till.scan(MILK)
    await till.operation(122, "for Mrs Smith")
    assert (await paid(till))["comment"] == "for Mrs Smith"


# ---- info codes of operations


WHY = InfoPrompt(code="WHY", name="Why?", detail=InfoCode(operations=(1000, 104)))
AREA = InfoPrompt(code="AREA", name="Postcode", detail=InfoCode(kind="number", operations=(139,)))
BAG = InfoPrompt(
    code="BAG", name="Own bag?", detail=InfoCode(kind="yes-no", operations=(139,), required=False)
)


async def test_what_an_operation_asks_stands_in_its_record(till):
    till.world.shop.info_prompts = {"WHY": WHY}
    await till.operation(1000)
    assert till.view.question.title == "Why?" and "drawer.open" not in await till.kinds()
    assert (await till.enter("-")).outcome is REFUSED
    await till.enter("change for the kiosk")
    record = (await till.records())[-1]
    assert (record["kind"], record["info"]) == (
        "drawer.open",
        [{"code": "WHY", "name": "Why?", "answer": "change for the kiosk", "operation": 1000}],
    )
    await till.scan(MILK)
    assert "info" not in await paid(till)


async def test_esc_at_what_an_operation_asks_leaves_everything_as_it_was(till):
    till.world.shop.info_prompts = {"WHY": WHY}
    await till.operation(1000)
    await till.back()
    await till.operation(703)
    assert not any("info" in record for record in await till.records())


async def test_paying_asks_once_a_sale_by_whatever_way_it_begins(till):
    till.world.shop.info_prompts = {"AREA": AREA, "BAG": BAG}
    await till.scan(MILK)
    await till.operation(206)
    assert till.view.question.title == "Postcode"
    await till.enter("10115")
    assert [choice.label for choice in till.view.question.choices] == ["yes", "no"]
    await till.enter("1")
    record = (await till.records())[-1]
    assert record["kind"] == "sale"
    assert [(row["code"], row["answer"], row["operation"]) for row in record["info"]] == [
        ("AREA", "10115", 139),
        ("BAG", "yes", 139),
    ]
    await till.scan(MILK)
    await till.operation(139)
    await till.enter("10117")
    await till.enter("-")
    assert till.view.mode is Mode.TENDER
    await till.back()
    await till.operation(139)
    assert till.view.question.title == "Own bag?", "what was left out is asked again, the rest is not"


async def test_answer_to_an_operation_survives_a_kill(till):
    till.world.shop.info_prompts = {"AREA": AREA, "BAG": BAG}
    await till.scan(MILK)
    await till.operation(139)
    await till.enter("10115")
    await till.enter("2")
    till = await till.restarted()
    await till.operation(206)
    assert [row["answer"] for row in (await till.records())[-1]["info"]] == ["10115", "no"]


CARD = InfoPrompt(code="SLIP", name="Slip number", detail=InfoCode(kind="number", tenders=("card",)))
GIFT = InfoPrompt(code="OPT", name="Gift?", detail=InfoCode(kind="yes-no", tenders=("cash",), required=False))


async def test_a_tender_asks_at_each_payment_by_it(till):
    till.world.shop.info_prompts = {"SLIP": CARD, "OPT": GIFT}
    await till.scan(MILK)
    await till.operation(139)
    await till.enter("1.00")
    assert till.view.question.title == "Gift?"
    await till.enter("-")
    assert till.view.totals.due == 9 and till.view.question is None
    await till.enter("0.05")
    await till.enter("1")
    await till.operation(201)
    await till.answer("yes")
    assert till.view.question.title == "Slip number"
    await till.enter("4711")
    record = (await till.records())[-1]
    assert [(row["code"], row["answer"], row["tender"]) for row in record["info"]] == [
        ("OPT", "yes", "cash:2"),
        ("SLIP", "4711", "card:3"),
    ]

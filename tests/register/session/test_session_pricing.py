"""Offers of headquarters (310-312) and taxes put in the place of others (127-130) at the till, offline as online."""

import pytest
from msgspec.structs import replace

import session_fakes
from session_fakes import BREAD, DONE, MILK, REFUSED, running
from store.gateway.states import Mode as Answers
from store.register.session.dispatch import TEXT_LIMIT
from store.register.view import Entry
from store.sale.detail import TaxDetail
from store.sale.item import Item
from store.sale.offer import Offer
from store.sale.policy import TaxRate
from store.sale.settings import policy_from_settings

HAPPY = Offer(code="HAPPY", name="Happy hour", percent="20", begins_min=14 * 60, ends_min=15 * 60)
COLA = "5449000000996"
AWAY = TaxRate(code="T", name="Take away", rate="7", detail=TaxDetail(replaces=("A",)))
EXEMPT = TaxRate(code="X", name="Diplomats", rate="0", detail=TaxDetail(replaces=("*",), exempt=True))


@pytest.fixture(params=[Answers.ONLINE, Answers.OFFLINE_AUTO])
async def till(tmp_path, monkeypatch, request):
    monkeypatch.setitem(session_fakes.ITEMS, BREAD, replace(session_fakes.ITEMS[BREAD], offers=(HAPPY,)))
    cola = Item(sku="1010", name="Cola", price=135, tax="A")
    monkeypatch.setitem(session_fakes.ITEMS, COLA, cola)
    async with running(tmp_path) as running_till:
        running_till.world.shop.store_policy = replace(
            session_fakes.POLICY, taxes=(*session_fakes.POLICY.taxes, AWAY, EXEMPT)
        )
        running_till.world.connection.mode = request.param
        yield await running_till.ready("201")


async def pay(till):
    await till.operation(206)
    return (await till.records())[-1]


def said(till):
    return till.view.message.text


async def test_what_headquarters_offers_now_is_on_the_line_the_receipt_and_in_the_record(till):
    await till.scan(BREAD)
    assert (till.view.totals.discount, till.view.totals.total) == (70, 279)
    await till.operation(9102)
    assert "Happy hour (HAPPY), 20 %: -0.70" in till.view.question.lines
    record = await pay(till)
    assert record["lines"][0]["offers"] == [
        {"code": "HAPPY", "name": "Happy hour", "off": 70, "percent": "20"}
    ]
    assert (record["lines"][0]["discount"], record["total"]) == (70, 279)
    assert "discount_percent" not in record["lines"][0]
    assert any("Happy hour 20 % -0.70" in row for row in till.view.paper)


async def test_after_its_hours_an_offer_is_gone_and_lines_that_have_it_keep_it(till):
    await till.scan(BREAD)
    till.world.clock.move(3600)
    await till.scan(BREAD)
    assert [line.discount for line in till.view.lines] == [70, 0]


async def test_a_price_check_tells_the_price_of_the_hour(till):
    await till.operation(101, BREAD)
    assert said(till) == "Price check: Rye bread 750 g, 3.49 per pcs, now 2.79."


async def test_offers_are_removed_and_put_back(till):
    await till.scan(BREAD)
    assert (await till.operation(312)).outcome is REFUSED
    assert (await till.operation(311)).outcome is DONE
    assert said(till) == "No discounts of headquarters on this sale. TOTAL 3.49"
    await till.scan(BREAD)
    assert till.view.totals.discount == 0
    await till.operation(9102)
    assert (
        "Discounts of headquarters: removed from this sale (312 puts them back)" in till.view.question.lines
    )
    assert (await till.operation(311)).outcome is REFUSED
    assert (await till.operation(310)).outcome is REFUSED
    assert (await till.operation(312)).outcome is DONE
    assert said(till) == "Discounts of headquarters are back: -1.40. TOTAL 5.58"


async def test_delayed_discounts_count_at_the_total_or_when_payment_begins(till):
    till.world.shop.store_policy = replace(till.world.shop.store_policy, discounts_at_total=True)
    await till.scan(BREAD)
    assert till.view.totals.discount == 0
    await till.operation(9102)
    assert "Discounts of headquarters: not counted yet (310)" in till.view.question.lines
    await till.operation(310)
    assert said(till) == "Discounts of headquarters: -0.70. TOTAL 2.79"
    await till.scan(BREAD)
    assert till.view.totals.discount == 70
    assert (await pay(till))["discount"] == 140


async def test_without_a_sale_none_of_the_operations_runs(till):
    for number in (127, 128, 129, 130, 310, 311, 312):
        assert (await till.operation(number)).outcome is REFUSED


async def test_a_tax_is_chosen_by_its_code_for_the_sale(till):
    await till.scan(COLA)
    await till.scan(MILK)
    await till.operation(127)
    assert till.view.question.title == "Override sale tax"
    assert till.view.entry is Entry.CODE
    assert (await till.enter("A")).outcome is REFUSED
    assert till.view.question is not None
    await till.enter("t")
    assert said(till) == "Take away 7 % on the sale. TOTAL 2.44"
    await till.scan(COLA)
    record = await pay(till)
    assert [(line["tax"], line.get("tax_before")) for line in record["lines"]] == [
        ("T", "A"),
        ("B", None),
        ("T", "A"),
    ]
    assert {row["code"] for row in record["taxes"]} == {"T", "B"}


async def test_an_exemption_asks_for_its_certificate_and_takes_the_tax_out(till):
    await till.scan(COLA)
    await till.operation(128)
    assert [choice.label for choice in till.view.question.choices] == ["T Take away 7 %", "X Diplomats 0 %"]
    assert (await till.enter("3")).outcome is REFUSED
    await till.enter("2")
    assert till.view.question.lines == ("Type the number of the certificate and Enter.",)
    assert (await till.enter("")).outcome is REFUSED
    await till.enter("40170725")  # looks like a barcode, and is the number of a paper
    assert said(till) == "Diplomats 0 % on the sale. TOTAL 1.13"
    record = await pay(till)
    assert (record["certificate"], record["tax_relief"], record["total"]) == ("40170725", 22, 113)
    assert any("Certificate of exemption" in row for row in till.view.paper)


async def test_a_scan_is_no_certificate_and_no_tax(till):
    await till.scan(COLA)
    await till.operation(127, "X")
    assert (await till.scan(MILK)).outcome is REFUSED
    assert till.view.question is not None
    await till.back()
    assert till.view.totals.total == 135
    assert (await till.operation(127, MILK)).outcome is REFUSED


async def test_a_line_gets_another_tax_and_its_own_again(till):
    await till.scan(COLA)
    await till.scan(COLA)
    await till.operation(129, "T")
    assert said(till) == "Take away 7 % on Cola. TOTAL 2.70"
    await till.operation(9102)
    assert "Tax Take away in the place of VAT" in till.view.question.lines
    await till.operation(130)
    await till.enter("0")
    assert said(till) == "The goods' own taxes again. TOTAL 2.70"
    assert (await till.operation(129, "-")).outcome is REFUSED
    await till.operation(127, "T")
    assert (await till.operation(127, "-")).outcome is DONE
    assert {line["tax"] for line in (await pay(till))["lines"]} == {"A"}


async def test_a_tax_that_may_not_replace_the_lines_is_refused_with_the_reason(till):
    await till.scan(MILK)
    assert (await till.operation(129, "T")).outcome is REFUSED
    assert said(till) == "Take away cannot take the place of VAT on Whole milk 1 l."


async def test_without_taxes_to_choose_the_operation_says_who_sets_them_up(till):
    till.world.shop.store_policy = session_fakes.POLICY
    await till.scan(COLA)
    assert (await till.operation(128)).outcome is REFUSED
    assert (
        said(till) == "No tax may be chosen here. Headquarters says which may replace which (tax, --replace)."
    )


async def test_a_kill_keeps_offers_and_taxes_as_they_were(till):
    await till.scan(BREAD)
    await till.scan(COLA)
    await till.operation(127, "X")
    await till.enter("D-1")
    await till.operation(311)
    before = till.view.totals
    till = await till.restarted()
    await till.sign_in("201")
    assert till.view.totals == before
    await till.operation(312)
    assert (await pay(till))["certificate"] == "D-1"


async def test_the_same_operation_sent_twice_counts_once(till):
    await till.scan(COLA)
    for _ in range(2):
        await till.operation(129, "T")
    assert (await pay(till))["lines"][0]["tax_before"] == "A"


async def test_a_group_with_an_amount_per_unit_is_shown_tax_by_tax(till):
    sugar = TaxRate(code="SU", name="Sugar tax", rate="0", detail=TaxDetail(fixed=25))
    vat = TaxRate(code="V", name="VAT", rate="20", detail=TaxDetail(compound=True))
    both = TaxRate(code="A", name="Both", rate="0", detail=TaxDetail(members=("SU", "V")))
    till.world.shop.store_policy = replace(
        till.world.shop.store_policy, taxes=policy_from_settings({}, (sugar, vat, both)).taxes
    )
    await till.scan(COLA)
    await till.operation(105, "2")
    await till.operation(9102)
    assert "Sugar tax 0.25 each included: 0.50, rounded on the line" in till.view.question.lines
    assert "VAT 20 % included, on taxes too: 0.45, rounded on the line" in till.view.question.lines
    record = await pay(till)
    assert record["lines"][0]["tax_parts"] == [{"code": "SU", "tax": 50}, {"code": "V", "tax": 45}]
    assert [row for row in till.view.paper if "SU 0.25 each" in row]


@pytest.mark.parametrize("number", [127, 128, 129, 130])
async def test_another_tax_is_the_managers(tmp_path, number):
    async with running(tmp_path) as running_till:
        till = await running_till.ready("101")
        await till.scan(MILK)
        await till.operation(number)
        assert "manager" in said(till)
        await till.back()  # nobody else allows it
        assert till.view.question is None
        assert till.view.totals.total == 109


async def test_long_text_is_cut_where_it_is_kept(till):
    await till.scan(COLA)
    await till.operation(127, "X")
    await till.enter("D" * TEXT_LIMIT)
    assert len((await pay(till))["certificate"]) == 30

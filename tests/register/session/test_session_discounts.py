"""Discounts, prices by hand, comments and why a line costs what it costs: at the till, offline as online."""

import pytest
from msgspec.structs import replace

from session_fakes import BANANAS_LABEL, BREAD, DONE, MILK, REFUSED, SOLD, running
from store.gateway.states import Mode as Answers
from store.register.intents import IntentKind
from store.register.sync.history import SyncMemory
from store.register.view import Entry, Mode
from store.sale.policy import RoundingScope

NUMBERS = (103, 104, 106, 300, 301, 302, 303, 501, 9102)


@pytest.fixture
async def till(tmp_path):
    async with running(tmp_path) as running_till:
        yield await running_till.ready()


@pytest.fixture
async def manager(tmp_path):
    async with running(tmp_path) as running_till:
        yield await running_till.ready("201")


async def pay(till):
    await till.operation(206)
    return (await till.records())[-1]


@pytest.mark.parametrize("answers", [Answers.ONLINE, Answers.OFFLINE_AUTO])
async def test_a_percentage_on_the_line_is_asked_for_and_taken_off(till, answers):
    till.world.connection.mode = answers
    await till.scan(BREAD)
    assert (await till.operation(301)).outcome is DONE
    assert till.view.question.title == "Line discount, percent"
    assert till.view.entry is Entry.QUANTITY
    await till.enter("10")
    assert till.view.question is None
    assert till.view.message.text == "Discount 10 % on Rye bread 750 g: -0.35, so 3.14"
    assert (till.view.totals.subtotal, till.view.totals.discount, till.view.totals.total) == (349, 35, 314)
    assert (till.view.lines[0].amount, till.view.lines[0].discount) == (349, 35)


@pytest.mark.parametrize(
    ("number", "text", "discount", "percent"),
    [(300, "0.20", 20, None), (301, "5%", 17, None), (302, "0,30", 30, None), (303, "10", 46, "10")],
)
async def test_every_discount_is_in_the_record_with_its_amount(till, number, text, discount, percent):
    await till.scan(MILK)
    await till.scan(BREAD)
    assert (await till.operation(number, text)).outcome is DONE
    record = await pay(till)
    assert (record["discount"], record["total"]) == (discount, 458 - discount)
    assert record.get("sale_discount_percent") == percent
    assert sum(line["gross"] for line in record["lines"]) == record["total"]


async def test_the_discount_on_the_sale_follows_the_lines(till):
    await till.scan(MILK)
    await till.operation(303, "10")
    await till.scan(BREAD)
    assert till.view.totals.discount == 46
    await till.operation(102)
    assert till.view.totals.discount == 11


async def test_more_than_a_cashier_may_give_is_refused_and_a_manager_named(till):
    await till.scan(BREAD)
    await till.operation(301)
    assert (await till.enter("11")).outcome is REFUSED
    assert till.view.message.text == "At most 10 %, here 0.35. Sign on as manager for more."
    await till.back()  # nobody else allows it
    assert till.view.question is not None  # the question stays, for another answer
    await till.enter("10")
    assert till.view.totals.discount == 35


async def test_a_manager_gives_more_down_to_nothing_at_all(manager):
    await manager.scan(BREAD)
    await manager.operation(303, "100")
    assert manager.view.totals.total == 0
    await manager.operation(139)
    await manager.enter()
    record = (await manager.records())[-1]
    assert (record["kind"], record["total"], record["discount"]) == ("sale", 0, 349)


async def test_limits_of_headquarters_hold_instead_of_those_built_in(till):
    words = "sell discount line_discount=50"
    shop = till.world.shop
    shop.role_rows = {"cashier": words, "manager": "sell"}
    shop.staff = {**shop.staff, "101": replace(shop.staff["101"], permissions=words)}
    await till.operation(701)
    await till.sign_in()
    await till.scan(BREAD)
    assert (await till.operation(301, "50")).outcome is DONE
    assert (await till.operation(301, "51")).outcome is REFUSED
    assert till.view.message.text == "At most 50 %, here 1.75. Nobody here may give more."
    assert (await till.operation(104, "3.00")).outcome is REFUSED
    assert "Price override is not allowed for a cashier" in till.view.message.text


@pytest.mark.parametrize("text", ["x", "-1", "101", "4006381333931"])
async def test_what_is_no_discount_is_refused_and_nothing_changes(till, text):
    await till.scan(BREAD)
    assert (await till.operation(301, text)).outcome is REFUSED
    assert till.view.totals.discount == 0


async def test_zero_takes_a_discount_away(till):
    await till.scan(BREAD)
    for number in (301, 303):
        await till.operation(number, "10")
        await till.operation(number, "0")
        assert till.view.message.text.startswith("No discount on")
    assert till.view.totals.discount == 0


async def test_a_price_by_hand_asks_for_its_reason_and_both_are_recorded(till):
    await till.scan(BREAD)
    await till.operation(104)
    await till.enter("2.99")
    assert till.view.question.title == "Reason for the price"
    assert till.view.question.choices[1].label == "Damaged or opened"
    assert (await till.enter("9")).outcome is REFUSED
    assert (await till.enter("2")).outcome is DONE
    assert till.view.lines[0].by_hand
    line = (await pay(till))["lines"][0]
    assert (line["price"], line["list_price"], line["price_reason"]) == (299, 349, "Damaged or opened")


async def test_a_price_beyond_the_limits_asks_for_no_reason(till):
    await till.scan(BREAD)
    assert (await till.operation(104, "1.00")).outcome is REFUSED
    assert till.view.question.title == "Somebody else allows it"
    assert till.view.message.text.endswith("from 2.79 to 4.19. Sign on as manager for more.")
    await till.back()
    assert till.view.question is None
    assert (await till.operation(104, "abc")).outcome is REFUSED


async def test_offline_with_prices_of_last_week_none_is_set_by_hand(till):
    await till.scan(BREAD)
    last_look = replace(SyncMemory().down, good_ms=till.world.clock.wall_ms() - 8 * 86_400_000)
    till.world.sync.now = replace(till.world.sync.now, memory=replace(SyncMemory(), down=last_look))
    assert (await till.operation(104, "3.00")).outcome is DONE
    await till.back()
    till.world.connection.mode = Answers.OFFLINE_AUTO
    assert (await till.operation(104, "3.00")).outcome is REFUSED
    assert "over seven days old" in till.view.message.text


async def test_clear_quantity_makes_one_of_the_selected_line(till):
    await till.enter(f"3*{BREAD}")
    await till.operation(106)
    assert till.view.lines[0].quantity == "1"
    await till.scan(BANANAS_LABEL)
    assert (await till.operation(106)).outcome is REFUSED
    assert "measured" in till.view.message.text


async def test_comments_stand_in_the_record_and_a_dash_takes_them_away(till):
    await till.scan(BREAD)
    await till.operation(103)
    await till.enter("without the bag")
    await till.operation(501, "for the school")
    await till.operation(103, "-")
    await till.operation(103, "sliced")
    record = await pay(till)
    assert (record["lines"][0]["comment"], record["comment"]) == ("sliced", "for the school")


async def test_why_this_price_tells_each_step_and_the_next_scan_closes_it(till):
    await till.scan(BREAD)
    await till.operation(104, "3.00")
    await till.enter("3")
    await till.operation(301, "10")
    await till.operation(303, "5")
    await till.operation(103, "sliced")
    await till.operation(9102)
    assert till.view.question.lines == (
        "Rye bread 750 g",
        "Price 3.00, set by hand",
        "It was 3.49. Reason: Short date",
        "1 x 3.00 = 3.00",
        "Discount 10 % on the line: -0.30",
        "Share of the discount on the sale: -0.14",
        "VAT 7 % included: 0.17, rounded on the line",
        "Costs 2.56 EUR",
        "Comment: sliced",
    )
    assert (await till.scan(MILK)).outcome is SOLD
    assert till.view.question is None
    await till.operation(9102)
    await till.enter(MILK)
    assert till.view.count == 3
    await till.operation(9102)
    await till.operation(139)
    assert till.view.mode is Mode.TENDER


async def test_a_killed_register_comes_back_with_every_discount(till):
    await till.scan(BREAD)
    await till.operation(301, "10")
    await till.operation(303, "5")
    await till.operation(104)
    restarted = await till.restarted()
    assert restarted.view.totals.discount == 51
    assert restarted.view.question.title == "Price override"
    await restarted.enter("3.00")
    await restarted.enter("1")
    assert restarted.view.totals.subtotal == 300


async def test_the_same_intent_twice_gives_the_discount_once(till):
    await till.scan(BREAD)
    submission = till.submission(IntentKind.OPERATION, "0.30", operation=300)
    for _ in range(2):
        await till.session.handle([submission])
    assert till.view.totals.discount == 30


@pytest.mark.parametrize("number", NUMBERS)
async def test_without_a_sale_none_of_it_runs(till, number):
    assert (await till.operation(number)).outcome is REFUSED


@pytest.mark.parametrize("number", [103, 104, 300, 301, 9102])
async def test_with_every_line_voided_there_is_no_line_to_change(till, number):
    await till.scan(BREAD)
    await till.operation(102)
    assert (await till.operation(number)).outcome is REFUSED


async def test_a_store_that_rounds_per_document_says_so_in_the_record(till):
    till.world.shop.store_policy = replace(
        till.world.shop.policy(), rounding_scope=RoundingScope.PER_DOCUMENT
    )
    await till.scan(BREAD)
    await till.scan(MILK)
    assert (await pay(till))["rounding_scope"] == "document"


async def test_x_and_z_report_the_discounts_and_prices_by_hand(till):
    await till.scan(BREAD)
    await till.operation(303, "10")
    await pay(till)
    await till.scan(BREAD)
    await till.operation(104, "3.00")
    await till.enter("1")
    await pay(till)
    await till.operation(1056)
    report = (await till.records())[-1]
    assert (report["kind"], report["discount"], report["price_overrides"]) == ("report.x", 35, 1)

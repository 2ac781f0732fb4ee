"""Discounts of headquarters: when they hold, which of them counts, what it takes off."""

import itertools
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from sale_shop import MILK, POLICY, WINE, sale_payload
from store.ledger.recomputation import recompute_sale
from store.register.verification.discounts import check_discounts
from store.sale.barcode import LabelReading
from store.sale.discount import Discount, percent_of
from store.sale.discounting import discount_line, override_price
from store.sale.limits import UNLIMITED, Limits
from store.sale.offer import Offer, holding, holds, offered_price, offers_taken
from store.sale.offer_book import DiscountDetail, OfferBook, discount_fault, minutes_of
from store.sale.offering import (
    count_offers,
    put_back_offers,
    remove_offers,
    waiting_offers,
    with_price_groups,
)
from store.sale.paying import begin_payment
from store.sale.policy import LabelMeasure
from store.sale.quantity import multiply
from store.sale.refusal import LimitRefused, SaleRefused
from store.sale.sale import OffersState, new_sale
from store.sale.selling import add_label_line, add_line, set_quantity, void_line
from store.sale.taking_back import take_back_item, turn_line

TEN = Offer(code="TEN", name="Ten percent", percent="10")
HALF_EURO = Offer(code="HALF", name="50 cents off", amount=50)
FIVE = Offer(code="FIVE", name="Now 5.00", new_price=500)


def at(text, offset_min=60):
    local = datetime.fromisoformat(text).replace(tzinfo=UTC)
    return int(local.timestamp() * 1000) - offset_min * 60_000, offset_min


def sale_with(*offers, quantity="1", item=WINE):
    return add_line(new_sale("t", "EUR", 0), POLICY, item, quantity, offers=offers)


@pytest.mark.parametrize(
    ("moment", "says"),
    [
        ("2026-11-23T23:59:59", False),
        ("2026-11-24T00:00:00", True),
        ("2026-12-24T23:59:59", True),
        ("2026-12-25T00:00:00", False),
    ],
)
def test_an_offer_holds_from_its_first_to_the_end_of_its_last_day_in_store_time(moment, says):
    offer = replace(TEN, from_day="2026-11-24", until_day="2026-12-24")
    assert holds(offer, *at(moment)) is says
    assert holds(offer, *at(moment, -300)) is says


@pytest.mark.parametrize(
    ("moment", "says"),
    [
        ("2026-11-24T15:59:59", False),
        ("2026-11-24T16:00:00", True),
        ("2026-11-24T17:59:59", True),
        ("2026-11-24T18:00:00", False),
        ("2026-11-25T17:00:00", False),  # a Wednesday
    ],
)
def test_an_offer_holds_at_its_hours_on_its_weekdays(moment, says):
    offer = replace(TEN, weekdays=("mon", "tue"), begins_min=16 * 60, ends_min=18 * 60)
    assert holds(offer, *at(moment)) is says


@pytest.mark.parametrize(
    ("moment", "says"),
    [
        ("2026-11-27T21:59:59", False),
        ("2026-11-27T22:00:00", True),
        ("2026-11-28T01:59:59", True),  # still Friday's night
        ("2026-11-28T02:00:00", False),
        ("2026-11-28T22:00:00", False),
        ("2026-11-27T01:00:00", False),  # Thursday's night
    ],
)
def test_hours_past_midnight_belong_to_the_day_they_begin_on(moment, says):
    offer = replace(TEN, weekdays=("fri",), begins_min=22 * 60, ends_min=2 * 60)
    assert holds(offer, *at(moment)) is says


def test_an_end_at_midnight_is_the_end_of_the_day():
    offer = replace(TEN, begins_min=20 * 60, ends_min=0)
    assert holds(offer, *at("2026-11-27T23:59:59"))
    assert not holds(offer, *at("2026-11-28T00:00:00"))


def test_a_line_keeps_what_holds_now_without_its_validity():
    gone = replace(HALF_EURO, until_day="2026-01-01")
    [kept] = holding((replace(TEN, weekdays=("tue",)), gone), *at("2026-11-24T12:00:00"))
    assert kept == TEN


def test_the_best_price_wins():
    assert [one.code for one in offers_taken((TEN, HALF_EURO), price=599, quantity="1", amount=599)] == [
        "TEN"
    ]
    assert [one.code for one in offers_taken((TEN, HALF_EURO), price=400, quantity="1", amount=400)] == [
        "HALF"
    ]
    assert offered_price((TEN, HALF_EURO, FIVE), 599) == 500


def test_among_equals_the_lesser_code_wins():
    twin = replace(TEN, code="AAA")
    assert [one.code for one in offers_taken((TEN, twin), price=599, quantity="1", amount=599)] == ["AAA"]


def test_only_the_greatest_priority_counts_even_where_it_takes_less():
    first = replace(HALF_EURO, priority=5)
    assert [one.code for one in offers_taken((FIVE, first), price=599, quantity="1", amount=599)] == ["HALF"]


def test_combined_offers_come_as_new_price_then_amount_then_percent():
    offers = [replace(one, combined=True) for one in (TEN, HALF_EURO, FIVE)]
    taken = offers_taken(offers, price=599, quantity="2", amount=1198)
    assert [(one.code, one.off) for one in taken] == [("FIVE", 198), ("HALF", 100), ("TEN", 90)]


def test_a_single_offer_that_is_better_than_all_combined_wins():
    much = Offer(code="MUCH", name="Half price", percent="50")
    offers = [replace(one, combined=True) for one in (TEN, HALF_EURO)]
    assert [one.code for one in offers_taken((*offers, much), price=599, quantity="1", amount=599)] == [
        "MUCH"
    ]


def test_an_offer_to_a_price_group_is_for_its_members_only():
    staff = replace(TEN, price_group="STAFF")
    assert offers_taken((staff,), price=100, quantity="1", amount=100) == ()
    assert offered_price((staff,), 100, ("STAFF",)) == 90


def test_a_price_that_is_no_better_changes_nothing():
    assert offers_taken((FIVE,), price=400, quantity="1", amount=400) == ()
    assert offers_taken((TEN,), price=100, quantity="0", amount=0) == ()


def test_goods_that_come_back_without_a_receipt_cost_what_they_cost_today():
    offers = [replace(one, combined=True) for one in (TEN, HALF_EURO, FIVE)]
    taken = offers_taken(offers, price=599, quantity="-2", amount=-1198)
    assert [(one.code, one.off) for one in taken] == [("FIVE", -198), ("HALF", -100), ("TEN", -90)]
    for sale in (
        take_back_item(new_sale("t", "EUR", 0), POLICY, WINE, "2", "Broken", offers=offers),
        turn_line(sale_with(*offers, quantity="2"), 1, "Broken"),
    ):
        [line] = sale.lines
        assert (line.amount, line.discount, line.gross) == (-1198, -388, -810)
        payload = sale_payload(sale, POLICY)
        assert [effect for effect, _, _ in recompute_sale(payload) if effect.startswith("line")] == []
        check_discounts(payload)
        wrong = {**payload, "lines": [{**payload["lines"][0], "discount": -387}]}
        assert [effect for effect, _, _ in recompute_sale(wrong) if effect == "line:1.discount"]
        with pytest.raises(ValueError):
            check_discounts(wrong)


@given(
    st.lists(
        st.builds(
            Offer,
            code=st.sampled_from(["A", "B", "C", "D"]),
            name=st.just("x"),
            percent=st.sampled_from(["5", "33.333", "100"]),
            priority=st.integers(0, 2),
            combined=st.booleans(),
        )
        | st.builds(
            Offer,
            code=st.sampled_from(["E", "F"]),
            name=st.just("x"),
            amount=st.integers(1, 700),
            combined=st.booleans(),
        )
        | st.builds(Offer, code=st.just("G"), name=st.just("x"), new_price=st.integers(0, 700)),
        max_size=5,
        unique_by=lambda one: one.code,
    ),
    st.integers(0, 999),
    st.integers(1, 5_000).map(lambda n: f"{n}"),
)
def test_the_order_of_offers_never_matters_and_nothing_costs_less_than_nothing(offers, price, quantity):
    amount = multiply(price, quantity)
    ways = {
        offers_taken(order, price=price, quantity=quantity, amount=amount)
        for order in itertools.islice(itertools.permutations(offers), 24)
    }
    assert len(ways) == 1
    [taken] = ways
    assert 0 <= sum(one.off for one in taken) <= amount


def test_a_line_shows_what_is_offered_and_a_discount_by_hand_counts_from_what_is_left():
    sale = discount_line(sale_with(TEN, quantity="2"), 1, Discount(percent="50"), UNLIMITED)
    [line] = sale.lines
    assert (line.amount, line.offered, line.discount) == (1198, 120, 120 + percent_of(1078, "50"))
    assert line.gross == line.base == 539


def test_limits_of_a_discount_by_hand_count_from_what_offers_leave():
    sale = sale_with(replace(TEN, percent="50"), quantity="2")
    discount_line(sale, 1, Discount(amount=60), Limits())
    with pytest.raises(LimitRefused):
        discount_line(sale, 1, Discount(amount=61), Limits())


def test_another_quantity_counts_offers_again():
    sale = set_quantity(sale_with(HALF_EURO), POLICY, 1, "3")
    assert sale.lines[0].offered == 150


def test_a_price_set_by_hand_takes_the_place_of_offers_until_it_is_taken_away():
    sale = override_price(sale_with(TEN), POLICY, 1, 500, "Damaged", UNLIMITED)
    assert (sale.lines[0].taken, sale.lines[0].gross) == ((), 500)
    sale = override_price(sale, POLICY, 1, 599, "", UNLIMITED)
    assert sale.lines[0].offered == 60


def test_a_label_price_is_final_and_a_weight_label_takes_the_offer():
    about = {"text": "1", "gtin": "1", "item": "1"}
    label = LabelReading(**about, measure=LabelMeasure.PRICE, value=250, decimals=2)
    sale = add_label_line(new_sale("t", "EUR", 0), POLICY, WINE, label, "c", offers=(TEN,))
    assert (sale.lines[0].offered, sale.lines[0].gross) == (0, 250)
    count = LabelReading(**about, measure=LabelMeasure.COUNT, value=2, decimals=0)
    sale = add_label_line(new_sale("t", "EUR", 0), POLICY, WINE, count, "c", offers=(TEN,))
    assert sale.lines[0].offered == 120


def test_an_open_price_takes_percent_and_amount_but_no_other_price():
    for offer, off in ((TEN, 30), (HALF_EURO, 50), (replace(FIVE, new_price=100), 0)):
        item = replace(WINE, open_price=True)
        sale = add_line(new_sale("t", "EUR", 0), POLICY, item, price=300, offers=(offer,))
        assert sale.lines[0].offered == off


def test_a_customers_group_prices_every_line_anew_and_so_does_taking_him_off():
    sale = add_line(sale_with(replace(TEN, price_group="STAFF")), POLICY, MILK, offers=(HALF_EURO,))
    assert [line.offered for line in sale.lines] == [0, 50]
    staff = with_price_groups(sale, ("C1", "STAFF"))
    assert [line.offered for line in staff.lines] == [60, 50]
    assert [line.offered for line in with_price_groups(staff, ()).lines] == [0, 50]
    later = add_line(staff, POLICY, WINE, offers=(replace(TEN, price_group="C1"),))
    assert later.lines[-1].offered == 60


def test_removed_offers_stay_away_from_later_lines_until_they_are_put_back():
    sale = remove_offers(sale_with(TEN))
    sale = add_line(sale, POLICY, WINE, offers=(TEN,))
    assert [line.offered for line in sale.lines] == [0, 0]
    with pytest.raises(SaleRefused):
        remove_offers(sale)
    with pytest.raises(SaleRefused, match="312"):
        count_offers(sale)
    sale = put_back_offers(sale, OffersState.NOW)
    assert [line.offered for line in sale.lines] == [60, 60]
    with pytest.raises(SaleRefused):
        put_back_offers(sale, OffersState.NOW)


def test_delayed_offers_count_when_the_total_is_asked_for_or_payment_begins():
    late = replace(new_sale("t", "EUR", 0), offers_state=OffersState.LATER)
    sale = add_line(late, POLICY, WINE, offers=(TEN,))
    assert (sale.lines[0].offered, waiting_offers(sale)) == (0, True)
    counted = count_offers(sale)
    assert (counted.lines[0].offered, waiting_offers(counted)) == (60, False)
    more = add_line(counted, POLICY, WINE, offers=(TEN,))
    assert [line.offered for line in more.lines] == [60, 0]
    assert [line.offered for line in begin_payment(more).lines] == [60, 60]
    assert not waiting_offers(void_line(sale, 1))


def test_offers_are_found_by_product_department_and_for_everything():
    book = OfferBook(
        [
            ("P", "Product", '{"percent":"5","products":["1002"]}'),
            ("D", "", '{"amount":10,"departments":["D1"]}'),
            ("E", "Everything", '{"new_price":99,"everything":true,"hours":"16:00-18:30"}'),
            ("B", "Blocked", '{"percent":"5","everything":true,"blocked":true}'),
            ("X", "Unreadable", "{"),
        ]
    )
    assert [offer.code for offer in book.of("1002", "D1")] == ["D", "E", "P"]
    assert [offer.code for offer in book.of("1", "")] == ["E"]
    assert book.of("1", "")[0].ends_min == 18 * 60 + 30
    assert book.of("1", "D1")[0].name == "D"


@pytest.mark.parametrize(
    ("detail", "says"),
    [
        (DiscountDetail(percent="10", everything=True), ""),
        (DiscountDetail(everything=True), "one of"),
        (DiscountDetail(percent="10", amount=5, everything=True), "one of"),
        (DiscountDetail(percent="0", everything=True), "no percentage"),
        (DiscountDetail(percent="101", everything=True), "no percentage"),
        (DiscountDetail(percent="ten", everything=True), "no percentage"),
        (DiscountDetail(new_price=-1, everything=True), "out of range"),
        (DiscountDetail(percent="10"), "on nothing"),
        (
            DiscountDetail(percent="10", products=("1",), from_day="2026-02-01", until_day="2026-01-31"),
            "ends",
        ),
        (DiscountDetail(percent="10", products=("1",), hours="16-18"), "hours"),
    ],
)
def test_a_discount_that_says_nothing_useful_is_named(detail, says):
    fault = discount_fault(detail)
    assert says in fault
    assert bool(fault) is bool(says)


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("16:00-18:00", (960, 1080)),
        ("22:00-02:00", (1320, 120)),
        ("20:00-24:00", (1200, 0)),
        ("24:01-02:00", None),
        ("10:60-11:00", None),
        ("10:00-10:00", None),
        ("1000-1100", None),
        ("٠٩:00-11:00", None),
    ],
)
def test_hours_are_read_strictly(text, minutes):
    assert minutes_of(text) == minutes

"""Discounts and prices given by hand: how much they come to, who may give them, what a record says of them."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from sale_shop import (
    BAG,
    BANANAS,
    FLOWERS,
    MILK,
    POLICY,
    STAMP,
    WINE,
    paid,
    payload_of,
    sale_of,
    sale_payload,
)
from store.exchange.canonical import canonical
from store.ledger.recomputation import recompute_sale, recompute_shift
from store.register.verification.sums import ShiftSums, check_sale
from store.sale.barcode import LabelReading
from store.sale.discount import Discount, apportion, discount_of, spread
from store.sale.discounting import (
    comment_line,
    comment_sale,
    discount_line,
    discount_sale,
    override_price,
    parse_percent,
)
from store.sale.limits import UNLIMITED, Limits
from store.sale.line_change import RECORD_BYTES
from store.sale.paying import add_tender, back_to_sale, begin_payment
from store.sale.policy import LabelMeasure, RoundingScope, StoreFacts
from store.sale.receipt import receipt
from store.sale.record import shift_open_body
from store.sale.refusal import LimitRefused, SaleRefused
from store.sale.sale import PriceSource, new_sale
from store.sale.selling import add_label_line, add_line, set_quantity, void_line
from store.sale.shift import fold_all, shift_close_body
from store.sale.tender import TenderKind
from store.sale.totals import totals

CASHIER = Limits()
TEN = Discount(percent="10")


def percent(text: str) -> Discount:
    return Discount(percent=text)


def amount(cents: int) -> Discount:
    return Discount(amount=cents)


@given(st.lists(st.integers(0, 100_000), min_size=1, max_size=30), st.data())
def test_a_discount_is_spread_to_the_cent_and_no_line_gets_more_than_it_costs(weights, data):
    total = data.draw(st.integers(0, sum(weights)))
    parts = spread(total, weights)
    assert sum(parts) == (total if sum(weights) else 0)
    assert all(0 <= part <= weight for part, weight in zip(parts, weights, strict=True))
    exact = [total * weight / (sum(weights) or 1) for weight in weights]
    assert all(abs(part - share) < 1 for part, share in zip(parts, exact, strict=True))


def test_the_cent_left_over_goes_to_the_largest_remainder_and_of_equals_to_the_first():
    assert spread(100, [1, 1, 1]) == [34, 33, 33]
    assert spread(10, [100, 250, 50]) == [3, 6, 1]
    assert spread(5, [0, 0]) == [0, 0]
    assert spread(3, [-10, 3]) == [0, 3]


def test_a_sum_below_zero_is_the_mirror_of_its_positive():
    assert apportion(-2, [-4, -5, -6], 10) == [-part for part in apportion(2, [4, 5, 6], 10)]


def test_a_percentage_of_the_line_lowers_what_is_taxed_and_paid():
    sale = discount_line(sale_of(MILK, WINE), 2, TEN, CASHIER)
    line = sale.lines[1]
    assert (line.amount, line.discount, line.base, line.gross) == (599, 60, 539, 539)
    assert line.tax_amount == 86  # 5.39 x 19 / 119 = 0.8606
    sums = totals(sale, POLICY)
    assert (sums.subtotal, sums.discount, sums.total) == (708, 60, 648)


def test_a_tax_on_top_is_computed_from_what_the_discount_leaves():
    sale = discount_line(sale_of(BAG, BAG), 1, amount(20), UNLIMITED)
    line = sale.lines[0]
    assert (line.amount, line.base, line.tax_amount, line.gross) == (30, 10, 0, 10)


def test_a_discount_on_the_sale_counts_from_what_the_lines_discounts_leave():
    sale = discount_line(sale_of(MILK, WINE, STAMP), 2, amount(99), UNLIMITED)
    sale = discount_sale(sale, percent("10"), UNLIMITED)
    assert [line.discount_share for line in sale.lines] == [11, 50, 9]  # 70 of 1.09, 5.00 and 0.95
    assert totals(sale, POLICY).total == 109 + 500 + 95 - 70


def test_a_line_more_and_a_line_less_spread_the_discount_anew():
    sale = discount_sale(sale_of(MILK), percent("10"), CASHIER)
    assert totals(sale, POLICY).discount == 11
    sale = add_line(sale, POLICY, WINE)
    assert [line.discount_share for line in sale.lines] == [11, 60]
    assert totals(void_line(sale, 1), POLICY).discount == 60
    assert totals(set_quantity(sale, POLICY, 1, "3"), POLICY).discount == 93


def test_lines_that_stay_as_they_are_stay_the_same_objects():
    sale = discount_sale(sale_of(MILK, MILK), percent("10"), CASHIER)
    more = add_line(sale, POLICY, WINE)
    assert more.lines[0] is sale.lines[0]
    assert more.lines[1] is sale.lines[1]


def test_a_discount_of_nothing_takes_the_old_one_away():
    sale = discount_sale(discount_line(sale_of(MILK), 1, TEN, CASHIER), TEN, CASHIER)
    sale = discount_line(sale, 1, percent("0"), CASHIER)
    sale = discount_sale(sale, amount(0), CASHIER)
    assert totals(sale, POLICY).discount == 0
    assert (sale.given, sale.lines[0].given) == (None, None)


@pytest.mark.parametrize(
    ("discount", "says"),
    [(percent("11"), "At most 10 %, here 0.60."), (amount(61), "At most 10 %, here 0.60.")],
)
def test_nobody_gives_more_than_the_limits_allow(discount, says):
    with pytest.raises(LimitRefused, match=says):
        discount_line(sale_of(WINE), 1, discount, CASHIER)
    with pytest.raises(LimitRefused, match=says):
        discount_sale(sale_of(WINE), discount, CASHIER)


def test_an_amount_can_be_limited_as_well():
    limits = replace(UNLIMITED, line_amount=50, total_amount=40)
    with pytest.raises(LimitRefused, match=r"here 0\.50"):
        discount_line(sale_of(WINE), 1, percent("10"), limits)
    with pytest.raises(LimitRefused, match=r"here 0\.40"):
        discount_sale(sale_of(WINE), amount(41), limits)


def test_goods_taken_out_afterwards_take_their_part_of_the_discount_with_them():
    sale = discount_sale(sale_of(WINE, WINE), amount(119), CASHIER)
    assert totals(sale, POLICY).discount == 119
    assert totals(void_line(sale, 1), POLICY).discount == 60  # 10 % of 5.99, and no more
    line = discount_line(add_line(sale_of(), POLICY, WINE, "2"), 1, amount(119), CASHIER)
    assert totals(set_quantity(line, POLICY, 1, "1"), POLICY).discount == 60


def test_more_than_the_goods_cost_is_refused():
    with pytest.raises(SaleRefused, match=r"6\.00 is more than the line costs: 5\.99"):
        discount_line(sale_of(WINE), 1, amount(600), UNLIMITED)
    with pytest.raises(SaleRefused, match="nothing to take off"):
        discount_sale(new_sale("t", "EUR", 0), TEN, CASHIER)


def test_what_is_paid_already_is_not_given_away():
    sale = add_tender(begin_payment(sale_of(WINE)), POLICY, TenderKind.CARD, 590)
    sale = back_to_sale(sale, POLICY)
    with pytest.raises(SaleRefused, match="More than that is paid already"):
        discount_line(sale, 1, TEN, CASHIER)
    with pytest.raises(SaleRefused, match="More than that is paid already"):
        discount_sale(sale, TEN, CASHIER)


def test_during_payment_nothing_is_given_or_said():
    sale = begin_payment(sale_of(WINE))
    for change in (
        lambda: discount_line(sale, 1, TEN, CASHIER),
        lambda: discount_sale(sale, TEN, CASHIER),
        lambda: override_price(sale, POLICY, 1, 590, "Damaged", CASHIER),
        lambda: comment_line(sale, 1, "x"),
        lambda: comment_sale(sale, "x"),
    ):
        with pytest.raises(SaleRefused, match="The sale is in payment"):
            change()


@pytest.mark.parametrize("text", ["", "-1", "101", "1e1", "ten", "5.0001"])
def test_what_is_no_percentage_is_none(text):
    assert parse_percent(text) is None


def test_percentages_have_up_to_three_decimals():
    assert (parse_percent("7,5"), parse_percent("100"), parse_percent("0")) == ("7.5", "100", "0")


def test_a_price_set_by_hand_keeps_the_price_before_and_the_reason():
    sale = override_price(sale_of(WINE), POLICY, 1, 499, "Damaged\x1b[31m or opened", CASHIER)
    line = sale.lines[0]
    assert (line.price, line.amount, line.list_price, line.price_source) == (
        499,
        499,
        599,
        PriceSource.OVERRIDE,
    )
    assert line.price_reason == "Damaged[31m or opened"
    again = override_price(sale, POLICY, 1, 500, "Short date", CASHIER)
    assert (again.lines[0].list_price, again.lines[0].price_reason) == (599, "Short date")
    back = override_price(again, POLICY, 1, 599, "", CASHIER)
    assert (back.lines[0].list_price, back.lines[0].price_source) == (None, PriceSource.CATALOG)
    assert back.lines == sale_of(WINE).lines


@pytest.mark.parametrize("price", [478, 720])
def test_a_price_beyond_the_limits_is_refused_with_the_prices_that_may_be_set(price):
    with pytest.raises(LimitRefused, match=r"from 4\.79 to 7\.19"):
        override_price(sale_of(WINE), POLICY, 1, price, "Damaged", CASHIER)
    assert override_price(sale_of(WINE), POLICY, 1, price, "Damaged", UNLIMITED).lines[0].price == price


def test_small_steps_do_not_lead_beyond_the_limit():
    sale = override_price(sale_of(WINE), POLICY, 1, 480, "Damaged", CASHIER)
    with pytest.raises(LimitRefused, match=r"from 4\.79"):
        override_price(sale, POLICY, 1, 400, "Damaged", CASHIER)


def test_a_price_typed_before_is_corrected_without_limits():
    sale = add_line(sale_of(), POLICY, FLOWERS, price=2500)
    assert override_price(sale, POLICY, 1, 250, "Shelf says another price", CASHIER).lines[0].amount == 250


def test_a_price_of_zero_and_the_price_of_a_label_are_not_set_by_hand():
    with pytest.raises(SaleRefused, match="Give a discount"):
        override_price(sale_of(WINE), POLICY, 1, 0, "Damaged", UNLIMITED)
    label = LabelReading(text="2", gtin="2", item="1", measure=LabelMeasure.PRICE, value=350, decimals=2)
    sale = add_label_line(sale_of(), POLICY, WINE, label, "2")
    with pytest.raises(SaleRefused, match="on its label"):
        override_price(sale, POLICY, 1, 300, "Damaged", UNLIMITED)
    assert discount_line(sale, 1, TEN, CASHIER).lines[0].discount == 35


def test_weighed_goods_at_a_price_of_their_own():
    sale = override_price(sale_of(BANANAS), POLICY, 1, 189, "Short date", CASHIER)
    assert sale.lines[0].amount == 91  # 0.482 x 1.89


def finished(sale):
    return paid(sale, POLICY, (TenderKind.CASH, 5000))


def generous():
    sale = discount_line(sale_of(MILK, WINE, BAG, STAMP), 2, TEN, CASHIER)
    sale = override_price(sale, POLICY, 1, 99, "Damaged", CASHIER)
    return comment_line(discount_sale(sale, percent("5"), CASHIER), 1, "box torn")


def test_the_record_tells_every_discount_and_price_by_hand():
    payload = sale_payload(finished(comment_sale(generous(), "for the school")), POLICY)
    milk, wine = payload["lines"][:2]
    assert (milk["list_price"], milk["price_source"], milk["price_reason"]) == (109, "override", "Damaged")
    assert milk["comment"] == "box torn"
    assert (wine["discount"], wine["discount_percent"]) == (60, "10")
    assert payload["sale_discount"] == sum(line["discount_share"] for line in payload["lines"]) == 38
    assert payload["sale_discount_percent"] == "5"
    assert payload["discount"] == 98
    assert payload["comment"] == "for the school"
    assert sum(line["gross"] for line in payload["lines"]) == payload["total"]


def test_a_sale_without_any_of_it_says_nothing_of_it():
    payload = sale_payload(finished(sale_of(MILK)), POLICY)
    new = {"discount_share", "list_price", "price_reason", "comment", "discount_percent"}
    assert not new & set(payload["lines"][0])
    assert not {"sale_discount", "sale_discount_percent", "comment"} & set(payload)


def test_a_percentage_that_its_limit_has_cut_is_recorded_as_an_amount():
    limits = replace(UNLIMITED, line_amount=60)
    sale = set_quantity(discount_line(sale_of(WINE), 1, TEN, limits), POLICY, 1, "5")
    row = sale_payload(finished(sale), POLICY)["lines"][0]
    assert (row["discount"], "discount_percent" in row) == (60, False)


def test_server_and_verifier_find_the_same_figures():
    payload = sale_payload(finished(generous()), POLICY)
    assert list(recompute_sale(payload)) == []
    check_sale(payload)


FALSE = [
    (("lines", 1, "discount"), 61),
    (("lines", 1, "discount_percent"), "11"),
    (("lines", 0, "discount_share"), 6),
    (("lines", 0, "gross"), 95),
    (("sale_discount",), 39),
    (("sale_discount_percent",), "6"),
    (("discount",), 97),
    (("lines", 0, "price"), 98),
]


@pytest.mark.parametrize(("path", "value"), FALSE, ids=lambda part: str(part))
def test_a_false_figure_is_found_by_server_and_verifier(path, value):
    payload = sale_payload(finished(generous()), POLICY)
    place = payload
    for step in path[:-1]:
        place = place[step]
    assert place[path[-1]] != value
    place[path[-1]] = value
    assert list(recompute_sale(payload))
    with pytest.raises(ValueError, match=r"\w"):
        check_sale(payload)


def test_a_cent_of_the_discount_on_another_line_is_found_by_server_and_verifier():
    payload = sale_payload(finished(discount_sale(sale_of(STAMP, STAMP), TEN, CASHIER)), POLICY)
    first, second = payload["lines"]
    assert (first["discount_share"], second["discount_share"]) == (10, 9)
    for line, cents in ((first, -1), (second, 1)):
        line["discount_share"] += cents
        line["gross"] -= cents
    assert [effect for effect, _, _ in recompute_sale(payload)] == [
        "line:1.discount_share",
        "line:2.discount_share",
    ]
    with pytest.raises(ValueError, match="line 1 has to bear 10"):
        check_sale(payload)


def test_the_server_adds_up_what_a_shift_gave_away():
    found = recompute_shift(
        kinds=[], tenders=[], start_amount=0, by_hand=[("discount", 98), ("price_overrides", 2)]
    )
    assert (found["discount"], found["price_overrides"]) == (98, 2)


@pytest.mark.parametrize("scope", [RoundingScope.PER_RATE, RoundingScope.PER_DOCUMENT])
def test_a_tax_spread_otherwise_is_found_by_server_and_verifier(scope):
    policy = replace(POLICY, rounding_scope=scope)
    sale = new_sale("t", "EUR", 0, scope)
    for item in (BAG, BAG, BAG, WINE):
        sale = add_line(sale, policy, item)
    payload = sale_payload(paid(sale, policy, (TenderKind.CASH, 5000)), policy)
    assert payload["rounding_scope"] == scope.value
    check_sale(payload)
    first, second = payload["lines"][0], payload["lines"][1]
    first["tax_amount"], second["tax_amount"] = second["tax_amount"] - 1, first["tax_amount"] + 1
    first["gross"], second["gross"] = first["gross"] - 1, second["gross"] + 1
    assert list(recompute_sale(payload))
    with pytest.raises(ValueError, match=r"line 1 the tax"):
        check_sale(payload)


def test_the_right_column_of_the_receipt_adds_up():
    payload = sale_payload(finished(comment_sale(generous(), "for the school")), POLICY)
    elements = receipt(payload, StoreFacts()).elements
    texts = [element.text for element in elements if hasattr(element, "text")]
    columns = {element.left: element.right for element in elements if hasattr(element, "left")}
    assert "  Price was 1.09" in texts
    assert "  Discount 10 % -0.60, so 5.39" in texts
    assert "  box torn" in texts
    assert "for the school" in texts
    assert (columns["Subtotal"], columns["Discounts on lines"], columns["Discount 5 %"]) == (
        "8.23",
        "-0.60",
        "-0.38",
    )
    assert columns["TOTAL EUR"] == "7.26"


def test_a_full_sale_takes_no_further_words():
    sale = sale_of()
    while sale.record_bytes < RECORD_BYTES - 300:
        sale = add_line(sale, POLICY, MILK)
    with pytest.raises(SaleRefused, match="full"):
        discount_sale(sale, TEN, CASHIER)


def test_the_record_of_a_full_sale_with_everything_on_it_fits():
    sale = discount_sale(sale_of(replace(MILK, name="x" * 120)), TEN, CASHIER)
    while True:
        try:
            sale = add_line(sale, POLICY, replace(WINE, name="Ö" * 120), "3", code="4006381333931")
            n = len(sale.lines)
            sale = discount_line(sale, n, TEN, CASHIER)
            sale = override_price(sale, POLICY, n, 590, "Price of a competitor", CASHIER)
            sale = comment_line(sale, n, "ü" * 60)
        except SaleRefused:
            break
    payload = sale_payload(paid(sale, POLICY, (TenderKind.CASH, 9_999_900)), POLICY)
    assert len(canonical(payload)) < 65_536


def test_discounts_never_go_below_nothing():
    assert discount_of(TEN, -100) == 0
    assert discount_of(Discount(amount=500, most_percent="50"), 100) == 50


BASKETS = st.lists(
    st.tuples(
        st.lists(st.sampled_from([MILK, WINE, BAG, STAMP, BANANAS]), min_size=1, max_size=5),
        st.integers(0, 100),
        st.integers(0, 100),
        st.integers(1, 700),
    ),
    max_size=6,
)


@settings(max_examples=60, deadline=None)
@given(BASKETS, st.sampled_from(RoundingScope))
def test_a_shift_of_discounts_and_prices_by_hand_closes_as_the_verifier_adds_it_up(baskets, scope):
    policy = replace(POLICY, rounding_scope=scope)
    payloads = [payload_of(shift_open_body(10_000, "EUR"), "shift.open", seq=1)]
    for seq, (items, of_line, of_sale, price) in enumerate(baskets, start=2):
        sale = new_sale("t", "EUR", 0, scope)
        for item in items:
            sale = add_line(sale, policy, item, "0.482" if item.weighed else "1")
        sale = override_price(sale, policy, 1, price, "Damaged", replace(UNLIMITED, price_higher="10000"))
        with contextlib.suppress(SaleRefused):  # nothing is left to take off
            sale = discount_line(sale, len(items), percent(str(of_line)), UNLIMITED)
            sale = discount_sale(sale, percent(str(of_sale)), UNLIMITED)
        sale = paid(sale, policy, *([(TenderKind.CASH, 10_000)] if totals(sale, policy).total else []))
        payloads.append(sale_payload(sale, policy, seq=seq, receipt_no=seq))
    sums = fold_all(payloads)
    closing = payload_of(shift_close_body(sums, StoreFacts(), 10_000), "shift.close", seq=99)
    added = ShiftSums()
    for payload in (*payloads, closing):
        added.add(payload)
    for name in ("discount", "price_overrides"):
        with pytest.raises(ValueError, match=name):
            added.add({**closing, name: closing[name] + 1})
    for payload in payloads[1:]:
        check_sale(payload)
        assert list(recompute_sale(payload)) == []

"""What changes the lines of a sale, and what is refused with which sentence."""

import pytest
from msgspec.structs import replace

from sale_shop import BAG, BANANAS, FLOWERS, MILK, POLICY, STAMP, WINE, sale_of
from store.sale.barcode import check_digit, read_label
from store.sale.item import Department, Item
from store.sale.policy import LabelMeasure, LabelRule
from store.sale.refusal import PriceNeeded, SaleRefused, ZeroPriceRefused
from store.sale.sale import PriceSource
from store.sale.selling import add_department_line, add_label_line, add_line, set_quantity, void_line
from store.sale.totals import due, totals

DRINKS = Department(code="D1", name="Drinks", tax="A")
RULES = (
    LabelRule(pattern="21IIIIIVVVVVX", measure=LabelMeasure.WEIGHT, decimals=3),
    LabelRule(pattern="23IIIIIVVVVVX", measure=LabelMeasure.PRICE, decimals=2),
    LabelRule(pattern="25IIIIIVVVVVX", measure=LabelMeasure.COUNT, decimals=0),
)


def reading(body: str):
    return read_label(body + check_digit(body), RULES)


def test_a_line_is_a_snapshot_of_the_item_with_its_sums():
    sale = add_line(sale_of(), POLICY, MILK, "3", "4006381333931", "offline")
    (line,) = sale.lines
    assert (line.n, line.sku, line.name, line.quantity, line.unit) == (1, "1001", MILK.name, "3", "pcs")
    assert (line.price, line.amount, line.net, line.tax_amount, line.gross) == (109, 327, 306, 21, 327)
    assert (line.code, line.source, line.price_source) == ("4006381333931", "offline", PriceSource.CATALOG)


def test_the_sale_before_is_untouched():
    before = sale_of(MILK)
    add_line(before, POLICY, WINE)
    assert len(before.lines) == 1


def test_taxes_on_top_are_added_to_the_total_but_not_to_the_line():
    sums = totals(sale_of(BAG, BAG, MILK), POLICY)
    assert (sums.subtotal, sums.total) == (169, 171)
    assert [(row.code, row.net, row.tax, row.gross) for row in sums.taxes] == [
        ("C", 60, 2, 62),
        ("B", 102, 7, 109),
    ]


def test_items_count_pieces_and_weighed_goods_as_one():
    sale = add_line(sale_of(BANANAS), POLICY, MILK, "3")
    assert totals(sale, POLICY).items == "4"


def test_untaxed_goods_are_in_the_total_and_in_no_tax_row():
    sums = totals(sale_of(STAMP), POLICY)
    assert (sums.total, sums.taxes) == (95, ())


def test_a_blocked_item_is_refused_with_the_reason():
    recalled = replace(MILK, blocked="Recalled by the maker, lot 4711.")
    with pytest.raises(SaleRefused, match=r"must not be sold: Recalled by the maker, lot 4711\."):
        add_line(sale_of(), POLICY, recalled)


def test_an_item_with_unknown_tax_is_refused_with_a_way_out():
    with pytest.raises(SaleRefused, match=r"tax 'Z', which this store does not know\. Sell it by department"):
        add_line(sale_of(), POLICY, replace(MILK, tax="Z"))


def test_an_open_price_is_asked_for_and_then_sold_at():
    with pytest.raises(PriceNeeded, match="Type its price"):
        add_line(sale_of(), POLICY, FLOWERS)
    (line,) = add_line(sale_of(), POLICY, FLOWERS, "2", price=1250).lines
    assert (line.amount, line.price_source) == (2500, PriceSource.TYPED)


def test_f51_a_zero_price_needs_a_yes():
    with pytest.raises(ZeroPriceRefused, match=r"costs 0\.00"):
        add_line(sale_of(), POLICY, replace(MILK, price=0))
    sale = add_line(sale_of(), POLICY, replace(MILK, price=0), zero_confirmed=True)
    assert totals(sale, POLICY).total == 0


def test_a_price_below_zero_is_refused():
    with pytest.raises(SaleRefused, match="below zero"):
        add_line(sale_of(), POLICY, replace(MILK, price=-1))


@pytest.mark.parametrize(
    ("quantity", "says"),
    [("0", "sells nothing"), ("0.000", "sells nothing"), ("1.5", "sold by the piece"), ("10000", "at most 9999"),
     ("x", "is no quantity"), ("-1", "is no quantity"), ("", "is no quantity")],
)  # fmt: skip
def test_quantities_out_of_bounds_are_refused_in_a_sentence(quantity, says):
    with pytest.raises(SaleRefused, match=says):
        add_line(sale_of(), POLICY, MILK, quantity)
    with pytest.raises(SaleRefused, match=says):
        set_quantity(sale_of(MILK), POLICY, 1, quantity)


def test_measured_goods_take_decimals_and_a_comma():
    (line,) = add_line(sale_of(), POLICY, BANANAS, "0,482").lines
    assert (line.quantity, line.amount, line.measured) == ("0.482", 96, True)
    cable = Item(sku="9", name="Cable", price=120, unit="m")
    assert add_line(sale_of(), POLICY, cable, "2.5").lines[0].amount == 300


def test_an_amount_beyond_the_limit_is_refused_as_a_typing_mistake():
    policy = replace(POLICY, max_line_amount=10_000)
    with pytest.raises(SaleRefused, match=r"more than 100\.00 on one line"):
        add_line(sale_of(), policy, WINE, "17")
    with pytest.raises(SaleRefused, match="Check price and quantity"):
        set_quantity(sale_of(WINE), policy, 1, "17")
    assert add_line(sale_of(), policy, WINE, "16").lines[0].amount == 9584


def test_f53_later_changes_of_the_catalog_do_not_touch_a_line():
    sale = sale_of(MILK)
    other = replace(POLICY, taxes=())
    assert totals(sale, other).taxes == totals(sale, POLICY).taxes


def test_a_voided_line_stays_marked_and_counts_no_more():
    sale = void_line(sale_of(MILK, WINE), 1)
    assert [line.voided for line in sale.lines] == [True, False]
    assert totals(sale, POLICY).total == 599
    assert totals(sale, POLICY).items == "1"


@pytest.mark.parametrize(
    ("n", "says"), [(0, "No line"), (3, "No line"), (-1, "No line"), (1, "voided already")]
)
def test_lines_that_cannot_be_chosen_are_refused(n, says):
    sale = void_line(sale_of(MILK, WINE), 1)
    with pytest.raises(SaleRefused, match=says):
        void_line(sale, n)
    with pytest.raises(SaleRefused, match=says):
        set_quantity(sale, POLICY, n, "2")


def test_set_quantity_computes_the_line_anew():
    sale = set_quantity(sale_of(WINE, BAG), POLICY, 2, "4")
    line = sale.lines[1]
    assert (line.quantity, line.amount, line.tax_amount, line.gross) == ("4", 120, 3, 123)


def test_a_weight_label_sells_its_weight_at_the_catalog_price():
    (line,) = add_label_line(sale_of(), POLICY, BANANAS, reading("210100300482"), "x").lines
    assert (line.quantity, line.amount, line.price_source) == ("0.482", 96, PriceSource.CATALOG)


def test_f52_the_price_of_a_label_is_final():
    sale = add_label_line(sale_of(), POLICY, BANANAS, reading("230100300350"), "2301003003506", "offline")
    (line,) = sale.lines
    assert (line.amount, line.quantity, line.price, line.gross) == (350, "1.759", 199, 350)
    assert line.price_source is PriceSource.LABEL
    with pytest.raises(SaleRefused, match="is on its label"):
        set_quantity(sale, POLICY, 1, "2")


def test_a_price_label_on_goods_sold_by_the_piece_is_one_piece_at_that_price():
    (line,) = add_label_line(sale_of(), POLICY, MILK, reading("230100300350"), "x").lines
    assert (line.quantity, line.price, line.amount, line.price_source) == ("1", 350, 350, PriceSource.LABEL)


def test_a_price_label_is_sold_for_goods_whose_catalog_price_is_unknown():
    item = replace(BANANAS, price=0)
    (line,) = add_label_line(sale_of(), POLICY, item, reading("230100300350"), "x").lines
    assert (line.quantity, line.amount) == ("1", 350)


def test_a_label_that_says_nothing_is_refused():
    with pytest.raises(SaleRefused, match=r"says 0\.00"):
        add_label_line(sale_of(), POLICY, BANANAS, reading("230100300000"), "x")
    with pytest.raises(SaleRefused, match="sells nothing"):
        add_label_line(sale_of(), POLICY, BANANAS, reading("210100300000"), "x")


def test_a_cheap_label_on_dear_goods_still_has_a_quantity():
    (line,) = add_label_line(
        sale_of(), POLICY, replace(BANANAS, price=10**6), reading("230100300001"), "x"
    ).lines
    assert (line.quantity, line.amount) == ("0.001", 1)


def test_a_count_label_sells_pieces():
    (line,) = add_label_line(sale_of(), POLICY, MILK, reading("250100300012"), "x").lines
    assert (line.quantity, line.amount) == ("12", 1308)


def test_goods_of_unknown_code_are_sold_by_department():
    (line,) = add_department_line(sale_of(), POLICY, DRINKS, 250, "2", "4711471147114").lines
    assert (line.sku, line.name, line.department, line.code) == ("", "Drinks", "D1", "4711471147114")
    assert (line.amount, line.tax.code, line.price_source) == (500, "A", PriceSource.DEPARTMENT)
    with pytest.raises(ZeroPriceRefused):
        add_department_line(sale_of(), POLICY, DRINKS, 0)


def test_a_sale_that_would_not_fit_into_its_record_is_full_in_a_sentence():
    sale = sale_of()
    with pytest.raises(SaleRefused, match=r"This sale is full with \d+ lines\. Take payment"):
        for _ in range(1000):
            sale = add_line(sale, POLICY, MILK, "1", "4006381333931")
    assert len(sale.lines) > 200
    assert due(sale) == 109 * len(sale.lines)


def test_long_names_and_codes_are_stored_short_and_sound():
    item = replace(MILK, name="e\u0301" * 500 + "\ud800")
    line = add_line(sale_of(), POLICY, item, code="\x1b" * 10_000).lines[0]
    assert line.name == "é" * 120
    assert line.code == "\x1b" * 64

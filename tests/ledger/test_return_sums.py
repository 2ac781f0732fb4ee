"""What goods that come back have to give back, computed a second time; what a difference about them means."""

import pytest

from store.ledger.causes import cause_of
from store.ledger.recomputation import recompute_sale
from store.ledger.return_recomputation import deposits_of_shift, recompute_return, returns_of_shift
from store.register.verification.returns import check_returns, without_returns
from store.register.verification.sums import ShiftSums, check_sale
from store.sale.deposit import deposits_sold


def line(quantity="-1", **changes):
    """The second of three pieces with a discount: 3 x 1.09 less 0.33."""
    row = {
        "n": 1, "quantity": quantity, "amount": -109, "discount": -11, "tax": "B", "tax_amount": -7, "gross": -98,
        "price": 109, "price_source": "catalog",
        "returns_of": {
            "series": "S0001-R01.1", "seq": 7, "receipt_no": 3, "n": 1,
            "sold": {"quantity": "3", "amount": 327, "discount": 33, "tax_amount": 19},
            "before": {"quantity": "1", "amount": 109, "discount": 11, "tax_amount": 6},
        },
    }  # fmt: skip
    return row | changes


def test_a_right_part_of_a_sale_has_no_disagreement():
    assert list(recompute_return(line())) == []
    check_returns({"lines": [line()]})


@pytest.mark.parametrize(
    ("changes", "effects"),
    [
        ({"amount": -110}, ["line:1.amount", "line:1.base"]),
        ({"discount": -10}, ["line:1.base"]),
        ({"tax_amount": -8}, ["line:1.tax"]),
        ({"quantity": "-3"}, ["line:1.quantity", "line:1.amount", "line:1.base", "line:1.tax"]),
    ],
)
def test_every_other_figure_is_named(changes, effects):
    assert [effect for effect, _, _ in recompute_return(line(**changes))] == effects
    with pytest.raises(ValueError, match="in line 1"):
        check_returns({"lines": [line(**changes)]})


def test_the_taxes_of_a_group_are_looked_at_one_by_one():
    origin = {
        "sold": {"quantity": "2", "amount": 200, "tax_amount": 30, "tax_parts": [20, 10]},
    }
    row = line(
        amount=-100, discount=0, tax_amount=-15, gross=-100, returns_of=origin,
        tax_parts=[{"code": "A", "tax": -10}, {"code": "B", "tax": -5}],
    )  # fmt: skip
    assert list(recompute_return(row)) == []
    check_returns({"lines": [row]})
    row["tax_parts"][1]["tax"] = -6
    assert [effect for effect, _, _ in recompute_return(row)] == ["line:1.tax:B"]
    with pytest.raises(ValueError, match="the tax"):
        check_returns({"lines": [row]})


def test_a_return_that_is_undone_is_no_return_and_only_a_post_void_may_say_so():
    undone = line(quantity="1", amount=109)
    assert list(recompute_return(undone)) == []
    check_returns({"lines": [undone], "voids_of": {}})
    with pytest.raises(ValueError, match="less than nothing"):
        check_returns({"lines": [undone]})


def test_what_comes_back_takes_no_part_in_the_discounts_of_its_ticket():
    sale = {"lines": [line(), {"n": 2, "discount": 5}], "discount": -6}
    assert without_returns(sale) == {"lines": [{"n": 2, "discount": 5}], "discount": 5}


def test_a_shift_counts_lines_that_came_back_and_sales_undone():
    empties = line(empties=1, gross=-25)
    del empties["returns_of"]
    assert returns_of_shift({"lines": [line(), empties], "total": -123}) == {
        "returns": 1,
        "returns_total": 98,
    }
    assert returns_of_shift({"lines": [line(quantity="1")], "total": 5}) == {}
    assert returns_of_shift({"lines": [line()], "total": -98, "voids_of": {}}) == {
        "post_voids": 1,
        "post_voids_total": 98,
    }


def test_two_rates_of_one_code_are_counted_together():
    """Goods sold at 19 % come back after the rate was lowered, in exchange for goods at 16 %."""
    back = {
        "n": 1, "sku": "1", "quantity": "-1", "amount": -119, "tax": "A", "tax_amount": -19, "gross": -119,
        "price": 119, "price_source": "catalog",
        "returns_of": {"sold": {"quantity": "1", "amount": 119, "tax_amount": 19}},
    }  # fmt: skip
    new = {
        "n": 2, "sku": "2", "quantity": "1", "amount": 116, "tax": "A", "tax_amount": 16, "gross": 116, "price": 116,
        "price_source": "catalog",
    }  # fmt: skip
    rows = [
        {"code": "A", "name": "VAT", "rate": "19", "included": 1, "net": -100, "tax": -19, "gross": -119},
        {"code": "A", "name": "VAT", "rate": "16", "included": 1, "net": 100, "tax": 16, "gross": 116},
    ]
    body = {
        "lines": [back, new], "taxes": rows, "subtotal": -3, "discount": 0, "total": -3, "change": 0,
        "cash_rounding": 0, "rounding_scope": "line", "cash_rounding_step": 1,
        "tenders": [{"n": 1, "tender": 1, "kind": "cash", "amount": -3}],
    }  # fmt: skip
    assert list(recompute_sale(body)) == []
    check_sale(body)
    new["tax_amount"] = 17
    assert "line:2.tax" in [effect for effect, _, _ in recompute_sale(body)]
    with pytest.raises(ValueError, match="line 2 the tax 17"):
        check_sale(body)


@pytest.mark.parametrize(
    ("effect", "words"),
    [
        ("return:2.quantity", "More came back than was sold"),
        ("return:2.sale", "not in the books"),
        ("return:2.sold_amount", "in line 2 names another figure"),
        ("line:2.base", "line 2 gives back"),
        ("shift.post_voids", "sales undone"),
    ],
)
def test_a_difference_about_returns_says_what_it_means(effect, words):
    assert words in cause_of(effect)


def test_vouchers_sold_are_no_deposits_in_any_of_the_three_computations():
    """Neither takes part in discounts, but only deposits are counted as such."""
    rows = [
        {"n": 1, "sku": "voucher", "voucher": "99", "no_discount": 1, "gross": 2_000},
        {"n": 2, "sku": "900", "parent": 3, "no_discount": 1, "gross": 25},
        {"n": 3, "sku": "900", "empties": 1, "no_discount": 1, "gross": -50},
    ]
    assert [row["n"] for row in deposits_sold(rows)] == [2]
    assert deposits_of_shift({"lines": rows}) == {"deposits_total": 25, "empties_total": 50}
    sums = ShiftSums()
    sums._add_sale({"total": 1_975, "discount": 0, "tenders": [], "lines": rows_with_prices(rows)})
    assert sums.deposits == {"deposits_total": 25, "empties_total": 50}


def rows_with_prices(rows):
    return [
        {"tax": "", "price_source": "catalog", "quantity": "1", "amount": row["gross"], **row} for row in rows
    ]

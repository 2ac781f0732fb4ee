"""Several taxes on the same goods: percentages, amounts per unit, tax on tax, included and on top, in all scopes."""

import itertools
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from sale_shop import CITY, POLICY, VAT_19
from store.ledger.causes import cause_of
from store.ledger.recomputation import recompute_sale
from store.ledger.tax_recomputation import exact_taxes as exact_on_the_server
from store.ledger.tax_recomputation import terms
from store.register.verification.sums import check_sale
from store.register.verification.taxes import exact_taxes as exact_in_the_verifier
from store.sale.detail import TaxDetail
from store.sale.item import Item
from store.sale.policy import RoundingScope, TaxRate
from store.sale.sale import new_sale
from store.sale.selling import add_line
from store.sale.settings import PolicyRefused, policy_from_settings
from store.sale.tax import LineTax, line_rows, line_taxes, tax_table
from store.sale.tax_group import coefficients, contained, exact_parts, line_parts, on_top, ticket_parts
from store.sale.totals import totals


def tax(code, rate="0", *, included=True, **detail):
    return TaxRate(code=code, name=code, rate=rate, included=included, detail=TaxDetail(**detail))


def group(code, *members):
    named = TaxDetail(members=tuple(one.code for one in members))
    return TaxRate(code=code, name=code, rate="0", detail=named, members=members)


GST, QST = tax("G", "5", included=False), tax("Q", "9.975", included=False, compound=True)
QUEBEC = group("GQ", GST, QST)
SUGAR = tax("SU", fixed=25)
ON_SUGAR = tax("V", "20", compound=True)
SOFT_DRINK = group("SV", SUGAR, ON_SUGAR)
MIXED = group("MX", tax("I", "10"), tax("T", "2.5", included=False), tax("F", fixed=10, included=False))
ALL = (VAT_19, CITY, QUEBEC, SOFT_DRINK, MIXED, SUGAR)
ITEMS = {one.code: Item(sku=one.code, name=one.code, price=200, tax=one.code) for one in ALL}
SHOP = replace(POLICY, taxes=(*ALL, GST, QST, ON_SUGAR, *MIXED.members))


def test_a_tax_on_tax_is_computed_from_the_net_and_the_taxes_before_it():
    # Quebec until 2012: 100.00 + 5 % = 105.00, of that 9.975 % are 10.47.
    assert line_parts(10_000, 1_000, QUEBEC) == (500, 1047)


def test_a_fixed_tax_goes_by_quantity_and_a_vat_counts_on_it():
    # Two bottles at 1.35: 2 x 0.25 sugar tax; (2.25 + ...) 2.70 / 1.2 = 2.25 with it, so the VAT is 0.45.
    assert line_parts(270, 2_000, SOFT_DRINK) == (50, 45)
    assert line_parts(270, 1_500, SUGAR) == (38,)


def test_included_and_on_top_may_be_mixed():
    parts = line_parts(220, 2_000, MIXED)
    assert parts == (20, 5, 20)
    assert (contained(parts, MIXED), on_top(parts, MIXED)) == (20, 25)


def test_two_equal_taxes_give_equal_amounts():
    twice = group("TT", tax("X", "14"), tax("Y", "14"))
    assert line_parts(24_900, 1_000, twice) == (2723, 2723)


def test_amounts_per_unit_never_take_more_than_goods_cost():
    assert line_parts(30, 1_000, SOFT_DRINK) == (25, 5)
    assert line_parts(12, 1_000, SOFT_DRINK) == (10, 2)
    assert line_parts(0, 1_000, SOFT_DRINK) == (0, 0)
    assert line_parts(-12, -1_000, SOFT_DRINK) == (-10, -2)


@given(st.integers(0, 10_000_000), st.integers(1, 9_999_999), st.sampled_from(ALL))
def test_the_price_is_the_net_with_what_it_contains_exactly(base, quantity, of):
    numerators, common = exact_parts(base, quantity, of)
    exact = [Fraction(one, common) for one in numerators]
    members = of.members or (of,)
    net = base - sum(part for part, one in zip(exact, members, strict=True) if one.included)
    if base >= 0:
        assert net >= 0
    if net == 0:
        return
    before = Fraction(0)
    for part, one in zip(exact, members, strict=True):
        wanted = (net + (before if one.detail.compound else 0)) * Fraction(one.rate) / 100
        assert part == (Fraction(one.detail.fixed * quantity, 1_000) if one.detail.fixed else wanted)
        before += part


@given(st.integers(-10_000_000, 10_000_000), st.integers(1, 9_999_999), st.sampled_from(ALL))
def test_server_and_verifier_find_the_same_by_other_means(base, quantity, of):
    numerators, common = exact_parts(base, quantity, of)
    rows = [
        {"code": one.code, "rate": one.rate, "included": int(one.included)}
        | ({"fixed": one.detail.fixed} if one.detail.fixed else {})
        | ({"compound": 1} if one.detail.compound else {})
        for one in (of.members or (of,))
    ]
    exact = [Fraction(one, common) for one in numerators]
    assert exact_on_the_server(base, Fraction(quantity, 1_000), terms(rows)) == exact
    assert exact_in_the_verifier(base, str(Fraction(quantity, 1_000)), rows) == exact


@given(st.integers(-10_000_000, 10_000_000), st.sampled_from([VAT_19, CITY]))
def test_one_plain_tax_is_what_it_always_was(base, of):
    assert line_parts(base, 1_000, of) == (line_taxes(base, of).tax,)


LINES = st.lists(
    st.tuples(st.integers(0, 100_000), st.integers(1, 20).map(lambda n: n * 500), st.sampled_from(ALL)),
    min_size=1,
    max_size=6,
)


@given(LINES, st.sampled_from(RoundingScope))
def test_a_refund_mirrors_its_sale_in_every_scope(lines, scope):
    back = [(-base, -quantity, of) for base, quantity, of in lines]
    mirrored = [tuple(-part for part in parts) for parts in ticket_parts(back, scope)]
    assert mirrored == ticket_parts(lines, scope)


@given(LINES, st.sampled_from(RoundingScope))
def test_the_sum_of_each_tax_does_not_depend_on_the_order_of_lines(lines, scope):
    def sums(order):
        found = {}
        for (_, _, of), parts in zip(order, ticket_parts(order, scope), strict=True):
            for one, part in zip(of.members or (of,), parts, strict=True):
                found[one.code] = found.get(one.code, 0) + part
        if scope is RoundingScope.PER_DOCUMENT:  # a cent may go to another of several rates, the sums stay
            kinds = {one.code: one.included for of in ALL for one in (of.members or (of,))}
            return {
                kind: sum(part for code, part in found.items() if kinds[code] is kind)
                for kind in (True, False)
            }
        return found

    for order in itertools.islice(itertools.permutations(lines), 6):
        assert sums(list(order)) == sums(lines)


@given(LINES, st.sampled_from([RoundingScope.PER_RATE, RoundingScope.PER_DOCUMENT]))
def test_no_part_is_a_whole_unit_away_from_its_exact_amount(lines, scope):
    for line, parts in zip(lines, ticket_parts(lines, scope), strict=True):
        numerators, common = exact_parts(*line)
        for part, numerator in zip(parts, numerators, strict=True):
            assert abs(part - Fraction(numerator, common)) <= 1


def test_each_row_of_the_tax_table_says_what_its_tax_was_computed_from():
    parts = line_parts(10_000, 1_000, QUEBEC)
    line = LineTax(10_000, sum(parts), 10_000 + sum(parts))
    rows = tax_table(line_rows(QUEBEC, line, parts))
    assert [(row.code, row.net, row.tax, row.gross) for row in rows] == [
        ("G", 10_000, 500, 10_500),
        ("Q", 10_500, 1_047, 11_547),
    ]
    assert [row.compound for row in rows] == [False, True]


@pytest.mark.parametrize("scope", RoundingScope)
def test_sales_with_every_kind_of_tax_add_up_and_are_found_right(scope):
    from sale_shop import paid, sale_payload
    from store.sale.tender import TenderKind

    policy = replace(SHOP, rounding_scope=scope)
    sale = new_sale("t", "EUR", 0, scope)
    for number, one in enumerate(ALL, start=1):
        sale = add_line(sale, policy, ITEMS[one.code], str(number))
    sums = totals(sale, policy)
    assert sums.total == sum(line.gross for line in sale.lines)
    assert all(row.net + row.tax == row.gross for row in sums.taxes)
    assert sum(row.tax for row in sums.taxes) == sum(line.tax_amount for line in sale.lines)
    payload = sale_payload(paid(sale, policy, (TenderKind.CARD, sums.total)), policy)
    assert list(recompute_sale(payload)) == []
    check_sale(payload)
    row = next(line for line in payload["lines"] if line["tax"] == "SV")
    assert [part["code"] for part in row["tax_parts"]] == ["SU", "V"]
    table = {row["code"]: row for row in payload["taxes"]}
    assert (table["SU"]["fixed"], table["Q"]["compound"]) == (25, 1)
    for place in (0, 1):
        row["tax_parts"][place]["tax"] += 1
        assert list(recompute_sale(payload))
        with pytest.raises(ValueError):
            check_sale(payload)
        row["tax_parts"][place]["tax"] -= 1
    for part in row["tax_parts"]:
        part["tax"] += 1
    effects = [effect for effect, _, _ in recompute_sale(payload)]
    assert len(effects) == len(set(effects)), "the books name each figure once"
    assert {f"line:{row['n']}.tax", "tax:SU.tax", "tax:V.tax"} <= set(effects)
    assert not [effect for effect in effects if "compute this figure differently" in cause_of(effect)]


def test_taxes_of_headquarters_find_their_members():
    taxes = (GST, QST, replace(QUEBEC, members=()))
    policy = policy_from_settings({}, taxes)
    assert policy.taxes[2].members == (GST, QST)
    assert coefficients(policy.taxes[2]) == coefficients(QUEBEC)


def test_a_group_in_a_group_stands_for_its_taxes():
    policy = policy_from_settings({}, (GST, QST, QUEBEC, CITY, tax("N", members=("C", "GQ"))))
    assert policy.taxes[-1].members == (CITY, GST, QST)


@pytest.mark.parametrize(
    ("taxes", "says"),
    [
        ((replace(QUEBEC, members=()), GST), "which is no tax of this store"),
        ((GST, tax("N", members=("G", "G"))), "each once"),
        ((GST, tax("N", members=("G", "N"))), "other taxes"),
        ((GST, tax("N", members=("G",), fixed=5)), "amount per unit"),
        ((GST, tax("N", members=("G",), replaces=("*",))), "nor take the place"),
        ((GST, QST, QUEBEC, tax("N", members=("G", "GQ"))), "of one twice"),
        ((tax("M", members=("N",)), tax("N", members=("M",))), "of no tax"),
        ((tax("N", exempt=True),), "which taxes it takes"),
    ],
)
def test_a_group_that_cannot_be_computed_is_named(taxes, says):
    with pytest.raises(PolicyRefused, match=says):
        policy_from_settings({}, taxes)

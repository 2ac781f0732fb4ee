"""Whatever a till does with offers, taxes and exemptions: sums agree, and two other computations find the same."""

import contextlib
import itertools

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from sale_shop import CITY, POLICY, VAT_7, VAT_19, sale_payload
from store.ledger.recomputation import recompute_sale
from store.register.verification.sums import check_sale
from store.sale.detail import TaxDetail
from store.sale.discount import Discount
from store.sale.discounting import discount_line, discount_sale, override_price
from store.sale.item import Item
from store.sale.limits import UNLIMITED
from store.sale.offer import Offer
from store.sale.offering import put_back_offers, remove_offers, with_price_groups
from store.sale.paying import add_tender, begin_payment, complete
from store.sale.policy import RoundingScope, TaxRate
from store.sale.quantity import from_thousandths
from store.sale.record import sale_body
from store.sale.refusal import SaleRefused
from store.sale.sale import OffersState, new_sale
from store.sale.selling import add_line, set_quantity, void_line
from store.sale.settings import policy_from_settings
from store.sale.tax_override import override_line_tax, override_sale_tax, restore_line_tax, restore_sale_tax
from store.sale.tender import TenderKind
from store.sale.totals import due, totals


def tax(code, rate="0", *, included=True, **detail):
    return TaxRate(code=code, name=f"Tax {code}", rate=rate, included=included, detail=TaxDetail(**detail))


TAXES = policy_from_settings(
    {},
    (
        VAT_19,
        VAT_7,
        CITY,
        tax("G", "5", included=False),
        tax("Q", "9.975", included=False, compound=True),
        tax("GQ", members=("G", "Q")),
        tax("SU", fixed=25),
        tax("V", "20", compound=True),
        tax("SV", members=("SU", "V")),
        tax("MX", members=("B", "C", "SU")),
        tax("T", "7", replaces=("A", "SV", "GQ")),
        tax("X", exempt=True, replaces=("*",)),
        tax("Z", "5.5", included=False, replaces=("*",)),
    ),
).taxes
OFFERS = st.lists(
    st.builds(
        Offer,
        code=st.sampled_from(["A", "B"]),
        name=st.just("Percent"),
        percent=st.integers(1, 100_000).map(from_thousandths),
        combined=st.booleans(),
        price_group=st.sampled_from(["", "", "STAFF"]),
    )
    | st.builds(
        Offer, code=st.just("C"), name=st.just("Off"), amount=st.integers(1, 3_000), combined=st.booleans()
    )
    | st.builds(
        Offer, code=st.just("D"), name=st.just("Now"), new_price=st.integers(0, 9_000), combined=st.booleans()
    ),
    max_size=3,
    unique_by=lambda one: one.code,
).map(tuple)
ITEMS = st.builds(
    lambda price, code, weighed: Item(
        sku="1", name="Goods", price=price, tax=code, weighed=weighed, unit="kg" if weighed else "pcs"
    ),
    st.integers(1, 50_000),
    st.sampled_from(["A", "B", "C", "GQ", "SU", "SV", "MX", ""]),
    st.booleans(),
)
DISCOUNTS = st.builds(Discount, percent=st.integers(0, 100_000).map(from_thousandths)) | st.builds(
    Discount, amount=st.integers(0, 5_000)
)
CODES = st.sampled_from(["T", "X", "Z"]).map(lambda code: next(one for one in TAXES if one.code == code))
CHANGES = st.one_of(
    st.builds(lambda n, given: lambda sale, policy: discount_line(sale, n, given, UNLIMITED),
              st.integers(1, 6), DISCOUNTS),
    st.builds(lambda given: lambda sale, policy: discount_sale(sale, given, UNLIMITED), DISCOUNTS),
    st.builds(lambda n, price: lambda sale, policy: override_price(sale, policy, n, price, "Short", UNLIMITED),
              st.integers(1, 6), st.integers(1, 90_000)),
    st.builds(lambda n, quantity: lambda sale, policy: set_quantity(sale, policy, n, quantity),
              st.integers(1, 6), st.integers(1, 9).map(str)),
    st.builds(lambda n: lambda sale, policy: void_line(sale, n), st.integers(1, 6)),
    st.builds(lambda n, of: lambda sale, policy: override_line_tax(sale, n, of, "C-1"), st.integers(1, 6), CODES),
    st.builds(lambda of: lambda sale, policy: override_sale_tax(sale, of, "C-2"), CODES),
    st.builds(lambda n: lambda sale, policy: restore_line_tax(sale, n), st.integers(1, 6)),
    st.sampled_from([
        lambda sale, policy: restore_sale_tax(sale),
        lambda sale, policy: remove_offers(sale),
        lambda sale, policy: put_back_offers(sale, OffersState.NOW),
        lambda sale, policy: with_price_groups(sale, ("STAFF",)),
        lambda sale, policy: with_price_groups(sale, ()),
    ]),
)  # fmt: skip
BASKETS = st.lists(
    st.tuples(ITEMS, st.integers(1, 9_999).map(from_thousandths), OFFERS), min_size=1, max_size=6
)


def made(basket, changes, scope, step=1, tie="up"):
    policy = replace(
        POLICY, taxes=TAXES, rounding_scope=scope, cash_rounding_step=step, cash_rounding_tie=tie
    )
    sale = new_sale("t", "EUR", 0, scope)
    for item, quantity, offers in basket:
        quantity = quantity if item.weighed else "3"
        sale = add_line(sale, policy, item, quantity, offers=offers, zero_confirmed=True)
    for change in changes:
        with contextlib.suppress(SaleRefused):
            sale = change(sale, policy)
    return sale, policy


@settings(max_examples=400, deadline=None)
@given(
    basket=BASKETS,
    changes=st.lists(CHANGES, max_size=8),
    scope=st.sampled_from(RoundingScope),
    step=st.sampled_from([1, 5, 10]),
    tie=st.sampled_from(["up", "down"]),
    card_part=st.sampled_from([0, 30, 100]),
)
def test_any_basket_adds_up_and_is_found_right_by_server_and_verifier(
    basket, changes, scope, step, tie, card_part
):
    sale, policy = made(basket, changes, scope, step, tie)
    if not sale.live_lines:
        return
    sums = totals(sale, policy)
    live = sale.live_lines
    relief = sum(line.tax_relief for line in live)
    top = sum(row.tax for row in sums.taxes if not row.included)
    assert sums.total == sums.subtotal - sums.discount - relief + top
    assert sum(row.tax for row in sums.taxes) == sum(line.tax_amount for line in live)
    assert all(line.net + line.tax_amount == line.gross for line in live)
    assert all(row.net + row.tax == row.gross for row in sums.taxes)
    assert all(0 <= line.offered <= line.discount <= line.amount for line in live)
    sale = begin_payment(sale)
    if card := due(sale) * card_part // 100:
        sale = add_tender(sale, policy, TenderKind.CARD, card)
    if due(sale):
        sale = add_tender(sale, policy, TenderKind.CASH, totals(sale, policy).exact_cash)
    payload = sale_payload(complete(sale, policy), policy)
    assert list(recompute_sale(payload)) == []
    check_sale(payload)


@settings(max_examples=100, deadline=None)
@given(basket=BASKETS, given_=DISCOUNTS, scope=st.sampled_from(RoundingScope))
def test_the_total_does_not_depend_on_the_order_of_lines_but_for_what_is_spread(basket, given_, scope):
    totals_found = set()
    for order in itertools.islice(itertools.permutations(basket), 6):
        sale, policy = made(order, (), scope)
        sums = totals(sale, policy)
        totals_found.add((sums.subtotal, sums.discount, sums.total))
        with contextlib.suppress(SaleRefused):
            sale = discount_sale(sale, given_, UNLIMITED)
        shares = [line.discount_share for line in sale.lines]
        assert sum(shares) == totals(sale, policy).discount - sums.discount
    assert len(totals_found) == 1


@settings(max_examples=60, deadline=None)
@given(basket=BASKETS, changes=st.lists(CHANGES, max_size=8), scope=st.sampled_from(RoundingScope))
def test_a_sale_changed_line_by_line_is_the_sale_counted_at_once(basket, changes, scope):
    sale, _ = made(basket, changes, scope)
    rows = len(msgspec.json.encode(sale_body(sale, POLICY)["lines"])) if sale.live_lines else 0
    assert rows <= sale.record_bytes, "what the sale counts for its record is never too little"
    at_once = with_price_groups(sale, sale.price_groups)
    assert at_once.lines == sale.lines
    assert at_once.record_bytes == sale.record_bytes

"""Customers on a sale and their accounts: the pure rules, each against every input."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sale_shop import MILK, POLICY, WINE
from store.sale.account import Standing, charged, check_account_sale, payment_body
from store.sale.customer import (
    LIMITS,
    SaleCustomer,
    checked,
    customer_row,
    dialled,
    digits_of,
    of_detail,
    same_phone,
)
from store.sale.offer import Offer
from store.sale.refusal import SaleRefused
from store.sale.sale import PriceSource, new_sale
from store.sale.selling import add_line
from store.sale.serving import serve

TEXTS = st.text(max_size=300)
BERG = SaleCustomer(id="C1", name="Berg", account=True, credit_limit=5_000)


@given(st.sampled_from(sorted(LIMITS)), TEXTS)
def test_what_is_typed_is_kept_printable_in_one_line_and_bounded_or_refused(field, text):
    try:
        kept = checked(field, text)
    except SaleRefused as refusal:
        assert str(refusal).endswith(".")
        return
    assert kept.isprintable() or not kept
    assert len(kept) <= LIMITS[field]
    assert kept == kept.strip()
    assert checked(field, kept) == kept, "what was kept is kept again as it is"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("+49 30 123456", "030/123456", True),
        ("0049 30 123456", "+49-30-123456", True),
        ("030 123456", "030 123457", False),
        ("123456", "+49 30 123456", False),
        ("12345", "12345", False),
        ("", "", False),
        ("0171 777888", "171777888", True),
    ],
)
def test_telephone_numbers_are_the_same_with_country_or_zero_in_front(one, other, same):
    assert same_phone(one, other) is same
    assert same_phone(other, one) is same


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("030 12", "3012"),
        ("+49 30", "4930"),
        ("12", ""),
        ("a12345", ""),
        ("", ""),
        ("0000", ""),
        ("٣٤٥٦", ""),
    ],
)
def test_a_typed_number_is_a_part_of_a_telephone_number_from_three_digits_on(text, digits):
    assert dialled(text) == digits


@given(st.text(alphabet="0123456789 +-/()", max_size=30))
def test_digits_are_only_digits(text):
    assert not digits_of(text) or digits_of(text).isdigit()


@given(
    st.dictionaries(
        st.text(max_size=12), st.one_of(TEXTS, st.integers(), st.booleans(), st.none()), max_size=8
    ),
    TEXTS,
)
def test_any_detail_of_headquarters_makes_a_customer(detail, name):
    customer = of_detail("C1", name, {**detail, "credit_limit": detail.get("credit_limit", -5)})
    assert customer.credit_limit >= 0
    assert len(customer.name) <= 80 and (customer.name.isprintable() or not customer.name)


def test_the_record_names_a_customer_only_where_law_or_account_want_it():
    assert customer_row(SaleCustomer(id="C1", name="Berg")) == {"id": "C1"}
    assert customer_row(BERG) == {"id": "C1", "name": "Berg"}
    assert customer_row(SaleCustomer(id="C1", name="Berg", tax_id="DE1")) == {
        "id": "C1",
        "name": "Berg",
        "tax_id": "DE1",
    }


# -- prices


OFFERS = st.lists(
    st.builds(
        Offer,
        code=st.sampled_from(["A", "B", "C"]),
        name=st.just("Off"),
        percent=st.sampled_from(["5", "10", "33.3"]),
        price_group=st.sampled_from(["", "C1", "TRADE"]),
    ),
    max_size=3,
    unique_by=lambda offer: offer.code,
).map(tuple)
LINES = st.lists(
    st.tuples(st.sampled_from([MILK, WINE]), st.integers(1, 9), OFFERS, st.booleans()), max_size=6
)
CUSTOMERS = st.sampled_from(
    [
        SaleCustomer(id="C1", name="A"),
        SaleCustomer(id="C2", name="B", group="TRADE"),
        SaleCustomer(id="C9", name="C"),
    ]
)


def basket(lines, sale=None):
    sale = sale or new_sale("t", "EUR", 0)
    for item, count, offers, by_hand in lines:
        price, source = (77, PriceSource.TYPED) if by_hand else (None, PriceSource.CATALOG)
        sale = add_line(sale, POLICY, item, str(count), price=price, price_source=source, offers=offers)
    return sale


@settings(max_examples=200)
@given(LINES, LINES, st.lists(CUSTOMERS, max_size=3))
def test_f52_setting_customers_in_any_order_is_as_if_the_last_had_been_there_first(before, after, customers):
    last = SaleCustomer(id="C2", name="B", group="TRADE")
    moved = basket(before)
    for customer in customers:
        moved = serve(moved, POLICY, customer)
    moved = basket(after, serve(moved, POLICY, last))
    first = basket([*before, *after], serve(new_sale("t", "EUR", 0), POLICY, last))
    assert moved == first


@settings(max_examples=200)
@given(LINES, CUSTOMERS)
def test_clearing_undoes_what_setting_did(lines, customer):
    sale = basket(lines)
    assert serve(serve(sale, POLICY, customer), POLICY, None) == sale
    served = serve(sale, POLICY, customer)
    assert [(line.price, line.quantity, line.amount) for line in served.lines] == [
        (line.price, line.quantity, line.amount) for line in sale.lines
    ], "prices and amounts stay; only what is taken off differs"


# -- accounts


STANDINGS = st.builds(
    Standing,
    balance=st.integers(-10_000, 10_000),
    as_of_ms=st.sampled_from([0, 1]),
    waiting=st.integers(-5_000, 5_000),
    final=st.booleans(),
)


@given(STANDINGS, st.integers(-2_000, 12_000), st.integers(0, 3_000), st.integers(0, 10_000))
def test_nobody_owes_more_than_the_limit_by_all_that_is_known(standing, amount, offline_limit, credit_limit):
    customer = SaleCustomer(id="C1", name="Berg", account=True, credit_limit=credit_limit)
    try:
        check_account_sale(customer, standing, amount, "EUR", offline_limit=offline_limit)
    except SaleRefused as refusal:
        assert str(refusal).endswith(".")
        assert amount > 0, "what takes off the debt is never refused"
        return
    if amount <= 0:
        return
    assert standing.balance + max(standing.waiting, 0) + amount <= credit_limit
    if not standing.final:
        assert standing.as_of_ms > 0
        assert max(standing.waiting, 0) + amount <= offline_limit


def test_no_account_no_customer_and_what_is_left_are_said():
    for customer, words in (
        (None, "Nobody is on the sale"),
        (SaleCustomer(id="1", name="X"), "X has no account"),
    ):
        with pytest.raises(SaleRefused, match=words):
            check_account_sale(customer, Standing(final=True), 1, "EUR", offline_limit=0)
    with pytest.raises(SaleRefused, match=r"may owe 50\.00 and owes 45\.00: 5\.00 can go"):
        check_account_sale(BERG, Standing(balance=4_500, final=True), 501, "EUR", offline_limit=0)


@given(st.integers(1, 10**8), st.sampled_from(["cash", "card"]))
def test_a_payment_takes_off_what_it_says(amount, tender):
    body = payment_body("C1", "Berg", amount, "EUR", tender=tender, balance=None)
    assert charged({"kind": "account.payment", **body}) == -amount
    assert sum(row["amount"] for row in body["tenders"]) == body["total"]
    assert "balance" not in body

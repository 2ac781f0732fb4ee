"""Payments by every kind of tender: whatever is given, it adds up; what goes back is the mirror."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from sale_shop import BAG, MILK, POLICY, WINE, sale_of, sale_payload
from store.ledger.recomputation import recompute_sale
from store.register.verification.sums import check_sale
from store.sale.foreign import home_value, least_foreign
from store.sale.item import Item
from store.sale.paying import begin_payment, complete, take_payment, void_tender
from store.sale.record import sale_body
from store.sale.refusal import SaleRefused
from store.sale.sale import new_sale
from store.sale.selling import add_line
from store.sale.tender import Payment, TenderKind
from store.sale.tender_type import types_of_rows
from store.sale.totals import totals

ROWS = [
    ("cash", "Cash", "cash", 1, {}),
    ("card", "Card", "card", 2, {}),
    ("usd", "US dollars", "foreign", 3, {"currency": "USD", "rate": "0.9217"}),
    ("jpy", "Yen", "foreign", 4, {"currency": "JPY", "rate": "0.0061"}),
    ("kwd", "Dinars", "foreign", 5, {"currency": "KWD", "rate": "3.0207"}),
    ("check", "Check", "check", 6, {"change": "cash", "over_limit": 2_000}),
    ("bank", "Bank check", "check", 7, {"change": "voucher", "over_limit": 5_000}),
    ("voucher", "Voucher", "voucher", 8, {}),
    ("account", "Account", "account", 9, {}),
]
SHOP = replace(POLICY, tenders=types_of_rows(ROWS))
SHOP_5 = replace(SHOP, cash_rounding_step=5)
NUMBER = "99123456789012342"


def in_payment(*items, policy=SHOP):
    return begin_payment(sale_of(*items, policy=policy), policy)


def pay(sale, policy=SHOP, type="cash", **more):
    return take_payment(sale, policy, Payment(type=type, **more))


def refund(amount, policy=SHOP):
    """A sale that owes the customer so much: an untaxed line below zero."""
    item = Item(sku="back", name="Goods back", price=amount)
    sale = add_line(new_sale("0197f22e-79b0-7cc3-98c4-dc0c0c073000", "EUR", 1), policy, item)
    (line,) = sale.lines
    back = replace(line, quantity="-1", amount=-amount, net=-amount, gross=-amount)
    return begin_payment(replace(sale, lines=(back,)), policy)


# -- foreign notes


def test_notes_are_worth_what_the_rate_says_to_the_cent():
    """20.00 USD at 0.9217 are 18.434; 5000 JPY at 0.0061 are 30.50; 10.000 KWD at 3.0207 are 30.207."""
    assert home_value(2_000, "USD", "0.9217", "EUR") == 1_843
    assert home_value(5_000, "JPY", "0.0061", "EUR") == 3_050
    assert home_value(10_000, "KWD", "3.0207", "EUR") == 3_021
    assert home_value(1_000, "EUR", "163.5", "JPY") == 1_635
    assert home_value(50, "USD", "0.01", "EUR") == 1  # half a cent goes up


@given(
    amount=st.integers(1, 10**7),
    whole=st.integers(0, 500),
    fraction=st.integers(1, 99_999),
    pair=st.sampled_from([("USD", "EUR"), ("JPY", "EUR"), ("EUR", "JPY"), ("KWD", "EUR"), ("EUR", "KWD")]),
)
def test_the_least_amount_of_notes_covers_what_is_due_and_one_unit_less_does_not(
    amount, whole, fraction, pair
):
    foreign, home = pair
    rate = f"{whole}.{fraction:05d}"
    least = least_foreign(amount, foreign, rate, home)
    assert home_value(least, foreign, rate, home) >= amount
    assert home_value(least - 1, foreign, rate, home) < amount


def test_notes_pay_by_their_rate_and_change_is_the_stores_own_money():
    sale = pay(in_payment(WINE), type="usd", foreign=2_000)
    (tender,) = sale.tenders
    assert (tender.amount, tender.given, tender.change, tender.rounding) == (599, 1_843, 1_244, 0)
    assert (tender.currency, tender.foreign, tender.rate, tender.name) == (
        "USD",
        2_000,
        "0.9217",
        "US dollars",
    )
    assert complete(sale, SHOP)


def test_change_for_notes_is_what_coins_can_pay():
    (tender,) = pay(in_payment(WINE, policy=SHOP_5), SHOP_5, type="usd", foreign=2_000).tenders
    assert (tender.change, tender.rounding) == (1_245, -1)
    assert tender.given - tender.change == tender.amount + tender.rounding


def test_notes_for_less_than_is_due_count_by_their_rate():
    sale = pay(in_payment(WINE), type="usd", foreign=500)
    assert (sale.tenders[0].amount, totals(sale, SHOP).due) == (461, 138)


@pytest.mark.parametrize("foreign", [0, -5, 10**12])
def test_no_notes_and_absurd_ones_are_refused(foreign):
    with pytest.raises(SaleRefused, match=r"Type how much USD|Type the amount again"):
        pay(in_payment(WINE), type="usd", foreign=foreign)


# -- checks, limits


def test_a_check_needs_its_number_and_gives_change_within_its_limit():
    sale = in_payment(WINE)
    with pytest.raises(SaleRefused, match="needs the number"):
        pay(sale, type="check", given=599)
    (tender,) = pay(sale, type="check", given=2_000, reference="4711").tenders
    assert (tender.amount, tender.change, tender.reference) == (599, 1_401, "4711")
    with pytest.raises(SaleRefused, match=r"at most 20\.00 more than is due"):
        pay(sale, type="check", given=2_600, reference="4711")
    with pytest.raises(SaleRefused, match="card number"):
        pay(sale, type="check", given=599, reference="4111 1111 1111 1111")


def test_change_may_be_a_voucher_and_both_are_voided_together():
    sale = pay(in_payment(WINE), type="bank", given=1_000, reference="1", change_voucher=NUMBER)
    check, voucher = sale.tenders
    assert (check.amount, voucher.kind, voucher.amount, voucher.voucher) == (
        1_000,
        TenderKind.VOUCHER,
        -401,
        NUMBER,
    )
    assert totals(sale, SHOP).due == 0
    for n in (1, 2):
        assert totals(void_tender(sale, n), SHOP).due == 599


@pytest.mark.parametrize("kind", ["card", "voucher", "account"])
def test_what_gives_no_change_pays_at_most_what_is_due(kind):
    with pytest.raises(SaleRefused, match=r"pays at most the 5\.99 due"):
        pay(in_payment(WINE), type=kind, given=600)


def test_the_least_and_the_most_of_a_type_hold():
    rows = [
        ("cash", "Cash", "cash", 1, {"max_amount": 500}),
        ("card", "Card", "card", 2, {"min_amount": 300}),
    ]
    shop = replace(POLICY, tenders=types_of_rows(rows))
    with pytest.raises(SaleRefused, match=r"Cash pays at most 5\.00 of a sale"):
        pay(in_payment(WINE, policy=shop), shop, given=1_000)
    with pytest.raises(SaleRefused, match=r"Card is taken from 3\.00 on"):
        pay(in_payment(WINE, policy=shop), shop, type="card", given=299)
    sale = pay(in_payment(WINE, policy=shop), shop, given=300)
    with pytest.raises(SaleRefused, match="at most"):
        pay(sale, shop, given=299)


def test_cash_of_a_type_with_a_step_of_its_own_is_rounded_by_it():
    rows = [("cash", "Cash", "cash", 1, {"rounding_step": 10, "over_limit": 2_000})]
    shop = replace(POLICY, tenders=types_of_rows(rows))
    sale = in_payment(WINE, policy=shop)
    assert totals(sale, shop).exact_cash == 600
    with pytest.raises(SaleRefused, match=r"at most 20\.00 more than is due"):
        pay(sale, shop, given=5_000)
    body = sale_body(complete(pay(sale, shop, given=600), shop), shop)
    assert (body["cash_rounding"], body["cash_rounding_step"]) == (1, 10)


def test_a_type_the_store_does_not_take_is_refused():
    with pytest.raises(SaleRefused, match="does not take that"):
        pay(in_payment(WINE), type="gold", given=1)


# -- money back


def test_cash_goes_back_as_the_mirror_of_its_payment():
    there = pay(in_payment(MILK, WINE, policy=SHOP_5), SHOP_5, given=710).tenders[0]
    back = pay(refund(708, SHOP_5), SHOP_5, given=710).tenders[0]
    assert (there.amount, there.given, there.rounding) == (708, 710, 2)
    assert (back.amount, back.given, back.rounding, back.change) == (-708, -710, -2, 0)


def test_what_goes_back_is_bounded_by_what_is_owed():
    with pytest.raises(SaleRefused, match=r"5\.99 is to give back; no more than that"):
        pay(refund(599), given=600)
    with pytest.raises(SaleRefused, match="an amount above zero"):
        pay(refund(599), given=0)


def test_a_voucher_given_back_has_a_number_and_a_card_needs_a_receipt():
    with pytest.raises(SaleRefused, match="needs a number"):
        pay(refund(599), type="voucher", given=599)
    with pytest.raises(SaleRefused, match=r"Card is not given back here\. There is: Cash, Voucher"):
        pay(refund(599), type="card", given=599)
    sale = pay(refund(599), type="voucher", given=599, voucher=NUMBER)
    assert (sale.tenders[0].amount, sale.tenders[0].voucher) == (-599, NUMBER)


# -- whatever is given, it adds up

PAYMENTS = st.lists(
    st.tuples(
        st.sampled_from(["cash", "card", "usd", "jpy", "kwd", "check", "bank", "voucher", "account"]),
        st.integers(1, 4_000),
    ),
    min_size=1,
    max_size=6,
)


@given(payments=PAYMENTS, step=st.sampled_from([1, 5, 10]), goods=st.integers(1, 4))
def test_any_mix_of_payments_adds_up_on_the_register_at_the_server_and_for_the_verifier(
    payments, step, goods
):
    policy = replace(SHOP, cash_rounding_step=step)
    sale = in_payment(*[WINE, MILK, BAG, WINE][:goods], policy=policy)
    for kind, amount in payments:
        how = Payment(
            type=kind,
            given=amount * step,
            foreign=amount,
            reference="7",
            voucher=NUMBER if kind == "voucher" else "",
            change_voucher=NUMBER,
        )
        try:
            sale = take_payment(sale, policy, how)
        except SaleRefused:
            continue
    due = totals(sale, policy).exact_cash
    if totals(sale, policy).due:
        sale = take_payment(sale, policy, Payment(type="cash", given=abs(due)))
    sale = complete(sale, policy)
    for tender in sale.tenders:
        assert tender.given - tender.change == tender.amount + tender.rounding
        assert tender.change >= 0
        assert tender.change % step == 0
        assert abs(tender.rounding) * 2 <= step
        if tender.currency:
            assert tender.given == home_value(tender.foreign, tender.currency, tender.rate, "EUR")
    payload = sale_payload(sale, policy)
    assert sum(row["amount"] for row in payload["tenders"]) == payload["total"] == payload["paid"]
    assert list(recompute_sale(payload)) == []
    check_sale(payload)


@given(payments=PAYMENTS, step=st.sampled_from([1, 5, 10]), amount=st.integers(1, 5_000))
def test_any_mix_of_ways_back_adds_up_to_what_is_owed(payments, step, amount):
    policy = replace(SHOP, cash_rounding_step=step)
    sale = refund(amount, policy)
    for kind, part in payments:
        voucher = NUMBER if kind == "voucher" else ""
        try:
            sale = take_payment(sale, policy, Payment(type=kind, given=part * step, voucher=voucher))
        except SaleRefused:
            continue
    if totals(sale, policy).due:
        exact = abs(totals(sale, policy).exact_cash)
        sale = take_payment(sale, policy, Payment(type="cash", given=exact))
    sale = complete(sale, policy)
    payload = sale_payload(sale, policy)
    assert sum(row["amount"] for row in payload["tenders"]) == payload["total"] == -amount
    assert all(tender.amount <= 0 for tender in sale.tenders)
    check_sale(payload)

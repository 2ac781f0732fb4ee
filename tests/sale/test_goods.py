"""Deposits, empties, units and serial numbers: whatever is done to a sale, two other computations agree to the cent."""

import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from sale_shop import MILK, POLICY, payload_of, sale_of
from store.ledger.recomputation import recompute_sale
from store.register.verification.sums import check_sale
from store.sale.age import AgeCheck, covers, latest_birth_date
from store.sale.detail import ItemDetail
from store.sale.discount import Discount
from store.sale.discounting import discount_line, discount_sale, override_price
from store.sale.goods import change_unit, set_serial, take_empties, with_answers, with_deposit
from store.sale.info import InfoAnswer, InfoCode, InfoPrompt, answered, info_fault
from store.sale.item import Item
from store.sale.limits import UNLIMITED
from store.sale.paying import add_tender, begin_payment, complete
from store.sale.policy import RoundingScope
from store.sale.record import sale_body
from store.sale.refusal import SaleRefused
from store.sale.selling import add_line, set_quantity, void_line
from store.sale.tender import TenderKind
from store.sale.totals import totals
from store.sale.units import units_of

DEPOSIT = Item(sku="900", name="Deposit", price=25, tax="A", detail=ItemDetail(empties=True))
BEER = Item(
    sku="901",
    name="Beer",
    price=109,
    tax="A",
    detail=ItemDetail(deposit="900", further_units=("crate=12:10.99", "pair=2")),
)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(("beer", "milk", "empties", "void", "quantity", "unit", "line", "sale", "price")),
        st.integers(0, 7),
        st.integers(1, 40),
    ),
    max_size=14,
)


def step(sale, what, at, n):
    """One thing that a cashier does; what is refused leaves the sale as it was."""
    line = 1 + at % max(len(sale.lines), 1)
    try:
        match what:
            case "beer":
                sale = add_line(sale, POLICY, BEER, str(n))
                return with_deposit(sale, POLICY, len(sale.lines), DEPOSIT)
            case "milk":
                return add_line(sale, POLICY, MILK, str(n))
            case "empties":
                return take_empties(sale, POLICY, DEPOSIT, str(n), "900")
            case "void":
                return void_line(sale, line)
            case "quantity":
                return set_quantity(sale, POLICY, line, str(n))
            case "unit":
                units = units_of(BEER, BEER.price, "EUR")
                is_beer = sale.lines[line - 1].sku == "901"
                return change_unit(sale, POLICY, line, units[n % 3]) if is_beer else sale
            case "line":
                return discount_line(sale, line, Discount(percent=str(n)), UNLIMITED)
            case "price":
                return override_price(sale, POLICY, line, n * 7, "x", UNLIMITED)
            case _:
                return discount_sale(sale, Discount(amount=n * 10), UNLIMITED)
    except (SaleRefused, IndexError):
        return sale


@settings(max_examples=150, deadline=None)
@given(STEPS, st.sampled_from(RoundingScope))
def test_deposits_follow_their_goods_and_every_sum_holds(steps, scope):
    sale = replace(sale_of(), rounding_scope=scope)
    for what, at, n in steps:
        sale = step(sale, what, at, n)
    for line in sale.live_lines:
        if line.parent:
            goods = sale.lines[line.parent - 1]
            assert not goods.voided
            assert int(line.quantity) == int(goods.quantity) * int(goods.factor or "1")
        if line.no_discount:
            assert (line.discount, line.discount_share) == (0, 0)
    due = totals(sale, POLICY).due
    if not sale.live_lines or due < 0:
        return
    paid = begin_payment(sale)
    if due:
        paid = add_tender(paid, POLICY, TenderKind.CARD, due)
    body = payload_of(sale_body(complete(paid, POLICY), POLICY), "sale")
    assert list(recompute_sale(body)) == []
    check_sale(body)


def test_deposit_of_what_is_measured_is_one():
    cheese = Item(sku="9", name="Cheese", price=1990, tax="A", unit="kg", weighed=True)
    sale = add_line(sale_of(), POLICY, cheese, "0.482")
    assert with_deposit(sale, POLICY, 1, DEPOSIT).lines[1].quantity == "1"


def test_empties_without_a_price_and_units_that_cannot_be_are_refused():
    with pytest.raises(SaleRefused, match="has no price"):
        take_empties(sale_of(), POLICY, replace(DEPOSIT, price=0), "1", "900")
    item = replace(BEER, detail=ItemDetail(further_units=("half=0.5", "odd=x", "none=0", "bad=2:x")))
    assert [one.unit for one in units_of(item, 100, "EUR")] == ["pcs", "half"]
    sale = add_line(sale_of(), POLICY, replace(BEER, unit="l"), "0.5")
    with pytest.raises(SaleRefused, match="Set a whole quantity first"):
        change_unit(sale, POLICY, 1, units_of(BEER, 109, "EUR")[1])
    sale = override_price(add_line(sale_of(), POLICY, BEER), POLICY, 1, 50, "x", UNLIMITED)
    with pytest.raises(SaleRefused, match="not the catalog's"):
        change_unit(sale, POLICY, 1, units_of(BEER, 109, "EUR")[1])


def test_serial_number_is_one_piece_s_and_no_other_line_s():
    sale = add_line(add_line(sale_of(), POLICY, BEER), POLICY, BEER, "2")
    sale = set_serial(sale, 1, " SN-1\x1b ")
    assert sale.lines[0].serial == "SN-1"
    with pytest.raises(SaleRefused, match="belongs to one piece"):
        set_serial(sale, 2, "SN-2")
    sale = set_quantity(sale, POLICY, 2, "1")
    with pytest.raises(SaleRefused, match="on line 1 already"):
        set_serial(sale, 2, "SN-1")


def test_a_record_has_room_for_every_answer_or_refuses_the_line():
    sale = sale_of(*[MILK] * 120)
    answer = InfoAnswer(code="C" * 12, name="N" * 40, answer="ü" * 40)
    with pytest.raises(SaleRefused, match="full"):
        for n in range(1, 121):
            sale = with_answers(sale, n, (answer,) * 5)
    assert sale.record_bytes <= 51_000


@given(st.dates(datetime.date(1950, 1, 1), datetime.date(2100, 12, 31)), st.integers(1, 99))
def test_who_was_born_on_the_last_day_is_just_old_enough(day, age):
    born = datetime.date.fromisoformat(latest_birth_date(day.isoformat(), age))

    def years(birth):
        return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))

    assert years(born) >= age
    assert years(born + datetime.timedelta(days=1)) < age


def test_a_check_covers_every_lower_age():
    check = AgeCheck(age=18, born_by="2008-11-24", sku="1")
    assert covers(check, 16) and covers(check, 18) and covers(None, 0)
    assert not covers(check, 21) and not covers(None, 16)


@pytest.mark.parametrize(
    ("kind", "typed", "answer"),
    [
        ("text", " red\x1b ", "red"),
        ("number", "012,50", "12.5"),
        ("list", "2", "Blue"),
        ("yes-no", "J", "yes"),
        ("yes-no", "2", "no"),
        ("text", "-", ""),
    ],
)
def test_answers_are_recorded_in_one_form(kind, typed, answer):
    detail = InfoCode(kind=kind, choices=("Red", "Blue") if kind == "list" else (), required=False)
    assert answered(InfoPrompt(code="X", name="Which?", detail=detail), typed) == answer
    assert info_fault(detail) == ""


@pytest.mark.parametrize(("kind", "typed"), [("number", "x"), ("list", "3"), ("yes-no", "so"), ("text", "")])
def test_other_answers_are_refused(kind, typed):
    detail = InfoCode(kind=kind, choices=("Red", "Blue") if kind == "list" else ())
    with pytest.raises(SaleRefused):
        answered(InfoPrompt(code="X", name="Which?", detail=detail), typed)


def test_a_list_needs_choices_and_nothing_else_has_any():
    assert "needs choices" in info_fault(InfoCode(kind="list"))
    assert "Only a list" in info_fault(InfoCode(choices=("a",)))

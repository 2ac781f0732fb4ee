"""Goods that come back, with and without their receipt: the lines, the record, the sums."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from store.sale.discount import Discount
from store.sale.discounting import discount_line, discount_sale
from store.sale.item import Item
from store.sale.limits import UNLIMITED
from store.sale.past_sale import (
    is_untouched,
    left_of,
    number_text,
    parse_number,
    past_sale,
    returned_of,
    with_later,
    with_returned,
)
from store.sale.policy import RoundingScope, StorePolicy, TaxRate
from store.sale.quantity import thousandths
from store.sale.record import sale_body
from store.sale.refunding import ways_of_sale
from store.sale.refusal import SaleRefused
from store.sale.sale import new_sale
from store.sale.selling import add_line, void_line
from store.sale.taking_back import (
    left_on,
    origins,
    set_back_quantity,
    take_back,
    take_back_item,
    turn_line,
)
from store.sale.totals import totals

POLICY = StorePolicy(
    taxes=(
        TaxRate(code="A", name="VAT", rate="19"),
        TaxRate(code="B", name="VAT", rate="7"),
        TaxRate(code="S", name="State", rate="5.5", included=False),
    )
)
MILK = Item(sku="1001", name="Whole milk 1 l", price=109, tax="B")
PAN = Item(sku="2001", name="Pan", price=2399, tax="A")
NAILS = Item(sku="2002", name="Nails", price=333, tax="S", unit="kg", weighed=True)
SERIES = "S0001-R01.1"


def fresh(scope=RoundingScope.PER_LINE, n=1):
    return new_sale(f"t{n}", "EUR", 0, scope)


def recorded(sale, seq=7, receipt_no=3, series=SERIES):
    """The sale as its record tells it, whoever paid for it."""
    total = totals(sale, POLICY).total
    body = sale_body(sale, POLICY)
    body |= {
        "series": series,
        "seq": seq,
        "receipt_no": receipt_no,
        "at": "2026-11-24T13:00:00.000Z",
        "kind": "sale",
    }
    body["tenders"] = [{"n": 1, "tender": 1, "kind": "card", "amount": total}]
    return body


def sold(*items, given=None, scope=RoundingScope.PER_LINE):
    sale = fresh(scope)
    for item, quantity in items:
        sale = add_line(sale, POLICY, item, quantity, item.sku)
    if given is not None:
        sale = discount_sale(sale, given, UNLIMITED)
    return sale


def test_one_of_three_comes_back_for_what_it_cost_then():
    past = past_sale(recorded(sold((MILK, "3"), (PAN, "1"), given=Discount(percent="10"))))
    sale = take_back(fresh(n=2), POLICY, past, 1, "1")
    (line,) = sale.lines
    assert (line.quantity, line.amount, line.discount_share, line.gross, line.tax_amount) == (
        "-1",
        -109,
        -11,
        -98,
        -6,
    )
    assert line.is_return
    assert line.net + line.tax_amount == line.gross
    assert totals(sale, POLICY).total == -98
    assert left_on(sale, past, past.lines[0]) == "2"


def test_more_of_the_same_line_makes_the_line_larger():
    past = past_sale(recorded(sold((MILK, "3"))))
    sale = take_back(fresh(n=2), POLICY, past, 1, "1")
    sale = take_back(sale, POLICY, past, 1)
    (line,) = sale.lines
    assert (line.quantity, line.amount) == ("-3", -327)
    with pytest.raises(SaleRefused, match="all 3 of it came back already"):
        take_back(sale, POLICY, past, 1)
    assert left_on(void_line(sale, 1), past, past.lines[0]) == "3"


@pytest.mark.parametrize(
    ("n", "quantity", "why"),
    [
        (9, "", "no line 9"),
        (1, "4", "At most 3"),
        (1, "0", "Type how much"),
        (1, "x", "Type how much"),
        (1, "0.5", "by the piece"),
    ],
)
def test_what_cannot_come_back_is_refused_with_the_reason(n, quantity, why):
    past = past_sale(recorded(sold((MILK, "3"))))
    with pytest.raises(SaleRefused, match=why):
        take_back(fresh(n=2), POLICY, past, n, quantity)


def test_a_receipt_in_another_currency_is_refused():
    past = replace(past_sale(recorded(sold((MILK, "3")))), currency="CHF")
    with pytest.raises(SaleRefused, match="is in CHF"):
        take_back(fresh(n=2), POLICY, past, 1)


def test_what_was_taken_back_does_not_come_back_again():
    first = past_sale(recorded(sold((MILK, "3"))))
    back = take_back(fresh(n=2), POLICY, first, 1)
    again = past_sale(recorded(back, seq=9, receipt_no=4))
    with pytest.raises(SaleRefused, match="was taken back on that receipt"):
        take_back(fresh(n=3), POLICY, again, 1)
    assert left_on(None, again, again.lines[0]) == "0"


def test_an_exchange_has_one_difference():
    past = past_sale(recorded(sold((PAN, "1"))))
    sale = take_back(fresh(n=2), POLICY, past, 1)
    sale = add_line(sale, POLICY, MILK, "2")
    body = sale_body(sale, POLICY)
    assert body["total"] == 218 - 2399
    assert body["subtotal"] == body["total"]
    assert [row["gross"] for row in body["taxes"]] == [-2399, 218]
    assert body["lines"][0]["returns_of"] == {
        "series": SERIES,
        "seq": 7,
        "receipt_no": 3,
        "n": 1,
        "sold": {"quantity": "1", "amount": 2399, "tax_amount": 383},
    }


def test_a_discount_on_the_exchange_touches_no_goods_that_come_back():
    past = past_sale(recorded(sold((PAN, "1"), given=Discount(percent="50"))))
    sale = take_back(fresh(n=2), POLICY, past, 1)
    sale = discount_sale(add_line(sale, POLICY, PAN, "1"), Discount(percent="10"), UNLIMITED)
    body = sale_body(sale, POLICY)
    assert [line["gross"] for line in body["lines"]] == [-1199, 2159]
    assert (body["sale_discount"], body["discount"]) == (240, 240 - 1200)
    with pytest.raises(SaleRefused, match="nothing to take off"):
        discount_line(sale, 1, Discount(percent="10"), UNLIMITED)


def test_goods_without_a_receipt_come_back_at_the_price_of_today():
    sale = take_back_item(fresh(), POLICY, replace(MILK, blocked="it was recalled."), "2", "Spoilt", "1001")
    (line,) = sale.lines
    assert (line.quantity, line.amount, line.tax_amount, line.gross) == ("-2", -218, -14, -218)
    assert sale_body(sale, POLICY)["lines"][0]["return_reason"] == "Spoilt"
    assert set_back_quantity(sale, 1, "3").lines[0].amount == -327
    with pytest.raises(SaleRefused, match="no quantity"):
        set_back_quantity(sale, 1, "0.5")


def test_a_scanned_line_is_turned_round_once():
    sale = turn_line(add_line(fresh(), POLICY, MILK, "2"), 1, "Wrong size")
    assert sale.lines[0].amount == -218
    with pytest.raises(SaleRefused, match="a return already"):
        turn_line(sale, 1, "")


def test_the_quantity_of_a_line_with_a_receipt_stays_within_what_is_left():
    past = past_sale(recorded(sold((MILK, "3"))))
    sale = take_back(fresh(n=2), POLICY, past, 1, "2")
    assert set_back_quantity(sale, 1, "1").lines[0].amount == -109
    with pytest.raises(SaleRefused, match="Scan the receipt again"):
        set_back_quantity(sale, 1, "3")
    with pytest.raises(SaleRefused, match="At most 3"):
        set_back_quantity(sale, 1, "4")
    with pytest.raises(SaleRefused, match="by the piece"):
        set_back_quantity(sale, 1, "0.5")


def test_the_number_on_a_receipt_is_read_back():
    assert parse_number("S0001-R01-000482").series == "S0001-R01.1"
    found = parse_number(" S0001-R01.2-000001 ")
    assert (found.series, found.receipt_no, found.store) == ("S0001-R01.2", 1, "S0001")
    assert parse_number(number_text(found.series, 1)) == found
    for text in ("4006381333931", "S0001-R01", "-000482", "S0001-R01-12", "", "x" * 60 + "-000001"):
        assert parse_number(text) is None


def test_money_given_back_before_is_known_with_the_receipt():
    """So that a card takes back no more than it paid, whoever gave back the first part."""
    payload = recorded(sold((MILK, "3")))
    past = past_sale(payload)
    back = recorded(take_back(fresh(n=2), POLICY, past, 1, "1"), seq=9, receipt_no=4)
    past = with_later(with_later(past, back), back)
    assert left_of(past, past.lines[0]) == "2"
    sale = take_back(fresh(n=3), POLICY, past, 1, "1")
    assert [row["amount"] for row in sale.returned_from[0].tenders] == [327, -109]


def test_what_others_are_taking_back_is_not_left():
    past = replace(past_sale(recorded(sold((MILK, "3")))), reserved=((1, "2"),))
    assert left_of(past, past.lines[0]) == "1"
    assert is_untouched(past)


def with_deposit(quantity="6"):
    """A receipt of bottles with their deposit, as its record tells it."""
    payload = recorded(sold((MILK, quantity), (PAN, quantity)))
    payload["lines"][1] |= {"parent": 1, "no_discount": 1, "name": "Deposit"}
    return past_sale(payload)


def test_deposits_come_back_with_their_goods():
    past = with_deposit()
    sale = take_back(fresh(n=2), POLICY, past, 1, "2")
    assert [(line.name, line.quantity, line.parent) for line in sale.lines] == [
        (MILK.name, "-2", 0),
        ("Deposit", "-2", 1),
    ]
    assert sale_body(sale, POLICY)["lines"][1]["no_discount"] == 1
    sale = set_back_quantity(sale, 1, "1")
    assert [line.quantity for line in sale.lines] == ["-1", "-1"]
    sale = take_back(sale, POLICY, past, 1)
    assert [line.quantity for line in sale.lines] == ["-6", "-6"]
    with pytest.raises(SaleRefused, match="goes with line 1"):
        turn_line(replace(sale, lines=tuple(replace(line, quantity="1") for line in sale.lines)), 2, "")


def test_a_scanned_line_is_turned_round_with_its_deposit():
    sale = add_line(add_line(fresh(), POLICY, MILK, "2"), POLICY, PAN, "2")
    sale = replace(sale, lines=(sale.lines[0], replace(sale.lines[1], parent=1, no_discount=True)))
    assert [line.quantity for line in turn_line(sale, 1, "").lines] == ["-2", "-2"]


ITEMS = (MILK, PAN, NAILS)


@settings(max_examples=60)
@given(st.integers(0, 2**32), st.sampled_from(list(RoundingScope)))
def test_a_sale_given_back_in_parts_is_the_sale_again(seed, scope):
    """Any parts, any order, over several tickets: net, tax and gross of every line add up to what was sold."""
    random = Random(seed)
    basket = [(random.choice(ITEMS), str(random.randint(1, 9))) for _ in range(random.randint(1, 5))]
    discount = Discount(percent=str(random.randint(1, 60))) if random.random() < 0.5 else None
    payload = recorded(sold(*basket, given=discount, scope=scope))
    past, seq, back = past_sale(payload), 100, []
    while any(left_of(past, line) != "0" for line in past.lines):
        ticket = fresh(scope, seq)
        for line in random.sample(past.lines, k=len(past.lines)):
            left = thousandths(left_of(past, line))
            if left and random.random() < 0.6:
                whole = random.randint(1, left // 1000)
                ticket = take_back(ticket, POLICY, past, line.n, str(whole))
        if not ticket.lines:
            continue
        seq += 1
        record = recorded(ticket, seq=seq, receipt_no=seq)
        back.append(record)
        past = with_returned(past, returned_of(record, past.series, past.seq))
        assert len(origins(ticket)) == len(ticket.lines)
    for name in ("total", "discount", "subtotal"):
        assert sum(record[name] for record in back) == -payload[name]
    for line in payload["lines"]:
        own = [row for record in back for row in record["lines"] if row["returns_of"]["n"] == line["n"]]
        for name in ("amount", "tax_amount", "gross", "discount_share"):
            assert sum(row.get(name, 0) for row in own) == -line.get(name, 0)
    for row in payload["taxes"]:
        same = [one for record in back for one in record["taxes"] if one["code"] == row["code"]]
        assert [sum(one[name] for one in same) for name in ("net", "tax", "gross")] == [
            -row["net"],
            -row["tax"],
            -row["gross"],
        ]


def test_what_was_paid_by_goods_that_came_back_goes_back_as_without_a_receipt():
    """An exchange: 23.99 for a pan less 1.09 for milk, so 22.90 by card; the pan comes back whole."""
    sale = take_back_item(sold((PAN, "1")), POLICY, MILK, "1", MILK.sku, "Bought by mistake")
    past = past_sale(recorded(sale))
    assert past.total == 2290
    back = take_back(fresh(n=2), POLICY, past, 1, "1")
    assert totals(back, POLICY).total == -2399
    ways = {way.type: way.most for way in ways_of_sale(back, POLICY)}
    assert (ways["card"], ways["cash"]) == (2290, 109)

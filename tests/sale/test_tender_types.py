"""Tender types of headquarters: what a kind has by itself, letters, change, and rows nobody could pay by."""

import pytest
from msgspec.structs import replace

from store.sale.tender_type import (
    BUILT_IN,
    CARD_TYPE,
    CASH_TYPE,
    NO_BOUND,
    GivenBack,
    Reference,
    TenderKind,
    TenderTypeRefused,
    by_key,
    completed,
    find_type,
    first_of,
    tender_type,
    types_of_rows,
)

USD = ("usd", "US dollars", "foreign", 3, {"currency": "USD", "rate": "0.9217"})


def test_a_store_without_types_takes_cash_and_card():
    assert types_of_rows([]) == BUILT_IN == completed([])


def test_what_headquarters_leaves_open_follows_from_the_kind():
    cash, card, check, voucher = (
        tender_type(code, code, code) for code in ("cash", "card", "check", "voucher")
    )
    assert (cash.over_limit, cash.opens_drawer, cash.refund_without_receipt) == (NO_BOUND, True, True)
    assert (card.over_limit, card.opens_drawer, card.reference) == (0, False, Reference.NO)
    assert (check.reference, check.refund) == (Reference.REQUIRED, (GivenBack.CASH,))
    assert (voucher.counted, voucher.refund_without_receipt) == (False, True)
    assert tender_type("a", "A", "account").counted is False
    assert tender_type(*USD).over_limit == NO_BOUND


def test_what_headquarters_says_wins_over_the_kind():
    check = tender_type(
        "check",
        "Check",
        "check",
        0,
        {"reference": "no", "opens_drawer": False, "refund": ["nothing"], "over_limit": 500},
    )
    assert (check.reference, check.opens_drawer, check.refund, check.over_limit) == (
        Reference.NO,
        False,
        (),
        500,
    )


def test_every_type_but_cash_has_a_letter_of_its_own():
    rows = [
        ("cash", "Cash", "cash", 1, {}),
        ("card", "Card", "card", 2, {}),
        ("amex", "Amex", "card", 3, {}),
        ("check", "Check", "check", 4, {"letter": "c"}),
        USD,
    ]
    types = types_of_rows(rows)
    keys = {one.code: one.key for one in types}
    assert keys == {"cash": "", "check": "c", "card": "a", "usd": "f", "amex": "m"}
    assert by_key(types, "C").code == "check"
    assert by_key(types, "z") is None


def test_change_is_given_in_a_type_that_exists():
    rows = [("cash", "Cash", "cash", 1, {}), USD, ("voucher", "Voucher", "voucher", 5, {})]
    rows += [
        ("k1", "Check", "check", 6, {"change": "voucher"}),
        ("k2", "Check", "check", 7, {"change": "gone"}),
    ]
    types = types_of_rows(rows)
    assert {one.code: one.change for one in types} == {
        "cash": "cash",
        "usd": "cash",
        "voucher": "",
        "k1": "voucher",
        "k2": "",
    }


def test_a_row_that_a_newer_headquarters_wrote_is_left_out():
    rows = [("cash", "Cash", "cash", 1, {}), ("coin", "Coins of the web", "crypto", 2, {})]
    assert [one.code for one in types_of_rows(rows)] == ["cash"]


def test_a_store_without_cash_has_none():
    (card,) = types_of_rows([("card", "Card", "card", 1, {})])
    assert first_of((card,), TenderKind.CASH) is None
    assert find_type((card,), "cash") is None


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (("Cash", "Cash", "cash"), "small letters"),
        (("card", "Cash", "cash"), "name of another kind"),
        (("cash", "", "cash"), "needs a name"),
        (("cash", "Cash", "cash", 1, {"letter": "cc"}), "not one small letter|cannot be read"),
        (("cash", "Cash", "cash", 1, {"min_amount": 500, "max_amount": 100}), "most is less"),
        (("usd", "Dollars", "foreign"), "have a currency and a rate"),
        (("card", "Card", "card", 1, {"currency": "USD", "rate": "1"}), "they alone"),
        (("usd", "Dollars", "foreign", 1, {"currency": "USD", "rate": "0.0"}), "no rate"),
        (("usd", "Dollars", "foreign", 1, {"currency": "USD", "rate": "1e3"}), "no rate"),
        (("usd", "Dollars", "foreign", 1, {"currency": "USD", "rate": "0.12345678901"}), "no rate"),
        (
            ("usd", "Dollars", "foreign", 1, {"currency": "usd", "rate": "1"}),
            "no currency code|cannot be read",
        ),
        (("x", "X", "barter"), "cannot be read"),
    ],
)
def test_a_type_nobody_could_pay_by_is_refused_with_a_sentence(row, why):
    with pytest.raises(TenderTypeRefused, match=why):
        tender_type(*row)


def test_the_built_in_types_are_sound():
    assert completed([CASH_TYPE, CARD_TYPE]) == BUILT_IN
    assert replace(CASH_TYPE, key="") in BUILT_IN

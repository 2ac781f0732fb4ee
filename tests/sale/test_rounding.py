"""Cash rounding by country: steps, ties, presets, and what a sale records of it."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from sale_shop import POLICY, paid, sale_payload
from store.ledger.recomputation import recompute_sale
from store.register.verification.sums import check_sale
from store.sale.item import Item
from store.sale.money import round_half_up_to_cash
from store.sale.rounding import PRESETS, CashRounding, cash_rounding_preset, round_cash
from store.sale.sale import new_sale
from store.sale.selling import add_line
from store.sale.settings import PolicyRefused, policy_from_settings
from store.sale.tender import TenderKind
from store.sale.totals import totals


@pytest.mark.parametrize(
    ("habit", "amount", "cash"),
    [
        ("CH", 1997, 1995),
        ("CHF", 1998, 2000),
        ("SE", 1949, 1900),
        ("SEK", 1950, 2000),
        ("DK", 1925, 1950),
        ("NZ", 1995, 1990),
        ("NZD", 1996, 2000),
        ("FI", 1003, 1005),
        ("HU", 123_400, 123_500),
    ],
)
def test_each_country_rounds_by_its_habit_and_refunds_as_its_mirror(habit, amount, cash):
    rounding = cash_rounding_preset(habit)
    assert round_cash(amount, rounding) == cash
    assert round_cash(-amount, rounding) == -cash


@given(st.integers(-(10**9), 10**9), st.integers(1, 1_000))
def test_up_and_down_differ_in_the_middle_only(amount, step):
    up, down = (round_cash(amount, CashRounding(step, tie)) for tie in ("up", "down"))
    assert up == round_half_up_to_cash(amount, step)
    assert up % step == down % step == 0
    middle = Fraction(abs(amount), step) % 1 == Fraction(1, 2)
    assert (abs(up) - abs(down)) == (step if middle else 0)


def test_the_settings_of_a_store_name_a_country_a_step_or_a_tie():
    assert policy_from_settings({"cash_rounding": "nz"}, ()).cash_rounding == CashRounding(10, "down")
    up = policy_from_settings({"cash_rounding": "NZ", "cash_rounding_tie": "up"}, ())
    assert up.cash_rounding == CashRounding(10, "up")
    own = policy_from_settings({"cash_rounding_step": "5", "cash_rounding_tie": "down"}, ())
    assert own.cash_rounding == CashRounding(5, "down")
    # Headquarters always sends the step of the functionality profile; a country wins over it.
    both = policy_from_settings({"cash_rounding_step": "1", "cash_rounding": "CH"}, ())
    assert both.cash_rounding == CashRounding(5)
    for wrong in ({"cash_rounding": "XX"}, {"cash_rounding_tie": "even"}):
        with pytest.raises(PolicyRefused):
            policy_from_settings(wrong, ())


def test_every_preset_is_a_step_that_a_store_may_have():
    for name in PRESETS:
        policy_from_settings({"cash_rounding": name}, ())


@pytest.mark.parametrize(("tie", "cash"), [("up", 2000), ("down", 1990)])
def test_a_sale_records_the_tie_and_the_server_rounds_by_it(tie, cash):
    policy = replace(POLICY, cash_rounding_step=10, cash_rounding_tie=tie)
    sale = add_line(new_sale("t", "EUR", 0), policy, Item(sku="1", name="Goods", price=1995, tax="A"))
    assert totals(sale, policy).exact_cash == cash
    payload = sale_payload(paid(sale, policy, (TenderKind.CASH, cash)), policy)
    assert payload.get("cash_rounding_tie", "up") == tie
    assert payload["cash_rounding"] == cash - 1995
    assert list(recompute_sale(payload)) == []
    check_sale(payload)
    other = {**payload, "cash_rounding_tie": "down" if tie == "up" else "up"}
    assert [effect for effect, _, _ in recompute_sale(other)] == ["cash"]
    with pytest.raises(ValueError, match="in cash where"):
        check_sale(other)

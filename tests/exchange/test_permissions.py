"""How far a role may go: built-in limits, and the words by which headquarters changes them."""

import pytest

from store.exchange.permissions import Permission, limit_fault, limits_of, permissions_of
from store.sale.limits import UNLIMITED, Limits


def test_a_manager_gives_everything_and_everybody_else_a_little():
    assert limits_of("manager") == UNLIMITED
    assert limits_of("cashier") == limits_of("trainee") == Limits()


def test_words_among_the_permissions_set_the_limits():
    words = "sell discount line_discount=5 line_discount_amount=300 total_discount=2.5 price_lower=0 price_higher=150"
    assert limits_of("cashier", words) == Limits(
        line_percent="5", line_amount=300, total_percent="2.5", price_lower="0", price_higher="150"
    )


def test_limits_are_no_permissions_and_spoilt_ones_change_nothing():
    words = "sell line_discount=lots line_discount_amount=1.5 no_such=1"
    assert limits_of("cashier", words) == Limits()
    assert permissions_of("cashier", words) == {Permission.SELL, Permission.ANYONE, Permission.SIGNED_IN}


@pytest.mark.parametrize(
    ("word", "says"),
    [
        ("discount=5", "is no limit. There are: line_discount,"),
        ("line_discount=", "write percent"),
        ("line_discount=101", "at most 100 percent"),
        ("price_higher=10001", "at most 10000 percent"),
        ("total_discount=07", "write percent"),
        ("total_discount_amount=-5", "write whole minor units"),
    ],
)
def test_a_word_that_is_no_limit_is_refused_in_a_sentence(word, says):
    assert says in limit_fault(word)


@pytest.mark.parametrize(
    "word", ["line_discount=0", "total_discount=7.5", "price_higher=1000", "line_discount_amount=0"]
)
def test_a_limit_is_percent_or_minor_units(word):
    assert limit_fault(word) == ""

"""Weight, price and count labels; an independent library is the oracle for nine regions."""

from decimal import Decimal

import pytest
from biip import ParseConfig, ParseError
from biip.checksums import gs1_price_weight_check_digit
from biip.gtin import Gtin
from biip.rcn import Rcn, RcnRegion
from hypothesis import given
from hypothesis import strategies as st

from store.sale.barcode import BadLabel, LabelReading, check_digit, classify, read_label
from store.sale.item import ItemKey, KeyKind
from store.sale.label import PRESETS, check_digit_of_value, label_fault, label_presets
from store.sale.policy import LabelMeasure, LabelRule

REGIONS = [region.value for region in RcnRegion]
WEIGHT = LabelRule(pattern="21IIIIIVVVVVX", measure=LabelMeasure.WEIGHT, decimals=3)
PRICE = LabelRule(pattern="23IIIIIVVVVVX", measure=LabelMeasure.PRICE, decimals=2)
COUNT = LabelRule(pattern="25IIIIIVVVVVX", measure=LabelMeasure.COUNT, decimals=0)
RULES = (WEIGHT, PRICE, COUNT)


def label_of(body: str) -> str:
    return body + check_digit(body)


def test_a_weight_label_tells_the_weight():
    label = read_label(label_of("210123400482"), RULES)
    assert isinstance(label, LabelReading)
    assert (label.item, label.quantity, label.amount("EUR")) == ("01234", "0.482", 0)
    assert label.key == ItemKey(KeyKind.GTIN, "0" + label_of("210123400000"))


def test_a_price_label_tells_the_price_in_the_currency_of_the_store():
    label = read_label(label_of("230123400350"), RULES)
    assert isinstance(label, LabelReading)
    assert (label.quantity, label.amount("EUR"), label.amount("KWD"), label.amount("JPY")) == (
        "1",
        350,
        3500,
        4,
    )


def test_a_count_label_tells_pieces():
    label = read_label(label_of("250123400012"), RULES)
    assert isinstance(label, LabelReading)
    assert label.quantity == "12"


def test_the_item_key_is_the_same_for_every_value():
    keys = {read_label(label_of(f"2101234{value:05d}"), RULES).gtin for value in (0, 1, 482, 99_999)}
    assert len(keys) == 1


def test_the_first_rule_that_fits_decides():
    special = LabelRule(pattern="2199IIIVVVVVX", measure=LabelMeasure.PRICE, decimals=2)
    assert read_label(label_of("219912300482"), (special, WEIGHT)).measure is LabelMeasure.PRICE
    assert read_label(label_of("219912300482"), (WEIGHT, special)).measure is LabelMeasure.WEIGHT


def test_without_a_rule_there_is_no_label():
    assert read_label(label_of("290123400482"), RULES) is None
    assert read_label(label_of("210123400482"), ()) is None
    assert read_label("4011", RULES) is None
    assert read_label("96385074", RULES) is None


def test_a_wrong_outer_check_digit_is_no_label_but_a_misread_number():
    text = label_of("210123400482")
    wrong = text[:-1] + str((int(text[-1]) + 1) % 10)
    assert read_label(wrong, RULES) is None
    assert classify(wrong).expected == text[-1]


def test_upca_labels_are_the_same_with_and_without_their_zero():
    rules = label_presets("US")
    text = label_of(f"212345{check_digit_of_value('0599')}0599")
    short, long = read_label(text, rules), read_label("0" + text, rules)
    assert isinstance(short, LabelReading)
    assert (short.gtin, short.amount("USD")) == (long.gtin, 599) == (long.gtin, long.amount("USD"))


@pytest.mark.parametrize("region", ["DE", "GB", "US"])
def test_a_wrong_inner_check_digit_is_named_with_the_digit_expected(region):
    rule = label_presets(region)[0]
    pattern = rule.pattern
    size = pattern.count("V")
    value = "01234"[-size:]
    expected = check_digit_of_value(value)
    for digit in "0123456789":
        body = pattern[:-1].replace("I", "7").replace("C", digit).replace("V" * size, value)
        label = read_label(label_of(body), (rule,))
        if digit == expected:
            assert isinstance(label, LabelReading)
        else:
            assert label == BadLabel(text=label_of(body), expected=expected, value=value)


def test_an_inner_check_digit_is_ignored_when_the_rule_does_not_verify_it():
    rule = LabelRule(pattern="28IIIICVVVVVX", measure=LabelMeasure.WEIGHT, decimals=3)
    readings = [read_label(label_of(f"281234{digit}00482"), (rule,)) for digit in "0123456789"]
    assert {(reading.quantity, reading.gtin) for reading in readings} == {("0.482", readings[0].gtin)}


@given(st.one_of(st.integers(0, 9999).map("{:04d}".format), st.integers(0, 99_999).map("{:05d}".format)))
def test_value_check_digits_agree_with_the_oracle(value):
    assert check_digit_of_value(value) == str(gs1_price_weight_check_digit(value))


@pytest.mark.parametrize("value", ["", "123", "123456"])
def test_values_of_other_lengths_have_no_check_digit(value):
    with pytest.raises(ValueError, match="no check digit"):
        check_digit_of_value(value)


@pytest.mark.parametrize("region", REGIONS)
@given(st.integers(20, 29), st.integers(0, 10**10 - 1))
def test_presets_agree_with_the_oracle(region, prefix, rest):
    text = label_of(f"{prefix}{rest:010d}")
    ours = read_label(text, label_presets(region))
    config = ParseConfig(rcn_region=RcnRegion(region), rcn_verify_variable_measure=region in ("de", "gb"))
    try:
        theirs = Gtin.parse(text, config=config)
    except ParseError:
        assert isinstance(ours, BadLabel)
        return
    assert isinstance(theirs, Rcn)
    measured = [theirs.weight, theirs.price, theirs.count]
    if measured == [None, None, None]:
        assert ours is None
        return
    assert isinstance(ours, LabelReading)
    assert ours.gtin == theirs.without_variable_measure().as_gtin_14()
    if theirs.price is not None:
        assert Decimal(ours.amount("EUR")) / 100 == theirs.price
    else:
        assert Decimal(ours.quantity) == (theirs.weight if theirs.weight is not None else theirs.count)


def test_every_preset_is_a_sound_rule():
    assert {"DE", "GB", "SE", "NO", "DK", "FI", "EE", "LV", "LT", "US"} == set(PRESETS)
    assert not [label_fault(rule) for rules in PRESETS.values() for rule in rules if label_fault(rule)]
    assert label_presets("de") == PRESETS["DE"]
    assert label_presets("??") == ()


@pytest.mark.parametrize(
    ("pattern", "decimals", "verify", "says"),
    [
        ("21IIIIIVVVVX", 2, False, ""),
        ("21IIIIIVVVVVVX", 2, False, "14 places"),
        ("21IIIIIWWWWWX", 2, False, "only"),
        ("21IIIIIVVVVVV", 2, False, "must end with"),
        ("21IIIIXVVVVVX", 2, False, "must end with"),
        ("IIIIIIIVVVVVX", 2, False, "begin with a digit"),
        ("210000000000X", 2, False, "begin with a digit"),
        ("21IIIIIVVVVVX", 2, True, "no check digit"),
        ("21IIICVVVVVVX", 2, True, "no check digit"),
        ("21IIIIIVVVVVX", 6, False, "cannot have 6 decimals"),
        ("21IIIIIVVVVVX", -1, False, "cannot have -1 decimals"),
    ],
)
def test_an_unsound_rule_is_named_in_a_sentence(pattern, decimals, verify, says):
    rule = LabelRule(pattern=pattern, measure=LabelMeasure.PRICE, decimals=decimals, verify_check=verify)
    fault = label_fault(rule)
    assert says in fault
    assert bool(says) == bool(fault)

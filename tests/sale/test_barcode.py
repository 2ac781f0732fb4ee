"""Trade item numbers, their forms and check digits; an independent library is the oracle."""

import biip
import pytest
from biip.checksums import gs1_standard_check_digit
from biip.gtin import Gtin
from biip.upc import Upc
from hypothesis import given
from hypothesis import strategies as st

from store.sale.barcode import (
    BadCheckDigit,
    CodeForm,
    OtherText,
    TradeItem,
    check_digit,
    classify,
    expand_upce,
    expected_digit,
    gtin14,
    has_valid_check_digit,
    looks_like_code,
    lookup_keys,
)
from store.sale.item import ItemKey, KeyKind

DIGITS = st.text("0123456789", min_size=1, max_size=17)
LENGTHS = st.sampled_from([8, 12, 13, 14])


@pytest.mark.parametrize(
    ("text", "form", "gtin"),
    [
        ("4006381333931", CodeForm.EAN13, "04006381333931"),
        ("0042100005264", CodeForm.EAN13, "00042100005264"),
        ("042100005264", CodeForm.UPCA, "00042100005264"),
        ("04252614", CodeForm.UPCE, "00042100005264"),
        ("96385074", CodeForm.EAN8, "00000096385074"),
        ("14006381333938", CodeForm.GTIN14, "14006381333938"),
        (" 4006381333931 ", CodeForm.EAN13, "04006381333931"),
    ],
)
def test_every_form_of_a_trade_item_number_becomes_fourteen_digits(text, form, gtin):
    assert classify(text) == TradeItem(text=text.strip(), form=form, gtin=gtin)
    assert gtin14(text) == gtin
    assert looks_like_code(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("4006381333932", "1"), ("96385075", "4"), ("042100005265", "4"), ("14006381333931", "8")],
)
def test_a_wrong_check_digit_is_named_with_the_digit_expected(text, expected):
    assert classify(text) == BadCheckDigit(text=text, expected=expected)
    assert expected_digit(text) == expected
    assert gtin14(text) is None
    assert not looks_like_code(text)
    assert looks_like_code(text[:-1] + expected)


@pytest.mark.parametrize(
    "text", ["", "4011", "ABC-12", "123456789", "٤٠٠٦٣٨١٣٣٣٩٣١", "4006381333931x", "1" * 15]
)
def test_everything_else_is_other_text(text):
    assert classify(text) == OtherText(text=text)
    assert expected_digit(text) is None
    assert not looks_like_code(text)


@given(DIGITS)
def test_check_digit_agrees_with_the_oracle(digits):
    assert check_digit(digits) == str(gs1_standard_check_digit(digits))
    assert has_valid_check_digit(digits + check_digit(digits))


@given(DIGITS.filter(lambda digits: len(digits) > 2), st.data())
def test_any_single_wrong_digit_is_noticed(digits, data):
    code = digits + check_digit(digits)
    place = data.draw(st.integers(0, len(code) - 1))
    wrong = data.draw(st.sampled_from([d for d in "0123456789" if d != code[place]]))
    assert not has_valid_check_digit(code[:place] + wrong + code[place + 1 :])


@given(LENGTHS, st.data())
def test_trade_item_numbers_agree_with_the_oracle(length, data):
    digits = data.draw(st.text("0123456789", min_size=length, max_size=length))
    ours = classify(digits)
    try:
        theirs = Gtin.parse(digits).as_gtin_14()
    except biip.ParseError:
        theirs = None
    if isinstance(ours, TradeItem) and ours.form is not CodeForm.UPCE:
        assert theirs == ours.gtin
    elif isinstance(ours, BadCheckDigit):
        assert theirs is None
        assert ours.expected == str(gs1_standard_check_digit(digits[:-1]))


@given(st.sampled_from("01"), st.text("0123456789", min_size=6, max_size=6))
def test_upce_expansion_agrees_with_the_oracle(system, digits):
    bare = Upc.parse(system + digits)
    code = system + digits + str(bare.check_digit)
    assert expand_upce(code) == bare.as_upc_a()
    wrong = system + digits + str((bare.check_digit + 1) % 10)
    assert expand_upce(wrong) is None


def test_eight_digits_that_fit_both_are_ean8_unless_the_scanner_says_upce():
    both = next(
        code
        for number in range(10**7)
        if has_valid_check_digit(code := f"{number:08d}") and expand_upce(code) and number > 100_000
    )
    assert classify(both).form is CodeForm.EAN8
    assert classify(both, prefer_upce=True).form is CodeForm.UPCE


@pytest.mark.parametrize("text", ["24252614", "0425261", "0425261x", "042526140"])
def test_what_is_no_upce_is_not_expanded(text):
    assert expand_upce(text) is None


@pytest.mark.parametrize("text", ["", "12a", "-1", "٣"])
def test_check_digit_wants_digits(text):
    with pytest.raises(ValueError, match="digits"):
        check_digit(text)


def test_keys_come_best_first():
    assert lookup_keys("4006381333931") == (
        ItemKey(KeyKind.GTIN, "04006381333931"),
        ItemKey(KeyKind.SKU, "4006381333931"),
    )
    assert lookup_keys("4011") == (ItemKey(KeyKind.SKU, "4011"), ItemKey(KeyKind.PLU, "4011"))
    assert lookup_keys(" AB-12 ") == (ItemKey(KeyKind.SKU, "AB-12"),)
    assert lookup_keys("4006381333932") == (ItemKey(KeyKind.SKU, "4006381333932"),)
    assert lookup_keys("04252614")[0] == ItemKey(KeyKind.GTIN, "00042100005264")
    assert lookup_keys("  ") == ()


@pytest.mark.parametrize(
    ("body", "restricted"),
    [("400638133393", False), ("281234000000", True), ("021234500000", True), ("041234500000", True),
     ("041000000000", True), ("451234500000", False), ("501234500000", False), ("20000000000", True),
     ("2123456", True), ("9638507", False), ("1400638133393", False)],
)  # fmt: skip
def test_restricted_numbers_are_known(body, restricted):
    code = classify(body + check_digit(body))
    assert isinstance(code, TradeItem)
    assert code.restricted is restricted


def test_ten_thousand_characters_of_rubbish_are_other_text_at_once():
    assert isinstance(classify("\x1b[2J" * 2500), OtherText)
    assert isinstance(classify("9" * 10_000), OtherText)

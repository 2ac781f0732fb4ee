"""What a scanned or typed text is: trade item numbers with their check digits, in-store labels, item numbers.

Rules: GS1 General Specifications 7.9 (check digits), 2.1.11 (restricted circulation); docs/barcodes-rules.md.
"""

from collections.abc import Sequence
from enum import StrEnum

import msgspec

from store.sale.item import ItemKey, KeyKind
from store.sale.label import check_digit_of_value, full_pattern, place
from store.sale.money import exponent, round_half_up
from store.sale.policy import LabelMeasure, LabelRule
from store.sale.quantity import from_thousandths


class CodeForm(StrEnum):
    """How a trade item number was written."""

    EAN13 = "EAN-13"
    EAN8 = "EAN-8"
    UPCA = "UPC-A"
    UPCE = "UPC-E"
    GTIN14 = "GTIN-14"


FORM_BY_LENGTH = {8: CodeForm.EAN8, 12: CodeForm.UPCA, 13: CodeForm.EAN13, 14: CodeForm.GTIN14}


class TradeItem(msgspec.Struct, frozen=True, kw_only=True):
    """A trade item number with a right check digit; `gtin` is zero-filled to 14, the form everything is compared in."""

    text: str
    form: CodeForm
    gtin: str

    @property
    def restricted(self) -> bool:
        """Whether the number means something only here: GS1 prefixes 020-029, 040-049, 200-299, EAN-8 with 0 or 2."""
        if self.form is CodeForm.EAN8:
            return self.text[0] in "02"
        return self.gtin.startswith(("002", "004", "02"))


class BadCheckDigit(msgspec.Struct, frozen=True, kw_only=True):
    """As long as a trade item number, but misread or mistyped: its last digit should be `expected`."""

    text: str
    expected: str


class OtherText(msgspec.Struct, frozen=True, kw_only=True):
    """Anything else: an item number, a PLU, or nothing we know."""

    text: str


Code = TradeItem | BadCheckDigit | OtherText


class LabelReading(msgspec.Struct, frozen=True, kw_only=True):
    """What an in-store label says. `gtin` is the item key: value and inner check zeroed, outer check made anew."""

    text: str
    gtin: str
    item: str
    """The digits of the item's place in the pattern."""
    measure: LabelMeasure
    value: int
    decimals: int

    @property
    def quantity(self) -> str:
        """Weight or count as a decimal string, to three decimals; "1" for a price label."""
        if self.measure is LabelMeasure.PRICE:
            return "1"
        return from_thousandths(round_half_up(self.value * 1000, 10**self.decimals))

    def amount(self, currency: str) -> int:
        """The printed price in minor units of `currency`; 0 when the label holds no price."""
        if self.measure is not LabelMeasure.PRICE:
            return 0
        return round_half_up(self.value * 10 ** exponent(currency), 10**self.decimals)

    @property
    def key(self) -> ItemKey:
        """By what the catalog knows the item."""
        return ItemKey(KeyKind.GTIN, self.gtin)


class BadLabel(msgspec.Struct, frozen=True, kw_only=True):
    """A label whose inner check digit does not fit its value: misprinted or misread."""

    text: str
    expected: str
    value: str


def check_digit(digits: str) -> str:
    """The GS1 check digit that belongs behind `digits`, weights 3 1 3 ... from the right.

    Raises ValueError for anything but digits.
    """
    if not is_digits(digits):
        raise ValueError(f"not digits: {digits!r}")
    odd = sum(map(int, digits[-1::-2]))
    even = sum(map(int, digits[-2::-2]))
    return str(-(3 * odd + even) % 10)


def has_valid_check_digit(digits: str) -> bool:
    """Whether the last digit is the check digit of the others."""
    return is_digits(digits) and len(digits) > 1 and check_digit(digits[:-1]) == digits[-1]


def is_digits(text: str) -> bool:
    """Whether `text` consists of ASCII digits only (others, such as Arabic ones, are no code)."""
    return text.isascii() and text.isdigit()


def expand_upce(text: str) -> str | None:
    """The UPC-A of an 8-digit UPC-E (number system 0 or 1, six digits, check digit), None when it is none.

    Raises nothing; the check digit is that of the expanded number: "04252614" is "042100005264".
    """
    if not (is_digits(text) and len(text) == 8 and text[0] in "01"):
        return None
    system, digits, check = text[0], text[1:7], text[7]
    last = digits[5]
    if last in "012":
        body = digits[0:2] + last + "0000" + digits[2:5]
    elif last == "3":
        body = digits[0:3] + "00000" + digits[3:5]
    elif last == "4":
        body = digits[0:4] + "00000" + digits[4]
    else:
        body = digits[0:5] + "0000" + last
    expanded = system + body + check
    return expanded if has_valid_check_digit(expanded) else None


def classify(text: str, *, prefer_upce: bool = False) -> Code:
    """What `text` is. Eight digits are EAN-8, and UPC-E when only that fits or the scanner says so (`prefer_upce`)."""
    text = text.strip()
    form = FORM_BY_LENGTH.get(len(text)) if is_digits(text) else None
    if form is None:
        return OtherText(text=text)
    if form is CodeForm.EAN8:
        expanded = expand_upce(text)
        if expanded is not None and (prefer_upce or not has_valid_check_digit(text)):
            return TradeItem(text=text, form=CodeForm.UPCE, gtin=expanded.zfill(14))
    if has_valid_check_digit(text):
        return TradeItem(text=text, form=form, gtin=text.zfill(14))
    return BadCheckDigit(text=text, expected=check_digit(text[:-1]))


def gtin14(text: str) -> str | None:
    """The number zero-filled to 14 digits, UPC-E expanded first; None when it is no trade item number."""
    code = classify(text)
    return code.gtin if isinstance(code, TradeItem) else None


def expected_digit(text: str) -> str | None:
    """What the last digit should be when only it is wrong; None when the text is no such number or is right."""
    code = classify(text)
    return code.expected if isinstance(code, BadCheckDigit) else None


def looks_like_code(text: str) -> bool:
    """Whether `text` is so surely a barcode that it can be no amount, quantity or PIN: right length and check digit."""
    return gtin14(text) is not None


def lookup_keys(text: str) -> tuple[ItemKey, ...]:
    """By what to look for the item, best first: the trade item number, the item number, a PLU of up to 6 digits.

    A number with a wrong check digit is looked for as an item number only; `classify` tells the digit expected.
    """
    text = text.strip()
    if not text:
        return ()
    keys: list[ItemKey] = []
    gtin = gtin14(text)
    if gtin is not None:
        keys.append(ItemKey(KeyKind.GTIN, gtin))
    keys.append(ItemKey(KeyKind.SKU, text))
    if is_digits(text) and len(text) <= 6:
        keys.append(ItemKey(KeyKind.PLU, text))
    return tuple(keys)


def read_label(text: str, rules: Sequence[LabelRule]) -> LabelReading | BadLabel | None:
    """The label that `text` is by the first rule that fits; None when none does.

    UPC-A labels (12 digits) and their 13-digit form are the same. A wrong outer check digit is no label (`classify`
    names it); a wrong inner one is BadLabel when the rule verifies it.
    """
    code = classify(text)
    if not isinstance(code, TradeItem) or code.form not in (CodeForm.EAN13, CodeForm.UPCA):
        return None
    digits = code.gtin[1:]
    rule = next((rule for rule in rules if _fits(digits, rule.pattern)), None)
    if rule is None:
        return None
    pattern = full_pattern(rule.pattern)
    value = place(digits, pattern, "V")
    expected = check_digit_of_value(value) if "C" in pattern and rule.verify_check else None
    if expected is not None and place(digits, pattern, "C") != expected:
        return BadLabel(text=code.text, expected=expected, value=value)
    body = "".join("0" if p in "VC" else d for d, p in zip(digits[:-1], pattern[:-1], strict=True))
    return LabelReading(
        text=code.text,
        gtin=f"0{body}{check_digit(body)}",
        item=place(digits, pattern, "I"),
        measure=rule.measure,
        value=int(value),
        decimals=rule.decimals,
    )


def _fits(digits: str, pattern: str) -> bool:
    pairs = zip(digits, full_pattern(pattern), strict=True)
    return all(p in "IVCX" or p == digit for digit, p in pairs)

"""Vouchers of the house: their numbers. What is on one stands in the records that issued and redeemed it."""

PREFIX = "99"
"""Begins every number, as GS1 leaves 99 to the shops; no item and no card begins so."""
DIGITS = 17
"""Prefix, fourteen digits of chance, check digit: longer than any code of an item."""
CHANCE = 10 ** (DIGITS - len(PREFIX) - 1)


def voucher_number(chance: bytes) -> str:
    """A new number from at least eight random bytes; who has seen one cannot tell another."""
    body = f"{PREFIX}{int.from_bytes(chance[:16]) % CHANCE:0{DIGITS - len(PREFIX) - 1}d}"
    return body + _check_digit(body)


def parse_voucher(text: str) -> str:
    """The number that was scanned or typed, gaps left out; empty when it is none."""
    digits = text.replace(" ", "").replace("-", "")
    if len(digits) != DIGITS or not digits.isascii() or not digits.isdigit() or not digits.startswith(PREFIX):
        return ""
    return digits if _check_digit(digits[:-1]) == digits[-1] else ""


def shown_voucher(number: str) -> str:
    """A number as people read and type it, in groups."""
    return " ".join(number[at : at + 4] for at in range(0, len(number), 4))


def _check_digit(digits: str) -> str:
    """As for the codes of goods: weights 3 and 1 from the right."""
    total = sum(int(digit) * (3 if at % 2 == 0 else 1) for at, digit in enumerate(reversed(digits)))
    return str(-total % 10)

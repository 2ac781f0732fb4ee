"""Which tenders give money back, and how much: by what was paid with and by the policy of each type."""

from msgspec.structs import replace

from sale_shop import POLICY
from store.sale.refunding import refund_ways, ways_of_sale
from store.sale.tender_type import types_of_rows
from store.sale.voucher import parse_voucher, shown_voucher, voucher_number

ROWS = [
    ("cash", "Cash", "cash", 1, {}),
    ("card", "Card", "card", 2, {}),
    ("usd", "US dollars", "foreign", 3, {"currency": "USD", "rate": "0.9217"}),
    ("check", "Check", "check", 4, {"refund": ["voucher"]}),
    ("voucher", "Voucher", "voucher", 5, {"refund_limit": 3_000}),
    ("meal", "Meal cheque", "check", 6, {"refund": ["nothing"], "reference": "no"}),
]
SHOP = replace(POLICY, tenders=types_of_rows(ROWS))


def ways(paid, amount, **more):
    return {way.type: way.most for way in refund_ways(SHOP, paid, amount, **more)}


def row(kind, amount, **more):
    return {"kind": kind, "amount": amount, **more}


def test_without_a_receipt_cash_and_vouchers_go_back():
    assert ways(None, 2_000) == {"cash": 2_000, "voucher": 2_000}
    assert ways(None, 5_000) == {"cash": 5_000, "voucher": 3_000}


def test_a_card_goes_back_to_the_card_and_cash_as_cash():
    assert ways([row("card", 5_000)], 2_000) == {"card": 2_000}
    assert ways([row("cash", 5_000), row("change", -3_000), row("rounding", -2)], 5_000) == {"cash": 1_998}


def test_a_split_payment_goes_back_by_its_parts():
    paid = [row("card", 1_000), row("cash", 2_000), row("change", -500)]
    assert ways(paid, 2_500) == {"card": 1_000, "cash": 1_500}


def test_foreign_notes_go_back_as_cash_a_check_as_its_policy_says():
    notes = [row("foreign", 1_843, type="usd", currency="USD", foreign=2_000), row("change", -343)]
    assert ways(notes, 1_500) == {"cash": 1_500}
    assert ways([row("check", 2_000, reference="1")], 1_000) == {"voucher": 1_000}
    assert ways([row("check", 2_000, type="meal")], 1_000) == {}


def test_what_went_back_before_is_used_up():
    paid = [row("card", 1_000), row("cash", 500), row("card", -800)]
    assert ways(paid, 1_000) == {"card": 200, "cash": 500}
    assert ways([row("card", 1_000), row("card", -1_000)], 500) == {}


def test_somebody_who_may_gives_it_back_as_without_a_receipt():
    assert ways([row("card", 5_000)], 2_000, override=True) == {"cash": 2_000, "voucher": 2_000}


def test_what_was_paid_with_a_type_that_is_gone_goes_back_as_its_kind_or_as_cash():
    assert ways([row("card", 700, type="amex")], 500) == {"card": 500}
    assert ways([row("account", 700)], 500) == {"cash": 500, "voucher": 500}


def test_a_sale_that_owes_nothing_gives_nothing_back():
    from sale_shop import WINE, sale_of

    assert ways_of_sale(sale_of(WINE), SHOP) == ()


def test_a_vouchers_number_reads_in_groups_and_a_slip_of_the_finger_is_noticed():
    number = voucher_number(bytes(range(16)))
    assert (len(number), number[:2]) == (17, "99")
    assert parse_voucher(shown_voucher(number)) == number
    for at in range(17):
        wrong = number[:at] + str((int(number[at]) + 1) % 10) + number[at + 1 :]
        assert parse_voucher(wrong) == ""
    assert [parse_voucher(text) for text in ("", "99", "20", "4006381333931", "9" * 18, "٩" * 17)] == [""] * 6
    assert len({voucher_number(bytes([n]) * 16) for n in range(256)}) == 256

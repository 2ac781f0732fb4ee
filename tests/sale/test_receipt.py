"""Receipts made from journal payloads: what the law asks for, numbers equal to the sale, copies years later."""

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from sale_shop import (
    BAG,
    BANANAS,
    FACTS,
    MILK,
    POLICY,
    POLICY_5,
    STAMP,
    WINE,
    paid,
    payload_of,
    sale_of,
    sale_payload,
)
from store.sale.barcode import check_digit, read_label
from store.sale.document import Cut
from store.sale.item import Item
from store.sale.layout import display_width, render_text
from store.sale.money import format_amount
from store.sale.paying import add_tender, begin_payment, complete, void_sale
from store.sale.policy import LabelMeasure, LabelRule, StoreFacts
from store.sale.receipt import receipt, receipt_number, register_of
from store.sale.record import drawer_open_body, shift_open_body, void_body
from store.sale.report import document_of
from store.sale.selling import add_label_line, add_line, void_line
from store.sale.tender import TenderKind
from store.sale.totals import totals

CASH, CARD = TenderKind.CASH, TenderKind.CARD
NOBODY = StoreFacts()


def paper(payload, width=42, **options) -> list[str]:
    return render_text(document_of(payload, NOBODY, fingerprint="ABCD2345", **options), width)


def amount_after(lines: list[str], word: str) -> str:
    (line,) = [line for line in lines if line.startswith(word)]
    return line.removeprefix(word).split()[-1]


def mixed_payload():
    sale = void_line(add_line(sale_of(BANANAS, WINE, BAG), POLICY_5, MILK, "2"), 2)
    sale = begin_payment(sale)
    sale = add_tender(sale, POLICY_5, CARD, 100, "Slip 0042")
    sale = complete(add_tender(sale, POLICY_5, CASH, 2000), POLICY_5)
    return sale, sale_payload(sale, POLICY_5)


def test_the_receipt_holds_what_the_law_asks_for():
    lines = paper(mixed_payload()[1])
    assert [line.strip() for line in lines[:4]] == [
        "First store",
        "Market Street 1",
        "12345 Town",
        "Tax no. DE123456789",
    ]
    assert amount_after(lines, "Receipt") == "S0001-R01-000482"
    assert amount_after(lines, "Register") == "S0001-R01"
    assert "Date                   2026-11-24 14:03:12" in lines
    assert "Operator                     101 Ann Baker" in lines
    assert "      Record S0001-R01.1/7 ABCD2345" in lines
    assert lines[-1].strip() == "Thank you for your visit"


def test_lines_totals_taxes_and_payments_are_those_of_the_sale():
    lines = paper(mixed_payload()[1])
    start = lines.index("-" * 42)
    assert lines[start + 1 : lines.index("-" * 42, start + 1)] == [
        "Bananas loose                       0.96 B",
        "  0.482 kg x 1.99 EUR/kg",
        "Paper bag                           0.30 C",
        "Whole milk 3.8 % 1 l                2.18 B",
        "  2 x 1.09",
    ]
    assert amount_after(lines, "Subtotal") == "3.44"
    assert amount_after(lines, "+ City 2.5 %") == "0.01"
    assert amount_after(lines, "TOTAL EUR") == "3.45"
    assert [line.split() for line in lines if re.match(r"[ABC] [\d.]+ %", line)] == [
        ["B", "7", "%", "2.94", "0.20", "3.14"],
        ["C", "2.5", "%", "0.30", "0.01", "0.31"],
    ]
    assert amount_after(lines, "Card Slip 0042") == "1.00"
    assert amount_after(lines, "Cash") == "20.00"
    assert amount_after(lines, "Change") == "17.55"


def test_cash_rounding_is_a_line_of_its_own_and_only_when_there_is_some():
    sale = paid(sale_of(MILK), POLICY_5, (CASH, 200))
    lines = paper(sale_payload(sale, POLICY_5))
    assert amount_after(lines, "TOTAL EUR") == "1.09"
    assert amount_after(lines, "Cash rounding") == "0.01"
    assert amount_after(lines, "Change") == "0.90"
    assert not [line for line in paper(mixed_payload()[1]) if "rounding" in line]


def test_voided_lines_are_not_printed():
    assert "Red wine" not in "\n".join(paper(mixed_payload()[1]))


def test_a_copy_says_so_with_both_times():
    payload = mixed_payload()[1]
    lines = paper(payload, copy_no=2, copied_at="2027-01-02T08:00:00.000Z")
    assert [line.strip() for line in lines].count("COPY 2") == 1
    assert "Date                   2026-11-24 14:03:12" in lines
    assert "Copied                 2027-01-02 09:00:00" in lines
    summer = paper(payload, copy_no=1, copied_at="2027-07-02T08:00:00.000Z", copied_utc_offset_min=120)
    assert "Copied                 2027-07-02 10:00:00" in summer
    assert "COPY" not in "\n".join(paper(payload))


def test_a_copy_years_later_says_what_the_record_says_not_what_the_store_is_called_now():
    payload = json.loads(json.dumps(mixed_payload()[1]))
    moved = StoreFacts(name="Other name", address=("Elsewhere",))
    assert receipt(payload, moved) == receipt(payload, NOBODY)
    del payload["store"]
    assert render_text(receipt(payload, moved), 42)[0].strip() == "Other name"


def test_the_price_of_a_label_is_shown_as_such():
    rule = LabelRule(pattern="23IIIIIVVVVVX", measure=LabelMeasure.PRICE, decimals=2)
    body = "230100300350"
    sale = add_label_line(sale_of(), POLICY, BANANAS, read_label(body + check_digit(body), (rule,)), "x")
    lines = paper(sale_payload(paid(sale, POLICY, (CASH, 350)), POLICY))
    assert "Bananas loose                       3.50 B" in lines
    assert "  1.759 kg x 1.99 EUR/kg label" in lines


def test_untaxed_goods_have_no_letter_and_no_table():
    lines = paper(sale_payload(paid(sale_of(STAMP), POLICY, (CASH, 95)), POLICY))
    assert amount_after(lines, "Postage stamp") == "0.95"
    assert not [line for line in lines if line.startswith("Tax ")] or lines[3].strip().startswith("Tax no.")


def test_receipt_numbers_name_the_register_and_later_epochs():
    assert receipt_number({"series": "S0001-R01.1", "receipt_no": 482}) == "S0001-R01-000482"
    assert receipt_number({"series": "S0001-R01.2", "receipt_no": 1}) == "S0001-R01.2-000001"
    assert receipt_number({"series": "S0001-R01.1", "receipt_no": 12_345_678}) == "S0001-R01-12345678"
    assert receipt_number({}) == "000000"
    assert register_of({"series": "S0001-R01.2"}) == "S0001-R01"


@pytest.mark.parametrize("width", [24, 32, 42, 48, 80])
def test_every_width_keeps_every_number(width):
    payload = mixed_payload()[1]
    lines = paper(payload, width, copy_no=1, copied_at=payload["at"])
    assert all(display_width(line) <= width for line in lines)
    flat = " ".join(lines)
    for number in (
        "0.96 B",
        "2.18 B",
        "0.30 C",
        "3.45",
        "20.00",
        "17.55",
        "S0001-R01-000482",
        "2026-11-24 14:03:12",
    ):
        assert number in flat


def test_a_receipt_ends_with_the_cut():
    assert isinstance(receipt(mixed_payload()[1], FACTS).elements[-1], Cut)


def test_names_that_would_steer_the_printer_are_harmless():
    evil = Item(sku="1", name="\x1b@Evil\x1dV\x00\u202e \u200bname" + "\n" * 99, price=100, tax="A")
    policy = replace(POLICY, facts=StoreFacts(name="\x1b[2JStore", footer=("\x1bp\x00",)))
    sale = paid(add_line(sale_of(), policy, evil), policy, (CASH, 100))
    lines = paper(sale_payload(sale, policy))
    assert all(line.isprintable() for line in lines)
    assert any(line.startswith("@Evil V name") for line in lines)


ITEMS = st.builds(
    lambda name, price, tax, weighed: Item(
        sku="1", name=name, price=price, tax=tax, weighed=weighed, unit="kg" if weighed else "pcs"
    ),
    st.text(st.characters(exclude_categories=()), max_size=80).map(lambda text: f"x{text}"),
    st.integers(1, 200_000),
    st.sampled_from(["A", "B", "C", ""]),
    st.booleans(),
)


@settings(max_examples=60)
@given(st.lists(st.tuples(ITEMS, st.integers(1, 30)), min_size=1, max_size=8), st.sampled_from([1, 5]))
def test_the_numbers_on_paper_are_the_numbers_of_the_sale(basket, step):
    policy = replace(POLICY, cash_rounding_step=step)
    sale = sale_of()
    for item, count in basket:
        sale = add_line(sale, policy, item, str(count))
    sale = complete(add_tender(begin_payment(sale), policy, CASH, 50_000_000), policy)
    sums = totals(sale, policy)
    elements = receipt(sale_payload(sale, policy), NOBODY).elements
    lines = render_text(receipt(sale_payload(sale, policy), NOBODY), 42)
    rights = [element.right for element in elements if hasattr(element, "right")]
    amounts = [f"{format_amount(line.amount, 'EUR')} {line.tax.code}".strip() for line in sale.lines]
    first = rights.index(amounts[0], 5 if "Operator" in str(elements) else 0)
    assert rights[first : first + len(amounts)] == amounts
    assert amount_after(lines, "TOTAL EUR") == format_amount(sums.total, "EUR")
    change = [line for line in lines if line.startswith("Change")]
    assert change[-1].split()[-1] == format_amount(sums.change, "EUR")


def test_slips_name_what_happened():
    no_sale = paper(payload_of(drawer_open_body("Change for a note"), "drawer.open"))
    assert {"NO SALE", "Drawer opened without a sale"} <= {line.strip() for line in no_sale}
    assert amount_after(no_sale, "Reason").endswith("note")
    voided = paper(payload_of(void_body(void_sale(sale_of(MILK, WINE)), POLICY), "void"))
    assert "VOIDED SALE" in {line.strip() for line in voided}
    assert amount_after(voided, "Voided EUR") == "7.08"
    opened = paper(payload_of(shift_open_body(10_000, "EUR"), "shift.open"))
    assert amount_after(opened, "Start amount") == "100.00"
    assert all("ABCD2345" in "\n".join(lines) for lines in (no_sale, voided, opened))


@pytest.mark.parametrize(
    "kind", ["sign.on", "mode", "clock", "lock", "reprint", "price.difference", "unheard.of"]
)
def test_other_records_have_no_paper(kind):
    assert document_of(payload_of({}, kind), NOBODY) is None

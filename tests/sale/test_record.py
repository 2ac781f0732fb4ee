"""What goes into the journal: ready for the canonical form, complete, small enough."""

import json
import re
import unicodedata

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
    VAT_19,
    WINE,
    paid,
    payload_of,
    sale_of,
    sale_payload,
)
from store.sale.item import Item
from store.sale.paying import add_tender, begin_payment, complete, take_payment, void_sale, void_tender
from store.sale.policy import StoreFacts
from store.sale.record import (
    drawer_open_body,
    reprint_body,
    sale_body,
    shift_open_body,
    store_body,
    store_facts,
    void_body,
)
from store.sale.refusal import SaleRefused
from store.sale.sale import new_sale, note_failover
from store.sale.selling import add_line, void_line
from store.sale.shift import fold_all, shift_close_body, x_report_body
from store.sale.tender import Payment, TenderKind
from store.sale.tender_type import tender_type

CASH, CARD = TenderKind.CASH, TenderKind.CARD
KEY = re.compile(r"[a-z][a-z0-9_]*")
ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=150)


def faults_of(value, path="body"):
    """Where a value leaves the subset that the canonical form allows."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if not KEY.fullmatch(key):
                yield f"{path}.{key}: key"
            yield from faults_of(inner, f"{path}.{key}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from faults_of(inner, f"{path}[{index}]")
    elif type(value) is int:
        if abs(value) >= 2**53:
            yield f"{path}: too large"
    elif type(value) is not str:
        yield f"{path}: {type(value).__name__}"
    elif not unicodedata.is_normalized("NFC", value) or value != value.encode("utf-8", "replace").decode():
        yield f"{path}: text"


def mixed_sale():
    sale = void_line(sale_of(MILK, BANANAS, WINE, BAG), 3)
    sale = begin_payment(note_failover(sale, 1_795_525_400_250))
    sale = void_tender(add_tender(sale, POLICY_5, CARD, 50, "Slip 1"), 1)
    sale = add_tender(sale, POLICY_5, CARD, 68, "Slip 2")
    return complete(add_tender(sale, POLICY_5, CASH, 500), POLICY_5)


def test_the_record_of_a_sale_holds_everything():
    body = sale_body(mixed_sale(), POLICY_5)
    assert body["lines"][1] == {
        "n": 2, "sku": "1003", "name": "Bananas loose", "quantity": "0.482", "unit": "kg", "price": 199, "amount": 96,
        "tax": "B", "tax_amount": 6, "gross": 96, "source": "online", "price_source": "catalog", "measured": 1,
    }  # fmt: skip
    assert [line["n"] for line in body["lines"]] == [1, 2, 4]
    assert [line["n"] for line in body["voided_lines"]] == [3]
    assert body["begun_at"] == "2026-11-24T13:03:12.000Z"
    assert body["failover_at"] == "2026-11-24T13:03:20.250Z"
    assert (body["rounding_scope"], body["cash_rounding_step"]) == ("line", 5)
    assert (body["subtotal"], body["discount"], body["total"]) == (235, 0, 236)
    assert (body["paid"], body["change"], body["cash_rounding"]) == (236, 330, 2)
    assert body["store"] == {
        "name": "First store",
        "address": ["Market Street 1", "12345 Town"],
        "tax_id": "DE123456789",
        "footer": ["Thank you for your visit"],
    }
    assert body["taxes"][1] == {
        "code": "C", "name": "City", "rate": "2.5", "included": 0, "net": 30, "tax": 1, "gross": 31,
    }  # fmt: skip


def test_f20_change_and_rounding_are_rows_with_numbers_of_their_own():
    body = sale_body(mixed_sale(), POLICY_5)
    assert body["tenders"] == [
        {"n": 1, "tender": 2, "kind": "card", "amount": 68, "reference": "Slip 2"},
        {"n": 2, "tender": 3, "kind": "cash", "amount": 500},
        {"n": 3, "tender": 3, "kind": "change", "amount": -330},
        {"n": 4, "tender": 3, "kind": "rounding", "amount": -2},
    ]
    assert sum(row["amount"] for row in body["tenders"]) == body["total"]
    assert body["voided_tenders"] == [{"tender": 1, "kind": "card", "amount": 50}]


def test_what_does_not_apply_is_absent():
    body = sale_body(paid(sale_of(MILK), POLICY, (CASH, 109)), POLICY)
    assert not {"voided_lines", "voided_tenders", "failover_at", "reason"} & body.keys()
    assert "measured" not in body["lines"][0]
    assert [row["kind"] for row in body["tenders"]] == ["cash"]


def test_the_same_sale_makes_the_same_record():
    assert json.dumps(sale_body(mixed_sale(), POLICY_5)) == json.dumps(sale_body(mixed_sale(), POLICY_5))


def test_a_void_records_the_lines_and_the_amount_not_taken():
    body = void_body(void_sale(void_line(sale_of(MILK, WINE), 1)), POLICY, "Customer left")
    assert (body["total"], body["reason"]) == (599, "Customer left")
    assert "tenders" not in body


def test_small_records():
    assert shift_open_body(10_000, "EUR", 77) == {
        "start_amount": 10_000,
        "currency": "EUR",
        "grand_total": 77,
    }
    assert drawer_open_body() == {}
    assert drawer_open_body("Change for note") == {"reason": "Change for note"}
    assert reprint_body(7, 1, 482, "Asked") == {
        "of_seq": 7,
        "copy_no": 1,
        "of_receipt_no": 482,
        "reason": "Asked",
    }
    assert reprint_body(9, 2) == {"of_seq": 9, "copy_no": 2}


def test_store_facts_survive_the_record():
    assert store_facts(store_body(FACTS)) == FACTS
    assert store_facts(store_body(StoreFacts())) == StoreFacts()


def test_every_body_is_ready_for_the_canonical_form():
    sale = mixed_sale()
    sums = fold_all([payload_of(shift_open_body(0, "EUR"), "shift.open", 1), sale_payload(sale, POLICY_5)])
    bodies = [
        sale_body(sale, POLICY_5),
        void_body(void_sale(sale_of(MILK)), POLICY, "x"),
        shift_open_body(0, "EUR"),
        drawer_open_body("x"),
        reprint_body(1, 1, 1, "x"),
        x_report_body(sums, FACTS),
        shift_close_body(sums, FACTS, 100, head_hash="00" * 32, unacknowledged=3),
    ]
    assert not [fault for body in bodies for fault in faults_of(body)]


@settings(max_examples=60)
@given(ANY_TEXT, ANY_TEXT, ANY_TEXT)
def test_whatever_an_item_is_called_its_record_is_sound(name, code, fact):
    policy = replace(POLICY, facts=StoreFacts(name=fact, address=(fact,) * 20, tax_id=fact, footer=(fact,)))
    item = Item(sku="1", name=name, price=100, unit=name, tax="A")
    sale = paid(add_line(sale_of(), policy, item, code=code), policy, (CASH, 100))
    body = sale_body(sale, policy)
    assert not list(faults_of(body))
    assert (
        len(json.dumps(body["lines"], ensure_ascii=False, separators=(",", ":")).encode())
        <= sale.record_bytes + 2
    )


@pytest.mark.parametrize(
    "name", ["Whole milk 3.8 % 1 l", "有機バナナ" * 30, '"' * 120, "\x1b" * 120, "\\" * 120, "é" * 120]
)
def test_the_largest_sale_fits_into_a_record_of_64_kib(name):
    long = "長" * 200
    taxes = tuple(replace(VAT_19, code=f"T{n}", name=long) for n in range(20))
    facts = StoreFacts(name=long, address=(long,) * 9, tax_id=long, footer=(long,) * 9)
    policy = replace(POLICY_5, taxes=taxes, facts=facts)
    sale = new_sale("t", "EUR", 0)
    with pytest.raises(SaleRefused, match="full"):
        for n in range(10_000):
            item = Item(sku="1" * 14, name=name, price=99_999_999, tax=f"T{n % 20}", department="Groceries")
            sale = add_line(sale, policy, item, "1", "4006381333931", "offline")
    sale = begin_payment(sale)
    for _ in range(19):
        sale = add_tender(sale, policy, CARD, 99_999_999, "9" * 39)
    while sale.live_tenders and len(sale.tenders) < 20:
        remaining = sum(line.gross for line in sale.live_lines) - sum(t.amount for t in sale.live_tenders)
        sale = add_tender(sale, policy, CARD, remaining, "9" * 39)
    payload = sale_payload(complete(sale, policy), policy, 2**40, 2**40)
    size = len(json.dumps(payload, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode())
    assert size <= 65_536
    assert len(sale.lines) >= 50


def test_the_largest_sale_paid_by_twenty_checks_of_long_names_fits_too():
    long = "長" * 200
    facts = StoreFacts(name=long, address=(long,) * 9, tax_id=long, footer=(long,) * 9)
    taxes = tuple(replace(VAT_19, code=f"T{n}", name=long) for n in range(20))
    check = tender_type("c" * 20, "長" * 40, "check", 1, {"change": "", "over_limit": 0})
    policy = replace(POLICY_5, taxes=taxes, facts=facts, tenders=(check,))
    sale = new_sale("t", "EUR", 0)
    with pytest.raises(SaleRefused, match="full"):
        for n in range(10_000):
            item = Item(
                sku="1" * 14, name=long[:120], price=99_999_999, tax=f"T{n % 20}", department="Groceries"
            )
            sale = add_line(sale, policy, item, "1", "4006381333931", "offline")
    sale = begin_payment(sale, policy)
    total = sum(line.gross for line in sale.lines)
    for n in range(20):
        paid_so_far = sum(tender.amount for tender in sale.tenders)
        given = total - paid_so_far if n == 19 else 99_999_999
        how = Payment(type=check.code, given=given, reference="長" * 40)
        sale = take_payment(sale, policy, how)
    payload = sale_payload(complete(sale, policy), policy, 2**40, 2**40)
    size = len(json.dumps(payload, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode())
    assert size <= 65_536

"""The sums of a shift and its reports."""

import json

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
from store.sale.layout import render_text
from store.sale.paying import add_tender, begin_payment, complete, void_sale, void_tender
from store.sale.policy import StoreFacts
from store.sale.record import drawer_open_body, reprint_body, shift_open_body, void_body
from store.sale.report import document_of
from store.sale.selling import add_line, void_line
from store.sale.shift import ShiftTotals, TenderSum, fold, fold_all, shift_close_body, x_report_body
from store.sale.tender import TenderKind
from store.sale.totals import due, totals

CASH, CARD = TenderKind.CASH, TenderKind.CARD
OPENED = payload_of(shift_open_body(10_000, "EUR", 50_000), "shift.open", 1)


def day() -> list[dict]:
    sale = add_tender(begin_payment(void_line(sale_of(MILK, WINE, BAG), 1)), POLICY_5, CARD, 100)
    sale = add_tender(void_tender(sale, 1), POLICY_5, CARD, 430)
    split = complete(add_tender(sale, POLICY_5, CASH, 500), POLICY_5)
    return [
        OPENED,
        payload_of({}, "sign.on", 2),
        sale_payload(paid(sale_of(MILK, STAMP), POLICY_5, (CASH, 1000)), POLICY_5, 3, 1),
        payload_of(drawer_open_body(), "drawer.open", 4),
        sale_payload(split, POLICY_5, 5, 2),
        payload_of(void_body(void_sale(void_line(sale_of(MILK, BANANAS), 1)), POLICY), "void", 6),
        payload_of(reprint_body(5, 1, 2), "reprint", 7),
        sale_payload(paid(sale_of(BANANAS), POLICY_5, (CARD, 96)), POLICY_5, 8, 3),
    ]


def test_a_day_is_summed_from_its_records():
    sums = fold_all(day())
    assert (sums.sales, sums.sales_total) == (3, 204 + 630 + 96)
    assert (sums.voids, sums.voids_total) == (1, 96)
    assert (sums.voided_lines, sums.voided_lines_total, sums.voided_tenders) == (2, 218, 1)
    assert (sums.no_sales, sums.reprints) == (1, 1)
    assert sums.tenders == (TenderSum("cash", 2, 204 + 200), TenderSum("card", 2, 526))
    assert (sums.cash_in, sums.change, sums.cash_rounding) == (1500, 795 + 300, 1)
    assert [(row.code, row.net, row.tax, row.gross) for row in sums.taxes] == [
        ("B", 192, 13, 205),
        ("A", 503, 96, 599),
        ("C", 30, 1, 31),
    ]
    assert (sums.first_seq, sums.last_seq, sums.first_receipt_no, sums.last_receipt_no) == (1, 8, 1, 3)
    assert (sums.shift, sums.business_date, sums.opened_by) == (12, "2026-11-24", "Ann Baker")


def test_f55_expected_cash_is_start_plus_cash_less_change():
    sums = fold_all(day())
    assert sums.expected_cash == 10_000 + 1500 - 1095
    assert sums.over_short(10_405) == 0
    assert sums.over_short(10_400) == -5


def test_grand_total_runs_on_from_shift_to_shift():
    sums = fold_all(day())
    assert (sums.grand_total_before, sums.grand_total) == (50_000, 50_930)


def test_an_empty_shift_has_zero_sums():
    sums = fold_all([OPENED])
    body = shift_close_body(sums, FACTS, 10_000)
    assert (body["sales"], body["expected_cash"], body["over_short"], body["grand_total"]) == (
        0,
        10_000,
        0,
        50_000,
    )
    assert render_text(document_of(payload_of(body, "shift.close"), FACTS), 42)


def test_folding_one_by_one_is_folding_all():
    sums = ShiftTotals()
    for payload in day():
        sums = fold(sums, json.loads(json.dumps(payload)))
    assert sums == fold_all(day())


def test_the_same_code_at_another_rate_is_another_row():
    later = replace(POLICY, taxes=(replace(POLICY.taxes[0], rate="20"), *POLICY.taxes[1:]))
    payloads = [
        sale_payload(paid(sale_of(WINE, policy=policy), policy, (CASH, 599)), policy)
        for policy in (POLICY, later)
    ]
    assert [(row.code, row.rate, row.gross) for row in fold_all(payloads).taxes] == [
        ("A", "19", 599),
        ("A", "20", 599),
    ]


def z_paper(counted: int, **facts) -> list[str]:
    body = shift_close_body(fold_all(day()), FACTS, counted, **facts)
    return render_text(
        document_of(payload_of(body, "shift.close", 9), StoreFacts(), fingerprint="ABCD2345"), 42
    )


def test_the_z_report_shows_what_the_record_holds():
    lines = z_paper(10_400, head_hash="ab" * 32, unacknowledged=2)
    rows = {" ".join(line.split()[:-1]): line.split()[-1] for line in lines if line.strip()}
    assert rows["3 sales EUR"] == "9.30"
    assert rows["1 voided sales"] == "0.96"
    assert rows["2 voided lines"] == "2.18"
    assert rows["2 x Cash"] == "4.04"
    assert rows["2 x Card"] == "5.26"
    assert rows["Cash rounding"] == "0.01"
    assert rows["Untaxed"] == "0.95"
    assert rows["Start amount"] == "100.00"
    assert rows["Cash received"] == "15.00"
    assert rows["Change given"] == "-10.95"
    assert rows["Cash expected"] == "104.05"
    assert rows["Cash counted"] == "104.00"
    assert rows["Short"] == "0.05"
    assert rows["Grand total"] == "509.30"
    assert rows["First receipt"] == "S0001-R01-000001"
    assert rows["Last receipt"] == "S0001-R01-000003"
    assert rows["Not yet at the server"] == "2"
    assert "A 19 % 5.03 0.96" in rows


@pytest.mark.parametrize(
    ("counted", "word", "amount"), [(10_405, "Difference", "0.00"), (10_500, "Over", "0.95")]
)
def test_the_difference_has_the_right_word(counted, word, amount):
    assert [line.split() for line in z_paper(counted) if line.startswith(word)] == [[word, amount]]


def test_an_x_report_counts_nothing_and_closes_nothing():
    body = x_report_body(fold_all(day()), FACTS)
    lines = render_text(document_of(payload_of(body, "report.x", 9), StoreFacts()), 42)
    assert "X REPORT" in {line.strip() for line in lines}
    assert not [line for line in lines if line.startswith(("Cash counted", "Short", "Over", "Difference"))]
    assert fold(fold_all(day()), payload_of(body, "report.x", 9)).sales == 3


ITEM_LISTS = st.lists(st.sampled_from([MILK, WINE, BANANAS, BAG, STAMP]), min_size=1, max_size=6)


@settings(max_examples=60)
@given(
    st.lists(st.tuples(ITEM_LISTS, st.integers(0, 100), st.integers(0, 3)), max_size=8),
    st.sampled_from([1, 5, 10]),
)
def test_f58_a_shift_agrees_with_its_receipts_to_the_cent(sales, step):
    policy = replace(POLICY, cash_rounding_step=step)
    payloads, drawer, total = [OPENED], 10_000, 0
    for items, card_percent, extra in sales:
        sale = begin_payment(add_line(sale_of(*items), policy, MILK))
        if card := due(sale) * card_percent // 100:
            sale = add_tender(sale, policy, CARD, card)
        if due(sale):
            sale = add_tender(sale, policy, CASH, totals(sale, policy).exact_cash + extra * 100 * step)
        sale = complete(sale, policy)
        drawer += sum(tender.kept for tender in sale.tenders if tender.kind is CASH)
        total += totals(sale, policy).total
        payloads.append(sale_payload(sale, policy))
    sums = fold_all(payloads)
    assert sums.sales_total == total == sum(row.amount for row in sums.tenders)
    assert sums.expected_cash == drawer
    cash = sum(row.amount for row in sums.tenders if row.kind == "cash")
    assert sums.cash_in - sums.change == cash + sums.cash_rounding
    body = shift_close_body(sums, FACTS, drawer)
    assert body["over_short"] == 0

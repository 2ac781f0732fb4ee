"""Money beside sales: what the drawer should hold, what reports and slips say of it, what is counted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from sale_shop import FACTS, MILK, POLICY, paid, payload_of, sale_of, sale_payload
from store.sale.cash import BY_OPERATION, MOVEMENTS, accounts_of, denominations, movement_body
from store.sale.declaration import Pieces, TenderCount, cash_count, declaration_body
from store.sale.layout import render_text
from store.sale.policy import CashAccount, StorePolicy
from store.sale.record import shift_open_body
from store.sale.report import document_of
from store.sale.settings import PolicyRefused, policy_from_settings
from store.sale.shift import fold_all, shift_close_body, x_report_body
from store.sale.tender import TenderKind

ACCOUNT = CashAccount(number="8100", name="Vending machine", kind="income")
OPENED = payload_of(shift_open_body(10_000, "EUR", 0), "shift.open", 1)
SOLD = sale_payload(paid(sale_of(MILK), POLICY, (TenderKind.CASH, 1000)), POLICY, 2, 1)


def moved(number: int, amount: int, seq: int = 3, **facts) -> dict:
    movement = BY_OPERATION[number]
    return payload_of(movement_body(movement, amount, "EUR", **facts), movement.kind, seq)


def paper(payload: dict) -> list[str]:
    return render_text(document_of(payload, FACTS, fingerprint="ABCD2345"), 42)


def rows_of(payload: dict) -> dict[str, str]:
    return {" ".join(row.split()[:-1]): row.split()[-1] for row in paper(payload) if row.strip()}


@given(
    st.lists(
        st.tuples(st.sampled_from([movement.operation for movement in MOVEMENTS]), st.integers(1, 10**8))
    )
)
def test_f55_the_drawer_should_hold_the_start_and_cash_less_change_and_what_was_moved(moves):
    records = [OPENED, SOLD, *(moved(number, amount, 3 + n) for n, (number, amount) in enumerate(moves))]
    came = sum(amount for number, amount in moves if number in (517, 1201))
    went = sum(amount for number, amount in moves if number in (518, 1210, 1211, 1212))
    sums = fold_all(records)
    assert sums.expected_cash == 10_000 + 109 + came - went
    body = shift_close_body(sums, FACTS, sums.expected_cash)
    assert body["over_short"] == 0
    for movement in MOVEMENTS:
        own = [amount for number, amount in moves if number == movement.operation]
        assert (body[movement.count_name], body[movement.total_name]) == (len(own), sum(own))


def test_money_moved_is_no_sale_and_no_payment():
    sums = fold_all([OPENED, moved(1201, 5000), moved(1210, 2000)])
    assert (sums.sales, sums.sales_total, sums.cash_in, sums.tenders, sums.grand_total) == (0, 0, 0, (), 0)


def test_a_report_lists_every_kind_and_its_accounts_with_their_signs():
    other = replace(ACCOUNT, number="8200", name="Found money")
    records = [
        OPENED,
        moved(517, 500, account=ACCOUNT),
        moved(517, 250, account=ACCOUNT),
        moved(517, 100, account=other),
        moved(518, 1200, account=replace(ACCOUNT, number="4930", name="Stamps", kind="expense")),
        moved(1211, 30_00),
    ]
    rows = rows_of(payload_of(x_report_body(fold_all(records), FACTS), "report.x", 9))
    assert rows["3 x Income"] == "8.50"
    assert rows["8100 Vending machine"] == "7.50"
    assert rows["8200 Found money"] == "1.00"
    assert rows["1 x Expense"] == rows["4930 Stamps"] == "-12.00"
    assert rows["1 x Safe drop"] == "-30.00"
    assert rows["Cash expected"] == "66.50"
    assert "Float entry" not in " ".join(rows)


def test_a_closing_of_an_older_program_prints_as_it_did():
    body = shift_close_body(fold_all([OPENED, SOLD]), FACTS, 10_109)
    new = [name for movement in MOVEMENTS for name in (movement.count_name, movement.total_name)]
    old = {name: value for name, value in body.items() if name not in new}
    assert paper(payload_of(old, "shift.close", 9)) == paper(payload_of(body, "shift.close", 9))


@pytest.mark.parametrize(
    ("number", "facts", "says"),
    [
        (1201, {}, ["FLOAT ENTRY", "Put into the drawer", "Amount EUR"]),
        (1210, {"reason": "for the market"}, ["TENDER REMOVAL", "Taken out of the drawer", "for the market"]),
        (1211, {}, ["SAFE DROP", "Taken out of the drawer"]),
        (1212, {"bag": "B-4711"}, ["BANK DROP", "B-4711"]),
        (517, {"account": ACCOUNT}, ["INCOME", "8100 Vending machine"]),
        (518, {"account": ACCOUNT}, ["EXPENSE", "8100 Vending machine"]),
    ],
)
def test_a_slip_says_what_was_moved_and_has_a_line_to_sign(number, facts, says):
    text = "\n".join(paper(moved(number, 12_34, **facts)))
    assert "12.34" in text
    assert "Signature" in text
    for words in says:
        assert words in text


@given(st.sampled_from(["EUR", "USD", "GBP", "CHF", "JPY", "KWD", "SEK", "XAF"]), st.integers(0, 10**7))
def test_every_amount_can_be_counted_in_the_denominations_of_any_currency(currency, amount):
    values = denominations(StorePolicy(currency=currency))
    assert list(values) == sorted(set(values), reverse=True)
    assert len(values) <= 24
    rest = amount
    for value in values:
        rest %= value
    assert rest < values[-1] == (5 if currency == "CHF" else 1)


def test_accounts_and_denominations_come_from_the_settings_of_the_store():
    policy = policy_from_settings(
        {
            "income_accounts": "8100 Vending machine; 8200 Found money",
            "expense_accounts": "4930 Stamps",
            "denominations": "100 5000 100",
        },
        (),
    )
    assert [account.name for account in accounts_of(policy, "income")] == ["Vending machine", "Found money"]
    assert [account.number for account in accounts_of(policy, "expense")] == ["4930"]
    assert denominations(policy) == (5000, 100)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"income_accounts": "8100"}, "is no account. Write number and name"),
        ({"income_accounts": "81-0 Vending"}, "is no account"),
        ({"expense_accounts": "1 A; 1 B"}, "has account 1 twice"),
        ({"expense_accounts": ";".join(f"{n} A" for n in range(25))}, "at most 24"),
        ({"denominations": "5 0"}, "apart by spaces"),
        ({"denominations": "0.50"}, "apart by spaces"),
        ({"denominations": " ".join(map(str, range(1, 26)))}, "at most 24"),
    ],
)
def test_wrong_accounts_or_denominations_are_refused_in_a_sentence(settings, says):
    with pytest.raises(PolicyRefused, match=says):
        policy_from_settings(settings, ())


def declared(amount_of_card: int, pieces: dict[int, int], seq: int = 5) -> dict:
    cash = cash_count(tuple(Pieces(value, count) for value, count in pieces.items()))
    card = TenderCount(kind="card", amount=amount_of_card)
    return payload_of(declaration_body((cash, card), "EUR"), "tender.declaration", seq)


@given(st.dictionaries(st.sampled_from(denominations(POLICY)), st.integers(0, 9_999)), st.integers(0, 10**7))
def test_a_declaration_is_off_by_what_was_counted_less_what_should_be_there_for_each_tender(pieces, card):
    by_card = sale_payload(paid(sale_of(MILK), POLICY, (TenderKind.CARD, 109)), POLICY, 4, 2)
    sums = fold_all([OPENED, SOLD, by_card, declared(card, pieces)])
    cash = sum(value * count for value, count in pieces.items())
    assert sums.declaration_holds
    rows = {row["kind"]: row for row in shift_close_body(sums, FACTS, cash)["declared"]}
    assert rows["cash"] == {
        "kind": "cash",
        "expected": 10_109,
        "counted": cash,
        "over_short": cash - 10_109,
    }
    assert rows["card"] == {"kind": "card", "expected": 109, "counted": card, "over_short": card - 109}
    assert "declared" not in shift_close_body(sums, FACTS, cash + 1)


def test_a_z_report_names_the_difference_of_each_tender_and_the_slip_does_not_tell_what_was_due():
    records = [OPENED, SOLD, declared(50, {5000: 2, 100: 1})]
    sums = fold_all(records)
    rows = rows_of(payload_of(shift_close_body(sums, FACTS, 10_100), "shift.close", 9))
    assert rows["Cash counted"] == "101.00"
    assert (rows["Card expected"], rows["Card counted"], rows["Card over"]) == ("0.00", "0.50", "0.50")
    slip = rows_of(records[-1])
    assert (slip["2 x 50.00"], slip["Cash"], slip["Card"], slip["Counted EUR"]) == (
        "100.00",
        "101.00",
        "0.50",
        "101.50",
    )
    assert "101.09" not in "".join(slip.values())

"""Whatever a till does, the sums agree with a second implementation written from docs/money.md with exact fractions."""

import contextlib
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from msgspec.structs import replace

from sale_shop import CITY, POLICY, VAT_7, VAT_19, sale_payload
from store.ledger.recomputation import recompute_sale
from store.register.verification.sums import check_sale
from store.sale.discount import Discount
from store.sale.discounting import comment_line, comment_sale, discount_line, discount_sale, override_price
from store.sale.item import Department, Item
from store.sale.limits import UNLIMITED, Limits
from store.sale.paying import add_tender, back_to_sale, begin_payment, complete, void_sale, void_tender
from store.sale.policy import RoundingScope, StoreFacts, StorePolicy, TaxRate
from store.sale.quantity import from_thousandths
from store.sale.receipt import receipt
from store.sale.record import sale_body
from store.sale.refusal import SaleRefused
from store.sale.sale import Sale, SaleState, new_sale
from store.sale.selling import add_department_line, add_line, set_quantity, void_line
from store.sale.tender import TenderKind
from store.sale.totals import due, totals

TAXES = (VAT_19, VAT_7, CITY, TaxRate(code="D", name="Sales tax", rate="8.875", included=False))
DISCOUNTS = st.builds(Discount, percent=st.integers(0, 100_000).map(from_thousandths)) | st.builds(
    Discount, amount=st.integers(0, 5_000)
)
LIMITS = st.sampled_from(
    [
        UNLIMITED,
        UNLIMITED,
        Limits(),
        Limits(line_percent="50", line_amount=300, total_amount=500, total_percent="33.333"),
    ]
)
STEPS = st.sampled_from([1, 5, 10])
QUANTITIES = st.integers(1, 9_999).map(from_thousandths)
ITEMS = st.builds(
    lambda price, tax, weighed: Item(
        sku="1", name="Goods", price=price, tax=tax, weighed=weighed, unit="kg" if weighed else "pcs"
    ),
    st.integers(1, 200_000),
    st.sampled_from(["A", "B", "C", "D", ""]),
    st.booleans(),
)


def half_away_from_zero(value: Fraction) -> int:
    """To a whole number, in the plainest way."""
    floor = value.numerator // value.denominator
    rest = value - floor
    if rest == Fraction(1, 2):
        return floor + 1 if value > 0 else floor
    return floor + 1 if rest > Fraction(1, 2) else floor


def taken_off(given: Discount | None, worth: int) -> int:
    """What a discount takes off goods of that worth, within the limits it was given under."""
    if given is None or worth <= 0:
        return 0
    part = Fraction(given.percent or 0) / 100
    asked = half_away_from_zero(worth * part) if given.percent else given.amount
    most = half_away_from_zero(worth * Fraction(given.most_percent) / 100)
    return min(asked, most, given.most_amount or most)


def dealt(total: int, exact: list[Fraction]) -> list[int]:
    """The parts cut to whole cents, then cent by cent to whoever lost most by the cut."""
    cut = [part.numerator // part.denominator for part in exact]
    while sum(cut) < total:
        lost = [part - whole for part, whole in zip(exact, cut, strict=True)]
        cut[lost.index(max(lost))] += 1
    return cut


class Ledger:
    """The second implementation: everything recomputed from prices, quantities, discounts given and payments."""

    def __init__(self, sale: Sale, policy: StorePolicy) -> None:
        self.rates = {tax.code: tax for tax in policy.taxes}
        lines = [line for line in sale.lines if not line.voided]
        amounts = [half_away_from_zero(Fraction(line.price) * Fraction(line.quantity)) for line in lines]
        own = [taken_off(line.given, amount) for line, amount in zip(lines, amounts, strict=True)]
        left = [amount - off for amount, off in zip(amounts, own, strict=True)]
        whole = taken_off(sale.given, sum(left))
        shares = dealt(whole, [Fraction(whole * part, sum(left) or 1) for part in left])
        bases = [part - share for part, share in zip(left, shares, strict=True)]
        codes = [line.tax.code for line in lines]
        self.subtotal, self.discount = sum(amounts), sum(own) + whole
        self.tax = self.taxes(codes, bases, sale.rounding_scope)
        self.gross = sum(bases) + sum(tax for code, tax in self.tax.items() if not self.rates[code].included)
        self.pay(sale)

    def taxes(self, codes: list[str], bases: list[int], scope: RoundingScope) -> dict[str, int]:
        exact: dict[str, Fraction] = {}
        by_line: dict[str, int] = {}
        for code, base in zip(codes, bases, strict=True):
            if code not in self.rates:
                continue
            rate = Fraction(self.rates[code].rate) / 100
            part = base * rate / (1 + rate) if self.rates[code].included else base * rate
            exact[code] = exact.get(code, Fraction()) + part
            by_line[code] = by_line.get(code, 0) + half_away_from_zero(part)
        if scope is RoundingScope.PER_LINE:
            return by_line
        if scope is RoundingScope.PER_RATE:
            return {code: half_away_from_zero(part) for code, part in exact.items()}
        found: dict[str, int] = {}
        for included in (True, False):
            kind = [code for code in exact if self.rates[code].included == included]
            parts = [exact[code] for code in kind]
            found |= zip(kind, dealt(half_away_from_zero(sum(parts, Fraction())), parts), strict=True)
        return found

    def pay(self, sale: Sale) -> None:
        live = [tender for tender in sale.tenders if not tender.voided]
        self.cash = sum(tender.given - tender.change for tender in live if tender.kind is TenderKind.CASH)
        self.card = sum(tender.given for tender in live if tender.kind is TenderKind.CARD)

    def cash_rounding(self, step: int) -> int:
        part = self.gross - self.card
        return half_away_from_zero(Fraction(part, step)) * step - part


def check_sums(sale: Sale, policy: StorePolicy) -> None:
    ledger, sums = Ledger(sale, policy), totals(sale, policy)
    assert sums.total == ledger.gross
    assert (sums.subtotal, sums.discount) == (ledger.subtotal, ledger.discount)
    assert all(0 <= line.base <= line.amount for line in sale.live_lines)
    assert {row.code: row.tax for row in sums.taxes} == ledger.tax
    assert all(row.net + row.tax == row.gross for row in sums.taxes)
    assert sums.paid + sums.due == sums.total
    assert sums.due >= 0
    assert sums.due == due(sale)
    assert sums.paid == ledger.cash + ledger.card - sums.cash_rounding
    assert ledger.cash % policy.cash_rounding_step == 0
    assert abs(sums.cash_rounding) * 2 <= policy.cash_rounding_step
    assert sums.exact_cash % policy.cash_rounding_step == 0
    if sums.due:
        assert sums.exact_cash == max(ledger.gross - ledger.card + ledger.cash_rounding(policy.cash_rounding_step)
                                      - ledger.cash, 0)  # fmt: skip


def check_completed(sale: Sale, policy: StorePolicy) -> None:
    ledger, sums = Ledger(sale, policy), totals(sale, policy)
    body = sale_body(sale, policy)
    assert sum(row["gross"] for row in body["lines"]) == body["total"] == ledger.gross
    assert sum(row["amount"] for row in body["tenders"]) == body["total"]
    assert [row["n"] for row in body["tenders"]] == list(range(1, len(body["tenders"]) + 1))
    assert ledger.cash + ledger.card == body["total"] + body["cash_rounding"]
    if any(tender.kind is TenderKind.CASH for tender in sale.live_tenders):
        assert sums.cash_rounding == ledger.cash_rounding(policy.cash_rounding_step)
    else:
        assert sums.cash_rounding == 0
    payload = sale_payload(sale, policy)
    assert list(recompute_sale(payload)) == []
    check_sale(payload)
    document = receipt(sale_payload(sale, policy), StoreFacts())
    assert any(getattr(element, "left", "") == "TOTAL EUR" for element in document.elements)


class Till(RuleBasedStateMachine):
    """A cashier who tries everything in any order; what is refused changes nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.policy = replace(POLICY, taxes=TAXES)
        self.sale = new_sale("t", "EUR", 0)
        self.finished = 0

    def attempt(self, change) -> None:
        before = self.sale
        with contextlib.suppress(SaleRefused):
            self.sale = change(before)

    @precondition(lambda self: not self.sale.lines)
    @rule(step=STEPS)
    def choose_cash_step(self, step):
        self.policy = replace(self.policy, cash_rounding_step=step)

    @rule(item=ITEMS, quantity=QUANTITIES)
    def scan(self, item, quantity):
        self.attempt(lambda sale: add_line(sale, self.policy, item, quantity))

    @rule(item=ITEMS, count=st.integers(1, 20))
    def scan_pieces(self, item, count):
        self.attempt(lambda sale: add_line(sale, self.policy, item, str(count)))

    @rule(price=st.integers(-10, 5000))
    def sell_by_department(self, price):
        department = Department(code="1", name="Various", tax="A")
        self.attempt(lambda sale: add_department_line(sale, self.policy, department, price))

    @rule(n=st.integers(-1, 8))
    def void_a_line(self, n):
        self.attempt(lambda sale: void_line(sale, n))

    @rule(n=st.integers(1, 8), quantity=QUANTITIES)
    def change_quantity(self, n, quantity):
        self.attempt(lambda sale: set_quantity(sale, self.policy, n, quantity))

    @precondition(lambda self: not self.sale.lines)
    @rule(scope=st.sampled_from(RoundingScope))
    def choose_scope(self, scope):
        self.sale = new_sale("t", "EUR", self.finished, scope)

    @rule(n=st.integers(1, 8), discount=DISCOUNTS, limits=LIMITS)
    def discount_a_line(self, n, discount, limits):
        self.attempt(lambda sale: discount_line(sale, n, discount, limits))

    @rule(discount=DISCOUNTS, limits=LIMITS)
    def discount_all(self, discount, limits):
        self.attempt(lambda sale: discount_sale(sale, discount, limits))

    @rule(n=st.integers(1, 8), price=st.integers(-5, 300_000), limits=LIMITS)
    def set_a_price(self, n, price, limits):
        self.attempt(lambda sale: override_price(sale, self.policy, n, price, "Short date", limits))

    @rule(n=st.integers(1, 8), text=st.text(max_size=80))
    def comment(self, n, text):
        self.attempt(lambda sale: comment_line(sale, n, text))
        self.attempt(lambda sale: comment_sale(sale, text))

    @rule()
    def pay(self):
        self.attempt(begin_payment)

    @rule()
    def go_back(self):
        self.attempt(lambda sale: back_to_sale(sale, self.policy))

    @rule(given=st.integers(-5, 300_000))
    def take_cash(self, given):
        step = self.policy.cash_rounding_step
        self.attempt(lambda sale: add_tender(sale, self.policy, TenderKind.CASH, given // step * step))

    @rule()
    def take_exact_cash(self):
        exact = totals(self.sale, self.policy).exact_cash
        self.attempt(lambda sale: add_tender(sale, self.policy, TenderKind.CASH, exact))

    @rule(part=st.integers(1, 100))
    def take_card(self, part):
        amount = due(self.sale) * part // 100
        self.attempt(lambda sale: add_tender(sale, self.policy, TenderKind.CARD, amount))

    @rule(n=st.integers(1, 6))
    def void_a_payment(self, n):
        self.attempt(lambda sale: void_tender(sale, n))

    @rule()
    def finish(self):
        self.attempt(lambda sale: complete(sale, self.policy))

    @precondition(lambda self: len(self.sale.lines) > 4 and not self.sale.live_tenders)
    @rule()
    def abandon(self):
        self.attempt(void_sale)

    @precondition(lambda self: self.sale.state in (SaleState.COMPLETED, SaleState.VOIDED))
    @rule()
    def next_customer(self):
        self.finished += 1
        self.sale = new_sale("t", "EUR", self.finished)

    @invariant()
    def sums_agree(self):
        check_sums(self.sale, self.policy)
        if self.sale.state is SaleState.COMPLETED:
            check_completed(self.sale, self.policy)
        if self.sale.state is SaleState.VOIDED:
            assert not self.sale.live_tenders

    @invariant()
    def numbers_never_move(self):
        assert [line.n for line in self.sale.lines] == list(range(1, len(self.sale.lines) + 1))
        assert [tender.n for tender in self.sale.tenders] == list(range(1, len(self.sale.tenders) + 1))


TestTill = Till.TestCase
TestTill.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)


@settings(max_examples=150, deadline=None)
@given(
    basket=st.lists(st.tuples(ITEMS, QUANTITIES, st.booleans()), min_size=1, max_size=12),
    step=STEPS,
    scope=st.sampled_from(RoundingScope),
    percents=st.lists(st.tuples(st.integers(1, 12), DISCOUNTS), max_size=6),
    of_sale=st.none() | DISCOUNTS,
    card_part=st.integers(0, 100),
    notes=st.lists(st.sampled_from([500, 1000, 2000, 5000]), max_size=4),
)
def test_random_baskets_paid_in_parts_always_come_out_even(
    basket, step, scope, percents, of_sale, card_part, notes
):
    policy = replace(POLICY, taxes=TAXES, cash_rounding_step=step, rounding_scope=scope)
    sale = new_sale("t", "EUR", 0, scope)
    for item, quantity, voided in basket:
        sale = add_line(sale, policy, item, quantity if item.weighed else "2", zero_confirmed=True)
        if voided and len(sale.live_lines) > 1:
            sale = void_line(sale, len(sale.lines))
    for n, discount in percents:
        with contextlib.suppress(SaleRefused):
            sale = discount_line(sale, n, discount, UNLIMITED)
    if of_sale is not None:
        with contextlib.suppress(SaleRefused):
            sale = discount_sale(sale, of_sale, UNLIMITED)
    sale = begin_payment(sale)
    if card := due(sale) * card_part // 100:
        sale = add_tender(sale, policy, TenderKind.CARD, card)
    for note in notes:
        if due(sale):
            sale = add_tender(sale, policy, TenderKind.CASH, note)
    if due(sale):
        sale = add_tender(sale, policy, TenderKind.CASH, totals(sale, policy).exact_cash)
    sale = complete(sale, policy)
    check_sums(sale, policy)
    check_completed(sale, policy)

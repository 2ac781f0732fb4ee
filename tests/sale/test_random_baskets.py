"""Ten thousand random baskets with returns and prices by hand: four computations come to the same cents.

The register's own (`store/sale`), the server's (`store/ledger`), the verifier's, and a plain one written from
docs/money.md; the totals of their shifts too.
"""

import random
from collections import Counter
from functools import partial

import pytest
from msgspec.structs import replace

from plain_reckoning import Reckoned
from sale_shop import AT_MS, payload_of
from store.ledger.recomputation import recompute_sale
from store.register.verification.sums import ShiftSums, check_sale
from store.sale.detail import TaxDetail
from store.sale.discount import Discount
from store.sale.discounting import discount_line, discount_sale, override_price
from store.sale.item import Department, Item
from store.sale.limits import UNLIMITED
from store.sale.offer import Offer
from store.sale.past_sale import left_of, past_sale, returned_of, with_returned
from store.sale.paying import add_tender, begin_payment, complete
from store.sale.policy import RoundingScope, StoreFacts, StorePolicy, TaxRate
from store.sale.quantity import from_thousandths, thousandths
from store.sale.record import sale_body, shift_open_body
from store.sale.refusal import SaleRefused
from store.sale.sale import new_sale
from store.sale.selling import add_department_line, add_line, set_quantity, void_line
from store.sale.shift import fold_all, shift_close_body
from store.sale.taking_back import set_back_quantity, take_back, take_back_item
from store.sale.tax_override import override_line_tax, override_sale_tax
from store.sale.tax_settings import with_members
from store.sale.tender import TenderKind
from store.sale.totals import totals

SHOPS = 20
BASKETS = 500
START = 20_000
LIMITS = replace(UNLIMITED, price_lower="99", price_higher="1000")

TAXES = with_members(
    (
        TaxRate(code="A", name="VAT", rate="19"),
        TaxRate(code="B", name="VAT", rate="7"),
        TaxRate(code="C", name="City", rate="2.5", included=False),
        TaxRate(code="S", name="State", rate="8.875", included=False),
        TaxRate(code="F", name="Sugar", rate="0", included=False, detail=TaxDetail(fixed=12)),
        TaxRate(code="P", name="Federal", rate="5", included=False),
        TaxRate(code="Q", name="Province", rate="9.975", included=False, detail=TaxDetail(compound=True)),
        TaxRate(code="G", name="Both", rate="0", detail=TaxDetail(members=("P", "Q"))),
        TaxRate(code="M", name="Mixed", rate="0", detail=TaxDetail(members=("A", "F", "C"))),
        TaxRate(code="E", name="Exempt", rate="0", detail=TaxDetail(replaces=("*",), exempt=True)),
        TaxRate(code="R", name="Reduced", rate="5", detail=TaxDetail(replaces=("A", "B"))),
    )
)
OFFERS = (
    (),
    (),
    (Offer(code="O1", name="Ten off", percent="10"),),
    (
        Offer(code="O2", name="Half a unit", amount=50, combined=True),
        Offer(code="O3", name="5 %", percent="5", combined=True),
    ),
    (Offer(code="O4", name="Now 0.99", new_price=99), Offer(code="O5", name="A third", percent="33.333")),
    (Offer(code="O6", name="First", percent="1", priority=2), Offer(code="O7", name="Never", percent="90")),
)


class Shop:
    """One store with its policy, a shift of random baskets, and what was sold in it."""

    def __init__(self, number: int) -> None:
        self.chance = random.Random(number)
        self.policy = StorePolicy(
            taxes=TAXES,
            rounding_scope=list(RoundingScope)[number % 3],
            cash_rounding_step=(1, 5, 10)[number // 3 % 3],
            cash_rounding_tie=("up", "down")[number % 2],
        )
        self.items = [self.item(n) for n in range(40)]
        self.payloads = [payload_of(shift_open_body(START, "EUR", 0), "shift.open", 1)]
        self.sold = {}
        self.plain = Counter()

    def item(self, n: int) -> Item:
        weighed = self.chance.random() < 0.2
        return Item(
            sku=str(1000 + n),
            name=f"Goods {n}",
            price=self.chance.randint(1, 20_000),
            tax=self.chance.choice(["A", "B", "C", "S", "G", "M", ""]),
            weighed=weighed,
            unit="kg" if weighed else "pcs",
        )

    def quantity(self, item: Item) -> str:
        return (
            from_thousandths(self.chance.randint(1, 5_000))
            if item.weighed
            else str(self.chance.randint(1, 6))
        )

    def change(self, sale):
        """One thing that somebody does to an open sale."""
        chance, live = self.chance, [line.n for line in sale.live_lines]
        n = chance.choice(live) if live else 0
        item = chance.choice(self.items)
        match chance.randrange(20) if live else 0:
            case 8:
                return void_line(sale, n)
            case 9:
                change = (
                    set_back_quantity
                    if sale.lines[n - 1].is_return
                    else partial(set_quantity, policy=self.policy)
                )
                return change(sale, n=n, quantity=str(chance.randint(1, 9)))
            case 10 | 11:
                price = max(1, sale.lines[n - 1].price * chance.randint(50, 150) // 100)
                return override_price(sale, self.policy, n, price, "Shelf says so", LIMITS)
            case 12 | 13:
                return discount_line(sale, n, self.discount(), UNLIMITED)
            case 14:
                return discount_sale(sale, self.discount(), UNLIMITED)
            case 15:
                department = Department(code="9", name="Sundries", tax=chance.choice("ABC"))
                return add_department_line(sale, self.policy, department, chance.randint(1, 5_000))
            case 16:
                return take_back_item(sale, self.policy, item, self.quantity(item), "Does not fit")
            case 17 | 18 if self.sold:
                return self.some_of_a_receipt_back(sale)
            case 19 if chance.random() < 0.3:
                tax = chance.choice([tax for tax in TAXES if tax.detail.replaces])
                if chance.random() < 0.5:
                    return override_sale_tax(sale, tax, "DIPL 17")
                return override_line_tax(sale, n, tax, "DIPL 17")
        offers = chance.choice(OFFERS)
        return add_line(sale, self.policy, item, self.quantity(item), offers=offers)

    def discount(self) -> Discount:
        if self.chance.random() < 0.5:
            return Discount(percent=from_thousandths(self.chance.randint(0, 60_000)))
        return Discount(amount=self.chance.randint(0, 300))

    def some_of_a_receipt_back(self, sale):
        past = self.chance.choice(list(self.sold.values()))
        line = self.chance.choice(past.lines)
        left = thousandths(left_of(past, line))
        part = left if line.measured else left // 1000 * 1000
        back = self.chance.randint(1, part) if line.measured and part else part
        return take_back(sale, self.policy, past, line.n, from_thousandths(back), "Broken")

    def basket(self, seq: int) -> None:
        """One sale, from its first line to its record, checked by all who can compute."""
        sale = new_sale(f"txn-{seq}", "EUR", AT_MS, self.policy.rounding_scope)
        for _ in range(self.chance.randint(1, 8)):
            try:
                sale = self.change(sale)
            except SaleRefused:
                continue  # as at a till: the sale is as it was
        if not sale.live_lines:
            sale = add_line(sale, self.policy, self.items[0])
        sale = self.pay(begin_payment(sale, self.policy))
        if sale is None:
            return
        payload = payload_of(sale_body(sale, self.policy), "sale", seq, seq)
        check_sale(payload)
        assert list(recompute_sale(payload)) == []
        self.compare(sale, payload)
        self.payloads.append(payload)
        self.remember(payload)

    def pay(self, sale):
        """By card, cash or both; what the customer gets back, in cash."""
        due = totals(sale, self.policy).due
        try:
            if due > 1 and self.chance.random() < 0.4:
                sale = add_tender(sale, self.policy, TenderKind.CARD, self.chance.randint(1, due))
            while totals(sale, self.policy).due:
                exact = totals(sale, self.policy).exact_cash
                more = self.chance.choice((0, 0, 500, 1_000)) if exact >= 0 else 0
                sale = add_tender(sale, self.policy, TenderKind.CASH, abs(exact) + more)
        except SaleRefused:
            return None  # such as more than may be given back in cash
        return complete(sale, self.policy)

    def compare(self, sale, payload) -> None:
        """The record against the plain computation."""
        plain = Reckoned(sale)
        lines = [line for line in payload["lines"] if "returns_of" not in line]
        fixed = sum(line["gross"] for line in payload["lines"] if "returns_of" in line)
        assert [line["amount"] for line in lines] == plain.amounts
        assert [line.get("discount", 0) for line in lines] == plain.discounts
        assert [line.get("discount_share", 0) for line in lines] == plain.shares
        assert payload["total"] == plain.total + fixed
        for one, amount in plain.by_tax.items():
            assert amount == sum(self.tax_of(line, one.code) for line in lines), one.code
        cash = payload["total"] - sum(row["amount"] for row in payload["tenders"] if row["kind"] == "card")
        step = self.policy.cash_rounding_step
        kept = sum(row["amount"] for row in payload["tenders"] if row["kind"] in ("cash", "change"))
        assert kept % step == 0
        assert abs(kept - cash) * 2 <= step
        assert payload["cash_rounding"] == kept - cash
        self.plain.update(
            sales=1,
            sales_total=payload["total"],
            discount=sum(plain.discounts) + sum(plain.shares) + self.of_returns(payload),
            offered=sum(plain.offered),
            cash=kept,
            card=payload["total"] - cash,
            price_overrides=sum(line["price_source"] == "override" for line in payload["lines"]),
        )

    @staticmethod
    def tax_of(line, code: str) -> int:
        if "tax_parts" in line:
            return sum(part["tax"] for part in line["tax_parts"] if part["code"] == code)
        return line["tax_amount"] if line["tax"] == code else 0

    @staticmethod
    def of_returns(payload) -> int:
        back = [line for line in payload["lines"] if "returns_of" in line]
        return sum(line.get("discount", 0) + line.get("discount_share", 0) for line in back)

    def remember(self, payload) -> None:
        self.sold[payload["seq"]] = past_sale(payload)
        for line in payload["lines"]:
            if origin := line.get("returns_of"):
                known = self.sold[origin["seq"]]
                self.sold[origin["seq"]] = with_returned(known, returned_of(payload, known.series, known.seq))

    def bring_everything_back(self, seq: int) -> int:
        """Whatever is left of every receipt comes back, in parts; returns the next number."""
        for number in list(self.sold):
            lines = [line for line in self.sold[number].lines if thousandths(line.quantity) > 0]
            self.chance.shuffle(lines)
            for line in lines:
                while (left := thousandths(left_of(self.sold[number], line))) > 0:
                    whole = not line.measured and line.quantity.isdigit()
                    part = (
                        self.chance.randint(1, left // 1000) * 1000 if whole else self.chance.randint(1, left)
                    )
                    sale = new_sale(f"txn-{seq}", "EUR", AT_MS, self.policy.rounding_scope)
                    sale = take_back(sale, self.policy, self.sold[number], line.n, from_thousandths(part))
                    payload = payload_of(sale_body(sale, self.policy), "sale", seq, seq)
                    self.remember(payload)
                    seq += 1
        return seq


@pytest.mark.parametrize("number", range(SHOPS))
def test_random_baskets_with_returns_come_to_the_same_cents_four_times_and_so_does_their_shift(number: int):
    shop = Shop(number)
    for seq in range(2, BASKETS + 2):
        shop.basket(seq)
    assert len(shop.payloads) > BASKETS * 0.9, "nearly every basket can be paid"
    sums = fold_all(shop.payloads)
    assert (sums.sales, sums.sales_total) == (shop.plain["sales"], shop.plain["sales_total"])
    assert (sums.discount, sums.price_overrides) == (shop.plain["discount"], shop.plain["price_overrides"])
    assert sums.expected_cash == START + shop.plain["cash"]
    closing = payload_of(shift_close_body(sums, StoreFacts(), sums.expected_cash), "shift.close", BASKETS + 2)
    assert closing["over_short"] == 0
    third = ShiftSums()
    for payload in (*shop.payloads, closing):
        third.add(payload)
    tenders = Counter()
    for row in closing["tenders"]:
        tenders[row["kind"]] += row["amount"]
    assert tenders["card"] == shop.plain["card"]
    assert sums.sales_total == shop.plain["card"] + shop.plain["cash"] - sums.cash_rounding


@pytest.mark.parametrize("number", range(3))
def test_f60_receipts_brought_back_in_parts_and_any_order_come_to_exactly_what_was_paid(number: int):
    shop = Shop(100 + number)
    for seq in range(2, 150):
        shop.basket(seq)
    shop.bring_everything_back(1_000)
    for past in shop.sold.values():
        for line in past.lines:
            back = [row for row in past.returned if row.of_n == line.n]
            if thousandths(line.quantity) > 0:
                for name in ("amount", "tax_amount", "base"):
                    assert sum(getattr(row.cents, name) for row in back) == getattr(line.cents, name), name

"""What happens at a till in a day: each act is done at the real core and written down beside it (day_tally.py)."""

import random
from collections.abc import Callable
from fractions import Fraction
from typing import NamedTuple

from day_tally import Basket, Row, Sold, Tally
from day_till import Cashier, WholeShop
from plain_reckoning import nearest
from shop_hand import money
from tui.demo.goods import make_goods

SWEETS, SWEETS_OFF, STAFF_OFF = "08", 15, 10
"""Department and percent of the demo's offer, and what its price group STAFF gets."""
DOLLAR = Fraction("0.9217")
WHISKY, WATER, PHONE = "4099900000025", "4099900000032", "4099900000049"
DEPOSIT = 25
BANANAS = ("0.482*4011", "Bananas loose", 199)


class Good(NamedTuple):
    """What can be scanned."""

    code: str
    name: str
    price: int
    tax: str
    offer: int = 0


def assortment() -> list[Good]:
    """What the demo shop sells by the piece, up to 30.00."""
    goods = make_goods()
    codes = {row["sku"]: row["gtin"].lstrip("0") for row in goods.barcodes}
    return [
        Good(
            codes[row["sku"]],
            row["name"],
            row["price"],
            row["tax"],
            SWEETS_OFF if row["department"] == SWEETS else 0,
        )
        for row in goods.items
        if 0 < row["price"] < 3_000 and not row["weighed"] and row["sku"] in codes
    ]


class Day:
    """One day of one register; every act leaves the till without a sale."""

    def __init__(self, shop: WholeShop, chance: random.Random) -> None:
        self.shop, self.chance = shop, chance
        self.till = Cashier(shop, chance)
        self.tally = Tally()
        self.basket = Basket()
        self.goods = assortment()
        self.fault: Callable[[], None] | None = None
        """What goes wrong after the next line that is scanned."""
        self.trained = 0

    # --- lines

    def add(self, row: Row, *more: Row) -> None:
        """Lines that the till must show now; what is to go wrong goes wrong behind them."""
        self.basket.rows += (row, *more)
        self.agree()
        if self.fault is not None:
            fault, self.fault = self.fault, None
            fault()

    def agree(self) -> None:
        """The till shows what this side of the counter reckons."""
        shown = self.till.view["totals"]["total"]
        assert shown == self.basket.total, (shown, self.basket.total, self.till.says, self.basket)

    def scan(self, offer: bool | None = None, quantity: int = 0) -> Good:
        """Any goods; `offer` wants those that headquarters takes something off, or those without."""
        goods = [one for one in self.goods if offer is None or bool(one.offer) is offer]
        good, n = self.chance.choice(goods), quantity or self.chance.choice((1, 1, 1, 2, 3))
        self.till.enter(f"{n}*{good.code}" if n > 1 else good.code)
        self.add(Row(name=good.name, price=good.price, tax=good.tax, quantity=str(n), offer=good.offer))
        return good

    def scan_some(self, most: int = 3) -> None:
        """A few goods, bananas among them now and then."""
        for _ in range(self.chance.randint(1, most)):
            self.scan()
        if self.chance.random() < 0.2:
            text, name, price = BANANAS
            self.till.enter(text)
            self.add(Row(name=name, price=price, tax="R", quantity="0.482"))

    def allowed(self) -> None:
        """A second person allows it, where one is asked."""
        if self.till.question["kind"] == "override":
            self.till.enter("201", "201201")

    # --- the end of a sale

    def done(self, **paid: int) -> Sold:
        """The sale is finished and numbered without a gap."""
        sale = self.tally.finish(self.till.operator, self.basket, {k: v for k, v in paid.items() if v})
        self.basket = Basket()
        assert self.till.mode in ("paid", "idle"), (self.till.mode, self.till.says, self.till.question)
        self.number_is(sale)
        return sale

    def number_is(self, sale: Sold) -> None:
        """What the change panel names."""
        paid = self.till.view["paid"]
        assert paid is None or paid["receipt_no"] == f"S0001-R01-{sale.number:06d}", (paid, sale.number)

    def in_cash(self) -> Sold:
        """Exact, or with change; or money goes back."""
        due = self.basket.total
        given = min(-(-due // 500) * 500, 10 * due) if due > 0 and self.chance.random() < 0.6 else due
        self.till.operation(139)
        self.till.enter("" if given == due else money(given))
        return self.done(cash=given, change=due - given)

    def by_card(self) -> Sold:
        """All of it, in either direction."""
        due = self.basket.total
        self.till.operation(139)
        self.till.operation(201)
        assert self.till.question["kind"] == "card", self.till.says
        self.till.answer()
        return self.done(card=due)

    # --- acts: ways to pay

    def plain_cash(self) -> None:
        """The most common sale."""
        self.scan_some()
        self.in_cash()

    def plain_card(self) -> None:
        """The second."""
        self.scan_some()
        self.by_card()

    def dollars(self) -> None:
        """Foreign notes, change in the store's money."""
        self.scan_some()
        self.scan()
        due = self.basket.total
        notes = int(-(-due / DOLLAR // 500)) * 500
        worth = nearest(notes * DOLLAR)
        self.till.operation(139)
        self.till.operation(203, money(notes))
        if self.till.question["kind"] == "large_amount":
            self.till.answer()
        self.tally.dollars += notes
        self.done(usd=worth, change=due - worth)

    def check(self) -> None:
        """A check over what is due."""
        self.scan_some()
        due = self.basket.total
        self.till.operation(139)
        self.till.operation(204, "", "4711")
        self.done(check=due)

    def voucher_sold(self) -> None:
        """Its number is on the line."""
        amount = self.chance.choice((1_000, 2_000, 2_500))
        self.till.operation(511, money(amount))
        name = self.till.view["lines"][-1][1]
        number = "".join(sign for sign in name if sign.isdigit())
        self.add(Row(name=name, price=amount, tax="", plain=True, voucher=number))
        self.in_cash()

    def voucher_redeemed(self) -> None:
        """What is on it, the rest in cash."""
        good = [number for number, left in self.tally.vouchers.items() if left]
        if not good:
            return self.voucher_sold()
        number = self.chance.choice(good)
        self.scan_some()
        due = self.basket.total
        taken = min(due, self.tally.vouchers[number])
        self.till.operation(139)
        self.till.operation(213, number)
        if due > taken:
            assert self.till.view["totals"]["due"] == due - taken, self.till.says
            self.till.enter("")
        self.tally.vouchers[number] -= taken
        self.done(voucher=taken, cash=due - taken)
        return None

    def on_account(self) -> None:
        """On the customer's account, or in cash where nothing is known of it."""
        self.till.enter("KC-1001")
        self.scan_some()
        due = self.basket.total
        if self.tally.owed.get("C1001", 0) + due > 15_000:
            self.in_cash()
            return
        self.till.operation(202)
        if self.till.mode in ("sale", "tender"):
            self.till.operation(206)
            self.done(cash=due)
            return
        self.tally.owed["C1001"] = self.tally.owed.get("C1001", 0) + due
        self.tally.count(on_account=1)
        self.done(account=due)

    def split(self) -> None:
        """Cash, a card that is taken back, cash again, card."""
        self.scan_some()
        self.scan(quantity=3)
        due = self.basket.total
        part = due // 3
        self.till.operation(139)
        self.till.enter(money(part))
        self.till.operation(201, money(part))
        self.till.answer()
        self.till.operation(211)
        self.till.answer()
        self.tally.count(voided_tenders=1)
        self.till.operation(201, money(part))
        self.till.answer()
        self.till.enter("")
        self.done(cash=due - part, card=part)

    # --- acts: prices

    def discounts(self) -> None:
        """On a line and on the sale, within the limits of a cashier."""
        self.scan_some()
        self.scan()
        self.till.operation(301, "10")
        self.basket.rows[-1].percent = 10
        self.agree()
        self.scan()
        self.till.operation(303, "5")
        self.basket.percent = 5
        self.agree()
        self.in_cash()

    def allowed_discount(self) -> None:
        """Further than a cashier may go: the manager allows this one."""
        self.scan_some()
        self.scan()
        self.till.operation(301, "50")
        if self.till.question["kind"] == "override":
            self.tally.count(overrides=1)
        self.allowed()
        self.basket.rows[-1].percent = 50
        self.agree()
        self.in_cash()

    def price_by_hand(self) -> None:
        """With its reason."""
        row = self.scan()
        price = row.price * 9 // 10
        self.till.operation(104, money(price), "2")
        self.basket.rows[-1].price, self.basket.rows[-1].by_hand = price, True
        self.agree()
        self.by_card()

    def offers(self) -> None:
        """Sweets, for one of the staff: the better price wins, before and after the customer is known."""
        self.scan(offer=True)
        self.scan(offer=False)
        self.till.enter("KC-1002")
        self.basket.group = STAFF_OFF
        self.agree()
        self.scan(offer=True)
        self.scan(offer=False)
        self.in_cash()

    # --- acts: goods with conditions

    def deposits(self) -> None:
        """Bottles with their deposit, whisky for somebody who is old enough or is not."""
        n = self.chance.randint(1, 6)
        self.till.enter(f"{n}*{WATER}")
        bottle = Row(name="Bottle deposit", price=DEPOSIT, tax="R", quantity=str(n), plain=True, deposit=True)
        self.add(Row(name="Spring water 0.75 l, bottle", price=79, tax="R", quantity=str(n)), bottle)
        self.till.enter(WHISKY)
        old_enough = self.chance.random() < 0.7
        assert self.till.question["kind"] == "age", self.till.says
        self.till.answer(old_enough)
        if old_enough:
            self.add(Row(name="Old Kiln whisky 0.7 l", price=2_499, tax="R"))
        self.agree()
        self.in_cash()

    def empties(self) -> None:
        """Bottles come back: money for them."""
        n = self.chance.randint(2, 9)
        self.till.operation(9150, "", f"{n}*{WATER}")
        self.add(Row(name="Empties", price=DEPOSIT, tax="R", quantity=f"-{n}", plain=True, deposit=True))
        self.till.back()
        self.in_cash()

    def phone(self) -> None:
        """With its serial number."""
        self.till.enter(PHONE, f"SN{self.chance.randrange(10**6)}")
        self.add(Row(name="Field phone", price=8_900, tax="R"))
        self.by_card()

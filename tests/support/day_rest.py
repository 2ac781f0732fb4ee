"""The rest of a day: what is taken back, given up, set aside, practised, and money without a sale."""

from fractions import Fraction

from day_tally import Basket, Row, Sold
from day_till import PINS
from day_work import Day
from plain_reckoning import nearest
from shop_hand import money

ACCOUNTS = (("8100", 517, "incomes", 1), ("4930", 518, "expenses", -1))
MOVES = (
    (1201, "floats", 1, ""),
    (1210, "removals", -1, " market"),
    (1211, "safe_drops", -1, ""),
    (1212, "bank_drops", -1, " BAG-7"),
)


class WholeDay(Day):
    """All acts."""

    # --- taken back

    def line_voided(self) -> None:
        """The last line is taken out again."""
        self.scan_some()
        self.scan()
        self.till.operation(102)
        self.basket.voided.append(self.basket.rows.pop())
        self.agree()
        self.in_cash()

    def sale_voided(self) -> None:
        """Given up as a whole."""
        self.scan_some()
        self.till.operation(500)
        self.till.answer()
        assert self.till.mode == "idle", self.till.says
        self.tally.void(self.basket)
        self.basket = Basket()

    def set_aside(self) -> None:
        """A sale is suspended, the next customer served, and it is resumed."""
        self.scan_some()
        waiting = self.basket
        self.till.operation(503)
        self.basket = Basket()
        self.plain_cash()
        self.till.operation(504, "", "1")
        self.basket = waiting
        self.agree()
        self.scan_some()
        self.in_cash()

    def _returnable(self) -> tuple[Sold, int] | None:
        """A sale paid in one way, and one of its lines of which something is left."""
        found = []
        for sale in self.tally.sold:
            names = [row.name for row, _, _ in sale.rows]
            ways = set(sale.paid) - {"change"}
            if sale.undone or ways not in ({"cash"}, {"card"}) or len(set(names)) < len(names):
                continue
            for at, (row, gross, _) in enumerate(sale.rows):
                whole = row.quantity.isdigit() and not row.plain and not row.name.startswith("Spring water")
                if whole and 0 < gross < 4_000 and int(row.quantity) > sale.back.get(at, 0):
                    found.append((sale, at))
        return self.chance.choice(found) if found else None

    def _take_back(self) -> Sold | None:
        """Some of a line with its receipt: the cents of its sale."""
        found = self._returnable()
        if found is None:
            return None
        sale, at = found
        row, gross, tax = sale.rows[at]
        whole, before = int(row.quantity), sale.back.get(at, 0)
        after = self.chance.randint(before + 1, whole)
        self.till.enter(f"S0001-R01-{sale.number:06d}")
        keys = [key for key, label, _ in self.till.question.get("choices", ()) if row.name.startswith(label)]
        assert len(keys) == 1, (self.till.says, self.till.question, row)
        self.till.enter(f"{after - before}*{keys[0]}")

        def part(amount: int) -> int:
            return nearest(Fraction(amount * before, whole)) - nearest(Fraction(amount * after, whole))

        sale.back[at] = after
        mirror = (part(row.amount), part(gross), part(tax))
        self.add(
            Row(name=row.name, price=row.price, tax=row.tax, quantity=str(before - after), mirror=mirror)
        )
        return sale

    def taken_back(self) -> None:
        """Money goes back the way it came."""
        sale = self._take_back()
        if sale is None:
            return
        if "card" in sale.paid:
            self.by_card()
        else:
            self.in_cash()

    def exchanged(self) -> None:
        """Something else instead, dearer: the difference is paid."""
        if self._take_back() is None:
            return
        while self.basket.total <= 0:
            self.scan()
        self.in_cash()

    def blind_return(self) -> None:
        """Without a receipt: today's price, a reason; within what one person may give back in a shift."""
        good = self.chance.choice([one for one in self.goods if one.price < 800])
        self.till.operation(109, good.code, "1")
        self.add(Row(name=good.name, price=good.price, tax=good.tax, quantity="-1", offer=good.offer))
        self.in_cash()

    def undone(self) -> None:
        """A finished sale is undone by the manager, or by somebody with the manager beside them."""
        self.scan_some()
        sale = self.in_cash()
        self.till.operation(9140)
        if self.till.question["kind"] == "override":
            self.tally.count(overrides=1)
        self.allowed()
        assert self.till.question["kind"] == "post_void", (self.till.says, self.till.question)
        self.till.answer()
        self.tally.undo(self.till.operator, sale)

    # --- money without a sale

    def moved(self) -> None:
        """Float, removal, safe, bank; income and expense."""
        for number, name, sign, words in MOVES:
            amount = self.chance.randrange(100, 2_000)
            self.till.operation(number, money(amount) + words)
            self.tally.move(name, amount, sign)
        for account, number, name, sign in ACCOUNTS:
            amount = self.chance.randrange(100, 900)
            self.till.operation(number, "", account, money(amount))
            self.tally.move(name, amount, sign)

    def into_account(self) -> None:
        """A customer pays what is owed, in cash; it needs the server to be known."""
        owed = self.tally.owed.get("C1001", 0)
        if owed < 100 or self.till.view["header"]["connection"] != "ONLINE":
            return
        self.till.operation(1100, "KC-1001", money(owed // 2))
        self.tally.owed["C1001"] -= owed // 2
        self.tally.paid_in += owed // 2
        self.tally.count(account_payments=1, account_payments_total=owed // 2)

    def drawer_opened(self) -> None:
        """Without a sale."""
        self.till.operation(1000)
        self.tally.count(no_sales=1)

    # --- people

    def locked(self) -> None:
        """In the middle of a sale."""
        self.scan_some()
        self.till.operation(703)
        assert self.till.mode == "locked"
        self.till.sign_on(self.till.operator)
        self.agree()
        self.in_cash()

    def next_operator(self) -> None:
        """The shift is shared."""
        self.till.operation(701)
        self.till.sign_on(next(number for number in PINS if number != self.till.operator))

    def practice(self) -> None:
        """Two sales that count nowhere."""
        self._switch_training()
        for _ in range(2):
            self.scan_some()
            self.till.operation(206)
            assert self.till.view["header"]["training"]
            self.tally.count(training_sales=1, training_total=self.basket.total)
            self.basket = Basket()
        self._switch_training()

    def _switch_training(self) -> None:
        self.till.operation(9135)
        if self.till.question["kind"] == "override":
            self.tally.count(overrides=1)
        self.allowed()
        assert self.till.question["kind"] == "training", (self.till.says, self.till.question)
        self.till.answer()

    def report(self) -> None:
        """The X report tells the drawer, unless the core was killed behind it."""
        self.till.operation(1056)
        if self.till.says.startswith("Restored"):
            return
        assert f"hold {money(self.tally.drawer)}" in self.till.says, (self.till.says, self.tally.drawer)

"""What a day must come to, kept with whole numbers beside the register: a pad of paper, and none of its code.

Reckoned from docs/money.md: prices, discounts and taxes with exact fractions, each rounded once where the page says so.
"""

from dataclasses import dataclass, field
from fractions import Fraction

from plain_reckoning import dealt, nearest

RATES = {"R": 7, "S": 19, "Z": 0, "": 0}
"""Code of a tax and its percentage, all of them in the price; a voucher has none."""
START = 10_000


@dataclass(kw_only=True)
class Row:
    """A line of a sale as asked for. `quantity` is a decimal string, below zero where goods come back."""

    name: str
    price: int
    tax: str
    quantity: str = "1"
    offer: int = 0
    """Percent that headquarters takes off it."""
    percent: int = 0
    """Percent taken off by hand."""
    plain: bool = False
    """A deposit, empties or a voucher: no discount touches it."""
    by_hand: bool = False
    """Its price was set by hand, so no discount of headquarters counts."""
    voucher: str = ""
    deposit: bool = False
    mirror: tuple[int, int, int] | None = None
    """Amount, gross and tax that come back with a receipt, below zero."""

    @property
    def amount(self) -> int:
        """Price times quantity."""
        return self.mirror[0] if self.mirror else nearest(self.price * Fraction(self.quantity))

    def offered(self, group: int) -> int:
        """What headquarters takes off: the better of the offer on the goods and that of the customer's group."""
        best = 0 if self.plain or self.by_hand or self.mirror else max(self.offer, group)
        return nearest(Fraction(self.amount * best, 100))

    def own(self, group: int) -> int:
        """What is taken off this line alone."""
        off = self.offered(group)
        return off + nearest(Fraction((self.amount - off) * self.percent, 100))


@dataclass(kw_only=True)
class Basket:
    """A sale while it is open, and what it comes to."""

    rows: list[Row] = field(default_factory=list)
    percent: int = 0
    """Taken off the whole sale by hand."""
    group: int = 0
    """Percent that the customer's group gets."""
    voided: list[Row] = field(default_factory=list)

    def reckoned(self) -> list[tuple[Row, int, int]]:
        """Each line with what is paid for it and the tax in that."""
        own = [row.amount - row.own(self.group) for row in self.rows]
        weights = [
            0 if row.plain or row.mirror or left < 0 else left
            for row, left in zip(self.rows, own, strict=True)
        ]
        whole = nearest(Fraction(sum(weights) * self.percent, 100))
        shares = dealt(whole, [Fraction(whole * weight, sum(weights) or 1) for weight in weights])
        found = []
        for row, left, share in zip(self.rows, own, shares, strict=True):
            gross = row.mirror[1] if row.mirror else left - share
            rate = RATES[row.tax]
            tax = row.mirror[2] if row.mirror else nearest(Fraction(gross * rate, 100 + rate))
            found.append((row, gross, tax))
        return found

    @property
    def total(self) -> int:
        """What is to pay."""
        return sum(gross for _, gross, _ in self.reckoned())


@dataclass(kw_only=True)
class Sold:
    """A finished sale: its number, its lines with what was paid for each and the tax in it, what paid for it."""

    number: int
    total: int
    rows: list[tuple[Row, int, int]]
    paid: dict[str, int]
    back: dict[int, int] = field(default_factory=dict)
    """Line → how many of it came back."""
    undone: bool = False


class Tally:
    """The sums of the day."""

    def __init__(self) -> None:
        self.sold: list[Sold] = []
        self.tenders: dict[str, int] = {}
        """Tender → minor units taken, less given back; `change` apart, below zero."""
        self.taxes: dict[str, list[int]] = {}
        """Code → net, tax, gross."""
        self.counts: dict[str, int] = {}
        """What X and Z count, by their names in the record."""
        self.operators: dict[str, list[int]] = {}
        self.dollars = 0
        self.moved = self.paid_in = 0
        """Money moved beside sales; cash that customers paid into their accounts."""
        self.vouchers: dict[str, int] = {}
        self.owed: dict[str, int] = {}

    def count(self, **more: int) -> None:
        """Add to counters."""
        for name, n in more.items():
            self.counts[name] = self.counts.get(name, 0) + n

    def move(self, name: str, amount: int, sign: int) -> None:
        """Money moved beside sales."""
        self.moved += sign * amount
        self.count(**{name: 1, f"{name}_total": amount})

    @property
    def drawer(self) -> int:
        """What the drawer must hold."""
        sold = self.tenders.get("cash", 0) + self.tenders.get("change", 0)
        return START + sold + self.moved + self.paid_in

    @property
    def total(self) -> int:
        """What was sold."""
        return sum(sale.total for sale in self.sold)

    def finish(self, operator: str, basket: Basket, paid: dict[str, int]) -> Sold:
        """A sale is paid: its tenders add up to its total."""
        rows, total = basket.reckoned(), basket.total
        assert sum(paid.values()) == total, (paid, total)
        sale = Sold(number=len(self.sold) + 1, total=total, rows=rows, paid=paid)
        self._book(operator, sale)
        for row, gross, _ in rows:
            returned = row.mirror is not None or (row.amount < 0 and not row.plain)
            self.count(
                discount=row.amount - gross,
                offered=row.offered(basket.group),
                price_overrides=int(row.by_hand),
                returns=int(returned),
                returns_total=-gross if returned else 0,
                deposits_total=gross if row.deposit and gross > 0 else 0,
                empties_total=-gross if row.deposit and gross < 0 else 0,
            )
            if row.voucher:
                self.vouchers[row.voucher] = gross
                self.count(vouchers_issued=1, vouchers_issued_total=gross)
        self.void_lines(basket)
        return sale

    def undo(self, operator: str, sale: Sold) -> None:
        """A finished sale is undone: another one mirrors it, and it is counted apart."""
        sale.undone = True
        rows = [(row, -gross, -tax) for row, gross, tax in sale.rows]
        paid = {name: -amount for name, amount in sale.paid.items()}
        mirror = Sold(number=len(self.sold) + 1, total=-sale.total, rows=rows, paid=paid, undone=True)
        self._book(operator, mirror)
        for row, gross, _ in sale.rows:
            self.count(discount=gross - row.amount)
        self.count(post_voids=1, post_voids_total=sale.total)

    def _book(self, operator: str, sale: Sold) -> None:
        self.sold.append(sale)
        for name, amount in sale.paid.items():
            self.tenders[name] = self.tenders.get(name, 0) + amount
        for row, gross, tax in sale.rows:
            sums = self.taxes.setdefault(row.tax, [0, 0, 0])
            for at, amount in enumerate((gross - tax, tax, gross)):
                sums[at] += amount
        mine = self.operators.setdefault(operator, [0, 0])
        mine[0] += 1
        mine[1] += sale.total

    def void_lines(self, basket: Basket) -> None:
        """Lines that were taken out of a sale before it ended."""
        voided = sum(row.amount - row.own(basket.group) for row in basket.voided)
        self.count(voided_lines=len(basket.voided), voided_lines_total=voided)

    def void(self, basket: Basket) -> None:
        """A sale is given up."""
        self.count(voids=1, voids_total=basket.total)
        self.void_lines(basket)

"""The verifier's own arithmetic: every sum of a sale and of a closed shift, computed again from the stored lines."""

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from store.register.verification.discounts import check_discounts
from store.register.verification.people import PeopleSums
from store.register.verification.returns import ReturnSums, check_returns, without_returns
from store.register.verification.taxes import check_taxes, rounded
from store.register.verification.tenders import TenderSums, check_declaration, check_payments


def check_sale(payload: dict[str, Any]) -> None:
    """Raise ValueError with a reason unless lines, taxes, total and tenders of a sale agree to the cent."""
    fresh = without_returns(payload)
    check_discounts(fresh)
    for line in fresh["lines"]:
        _check_amount(line)
    check_returns(payload)
    check_taxes(payload)
    total = sum(line["gross"] for line in payload["lines"])
    if total != payload["total"]:
        raise ValueError(f"has lines that add up to {total}, not to its total {payload['total']}")
    check_payments(payload)


def _check_amount(line: dict[str, Any]) -> None:
    amount = rounded(Fraction(line["quantity"]) * line["price"])
    # On a price label the amount is final, and the quantity only follows from it.
    by_label = line["price_source"] == "label" and "measured" in line
    if not by_label and amount != line["amount"]:
        raise ValueError(f"has in line {line['n']} the amount {line['amount']} where {amount} is right")


_MOVES = {
    "cash.float": ("floats", 1),
    "cash.income": ("incomes", 1),
    "cash.expense": ("expenses", -1),
    "cash.removal": ("removals", -1),
    "cash.safe_drop": ("safe_drops", -1),
    "cash.bank_drop": ("bank_drops", -1),
}
"""Kind of record: the name a closing counts it by, and whether the money came in or went out."""
_COUNTED = (*(kind for kind, _ in _MOVES.values()), "account_payments")
_COUNTERS = tuple(name for kind in _COUNTED for name in (kind, f"{kind}_total"))


@dataclass
class ShiftSums:
    """What a shift's closing must say, added up from its records."""

    start_amount: int = 0
    grand_total_before: int = 0
    sales: int = 0
    sales_total: int = 0
    voids: int = 0
    no_sales: int = 0
    reprints: int = 0
    discount: int = 0
    offered: int = 0
    untaxed: int = 0
    price_overrides: int = 0
    deposits: dict[str, int] = field(default_factory=lambda: {"deposits_total": 0, "empties_total": 0})
    tenders: TenderSums = field(default_factory=TenderSums)
    returns: ReturnSums = field(default_factory=ReturnSums)
    people: PeopleSums = field(default_factory=PeopleSums)
    moved: int = 0
    moves: dict[str, int] = field(default_factory=dict)

    def add(self, payload: dict[str, Any]) -> None:
        """Take one record of the shift; raises ValueError when a closing says something else."""
        kind = payload["kind"]
        if kind == "shift.open":
            self.start_amount = payload["start_amount"]
            self.grand_total_before = payload["grand_total"]
        elif kind == "sale":
            self._add_sale(payload)
        elif kind == "tender.declaration":
            check_declaration(payload)
        elif kind == "account.payment":
            self._add_account_payment(payload)
        elif kind in _MOVES:
            self._add_move(payload)
        elif kind == "shift.close":
            self._compare(payload)
        self.people.add(payload)
        self.voids += kind == "void"
        self.no_sales += kind == "drawer.open"
        self.reprints += kind == "reprint"

    def closed_before(self, grand_total: int | None) -> None:
        """Another shift was closed last, with this grand total; None when none was seen."""
        if grand_total is not None:
            self.grand_total_before = grand_total

    def _add_sale(self, payload: dict[str, Any]) -> None:
        self.sales += 1
        self.sales_total += payload["total"]
        self.discount += payload["discount"]
        for line in payload["lines"]:
            self.offered += sum(row["off"] for row in line.get("offers", ()))
            self.untaxed += 0 if line["tax"] else line["gross"]
            if "no_discount" in line and "voucher" not in line and "voids_of" not in payload:
                name = "empties_total" if "empties" in line else "deposits_total"
                self.deposits[name] += line["gross"] * (-1 if "empties" in line else 1)
        self.price_overrides += sum(line["price_source"] == "override" for line in payload["lines"])
        self.tenders.add(payload)
        self.returns.add(payload)

    def _add_account_payment(self, payload: dict[str, Any]) -> None:
        if payload["total"] <= 0 or sum(row["amount"] for row in payload["tenders"]) != payload["total"]:
            raise ValueError("pays into an account what its tenders do not add up to")
        self.moves["account_payments"] = self.moves.get("account_payments", 0) + 1
        before = self.moves.get("account_payments_total", 0)
        self.moves["account_payments_total"] = before + payload["total"]
        self.tenders.add(payload)

    def _add_move(self, payload: dict[str, Any]) -> None:
        name, sign = _MOVES[payload["kind"]]
        if type(payload["total"]) is not int or payload["total"] < 0:
            raise ValueError("moves money without an amount")
        self.moves[name] = self.moves.get(name, 0) + 1
        self.moves[f"{name}_total"] = self.moves.get(f"{name}_total", 0) + payload["total"]
        self.moved += sign * payload["total"]

    def _compare(self, payload: dict[str, Any]) -> None:
        expected_cash = self.start_amount + self.tenders.cash_in - self.tenders.change + self.moved
        wanted = {
            "start_amount": self.start_amount,
            "grand_total_before": self.grand_total_before,
            "grand_total": self.grand_total_before + self.sales_total,
            "sales": self.sales,
            "sales_total": self.sales_total,
            "voids": self.voids,
            "no_sales": self.no_sales,
            "reprints": self.reprints,
            "cash_in": self.tenders.cash_in,
            "change": self.tenders.change,
            "cash_rounding": self.tenders.cash_rounding,
            "expected_cash": expected_cash,
            "over_short": payload["counted"] - expected_cash,
        }
        self.people.compare(payload)
        counters = {name: self.moves.get(name, 0) for name in _COUNTERS}
        counters |= {"discount": self.discount, "price_overrides": self.price_overrides}
        counters |= {"offered": self.offered} | self.deposits | self.returns.counters
        if "untaxed" in payload:  # a closing of an older program has none
            counters |= {"untaxed": self.untaxed}
        counters |= {
            name: getattr(self.tenders, name) for name in ("vouchers_issued", "vouchers_issued_total")
        }
        for name, found in counters.items():
            said = payload.get(name, 0)  # closings of older programs have none
            if said != found:
                raise ValueError(f"closes its shift with {name} {said}; its records say {found}")
        self.tenders.compare(payload, expected_cash)
        for name, value in wanted.items():
            if payload[name] != value:
                raise ValueError(f"closes its shift with {name} {payload[name]}; its records say {value}")

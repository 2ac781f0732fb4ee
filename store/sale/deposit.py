"""Deposits that go with the goods of a line: how many, and what happens to them when the line changes."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from store.sale.language import phrase
from store.sale.line_change import check_amount, with_change, with_changed_line
from store.sale.policy import StorePolicy
from store.sale.quantity import SCALE, from_thousandths, is_whole, multiply, thousandths
from store.sale.refusal import SaleRefused
from store.sale.sale import Sale, SaleLine

ONE_PIECE = "1"

Row = Mapping[str, Any]


def deposits_sold(lines: Sequence[Row]) -> tuple[Row, ...]:
    """The rows of a record's lines that are deposits sold. Vouchers take no discount either, and are none."""
    return tuple(line for line in lines if "no_discount" in line and not {"empties", "voucher"} & line.keys())


def empties_taken(lines: Sequence[Row]) -> tuple[Row, ...]:
    """The rows of a record's lines that are empties taken back."""
    return tuple(line for line in lines if "empties" in line)


def deposits_of(sale: Sale, n: int) -> tuple[SaleLine, ...]:
    """The deposits that go with line `n` and are not voided."""
    return tuple(line for line in sale.lines if line.parent == n and not line.voided)


def deposit_quantity(line: SaleLine) -> str:
    """How many deposits go with a line: one for each piece, also of a case; one with what is measured."""
    if line.measured or not is_whole(line.quantity):
        return ONE_PIECE
    pieces = from_thousandths(thousandths(line.quantity) * thousandths(line.factor or ONE_PIECE) // SCALE)
    return pieces if is_whole(pieces) else ONE_PIECE


def refuse_deposit(line: SaleLine) -> None:
    """Raises SaleRefused for a deposit: it changes with its goods only."""
    if line.parent:
        raise SaleRefused(
            phrase("{name} goes with line {parent}. Change that line instead.", line.name, line.parent)
        )


def with_goods(sale: Sale, policy: StorePolicy, line: SaleLine) -> Sale:
    """The sale with a line in the place of the one with its number, and its deposits by its quantity."""
    check_amount(line, policy, sale.currency, zero_confirmed=True)
    own = {one.n for one in deposits_of(sale, line.n)}
    if not own:
        return with_changed_line(sale, line)
    quantity = deposit_quantity(line)
    changed = [
        replace(one, quantity=quantity, amount=multiply(one.price, quantity)) if one.n in own else one
        for one in sale.lines
    ]
    changed[line.n - 1] = line
    return with_change(sale, tuple(changed), 0)


def with_goods_voided(sale: Sale, line: SaleLine) -> Sale:
    """The sale with a line and its deposits voided."""
    own = {line.n, *(one.n for one in deposits_of(sale, line.n))}
    if len(own) == 1:
        return with_changed_line(sale, replace(line, voided=True))
    return with_change(
        sale, tuple(replace(one, voided=True) if one.n in own else one for one in sale.lines), 0
    )

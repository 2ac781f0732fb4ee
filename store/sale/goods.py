"""What a cashier says about goods on a sale: their deposit, empties, units of measure, serial numbers, answers."""

from msgspec.structs import replace

from store.sale.deposit import ONE_PIECE, deposit_quantity, refuse_deposit, with_goods
from store.sale.info import InfoAnswer
from store.sale.item import Item
from store.sale.language import phrase
from store.sale.line_change import RECORD_BYTES, find_line, with_changed_line
from store.sale.policy import StorePolicy
from store.sale.quantity import is_whole, multiply
from store.sale.refusal import SaleRefused
from store.sale.sale import PriceSource, Sale
from store.sale.selling import UNIT_LIMIT, add_line, is_measured_unit
from store.sale.text import printable, stored
from store.sale.units import SoldUnit

SERIAL_LIMIT = 30
FULL = "This sale is full. Take payment, then begin a new sale."


def with_deposit(sale: Sale, policy: StorePolicy, n: int, deposit: Item, source: str = "online") -> Sale:
    """The sale with the deposit of line `n` as a line behind the others. Raises SaleRefused."""
    quantity = deposit_quantity(find_line(sale, n))
    added = add_line(sale, policy, deposit, quantity, "", source, deposit.price, zero_confirmed=True)
    line = replace(added.lines[-1], parent=n, no_discount=True, price_source=PriceSource.CATALOG)
    return with_changed_line(added, line)


def take_empties(
    sale: Sale, policy: StorePolicy, deposit: Item, quantity: str, code: str, source: str = "online"
) -> Sale:
    """The sale with empties taken back: the deposit, below zero; a blocked one too. Raises SaleRefused."""
    if deposit.price <= 0:
        raise SaleRefused(phrase("The deposit {name} has no price.", deposit.name))
    item = replace(deposit, blocked="")
    added = add_line(sale, policy, item, quantity, code, source, item.price, zero_confirmed=True)
    line = added.lines[-1]
    line = replace(
        line,
        quantity=f"-{line.quantity}",
        amount=-line.amount,
        no_discount=True,
        empties=True,
        price_source=PriceSource.CATALOG,
    )
    return with_changed_line(added, line)


def change_unit(sale: Sale, policy: StorePolicy, n: int, unit: SoldUnit) -> Sale:
    """The sale with line `n` in another unit of measure, at that unit's price.

    Raises SaleRefused where the price is not the catalog's.
    """
    line = find_line(sale, n)
    refuse_deposit(line)
    if line.is_return or line.price_source is not PriceSource.CATALOG:
        raise SaleRefused(
            phrase("The unit of {name} cannot be changed: its price is not the catalog's.", line.name)
        )
    own = unit.factor == ONE_PIECE
    measured = is_measured_unit(unit.unit)
    if not measured and not is_whole(line.quantity):
        raise SaleRefused(
            phrase(
                "{quantity} {unit} cannot be sold. Set a whole quantity first (F4).", line.quantity, unit.unit
            )
        )
    line = replace(
        line,
        unit=stored(unit.unit, UNIT_LIMIT),
        factor="" if own else unit.factor,
        price=unit.price,
        amount=multiply(unit.price, line.quantity),
        measured=measured,
    )
    return with_goods(sale, policy, line)


def set_serial(sale: Sale, n: int, serial: str) -> Sale:
    """The sale with a serial number on line `n`; an empty one takes it away. Raises SaleRefused."""
    line = find_line(sale, n)
    refuse_deposit(line)
    serial = stored(printable(serial).strip(), SERIAL_LIMIT)
    if serial and line.quantity not in (ONE_PIECE, f"-{ONE_PIECE}"):
        raise SaleRefused(
            phrase("A serial number belongs to one piece. Set the quantity of {name} to 1 first.", line.name)
        )
    for other in sale.live_lines:
        if serial and other.n != n and (other.sku, other.serial) == (line.sku, serial):
            raise SaleRefused(phrase("Serial number {serial} is on line {n} already.", serial, other.n))
    return _checked(with_changed_line(sale, replace(line, serial=serial)))


def with_answers(sale: Sale, n: int, answers: tuple[InfoAnswer, ...]) -> Sale:
    """The sale with what was answered about the goods of line `n`. Raises SaleRefused."""
    return _checked(with_changed_line(sale, replace(find_line(sale, n), info=answers)))


def _checked(sale: Sale) -> Sale:
    if sale.record_bytes > RECORD_BYTES:
        raise SaleRefused(phrase(FULL))
    return sale

"""Who sold the goods (502, 121): a person of the staff on the sale, and another one on single lines."""

from msgspec.structs import replace

from store.sale.language import phrase
from store.sale.line_change import find_line, with_changed_line
from store.sale.refusal import SaleRefused
from store.sale.sale import Sale, SaleEvent, next_state

NUMBER_LIMIT = 20
NAME_LIMIT = 40


def set_on_sale(sale: Sale, number: str, name: str) -> Sale:
    """The sale with its salesperson; lines with a person of their own keep it. Raises SaleRefused."""
    state = next_state(sale.state, SaleEvent.CHANGE_LINES)
    return replace(sale, state=state, salesperson=number, salesperson_name=name[:NAME_LIMIT])


def set_on_line(sale: Sale, n: int, number: str) -> Sale:
    """The sale with a person on line `n` alone. Raises SaleRefused."""
    line = find_line(sale, n)
    return with_changed_line(sale, replace(line, salesperson="" if number == sale.salesperson else number))


def clear(sale: Sale) -> Sale:
    """The sale without salespersons, on lines too. Raises SaleRefused when there is none."""
    if not sale.salesperson and not any(line.salesperson for line in sale.lines):
        raise SaleRefused(phrase("No salesperson is on this sale."))
    state = next_state(sale.state, SaleEvent.CHANGE_LINES)
    lines = tuple(replace(line, salesperson="") if line.salesperson else line for line in sale.lines)
    return replace(sale, state=state, salesperson="", salesperson_name="", lines=lines)

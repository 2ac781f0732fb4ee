"""9102: why the selected line costs what it costs, step by step, over the sale."""

from collections.abc import Iterator

from store.register.session.work import Reply, Work
from store.register.view import Entry
from store.sale.line_change import find_line
from store.sale.policy import RoundingScope
from store.sale.refusal import SaleRefused
from store.sale.sale import PriceSource, SaleLine

KIND = "why_price"
"""A question that wants nothing: a scan or typed text closes it and does what it always does."""
SOURCES = {
    PriceSource.CATALOG: "from the catalog",
    PriceSource.LABEL: "printed on its label",
    PriceSource.TYPED: "typed at the till",
    PriceSource.DEPARTMENT: "typed, sold by department",
    PriceSource.OVERRIDE: "set by hand",
}
SCOPES = {
    RoundingScope.PER_LINE: "rounded on the line",
    RoundingScope.PER_RATE: "rounded per rate",
    RoundingScope.PER_DOCUMENT: "rounded per receipt",
}


def show(work: Work) -> Reply:
    """Lay the steps over the sale until Esc or the next scan."""
    sale = work.state.sale
    if sale is None:
        return work.refuse("There is no sale open. Scan an item first.")
    try:
        line = find_line(sale, work.state.selected)
    except SaleRefused as refusal:
        return work.refuse(str(refusal))
    return work.ask(KIND, "Why this price", Entry.CODE, lines=tuple(steps(work, line)))


def steps(work: Work, line: SaleLine) -> Iterator[str]:
    """From the price of one to what the line costs, each step with its reason."""
    money = work.money
    yield line.name
    where = f" ({line.source})" if line.price_source is PriceSource.CATALOG else ""
    yield f"Price {money(line.price)}, {SOURCES[line.price_source]}{where}"
    if line.list_price is not None:
        yield f"It was {money(line.list_price)}. Reason: {line.price_reason}"
    unit = f" {line.unit}" if line.measured else ""
    yield f"{line.quantity}{unit} x {money(line.price)} = {money(line.amount)}"
    if line.discount and line.given is not None:
        percent = f" {line.given.percent} %" if line.given.percent else ""
        yield f"Discount{percent} on the line: {money(-line.discount)}"
    if line.discount_share:
        yield f"Share of the discount on the sale: {money(-line.discount_share)}"
    if line.tax.code:
        word = "included" if line.tax.included else "on top"
        assert work.state.sale is not None
        scope = SCOPES[work.state.sale.rounding_scope]
        yield f"{line.tax.name} {line.tax.rate} % {word}: {money(line.tax_amount)}, {scope}"
    yield f"Costs {money(line.gross)} {work.policy.currency}"
    if line.comment:
        yield f"Comment: {line.comment}"

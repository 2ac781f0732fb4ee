"""9102: why the selected line costs what it costs, step by step, over the sale."""

from collections.abc import Iterator

from store.register.session.work import Reply, Work
from store.register.view import Entry
from store.sale.language import later, phrase
from store.sale.line_change import find_line
from store.sale.offer import OfferTaken
from store.sale.policy import RoundingScope
from store.sale.refusal import SaleRefused
from store.sale.sale import OffersState, PriceSource, SaleLine
from store.sale.tax_group import members_of

KIND = "why_price"
"""A question that wants nothing: a scan or typed text closes it and does what it always does."""
SOURCES = {
    PriceSource.CATALOG: later("from the catalog"),
    PriceSource.LABEL: later("printed on its label"),
    PriceSource.TYPED: later("typed at the till"),
    PriceSource.DEPARTMENT: later("typed, sold by department"),
    PriceSource.OVERRIDE: later("set by hand"),
}
SCOPES = {
    RoundingScope.PER_LINE: later("rounded on the line"),
    RoundingScope.PER_RATE: later("rounded per rate"),
    RoundingScope.PER_DOCUMENT: later("rounded per receipt"),
}


def show(work: Work) -> Reply:
    """Lay the steps over the sale until Esc or the next scan."""
    sale = work.state.sale
    if sale is None:
        return work.refuse(phrase("There is no sale open. Scan an item first."))
    try:
        line = find_line(sale, work.state.selected)
    except SaleRefused as refusal:
        return work.refuse(str(refusal))
    return work.ask(KIND, phrase("Why this price"), Entry.CODE, lines=tuple(steps(work, line)))


def steps(work: Work, line: SaleLine) -> Iterator[str]:
    """From the price of one to what the line costs, each step with its reason."""
    money = work.money
    yield line.name
    where = f" ({line.source})" if line.price_source is PriceSource.CATALOG else ""
    yield phrase(
        "Price {price}, {sources}{where}", money(line.price), phrase(SOURCES[line.price_source]), where
    )
    if line.list_price is not None:
        yield phrase("It was {list_price}. Reason: {price_reason}", money(line.list_price), line.price_reason)
    unit = f" {line.unit}" if line.measured else ""
    yield f"{line.quantity}{unit} x {money(line.price)} = {money(line.amount)}"
    yield from offers(work, line)
    by_hand = line.discount - line.offered
    if by_hand and line.given is not None:
        percent = f" {line.given.percent} %" if line.given.percent else ""
        yield phrase("Discount{percent} on the line: {amount}", percent, money(-by_hand))
    if line.discount_share:
        yield phrase("Share of the discount on the sale: {amount}", money(-line.discount_share))
    yield from taxes(work, line)
    yield phrase("Costs {gross} {currency}", money(line.gross), work.policy.currency)
    if line.comment:
        yield f"Comment: {line.comment}"


def offers(work: Work, line: SaleLine) -> Iterator[str]:
    """What headquarters takes off the line, and why it does not where it could."""
    for one in line.taken:
        yield f"{one.name} ({one.code}), {offer_words(work, one)}: {work.money(-one.off)}"
    if len(line.offers) > len(line.taken) and line.taken:
        yield phrase("The best price: {count} of {count_2} discounts.", len(line.taken), len(line.offers))
    if line.offers and not line.taken:
        sale = work.state.sale
        removed = sale is not None and sale.offers_state is OffersState.REMOVED
        why = (
            phrase("removed from this sale (312 puts them back)")
            if removed
            else phrase("not counted yet (310)")
        )
        if line.offers_count:
            why = phrase("not for this price or customer")
        yield phrase("Discounts of headquarters: {why}", why)


def offer_words(work: Work, one: OfferTaken) -> str:
    """What an offer says: "20 %", "0.50 off each", "now 1.99"."""
    if one.new_price is not None:
        return phrase("now {new_price}", work.money(one.new_price))
    return f"{one.percent} %" if one.percent else phrase("{amount} off each", work.money(one.amount))


def taxes(work: Work, line: SaleLine) -> Iterator[str]:
    """Each tax of the line, and what was put in the place of what."""
    money, sale = work.money, work.state.sale
    assert sale is not None
    if line.tax_before is not None:
        yield phrase("Tax {name} in the place of {name_2}", line.tax.name, line.tax_before.name)
    if line.tax_relief:
        yield phrase(
            "Tax taken out of the price: {amount}, certificate {certificate}",
            money(-line.tax_relief),
            sale.certificate,
        )
    if not line.tax.code:
        return
    parts = line.tax_parts or (line.tax_amount,)
    for one, part in zip(members_of(line.tax), parts, strict=True):
        rate = phrase("{fixed} each", money(one.detail.fixed)) if one.detail.fixed else f"{one.rate} %"
        word = "included" if one.included else phrase("on top")
        on_taxes = phrase(", on taxes too") if one.detail.compound else ""
        yield f"{one.name} {rate} {word}{on_taxes}: {money(part)}, {SCOPES[sale.rounding_scope]}"

"""Discounts of headquarters at the till: what holds now, counted late (310), taken off (311), put back (312)."""

from collections.abc import Callable

from store.register.session.sale_open import put_sale
from store.register.session.work import DONE, Reply, Work
from store.sale import offering
from store.sale.item import Item
from store.sale.language import later, phrase
from store.sale.offer import Offer, holding
from store.sale.refusal import SaleRefused
from store.sale.sale import OffersState, Sale
from store.sale.totals import totals

NOTHING_SOLD = later("There is no sale open. Scan an item first.")


def offers_now(work: Work, item: Item) -> tuple[Offer, ...]:
    """What a product is offered at now, in the store's time."""
    return holding(item.offers, work.now_ms, work.ports.clock.utc_offset_min()) if item.offers else ()


def run(work: Work, number: int) -> Reply:
    """310, 311 or 312 on the open sale."""
    sale = work.state.sale
    if sale is None:
        return work.refuse(phrase(NOTHING_SOLD))
    state = OffersState.LATER if work.policy.discounts_at_total else OffersState.NOW
    changes: dict[int, Callable[[Sale], Sale]] = {
        310: offering.count_offers,
        311: offering.remove_offers,
        312: lambda sale: offering.put_back_offers(sale, state),
    }
    try:
        changed = changes[number](sale)
    except SaleRefused as refusal:
        return work.refuse(str(refusal))
    put_sale(work, changed)
    offered = work.money(-sum(line.offered for line in changed.live_lines))
    total = work.money(totals(changed, work.policy).total)
    match number:
        case 310:
            work.say(phrase("Discounts of headquarters: {offered}. TOTAL {total}", offered, total))
        case 311:
            work.say(phrase("No discounts of headquarters on this sale. TOTAL {total}", total))
        case _:
            work.say(phrase("Discounts of headquarters are back: {offered}. TOTAL {total}", offered, total))
    return DONE

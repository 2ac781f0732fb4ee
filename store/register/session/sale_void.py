"""500: the open sale is given up, its payments first; a record, no receipt number."""

import msgspec

from store.register.operations import Permission
from store.register.session.return_keeping import let_go
from store.register.session.tender_desk import release_vouchers, tender_view
from store.register.session.till import TillEvent, after
from store.register.session.work import DONE, Reply, Work
from store.register.view import Entry
from store.sale import paying
from store.sale.language import phrase
from store.sale.record import void_body
from store.sale.refusal import SaleRefused
from store.sale.tender import TenderKind
from store.sale.totals import totals


def ask_void_sale(work: Work) -> Reply:
    """500: give up the sale, guarded."""
    sale = work.state.sale
    if sale is None:
        return work.refuse(phrase("There is no sale to void."))
    if not work.may(Permission.VOID_SALE):
        return work.lacks(Permission.VOID_SALE, phrase("Voiding a sale"))
    if any(tender.kind is TenderKind.CARD for tender in sale.live_tenders):
        return work.refuse(phrase("A card payment is taken. Void it first (Pay, then F3), then the sale."))
    sums = totals(sale, work.policy)
    lines = [
        phrase(
            "{count} lines, {total} {currency}.",
            len(sale.live_lines),
            work.money(sums.total),
            work.policy.currency,
        )
    ]
    cash = sum(one.kept for one in sale.live_tenders if one.kind is TenderKind.CASH)
    if cash:
        lines.append(phrase("Give back {cash} in cash.", work.money(cash)))
    others = [one for one in sale.live_tenders if one.kind is not TenderKind.CASH]
    lines += [
        phrase("Give back: {name} {kept}.", tender_view(one).name, work.money(one.kept)) for one in others
    ]
    return work.ask(
        "void_sale",
        phrase("Void the whole sale?"),
        Entry.NOTHING,
        lines=tuple(lines),
        answers=(
            phrase("Void the sale"),
            phrase("Keep it"),
        ),
    )


async def answer_void_sale(work: Work, yes: bool) -> Reply:
    """F5: payments first, then the sale; a record, no receipt number."""
    sale = work.state.sale
    if not yes or sale is None:
        work.say(phrase("The sale stays."))
        return DONE
    try:
        sale = paying.give_up(sale)
    except SaleRefused as refusal:
        return work.refuse(str(refusal))
    following = msgspec.structs.replace(
        work.state,
        till=after(work.state.till, TillEvent.VOIDED),
        sale=None,
        facts=None,
        selected=0,
        asked=None,
        last_unknown="",
        refused=(),
    )
    if await work.commit("void", following, void_body(sale, work.policy), txn_id=sale.txn_id) is None:
        return work.refuse(work.message.text)
    release_vouchers(work, sale.txn_id, sale.tenders)
    let_go(work, sale, None)
    work.say(phrase("The sale is voided."))
    return DONE

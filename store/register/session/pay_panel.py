"""The pay screen's panel: what was taken, and every way to pay what is due, or to give it back."""

from store.register.session.tender_desk import tender_view
from store.register.session.work import Work
from store.register.view import TenderChoice, TenderPanel
from store.sale.foreign import least_foreign
from store.sale.language import phrase, translated
from store.sale.money import shown_amount
from store.sale.refunding import ways_of
from store.sale.sale import Sale
from store.sale.tender import round_amounts
from store.sale.tender_type import TenderKind, TenderType, first_of
from store.sale.totals import Totals, totals


def panel_of(work: Work, sale: Sale) -> TenderPanel:
    """The panel of the open sale."""
    sums = totals(sale, work.policy)
    back = sums.due < 0
    taken = tuple(map(tender_view, sale.live_tenders))
    if not back:
        cash = first_of(work.policy.tenders, TenderKind.CASH) is not None
        return TenderPanel(
            taken=taken,
            exact_cash=sums.exact_cash,
            round_amounts=round_amounts(sums.exact_cash, sale.currency) if cash else (),
            choices=tuple(_choice(work, one, sums) for one in work.policy.tenders if one.key),
            cash=cash,
        )
    most = {way.type: way.most for way in ways_of(sale, work.policy, sums.due)}
    kinds = {one.kind for one in work.policy.tenders if one.code in most}
    return TenderPanel(
        taken=taken,
        exact_cash=-sums.exact_cash,
        choices=tuple(
            TenderChoice(one.key, name_of(one), work.money(min(most[one.code], -sums.due)))
            for one in work.policy.tenders
            if one.key and one.code in most
        ),
        cash=TenderKind.CASH in kinds,
        back=True,
    )


def name_of(chosen: TenderType) -> str:
    """What a way to pay is called on the screen; a card is taken by a terminal that stands alone."""
    if chosen.kind is TenderKind.CARD:
        return phrase("{tender} (terminal)", translated(chosen.name))
    return translated(chosen.name)


def _choice(work: Work, chosen: TenderType, sums: Totals) -> TenderChoice:
    """A way to pay, with what its letter takes."""
    if chosen.kind is TenderKind.VOUCHER:
        takes = phrase("number or scan")
    elif chosen.kind is TenderKind.FOREIGN:
        least = least_foreign(sums.due, chosen.currency, chosen.rate, work.policy.currency)
        takes = f"{shown_amount(least, chosen.currency)} {chosen.currency}"
    else:
        takes = work.money(sums.due)
    return TenderChoice(chosen.key, name_of(chosen), takes)

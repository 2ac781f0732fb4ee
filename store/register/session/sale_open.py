"""The open sale: how a transaction begins, how a changed sale is kept, when its answers moved offline."""

from msgspec.structs import replace

from store.register.session.state import SaleFacts
from store.register.session.till import TillEvent, TillState
from store.register.session.work import LEAST_FREE_BYTES, NEARLY_FULL, SOLD, Reply, Work
from store.sale.language import later, phrase
from store.sale.sale import OffersState, Sale, new_sale, note_failover

NOT_SUPPORTED = later(
    "not sold: the server does not answer; this register has no offline database. "
    "What is scanned can be paid."
)
STAYS_CONNECTED = later(
    "This register has no offline database (Support offline is no), so it cannot disconnect."
)


async def begin_transaction(work: Work) -> str:
    """At the first line: the way back online, the newer catalog. Returns why none can begin, or ""."""
    if work.state.sale is not None:
        return without_server(work)
    if work.ports.free_bytes() < LEAST_FREE_BYTES:
        work.stop_safely(phrase(NEARLY_FULL))
        return phrase("not sold: the disk is nearly full. Free space, then Enter.")
    if trouble := work.ports.series_trouble():
        work.stop_safely(trouble, TillEvent.SERIES_REFUSED)
        return trouble
    start = await work.ports.connection.transaction_starts()
    work.began_online = work.online
    await work.ports.shop.flip()
    if start.sentence:
        work.say(start.sentence)
    return work.ports.shop.trouble or without_server(work)


def without_server(work: Work) -> str:
    """Why nothing is sold while the server is away by a register without an offline database; empty when it may."""
    return "" if work.ports.shop.supports_offline or work.online else phrase(NOT_SUPPORTED)


def opened(work: Work) -> Sale:
    """The open sale, or a new one that exists once its first line does."""
    if work.state.sale is not None:
        return work.state.sale
    policy = work.policy
    sale = new_sale(work.fresh_id(), policy.currency, work.now_ms, policy.rounding_scope)
    return replace(sale, offers_state=OffersState.LATER) if policy.discounts_at_total else sale


def take_line(work: Work, sale: Sale, n: int = 0) -> Reply:
    """The sale has a line more, number `n` (0: the last): it is the selected one, and the message names it."""
    line = sale.lines[n - 1]
    put_sale(work, sale)
    work.select(line.n)
    work.say(f"{line.name}   {work.money(line.amount)}")
    return SOLD


def put_sale(work: Work, sale: Sale) -> None:
    """Keep a changed sale; the first line begins the transaction."""
    if work.state.sale is None:
        facts = SaleFacts(policy=work.policy, catalog=work.ports.shop.version, online=work.began_online)
        work.paid_record = None
        work.step(TillEvent.TRANSACTION_BEGAN, sale=sale, facts=facts, paid=None, report=())
        note_connection(work)
    else:
        work.step(TillEvent.LINE_CHANGED, sale=sale)


def note_connection(work: Work) -> None:
    """The answers of an open sale move to the offline database at most once; remember when."""
    sale, facts = work.state.sale, work.state.facts
    if sale is None or facts is None or not facts.online or sale.failover_at_ms or work.online:
        return
    if work.state.till in (TillState.SALE, TillState.TENDER):
        work.step(TillEvent.CALL_FAILED, sale=note_failover(sale, work.now_ms))
        work.notice = work.ports.connection.status().sentence

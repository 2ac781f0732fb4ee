"""What the server keeps for the open sale while goods come back on it, and what it may give to others again."""

from store.exchange.returns import ReservedLine
from store.register.session.work import Work
from store.sale.sale import Sale


def reserved_lines(sale: Sale | None) -> tuple[ReservedLine, ...]:
    """What the sale takes back with receipts, as the server keeps it."""
    if sale is None:
        return ()
    return tuple(
        ReservedLine(
            series=line.returns_of.series,
            seq=line.returns_of.seq,
            n=line.returns_of.n,
            quantity=line.quantity.removeprefix("-"),
        )
        for line in sale.live_lines
        if line.returns_of is not None
    )


def let_go(work: Work, before: Sale, after: Sale | None) -> None:
    """Lines were voided or made smaller, or the sale given up: the server may give the goods to others."""
    lines = reserved_lines(after)
    if lines != reserved_lines(before) and not work.training:
        work.ports.receipts.release(before.txn_id, lines)

"""Headquarters' keys for this register as a screen takes them: the register's own win over those of all registers."""

from collections.abc import Sequence

from store.exchange.layout_keys import LAYOUT_LIMIT
from store.gateway.offline import LayoutKey
from store.register.view import LayoutKeyView
from store.sale.text import printable

TEXT_LIMIT = 24
"""Characters of a place, key or caption that travel; the screen says what is wrong with them."""


def layout_of(rows: Sequence[LayoutKey]) -> tuple[LayoutKeyView, ...]:
    """What a view carries; at most `LAYOUT_LIMIT` keys, in the order of headquarters."""
    own = {(row.place, row.key) for row in rows if row.register}
    taken = [row for row in rows if row.register or (row.place, row.key) not in own]
    taken.sort(key=lambda row: row.position)
    return tuple(
        LayoutKeyView(
            printable(row.place[:TEXT_LIMIT]),
            printable(row.key[:TEXT_LIMIT]).strip().lower(),
            row.operation,
            printable(row.caption[:TEXT_LIMIT]),
            row.position,
        )
        for row in taken[:LAYOUT_LIMIT]
    )

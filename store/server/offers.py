"""The discounts on a product, for the answer to a register: table `discount` as a book, made once for its state."""

from store.database.connection import Connection, values
from store.sale.offer import Offer
from store.sale.offer_book import OfferBook
from store.server.setup_details import coded_rows

SELECT_STATE = "select rows, total_hash from table_state where store_id = $1 and name = 'discount'"
KEPT = 32
"""Books kept in memory; each belongs to a state of the table, in whichever store."""

_books: dict[str, OfferBook] = {}


def offers_of(db: Connection, store: str, sku: str, department: str) -> tuple[Offer, ...]:
    """What a product is offered at, now or at another time; the register looks which of it holds."""
    state = db.execute(SELECT_STATE, values(store)).fetchone()
    if state is None or not state[0]:
        return ()
    # The hash is that of all rows, so a book never grows old; two threads that make the same one make it alike.
    book = _books.get(state[1])
    if book is None:
        book = OfferBook(coded_rows(db, store, "discount"))
        while len(_books) >= KEPT:
            _books.pop(next(iter(_books)), None)
        _books[state[1]] = book
    return book.of(sku, department)

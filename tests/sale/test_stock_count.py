"""A stock count adds up whatever the order of the scans."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.sale.item import Item
from store.sale.quantity import thousandths
from store.sale.refusal import SaleRefused
from store.sale.stock_count import MAX_ROWS, begun, count_body, counted, pieces_of, set_last

ITEMS = [Item(sku=str(n), name=f"Item {n}", price=100) for n in range(5)]


@given(st.lists(st.tuples(st.sampled_from(ITEMS), st.integers(1, 99))))
def test_the_document_is_the_sum_of_the_scans(scans):
    count = begun("c1", 5, " Shelf\x1b ")
    for item, pieces in scans:
        count = counted(count, item, str(pieces), item.sku)
    wanted = {item.sku: sum(n for one, n in scans if one.sku == item.sku) for item, _ in scans}
    body = count_body(count, "2026-11-24T12:00:00Z")
    assert {row["sku"]: int(row["quantity"]) for row in body["rows"]} == wanted
    assert thousandths(pieces_of(count)) == 1000 * sum(wanted.values())
    assert (body["items"], body["place"]) == (len(wanted), "Shelf")


def test_a_full_document_takes_more_of_what_it_has_only():
    count = begun("c1", 5)
    for n in range(MAX_ROWS):
        count = counted(count, Item(sku=str(n), name="x", price=1), "1", "c")
    with pytest.raises(SaleRefused, match="full with 300"):
        counted(count, Item(sku="other", name="x", price=1), "1", "c")
    assert counted(count, Item(sku="7", name="x", price=1), "2", "c").last_row.quantity == "3"


def test_nothing_counted_has_no_last_item():
    with pytest.raises(SaleRefused, match="Nothing is counted"):
        set_last(begun("c1", 5), "3")

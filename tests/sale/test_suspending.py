"""Suspended sales as values: packed and made whole again to the cent, whatever is in them; codes of slips."""

import base64
import zlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sale_shop import POLICY
from store.exchange.messages import MAX_PAYLOAD_BYTES
from store.sale import suspending
from store.sale.item import Item
from store.sale.refusal import SaleRefused
from store.sale.sale import SaleState, new_sale
from store.sale.selling import add_line, void_line
from store.sale.totals import totals

texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=60)
items = st.builds(
    Item,
    sku=st.from_regex(r"[0-9]{4}", fullmatch=True),
    name=texts,
    price=st.integers(1, 99_999),
    tax=st.sampled_from([tax.code for tax in POLICY.taxes]),
)


@given(st.lists(st.tuples(items, st.integers(1, 99)), min_size=1, max_size=12), st.booleans())
def test_a_sale_that_was_packed_is_the_same_sale(rows, voids):
    sale = new_sale("t-1", POLICY.currency, 1_700_000_000_000)
    for item, quantity in rows:
        sale = add_line(sale, POLICY, item, str(quantity))
    if voids:
        sale = void_line(sale, 1)
    again = suspending.unpack(suspending.pack(sale))
    assert again == sale
    assert totals(again, POLICY) == totals(sale, POLICY)


@given(st.text(max_size=200))
def test_rubbish_is_refused_with_a_sentence(text):
    with pytest.raises(suspending.Unreadable, match=r"Scan its items again\.$"):
        suspending.unpack(text)


def test_what_unpacks_to_far_more_than_a_sale_is_refused():
    bomb = base64.b64encode(zlib.compress(b" " * 50_000_000)).decode()
    with pytest.raises(suspending.Unreadable, match="damaged or too large"):
        suspending.unpack(bomb)


def test_the_fullest_sale_fits_into_its_record():
    sale = new_sale("t-1", POLICY.currency, 1_700_000_000_000)
    full = 0
    with pytest.raises(SaleRefused, match="full"):
        while True:
            item = Item(
                sku=f"{full:06d}",
                name=f"Goods of number {full * 7919:09d} and more",
                price=101 + full,
                tax="B",
            )
            sale = add_line(sale, POLICY, item, "3", code=f"40063{full:08d}")
            full += 1
    body = suspending.suspend_body(sale, POLICY, "S0001-R01-H1", "n" * 40)
    assert len(msgspec.json.encode(body)) < MAX_PAYLOAD_BYTES - 2_000


@pytest.mark.parametrize(
    ("text", "is_code"),
    [
        ("S0001-R01-H17", True),
        (" S0001-R01-H17 ", True),
        ("S0001-R01-000017", False),
        ("4006381333931", False),
        ("H17", False),
        ("S0001-R01-H", False),
        ("S0001-R01-H17x", False),
    ],
)
def test_only_the_barcode_of_a_slip_is_one(text, is_code):
    assert suspending.is_code(text) is is_code


def test_the_code_of_a_slip_names_register_and_number():
    assert suspending.is_code(suspending.code_of("S0001-R01", 17))


def test_the_end_of_a_suspension_has_one_id_wherever_it_happens():
    assert suspending.end_id("a") == suspending.end_id("a") != suspending.end_id("b")


def test_a_sale_in_payment_comes_back_open():
    sale = add_line(new_sale("t-1", POLICY.currency, 0), POLICY, Item(sku="1", name="x", price=5, tax="B"))
    packed = suspending.pack(msgspec.structs.replace(sale, state=SaleState.TENDERING))
    assert suspending.unpack(packed).state is SaleState.OPEN

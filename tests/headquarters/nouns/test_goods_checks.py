"""What headquarters refuses to know about a product or an info code."""

import pytest

from store.headquarters.nouns.goods import Product
from store.headquarters.nouns.info_codes import InfoCodeRow
from store.headquarters.nouns.table import NOUNS


def fault(noun, row):
    key = {part.name: "900" for part in NOUNS[noun].key}
    return NOUNS[noun].check(key, row)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"decimals": 4}, "0 to 3 decimals"),
        ({"deposit": "900"}, "its own deposit"),
        ({"deposit": "901", "empties": True}, "no deposit of its own"),
        ({"further_units": ("box=6", "box=12")}, "a name of its own"),
        ({"further_units": ("pcs=6",)}, "a name of its own"),
        ({"further_units": ("box=0",)}, "hold something"),
        ({"further_units": ("box=6", "crate=12:8.99"), "decimals": 0, "deposit": "901"}, ""),
    ],
)
def test_a_product_s_facts_go_together(fields, words):
    said = fault("product", Product(name="Water", **fields))
    assert words in said if words else said == ""


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"kind": "list"}, "needs choices"),
        ({"choices": ("a",)}, "Only a list"),
        ({"kind": "list", "choices": ("a", "b"), "operations": (1000,), "tenders": ("card",)}, ""),
    ],
)
def test_an_info_code_can_be_asked(fields, words):
    said = fault("info-code", InfoCodeRow(name="Why?", **fields))
    assert words in said if words else said == ""

"""The demo's goods: enough of them, with valid and unique codes, and a sheet that holds what it says."""

from store.sale.barcode import (
    BadCheckDigit,
    LabelReading,
    TradeItem,
    classify,
    gtin14,
    looks_like_code,
    read_label,
)
from store.sale.label import label_presets
from store.sale.layout import display_width
from store.sale.text import printable
from tui.demo.chain import LABEL_REGION, STAFF, TAXES
from tui.demo.goods import KILOGRAM, label_key, make_goods
from tui.demo.sheet import EXAMPLES, make_sheet, weight_label

GOODS = make_goods()
RULES = label_presets(LABEL_REGION)


def test_the_shop_has_at_least_two_thousand_items_with_names_of_real_length():
    assert len(GOODS.items) >= 2000
    lengths = [display_width(item["name"]) for item in GOODS.items]
    assert max(lengths) > 45
    assert sum(lengths) / len(lengths) > 25


def test_every_barcode_is_valid_and_belongs_to_one_existing_item():
    codes = [row["gtin"] for row in GOODS.barcodes]
    assert len(set(codes)) == len(codes)
    assert all(gtin14(code) == code for code in codes)
    assert {row["sku"] for row in GOODS.barcodes} <= {item["sku"] for item in GOODS.items}


def test_item_numbers_plus_and_names_are_unique():
    for column in ("sku", "name"):
        values = [item[column] for item in GOODS.items]
        assert len(set(values)) == len(values)
    plus = [item["plu"] for item in GOODS.items if item["plu"]]
    assert len(set(plus)) == len(plus)
    assert not any(looks_like_code(text) for item in GOODS.items for text in (item["sku"], item["plu"]))


def test_names_hold_umlauts_and_wide_characters_and_nothing_a_screen_cannot_show():
    names = "".join(item["name"] for item in GOODS.items)
    assert "ü" in names
    assert any(display_width(letter) == 2 for letter in names)
    assert printable(names) == names


def test_the_goods_use_several_taxes_and_only_known_ones():
    used = {item["tax"] for item in GOODS.items} | {row["tax"] for row in GOODS.departments}
    assert used == {tax["code"] for tax in TAXES}


def test_every_item_has_a_price_unless_it_asks_for_one():
    assert all((item["price"] == 0) == bool(item["open_price"]) for item in GOODS.items)


def test_a_scales_label_of_every_weighed_item_finds_that_item():
    keys = {row["gtin"]: row["sku"] for row in GOODS.barcodes}
    weighed = [item for item in GOODS.items if item["weighed"]]
    assert len(weighed) > 20
    for item in weighed:
        assert item["unit"] == KILOGRAM
        reading = read_label(weight_label(item["plu"], 1234), RULES)
        assert isinstance(reading, LabelReading)
        assert reading.quantity == "1.234"
        assert keys[reading.gtin] == item["sku"]
        assert reading.gtin == label_key(item["plu"]).zfill(14)


def test_the_same_number_of_items_always_gives_the_same_goods_and_more_of_them_are_further_lots():
    assert make_goods(3000) == make_goods(3000)
    more = make_goods(5000)
    assert len(more.items) == 5000
    assert more.items[: len(GOODS.items)] == GOODS.items
    assert len({row["gtin"] for row in more.barcodes}) == len(more.barcodes)
    assert len(make_goods(7).items) == 7


def test_the_sheet_shows_each_kind_of_code():
    sheet = {row.name: row for row in make_sheet(GOODS)}
    assert {name for name, _ in EXAMPLES} <= set(sheet)
    assert isinstance(classify(sheet["a wrong check digit"].code), BadCheckDigit)
    unknown = classify(sheet["not on file"].code)
    assert isinstance(unknown, TradeItem)
    assert unknown.gtin not in {row["gtin"] for row in GOODS.barcodes}


def test_a_small_shop_has_a_sheet_without_what_it_does_not_sell():
    goods = make_goods(5)
    codes = {row["gtin"].removeprefix("0") for row in goods.barcodes}
    trade = [row.code for row in make_sheet(goods) if isinstance(classify(row.code), TradeItem)]
    assert set(trade[:-1]) <= codes


def test_the_operators_have_the_promised_numbers_roles_and_pins():
    assert [(number, role, pin) for number, _, role, pin in STAFF] == [
        ("101", "cashier", "101101"),
        ("201", "manager", "201201"),
        ("301", "technician", "301301"),
    ]

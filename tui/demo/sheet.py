"""The sheet of codes to try in the demo shop: on F1 and in docs/barcodes.md."""

from collections.abc import Callable

from store.sale.barcode import check_digit
from store.sale.label import check_digit_of_value
from tui.demo.goods import LABEL_PREFIX, Goods, SheetRow

EXAMPLES = (
    ("Alpenhof Whole milk 3.8 % fat 1 l", "every day"),
    ("Backstube Lang Rye bread sliced 750 g", ""),
    ("Casa Lucia Sushi rice 寿司米 500 g", "a name with wide characters"),
    ("Mühlenglück Honey forest 500 g", "an umlaut"),
    ("Kaffeerösterei Möller Coffee whole beans crema 1 kg", "19 % tax"),
    ("Quellbrunn Beer Pils 6 x 0.5 l", ""),
    ("Fineliner 0.4 mm black 1 piece", ""),
)
"""Names on the sheet, with a note."""
WEIGHED = (("Bananas loose", 482), ("Tomatoes on the vine", 615))
"""Weighed goods with the grams on the sheet's label."""


def make_sheet(goods: Goods) -> list[SheetRow]:
    """The sheet of these goods; what a smaller shop does not have is left out."""
    by_name = {str(item["name"]): item for item in goods.items}
    codes = {str(row["sku"]): str(row["gtin"]).removeprefix("0") for row in goods.barcodes}
    rows = [
        SheetRow(code=codes[by_name[name]["sku"]], name=name, note=note)
        for name, note in EXAMPLES
        if name in by_name
    ]
    for name, grams in WEIGHED:
        if item := by_name.get(name):
            rows.append(
                SheetRow(code=weight_label(item["plu"], grams), name=name, note=f"{grams} g, a label")
            )
            rows.append(SheetRow(code=f"1.25*{item['plu']}", name=name, note="1.25 kg, typed"))
    if item := by_name.get("Newspaper"):
        rows.append(SheetRow(code=str(item["plu"]), name="Newspaper", note="asks for the price"))
    rows.append(SheetRow(code="4006381333932", name="a wrong check digit", note="is refused"))
    rows.append(SheetRow(code="4099999999996", name="not on file", note="Ins sells by department"))
    return rows


def weight_label(plu: str, grams: int) -> str:
    """The label that a scale prints for a four-digit item and so many grams."""
    value = f"{grams:05d}"
    body = f"{LABEL_PREFIX}{plu}{check_digit_of_value(value)}{value}"
    return body + check_digit(body)


def sheet_page(rows: list[SheetRow], pictured: Callable[[str], str]) -> str:
    """The sheet as Markdown; `pictured` gives the picture for a code, or nothing where there is none."""
    lines = [
        "# Codes to try in the demo shop",
        "",
        "Scan them from the screen or from paper, or type them and press Enter. F1 in the demo shows the same list.",
        "Every demo shop has the same codes; `outpost demo --list-products` prints all items.",
        "This page is made from `tui/demo/sheet.py`.",
        "",
        "| scan | or type | what it is | |",
        "| --- | --- | --- | --- |",
    ]
    lines += [f"| {pictured(row.code)} | `{row.code}` | {row.name} | {row.note} |" for row in rows]
    return "\n".join(lines) + "\n"

"""Labels for the shelves: product, price, price of the unit, barcode; as a document for a printer or a sheet as SVG."""

from collections.abc import Iterator, Sequence

import msgspec

from store.sale.document import Align, AnyElement, Barcode, Columns, Cut, Document, Rule, Text
from store.sale.language import phrase
from store.sale.money import round_half_up, shown_amount
from store.sale.text import printable

UNITS = {
    "g": ("kg", 1000),
    "kg": ("kg", 1),
    "ml": ("l", 1000),
    "cl": ("l", 100),
    "l": ("l", 1),
    "cm": ("m", 100),
    "m": ("m", 1),
    "pcs": ("pcs", 1),
}
"""Units that a pack's content is written in, each with the unit its price is compared by and how many make one."""
ACROSS, DOWN = 3, 8
"""Labels on a sheet of A4."""
WIDTH_MM, HEIGHT_MM = 70.0, 37.0
_TOP_MM = 0.5
MODULE_MM = 0.33
"""Width of the narrowest bar: the nominal size of EAN-13."""

_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"})
_L = (
    "0001101",
    "0011001",
    "0010011",
    "0111101",
    "0100011",
    "0110001",
    "0101111",
    "0111011",
    "0110111",
    "0001011",
)
_PARITY = ("LLLLLL", "LLGLGG", "LLGGLG", "LLGGGL", "LGLLGG", "LGGLLG", "LGGGLL", "LGLGLG", "LGLGGL", "LGGLGL")


class ShelfLabel(msgspec.Struct, frozen=True, kw_only=True):
    """What a label says; `price` in minor units for one `unit`. `content` is what a pack holds ("0.75 l")."""

    sku: str
    name: str
    price: int
    currency: str
    unit: str = "pcs"
    content: str = ""
    barcode: str = ""


def unit_price(price: int, content: str) -> tuple[int, str] | None:
    """The price of a kilogram, litre or metre of a pack, half a cent up; None for a content that is none.

    599 for "0.75 l" is (799, "l"), 109 for "500 g" is (218, "kg").
    """
    number, _, unit = content.strip().partition(" ")
    whole, _, fraction = number.partition(".")
    digits = whole + fraction
    if unit not in UNITS or not (digits.isascii() and digits.isdigit()) or len(digits) > 9 or not int(digits):
        return None
    base, parts = UNITS[unit]
    return round_half_up(price * parts * 10 ** len(fraction), int(digits)), base


def unit_price_text(label: ShelfLabel) -> str:
    """The line below the price: "7,99 EUR/l", or the unit that the price is for; empty for a plain piece."""
    found = unit_price(label.price, label.content)
    if found is not None:
        return f"{shown_amount(found[0], label.currency)} {label.currency}/{found[1]}"
    return "" if label.unit == "pcs" else phrase("Price for 1 {unit}", label.unit)


def label_document(labels: Sequence[ShelfLabel]) -> Document:
    """The labels one below the other, each cut off, for a receipt printer."""
    elements = tuple(element for label in labels for element in _elements(label))
    return Document(title=phrase("Shelf labels"), elements=elements)


def _elements(label: ShelfLabel) -> Iterator[AnyElement]:
    yield Text(text=label.name, bold=True)
    yield Text(
        text=f"{shown_amount(label.price, label.currency)} {label.currency}",
        align=Align.RIGHT,
        bold=True,
        size=2,
    )
    yield Columns(left=label.sku, right=unit_price_text(label))
    if label.barcode:
        yield Barcode(data=label.barcode)
    yield Rule()
    yield Cut()


def labels_svg(labels: Sequence[ShelfLabel]) -> str:
    """Sheets of A4 with 3 x 8 labels of 70 x 37 mm, one below the other in one SVG; lengths in millimetres."""
    pages = max(1, -(-len(labels) // (ACROSS * DOWN)))
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="210mm" height="{297 * pages}mm" '
        f'viewBox="0 0 210 {297 * pages}" font-family="sans-serif">'
    ]
    for n, label in enumerate(labels):
        page, place = divmod(n, ACROSS * DOWN)
        row, column = divmod(place, ACROSS)
        x, y = column * WIDTH_MM, page * 297 + _TOP_MM + row * HEIGHT_MM
        lines.append(f'<g transform="translate({x:g} {y:g})">')
        lines += _drawn(label)
        lines.append("</g>")
    return "\n".join([*lines, "</svg>"]) + "\n"


def _drawn(label: ShelfLabel) -> Iterator[str]:
    yield f'<rect width="{WIDTH_MM:g}" height="{HEIGHT_MM:g}" fill="none" stroke="#bbb" stroke-width="0.1"/>'
    for n, text in enumerate(_name_lines(label.name)):
        yield f'<text x="3" y="{5 + 4 * n}" font-size="3.4">{escape(text)}</text>'
    price = f"{shown_amount(label.price, label.currency)} {label.currency}"
    yield f'<text x="67" y="20" font-size="9" font-weight="bold" text-anchor="end">{escape(price)}</text>'
    yield f'<text x="67" y="24.5" font-size="3" text-anchor="end">{escape(unit_price_text(label))}</text>'
    yield f'<text x="67" y="34.5" font-size="2.6" text-anchor="end">{escape(printable(label.sku))}</text>'
    bars = ean13_bars(label.barcode)
    if not bars:
        yield f'<text x="3" y="34.5" font-size="2.6">{escape(printable(label.barcode))}</text>'
        return
    for at, width in _runs(bars):
        yield f'<rect x="{3 + at * MODULE_MM:.2f}" y="22" width="{width * MODULE_MM:.2f}" height="10"/>'
    middle = 3 + len(bars) * MODULE_MM / 2
    yield f'<text x="{middle:.2f}" y="35" font-size="2.6" text-anchor="middle">{label.barcode}</text>'


def escape(text: str) -> str:
    """Text as XML holds it."""
    return text.translate(_ESCAPES)


def shown_gtin(code: str) -> str:
    """A barcode as it is printed: 13 digits of a GTIN that is kept with 14, 8 of a short one; empty for none."""
    bare = code.lstrip("0")
    if not bare:
        return ""
    return bare.zfill(8) if len(bare) <= 8 else bare.zfill(13)


def _name_lines(name: str) -> list[str]:
    """At most two lines of about 36 characters."""
    from store.sale.layout import wrap

    return wrap(printable(name), 36, 2)


def ean13_bars(code: str) -> str:
    """The modules of an EAN-13 (1 is a bar) of 13 digits with a right check digit, or of a GTIN-8 or -12 filled up.

    Empty for anything else.
    """
    digits = code.zfill(13)[-13:] if code.isascii() and code.isdigit() and 8 <= len(code) <= 14 else ""
    if not digits or (len(code) == 14 and code[0] != "0"):
        return ""
    total = sum(int(digit) * (3 if n % 2 else 1) for n, digit in enumerate(digits[:12]))
    if (10 - total % 10) % 10 != int(digits[12]):
        return ""
    left = "".join(
        _module(digit, side) for digit, side in zip(digits[1:7], _PARITY[int(digits[0])], strict=True)
    )
    right = "".join(_inverted(_L[int(digit)]) for digit in digits[7:])
    return f"101{left}01010{right}101"


def _module(digit: str, side: str) -> str:
    pattern = _L[int(digit)]
    return pattern if side == "L" else _inverted(pattern)[::-1]


def _inverted(pattern: str) -> str:
    return pattern.translate(str.maketrans("01", "10"))


def _runs(bars: str) -> Iterator[tuple[int, int]]:
    """Where each bar begins and how many modules it is wide."""
    at = 0
    for piece in bars.replace("10", "1 0").replace("01", "0 1").split():
        if piece[0] == "1":
            yield at, len(piece)
        at += len(piece)

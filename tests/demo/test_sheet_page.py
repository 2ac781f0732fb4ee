"""docs/barcodes.md and its pictures are what the demo's sheet says; OUTPOST_KEEP_PICTURES=1 writes them anew."""

import io
import os
from pathlib import Path

import pytest
from barcode.ean import EuropeanArticleNumber13
from barcode.writer import SVGWriter

from store.sale.barcode import TradeItem, classify
from tui.demo.goods import make_goods
from tui.demo.sheet import make_sheet, sheet_page

DOCS = Path(__file__).parents[2] / "docs"
PICTURE_STYLE = {
    "module_height": 8.0,
    "module_width": 0.3,
    "font_size": 7,
    "text_distance": 3.0,
    "quiet_zone": 4.0,
}


def picture_of(code: str) -> bytes:
    """An EAN-13 as SVG."""
    sink = io.BytesIO()
    EuropeanArticleNumber13(code, writer=SVGWriter()).write(sink, options=PICTURE_STYLE)
    return sink.getvalue()


def pictured(code: str) -> str:
    """The picture's place in the page; only valid EAN-13s have one."""
    known = isinstance(classify(code), TradeItem) and len(code) == 13
    return f"![{code}](barcodes/{code}.svg)" if known else ""


def test_the_page_and_its_pictures_agree_with_the_sheet():
    rows = make_sheet(make_goods())
    wanted = {DOCS / "barcodes.md": sheet_page(rows, pictured).encode()}
    wanted |= {
        DOCS / "barcodes" / f"{row.code}.svg": picture_of(row.code) for row in rows if pictured(row.code)
    }
    if os.environ.get("OUTPOST_KEEP_PICTURES"):
        (DOCS / "barcodes").mkdir(exist_ok=True)
        for path, content in wanted.items():
            path.write_bytes(content)
    stale = [
        path.name for path, content in wanted.items() if not path.exists() or path.read_bytes() != content
    ]
    if stale:
        pytest.fail(f"stale: {stale}; run this test with OUTPOST_KEEP_PICTURES=1 and commit the result")

"""The formats that hold where headquarters sends none; the same data as a `document-format` of headquarters."""

import msgspec

from store.sale.document import Align
from store.sale.document_format import DocumentFormat, DocumentType, Piece


def built_in(kind: DocumentType) -> DocumentFormat:
    """The built-in format of a type of document."""
    return BUILT_IN.get(kind, _SLIP)


def _block(name: str) -> Piece:
    return Piece(block=name)


_RULE = Piece(rule="single")
_BLANK = Piece(blank=1)
_TITLE = Piece(text="{title}", align=Align.CENTER, bold=True, size=2)
_SAYS = Piece(text="{says}", align=Align.CENTER, when="says")
_REASON = Piece(left="Reason", right="{reason}", when="reason")
_NAME = Piece(left="{name}", right="{amount} {tax}", lines=3)
_MANY = Piece(text="  {quantity}{unit} x {price}{per_unit}{label}", when="many")
_COMMENT = Piece(text="{comment}", when="comment")
_HEAD = (_block("store"), _block("copy"))
_LINES = (_NAME, _MANY, _block("line_notes"))

_RECEIPT = DocumentFormat(
    header=(
        *_HEAD,
        msgspec.structs.replace(_TITLE, when="title"),
        Piece(left="Receipt", right="{receipt}"),
        _block("facts"),
        _block("customer"),
        _RULE,
    ),
    lines=_LINES,
    footer=(
        _RULE,
        _block("sums"),
        _block("taxes"),
        _BLANK,
        _block("payments"),
        _RULE,
        _COMMENT,
        _block("chain"),
        _block("footer"),
        Piece(barcode="{barcode}", when="barcode"),
    ),
)
_ON_ACCOUNT = DocumentFormat(
    header=_RECEIPT.header,
    lines=_LINES,
    footer=(*_RECEIPT.footer, Piece(blank=2), Piece(text="Signature ........................")),
)
_GIFT = DocumentFormat(
    header=(*_HEAD, _TITLE, Piece(left="Receipt", right="{receipt}"), _block("facts"), _RULE),
    lines=(Piece(left="{name}", right="{quantity}{unit}", lines=3),),
    footer=(_RULE, Piece(barcode="{receipt}"), _block("chain"), _block("footer")),
)
_SLIP_HEAD = (*_HEAD, _TITLE, _SAYS, _BLANK, _block("facts"), _REASON)
_SLIP_FOOT = (_RULE, _block("chain"))
_SLIP = DocumentFormat(
    header=(*_SLIP_HEAD, Piece(rule="single", when="middle"), _block("middle")), footer=_SLIP_FOOT
)
_LISTING = DocumentFormat(header=(*_SLIP_HEAD, _RULE), lines=_LINES, footer=(_block("middle"), *_SLIP_FOOT))
_REPORT = DocumentFormat(
    header=(
        *_HEAD,
        _TITLE,
        _BLANK,
        _block("facts"),
        _block("span"),
        _RULE,
        _block("counts"),
        _RULE,
        _block("tenders"),
        _RULE,
        _block("taxes"),
        _block("cash"),
        _block("counted"),
        Piece(rule="double"),
        _block("grand"),
        _BLANK,
        _block("chain"),
    )
)

BUILT_IN: dict[DocumentType, DocumentFormat] = {
    DocumentType.SALE: _RECEIPT,
    DocumentType.RETURN: _RECEIPT,
    DocumentType.TRAINING: _RECEIPT,
    DocumentType.ACCOUNT: _ON_ACCOUNT,
    DocumentType.GIFT: _GIFT,
    DocumentType.VOID: _LISTING,
    DocumentType.SUSPENDED: _LISTING,
    DocumentType.X: _REPORT,
    DocumentType.Z: _REPORT,
}
"""Those that are no plain slip."""

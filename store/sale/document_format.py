"""Formats of documents as data: which pieces stand on a receipt, slip or report, in which order, and how.

A format has a header, the pieces of each line of the sale, and a footer. A piece is a text with variables, a pair of
columns, a rule, empty lines, a symbol, or a block: what the program alone knows how to say (sums, taxes, payments).
The formats that are built in (`store.sale.built_in_formats`) are the same data.
"""

from collections.abc import Iterator, Mapping
from enum import StrEnum

import msgspec

from store.sale.document import Align

MOST_PIECES = 60
"""Of one part of a format; a longer one is no receipt."""
LONGEST_TEXT = 400
WIDEST = 80
NARROWEST = 16


class DocumentType(StrEnum):
    """The closed set of documents that have a format of their own."""

    SALE = "sale"
    RETURN = "return"
    GIFT = "gift"
    VOID = "void"
    SUSPENDED = "suspended"
    TRAINING = "training"
    ACCOUNT = "account"
    VOUCHER = "voucher"
    NO_SALE = "no-sale"
    SHIFT_OPEN = "shift-open"
    FLOAT = "float"
    REMOVAL = "removal"
    DROP = "drop"
    INCOME = "income"
    EXPENSE = "expense"
    DECLARATION = "declaration"
    X = "x"
    Z = "z"
    SLIP = "slip"
    """Every other slip."""


class Printing(StrEnum):
    """When a document is printed."""

    ALWAYS = "always"
    NEVER = "never"
    ON_REQUEST = "on-request"


class Piece(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """One piece: exactly one of text, left (with right), rule, blank, barcode, qr, logo and block is set.

    Texts hold variables in braces: {receipt}, {name:20} (cut and filled to 20 columns), {price:>10} (at the right).
    """

    text: str = ""
    align: Align = Align.LEFT
    left: str = ""
    right: str = ""
    lines: int = 1
    """Lines that the left column may take before it is cut."""
    bold: bool = False
    size: int = 1
    """2 is double height and width."""
    rule: str = ""
    """`single` or `double`."""
    blank: int = 0
    barcode: str = ""
    qr: str = ""
    logo: int = 0
    """Number of the picture kept in the printer, 1 to 255."""
    block: str = ""
    when: str = ""
    """A variable: the piece is left out while it is empty."""


class DocumentFormat(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """The format of one type of document."""

    header: tuple[Piece, ...] = ()
    lines: tuple[Piece, ...] = ()
    """Of every line of the sale; only for documents that list lines."""
    footer: tuple[Piece, ...] = ()
    width: int = 0
    """Columns it takes at most; 0 for the whole width of the paper."""
    printing: Printing = Printing.ALWAYS


_T = DocumentType
_LISTING = frozenset({_T.SALE, _T.RETURN, _T.GIFT, _T.VOID, _T.SUSPENDED, _T.TRAINING, _T.ACCOUNT})
_REPORTS = frozenset({_T.X, _T.Z})

_EVERYWHERE = frozenset({"store", "copy", "facts", "chain", "footer"})
_OF_SALE = frozenset({"line_notes", "sums", "taxes", "payments", "customer"})
_OF_REPORT = frozenset({"span", "counts", "tenders", "taxes", "cash", "counted", "grand"})

COMMON_VARIABLES = frozenset(
    {
        "store", "address", "tax_id", "footer", "title", "says", "register", "receipt", "shift", "date", "day",
        "time", "barcode", "business_date", "operator", "operator_name", "reason", "comment", "currency", "record",
        "fingerprint", "copy", "total", "middle", "customer", "customer_name", "account", "salesperson",
    }
)  # fmt: skip
LINE_VARIABLES = frozenset(
    {
        "n", "name", "sku", "quantity", "unit", "price", "amount", "tax", "per_unit", "label", "many", "discount",
        "comment", "department", "serial",
    }
)  # fmt: skip

_SELLER = ("store", "facts", "chain")
_RECEIPT = (*_SELLER, "copy", "{receipt}", "line_notes", "{name}", "{amount}", "sums", "taxes", "payments")
LEGAL: dict[DocumentType, tuple[str, ...]] = {
    _T.SALE: _RECEIPT,
    _T.RETURN: (*_RECEIPT, "{title}"),
    _T.TRAINING: (*_RECEIPT, "{title}"),
    _T.ACCOUNT: _RECEIPT,
    _T.GIFT: ("store", "facts", "{title}", "{receipt}", "{name}", "chain"),
    _T.VOID: (*_SELLER, "{title}", "{name}", "{amount}", "middle"),
    _T.SUSPENDED: (*_SELLER, "{title}", "{name}", "middle"),
    _T.X: (*_SELLER, "{title}", *sorted(_OF_REPORT)),
    _T.Z: (*_SELLER, "{title}", "copy", *sorted(_OF_REPORT)),
}
"""What a document must say whatever a format would have: blocks by name, variables in braces (docs/paper.md)."""
_SLIP = (*_SELLER, "{title}", "middle")


class FormatRefused(ValueError):
    """A format cannot be used; `str()` is a sentence with the cause and the cure."""


def blocks_of(kind: DocumentType) -> frozenset[str]:
    """The blocks that a type of document has."""
    if kind in _REPORTS:
        return _EVERYWHERE | _OF_REPORT
    return _EVERYWHERE | {"middle"} | (_OF_SALE if kind in _LISTING else frozenset())


def required_of(kind: DocumentType) -> tuple[str, ...]:
    """What the format of a type must hold: blocks by name, variables in braces."""
    return LEGAL.get(kind, _SLIP)


def check_format(kind: str, found: DocumentFormat) -> None:
    """Raises FormatRefused with one sentence when `found` cannot be the format of `kind`."""
    if kind not in frozenset(DocumentType):
        raise FormatRefused(f"{kind!r} is no type of document. Types: {', '.join(DocumentType)}.")
    fault = next(_faults(DocumentType(kind), found), "")
    if fault:
        raise FormatRefused(fault)


def variables_in(text: str) -> Iterator[tuple[str, str]]:
    """The variables of a text, each with what stands after its colon: ("name", ""), ("price", ">10")."""
    for piece in text.split("{")[1:]:
        name, closed, _ = piece.partition("}")
        if closed:
            bare, _, how = name.partition(":")
            yield bare, how


def _faults(kind: DocumentType, found: DocumentFormat) -> Iterator[str]:
    if found.width and not NARROWEST <= found.width <= WIDEST:
        yield f"width = {found.width} must be 0 or lie between {NARROWEST} and {WIDEST} columns."
    if found.lines and kind not in _LISTING:
        yield f"A document of type {kind} has no lines of a sale. Put these pieces into header or footer."
    for part in ("header", "lines", "footer"):
        pieces: tuple[Piece, ...] = getattr(found, part)
        if len(pieces) > MOST_PIECES:
            yield f"{part} has {len(pieces)} pieces; at most {MOST_PIECES} are printed."
        for n, piece in enumerate(pieces, 1):
            for fault in _piece_faults(kind, part, piece):
                yield f"{part}, piece {n}: {fault}"
    missing = [what for what in required_of(kind) if not _has(found, what)]
    if missing:
        yield f"A document of type {kind} must say {', '.join(missing)}. Put what is missing back."


def _piece_faults(kind: DocumentType, part: str, piece: Piece) -> Iterator[str]:
    contents = [name for name in _CONTENTS if getattr(piece, name)]
    if piece.right and not piece.left:
        contents.append("right")
    if len(contents) != 1:
        named = " and ".join(contents) or "nothing"
        yield f"it has {named}; one of {', '.join(_CONTENTS)} is wanted."
    if piece.rule not in ("", "single", "double"):
        yield f"rule = {piece.rule!r} must be single or double."
    for name, (low, high) in _RANGES.items():
        if not low <= getattr(piece, name) <= high:
            yield f"{name} = {getattr(piece, name)} must lie between {low} and {high}."
    if piece.block and piece.block not in blocks_of(kind):
        yield f"block {piece.block!r} is unknown here. Blocks: {', '.join(sorted(blocks_of(kind)))}."
    known = LINE_VARIABLES | COMMON_VARIABLES if part == "lines" else COMMON_VARIABLES
    if piece.when and piece.when not in known:
        yield f"when = {piece.when!r} is no variable. Variables: {', '.join(sorted(known))}."
    for text in (piece.text, piece.left, piece.right, piece.barcode, piece.qr):
        yield from _text_faults(text, known)


def _text_faults(text: str, known: frozenset[str]) -> Iterator[str]:
    if len(text) > LONGEST_TEXT:
        yield f"a text has {len(text)} characters; at most {LONGEST_TEXT} are printed."
    if text.count("{") != text.count("}") or ("{" in text and "}" not in text.rpartition("{")[2]):
        yield f"{text[:40]!r} has a brace too many. Variables are written {{receipt}}."
    for name, how in variables_in(text):
        if name not in known:
            yield f"{{{name}}} is no variable here. Variables: {', '.join(sorted(known))}."
        width = how.removeprefix(">")
        if how and not (width.isascii() and width.isdigit() and 1 <= int(width[:4]) <= WIDEST):
            yield f"{{{name}:{how}}} has no width. Write {{{name}:20}} or {{{name}:>20}}, at most {WIDEST}."


_CONTENTS = ("text", "left", "rule", "blank", "barcode", "qr", "logo", "block")
_RANGES = {"size": (1, 2), "lines": (1, 5), "blank": (0, 5), "logo": (0, 255)}


def _has(found: DocumentFormat, what: str) -> bool:
    """Whether a format says something always: in a piece without a condition, or one that waits for just that."""
    name = what.strip("{}")
    for piece in (*found.header, *found.lines, *found.footer):
        if piece.when and piece.when != name:
            continue
        if what == name and piece.block == name:
            return True
        texts = (piece.text, piece.left, piece.right)
        if what != name and any(name == named for text in texts for named, _ in variables_in(text)):
            return True
    return False


def usable(formats: Mapping[str, DocumentFormat], kind: DocumentType) -> DocumentFormat | None:
    """The format of a type when it was sent and holds what the law asks for; None for the one that is built in."""
    found = formats.get(kind)
    if found is None:
        return None
    try:
        check_format(kind, found)
    except FormatRefused:
        return None
    return found

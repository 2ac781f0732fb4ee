"""Documents made from a format and what it is filled with; the layout on paper is `store.sale.layout`'s."""

from collections.abc import Callable, Iterable, Iterator, Mapping

import msgspec

from store.sale.built_in_formats import built_in
from store.sale.document import (
    AnyElement,
    Barcode,
    Blank,
    Columns,
    Cut,
    Document,
    Logo,
    Qr,
    Rule,
    Text,
)
from store.sale.document_format import DocumentType, Piece, usable, variables_in
from store.sale.language import translated
from store.sale.layout import display_width, pad_right
from store.sale.paper_facts import formats_of
from store.sale.policy import StoreFacts

Block = Callable[[], Iterable[AnyElement]]
Variables = Mapping[str, str]


class LineSource(msgspec.Struct, frozen=True, kw_only=True):
    """What the pieces of one line are filled with."""

    variables: Variables
    blocks: Mapping[str, Block] = {}


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """What a format is filled with. `title` names the document for people."""

    kind: DocumentType
    title: str
    variables: Variables
    blocks: Mapping[str, Block]
    lines: tuple[LineSource, ...] = ()


def made(source: Source, facts: StoreFacts) -> Document:
    """The document, by the format of headquarters or the built-in one; a cut ends it."""
    found = usable(formats_of(facts), source.kind) or built_in(source.kind)
    elements = [*_part(found.header, source.variables, source.blocks)]
    for line in source.lines:
        both = {**source.variables, **line.variables}
        elements += _part(found.lines, both, {**source.blocks, **line.blocks})
    elements += _part(found.footer, source.variables, source.blocks)
    return Document(title=source.title, elements=(*elements, Cut()), width=found.width)


def filled(text: str, variables: Variables) -> str:
    """A text with its variables; a width cuts and fills. A variable that is not there is empty."""
    for name, how in dict.fromkeys(variables_in(text)):
        value = variables.get(name, "")
        width = int(how.removeprefix(">") or 0)
        if how.startswith(">"):
            value = " " * (width - display_width(value)) + value
        elif width:
            value = pad_right(value, width)
        text = text.replace(f"{{{name}:{how}}}" if how else f"{{{name}}}", value)
    return text


def _part(
    pieces: tuple[Piece, ...], variables: Variables, blocks: Mapping[str, Block]
) -> Iterator[AnyElement]:
    for piece in pieces:
        if not piece.when or variables.get(piece.when):
            yield from _elements(piece, variables, blocks)


def _elements(piece: Piece, variables: Variables, blocks: Mapping[str, Block]) -> Iterator[AnyElement]:
    if piece.text:
        yield from _texts(piece, variables)
    elif piece.left:
        left, right = (filled(translated(text), variables) for text in (piece.left, piece.right))
        yield Columns(left=left, right=right.rstrip(), bold=piece.bold, size=piece.size, lines=piece.lines)
    elif piece.rule:
        yield Rule(double=piece.rule == "double")
    elif piece.blank:
        yield Blank(lines=piece.blank)
    elif piece.logo:
        yield Logo(number=piece.logo)
    elif piece.block in blocks:
        yield from blocks[piece.block]()
    else:
        yield from _symbols(piece, variables)


def _symbols(piece: Piece, variables: Variables) -> Iterator[AnyElement]:
    """Barcode and QR code of what is there; nothing of an empty text."""
    barcode, qr = filled(piece.barcode, variables), filled(piece.qr, variables)
    if barcode:
        yield Barcode(data=barcode)
    if qr:
        yield Qr(data=qr)


def _texts(piece: Piece, variables: Variables) -> Iterator[AnyElement]:
    """One paragraph for each line of the text; none when it holds variables and all of them are empty."""
    text = filled(translated(piece.text), variables)
    if not text.strip() and "{" in piece.text:
        return
    for line in text.split("\n"):
        yield Text(text=line, align=piece.align, bold=piece.bold, size=piece.size)

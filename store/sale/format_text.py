"""The written form of a document format: one piece a line, as headquarters keeps it and people type it (docs/paper.md).

text center bold big | {store}          a paragraph: left, center or right; bold; big
columns lines=3 | {name} | {amount}     left and right edge; the left one may take so many lines
rule            rule double             a line across the paper
blank 2                                 empty lines
block sums                              what the program alone knows how to say
barcode {receipt}      qr {receipt}     symbols
logo 1                                  the picture the printer keeps under this number
if comment: text | {comment}            only while the variable is not empty
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from store.sale.built_in_formats import built_in
from store.sale.document import Align
from store.sale.document_format import (
    DocumentFormat,
    DocumentType,
    FormatRefused,
    Piece,
    Printing,
    check_format,
)

LONGEST_PART = 4000
"""Characters of a part of a format."""
_ALIGNS = {align.value: align for align in Align}


class WrittenFormat(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A format as headquarters keeps it. An empty part is that of the built-in format."""

    header: str = ""
    lines: str = ""
    footer: str = ""
    width: int = 0
    printing: str = Printing.ALWAYS.value


def read_format(kind: str, text: str | bytes) -> DocumentFormat:
    """The format of a type of document from the JSON of a package. Raises FormatRefused with one sentence."""
    try:
        written = msgspec.json.decode(text, type=WrittenFormat)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise FormatRefused(f"The format cannot be read: {str(error).rstrip('.')}.") from None
    return parsed(kind, written)


def parsed(kind: str, written: WrittenFormat) -> DocumentFormat:
    """The format that was written, checked. Raises FormatRefused with one sentence."""
    if kind not in frozenset(DocumentType):
        raise FormatRefused(f"{kind!r} is no type of document. Types: {', '.join(DocumentType)}.")
    if written.printing not in frozenset(Printing):
        raise FormatRefused(f"printing = {written.printing!r} must be one of {', '.join(Printing)}.")
    default = built_in(DocumentType(kind))
    found = DocumentFormat(
        header=_part("header", written.header) or default.header,
        lines=_part("lines", written.lines) or default.lines,
        footer=_part("footer", written.footer) or default.footer,
        width=written.width,
        printing=Printing(written.printing),
    )
    check_format(kind, found)
    return found


def written_form(found: DocumentFormat) -> WrittenFormat:
    """The written form of a format; `parsed` reads it back."""
    return WrittenFormat(
        header="\n".join(map(_line, found.header)),
        lines="\n".join(map(_line, found.lines)),
        footer="\n".join(map(_line, found.footer)),
        width=found.width,
        printing=found.printing.value,
    )


def _part(name: str, text: str) -> tuple[Piece, ...]:
    if len(text) > LONGEST_PART:
        raise FormatRefused(f"{name} has {len(text)} characters; at most {LONGEST_PART} are taken.")
    pieces = []
    for n, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            pieces.append(_piece(line.lstrip()))
        except ValueError as error:
            raise FormatRefused(f"{name}, line {n}: {error}") from None
    return tuple(pieces)


def _piece(line: str) -> Piece:
    """One line read; raises ValueError with a sentence."""
    when = ""
    if line.startswith("if "):
        condition, colon, line = line.partition(":")
        if not colon:
            raise ValueError('"if" needs a colon: if comment: text | {comment}.')
        when, line = condition.removeprefix("if ").strip(), line.lstrip()
    head, bar, content = line.partition("|")
    words = head.split()
    word, rest = (words[0], words[1:]) if words else ("", [])
    content = content.removeprefix(" ")
    match word:
        case "text" if bar:
            return Piece(text=content, when=when, **_style(rest))
        case "columns" if " | " in content:
            left, _, right = content.partition(" | ")
            return Piece(left=left, right=right, when=when, **_style(rest))
        case "columns":
            raise ValueError("columns are written with two bars: columns | Total | {total}.")
        case "text":
            raise ValueError("a text is written behind a bar: text center | {store}.")
    return _plain(word, line.strip().removeprefix(word).strip(), when)


def _plain(word: str, argument: str, when: str) -> Piece:
    match word:
        case "rule" if argument in ("", "double"):
            return Piece(rule=argument or "single", when=when)
        case "blank":
            return Piece(blank=_number(word, argument or "1"), when=when)
        case "logo":
            return Piece(logo=_number(word, argument or "1"), when=when)
        case "block" if argument:
            return Piece(block=argument, when=when)
        case "barcode" if argument:
            return Piece(barcode=argument, when=when)
        case "qr" if argument:
            return Piece(qr=argument, when=when)
    raise ValueError(
        f"{word[:20]!r} begins no piece. Begin with text, columns, rule, blank, block, barcode, qr, logo or if."
    )


def _style(words: list[str]) -> dict[str, Any]:
    style: dict[str, Any] = {}
    for word in words:
        if word in _ALIGNS:
            style["align"] = _ALIGNS[word]
        elif word == "bold":
            style["bold"] = True
        elif word == "big":
            style["size"] = 2
        elif word.startswith("lines="):
            style["lines"] = _number("lines", word.removeprefix("lines="))
        else:
            raise ValueError(f"{word[:20]!r} is no style. Styles: left, center, right, bold, big, lines=2.")
    return style


def _number(word: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 3):
        raise ValueError(f"{word} needs a number, not {text[:20]!r}.")
    return int(text)


def _line(piece: Piece) -> str:
    condition = f"if {piece.when}: " if piece.when else ""
    return condition + " ".join(_words(piece))


def _words(piece: Piece) -> Iterator[str]:
    if piece.text or piece.left:
        yield "text" if piece.text else "columns"
        if piece.align is not Align.LEFT:
            yield piece.align.value
        if piece.bold:
            yield "bold"
        if piece.size > 1:
            yield "big"
        if piece.lines > 1:
            yield f"lines={piece.lines}"
        yield f"| {piece.text}" if piece.text else f"| {piece.left} | {piece.right}"
    elif piece.rule:
        yield "rule double" if piece.rule == "double" else "rule"
    else:
        for name in ("blank", "logo", "block", "barcode", "qr"):
            if getattr(piece, name):
                yield f"{name} {getattr(piece, name)}"

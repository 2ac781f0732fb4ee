"""A document to be put on paper or screen, as data: what it says, not how a device says it."""

from enum import StrEnum

import msgspec

from store.sale.text import printable


class Align(StrEnum):
    """Where a text stands in its line."""

    LEFT = "left"
    CENTER = "center"
    RIGHT = "right"


class Element(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """One piece of a document. Every text in it is printable by construction (`store.sale.text.printable`)."""


class Text(Element, frozen=True, kw_only=True, tag="text"):
    """A paragraph, wrapped at words. `size` 2 is double height and width where the device can."""

    text: str
    align: Align = Align.LEFT
    bold: bool = False
    size: int = 1

    def __post_init__(self) -> None:
        msgspec.structs.force_setattr(self, "text", printable(self.text))


class Columns(Element, frozen=True, kw_only=True, tag="columns"):
    """A name at the left, a number at the right edge; the name is wrapped to `lines` lines, then cut."""

    left: str
    right: str
    bold: bool = False
    size: int = 1
    lines: int = 1

    def __post_init__(self) -> None:
        msgspec.structs.force_setattr(self, "left", printable(self.left))
        msgspec.structs.force_setattr(self, "right", printable(self.right))


class Table(Element, frozen=True, kw_only=True, tag="table"):
    """Rows of cells: the first column is a name and is cut first, the others are numbers, right-aligned, never cut."""

    rows: tuple[tuple[str, ...], ...]

    def __post_init__(self) -> None:
        rows = tuple(tuple(printable(cell) for cell in row) for row in self.rows)
        msgspec.structs.force_setattr(self, "rows", rows)


class Rule(Element, frozen=True, kw_only=True, tag="rule"):
    """A line across the paper; `double` for the one under a total."""

    double: bool = False


class Blank(Element, frozen=True, kw_only=True, tag="blank"):
    """Empty lines."""

    lines: int = 1


class Barcode(Element, frozen=True, kw_only=True, tag="barcode"):
    """A Code 128 symbol with its text below; `data` is printable ASCII."""

    data: str


class Qr(Element, frozen=True, kw_only=True, tag="qr"):
    """A QR symbol holding `data`."""

    data: str


class Logo(Element, frozen=True, kw_only=True, tag="logo"):
    """The picture that the printer keeps under `number` (1 to 255); nothing on screens and in files of text."""

    number: int


class Cut(Element, frozen=True, kw_only=True, tag="cut"):
    """The end of a slip of paper."""


AnyElement = Text | Columns | Table | Rule | Blank | Barcode | Qr | Logo | Cut


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """A document from top to bottom. `title` names it for people: "Receipt S0001-R01-000482"."""

    title: str
    elements: tuple[AnyElement, ...]
    width: int = 0
    """Columns it takes at most, 0 for as many as the paper has."""

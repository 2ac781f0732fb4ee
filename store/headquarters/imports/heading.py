"""What the columns of a file are, by their headings."""

import difflib

import msgspec

from store.headquarters.errors import WrongInput
from store.headquarters.nouns.field import Field, fields_of, find_field
from store.headquarters.nouns.noun import KeyPart, Noun

KEY_WORDS = ("code", "number", "id", "key")
"""What the first part of a key may be called, whatever the noun."""
FORMULA_BEGINS = ("=", "+", "-", "@", "\t", "\r")


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """One column: a part of the key, or a field, or an input beside the fields."""

    part: KeyPart | None = None
    field: Field | None = None
    is_input: bool = False


def read_heading(noun: Noun, cells: list[str]) -> tuple[Column, ...]:
    """The columns of a file; raises WrongInput for an unknown, a repeated or a missing one."""
    columns = tuple(_column(noun, cell) for cell in cells)
    seen: set[str] = set()
    for cell, column in zip(cells, columns, strict=True):
        name = (
            column.part.name
            if column.part is not None
            else f"field {column.field.name if column.field else ''}"
        )
        if name in seen:
            raise WrongInput(f"The column {cell.strip()[:40]!r} is there twice.")
        seen.add(name)
    for part in noun.key:
        if part.default is None and part.name not in seen:
            raise WrongInput(
                f"The file has no column for the {part.name}. The first line names the columns, such as "
                f"{', '.join(headings(noun)[:4])}."
            )
    return columns


def headings(noun: Noun) -> tuple[str, ...]:
    """The headings that a file of this noun may have."""
    parts = tuple("code" if place == 0 else part.name for place, part in enumerate(noun.key))
    fields = (*fields_of(noun.fields), *fields_of(noun.inputs))
    return (*parts, *(field.word.replace("-", "_") for field in fields))


def plain_cell(text: str) -> str:
    """A cell without the apostrophe that an export puts before what a spreadsheet would take for a formula."""
    text = text.strip()
    if text.startswith("'") and text[1:].startswith(FORMULA_BEGINS):
        return text[1:]
    return text


def _column(noun: Noun, cell: str) -> Column:
    name = cell.strip().lower().replace(" ", "_").replace("-", "_")
    name = noun.columns.get(name, name)
    for place, part in enumerate(noun.key):
        if name in (part.name, f"{part.name}_ms") or (place == 0 and name in KEY_WORDS):
            return Column(part=part)
    if (field := find_field(fields_of(noun.fields), name)) is not None:
        return Column(field=field)
    if (field := find_field(fields_of(noun.inputs), name)) is not None:
        return Column(field=field, is_input=True)
    near = difflib.get_close_matches(name, headings(noun), n=1)
    hint = f"Did you mean {near[0]!r}?" if near else f"There are: {', '.join(headings(noun))}."
    raise WrongInput(f"{noun.title} has no column {cell.strip()[:40]!r}. {hint}")

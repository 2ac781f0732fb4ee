"""What a noun of headquarters is: its key, its fields, its verbs.

Data only; the command line, the API and the documents derive from it. A field's annotation says everything about it:
its type and range, its help sentence, and in `Meta.extra` how it is typed:

    positional  stands without an option on the command line
    ref         the noun that must have a row of that key
    kind        `amount`    typed 1.29, kept in minor units
                `date`      a day that exists, as 2026-12-01
                `moment`    typed 2026-12-01 or 2026-12-01T08:00, kept in milliseconds
                `last-day`  the same, a date alone meaning its end
                `lines`     a text in which \\n begins a line
                `secret`    never shown, asked for on a terminal
"""

from collections.abc import Callable
from typing import Any

import msgspec

GENERIC = ("set", "list", "show", "remove", "import", "export")
"""Verbs that every noun with rows can have, done by the same code for all."""

NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}"
"""What a key may look like unless the noun says otherwise; never a slash, which joins the parts of a key."""


class KeyPart(msgspec.Struct, frozen=True, kw_only=True):
    """A part of what names a row. A part with a default is an option, one without stands right after the verb."""

    name: str
    help: str
    pattern: str = NAME
    ref: str = ""
    kind: str = ""
    """`moment` as for fields; `lower` is kept in small letters."""
    default: str | None = None


class Noun(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of thing that headquarters keeps.

    `fields` is the type of its document, `inputs` of what is only taken in (a PIN). `jobs` send it on. `check`
    answers a sentence about fields that do not go together, `complete` the document as it is kept; both get the
    parts of the key.
    `names` are the other names of a row, `typed_names` those that a typed text could mean.
    """

    name: str
    summary: str
    key: tuple[KeyPart, ...] = ()
    fields: type[msgspec.Struct] | None = None
    inputs: type[msgspec.Struct] | None = None
    jobs: tuple[str, ...] = ()
    generic: tuple[str, ...] = GENERIC
    example: str = ""
    columns: dict[str, str] = {}
    """Further headings of an imported file: heading to the field or part of the key that it means."""
    check: Callable[[dict[str, str], Any], str] | None = None
    complete: Callable[[dict[str, str], Any], Any] | None = None
    invent: Callable[[str], Any] | None = None
    """What a file that names a row which is not there yet can mean: the document to make along, or None."""
    names: Callable[[str, Any], tuple[str, ...]] | None = None
    typed_names: Callable[[str], tuple[str, ...]] | None = None

    @property
    def title(self) -> str:
        """The noun in a sentence: `offline profile`."""
        return self.name.replace("-", " ")


class NoArguments(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A verb that takes none."""


class Verb(msgspec.Struct, frozen=True, kw_only=True):
    """A verb of a noun with a handler of its own. One called as a generic verb takes its place.

    `reads` says that it changes nothing (GET). `answers` is the type of the answer for the API's document (None: any
    JSON). `columns` are the fields of a table on the screen where the answer is a list; all of them when empty.
    `amounts` are those in minor units of the row's `currency`.
    """

    noun: str
    name: str
    summary: str
    arguments: type[msgspec.Struct] = NoArguments
    reads: bool = False
    answers: Any = None
    example: str = ""
    columns: tuple[str, ...] = ()
    amounts: tuple[str, ...] = ()


def key_of(noun: Noun, parts: dict[str, str]) -> str:
    """The parts of a key as one text; parts that are left out at the end leave nothing behind."""
    return "/".join(parts.get(part.name) or part.default or "" for part in noun.key).rstrip("/")


def parts_of(noun: Noun, key: str) -> dict[str, str]:
    """A key taken apart."""
    texts = key.split("/")
    return {
        part.name: texts[place] if place < len(texts) else (part.default or "")
        for place, part in enumerate(noun.key)
    }

"""Catalogues of sentences in gettext's two forms: .po, written by people, and .mo, read by the standard library.

Only what Outpost writes is read: comments, `msgid`, `msgid_plural`, `msgstr`, `msgstr[n]`, strings over several lines.
"""

import ast
import struct
from collections.abc import Iterable, Iterator

import msgspec

MAGIC = 0x950412DE


class Sentence(msgspec.Struct, frozen=True, kw_only=True):
    """A sentence and what it is in a language. `many` is the plural; `said` has one text, or one per number."""

    text: str
    many: str = ""
    said: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    """Files that say it."""


class CatalogueBroken(ValueError):
    """A .po file cannot be read; `str()` names the line."""


def read_po(text: str) -> tuple[str, list[Sentence]]:
    """Header and sentences of a .po file; raises CatalogueBroken."""
    header, sentences = "", []
    for n, block in _blocks(text):
        try:
            fields = _fields(block)
        except (ValueError, SyntaxError) as error:
            raise CatalogueBroken(f"The entry before line {n} cannot be read: {error}.") from None
        if not fields:
            continue
        text, many = fields.pop("msgid"), fields.pop("msgid_plural", "")
        said = tuple(fields[key] for key in sorted(fields))
        if text:
            sentences.append(Sentence(text=text, many=many, said=said))
        else:
            header = said[0]
    return header, sentences


def write_po(header: str, sentences: Iterable[Sentence]) -> str:
    """A .po file; `read_po` reads it back."""
    lines = ['msgid ""', 'msgstr ""', *(_quoted(f"{line}\n") for line in header.splitlines())]
    for one in sentences:
        lines += ["", *(f"#: {place}" for place in one.places), f"msgid {_quoted(one.text)}"]
        if one.many:
            lines.append(f"msgid_plural {_quoted(one.many)}")
            said = one.said or ("", "")
            lines += [f"msgstr[{n}] {_quoted(text)}" for n, text in enumerate(said)]
        else:
            lines.append(f"msgstr {_quoted(one.said[0] if one.said else '')}")
    return "\n".join(lines) + "\n"


def mo_bytes(header: str, sentences: Iterable[Sentence]) -> bytes:
    """The .mo file of the sentences that are translated; sorted, as gettext wants it."""
    pairs = {b"": header.encode()}
    for one in sentences:
        if all(one.said) and one.said:
            key = f"{one.text}\0{one.many}" if one.many else one.text
            pairs[key.encode()] = "\0".join(one.said).encode()
    keys = sorted(pairs)
    at = 28 + 16 * len(keys)
    tables, strings = [b"", b""], b""
    for which, texts in enumerate((keys, [pairs[key] for key in keys])):
        for text in texts:
            tables[which] += struct.pack("<II", len(text), at + len(strings))
            strings += text + b"\0"
    head = struct.pack("<7I", MAGIC, 0, len(keys), 28, 28 + 8 * len(keys), 0, at)
    return head + tables[0] + tables[1] + strings


def _blocks(text: str) -> Iterator[tuple[int, list[str]]]:
    """Entries apart by empty lines, each with the number of the line behind it."""
    block: list[str] = []
    for n, line in enumerate([*text.splitlines(), ""], 1):
        if line.strip():
            block.append(line.strip())
        elif block:
            yield n, block
            block = []


def _fields(block: list[str]) -> dict[str, str]:
    fields: dict[str, str] = {}
    key = ""
    for line in block:
        if line.startswith("#"):
            continue
        if not line.startswith('"'):
            key, _, line = line.partition(" ")
            fields[key] = ""
        fields[key] += ast.literal_eval(line)
    return fields


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{escaped}"'

"""Which sentences the sources say: every literal given to `phrase`, `counted` and `later`, and the tables of names.

    python -m store.languages.extraction        brings every .po up to date and makes its .mo

A sentence that is no longer said leaves the .po; a new one comes in without a translation.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

from store.languages.catalogue_file import Sentence, mo_bytes, read_po, write_po
from store.languages.catalogues import LANGUAGES, mo_file, po_file

ROOT = Path(__file__).parents[2]
FOLDERS = ("store", "devices", "tui")
SAYING = frozenset({"phrase", "later"})
NAMES: dict[str, tuple[int | str, ...]] = {
    "Operation": ("name",),
    "_operation": (1,),
    "Action": (1, 2),
    "Movement": ("name", "title"),
    "Piece": ("text", "left", "right"),
}
"""Tables of data whose texts people read: the call, and which of its arguments they are."""


def said_in(root: Path = ROOT) -> list[Sentence]:
    """Every sentence of the sources with the files that say it, in the order of their first appearance."""
    found: dict[str, Sentence] = {}
    for folder in FOLDERS:
        for file in sorted((root / folder).rglob("*.py")):
            place = file.relative_to(root).as_posix()
            for text, many in sentences_of(file.read_text(encoding="utf-8")):
                before = found.get(text)
                if before is None:
                    found[text] = Sentence(text=text, many=many, places=(place,))
                elif place not in before.places:
                    found[text] = Sentence(
                        text=text, many=many or before.many, places=(*before.places, place)
                    )
    return list(found.values())


def sentences_of(source: str) -> Iterator[tuple[str, str]]:
    """The sentences of one file, each with its plural or an empty text."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        if node.func.id in SAYING and node.args and (text := literal(node.args[0])):
            yield text, ""
        elif node.func.id == "counted" and len(node.args) > 1:
            one, many = literal(node.args[0]), literal(node.args[1])
            if one and many:
                yield one, many
        elif node.func.id in NAMES:
            yield from ((text, "") for text in _named(node, NAMES[node.func.id]))


def literal(node: ast.expr) -> str:
    """A text that stands in the source as it is; empty for everything else."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def brought_up_to_date(po: str, said: list[Sentence]) -> str:
    """The .po with the sentences that are said, its translations kept."""
    header, known = read_po(po)
    texts = {(one.text, one.many): one.said for one in known}
    merged = [
        Sentence(text=one.text, many=one.many, said=texts.get((one.text, one.many), ()), places=one.places)
        for one in said
    ]
    return write_po(header, merged)


def _named(node: ast.Call, wanted: tuple[int | str, ...]) -> Iterator[str]:
    for which in wanted:
        if isinstance(which, int):
            if which < len(node.args) and (text := literal(node.args[which])) and any(map(str.isalpha, text)):
                yield text
        else:
            for keyword in node.keywords:
                if keyword.arg == which and (text := literal(keyword.value)) and _has_words(text):
                    yield text


def _has_words(text: str) -> bool:
    """Whether something of a text is left beside its variables."""
    while "{" in text and "}" in text:
        before, _, rest = text.partition("{")
        text = before + rest.partition("}")[2]
    return any(map(str.isalpha, text))


def main() -> None:
    """Bring every catalogue up to date; prints how many sentences are not translated yet."""
    said = said_in()
    for language in LANGUAGES:
        po = brought_up_to_date(po_file(language).read_text(encoding="utf-8"), said)
        po_file(language).write_text(po, encoding="utf-8")
        header, sentences = read_po(po)
        mo_file(language).write_bytes(mo_bytes(header, sentences))
        missing = sum(1 for one in sentences if not (one.said and all(one.said)))
        print(f"{language}: {len(sentences)} sentences, {missing} not translated")


if __name__ == "__main__":
    main()

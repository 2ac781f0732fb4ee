"""The catalogues: every sentence of the sources is there and translated, its placeholders match."""

import ast
from gettext import GNUTranslations
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import store.sale.language as language_module
from store.languages import catalogues
from store.languages.catalogue_file import CatalogueBroken, Sentence, mo_bytes, read_po, write_po
from store.languages.catalogues import LANGUAGES, load_languages, mo_file, po_file
from store.languages.extraction import brought_up_to_date, literal, said_in, sentences_of
from store.sale.language import (
    counted,
    in_every_language,
    known_languages,
    phrase,
    placeholders,
    speaking,
    translated,
)

ROOT = Path(__file__).parents[2]
SAID = said_in()
GERMAN = pytest.mark.parametrize("language", LANGUAGES)


@GERMAN
def test_every_sentence_that_is_said_is_translated_and_no_other_is_kept(language):
    _, known = read_po(po_file(language).read_text(encoding="utf-8"))
    texts = {(one.text, one.many) for one in known}
    said = {(one.text, one.many) for one in SAID}
    assert said - texts == set(), "run: python -m store.languages.extraction"
    assert texts - said == set(), "run: python -m store.languages.extraction"
    assert [one.text for one in known if not one.said or not all(one.said)] == []


@GERMAN
def test_a_translation_has_the_placeholders_and_the_edges_of_its_sentence(language):
    _, known = read_po(po_file(language).read_text(encoding="utf-8"))
    for one in known:
        for said in one.said:
            assert set(placeholders(said)) == set(placeholders(one.many or one.text)), one.text
            assert (said[:1] == " ", said[-1:] == " ") == (one.text[:1] == " ", one.text[-1:] == " "), (
                one.text
            )
            whole = one.text.endswith(".") and len(one.text.split()) > 3
            assert not whole or said.endswith("."), one.text
        assert len(one.said) == (2 if one.many else 1), one.text


@GERMAN
def test_the_mo_is_made_from_the_po(language):
    header, known = read_po(po_file(language).read_text(encoding="utf-8"))
    assert mo_file(language).read_bytes() == mo_bytes(header, known), (
        "run: python -m store.languages.extraction"
    )


def test_every_call_says_a_literal_and_gives_each_placeholder_a_value():
    wrong = []
    for folder in ("store", "devices", "tui"):
        for file in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                wrong += [f"{file.relative_to(ROOT)}:{node.lineno}: {why}" for why in faults_of(node)]
    assert wrong == []


def faults_of(node) -> list[str]:
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
        return []
    if node.func.id == "phrase" and node.args:
        first = node.args[0]
        if isinstance(first, ast.JoinedStr | ast.BinOp):
            return ["a text that is put together cannot be translated"]
        text = literal(first)
        stars = any(isinstance(argument, ast.Starred) for argument in node.args)
        if text and not stars and len(placeholders(text)) != len(node.args) - 1:
            return [f"{text!r} has {len(placeholders(text))} placeholders and {len(node.args) - 1} values"]
    if node.func.id == "counted" and len(node.args) > 2:
        many = literal(node.args[1])
        if not many or len(placeholders(many)) != len(node.args) - 2:
            return [f"{many!r} needs a value for each placeholder, the number first"]
    return []


def test_a_sentence_is_said_in_the_language_in_force():
    load_languages()
    assert known_languages() == ("en", "de")
    with speaking("de"):
        assert phrase("Nothing found.") == "Nichts gefunden."
        assert phrase("Close shift {number}", 12) == "Schicht 12 schließen"
        assert counted("{n} sale", "{n} sales", 1) == "1 Verkauf"
        assert counted("{n} sale", "{n} sales", 3) == "3 Verkäufe"
        assert translated("Receipt") == "Beleg"
        assert (
            phrase("A sentence that nobody translated {name}.", "x") == "A sentence that nobody translated x."
        )
    assert phrase("Nothing found.") == "Nothing found."
    with speaking("xx"):
        assert counted("{n} sale", "{n} sales", 2) == "2 sales"
    assert in_every_language("Nothing found.") == ("Nothing found.", "Nichts gefunden.")


TEXTS = st.text(
    st.characters(codec="utf-8", exclude_characters="\0\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"), min_size=1
)


@given(st.lists(st.tuples(TEXTS, TEXTS), max_size=6, unique_by=lambda pair: pair[0]))
def test_what_is_written_is_read_back_and_spoken(pairs):
    known = [Sentence(text=text, said=(said,)) for text, said in pairs]
    header = "Content-Type: text/plain; charset=UTF-8\nPlural-Forms: nplurals=2; plural=(n != 1);\n"
    read = read_po(write_po(header, known))
    assert read == (header, known)
    spoken = GNUTranslations(BytesIO(mo_bytes(*read)))
    for text, said in pairs:
        assert spoken.gettext(text) == said


def test_a_broken_catalogue_is_named():
    with pytest.raises(CatalogueBroken, match="line 3"):
        read_po('msgid "a\nmsgstr "b"\n')


def test_what_is_said_is_found_and_translations_are_kept():
    source = 'phrase("A {x}", 1)\nlater("B")\ncounted("{n} C", "{n} Cs", 2)\nOperation(name="D", number=1)\nprint("E")'
    found = list(sentences_of(source))
    assert found == [("A {x}", ""), ("B", ""), ("{n} C", "{n} Cs"), ("D", "")]
    old = write_po("H\n", [Sentence(text="B", said=("Be",)), Sentence(text="gone", said=("weg",))])
    _, merged = read_po(brought_up_to_date(old, [Sentence(text="B"), Sentence(text="new")]))
    assert merged == [Sentence(text="B", said=("Be",)), Sentence(text="new", said=("",))]


def test_a_catalogue_that_is_missing_or_damaged_leaves_english_in_its_place(tmp_path, monkeypatch):
    monkeypatch.setattr(catalogues, "HERE", tmp_path)
    monkeypatch.setattr(language_module, "_catalogues", {})
    load_languages()
    for content in (None, b"", b"no catalogue at all"):
        if content is not None:
            mo_file("de").write_bytes(content)
        with speaking("de"):
            assert phrase("Nothing found.") == "Nothing found."

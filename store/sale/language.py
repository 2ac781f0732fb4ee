"""The language in force: sentences are written in English where they are said, and shown in the reader's language.

Whoever runs a process hands the catalogues in once (`know`) and says whose language holds (`speak`); paper speaks the
store's language whoever is signed in (`speaking`). Nothing here reads a file. Every text given to `phrase`, `counted`
and `later` is a plain literal, found by `store/languages/extract.py`; what is not translated stays English.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import Protocol

from store.sale.region import REGIONS, Region, region_of

ENGLISH = "en"


class Catalogue(Protocol):
    """The sentences of a language; `gettext.GNUTranslations` is one."""

    def gettext(self, message: str, /) -> str:
        """The sentence, or `message` itself where there is none."""
        ...

    def ngettext(self, one: str, many: str, n: int, /) -> str:
        """The sentence in the grammatical number of `n`."""
        ...


class _English:
    """English is what the sources say."""

    def gettext(self, message: str, /) -> str:
        return message

    def ngettext(self, one: str, many: str, n: int, /) -> str:
        return one if n == 1 else many


_known: dict[str, Callable[[], Catalogue | None]] = {}
_catalogues: dict[str, Catalogue] = {}
"""Of the languages that were spoken so far: a catalogue is a megabyte that an English shop has no use for."""
_NONE = _English()


class _Speech:
    """Language and region of the process, until somebody else signs in."""

    language = ENGLISH
    region = region_of(ENGLISH)


_within: ContextVar[tuple[str, Region] | None] = ContextVar("language", default=None)


def know(language: str, load: Callable[[], Catalogue | None]) -> None:
    """Say where the sentences of a language come from, once it is spoken; None leaves English in its place."""
    _known[language] = load


def known_languages() -> tuple[str, ...]:
    """The languages that can be spoken, English first."""
    return (ENGLISH, *sorted(_known))


def speak(language: str, region: str = "") -> None:
    """From now on the process speaks `language`; a language or region that nobody knows is taken as the default one."""
    _Speech.language, _Speech.region = _speech(language, region)


@contextmanager
def speaking(language: str, region: str = "") -> Iterator[None]:
    """Within it another language holds: paper for the customer while the cashier's is another."""
    before = _within.set(_speech(language, region))
    try:
        yield
    finally:
        _within.reset(before)


def language_in_force() -> str:
    """The language that sentences are said in now."""
    return (_within.get() or (_Speech.language, _Speech.region))[0]


def region_in_force() -> Region:
    """How amounts and dates are written now."""
    return (_within.get() or (_Speech.language, _Speech.region))[1]


def phrase(text: str, *values: object) -> str:
    """`text` in the language in force; `values` fill its placeholders in the order of their first appearance."""
    said = _catalogue().gettext(text)
    return _filled(text, said, values)


def translated(text: str) -> str:
    """`text` in the language in force with its braces left as they are: for pieces of document formats."""
    return _catalogue().gettext(text) if text else ""


def counted(one: str, many: str, n: int, *values: object) -> str:
    """A sentence about `n` things in the grammatical number of the language: counted("{n} sale", "{n} sales", 3).

    `n` is the first value, `values` are the others.
    """
    said = _catalogue().ngettext(one, many, n)
    return _filled(many, said, (n, *values))


def in_every_language(text: str) -> tuple[str, ...]:
    """`text` in each language that was spoken so far: whoever looks for it may not be who said it."""
    said = (catalogue.gettext(text) for catalogue in _catalogues.values())
    return tuple(dict.fromkeys((text, *said)))


def later(text: str) -> str:
    """Marks a constant for translation and gives it back as it is; `phrase` says it where it is used."""
    return text


@lru_cache(4096)
def placeholders(text: str) -> tuple[str, ...]:
    """The names in braces of a text, each once, in the order of their first appearance."""
    pieces = text.replace("{{", "").replace("}}", "").split("{")[1:]
    return tuple(dict.fromkeys(piece.partition("}")[0] for piece in pieces))


def _catalogue() -> Catalogue:
    return _catalogues.get(language_in_force(), _NONE)


def _filled(text: str, said: str, values: tuple[object, ...]) -> str:
    if not values and "{" not in text:
        return said
    return said.format(**dict(zip(placeholders(text), values, strict=True)))


def _speech(language: str, region: str) -> tuple[str, Region]:
    if language not in _catalogues and (load := _known.get(language)) and (found := load()) is not None:
        _catalogues[language] = found
    if language not in _catalogues:
        language = ENGLISH
    return language, REGIONS.get(region) or region_of(language)

"""The catalogues that come with the program, handed to `store.sale.language` once per process."""

import struct
from functools import partial
from gettext import GNUTranslations
from pathlib import Path

from store.sale.language import know

HERE = Path(__file__).parent
LANGUAGES = ("de",)
"""Beside English."""


def load_languages() -> None:
    """Make every language known; each is read when it is first spoken."""
    for language in LANGUAGES:
        know(language, partial(_read, language))


def _read(language: str) -> GNUTranslations | None:
    """The catalogue of a language; one that is missing or damaged leaves English in its place."""
    try:
        with mo_file(language).open("rb") as file:
            return GNUTranslations(file)
    except (OSError, ValueError, EOFError, struct.error):
        return None


def po_file(language: str) -> Path:
    """The catalogue that people write."""
    return HERE / f"{language}.po"


def mo_file(language: str) -> Path:
    """The catalogue that is read."""
    return HERE / f"{language}.mo"

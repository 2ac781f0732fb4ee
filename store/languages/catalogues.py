"""The catalogues that come with the program, handed to `store.sale.language` once per process."""

from gettext import GNUTranslations
from pathlib import Path

from store.sale.language import know

HERE = Path(__file__).parent
LANGUAGES = ("de",)
"""Beside English."""


def load_languages() -> None:
    """Make every language known; a catalogue that is missing or damaged leaves English in its place."""
    for language in LANGUAGES:
        try:
            with mo_file(language).open("rb") as file:
                know(language, GNUTranslations(file))
        except (OSError, ValueError, EOFError):
            continue


def po_file(language: str) -> Path:
    """The catalogue that people write."""
    return HERE / f"{language}.po"


def mo_file(language: str) -> Path:
    """The catalogue that is read."""
    return HERE / f"{language}.mo"

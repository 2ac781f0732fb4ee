"""The one code page a receipt printer is set to, and what becomes of characters that it lacks.

Switching between pages, as python-escpos offers it, goes wrong: one wide character turns a whole text into GB18030, and
the euro sign is sent on a page that few printers have. So one page is forced, and every character outside it is
replaced where everyone can see it.
"""

import unicodedata

from devices.errors import DeviceAddressError
from store.sale.layout import display_width

EPSON_NUMBERS = {"CP437": 0, "CP850": 2, "CP852": 18, "CP858": 19, "CP866": 17, "CP1252": 16}
"""Argument of ESC t, by Epson's command reference; most clones follow it."""

PLAIN = {
    "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ı": "i", "ø": "o", "Ø": "O", "ß": "ss", "ẞ": "SS", "æ": "ae", "Æ": "AE",
    "œ": "oe", "Œ": "OE", "–": "-", "—": "-", "‐": "-", "‑": "-", "−": "-", "‘": "'", "’": "'", "‚": ",", "“": '"',
    "”": '"', "„": '"', "‹": "<", "›": ">", "•": "*", "…": "...", "×": "x", "™": "TM", "€": "EUR",
}  # fmt: skip
"""Letters without a decomposition and the signs of typeset text. Only those of the same width keep columns in place."""

MISSING = "?"
"""Printed for what has no plain form: as many as the character is wide, so that numbers stay in their column."""


class CodePage:
    """Encodes text for one page. `replaced` collects what the page lacks, for the status of the printer."""

    def __init__(self, name: str, number: int = -1) -> None:
        """`number`: the printer's own, -1 takes Epson's. Raises DeviceAddressError for an unknown page."""
        self.name = name.upper()
        if self.name not in EPSON_NUMBERS:
            raise DeviceAddressError(
                f'The code page "{name}" is not known. Known are {", ".join(EPSON_NUMBERS)}.'
            )
        self.number = EPSON_NUMBERS[self.name] if number < 0 else number

    def encode(self, text: str, replaced: set[str]) -> bytes:
        """The bytes of `text`, exactly as wide as the text; adds what was replaced."""
        text = unicodedata.normalize("NFC", text)
        try:
            return text.encode(self.name)
        except UnicodeEncodeError:
            return b"".join(self._character(character, replaced) for character in text)

    def _character(self, character: str, replaced: set[str]) -> bytes:
        try:
            return character.encode(self.name)
        except UnicodeEncodeError:
            pass
        width = display_width(character)
        if width == 0:  # a mark without a letter that it forms one character with
            return b""
        replaced.add(character)
        plain = self._plain(character)
        return (plain if plain and len(plain) == width else MISSING * width).encode("ascii")

    @staticmethod
    def _plain(character: str) -> str:
        """The nearest ASCII text, or nothing."""
        if character in PLAIN:
            return PLAIN[character]
        parts = unicodedata.normalize("NFKD", character)
        return "".join(part for part in parts if part.isascii() and part.isprintable())

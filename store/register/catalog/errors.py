"""Why a catalog could not be made or used.

CatalogRefused       what was there before stays; the sentence is for a person
├── WrongBase        the package changes another state than the one here: ask again for a full one
├── RolledBack       it is older than what was here already, or signed under withdrawn keys
└── ChunkNeeded      one chunk is missing or damaged and was removed: fetch it again
"""


class CatalogRefused(Exception):
    """A catalog could not be made or used; `sentence` says why. What was there before stays."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class WrongBase(CatalogRefused):
    """The package does not continue what is here; a full package does."""


class RolledBack(CatalogRefused):
    """An older state is offered than the register has had; nothing older is ever taken."""


class ChunkNeeded(CatalogRefused):
    """A chunk is not what the manifest announces; `sha256` names it."""

    def __init__(self, sentence: str, sha256: str) -> None:
        super().__init__(sentence)
        self.sha256 = sha256

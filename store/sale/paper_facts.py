"""What paper needs beside the record: the store's facts, its language and region, and the formats headquarters sent."""

from collections.abc import Mapping

from store.sale.document_format import DocumentFormat, DocumentType, Printing, usable
from store.sale.language import ENGLISH
from store.sale.policy import StoreFacts


class PaperFacts(StoreFacts, frozen=True, kw_only=True):
    """The store's facts for whoever prints or shows a document."""

    language: str = ENGLISH
    """What receipts speak, whoever is signed in."""
    region: str = ""
    """How amounts and dates are written on them, such as de-DE; empty for that of the language."""
    formats: Mapping[str, DocumentFormat] = {}
    """By type of document; what is missing or unusable is printed by the built-in format."""


def formats_of(facts: StoreFacts) -> Mapping[str, DocumentFormat]:
    """The formats that go with the facts; none with those of a record alone."""
    return facts.formats if isinstance(facts, PaperFacts) else {}


def printing_of(facts: StoreFacts, kind: DocumentType) -> Printing:
    """Whether a type of document is printed always, never, or on request."""
    found = usable(formats_of(facts), kind)
    return found.printing if found else Printing.ALWAYS


def paper_facts(
    facts: StoreFacts, language: str, region: str, formats: Mapping[str, DocumentFormat]
) -> PaperFacts:
    """The facts of a store with what its paper needs."""
    return PaperFacts(
        name=facts.name,
        address=facts.address,
        tax_id=facts.tax_id,
        footer=facts.footer,
        language=language,
        region=region,
        formats=formats,
    )

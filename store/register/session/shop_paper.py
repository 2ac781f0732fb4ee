"""What the register's documents need, read from the catalog that came into use."""

import logging

from store.gateway.offline import OfflineCatalog
from store.sale.document_format import DocumentFormat, FormatRefused
from store.sale.format_text import read_format
from store.sale.language import ENGLISH
from store.sale.paper_facts import PaperFacts, paper_facts
from store.sale.policy import StorePolicy

_log = logging.getLogger(__name__)


def paper_of_catalog(
    catalog: OfflineCatalog, policy: StorePolicy, register: str, fallback: str = ENGLISH
) -> PaperFacts:
    """Facts, language, region and formats; a format that cannot be used is told in the log and left out.

    The language is the register's own at headquarters, else the store's, else `fallback` (that of register.toml).
    Raises DatabaseTrouble.
    """
    formats: dict[str, DocumentFormat] = {}
    for kind, text in catalog.document_formats().items():
        try:
            formats[kind] = read_format(kind, text)
        except FormatRefused as refusal:
            _log.warning("the built-in format stands in", extra={"document": kind, "reason": str(refusal)})
    row = catalog.register(register)
    own = row.detail.get("language") if row is not None else None
    language = (own if isinstance(own, str) else "") or policy.language or fallback
    return paper_facts(policy.facts, language, policy.region, formats)

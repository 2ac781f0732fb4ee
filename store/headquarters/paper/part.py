"""How previews, reports and labels plug into headquarters: `outpost hq document-format preview`, `report`, `label`."""

from collections.abc import Mapping
from typing import Any

from store.database.connection import Connection
from store.headquarters.context import Headquarters
from store.headquarters.errors import Refused
from store.headquarters.nouns.chain import Store
from store.headquarters.nouns.paper import (
    DocumentFormatRow,
    FormatPreview,
    FormatText,
    LabelsAsked,
    ReportAsked,
)
from store.headquarters.paper.labels import shelf_labels
from store.headquarters.paper.reports import booked_sales
from store.headquarters.part import Part
from store.headquarters.route import Call, VerbHandler
from store.headquarters.scheduler.channel_rows import WHOLE, read_scope
from store.headquarters.setup_rows import get, list_rows
from store.languages.catalogues import load_languages
from store.sale.accounting import tax_csv, tax_days, tender_csv, tender_days
from store.sale.built_in_formats import built_in
from store.sale.document_format import DocumentFormat, DocumentType, FormatRefused
from store.sale.format_text import WrittenFormat, parsed, written_form
from store.sale.language import speaking
from store.sale.layout import render_text
from store.sale.paper_facts import PaperFacts
from store.sale.sample_documents import sample_document
from store.sale.shelf_label import label_document, labels_svg

DEFAULT_CURRENCY = "EUR"
LABEL_WIDTH = 32


async def open_part(hq: Headquarters) -> Part:
    """The paper of a headquarters."""
    load_languages()
    return Part(name="paper", verbs=PaperDesk().verbs())


class PaperDesk:
    """The handlers of the verbs."""

    def verbs(self) -> Mapping[tuple[str, str], VerbHandler]:
        """Noun and verb → handler."""
        return {
            ("document-format", "preview"): self.preview,
            ("document-format", "text"): self.text,
            ("report", "taxes"): self.taxes,
            ("report", "tenders"): self.tenders,
            ("label", "print"): self.labels,
        }

    async def preview(self, call: Call, given: FormatPreview) -> dict[str, Any]:
        """`document-format preview`: a made-up document by what is set up now."""
        return {"text": await call.read(_preview, given)}

    async def text(self, call: Call, given: FormatText) -> dict[str, Any]:
        """`document-format text`: the pieces of the format that holds."""
        found = await call.read(_format_of, given.document)
        written = written_form(found or built_in(DocumentType(given.document)))
        parts = {"header": written.header, "lines": written.lines, "footer": written.footer}
        return {"text": "\n".join(f"[{name}]\n{part}" for name, part in parts.items() if part)}

    async def taxes(self, call: Call, given: ReportAsked) -> Any:
        """`report taxes`: sales by day and tax."""
        rows = await call.read(lambda db: tax_days(booked_sales(db, given)))
        return {"text": tax_csv(rows)} if given.form == "csv" else rows

    async def tenders(self, call: Call, given: ReportAsked) -> Any:
        """`report tenders`: what was taken by day and tender."""
        rows = await call.read(lambda db: tender_days(booked_sales(db, given)))
        return {"text": tender_csv(rows)} if given.form == "csv" else rows

    async def labels(self, call: Call, given: LabelsAsked) -> dict[str, Any]:
        """`label print`: labels as a page or as text."""
        return {"text": await call.read(_labels, given, call.hq.now_ms())}


def _format_of(db: Connection, kind: str) -> DocumentFormat | None:
    row = get(db, "document-format", kind, DocumentFormatRow)
    if row is None:
        return None
    written = WrittenFormat(
        header=row.header, lines=row.lines, footer=row.footer, width=row.width, printing=row.printing
    )
    try:
        return parsed(kind, written)
    except FormatRefused as refusal:  # it was taken in by another version of the program
        raise Refused(f"The format of {kind} cannot be used: {refusal}") from None


def _settings(db: Connection, store: str) -> tuple[dict[str, str], Store]:
    """The settings of a store as its registers get them; of the first store where none is named."""
    store = store or next((row.key for row in list_rows(db, "store")), "")
    scope = read_scope(db, store, "")
    return {str(key): str(value) for key, value in WHOLE["setting"](db, scope)}, scope.document


def _paper(db: Connection, store: str, kind: str, language: str) -> tuple[PaperFacts, str]:
    settings, document = _settings(db, store)
    found = _format_of(db, kind) if kind else None
    facts = PaperFacts(
        name=settings.get("store_name", ""),
        address=tuple(settings.get("store_address", "").splitlines()),
        tax_id=settings.get("store_tax_id", ""),
        footer=tuple(settings.get("receipt_footer", "").splitlines()),
        language=language or settings.get("language", "en"),
        region=settings.get("region", ""),
        formats={} if found is None else {kind: found},
    )
    return facts, document.currency or DEFAULT_CURRENCY


def _preview(db: Connection, given: FormatPreview) -> str:
    facts, currency = _paper(db, given.store, given.document, given.language)
    document = sample_document(DocumentType(given.document), facts, currency)
    return "\n".join(render_text(document, given.width))


def _labels(db: Connection, given: LabelsAsked, now_ms: int) -> str:
    facts, currency = _paper(db, given.store, "", "")
    labels = shelf_labels(db, given, currency, now_ms)
    with speaking(facts.language, facts.region):
        if given.form == "svg":
            return labels_svg(labels)
        return "\n".join(render_text(label_document(labels), LABEL_WIDTH))

"""Whether a document is printed at once, never, or only when somebody asks: the store's policy for each type.

What is not printed stays in the journal and can be shown and copied like everything else. A copy that somebody asked
for is always printed, and so is the drawer's pulse always sent.
"""

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from store.register.journal.entry import PrintJob
from store.register.session.state import PaidSale
from store.sale.document_format import DocumentType, Printing
from store.sale.language import phrase
from store.sale.paper_facts import PaperFacts, printing_of
from store.sale.report import type_of
from store.sale.voucher_slip import VOUCHER_SLIP


def ruled(
    jobs: tuple[PrintJob, ...], kind: str, body: Mapping[str, Any], paper: PaperFacts
) -> tuple[PrintJob, ...]:
    """The jobs of a record as the policy of the store has them: left out, held until asked for, or as they are."""
    if not jobs or not paper.formats:
        return jobs
    document = type_of({**body, "kind": kind})
    if document is None:
        return jobs
    rule = printing_of(paper, document)
    return tuple(found for job in jobs if (found := _ruled(job, rule)) is not None)


def _ruled(job: PrintJob, rule: Printing) -> PrintJob | None:
    if job.kind == "drawer" or job.copy_no or job.document_kind == VOUCHER_SLIP:
        return job  # a voucher is worth money: it is no record of a sale that somebody may do without
    match rule:
        case Printing.ALWAYS:
            return job
        case Printing.ON_REQUEST:
            return replace(job, held=True)
        case Printing.NEVER:
            return None


def unprinted_words(paper: PaperFacts, paid: PaidSale) -> str:
    """What is said of a receipt that no job tells anything about."""
    rule = printing_of(paper, DocumentType.RETURN if paid.total < 0 else DocumentType.SALE)
    if paid.copy_no or rule is Printing.ALWAYS:
        return phrase("The receipt waits for the printer.")
    if rule is Printing.ON_REQUEST:
        return phrase("A receipt is printed on request: F3.")
    return phrase("No receipt is printed here; F3 prints a copy.")

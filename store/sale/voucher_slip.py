"""The slips of the vouchers that a sale issued: one each, to be given away and scanned."""

from store.sale.document import Document
from store.sale.document_format import DocumentType
from store.sale.language import phrase, speaking
from store.sale.paper_facts import PaperFacts
from store.sale.policy import StoreFacts
from store.sale.receipt import Payload, slip
from store.sale.tender_lines import voucher_lines, vouchers_of

VOUCHER_SLIP = "voucher"
"""What a print job of them is called."""


def voucher_slips(payload: Payload, facts: StoreFacts, fingerprint: str = "") -> Document | None:
    """All slips of a sale's record, one behind the other; None when it issued no voucher."""
    if isinstance(facts, PaperFacts):
        with speaking(facts.language, facts.region):
            return _slips(payload, facts, fingerprint)
    return _slips(payload, facts, fingerprint)


def _slips(payload: Payload, facts: StoreFacts, fingerprint: str) -> Document | None:
    title = phrase("VOUCHER")
    days = payload.get("voucher_days", 0)
    # The lines of the sale are nobody's business but the buyer's.
    bare = {name: value for name, value in payload.items() if name != "lines"}
    slips = [
        slip(
            title,
            phrase("Pays for goods in our shop"),
            bare,
            facts,
            fingerprint,
            tuple(voucher_lines(payload, number, amount, days)),
            DocumentType.VOUCHER,
        )
        for number, amount in vouchers_of(payload)
    ]
    if not slips:
        return None
    return Document(
        title=slips[0].title, elements=tuple(element for one in slips for element in one.elements)
    )

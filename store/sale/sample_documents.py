"""Documents of a made-up sale, for looking at formats before they are used: every type has one."""

from collections.abc import Mapping
from typing import Any

from store.sale.cash import BY_KIND, movement_body
from store.sale.cash_slip import TYPES as MOVEMENT_TYPES
from store.sale.declaration import cash_count, declaration_body
from store.sale.document import Columns, Document
from store.sale.document_format import DocumentType
from store.sale.item import Item
from store.sale.language import phrase, speaking
from store.sale.paper_facts import PaperFacts
from store.sale.paying import add_tender, begin_payment, complete
from store.sale.policy import StorePolicy, TaxRate
from store.sale.receipt import money, receipt, slip
from store.sale.record import sale_body, shift_open_body, void_body
from store.sale.report import document_of
from store.sale.sale import Sale, new_sale
from store.sale.selling import add_line
from store.sale.shift import fold_all, shift_close_body, x_report_body
from store.sale.tender import TenderKind

AT_MS = 1_795_525_392_000
TXN_ID = "0197f22e-79b0-7cc3-98c4-dc0c0c07398f"
FINGERPRINT = "ABCD2345"
_TAXES = (TaxRate(code="A", name="VAT", rate="19"), TaxRate(code="B", name="VAT", rate="7"))
_GOODS = (
    (Item(sku="1001", name="Whole milk 3.8 % 1 l", price=109, tax="B"), "2"),
    (Item(sku="1002", name="Red wine, dry, of the sunny slope, 0.75 l", price=599, tax="A"), "1"),
    (Item(sku="1003", name="Bananas loose", price=199, tax="B", unit="kg", weighed=True), "0.482"),
)
_RECEIPTS = frozenset(
    {DocumentType.SALE, DocumentType.RETURN, DocumentType.TRAINING, DocumentType.ACCOUNT, DocumentType.GIFT}
)
_KINDS = {
    DocumentType.NO_SALE: "drawer.open",
    DocumentType.SHIFT_OPEN: "shift.open",
    DocumentType.DECLARATION: "tender.declaration",
    DocumentType.SLIP: "shift.suspend",
    DocumentType.X: "report.x",
    DocumentType.Z: "shift.close",
    DocumentType.VOID: "void",
    **{kind: name for name, kind in reversed(MOVEMENT_TYPES.items())},
}


def sample_document(kind: DocumentType, facts: PaperFacts, currency: str) -> Document:
    """What a document of `kind` looks like by the formats, language and region of `facts`."""
    policy = StorePolicy(currency=currency, taxes=_TAXES, facts=facts)
    with speaking(facts.language, facts.region):
        if kind in _RECEIPTS:
            sold = _payload("sale", sale_body(_paid(policy), policy), receipt_no=482)
            return receipt(sold, facts, fingerprint=FINGERPRINT, kind=kind)
        if kind not in _KINDS:
            return _listed(kind, facts, policy)
        name = _KINDS[kind]
        found = document_of(_payload(name, _body(name, policy)), facts, fingerprint=FINGERPRINT)
    assert found is not None
    return found


def _listed(kind: DocumentType, facts: PaperFacts, policy: StorePolicy) -> Document:
    """A slip that is made beside the table of kinds: a suspended sale, a voucher."""
    payload = _payload("void", void_body(_open(policy), policy))
    title = phrase("SUSPENDED SALE") if kind is DocumentType.SUSPENDED else phrase("VOUCHER")
    total = Columns(left=phrase("Amount {currency}", policy.currency), right=money(payload, payload["total"]))
    return slip(title, "", payload, facts, FINGERPRINT, (total,), kind)


def _body(name: str, policy: StorePolicy) -> dict[str, Any]:
    opened = _payload("shift.open", shift_open_body(10_000, policy.currency))
    sums = fold_all([opened, _payload("sale", sale_body(_paid(policy), policy), receipt_no=482)])
    match name:
        case "shift.open":
            return shift_open_body(10_000, policy.currency)
        case "tender.declaration":
            return declaration_body((cash_count(()),), policy.currency)
        case "report.x":
            return x_report_body(sums, policy.facts)
        case "shift.close":
            return shift_close_body(
                sums, policy.facts, sums.expected_cash, head_hash="00" * 32, unacknowledged=0
            )
        case "void":
            return void_body(_open(policy), policy, phrase("Customer left"))
        case name if name in BY_KIND:
            return movement_body(BY_KIND[name], 5_000, policy.currency)
        case _:
            return {"currency": policy.currency}


def _open(policy: StorePolicy) -> Sale:
    sale = new_sale(TXN_ID, policy.currency, AT_MS)
    for item, quantity in _GOODS:
        sale = add_line(sale, policy, item, quantity)
    return sale


def _paid(policy: StorePolicy) -> Sale:
    sale = add_tender(begin_payment(_open(policy)), policy, TenderKind.CASH, 2_000)
    return complete(sale, policy)


def _payload(kind: str, body: Mapping[str, Any], *, receipt_no: int = 0) -> dict[str, Any]:
    common = {
        "series": "S0001-R01.1",
        "seq": 7,
        "kind": kind,
        "txn_id": TXN_ID,
        "at": "2026-11-24T13:03:12.000Z",
        "utc_offset_min": 60,
        "business_date": "2026-11-24",
        "operator": "101",
        "operator_name": "Ann Baker",
        "shift": 12,
        "shift_id": "0197f22e-79b0-7cc3-98c4-dc0c0c070000",
    }
    return {**body, **common, **({"receipt_no": receipt_no} if receipt_no else {})}

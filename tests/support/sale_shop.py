"""A small shop for the tests of `store/sale`: its policy, its goods, sales and records made from them."""

from msgspec.structs import replace

from store.sale.item import Item
from store.sale.paying import add_tender, begin_payment, complete
from store.sale.policy import StoreFacts, StorePolicy, TaxRate
from store.sale.record import sale_body
from store.sale.sale import Sale, new_sale
from store.sale.selling import add_line
from store.sale.tender import TenderKind

AT_MS = 1_795_525_392_000
AT = "2026-11-24T13:03:12.000Z"

VAT_19 = TaxRate(code="A", name="VAT", rate="19")
VAT_7 = TaxRate(code="B", name="VAT", rate="7")
CITY = TaxRate(code="C", name="City", rate="2.5", included=False)

FACTS = StoreFacts(
    name="First store",
    address=("Market Street 1", "12345 Town"),
    tax_id="DE123456789",
    footer=("Thank you for your visit",),
)
POLICY = StorePolicy(currency="EUR", taxes=(VAT_19, VAT_7, CITY), facts=FACTS)
POLICY_5 = replace(POLICY, cash_rounding_step=5)

MILK = Item(sku="1001", name="Whole milk 3.8 % 1 l", price=109, tax="B")
WINE = Item(sku="1002", name="Red wine 0.75 l", price=599, tax="A")
BANANAS = Item(sku="1003", name="Bananas loose", price=199, tax="B", unit="kg", weighed=True)
BAG = Item(sku="1004", name="Paper bag", price=30, tax="C")
STAMP = Item(sku="1005", name="Postage stamp", price=95)
FLOWERS = Item(sku="1006", name="Flowers", price=0, tax="B", open_price=True)


def sale_of(*items: Item, policy: StorePolicy = POLICY) -> Sale:
    """An open sale with one line per item."""
    sale = new_sale("0197f22e-79b0-7cc3-98c4-dc0c0c07398f", policy.currency, AT_MS)
    for item in items:
        sale = add_line(sale, policy, item, "0.482" if item.weighed else "1")
    return sale


def paid(sale: Sale, policy: StorePolicy, *payments: tuple[TenderKind, int]) -> Sale:
    """The sale, paid and completed."""
    sale = begin_payment(sale)
    for kind, given in payments:
        sale = add_tender(sale, policy, kind, given)
    return complete(sale, policy)


def payload_of(body: dict, kind: str, seq: int = 7, receipt_no: int = 0) -> dict:
    """A body with what the journal adds to it."""
    common = {
        "v": 1,
        "series": "S0001-R01.1",
        "seq": seq,
        "kind": kind,
        "txn_id": "0197f22e-79b0-7cc3-98c4-dc0c0c07398f",
        "at": AT,
        "utc_offset_min": 60,
        "business_date": "2026-11-24",
        "operator": "101",
        "operator_name": "Ann Baker",
        "shift": 12,
        "shift_id": "0197f22e-79b0-7cc3-98c4-dc0c0c070000",
        "mode": "online",
        "catalog": "c000812",
    }
    return {**body, **common, **({"receipt_no": receipt_no} if receipt_no else {})}


def sale_payload(sale: Sale, policy: StorePolicy, seq: int = 7, receipt_no: int = 482) -> dict:
    """The journal payload of a completed sale."""
    return payload_of(sale_body(sale, policy), "sale", seq, receipt_no)

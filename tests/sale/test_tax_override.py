"""Another tax in the place of the goods' own, and exemptions by certificate."""

import pytest
from msgspec.structs import replace

from sale_shop import CITY, MILK, POLICY, VAT_7, VAT_19, WINE, paid, sale_payload
from store.ledger.recomputation import recompute_sale
from store.register.verification.sums import check_sale
from store.sale.detail import TaxDetail
from store.sale.item import Item
from store.sale.line_change import with_changed_line
from store.sale.policy import RoundingScope, StoreFacts, TaxRate
from store.sale.receipt import receipt
from store.sale.record import sale_body
from store.sale.refusal import SaleRefused
from store.sale.sale import new_sale
from store.sale.selling import add_line, set_quantity, void_line
from store.sale.tax_override import (
    choices,
    chosen,
    override_line_tax,
    override_sale_tax,
    restore_line_tax,
    restore_sale_tax,
)
from store.sale.tender import TenderKind
from store.sale.totals import totals

AWAY = TaxRate(code="T", name="Take away", rate="7", detail=TaxDetail(replaces=("A",)))
EXEMPT = TaxRate(code="X", name="Diplomats", rate="0", detail=TaxDetail(replaces=("*",), exempt=True))
SHOP = replace(POLICY, taxes=(VAT_19, VAT_7, CITY, AWAY, EXEMPT))
BAG = Item(sku="3", name="Paper bag", price=1_000, tax="C")
STAMP = Item(sku="4", name="Stamp", price=95)


def sale_of(*items, scope=RoundingScope.PER_LINE):
    sale = new_sale("t", "EUR", 0, scope)
    for item in items:
        sale = add_line(sale, SHOP, item)
    return sale


def by_card(sale):
    return sale_payload(paid(sale, SHOP, (TenderKind.CARD, totals(sale, SHOP).total)), SHOP)


def test_only_what_headquarters_lets_replace_another_can_be_chosen():
    assert choices(SHOP) == (AWAY, EXEMPT)
    assert chosen(SHOP, " x ") == EXEMPT
    for code, says in (("A", "cannot be chosen"), ("Z", "is no tax"), ("", "is no tax")):
        with pytest.raises(SaleRefused, match=says):
            chosen(SHOP, code)


def test_a_line_with_another_included_tax_costs_the_same():
    sale = override_line_tax(sale_of(WINE, MILK), 1, AWAY)
    line = sale.lines[0]
    assert (line.gross, line.tax_amount, line.tax_before) == (599, 39, VAT_19)
    with pytest.raises(SaleRefused, match="cannot take the place"):
        override_line_tax(sale, 2, AWAY)
    assert restore_line_tax(sale, 1) == sale_of(WINE, MILK)
    with pytest.raises(SaleRefused, match="its own tax"):
        restore_line_tax(sale, 2)


def test_a_tax_on_the_sale_replaces_what_it_may_on_lines_that_are_there_and_to_come():
    sale = override_sale_tax(sale_of(WINE, MILK), AWAY)
    sale = add_line(sale, SHOP, WINE)
    assert [line.tax.code for line in sale.lines] == ["T", "B", "T"]
    back = restore_sale_tax(sale)
    assert [line.tax.code for line in back.lines] == ["A", "B", "A"]
    assert add_line(back, SHOP, WINE).lines[-1].tax == VAT_19
    with pytest.raises(SaleRefused, match="No tax"):
        restore_sale_tax(back)


def test_another_tax_after_another_replaces_the_goods_own():
    sale = override_sale_tax(sale_of(WINE), EXEMPT, "D-1")
    sale = override_sale_tax(sale, AWAY)
    assert (sale.lines[0].tax_before, sale.lines[0].tax_relief) == (VAT_19, 0)


def test_an_exemption_takes_the_tax_out_of_prices_and_leaves_none_on_top():
    sale = override_sale_tax(sale_of(WINE, BAG, STAMP), EXEMPT, "D-4711")
    wine, bag, stamp = sale.lines
    assert (wine.tax_relief, wine.gross, wine.net, wine.tax_amount) == (96, 503, 503, 0)
    assert (bag.tax_relief, bag.gross, bag.tax_amount) == (0, 1_000, 0)
    assert (stamp.tax, stamp.tax_before) == (STAMP_TAX := stamp.tax, None) and STAMP_TAX.code == ""
    assert set_quantity(sale, SHOP, 1, "2").lines[0].tax_relief == 191


def test_an_exemption_needs_a_certificate_and_keeps_it_while_something_rests_on_it():
    with pytest.raises(SaleRefused, match="certificate"):
        override_sale_tax(sale_of(WINE), EXEMPT, "  ")
    sale = override_line_tax(sale_of(WINE, WINE), 1, EXEMPT, "D-4711")
    sale = override_line_tax(sale, 2, EXEMPT)
    assert sale.certificate == "D-4711"
    assert restore_line_tax(sale, 1).certificate == "D-4711"
    assert restore_sale_tax(sale).certificate == ""


@pytest.mark.parametrize("scope", RoundingScope)
def test_record_receipt_server_and_verifier_know_the_exemption(scope):
    sale = override_sale_tax(sale_of(WINE, MILK, BAG, STAMP, scope=scope), EXEMPT, "D-4711")
    payload = by_card(sale)
    assert payload["certificate"] == "D-4711"
    assert payload["tax_relief"] == 96 + 7
    assert [line.get("tax_before") for line in payload["lines"]] == ["A", "B", "C", None]
    assert payload["taxes"] == [
        {
            "code": "X",
            "name": "Diplomats",
            "rate": "0",
            "included": 1,
            "net": 503 + 102 + 1_000,
            "tax": 0,
            "gross": 503 + 102 + 1_000,
            "exempt": 1,
        }
    ]
    assert payload["total"] == payload["subtotal"] - payload["discount"] - payload["tax_relief"]
    assert list(recompute_sale(payload)) == []
    check_sale(payload)
    rows = [
        (getattr(one, "left", ""), getattr(one, "right", ""))
        for one in receipt(payload, StoreFacts()).elements
    ]
    assert ("Tax taken out of prices", "-1.03") in rows
    assert ("Certificate of exemption", "D-4711") in rows


def test_an_exempt_line_without_relief_or_another_line_with_one_is_found():
    payload = by_card(override_line_tax(sale_of(WINE, MILK), 1, EXEMPT, "D-4711"))
    wine, milk = payload["lines"]
    for lines in (
        [{name: value for name, value in wine.items() if name != "tax_relief"} | {"gross": 599}, milk],
        [wine, {**milk, "tax_relief": 7, "gross": 102}],
    ):
        wrong = {**payload, "lines": lines}
        assert [effect for effect, _, _ in recompute_sale(wrong) if effect.endswith(".tax_relief")]
        with pytest.raises(ValueError):
            check_sale(wrong)


def test_goods_taken_back_without_a_receipt_give_back_what_an_exempt_customer_pays():
    sale = override_sale_tax(sale_of(WINE), EXEMPT, "D-4711")
    line = replace(sale.lines[0], quantity="-1", amount=-599)
    back = with_changed_line(sale, line).lines[0]
    assert (back.tax_relief, back.gross, back.net) == (-96, -503, -503)


def test_a_relief_that_is_not_the_tax_or_has_no_certificate_is_found():
    payload = by_card(override_sale_tax(sale_of(WINE), EXEMPT, "D-4711"))
    wrong = {**payload, "lines": [{**payload["lines"][0], "tax_relief": 97}]}
    assert "line:1.tax_relief" in [effect for effect, _, _ in recompute_sale(wrong)]
    for broken in (wrong, {name: value for name, value in payload.items() if name != "certificate"}):
        with pytest.raises(ValueError):
            check_sale(broken)
    with pytest.raises(ValueError, match="tax out of prices"):
        check_sale({**payload, "tax_relief": 95})


def test_a_sale_without_overrides_records_nothing_of_them():
    body = sale_body(sale_of(WINE), SHOP)
    assert not {"certificate", "tax_relief", "taxes_before"} & body.keys()
    assert not {"tax_before", "tax_relief", "tax_parts", "offers"} & body["lines"][0].keys()


def test_a_voided_line_keeps_its_tax():
    sale = override_sale_tax(void_line(sale_of(WINE, WINE), 1), AWAY)
    assert [line.tax.code for line in sale.lines] == ["A", "T"]

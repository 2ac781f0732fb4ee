"""The content of journal records: what a sale, a void or a shift says, as dicts ready for the canonical form.

Only ints, strings, lists and dicts; keys `[a-z][a-z0-9_]*`; money in minor units, quantities and rates as decimal
strings; what does not apply is absent. The journal adds who, when and where (v, series, seq, kind, txn_id, at, ...).
"""

from typing import Any

import msgspec

from store.sale.customer import customer_row
from store.sale.info import info_rows
from store.sale.moment import utc_text
from store.sale.offer import OFFER_NAME_LIMIT, OfferTaken
from store.sale.policy import StoreFacts, StorePolicy, TaxRate
from store.sale.returning import returns_row
from store.sale.sale import Sale, SaleLine
from store.sale.tax import TaxRow
from store.sale.tax_group import members_of
from store.sale.tender_rows import tender_rows, voided_rows
from store.sale.text import stored
from store.sale.totals import totals

Body = dict[str, Any]

FACT_LIMIT = 64
"""Characters of one line of store facts in a record; paper is rarely wider than 48."""
FACT_LINES = 7
TAX_NAME_LIMIT = 30


def sale_body(sale: Sale, policy: StorePolicy) -> Body:
    """A finished sale. Sum of `lines[].gross` == `total` == sum of `tenders[].amount` (change and rounding are rows).

    `lines` and `tenders` hold what counts; `voided_lines` and `voided_tenders` what was taken back before the end.
    """
    sums = totals(sale, policy)
    body = _lines_body(sale, policy)
    body["tenders"] = tender_rows(sale.live_tenders)
    body |= {"paid": sums.paid, "change": sums.change, "cash_rounding": sums.cash_rounding}
    voided = voided_rows(sale.tenders)
    if voided:
        body["voided_tenders"] = voided
    return body


def void_body(sale: Sale, policy: StorePolicy, reason: str = "") -> Body:
    """A sale that was abandoned: its lines and the amount that was not taken."""
    body = _lines_body(sale, policy)
    if reason:
        body["reason"] = stored(reason, FACT_LIMIT)
    return body


def shift_open_body(start_amount: int, currency: str, grand_total: int = 0) -> Body:
    """A shift begun with `start_amount` in the drawer; `grand_total` is the last closing's (0 if there is none)."""
    return {"start_amount": start_amount, "currency": currency, "grand_total": grand_total}


def drawer_open_body(reason: str = "") -> Body:
    """The drawer opened without a sale."""
    return {"reason": stored(reason, FACT_LIMIT)} if reason else {}


def reprint_body(of_seq: int, copy_no: int, receipt_no: int = 0, reason: str = "") -> Body:
    """Copy number `copy_no` of the document of record `of_seq`."""
    body: Body = {"of_seq": of_seq, "copy_no": copy_no}
    if receipt_no:
        body["of_receipt_no"] = receipt_no
    if reason:
        body["reason"] = stored(reason, FACT_LIMIT)
    return body


def store_body(facts: StoreFacts) -> Body:
    """The store facts as they were, so that a copy years later says the same."""
    body: Body = {"name": stored(facts.name, FACT_LIMIT)}
    if facts.address:
        body["address"] = _short(facts.address)
    if facts.tax_id:
        body["tax_id"] = stored(facts.tax_id, FACT_LIMIT)
    if facts.footer:
        body["footer"] = _short(facts.footer)
    return body


def store_facts(body: Body) -> StoreFacts:
    """The store facts of a record; the inverse of `store_body`."""
    return StoreFacts(
        name=body.get("name", ""),
        address=tuple(body.get("address", ())),
        tax_id=body.get("tax_id", ""),
        footer=tuple(body.get("footer", ())),
    )


def tax_rows(rows: tuple[TaxRow, ...]) -> list[Body]:
    """A tax table as a record holds it; `included` is 1 or 0."""
    return [
        {
            "code": row.code,
            "name": stored(row.name, TAX_NAME_LIMIT),
            "rate": row.rate,
            "included": int(row.included),
            "net": row.net,
            "tax": row.tax,
            "gross": row.gross,
        }
        | _further_terms(row.fixed, row.compound)
        | ({"exempt": 1} if row.exempt else {})
        for row in rows
    ]


def _lines_body(sale: Sale, policy: StorePolicy) -> Body:
    sums = totals(sale, policy)
    body: Body = {
        "currency": sale.currency,
        "begun_at": utc_text(sale.at_ms),
        "store": store_body(policy.facts),
        "lines": [_line_row(line) for line in sale.live_lines],
        "items": sums.items,
        "subtotal": sums.subtotal,
        "discount": sums.discount,
        "total": sums.total,
        "taxes": tax_rows(sums.taxes),
        "rounding_scope": sale.rounding_scope.value,
        "cash_rounding_step": policy.cash_step,
    }
    if policy.cash_rounding_tie != "up":
        body["cash_rounding_tie"] = policy.cash_rounding_tie
    body |= _sale_discount(sale) | _tax_override(sale)
    if sale.comment:
        body["comment"] = sale.comment
    if sale.age_check is not None:
        body["age_check"] = msgspec.to_builtins(sale.age_check)
    if sale.info:
        body["info"] = info_rows(sale.info)
    if sale.salesperson:
        body["salesperson"] = sale.salesperson
        body["salesperson_name"] = stored(sale.salesperson_name, FACT_LIMIT)
    if sale.customer is not None:
        body["customer"] = customer_row(sale.customer)
    voided = [_line_row(line) for line in sale.lines if line.voided]
    if voided:
        body["voided_lines"] = voided
    if sale.failover_at_ms:
        body["failover_at"] = utc_text(sale.failover_at_ms)
    return body


def _line_row(line: SaleLine) -> Body:
    row: Body = {
        "n": line.n,
        "sku": line.sku,
        "name": line.name,
        "quantity": line.quantity,
        "unit": line.unit,
        "price": line.price,
        "amount": line.amount,
        "tax": line.tax.code,
        "tax_amount": line.tax_amount,
        "gross": line.gross,
        "source": line.source,
        "price_source": line.price_source.value,
    }
    if line.code:
        row["code"] = line.code
    if line.department:
        row["department"] = line.department
    if line.measured:
        row["measured"] = 1
    row |= _reckoned_row(line)
    if line.list_price is not None:
        row["list_price"] = line.list_price
    if line.price_reason:
        row["price_reason"] = line.price_reason
    if line.comment:
        row["comment"] = line.comment
    row |= _goods_row(line)
    if line.salesperson:
        row["salesperson"] = line.salesperson
    if line.return_reason:
        row["return_reason"] = line.return_reason
    if line.returns_of is not None:
        row["returns_of"] = returns_row(line.returns_of)
    return row


def _reckoned_row(line: SaleLine) -> Body:
    """What is taken off a line, and its taxes where they are not one tax of its own."""
    row: Body = {}
    if line.discount:
        row["discount"] = line.discount
        by_hand, left = line.discount - line.offered, line.amount - line.offered
        if by_hand and line.given is not None and line.given.percent and line.given.asked(left) == by_hand:
            row["discount_percent"] = line.given.percent
    if line.taken:
        row["offers"] = [_offer_row(one) for one in line.taken]
    if line.discount_share:
        row["discount_share"] = line.discount_share
    if line.tax_parts:
        row["tax_parts"] = [
            {"code": one.code, "tax": part}
            for one, part in zip(line.tax.members, line.tax_parts, strict=True)
        ]
    if line.tax_before is not None:
        row["tax_before"] = line.tax_before.code
    if line.tax_relief:
        row["tax_relief"] = line.tax_relief
    return row


def _goods_row(line: SaleLine) -> Body:
    """What a line says about its goods: deposit and empties, unit of measure, serial number, answers."""
    row: Body = {}
    if line.parent:
        row["parent"] = line.parent
    if line.no_discount:
        row["no_discount"] = 1
    if line.voucher:
        row["voucher"] = line.voucher
    if line.empties:
        row["empties"] = 1
    if line.factor:
        row["factor"] = line.factor
    if line.serial:
        row["serial"] = line.serial
    if line.info:
        row["info"] = info_rows(line.info)
    return row


def _offer_row(one: OfferTaken) -> Body:
    """An offer that holds on a line: what it says, and what it takes `off`, each of what the ones before it leave."""
    row: Body = {"code": one.code, "name": stored(one.name, OFFER_NAME_LIMIT), "off": one.off}
    if one.new_price is not None:
        row["new_price"] = one.new_price
    elif one.percent:
        row["percent"] = one.percent
    else:
        row["amount"] = one.amount
    return row


def _tax_override(sale: Sale) -> Body:
    """Taxes in the place of others: the certificate of an exemption, and the taxes that it took out of prices."""
    body: Body = {}
    live = [line for line in sale.live_lines if line.returns_of is None]
    if sale.certificate and any(line.tax.detail.exempt for line in live):
        body["certificate"] = sale.certificate
    relief = sum(line.tax_relief for line in live)
    if relief:
        body["tax_relief"] = relief
    before = {line.tax_before for line in live if line.tax.detail.exempt and line.tax_before is not None}
    if before:
        groups = sorted(before, key=lambda tax: tax.code)
        body["taxes_before"] = [
            {"code": tax.code, "taxes": [_tax_terms(one) for one in members_of(tax)]} for tax in groups
        ]
    return body


def _tax_terms(tax: TaxRate) -> Body:
    """By what a tax is computed; `fixed` is an amount per unit, `compound` says that it is a tax on taxes too."""
    terms: Body = {"code": tax.code, "rate": tax.rate, "included": int(tax.included)}
    return terms | _further_terms(tax.detail.fixed, tax.detail.compound)


def _further_terms(fixed: int, compound: bool) -> Body:
    return ({"fixed": fixed} if fixed else {}) | ({"compound": 1} if compound else {})


def _sale_discount(sale: Sale) -> Body:
    """The discount on the whole sale, whose shares stand on the lines; a percentage only where it holds exactly.

    What goods coming back take with them of the discount of their own sale is not part of it.
    """
    lines = [line for line in sale.live_lines if line.returns_of is None]
    amount = sum(line.discount_share for line in lines)
    if not amount:
        return {}
    body: Body = {"sale_discount": amount}
    goods = sum(line.discountable for line in lines)
    if sale.given is not None and sale.given.percent and sale.given.asked(goods) == amount:
        body["sale_discount_percent"] = sale.given.percent
    return body


def _short(lines: tuple[str, ...]) -> list[str]:
    return [stored(line, FACT_LIMIT) for line in lines[:FACT_LINES]]

"""What a difference means, in one sentence for a person. PURE.

A difference is named by its effect: `line:3.amount`, `tax:A.gross`, `shift.sales_total`, `txn_id`, ...
"""

_LINE = {
    "amount": "The amount of line {n} is not its quantity times its price.",
    "tax": "The tax of line {n} does not follow from its amount and rate.",
    "gross": "The gross amount of line {n} is not its amount with its tax.",
    "offer": "A discount of headquarters on line {n} is not what it says.",
    "discount": "The discount of line {n} is not its percentage, or more than the line costs.",
    "discount_share": "Line {n} bears another part of the sale's discount than its weight.",
    "tax_relief": "What an exemption takes out of line {n} is not the tax that its price contained.",
    "base": "What line {n} gives back is not that part of its sale.",
    "quantity": "Line {n} gives back more than its sale had.",
}
_TAX = {
    "tax": "The tax at code {n} is not the sum of its lines.",
    "gross": "The gross amount at tax code {n} is not the sum of its lines.",
    "net": "The net amount at tax code {n} is not its gross amount less its tax.",
}
_WHOLE = {
    "subtotal": "The subtotal is not the sum of the lines.",
    "total": "The total is not the sum of the lines less the discount.",
    "tenders": "What was paid does not add up to the total.",
    "change": "The change that is stated is not the change that was given.",
    "discount": "The discount is not the sum of what is taken off the lines.",
    "sale_discount": "The discount on the sale is not its percentage.",
    "tax_relief": "What exemptions take out of prices is not the sum of the lines.",
    "cash": "What was kept in cash is not the cash part of the sale in steps that coins can pay.",
    "txn_id": "Another record has the same transaction id; two machines may be copies of one. Both sales count.",
    "signature": "The record is not signed: the signing key was unavailable, as the record says itself.",
    "series.key": (
        "Two machines were enrolled as the same series: a server was restored from an older backup. "
        "Only the records of the first one are here; enrol the second one again."
    ),
    "shift.incomplete": "The closing cannot be compared: that many records before it are not booked.",
}
_SHIFT = {
    "sales": "The closing counts another number of sales than arrived.",
    "sales_total": "The closing states another total of sales than arrived.",
    "voids": "The closing counts another number of voided sales than arrived.",
    "voids_total": "The closing states another total of voided sales than arrived.",
    "no_sales": "The closing counts another number of openings of the drawer than arrived.",
    "returns": "The closing counts another number of goods that came back than arrived.",
    "returns_total": "The closing states another sum for goods that came back than arrived.",
    "post_voids": "The closing counts another number of sales undone than arrived.",
    "post_voids_total": "The closing states another sum of sales undone than arrived.",
    "reprints": "The closing counts another number of reprints than arrived.",
    "discount": "The closing states other discounts than the sales that arrived.",
    "offered": "The closing states other discounts of headquarters than the sales that arrived.",
    "price_overrides": "The closing counts other prices set by hand than the sales that arrived.",
    "cash_in": "The closing states other cash than the sales that arrived.",
    "change": "The closing states other change than the sales that arrived.",
    "cash_rounding": "The closing states another sum of roundings than the sales that arrived.",
    "expected_cash": "The cash that should be in the drawer is another one by the sales that arrived.",
}


_RETURN = {
    "quantity": "More came back than was sold: another register gave the same back while one was offline.",
    "sale": "The sale that these goods are said to be of is not in the books of this store.",
}
_SOLD = "The return in line {n} names another figure of its sale than the sale itself: what it gave back is not that."


def cause_of(effect: str) -> str:
    """Why two figures differ; a general sentence for an effect that a newer program may have named."""
    if effect in _WHOLE:
        return _WHOLE[effect]
    if effect.startswith("voucher:"):
        return "A voucher paid more than was on it: it was spent twice while offline, or its issue has not arrived."
    name, _, part = effect.rpartition(".")
    kind, _, number = name.partition(":")
    if kind == "return" and part.startswith("sold_"):
        return _SOLD.format(n=number)
    known = {"line": _LINE, "tax": _TAX, "shift": _SHIFT, "return": _RETURN}
    sentence = known.get(kind, {}).get(part)
    if sentence is None:
        return "The register and headquarters compute this figure differently."
    return sentence.format(n=number)

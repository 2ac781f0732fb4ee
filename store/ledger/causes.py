"""What a difference means, in one sentence for a person. PURE.

A difference is named by its effect: `line:3.amount`, `tax:A.gross`, `shift.sales_total`, `txn_id`, ...
"""

_LINE = {
    "amount": "The amount of line {n} is not its quantity times its price.",
    "tax": "The tax of line {n} does not follow from its amount and rate.",
    "gross": "The gross amount of line {n} is not its amount with its tax.",
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
    "reprints": "The closing counts another number of reprints than arrived.",
    "cash_in": "The closing states other cash than the sales that arrived.",
    "change": "The closing states other change than the sales that arrived.",
    "cash_rounding": "The closing states another sum of roundings than the sales that arrived.",
    "expected_cash": "The cash that should be in the drawer is another one by the sales that arrived.",
}


def cause_of(effect: str) -> str:
    """Why two figures differ; a general sentence for an effect that a newer program may have named."""
    if effect in _WHOLE:
        return _WHOLE[effect]
    if effect.startswith("voucher:"):
        return "A voucher paid more than was on it: it was spent twice while offline, or its issue has not arrived."
    name, _, part = effect.rpartition(".")
    kind, _, number = name.partition(":")
    sentence = {"line": _LINE, "tax": _TAX, "shift": _SHIFT}.get(kind, {}).get(part)
    if sentence is None:
        return "The register and headquarters compute this figure differently."
    return sentence.format(n=number)

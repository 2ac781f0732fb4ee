"""Taxes as a store is set up with them: groups find their members, and what cannot be sold by is named."""

from collections.abc import Container, Iterable, Iterator, Mapping

from msgspec.structs import replace

from store.sale.detail import TaxDetail
from store.sale.policy import TaxRate

MOST_OF_GROUP = 6


def with_members(taxes: Iterable[TaxRate]) -> tuple[TaxRate, ...]:
    """Taxes, where a group holds those that it is made of; of a group within it, its taxes."""
    taxes = tuple(taxes)
    found = {tax.code: tax for tax in taxes}
    return tuple(
        replace(tax, members=tuple(_taxes_of(tax, found, {tax.code}))) if tax.detail.members else tax
        for tax in taxes
    )


def group_faults(tax: TaxRate, codes: Container[str]) -> Iterator[str]:
    """What is wrong with a tax of several, a sentence each; `codes` are those of the store."""
    missing = [code for code in tax.detail.members if code not in codes]
    if missing:
        yield f"Tax {tax.code!r} is a group with {missing[0]!r}, which is no tax of this store."
    if fault := group_fault(tax.code, tax.detail):
        yield f"Tax {tax.code!r}: {fault}"
    members = [one.code for one in tax.members]
    if tax.detail.members and not missing and not 0 < len(set(members)) == len(members) <= MOST_OF_GROUP:
        yield f"Tax {tax.code!r} is made of no tax, of one twice, or of more than {MOST_OF_GROUP}."


def group_fault(code: str, detail: TaxDetail) -> str:
    """What is wrong with what headquarters says of a tax, a sentence; empty when nothing is."""
    members = detail.members
    if code in members or len(set(members)) != len(members):
        return "A group names other taxes, each once."
    if members and detail.fixed:
        return "A tax is a group or an amount per unit, not both."
    if members and (detail.replaces or detail.exempt):
        return "A group cannot be an exemption, nor take the place of other taxes. Let one tax do that."
    if detail.exempt and not detail.replaces:
        return "An exemption says which taxes it takes the place of, * for any."
    return ""


def _taxes_of(group: TaxRate, found: Mapping[str, TaxRate], seen: set[str]) -> Iterator[TaxRate]:
    for code in group.detail.members:
        tax = found.get(code)
        if tax is None or code in seen:
            continue
        if tax.detail.members:
            yield from _taxes_of(tax, found, seen | {code})
        else:
            yield tax

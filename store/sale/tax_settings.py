"""Taxes as a store is set up with them: groups find their members, and what cannot be sold by is named."""

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from store.sale.policy import TaxRate

MOST_OF_GROUP = 6


def with_members(taxes: Iterable[TaxRate]) -> tuple[TaxRate, ...]:
    """Taxes, where a group holds those that it is made of; `group_faults` names what is missing."""
    taxes = tuple(taxes)
    found = {tax.code: tax for tax in taxes}
    return tuple(
        replace(tax, members=tuple(found[code] for code in tax.detail.members if code in found))
        if tax.detail.members
        else tax
        for tax in taxes
    )


def group_faults(tax: TaxRate) -> Iterator[str]:
    """What is wrong with a tax of several, a sentence each."""
    codes = tax.detail.members
    missing = [code for code in codes if code not in {one.code for one in tax.members}]
    if missing:
        yield f"Tax {tax.code!r} is a group with {missing[0]!r}, which is no tax of this store."
    if any(one.detail.members for one in tax.members):
        yield f"Tax {tax.code!r} is a group with a group in it. Name the taxes themselves."
    if len(set(codes)) != len(codes) or len(codes) > MOST_OF_GROUP:
        yield f"Tax {tax.code!r} names a tax twice, or more than {MOST_OF_GROUP}."
    if codes and tax.detail.fixed:
        yield f"Tax {tax.code!r} is a group and an amount per unit. It can be one of them."

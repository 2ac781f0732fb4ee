"""Another tax in the place of the goods' own: on one line or on the sale, an exemption with its certificate (127-130).

Headquarters says which tax may replace which (`replaces`). Where prices contain the tax, the customer pays the same
with another tax; an exemption takes the contained tax out of the price, and rests on the number of a certificate.
"""

from msgspec.structs import replace

from store.sale.language import phrase
from store.sale.line_change import RECORD_BYTES, find_line, with_change, with_changed_line
from store.sale.policy import StorePolicy, TaxRate
from store.sale.refusal import SaleRefused
from store.sale.sale import Sale, SaleEvent, SaleLine, next_state
from store.sale.tax import find_tax
from store.sale.text import printable, stored

CERTIFICATE_LIMIT = 30
FULL = "This sale is full. Take payment, then begin a new sale."


def choices(policy: StorePolicy) -> tuple[TaxRate, ...]:
    """The taxes that may be put in the place of others, in the order of their codes."""
    return tuple(tax for tax in policy.taxes if tax.detail.replaces)


def chosen(policy: StorePolicy, code: str) -> TaxRate:
    """The tax of that code, which a cashier may choose. Raises SaleRefused."""
    tax = next((tax for tax in choices(policy) if tax.code.casefold() == code.strip().casefold()), None)
    if tax is None:
        known = find_tax(policy, code.strip())
        why = (
            phrase("cannot be chosen at the register")
            if code.strip() and known
            else phrase("is no tax of this store")
        )
        raise SaleRefused(
            phrase("{strip} {why}. 128 and 130 list those that can.", repr(code.strip()[:20]), why)
        )
    return tax


def override_line_tax(sale: Sale, n: int, tax: TaxRate, certificate: str = "") -> Sale:
    """The sale with another tax on line `n`. Raises SaleRefused where it may not be."""
    line = find_line(sale, n)
    if line.returns_of is not None:
        raise SaleRefused(phrase("{name} comes back with the taxes of its receipt.", line.name[:30]))
    own = line.tax_before or line.tax
    if not may_replace(tax, own):
        raise SaleRefused(
            phrase(
                "{name} cannot take the place of {name_2} on {name_3}.",
                tax.name,
                own.name or phrase("no tax"),
                line.name[:30],
            )
        )
    sale = _certified(sale, tax, certificate)
    return _checked(with_changed_line(sale, replace(line, tax=tax, tax_before=own)))


def override_sale_tax(sale: Sale, tax: TaxRate, certificate: str = "") -> Sale:
    """The sale with another tax on every line whose own it may replace, and on those to come. Raises SaleRefused."""
    sale = replace(_certified(sale, tax, certificate), tax_override=tax)
    return _checked(with_change(sale, tuple(taxed_line(sale, _restored(line)) for line in sale.lines), 0))


def restore_line_tax(sale: Sale, n: int) -> Sale:
    """The sale with line `n` at its own tax again. Raises SaleRefused."""
    line = find_line(sale, n)
    if line.tax_before is None:
        raise SaleRefused(phrase("{name} has its own tax.", line.name[:40]))
    return _uncertified(with_changed_line(sale, _restored(line)))


def restore_sale_tax(sale: Sale) -> Sale:
    """The sale with every line at its own tax again. Raises SaleRefused when no tax was changed."""
    if sale.tax_override is None and not any(line.tax_before for line in sale.lines):
        raise SaleRefused(phrase("No tax of this sale was changed."))
    sale = replace(sale, tax_override=None)
    return _uncertified(with_change(sale, tuple(_restored(line) for line in sale.lines), 0))


def may_replace(tax: TaxRate, own: TaxRate) -> bool:
    """Whether `tax` may take the place of `own`; untaxed goods stay untaxed."""
    if not own.code or own.code == tax.code:
        return False
    return "*" in tax.detail.replaces or own.code in tax.detail.replaces


def taxed_line(sale: Sale, line: SaleLine) -> SaleLine:
    """A line as the sale's own tax has it: with that one in the place of its tax, where it may be."""
    tax = sale.tax_override
    fixed = line.voided or line.returns_of is not None or line.tax_before is not None
    if fixed or tax is None or not may_replace(tax, line.tax):
        return line
    return replace(line, tax=tax, tax_before=line.tax)


def _certified(sale: Sale, tax: TaxRate, certificate: str) -> Sale:
    next_state(sale.state, SaleEvent.CHANGE_LINES)
    if not tax.detail.exempt:
        return sale
    certificate = stored(printable(certificate).strip(), CERTIFICATE_LIMIT) or sale.certificate
    if not certificate:
        raise SaleRefused(phrase("{name} needs the number of a certificate.", tax.name))
    return replace(sale, certificate=certificate)


def _uncertified(sale: Sale) -> Sale:
    """A certificate that nothing rests on any more is forgotten."""
    rests = any(line.tax.detail.exempt for line in sale.lines if not line.voided)
    if rests or (sale.tax_override is not None and sale.tax_override.detail.exempt):
        return sale
    return replace(sale, certificate="")


def _restored(line: SaleLine) -> SaleLine:
    if line.voided or line.tax_before is None:
        return line
    return replace(line, tax=line.tax_before, tax_before=None)


def _checked(sale: Sale) -> Sale:
    if sale.record_bytes > RECORD_BYTES:
        raise SaleRefused(phrase(FULL))
    return sale

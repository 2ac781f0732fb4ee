"""A customer on an open sale: the prices of their groups and their exemption from tax come with them, and go with them.

Every line is priced anew, but a price from a label or set by hand stays what it is (F52). PURE.
"""

from msgspec.structs import replace

from store.sale.customer import SaleCustomer
from store.sale.language import phrase
from store.sale.offering import with_price_groups
from store.sale.policy import StorePolicy, TaxRate
from store.sale.refusal import SaleRefused
from store.sale.sale import Sale, SaleEvent, next_state
from store.sale.tax_override import choices, override_sale_tax, restore_sale_tax


def serve(sale: Sale, policy: StorePolicy, customer: SaleCustomer | None) -> Sale:
    """The sale for this customer in place of the one before, or for nobody. Raises SaleRefused."""
    next_state(sale.state, SaleEvent.CHANGE_LINES)
    if customer is not None and customer.blocked:
        raise SaleRefused(phrase("{name} is blocked: {blocked}", customer.name, customer.blocked))
    sale = _taxed_again(sale)
    groups = customer.price_groups if customer is not None else ()
    sale = with_price_groups(replace(sale, customer=customer), groups)
    exemption = exemption_of(policy)
    if customer is None or not customer.tax_exempt or exemption is None:
        return sale
    return override_sale_tax(sale, exemption, customer.tax_exempt)


def exemption_of(policy: StorePolicy) -> TaxRate | None:
    """The tax that stands for an exemption in this store, None when headquarters has set none up."""
    return next((tax for tax in choices(policy) if tax.detail.exempt), None)


def _taxed_again(sale: Sale) -> Sale:
    """Without the exemption that the customer before brought; one that somebody set by hand stays."""
    former = sale.customer
    if former is None or not former.tax_exempt or sale.certificate != former.tax_exempt[:30]:
        return sale
    if sale.tax_override is None or not sale.tax_override.detail.exempt:
        return sale
    return restore_sale_tax(sale)

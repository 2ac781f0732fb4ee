"""What changes the lines of a sale: items, labels, departments, void, quantity."""

from msgspec.structs import replace

from store.sale.barcode import LabelReading
from store.sale.deposit import ONE_PIECE, refuse_deposit, with_goods, with_goods_voided
from store.sale.item import Department, Item
from store.sale.language import phrase
from store.sale.line_change import check_amount, find_line, with_changed_line, with_line
from store.sale.offer import Offer
from store.sale.policy import LabelMeasure, StorePolicy, TaxRate
from store.sale.quantity import DECIMALS, SCALE, divide, is_whole, multiply, parse_quantity, thousandths
from store.sale.refusal import PriceNeeded, SaleRefused
from store.sale.sale import OffersState, PriceSource, Sale, SaleLine
from store.sale.tax import find_tax
from store.sale.tax_override import taxed_line
from store.sale.text import stored

MAX_QUANTITY = 9999
"""Per line, pieces or units of measure: more is a code typed into the quantity."""
MEASURED_UNITS = frozenset({"kg", "g", "l", "ml", "m", "cm", "m2", "m3", "h"})
NAME_LIMIT = 120
CODE_LIMIT = 64
UNIT_LIMIT = 8


def add_line(
    sale: Sale,
    policy: StorePolicy,
    item: Item,
    quantity: str = "1",
    code: str = "",
    source: str = "online",
    price: int | None = None,
    price_source: PriceSource = PriceSource.CATALOG,
    *,
    zero_confirmed: bool = False,
    offers: tuple[Offer, ...] = (),
) -> Sale:
    """The sale with one more line.

    `price` in minor units per unit replaces the catalog's (open-price items need it), `code` is what was scanned,
    `offers` are those of headquarters that hold now (`store.sale.offer.holding`).
    Raises SaleRefused for a blocked item, a quantity or amount out of bounds, an unknown tax, a full record;
    PriceNeeded for an open-price item without price; ZeroPriceRefused for a price of zero that is not confirmed.
    """
    if item.blocked:
        raise SaleRefused(blocked_words(item))
    price, price_source = _priced(item, price, price_source)
    quantity = checked_quantity(quantity, is_measured(item), item.name, decimals_of(item))
    line = SaleLine(
        n=len(sale.lines) + 1,
        sku=item.sku,
        name=stored(item.name, NAME_LIMIT),
        quantity=quantity,
        unit=stored(item.unit, UNIT_LIMIT),
        price=price,
        amount=multiply(price, quantity),
        tax=_tax_of(policy, item.tax, item.name),
        net=0,
        tax_amount=0,
        gross=0,
        code=stored(code, CODE_LIMIT),
        source=source,
        price_source=price_source,
        department=item.department,
        measured=is_measured(item),
        decimals=decimals_of(item),
        no_discount=item.detail.empties,
        offers=offers,
        offers_count=sale.offers_state is OffersState.NOW,
    )
    return with_line(sale, policy, taxed_line(sale, line), zero_confirmed)


def _priced(item: Item, price: int | None, source: PriceSource) -> tuple[int, PriceSource]:
    """The price of one and where it came from; raises PriceNeeded."""
    if price is not None:
        return price, PriceSource.TYPED if source is PriceSource.CATALOG else source
    if item.open_price:
        raise PriceNeeded(phrase("{name} has no fixed price. Type its price.", item.name))
    return item.price, source


def add_label_line(
    sale: Sale,
    policy: StorePolicy,
    item: Item,
    label: LabelReading,
    code: str,
    source: str = "online",
    *,
    offers: tuple[Offer, ...] = (),
) -> Sale:
    """The sale with a line from a weight, price or count label.

    A price label is final: the amount is the label's, the quantity (amount / unit price, three decimals) only tells how
    much left the stock. Weight and count are quantities at the catalog's price. Raises as `add_line`.
    """
    if label.measure is not LabelMeasure.PRICE:
        return add_line(sale, policy, item, label.quantity, code, source, offers=offers)
    amount = label.amount(sale.currency)
    if amount == 0:
        raise SaleRefused(
            phrase("The label of {name} says 0.00. Have it weighed again, or type the price.", item.name)
        )
    if not is_measured(item) or item.price <= 0:
        return add_line(sale, policy, item, "1", code, source, amount, PriceSource.LABEL)
    quantity = divide(amount, item.price)
    if quantity == "0":
        quantity = "0.001"
    extended = add_line(sale, policy, item, quantity, code, source, item.price, PriceSource.LABEL)
    line = replace(extended.lines[-1], amount=amount)
    check_amount(line, policy, sale.currency, zero_confirmed=True)
    return with_changed_line(extended, line)


def add_department_line(
    sale: Sale,
    policy: StorePolicy,
    department: Department,
    price: int,
    quantity: str = "1",
    code: str = "",
    source: str = "online",
) -> Sale:
    """The sale with goods sold by department at a typed price; `code` is the unknown one. Raises SaleRefused."""
    item = Item(
        sku="",
        name=department.name,
        price=price,
        tax=department.tax,
        department=department.code,
        open_price=True,
    )
    return add_line(sale, policy, item, quantity, code, source, price, PriceSource.DEPARTMENT)


def blocked_words(item: Item) -> str:
    """Why a blocked item is not sold, a sentence."""
    return phrase("{name} must not be sold: {blocked}", item.name, item.blocked)


def void_line(sale: Sale, n: int) -> Sale:
    """The sale with line `n` and its deposits marked as voided; they stay in the list.

    Raises SaleRefused, also for a deposit without its goods.
    """
    line = find_line(sale, n)
    refuse_deposit(line)
    return with_goods_voided(sale, line)


def set_quantity(sale: Sale, policy: StorePolicy, n: int, quantity: str) -> Sale:
    """The sale with another quantity on line `n` and its deposits.

    Raises SaleRefused, also for label lines, whose price is final, and for a piece with its own serial number.
    """
    line = find_line(sale, n)
    refuse_deposit(line)
    if line.is_return and not line.empties:
        raise SaleRefused(phrase("{name} comes back; its quantity is set as one of a return.", line.name))
    if line.price_source is PriceSource.LABEL:
        raise SaleRefused(
            phrase("The price of {name} is on its label. Void the line and scan the label again.", line.name)
        )
    quantity = checked_quantity(quantity, line.measured, line.name, line.decimals)
    if line.serial and quantity != ONE_PIECE:
        raise SaleRefused(
            phrase("{name} has a serial number, so its line is one piece. Scan the next one.", line.name)
        )
    if line.empties:
        quantity = f"-{quantity}"
    return with_goods(sale, policy, replace(line, quantity=quantity, amount=multiply(line.price, quantity)))


def is_measured(item: Item) -> bool:
    """Whether the item's quantity may have decimals: weighed goods, and those sold by length, volume or time."""
    if item.detail.decimals is not None:
        return item.detail.decimals > 0
    return item.weighed or is_measured_unit(item.unit)


def is_measured_unit(unit: str) -> bool:
    """Whether a quantity in that unit may have decimals."""
    return unit in MEASURED_UNITS


def decimals_of(item: Item) -> int:
    """Decimals that the item's quantity may have, when it may have any."""
    return item.detail.decimals or DECIMALS


def checked_quantity(text: str, measured: bool, name: str, decimals: int = DECIMALS) -> str:
    """The quantity in canonical form. Raises SaleRefused when it is none, zero, too large or has decimals in vain."""
    quantity = parse_quantity(text)
    if quantity is None:
        raise SaleRefused(
            phrase(
                "{text} is no quantity. Type a number such as 2{what}.",
                repr(text[:20]),
                " or 0.482" if measured else "",
            )
        )
    if quantity == "0":
        raise SaleRefused(phrase("A quantity of 0 sells nothing. Void the line with Del instead."))
    if not measured and not is_whole(quantity):
        raise SaleRefused(phrase("{name} is sold by the piece. Type a whole number.", name))
    if len(quantity.partition(".")[2]) > decimals:
        digits = "1 decimal" if decimals == 1 else phrase("{decimals} decimals", decimals)
        raise SaleRefused(phrase("The quantity of {name} has at most {digits}.", name, digits))
    if thousandths(quantity) > MAX_QUANTITY * SCALE:
        raise SaleRefused(
            phrase(
                "A line takes at most {max_quantity}. Was a code typed as quantity? Type it again.",
                MAX_QUANTITY,
            )
        )
    return quantity


def _tax_of(policy: StorePolicy, code: str, name: str) -> TaxRate:
    tax = find_tax(policy, code)
    if tax is None:
        raise SaleRefused(
            phrase(
                "{name} has tax {code}, which this store does not know. Sell it by department (Ins).",
                name,
                repr(code),
            )
        )
    return tax

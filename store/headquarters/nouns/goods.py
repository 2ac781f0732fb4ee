"""What is sold: departments, taxes, products with their codes, prices with their validity."""

import re
from typing import Annotated

import msgspec
from msgspec import Meta

from store.headquarters.nouns.noun import KeyPart, Noun
from store.sale.barcode import gtin14
from store.sale.detail import DepartmentDetail, ItemDetail, TaxDetail
from store.sale.quantity import thousandths
from store.sale.settings import TAX_CODE_LIMIT
from store.sale.tax_settings import group_fault

MAX_PRICE = 99_999_999_999
MAX_BARCODES = 50
MAX_MS = 253_402_300_799_999
"""The end of the year 9999."""
PIECE = "pcs"
DEPARTMENT = r"[A-Za-z0-9_-]{1,20}"


class Department(DepartmentDetail, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A department; job 1040."""

    name: Annotated[str, Meta(max_length=80, description="Name on screens and reports.")] = ""
    tax: Annotated[
        str, Meta(description="Tax of what is sold by department without a code.", extra={"ref": "tax"})
    ] = ""
    position: Annotated[int, Meta(ge=0, le=9_999, description="Place in the list of departments.")] = 0


class Tax(TaxDetail, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A tax; job 1070."""

    name: Annotated[str, Meta(max_length=40, description="Name on the receipt.")] = "Tax"
    rate: Annotated[
        str,
        Meta(
            max_length=8, description="Percent, up to three decimals: 19 or 5.5.", extra={"positional": True}
        ),
    ] = "0"
    included: Annotated[bool, Meta(description="Prices contain it; no adds it on top.")] = True


class Product(ItemDetail, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A product; job 1040. Its price here is the one that holds where no `price` row does."""

    name: Annotated[str, Meta(min_length=1, max_length=120, description="Name on screen and receipt.")]
    price: Annotated[
        int | None,
        Meta(description="Price where no dated one is in force.", extra={"kind": "amount"}),
    ] = None
    tax: Annotated[str, Meta(description="Tax code; empty for untaxed.", extra={"ref": "tax"})] = ""
    department: Annotated[str, Meta(description="Department.", extra={"ref": "department"})] = ""
    unit: Annotated[str, Meta(max_length=10, description="Unit of the quantity: pcs, kg, ...")] = PIECE
    barcodes: Annotated[
        tuple[str, ...],
        Meta(
            max_length=MAX_BARCODES,
            description="Barcodes (8, 12, 13 or 14 digits); may be given several times.",
        ),
    ] = ()
    plu: Annotated[str, Meta(pattern="^[0-9]{0,8}$", description="Short number for typing.")] = ""
    open_price: Annotated[bool, Meta(description="The cashier types the price.")] = False
    weighed: Annotated[bool, Meta(description="Sold by weight.")] = False
    blocked: Annotated[
        str, Meta(max_length=120, description="Why it must not be sold, for the cashier; empty sells it.")
    ] = ""


class Price(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A price of a product from a moment on; job 1020."""

    amount: Annotated[
        int,
        Meta(ge=0, le=MAX_PRICE, description="The price.", extra={"kind": "amount", "positional": True}),
    ]
    until_ms: Annotated[
        int,
        Meta(
            ge=0,
            le=MAX_MS,
            description="Last day (or the moment) of it; without one it has no end.",
            extra={"kind": "last-day"},
        ),
    ] = 0


def product_names(code: str, product: Product) -> tuple[str, ...]:
    """The other names of a product: its barcodes and its PLU."""
    names = [f"gtin:{code14}" for code14 in product.barcodes]
    return (*names, f"plu:{product.plu}") if product.plu else tuple(names)


def typed_product_names(text: str) -> tuple[str, ...]:
    """What a typed text can be besides a product code: a barcode. A PLU could be another product's code."""
    code14 = gtin14(text)
    return (f"gtin:{code14}",) if code14 else ()


def complete_product(key: dict[str, str], product: Product) -> Product:
    """Barcodes with 14 digits, each once; a product code that is a barcode itself is one of them."""
    own = gtin14(key["product"])
    codes = [gtin14(code) or code for code in product.barcodes]
    if own is not None:
        codes.append(own)
    return msgspec.structs.replace(product, barcodes=tuple(sorted(set(codes))))


def _invent_department(code: str) -> Department | None:
    return Department(name=code) if re.fullmatch(DEPARTMENT, code) else None


def _invent_tax(code: str) -> Tax | None:
    """A tax that is called by its rate."""
    return Tax(rate=code) if re.fullmatch(r"[0-9]{1,2}(\.[0-9]{1,3})?", code) else None


def _check_product(key: dict[str, str], product: Product) -> str:
    for code in product.barcodes:
        if gtin14(code) is None:
            return f"{code[:30]!r} is no barcode: it needs 8, 12, 13 or 14 digits with a right check digit."
    if product.price is not None and not 0 <= product.price <= MAX_PRICE:
        return "The price is out of range."
    if product.decimals is not None and not 0 <= product.decimals <= 3:
        return "A quantity has 0 to 3 decimals."
    if product.deposit == key["product"]:
        return "A product cannot be its own deposit."
    if product.deposit and product.empties:
        return "A deposit has no deposit of its own."
    units = [unit.partition("=")[0] for unit in product.further_units]
    if len({*units, product.unit}) <= len(units):
        return "Each unit of a product needs a name of its own."
    if any(float(unit.partition("=")[2].partition(":")[0]) <= 0 for unit in product.further_units):
        return "A unit has to hold something: box=12."
    return ""


def _check_tax(key: dict[str, str], tax: Tax) -> str:
    try:
        rate = thousandths(tax.rate)
    except ValueError:
        rate = -1
    if not 0 <= rate <= 100_000:
        return f"{tax.rate!r} is no rate. Write percent, up to three decimals: 19 or 5.5."
    if rate and (tax.fixed or tax.members or tax.exempt):
        return "A group, an amount per unit and an exemption have no rate of their own. Set it to 0."
    return group_fault(key["tax"], tax)


def _check_price(key: dict[str, str], price: Price) -> str:
    if price.until_ms and price.until_ms <= int(key["from"] or 0):
        return "The price ends before it begins."
    return ""


NOUNS: tuple[Noun, ...] = (
    Noun(
        name="department",
        summary="departments of the assortment",
        key=(KeyPart(name="department", help="Code of the department.", pattern=DEPARTMENT),),
        fields=Department,
        jobs=("1040",),
        invent=_invent_department,
        example='outpost hq --home HQ department set D1 --name "Dairy" --tax R',
    ),
    Noun(
        name="tax",
        summary="taxes",
        key=(KeyPart(name="tax", help="Code of the tax.", pattern=rf"[A-Za-z0-9._-]{{1,{TAX_CODE_LIMIT}}}"),),
        fields=Tax,
        jobs=("1070",),
        invent=_invent_tax,
        check=_check_tax,
        example="outpost hq --home HQ tax set S 19 --included yes",
    ),
    Noun(
        name="product",
        summary="products with barcodes, units, departments and blocks",
        key=(
            KeyPart(
                name="product", help="Product code, or a barcode of it.", pattern=r"[A-Za-z0-9._-]{1,40}"
            ),
        ),
        fields=Product,
        jobs=("1040",),
        check=_check_product,
        complete=complete_product,
        columns={"sku": "product", "item": "product", "ean": "barcodes", "gtin": "barcodes", "vat": "tax"},
        names=product_names,
        typed_names=typed_product_names,
        example='outpost hq --home HQ product set 100001 --name "Whole milk 1 l" --price 1.09 --barcode 4006381333931',
    ),
    Noun(
        name="price",
        summary="prices with their validity",
        key=(
            KeyPart(name="product", help="Product code or barcode.", ref="product"),
            KeyPart(
                name="from",
                help="Day or moment from which it holds; always without one.",
                kind="moment",
                default="0",
            ),
        ),
        fields=Price,
        jobs=("1020",),
        check=_check_price,
        columns={
            "price": "amount",
            "sku": "product",
            "item": "product",
            "ean": "product",
            "barcode": "product",
        },
        example="outpost hq --home HQ price set 4006381333931 1.29 --from 2026-12-01 --until 2026-12-24",
    ),
)

"""What headquarters says about goods beyond the columns of their tables: column `detail`, a JSON object as text.

A struct here is all that a new fact needs: headquarters' noun inherits its fields, the package carries them, catalog
and server hand the text on unread, the register reads it. Fields that a program does not know are left alone, and
a text that cannot be read says nothing, so that older and newer programs live together.
"""

from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta


class Detail(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The base of all details: every field has a default, which is what was always true before the field came."""


class ItemDetail(Detail, frozen=True, kw_only=True, omit_defaults=True):
    """Of an item; inherited by the noun `product`."""

    content: Annotated[
        str,
        Meta(
            pattern=r"^([0-9]{1,6}([.][0-9]{1,3})? (g|kg|ml|cl|l|cm|m|pcs))?$",
            description="What a pack holds, such as '0.75 l' or '500 g': the shelf label tells the price of the unit.",
        ),
    ] = ""
    min_age: Annotated[
        int, Meta(ge=0, le=120, description="Years that whoever buys it must have; 0 sells it to all.")
    ] = 0
    deposit: Annotated[
        str,
        Meta(
            description="Product that is its deposit (bottle, crate): added and taken away with it.",
            extra={"ref": "product"},
        ),
    ] = ""
    empties: Annotated[
        bool, Meta(description="It is a deposit itself: empties of it are taken back, no discount lowers it.")
    ] = False
    further_units: Annotated[
        tuple[
            Annotated[
                str, Meta(pattern=r"^[^=:\s]{1,8}=[0-9]{1,4}(\.[0-9]{1,3})?(:[0-9]{1,8}([.,][0-9]{1,3})?)?$")
            ],
            ...,
        ],
        Meta(
            max_length=8,
            description="Further unit it is sold in, with how many of its own unit that is and its price where it is "
            "not a multiple: box=12 or box=12:10.99; may be given several times.",
        ),
    ] = ()
    decimals: Annotated[
        int | None,
        Meta(description="Decimals its quantity may have (0 to 3); those of the unit without it."),
    ] = None
    serial: Annotated[
        Literal["no", "optional", "required"],
        Meta(
            description="Serial number: no, optional (by operation 136) or required (asked for at the sale)."
        ),
    ] = "no"
    info_codes: Annotated[
        tuple[str, ...],
        Meta(
            max_length=5,
            description="Info code that is asked when it is sold; may be given several times.",
            extra={"ref": "info-code"},
        ),
    ] = ()
    description: Annotated[
        str,
        Meta(
            max_length=600,
            description="What the cashier can tell about it, lines apart by \\n.",
            extra={"kind": "lines"},
        ),
    ] = ""


class DepartmentDetail(Detail, frozen=True, kw_only=True, omit_defaults=True):
    """Of a department; inherited by the noun `department`."""


class TaxDetail(Detail, frozen=True, kw_only=True, omit_defaults=True):
    """Of a tax; inherited by the noun `tax`."""

    fixed: Annotated[
        int,
        Meta(
            ge=0,
            le=9_999_999,
            description="Amount for each unit of the quantity in place of a rate, such as a sugar tax.",
            extra={"kind": "amount"},
        ),
    ] = 0
    compound: Annotated[
        bool, Meta(description="In a group: computed from the taxes before it too (tax on tax).")
    ] = False
    members: Annotated[
        tuple[str, ...],
        Meta(
            max_length=6,
            description="Makes it a group: the taxes that lie on the same goods, in their order; may be given several "
            "times.",
            extra={"ref": "tax"},
        ),
    ] = ()
    replaces: Annotated[
        tuple[str, ...],
        Meta(
            max_length=20,
            description='Taxes in whose place it may be put at the till (127-130), "*" for any; may be given several '
            "times.",
        ),
    ] = ()
    exempt: Annotated[
        bool,
        Meta(
            description="An exemption: asks for the number of a certificate and takes the tax out of prices that "
            "contain it."
        ),
    ] = False


class StaffDetail(Detail, frozen=True, kw_only=True, omit_defaults=True):
    """Of an operator; inherited by the noun `staff`."""

    language: Annotated[
        str,
        Meta(
            pattern="^([a-z]{2,3}(-[A-Z]{2})?)?$",
            description="Language of the screen, such as de; empty for the store's.",
        ),
    ] = ""


Kind = TypeVar("Kind", bound=Detail)

NO_ITEM_DETAIL = ItemDetail()
NO_DEPARTMENT_DETAIL = DepartmentDetail()
NO_TAX_DETAIL = TaxDetail()
NO_STAFF_DETAIL = StaffDetail()


def read_detail(text: str, nothing: Kind) -> Kind:
    """The detail in a column's text; `nothing` where it says nothing or cannot be read."""
    if not text:
        return nothing
    try:
        return msgspec.json.decode(text, type=type(nothing))
    except msgspec.MsgspecError:
        return nothing


def detail_text(document: Any, nothing: Detail) -> str:
    """The fields of a document that its detail has and that are not at their default, as JSON; empty for none."""
    found = {
        name: value
        for name in nothing.__struct_fields__
        if (value := getattr(document, name)) != getattr(nothing, name)
    }
    return msgspec.json.encode(found, order="deterministic").decode() if found else ""

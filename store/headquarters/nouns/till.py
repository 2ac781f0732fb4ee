"""How the tills of the chain behave: tenders, keys and strip, settings, parameters."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from store.exchange.layout_keys import CAPTION_LIMIT, LAST_OPERATION, check_layout_key
from store.headquarters.nouns.noun import KeyPart, Noun
from store.sale import people_policy, return_policy
from store.sale.detail import detail_text
from store.sale.macro import MacroRefused, macro_steps
from store.sale.settings import PolicyRefused, policy_from_settings
from store.sale.tender_type import NO_TENDER_DETAIL, TenderDetail, TenderTypeRefused, tender_type

SETTINGS: dict[str, str] = {
    "cash_rounding": "Country or currency whose habit of rounding cash holds, such as CH or NZD; wins over the step.",
    "cash_rounding_tie": "Where the middle between two cash amounts goes: up (away from zero) or down.",
    "discount_calculation": "When discounts of headquarters count: line (at once) or total (310, Pay).",
    "cash_rounding_step": "Smallest cash amount in minor units; wins over the functionality profile.",
    "journal_retention_days": "Days a register keeps records that headquarters has; 0 keeps them for ever.",
    "label_region": "Country whose weight and price labels are read; wins over the store's.",
    "label_rules": "The label rules themselves as JSON, in place of a country's.",
    "language": "Language of receipts and screens: en or de; operators may have their own.",
    "region": "How amounts and dates are written, such as de-DE; empty for what goes with the language.",
    **{
        f"macro_{n}": f"What macro {n} (operation {9180 + n}) types, one entry a line (\\n): 3*4011\\n/139."
        for n in range(1, 10)
    },
    "max_line_amount": "Largest amount of a line in minor units; wins over the functionality profile.",
    "receipt_footer": "Last lines of the receipt, apart by \\n; wins over the store's.",
    "receipt_width": "Characters in a line of the receipt; wins over the functionality profile.",
    "income_accounts": "Accounts of operation 517, apart by semicolons: 8100 Vending machine; 8200 Found money.",
    "expense_accounts": "Accounts of operation 518, likewise.",
    "denominations": "Notes and coins to count, in minor units, apart by spaces; empty for those of the currency.",
    "price_reasons": "Why a price may be set by hand, one reason a line (\\n); empty for the usual ones.",
    "rounding_scope": "Where tax is rounded: line, rate (once per rate on the receipt) or document (once).",
    "store_address": "Address on the receipt; wins over the store's.",
    "store_name": "Name on the receipt; wins over the store's.",
    "store_tax_id": "Tax number on the receipt; wins over the store's.",
    **people_policy.SETTINGS,
    **return_policy.SETTINGS,
    "account_offline_limit": "Minor units that go on one customer's account while the server does not answer; 0 none.",
}
"""The settings that registers know; job 1070 carries them."""


class Tender(TenderDetail, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A tender type; job 1070. What a register takes, by which letter, within which limits."""

    name: Annotated[str, Meta(min_length=1, max_length=40, description="Name on screen and receipt.")]
    kind: Annotated[
        Literal["cash", "card", "foreign", "check", "voucher", "account"],
        Meta(
            description="How it is taken: cash, card, notes of a foreign currency, check, voucher of the house, "
            "customer account."
        ),
    ]
    position: Annotated[int, Meta(ge=0, le=999, description="Place in the list of tenders.")] = 0
    blocked: Annotated[bool, Meta(description="Not taken at present.")] = False


class LayoutKey(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A key of the register and what it does; job 1090."""

    operation: Annotated[
        int, Meta(ge=1, le=LAST_OPERATION, description="Number of the operation, such as 917.")
    ]
    caption: Annotated[
        str,
        Meta(
            max_length=CAPTION_LIMIT,
            description="Text of the strip; empty for the operation's own. 917 is always Disconnect or Connect.",
        ),
    ] = ""
    position: Annotated[int, Meta(ge=0, le=999, description="Place in the strip.")] = 0


class Setting(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A setting of the registers; job 1070."""

    value: Annotated[
        str, Meta(max_length=4_000, description="The value.", extra={"positional": True, "kind": "lines"})
    ]


class Parameter(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A parameter of the whole chain; job 1110."""

    value: Annotated[str, Meta(max_length=4_000, description="The value.", extra={"positional": True})]


def _check_setting(key: dict[str, str], setting: Setting) -> str:
    name = key["setting"]
    if name not in SETTINGS:
        return f"There is no setting {name!r}. There are: {', '.join(sorted(SETTINGS))}."
    try:
        if name.startswith("macro_"):
            macro_steps(setting.value)
        policy_from_settings({name: setting.value}, ())
    except (PolicyRefused, MacroRefused) as refusal:
        return str(refusal)
    return ""


def _check_key(key: dict[str, str], row: LayoutKey) -> str:
    return check_layout_key(key["place"], key["key"], row.operation, row.caption)


def _check_tender(key: dict[str, str], tender: Tender) -> str:
    detail = msgspec.json.decode(detail_text(tender, NO_TENDER_DETAIL) or "{}")
    try:
        tender_type(key["tender"], tender.name, tender.kind, tender.position, detail)
    except TenderTypeRefused as refusal:
        return str(refusal)
    return ""


NOUNS: tuple[Noun, ...] = (
    Noun(
        name="tender",
        summary="tender types",
        key=(KeyPart(name="tender", help="Code of the tender, such as cash."),),
        fields=Tender,
        jobs=("1070",),
        check=_check_tender,
        example="outpost hq --home HQ tender set usd --name Dollars --kind foreign --currency USD --rate 0.9217",
    ),
    Noun(
        name="key",
        summary="the registers' keys and strip",
        key=(
            KeyPart(name="key", help="The key, such as f6.", pattern=r"[a-z0-9+]{1,20}", kind="lower"),
            KeyPart(name="register", help="Only on this register.", ref="register", default=""),
            KeyPart(
                name="place",
                help="Only there, such as sale.",
                pattern=r"[a-z_]{0,20}",
                default="",
                kind="lower",
            ),
        ),
        fields=LayoutKey,
        jobs=("1090",),
        check=_check_key,
        example="outpost hq --home HQ key set f6 --operation 917",
    ),
    Noun(
        name="setting",
        summary="settings of the registers, for the chain or one store",
        key=(
            KeyPart(name="setting", help=f"Name: {', '.join(SETTINGS)}.", pattern=r"[a-z][a-z0-9_]{0,39}"),
            KeyPart(name="store", help="Only in this store.", ref="store", default=""),
        ),
        fields=Setting,
        jobs=("1070",),
        check=_check_setting,
        example='outpost hq --home HQ setting set receipt_footer "Thank you." --store S0001',
    ),
    Noun(
        name="parameter",
        summary="parameters of the whole chain",
        key=(KeyPart(name="parameter", help="Name of the parameter.", pattern=r"[a-z][a-z0-9_.]{0,39}"),),
        fields=Parameter,
        jobs=("1110",),
        example="outpost hq --home HQ parameter set example 1",
    ),
)

"""Info codes: what the till asks about a product, a payment or an operation, and keeps with it."""

from typing import Annotated

from msgspec import Meta

from store.headquarters.nouns.noun import KeyPart, Noun
from store.sale.info import CODE_LIMIT, PROMPT_LIMIT, InfoCode, info_fault


class InfoCodeRow(InfoCode, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """An info code; job 1070."""

    name: Annotated[str, Meta(min_length=1, max_length=PROMPT_LIMIT, description="What it asks.")]


def _check(key: dict[str, str], row: InfoCodeRow) -> str:
    return info_fault(row)


NOUNS: tuple[Noun, ...] = (
    Noun(
        name="info-code",
        summary="questions that the till asks about products, payments and operations",
        key=(KeyPart(name="info_code", help="Its code.", pattern=rf"[A-Za-z0-9._-]{{1,{CODE_LIMIT}}}"),),
        fields=InfoCodeRow,
        jobs=("1070",),
        check=_check,
        example='outpost hq --home HQ info-code set WHY --name "Why was the drawer opened?" --operation 1000',
    ),
)

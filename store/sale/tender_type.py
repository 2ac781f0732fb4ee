"""What a register takes as payment: the tender types of the store, as headquarters set them up (docs/money.md)."""

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta
from msgspec.structs import replace

from store.sale.detail import Detail

NO_BOUND = -1
"""As `over_limit`: any amount above what is due is taken, and the rest given back as change."""
REFERENCE_LIMIT = 40
"""Characters of a reference; terminals print up to about 20."""
NAME_LIMIT = 40
MAX_TYPES = 20
"""More do not fit on the pay screen."""
RATE_PATTERN = r"[0-9]{1,9}(\.[0-9]{1,10})?"
"""A rate: a decimal with at most ten places."""


class TenderKind(StrEnum):
    """With what a customer pays; how it is asked, bounded and counted follows from it."""

    CASH = "cash"
    CARD = "card"
    FOREIGN = "foreign"
    """Notes of another currency; change is given in the store's own."""
    CHECK = "check"
    VOUCHER = "voucher"
    """A voucher of the house, with a number and a balance."""
    ACCOUNT = "account"
    """The customer's account."""


class Reference(StrEnum):
    """Whether a payment asks for a number that is on the paper it leaves behind."""

    NO = "no"
    OPTIONAL = "optional"
    REQUIRED = "required"


class GivenBack(StrEnum):
    """As what money may be given back that was paid with a tender."""

    ITSELF = "itself"
    CASH = "cash"
    VOUCHER = "voucher"


_Amount = Annotated[int, Meta(ge=0, le=99_999_999_999, extra={"kind": "amount"})]


class TenderDetail(Detail, frozen=True, kw_only=True, omit_defaults=True):
    """What headquarters says of a tender type; inherited by the noun `tender`. None is what its kind has anyway."""

    authorises_later: Annotated[
        bool,
        Meta(
            description="A card terminal on the store's own line, which takes cards without it and authorises them "
            "later; the offline profile's limits bind then."
        ),
    ] = False
    letter: Annotated[
        str,
        Meta(
            pattern="^[a-z]?$",
            description="Its letter in the pay screen; empty lets the register choose one.",
        ),
    ] = ""
    min_amount: Annotated[_Amount, Meta(description="The least that is taken; 0 has no bound.")] = 0
    max_amount: Annotated[_Amount, Meta(description="The most that is taken of a sale; 0 has no bound.")] = 0
    change: Annotated[
        Annotated[str, Meta(max_length=20)] | None,
        Meta(
            description="Code of the tender in which change is given, cash or a voucher; empty gives none. Cash and "
            "foreign notes give change in cash by themselves.",
        ),
    ] = None
    over_limit: Annotated[
        Annotated[int, Meta(ge=-1, le=99_999_999_999)] | None,
        Meta(
            description="How much more than is due may be given, in minor units; -1 any amount, as for cash and "
            "foreign notes by themselves; else 0.",
        ),
    ] = None
    rounding_step: Annotated[
        int,
        Meta(
            ge=0, le=1_000, description="Cash: smallest amount coins can pay, in minor units; 0 the store's."
        ),
    ] = 0
    opens_drawer: Annotated[
        bool | None, Meta(description="Opens the drawer; all but card and account do.")
    ] = None
    reference: Annotated[
        Literal["no", "optional", "required"] | None,
        Meta(
            description="Whether a number is asked for: of a check (required by itself), a terminal's slip."
        ),
    ] = None
    counted: Annotated[
        bool | None, Meta(description="Counted at the close; all but account and vouchers are.")
    ] = None
    refund: Annotated[
        tuple[Literal["itself", "cash", "voucher", "nothing"], ...],
        Meta(
            max_length=3,
            description="As what is given back what was paid with it: itself, cash, voucher, or nothing; may be given "
            "several times. Foreign notes and checks come back as cash by themselves, the others as what they are.",
        ),
    ] = ()
    refund_limit: Annotated[
        _Amount, Meta(description="The most that is given back with it on one receipt; 0 has no bound.")
    ] = 0
    refund_without_receipt: Annotated[
        bool | None, Meta(description="Given back with it without a receipt too; cash and vouchers are.")
    ] = None
    currency: Annotated[
        str, Meta(pattern="^([A-Z]{3})?$", description="Foreign notes: their currency, such as USD.")
    ] = ""
    rate: Annotated[
        str,
        Meta(
            max_length=20,
            description="Foreign notes: what one main unit of them is worth in the store's currency, such as 0.9217.",
        ),
    ] = ""
    offline_limit: Annotated[
        _Amount,
        Meta(
            description="Vouchers: the most taken of one that another register issued while no server answers."
        ),
    ] = 0
    valid_days: Annotated[
        int, Meta(ge=0, le=36_500, description="Vouchers: days in which they can be redeemed; 0 for ever.")
    ] = 0


NO_TENDER_DETAIL = TenderDetail()


class TenderType(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A way to pay. Amounts in minor units of the store's currency; what was left open is filled in by kind."""

    code: str
    name: str
    kind: TenderKind
    key: str = ""
    """Letter of the pay screen; empty for cash, which a bare number is."""
    position: int = 0
    min_amount: int = 0
    max_amount: int = 0
    """The least of a payment and the most of a sale; 0 has no bound."""
    change: str = ""
    """Code of the type in which change is given; empty gives none."""
    over_limit: int = 0
    """How much more than is due may be given (NO_BOUND: any)."""
    rounding_step: int = 0
    """For cash: smallest amount that coins can pay; 0 leaves it to the store's policy."""
    opens_drawer: bool = False
    reference: Reference = Reference.NO
    counted: bool = True
    """Counted in a tender declaration."""
    refund: tuple[GivenBack, ...] = (GivenBack.ITSELF,)
    refund_limit: int = 0
    """At most so much is given back with this type in one ticket; 0 has no bound."""
    refund_without_receipt: bool = False
    currency: str = ""
    rate: str = ""
    """For foreign notes: one main unit of `currency` is `rate` main units of the store's; an exact decimal."""
    offline_limit: int = 0
    """For vouchers that another register issued: the most that is taken of one while nobody can be asked."""
    valid_days: int = 0
    """For vouchers: so many days after their issue they can be redeemed; 0 is for ever."""
    authorises_later: bool = False


class TenderTypeRefused(Exception):
    """A tender type cannot be paid with as it is set up; `str()` is a sentence."""


CASH_TYPE = TenderType(
    code="cash",
    name="Cash",
    kind=TenderKind.CASH,
    position=1,
    change="cash",
    over_limit=NO_BOUND,
    opens_drawer=True,
    refund_without_receipt=True,
)
CARD_TYPE = TenderType(code="card", name="Card", kind=TenderKind.CARD, key="c", position=2)
BUILT_IN = (CASH_TYPE, CARD_TYPE)
"""What is taken where headquarters set up nothing."""

_DEFAULTS: dict[TenderKind, dict[str, Any]] = {
    TenderKind.CASH: {"over_limit": NO_BOUND, "opens_drawer": True, "refund_without_receipt": True},
    TenderKind.CARD: {},
    TenderKind.FOREIGN: {"over_limit": NO_BOUND, "opens_drawer": True, "refund": (GivenBack.CASH,)},
    TenderKind.CHECK: {
        "opens_drawer": True,
        "reference": Reference.REQUIRED,
        "refund": (GivenBack.CASH,),
    },
    TenderKind.VOUCHER: {"opens_drawer": True, "refund_without_receipt": True, "counted": False},
    TenderKind.ACCOUNT: {"counted": False},
}
"""What holds for a kind where headquarters says nothing."""
_LETTERS = {
    TenderKind.CARD: "c",
    TenderKind.FOREIGN: "f",
    TenderKind.CHECK: "k",
    TenderKind.VOUCHER: "v",
    TenderKind.ACCOUNT: "a",
}


def tender_type(
    code: str, name: str, kind: str, position: int = 0, detail: Mapping[str, Any] | None = None
) -> TenderType:
    """The type that a row of headquarters describes. Raises TenderTypeRefused with a sentence."""
    try:
        known = TenderKind(kind)
        said = msgspec.to_builtins(msgspec.convert(detail or {}, TenderDetail))
        document = {**_DEFAULTS[known], **{name: value for name, value in said.items() if value is not None}}
        document["key"] = document.pop("letter", "")
        if "refund" in said:
            document["refund"] = [word for word in said["refund"] if word != "nothing"]
        document |= {"code": code, "name": name, "position": position, "kind": known}
        found = msgspec.convert(document, TenderType)
    except (ValueError, msgspec.ValidationError) as error:
        raise TenderTypeRefused(f"Tender {code!r} cannot be read: {error}.") from error
    if fault := tender_fault(found):
        raise TenderTypeRefused(fault)
    return found


def types_of_rows(rows: Iterable[tuple[str, str, str, int, Mapping[str, Any]]]) -> tuple[TenderType, ...]:
    """The types of a catalog's rows (code, name, kind, position, detail); a row nobody can pay by is left out."""
    found = []
    for row in rows:
        try:
            found.append(tender_type(*row))
        except TenderTypeRefused:  # a newer headquarters knows kinds that this program does not
            continue
    return completed(found)


def tender_fault(tender: TenderType) -> str:
    """Why nobody could pay by this type, a sentence; empty when somebody can."""
    code, kind = tender.code, tender.kind
    if not re.fullmatch(r"[a-z][a-z0-9_-]{0,19}", code):
        return f"The code {code[:40]!r} of a tender is made of small letters and digits, at most 20, such as cash."
    if code in list(TenderKind) and code != kind:
        return f"The code {code!r} is the name of another kind of tender. Choose another one."
    if not re.fullmatch(r"[a-z]?", tender.key):
        return f"Tender {code!r}: the key {tender.key!r} is not one small letter."
    if not 0 < len(tender.name) <= NAME_LIMIT:
        return f"Tender {code!r} needs a name of at most {NAME_LIMIT} characters."
    amounts = (tender.min_amount, tender.max_amount, tender.refund_limit, tender.offline_limit)
    if min(amounts) < 0 or tender.over_limit < NO_BOUND or not 0 <= tender.rounding_step <= 1_000:
        return f"Tender {code!r}: a limit is below zero, or the rounding step is above 1000."
    if 0 < tender.max_amount < tender.min_amount:
        return f"Tender {code!r}: the most is less than the least."
    return _foreign_fault(tender)


def _foreign_fault(tender: TenderType) -> str:
    is_foreign = tender.kind is TenderKind.FOREIGN
    if is_foreign != bool(tender.currency) or is_foreign != bool(tender.rate):
        return f"Tender {tender.code!r}: foreign notes, and they alone, have a currency and a rate."
    if not is_foreign:
        return ""
    if not re.fullmatch(r"[A-Z]{3}", tender.currency):
        return f"Tender {tender.code!r}: {tender.currency[:9]!r} is no currency code. Use three capitals such as USD."
    if not re.fullmatch(RATE_PATTERN, tender.rate) or not tender.rate.strip("0."):
        return f"Tender {tender.code!r}: {tender.rate[:20]!r} is no rate. Write a decimal such as 0.9217."
    return ""


def completed(types: Iterable[TenderType]) -> tuple[TenderType, ...]:
    """Types in the order of the store, each with a letter of its own and with change in a type that exists.

    A letter that two ask for goes to the first; who has none gets that of its kind, then one of its code, then any.
    What headquarters does not name gives change in cash when it may be given in any amount. Without types: BUILT_IN.
    """
    ordered = sorted(types, key=lambda one: (one.position, one.code))[:MAX_TYPES]
    if not ordered:
        return BUILT_IN
    cash = next((one for one in ordered if one.kind is TenderKind.CASH), None)
    taken: set[str] = set()
    asked: dict[str, str] = {}
    for one in ordered:
        if one.key and one.key not in taken:
            taken.add(one.key)
            asked[one.code] = one.key
    for one in ordered:
        if one.code not in asked and one is not cash:
            asked[one.code] = _letter(one, taken)
            taken.add(asked[one.code])
    return tuple(
        replace(one, key=asked.get(one.code, ""), change=_change(one, ordered, cash)) for one in ordered
    )


def _letter(tender: TenderType, taken: set[str]) -> str:
    wanted = (_LETTERS.get(tender.kind, ""), *tender.code, *"abcdefghijklmnopqrstuvwxyz")
    return next((one for one in wanted if one.isalpha() and one not in taken), "")


def _change(tender: TenderType, types: list[TenderType], cash: TenderType | None) -> str:
    if tender.kind is TenderKind.CASH:
        return tender.code
    if tender.kind is TenderKind.ACCOUNT:
        return ""
    named = next((one for one in types if one.code == tender.change), None)
    if named is not None and named.kind in (TenderKind.CASH, TenderKind.VOUCHER):
        return named.code
    if tender.kind is TenderKind.FOREIGN and cash is not None:
        return cash.code
    return ""


def find_type(types: Iterable[TenderType], code: str) -> TenderType | None:
    """The type of that code, or None."""
    return next((one for one in types if one.code == code), None)


def first_of(types: Iterable[TenderType], kind: TenderKind) -> TenderType | None:
    """The first type of a kind, or None where the store takes none."""
    return next((one for one in types if one.kind is kind), None)


def by_key(types: Iterable[TenderType], letter: str) -> TenderType | None:
    """The type that a letter of the pay screen stands for, or None."""
    return next((one for one in types if one.key and one.key == letter.lower()), None)

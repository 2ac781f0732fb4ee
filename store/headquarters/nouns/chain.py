"""The chain itself: stores, their registers, and the databases that the scheduler fills."""

from typing import Annotated

import msgspec
from msgspec import Meta

from store.headquarters.nouns.noun import KeyPart, Noun

STORE = r"[A-Za-z0-9][A-Za-z0-9_]{0,15}"
"""No dash: a register's number is its store's, a dash, and more."""
REGISTER = r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}"
CURRENCY = "EUR"

Name = Annotated[str, Meta(max_length=80, description="Name for people.")]


class Store(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A store; travels as settings of job 1070."""

    name: Name = ""
    address: Annotated[
        str,
        Meta(
            max_length=400,
            description="Address for the receipt, lines apart by \\n.",
            extra={"kind": "lines"},
        ),
    ] = ""
    tax_id: Annotated[str, Meta(max_length=40, description="The seller's tax number for the receipt.")] = ""
    currency: Annotated[
        str,
        Meta(
            pattern="^[A-Z]{3}$", description="Currency of the chain, such as EUR; the same for all stores."
        ),
    ] = CURRENCY
    label_region: Annotated[
        str, Meta(max_length=2, description="Country whose weight and price labels are read, such as DE.")
    ] = ""
    receipt_footer: Annotated[
        str,
        Meta(max_length=400, description="Last lines of the receipt, apart by \\n.", extra={"kind": "lines"}),
    ] = ""
    offline_profile: Annotated[
        str, Meta(description="Offline profile of its registers.", extra={"ref": "offline-profile"})
    ] = ""
    functionality_profile: Annotated[
        str, Meta(description="Functionality profile of the store.", extra={"ref": "functionality-profile"})
    ] = ""
    server: Annotated[
        str, Meta(max_length=64, description="Name of its Retail Server; empty for any server that asks.")
    ] = ""
    pepper_of: Annotated[
        str,
        Meta(
            description="Store whose PIN secret this one shares, so that operators of all stores keep their PINs; only "
            "for a new store.",
            extra={"ref": "store"},
        ),
    ] = ""


class Register(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A register; travels with job 1090."""

    store: Annotated[str, Meta(description="Store it stands in.", extra={"ref": "store"})]
    name: Name = ""
    support_offline: Annotated[
        bool,
        Meta(description="Support offline: it has an offline database and sells when the server is gone."),
    ] = False
    offline_profile: Annotated[
        str,
        Meta(description="Offline profile; empty for that of the store.", extra={"ref": "offline-profile"}),
    ] = ""
    language: Annotated[
        str,
        Meta(
            pattern="^([a-z]{2})?$",
            description="Language of its receipts and screens; empty for the store's.",
        ),
    ] = ""
    hardware_profile: Annotated[
        str, Meta(description="Hardware profile: its devices.", extra={"ref": "hardware-profile"})
    ] = ""


class DataGroup(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Databases that get the same packages."""

    store: Annotated[str, Meta(description="Store whose data it gets.", extra={"ref": "store"})]
    name: Name = ""


class ChannelDatabase(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """A database that the scheduler fills: of a store (at its server), or of one register."""

    data_group: Annotated[
        str, Meta(description="The one channel data group it belongs to.", extra={"ref": "data-group"})
    ]
    store: Annotated[str, Meta(description="Its store.", extra={"ref": "store"})]
    register: Annotated[
        str, Meta(description="Its register; empty for the store's own.", extra={"ref": "register"})
    ] = ""


def _check_register(key: dict[str, str], register: Register) -> str:
    number = key["register"]
    if number.partition("-")[0] != register.store or number == register.store:
        return f"Register {number} has to be called {register.store}-..., after its store."
    return ""


NOUNS: tuple[Noun, ...] = (
    Noun(
        name="store",
        summary="stores of the chain",
        key=(KeyPart(name="store", help="Number of the store, such as S0001.", pattern=STORE),),
        fields=Store,
        jobs=("1070",),
        example='outpost hq --home HQ store set S0001 --name "First store"',
    ),
    Noun(
        name="register",
        summary="registers, and whether they support offline",
        key=(KeyPart(name="register", help="Number of the register, such as S0001-R01.", pattern=REGISTER),),
        fields=Register,
        jobs=("1090",),
        check=_check_register,
        example="outpost hq --home HQ register set S0001-R01 --store S0001 --support-offline yes",
    ),
    Noun(
        name="data-group",
        summary="channel data groups: databases that get the same packages",
        key=(KeyPart(name="data_group", help="Name of the channel data group."),),
        fields=DataGroup,
        example="outpost hq --home HQ data-group set S0001-pilot --store S0001",
    ),
    Noun(
        name="channel-database",
        summary="channel databases: the store's own and those of its registers",
        key=(KeyPart(name="database", help="Name of the database: the store's or the register's number."),),
        fields=ChannelDatabase,
        generic=("set", "list", "show", "export"),
        example="outpost hq --home HQ channel-database set S0001-R01 --data-group S0001-pilot",
    ),
)

"""Profiles: how patient a register is, what a store's registers may do, what is connected to them."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from store.exchange.hardware_profile import DevicesConfig
from store.exchange.offline_profile import OfflineProfile, check_profile
from store.headquarters.nouns.noun import KeyPart, Noun

Description = Annotated[str, Meta(max_length=200, description="What it is for.")]


class OfflineProfileRow(
    OfflineProfile, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """An offline profile; job 1070."""

    description: Description = ""


class FunctionalityProfile(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """What a store's registers do alike; job 1070, the lock time with 1090."""

    description: Description = ""
    lock_after_s: Annotated[
        int, Meta(ge=0, le=86_400, description="Lock a register after so long without a key; 0 never locks.")
    ] = 180
    cash_rounding_step: Annotated[
        int,
        Meta(
            ge=1,
            le=1_000,
            description="Smallest cash amount, such as 0.05; 0.01 rounds nothing.",
            extra={"kind": "amount"},
        ),
    ] = 1
    receipt_width: Annotated[int, Meta(ge=24, le=80, description="Characters in a line of the receipt.")] = 42
    max_line_amount: Annotated[
        int,
        Meta(
            ge=1,
            le=99_999_999_999,
            description="Largest amount of one line; more is taken for a typing mistake.",
            extra={"kind": "amount"},
        ),
    ] = 99_999_999


class HardwareProfile(
    DevicesConfig, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """What is connected to a register; job 1090."""

    description: Description = ""


def detail_of(profile: msgspec.Struct) -> dict[str, Any]:
    """Every field of a profile with its value, for its row in a package; what only headquarters needs is left out."""
    return {
        name: msgspec.to_builtins(getattr(profile, name))
        for name in profile.__struct_fields__
        if name != "description"
    }


def _check_offline_profile(key: dict[str, str], profile: OfflineProfileRow) -> str:
    return check_profile(profile)


NOUNS: tuple[Noun, ...] = (
    Noun(
        name="offline-profile",
        summary="offline profiles: when a register goes offline and how it comes back",
        key=(KeyPart(name="profile", help="Name of the profile."),),
        fields=OfflineProfileRow,
        jobs=("1070",),
        check=_check_offline_profile,
        example="outpost hq --home HQ offline-profile set OP1 --offline-timeout 0.8 --reconnection-interval 0",
    ),
    Noun(
        name="functionality-profile",
        summary="functionality profiles: what a store's registers do alike",
        key=(KeyPart(name="profile", help="Name of the profile."),),
        fields=FunctionalityProfile,
        jobs=("1070", "1090"),
        example="outpost hq --home HQ functionality-profile set FP1 --lock-after 120 --cash-rounding-step 0.05",
    ),
    Noun(
        name="hardware-profile",
        summary="hardware profiles: printers, drawers and scanners of a register",
        key=(KeyPart(name="profile", help="Name of the profile."),),
        fields=HardwareProfile,
        jobs=("1090",),
        example="outpost hq --home HQ hardware-profile set HP1 --printer tcp://10.0.0.20:9100 --drawer printer",
    ),
)

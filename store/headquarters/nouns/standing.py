"""Verbs that say how registers and their devices stand, and what helps when one fails."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from store.headquarters.nouns.asked import LIMIT, POSITIONAL, REASON, REGISTER, STORE, Given
from store.headquarters.nouns.noun import Noun, Verb


class RegisterStatusList(Given, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which registers."""

    store: STORE = ""


class RegisterStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How a register stands by its own last word; amounts in minor units, times UTC, empty for never.

    `stale`: it was not heard of for ten minutes and may have sold meanwhile. `records` and `quarantined` are
    headquarters' own: what is here of it, and what of that could not be booked.
    """

    register: str
    store: str
    device: str
    mode: str
    since: str = ""
    reason: str = ""
    unsent: int = 0
    unsent_transactions: int = 0
    oldest_unsent: str = ""
    amount_at_risk: int = 0
    currency: str = ""
    last_contact: str = ""
    last_contact_age_s: int | None = None
    stale: bool = False
    catalog_seq: int = 0
    catalog_age_s: int | None = None
    version: str = ""
    support_offline: bool = False
    shift_open: bool = False
    last_sync: str = ""
    last_sync_result: str = ""
    pending_downloads: int = 0
    series: str = ""
    records: int = 0
    quarantined: int = 0


class PeriodCheck(Given, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which period."""

    business_date: Annotated[
        str,
        Meta(
            pattern="^([0-9]{4}-[0-9]{2}-[0-9]{2})?$",
            description="To the end of this business date, as 2026-11-24; everything unless said.",
            extra={"kind": "date"},
        ),
    ] = ""
    store: STORE = ""


class PeriodFinding(msgspec.Struct, frozen=True, kw_only=True):
    """Why a register is not finished: unsent, open shift, never heard, not heard, quarantine."""

    register: str
    store: str
    problem: str
    detail: str


class PeriodAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a period can be closed."""

    ok: bool
    business_date: str
    sentence: str
    findings: list[PeriodFinding]


class DeviceSet(Given, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to do with the device of a register."""

    register: Annotated[str, Meta(description="Register whose device it is.", extra=REGISTER)]
    activation_code: Annotated[
        bool, Meta(description="Make a one-time code for a machine; it works once and for 15 minutes.")
    ] = False
    status: Annotated[
        Literal["activated", "deactivated", "disabled"] | None,
        Meta(
            description="disabled: nothing is given to it any more; activated: it is, again; deactivated: un-enrolled."
        ),
    ] = None
    force: Annotated[bool, Meta(description="Deactivate though records wait; needs --reason.")] = False
    reason: REASON = ""


class DeviceName(Given, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which device."""

    register: Annotated[str, Meta(description="Register whose device it is.", extra=POSITIONAL)]


class DeviceList(Given, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which devices."""

    store: STORE = ""


class DeviceRow(msgspec.Struct, frozen=True, kw_only=True):
    """The machine behind a register: Pending, Activated, Deactivated or Disabled."""

    register: str
    store: str
    device: str
    since: str
    reason: str
    series: str
    insecure: bool
    code_expires: str


class RecoveryGrantGiven(Given, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose records may come in."""

    register: Annotated[str, Meta(description="The dead register.", extra=POSITIONAL)]
    series: Annotated[
        str,
        Meta(description="Its series; unless said the newest one that another machine has taken over from."),
    ] = ""
    reason: REASON = ""


class UnlockCode(Given, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """For whom the code is."""

    register: Annotated[
        str, Meta(description="Register that shows the challenge.", extra={"ref": "register"})
    ]
    operator: Annotated[
        str, Meta(description="Number of the operator who has to get in.", extra={"ref": "staff"})
    ]
    challenge: Annotated[str, Meta(description="What the register shows, such as 7K2M-Q0ZT.")]
    reason: REASON = ""


class UnlockCodes(Given, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many."""

    limit: LIMIT = 100


NOUNS: tuple[Noun, ...] = (
    Noun(name="period", summary="whether a period can be closed", generic=()),
    Noun(name="device", summary="the machines behind the registers", generic=()),
)
VERBS: tuple[Verb, ...] = (
    Verb(
        noun="register",
        name="status",
        summary="Register offline status: mode, what has not arrived, last contact, catalog, version.",
        arguments=RegisterStatusList,
        reads=True,
        answers=list[RegisterStatus],
        columns=(
            "register",
            "device",
            "mode",
            "since",
            "unsent",
            "amount_at_risk",
            "oldest_unsent",
            "last_contact",
            "stale",
            "catalog_seq",
            "version",
        ),
        amounts=("amount_at_risk",),
        example="outpost hq --home HQ register status",
    ),
    Verb(
        noun="register",
        name="grant-recovery",
        summary="Allow the unsent records of a dead register to come in; prints a one-time code.",
        arguments=RecoveryGrantGiven,
        example="outpost hq --home HQ register grant-recovery S0001-R01 --reason 'power supply burnt'",
    ),
    Verb(
        noun="period",
        name="check",
        summary="List the registers with unsent sales, open shifts or no word; exit code 1 when there are any.",
        arguments=PeriodCheck,
        reads=True,
        answers=PeriodAnswer,
        example="outpost hq --home HQ period check --business-date 2026-11-24",
    ),
    Verb(
        noun="device",
        name="set",
        summary="Make an activation code, or deactivate, disable or enable a device.",
        arguments=DeviceSet,
        example="outpost hq --home HQ device set S0001-R01 --activation-code --json",
    ),
    Verb(
        noun="device",
        name="list",
        summary="Every device and its state.",
        arguments=DeviceList,
        reads=True,
        answers=list[DeviceRow],
        example="outpost hq --home HQ device list",
    ),
    Verb(
        noun="device",
        name="show",
        summary="A device with its history.",
        arguments=DeviceName,
        reads=True,
        example="outpost hq --home HQ device show S0001-R01",
    ),
    Verb(
        noun="staff",
        name="unlock-code",
        summary="The code by telephone for an operator whose PIN is forgotten while the register is offline.",
        arguments=UnlockCode,
        example="outpost hq --home HQ staff unlock-code --register S0001-R01 --operator 201 --challenge 7K2M-Q0ZT",
    ),
    Verb(
        noun="staff",
        name="unlock-codes",
        summary="Who was given such a code.",
        arguments=UnlockCodes,
        reads=True,
        example="outpost hq --home HQ staff unlock-codes",
    ),
)

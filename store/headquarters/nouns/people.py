"""People who work here: staff with their roles and PINs."""

from typing import Annotated

import msgspec
from msgspec import Meta

from store.exchange.permissions import Permission, limit_fault
from store.headquarters.nouns.noun import KeyPart, Noun
from store.sale.detail import StaffDetail
from store.sale.limits import WORDS

IMPLIED = (Permission.ANYONE, Permission.SIGNED_IN)
"""What everybody may; never set up."""
GRANTED = tuple(permission.value for permission in Permission if permission not in IMPLIED)
"""The permissions a role may hold."""


class Role(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A role; job 1060."""

    name: Annotated[str, Meta(max_length=40, description="Name for people.")] = ""
    permissions: Annotated[
        tuple[str, ...],
        Meta(
            max_length=100,
            description=f"What it may: {', '.join(GRANTED)}; given several times. Limits are given likewise: "
            f"{', '.join(f'{word}=N' for word in WORDS)} (percent, amounts in minor units).",
        ),
    ] = ()


class Staff(StaffDetail, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """An operator; job 1060. The PIN is kept apart, as a hash for each store (`StaffPin`)."""

    name: Annotated[str, Meta(min_length=1, max_length=60, description="Name on the screen.")]
    role: Annotated[str, Meta(description="Role.", extra={"ref": "role"})]
    store: Annotated[str, Meta(description="Store; empty for all stores.", extra={"ref": "store"})] = ""
    blocked: Annotated[bool, Meta(description="Cannot sign in.")] = False


class StaffInputs(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What is taken in about an operator and never shown."""

    pin: Annotated[
        str,
        Meta(
            pattern="^([0-9]{6,12})?$",
            description="PIN of 6 to 12 digits; without a value it is asked for, which leaves no trace in the shell.",
            extra={"kind": "secret"},
        ),
    ] = ""


class StaffPin(msgspec.Struct, frozen=True, kw_only=True):
    """The verifier of a PIN with the secret of one store; the noun `staff-pin`, key NUMBER/STORE."""

    hash: str


STAFF_PIN = "staff-pin"


def _check_role(key: dict[str, str], role: Role) -> str:
    for permission in role.permissions:
        if "=" in permission:
            if fault := limit_fault(permission):
                return fault
        elif permission not in GRANTED:
            return f"{permission[:40]!r} is no permission. There are: {', '.join(GRANTED)}."
    return ""


def _complete_role(key: dict[str, str], role: Role) -> Role:
    return msgspec.structs.replace(role, permissions=tuple(sorted(set(role.permissions))))


NOUNS: tuple[Noun, ...] = (
    Noun(
        name="role",
        summary="roles and what they may",
        key=(KeyPart(name="role", help="Code of the role.", pattern=r"[a-z][a-z0-9_-]{0,19}"),),
        fields=Role,
        jobs=("1060",),
        check=_check_role,
        complete=_complete_role,
        example="outpost hq --home HQ role set trainee --name Trainee --permission sell",
    ),
    Noun(
        name="staff",
        summary="operators with their roles and PINs",
        key=(KeyPart(name="staff", help="Number that the operator types.", pattern=r"[0-9]{1,8}"),),
        fields=Staff,
        inputs=StaffInputs,
        jobs=("1060",),
        example='outpost hq --home HQ staff set 101 --name "Ann Baker" --role cashier --pin',
    ),
)

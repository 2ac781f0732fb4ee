"""The store's decisions about people, shifts and suspended sales, from the key-value settings of job 1070."""

from collections.abc import Iterator, Mapping

import msgspec

BADGES = ("pin", "alone")
SHIFTS = ("shared", "personal")
MOST_HOURS = 24 * 365


class PeoplePolicy(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who may be at the till, and what waits there.

    `badge` is "pin" when a badge needs the PIN beside it, "alone" when it signs in by itself. `shift` is "shared" when
    whoever signs in goes on in the open shift, "personal" when each operator has a shift of their own. A suspended sale
    older than `old_sale_hours` is resumed with a warning about its prices.
    """

    badge: str = "pin"
    shift: str = "shared"
    old_sale_hours: int = 4


SETTINGS = {
    "badge_sign_in": "A badge signs in with the PIN (pin, as without this setting) or by itself (alone).",
    "shift_of": "A shift is everybody's who signs in (shared, as without this setting) or its operator's (personal).",
    "old_sale_hours": "Hours after which a suspended sale is resumed with a warning about its prices; 4 without it.",
}
"""What headquarters' noun `setting` says about each."""


def people_policy(settings: Mapping[str, str]) -> PeoplePolicy:
    """The decisions of the settings; what cannot be is kept, for `people_faults` to tell."""
    hours = settings.get("old_sale_hours", "4").strip()
    whole = hours.isascii() and hours.isdigit() and len(hours) <= 6
    return PeoplePolicy(
        badge=settings.get("badge_sign_in", "pin").strip(),
        shift=settings.get("shift_of", "shared").strip(),
        old_sale_hours=int(hours) if whole else -1,
    )


def people_faults(policy: PeoplePolicy) -> Iterator[str]:
    """Sentences about settings that cannot be."""
    for name, value, known in (
        ("badge_sign_in", policy.badge, BADGES),
        ("shift_of", policy.shift, SHIFTS),
    ):
        if value not in known:
            yield f"{name} = {value[:20]!r} is none of {', '.join(known)}."
    if not 0 <= policy.old_sale_hours <= MOST_HOURS:
        yield f"old_sale_hours must be a whole number from 0 to {MOST_HOURS}."

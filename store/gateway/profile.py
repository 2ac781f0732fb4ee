"""The offline profile: how patient a register is with its server. Set in register.toml, table `[offline]`.

Names, defaults and ranges are those of docs/failover.md.
"""

from typing import Annotated

import msgspec
from msgspec import Meta


class OfflineProfile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a store decides about going offline and coming back; seconds unless the name says otherwise."""

    offline_timeout_s: Annotated[float, Meta(ge=0.2, le=120)] = 0.8
    """A data request that has not succeeded within this, retries included, switches the register."""
    retry_count: Annotated[int, Meta(ge=0, le=5)] = 1
    """Attempts after the first, inside the timeout; a refused connection counts as an attempt."""
    reconnection_interval_s: Annotated[float, Meta(ge=0, le=7_200)] = 60
    """Shortest time between attempts to come back, which are made when a transaction starts."""
    prompt_on_switch: bool = False
    """Ask before switching to offline. Not offered yet, see `check_profile`."""
    manual_switch_before_sign_in: bool = True
    """Operation 917 may be used on the sign-in screen."""
    advanced_switching: bool = False
    """A background check may bring the register online at any idle moment. Not offered yet."""
    health_check_interval_s: Annotated[float, Meta(ge=1, le=3_600)] = 5
    """Only with advanced switching."""
    slow_server_threshold_ms: Annotated[int, Meta(ge=50, le=10_000)] | None = None
    """95th percentile of the last 20 calls that counts as slow; None is off. Only with advanced switching."""
    slow_reconnection_interval_s: Annotated[float, Meta(ge=0, le=7_200)] = 600
    """The reconnection interval after a switch for slowness."""
    download_interval_s: Annotated[float, Meta(ge=1, le=86_400)] = 60
    upload_interval_idle_s: Annotated[float, Meta(ge=1, le=3_600)] = 60
    upload_interval_waiting_s: Annotated[float, Meta(ge=0.1, le=3_600)] = 1
    """The upload interval while records wait."""
    upload_batch_records: Annotated[int, Meta(ge=1, le=100)] = 100
    upload_batch_bytes: Annotated[int, Meta(ge=70_000, le=262_144)] = 262_144
    pause_synchronisation: bool = False
    """Neither upload nor download; sales stay on the register until this is taken back."""
    deferred_card_limit: Annotated[int, Meta(ge=0)] = 5_000
    """Largest card payment that may be authorised later, per sale, in minor units."""
    deferred_card_limit_sum: Annotated[int, Meta(ge=0)] = 50_000
    """Largest running sum of such payments, in minor units."""


HEDGE_S = 0.150
"""After this silence the local answer is used when there is one; people feel more as a stutter."""
START_REQUEST_S = 0.150
"""The most a transaction start waits for the network."""


def hedge_s(profile: OfflineProfile) -> float:
    """How long a read waits for the server before the local answer is used; never more than the timeout."""
    return min(HEDGE_S, profile.offline_timeout_s)


def check_profile(profile: OfflineProfile) -> str:
    """Empty, or one sentence about what this profile asks for and the register does not offer."""
    if profile.advanced_switching:
        return "offline.advanced_switching is not offered by this version: set it to false."
    if profile.prompt_on_switch:
        return "offline.prompt_on_switch is not offered by this version: set it to false."
    return ""

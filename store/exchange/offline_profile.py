"""The offline profile: how patient a register is with its server; table `[offline_profile]` of register.toml, a noun of
headquarters, and a row of job 1070.

Names, defaults and ranges are those of docs/failover.md.
"""

from typing import Annotated

import msgspec
from msgspec import Meta


class OfflineProfile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a store decides about going offline and coming back."""

    offline_timeout_s: Annotated[
        float,
        Meta(
            ge=0.2,
            le=120,
            description="Seconds after which a data request that has not succeeded, retries included, switches the "
            "register to the offline database. Stores on a long line take 2.",
        ),
    ] = 0.8
    retry_count: Annotated[
        int,
        Meta(
            ge=0,
            le=5,
            description="Attempts after the first, inside the timeout; a refused connection is one.",
        ),
    ] = 1
    reconnection_interval_s: Annotated[
        float,
        Meta(
            ge=0,
            le=7_200,
            description="Shortest time in seconds between attempts to come back online; they are made when a "
            "transaction begins.",
        ),
    ] = 60
    prompt_on_switch: Annotated[
        bool,
        Meta(
            description="Ask whoever is signed in once before the register goes offline by itself; without an answer "
            "in 5 seconds it goes."
        ),
    ] = False
    manual_switch_before_sign_in: Annotated[
        bool, Meta(description="Operation 917 may be used on the sign-in screen.")
    ] = True
    advanced_switching: Annotated[
        bool,
        Meta(
            description="A background check brings the register online at any idle moment, a slow server switches "
            "it offline, and a sign-in waits for the server no longer than 0.3 seconds."
        ),
    ] = False
    health_check_interval_s: Annotated[
        float, Meta(ge=1, le=3_600, description="Seconds between checks; only with advanced switching.")
    ] = 5
    slow_server_threshold_ms: Annotated[
        int | None,
        Meta(
            description="Milliseconds (50 to 10000) that 19 of the last 20 calls must stay within (their p95), or the "
            "register goes offline; unset is off. Only with advanced switching."
        ),
    ] = None
    slow_reconnection_interval_s: Annotated[
        float,
        Meta(
            ge=0, le=7_200, description="Reconnection interval in seconds after a switch because of slowness."
        ),
    ] = 600
    download_interval_s: Annotated[
        float, Meta(ge=1, le=86_400, description="Seconds between looks for a new data package.")
    ] = 60
    upload_interval_idle_s: Annotated[
        float,
        Meta(ge=1, le=3_600, description="Seconds between looks for records to upload while none is known."),
    ] = 60
    upload_interval_waiting_s: Annotated[
        float,
        Meta(
            ge=0.1,
            le=3_600,
            description="Seconds of the first pause after an upload that failed; a new record goes at once.",
        ),
    ] = 1
    upload_batch_records: Annotated[int, Meta(ge=1, le=100, description="Most records in one upload.")] = 100
    upload_batch_bytes: Annotated[
        int, Meta(ge=70_000, le=262_144, description="Most bytes in one upload; one record always fits.")
    ] = 262_144
    upload_bulk_records: Annotated[
        int,
        Meta(
            ge=0,
            le=400,
            description="Most records in one upload while more waits than a batch holds and the server is quick; up to "
            "100 for never. Only with the largest upload_batch_records and upload_batch_bytes.",
        ),
    ] = 400
    pause_synchronisation: Annotated[
        bool,
        Meta(
            description="Neither upload nor download; records stay on the register until this is false again."
        ),
    ] = False
    deferred_card_limit: Annotated[
        int,
        Meta(
            ge=0,
            description="Largest card payment, in minor units, that may be authorised later, per sale.",
            extra={"kind": "amount"},
        ),
    ] = 5_000
    deferred_card_limit_sum: Annotated[
        int,
        Meta(
            ge=0,
            description="Largest running sum of such payments, in minor units.",
            extra={"kind": "amount"},
        ),
    ] = 50_000


def check_profile(profile: OfflineProfile) -> str:
    """Empty, or one sentence about what is wrong with this profile that the ranges of its fields do not say."""
    threshold_ms = profile.slow_server_threshold_ms
    if threshold_ms is not None and not 50 <= threshold_ms <= 10_000:
        return "offline_profile.slow_server_threshold_ms must lie between 50 and 10000."
    return ""

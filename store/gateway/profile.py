"""What the gateway does with the offline profile beside its own fields (docs/failover.md)."""

from store.exchange.offline_profile import OfflineProfile, check_profile

__all__ = [
    "HEDGE_S",
    "PROMPT_S",
    "SIGN_IN_S",
    "START_REQUEST_S",
    "OfflineProfile",
    "check_profile",
    "hedge_s",
    "sign_in_s",
]

HEDGE_S = 0.150
"""After this silence the local answer is used when there is one; people feel more as a stutter."""
START_REQUEST_S = 0.150
"""The most a transaction start waits for the network."""
PROMPT_S = 5.0
"""Without an answer in this time the register goes offline."""
SIGN_IN_S = 0.300
"""With advanced switching the most a sign-in waits for the server."""


def hedge_s(profile: OfflineProfile) -> float:
    """How long a read waits for the server before the local answer is used; never more than the timeout."""
    return min(HEDGE_S, profile.offline_timeout_s)


def sign_in_s(profile: OfflineProfile) -> float:
    """How long a sign-in waits for the server before the offline database is asked."""
    return (
        min(SIGN_IN_S, profile.offline_timeout_s) if profile.advanced_switching else profile.offline_timeout_s
    )

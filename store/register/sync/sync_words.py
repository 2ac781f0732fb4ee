"""How synchronisation stands, in words for a person. Pure: the moment is an argument."""

import msgspec

from store.register.sync.history import Attempt
from store.sale.language import counted, phrase

SECOND_MS, MINUTE_MS, HOUR_MS, DAY_MS = 1_000, 60_000, 3_600_000, 86_400_000
STALE_DAYS = 7
"""Older than this is "more than 7 days ago", whatever it was."""
FAILED = " failed: "
SKEW_MS = 5_000
"""A last sync this far in the future is a clock that was set back, not a rounding."""


class SyncFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the sentence depends on."""

    started: bool
    """Somebody has signed in here once."""
    supported: bool
    """This register keeps an offline database."""
    paused: bool
    busy: str
    """What is being done now; empty for nothing."""
    down: Attempt
    up: Attempt
    hold: str = ""
    """Why uploads are held for good; empty while they are not."""


def age_words(at_ms: int, now_ms: int) -> str:
    """ "12 seconds ago", "3 days ago", "more than 7 days ago"; says so when the clock is behind."""
    age_ms = now_ms - at_ms
    if age_ms < -SKEW_MS:
        return phrase("the clock of this register is behind the last sync")
    if age_ms > STALE_DAYS * DAY_MS:
        return phrase("more than {stale_days} days ago", STALE_DAYS)
    if age_ms >= DAY_MS:
        return counted("{n} day ago", "{n} days ago", age_ms // DAY_MS)
    if age_ms >= HOUR_MS:
        return counted("{n} hour ago", "{n} hours ago", age_ms // HOUR_MS)
    if age_ms >= MINUTE_MS:
        return counted("{n} minute ago", "{n} minutes ago", age_ms // MINUTE_MS)
    if age_ms >= SECOND_MS:
        return counted("{n} second ago", "{n} seconds ago", age_ms // SECOND_MS)
    return phrase("just now")


def last_sync_words(facts: SyncFacts, now_ms: int) -> str:
    """The last attempt and its result: one line of the Connection status."""
    if facts.busy:
        return phrase("syncing now: {busy}", facts.busy)
    return "; ".join(part for part in (_standing(facts), _attempts(facts, now_ms)) if part)


def _standing(facts: SyncFacts) -> str:
    if not facts.supported:
        return phrase("offline not supported on this register")
    if facts.paused:
        return phrase("paused by the offline profile")
    return ""


def _attempts(facts: SyncFacts, now_ms: int) -> str:
    newest_ms = max(facts.down.at_ms, facts.up.at_ms)
    if not newest_ms:
        return (
            phrase("never synced")
            if facts.started
            else phrase("never synced; it starts with the first sign-in")
        )
    failed: list[str] = []
    done: list[str] = []
    if facts.hold:
        failed.append(phrase("uploads are held: {hold}", facts.hold))
    elif facts.up.at_ms:
        _sort("upload", facts.up, failed, done)
    if facts.down.at_ms:
        _sort("download", facts.down, failed, done)
    return ", ".join([age_words(newest_ms, now_ms), *failed, *done])


def _sort(what: str, attempt: Attempt, failed: list[str], done: list[str]) -> None:
    """What failed comes first: a narrow screen cuts the end."""
    if attempt.result == "ok":
        done.append(phrase("{what}s done", what))
    elif FAILED in attempt.result:  # it names package and step already
        failed.append(attempt.result)
    else:
        failed.append(f"{what}{FAILED}{attempt.result}")

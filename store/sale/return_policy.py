"""The store's decisions about goods that come back, from the key-value settings of job 1070."""

from collections.abc import Iterator, Mapping

import msgspec

RETURN_REASONS = (
    "Wrong size or colour",
    "Damaged or faulty",
    "Past its date or spoilt",
    "Bought by mistake",
    "Wrong price charged",
)
"""Why goods come back, where the store has no list of its own."""
MAX_REASONS = 12
OFFLINE = ("own", "all", "none")
MOST = 99_999_999_999


class ReturnPolicy(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How goods come back.

    `reasons` is the list to choose from; with a receipt one is asked for only when `ask_reason`. While the server does
    not answer, receipts of this register are accepted ("own"), of every register whose sales came with job 1200
    ("all"), or none; then at most `offline_limit` minor units are given back in one ticket (0: no bound).
    """

    reasons: tuple[str, ...] = RETURN_REASONS
    ask_reason: bool = False
    offline: str = "own"
    offline_limit: int = 10_000


SETTINGS = {
    "return_reasons": "Why goods come back, one reason a line; without this setting there is a list of five.",
    "return_ask_reason": "A reason is asked for with a receipt too (1); without this setting it is not (0).",
    "offline_returns": "Receipts accepted while the server does not answer: own (as without this setting), all, none.",
    "offline_return_limit": "Minor units given back in one ticket while the server does not answer; 10000 without it.",
}
"""What headquarters' noun `setting` says about each."""


def return_policy(settings: Mapping[str, str]) -> ReturnPolicy:
    """The decisions of the settings; what cannot be is kept, for `return_faults` to tell."""
    lines = tuple(line.strip() for line in settings.get("return_reasons", "").splitlines() if line.strip())
    limit = settings.get("offline_return_limit", "10000").strip()
    whole = limit.isascii() and limit.isdigit() and len(limit) <= 12
    return ReturnPolicy(
        reasons=lines or RETURN_REASONS,
        ask_reason=settings.get("return_ask_reason", "0").strip() == "1",
        offline=settings.get("offline_returns", "own").strip(),
        offline_limit=int(limit) if whole else -1,
    )


def return_faults(policy: ReturnPolicy) -> Iterator[str]:
    """Sentences about settings that cannot be."""
    if len(policy.reasons) > MAX_REASONS:
        yield f"return_reasons has {len(policy.reasons)} lines; at most {MAX_REASONS} fit on the screen."
    if policy.offline not in OFFLINE:
        yield f"offline_returns = {policy.offline[:20]!r} is none of {', '.join(OFFLINE)}."
    if not 0 <= policy.offline_limit <= MOST:
        yield f"offline_return_limit must be a whole number from 0 to {MOST}."

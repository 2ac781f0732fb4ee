"""Badges: a barcode or card that stands for a person (919). Only its hash with the store's pepper is kept anywhere."""

import hashlib
import hmac

from store.gateway.offline import StaffMember
from store.register.session.work import Work
from store.sale.language import phrase

SHORTEST_BADGE = 6
"""Characters; fewer could be guessed at the till."""
LONGEST_BADGE = 64


def badge_hash(pepper: bytes, text: str) -> str:
    """What is kept of a badge: HMAC-SHA256 of its text under the store's secret, hexadecimal."""
    return hmac.new(pepper, b"badge\0" + text.encode("utf-8"), hashlib.sha256).hexdigest()


def needs_pin(work: Work) -> bool:
    """Whether the store wants the PIN beside a badge."""
    return work.ports.shop.policy().people.badge != "alone"


async def holder(work: Work, text: str) -> StaffMember | None:
    """The person of a badge, None when the text is nobody's: known here, else to the server or the catalog."""
    text = text.strip()
    if not SHORTEST_BADGE <= len(text) <= LONGEST_BADGE or not work.ports.pepper:
        return None
    hashed = badge_hash(work.ports.pepper, text)
    own = work.state.badges.get(hashed)
    told = None if own is not None and not work.online else await work.ports.staff.badge_holder(hashed)
    number = own if told is None else told  # what was given elsewhere since then, the server knows
    if not number:
        return None
    return (await work.ports.staff.find(number)).member


def not_a_badge(work: Work, otherwise: str) -> str:
    """Why a scan is refused where only a badge is taken."""
    return (
        otherwise if not work.ports.pepper else phrase("is nobody's badge here, and {otherwise}", otherwise)
    )

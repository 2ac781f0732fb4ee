"""Cards taken while the register is offline by a terminal that authorises them later: the profile's two limits.

Which terminals do so says headquarters (a tender with `authorises_later`, job 1070); one that has a line of its own
authorises at once, and nothing is limited. Outstanding is what the server has not acknowledged: with the line that
brings the records up the terminal's authorisations go out as well.
"""

import msgspec

from store.register.journal.errors import JournalError
from store.register.session.work import Work
from store.sale.language import phrase
from store.sale.sale import Sale

BATCH = 200
"""Records read at once."""


class _Row(msgspec.Struct, frozen=True):
    amount: int
    deferred: int = 0


class _Payload(msgspec.Struct, frozen=True):
    kind: str
    tenders: tuple[_Row, ...] = ()


_DECODER = msgspec.json.Decoder(_Payload)


def is_deferred(work: Work, code: str) -> bool:
    """Whether a card of that tender type, taken now, is authorised later."""
    if work.online or not work.ports.shop.cards_authorised_later:
        return False
    later = [one.code for one in work.policy.tenders if one.authorises_later]
    return code in later or not later


async def over_limit(work: Work, sale: Sale, amount: int, code: str) -> str:
    """Why this card payment is too much to be authorised later, a sentence; empty when it may be taken."""
    if not is_deferred(work, code):
        return ""
    profile = work.ports.profile()
    in_sale = sum(tender.amount for tender in sale.live_tenders if tender.deferred)
    left = profile.deferred_card_limit - in_sale
    if amount > left:
        return _sentence(work, left, f"{work.money(profile.deferred_card_limit)} a sale")
    try:
        left = profile.deferred_card_limit_sum - in_sale - await _outstanding(work)
    except JournalError as error:
        return error.sentence
    if amount > left:
        return _sentence(
            work,
            left,
            phrase("{deferred_card_limit_sum} in all", work.money(profile.deferred_card_limit_sum)),
        )
    return ""


def _sentence(work: Work, left: int, limit: str) -> str:
    rest = phrase("at most {left} more", work.money(left)) if left > 0 else phrase("nothing more")
    return phrase(
        "Offline, cards are authorised later, {limit}: {rest} by card. Take the rest in cash.", limit, rest
    )


async def _outstanding(work: Work) -> int:
    """The sum of such payments that the server does not know yet. Raises JournalError."""
    journal = work.ports.journal
    seq, total = (await journal.upload_state()).acked_seq, 0
    while records := await journal.records(seq, BATCH):
        seq = records[-1].seq
        for record in records:
            payload = _DECODER.decode(record.payload)
            total += sum(row.amount for row in payload.tenders if payload.kind == "sale" and row.deferred)
    return total

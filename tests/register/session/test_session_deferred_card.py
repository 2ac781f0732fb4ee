"""Cards that are authorised later: only offline, only where the terminal does so, within the profile's two limits."""

from typing import Any

import msgspec
import pytest

from session_fakes import DONE, FLOWERS, REFUSED, Till, running
from store.exchange.offline_profile import OfflineProfile
from store.gateway.states import Mode
from store.register.journal.errors import JournalFull
from store.register.view import Mode as ScreenMode


async def offline_with(till: Till, later: bool = True, **limits: Any) -> None:
    """A till with an open shift, offline, at a terminal that authorises later."""
    till.world.shop.cards_authorised_later = later
    till.world.profile = OfflineProfile(**limits)
    await till.ready()
    till.world.connection.mode = Mode.OFFLINE_AUTO


async def bouquet(till: Till, price: str) -> None:
    """A sale of that much, at the payment."""
    await till.scan(FLOWERS)
    await till.enter(price)
    await till.operation(139)


async def paid_by_card(till: Till, part: str = "") -> Any:
    outcome = await till.operation(201, part)
    return await till.answer("yes") if outcome.outcome is DONE else outcome


async def test_deferred_card_limit_is_the_most_by_card_in_one_sale(tmp_path):
    async with running(tmp_path) as till:
        await offline_with(till, deferred_card_limit=2_000)
        await bouquet(till, "50.00")
        refused = await paid_by_card(till)
        assert refused.outcome is REFUSED
        assert refused.why == (
            "Offline, cards are authorised later, 20.00 a sale: at most 20.00 more by card. Take the rest in cash."
        )
        assert (await paid_by_card(till, "15")).outcome is DONE
        assert "at most 5.00 more by card" in (await paid_by_card(till, "5.01")).why
        assert (await paid_by_card(till, "5")).outcome is DONE
        assert "nothing more by card" in (await paid_by_card(till, "1")).why
        assert (await till.enter("30")).outcome is DONE
        sale = (await till.records())[-1]
        assert [(row["kind"], row["amount"], row.get("deferred")) for row in sale["tenders"]] == [
            ("card", 1_500, 1),
            ("card", 500, 1),
            ("cash", 3_000, None),
        ]


async def test_deferred_card_limit_of_a_voided_payment_is_free_again(tmp_path):
    async with running(tmp_path) as till:
        await offline_with(till, deferred_card_limit=2_000)
        await bouquet(till, "50.00")
        await paid_by_card(till, "20")
        await till.operation(211)
        await till.answer("yes")
        assert (await paid_by_card(till, "20")).outcome is DONE


async def test_deferred_card_limit_sum_is_the_most_that_waits_for_the_server_over_all_sales(tmp_path):
    async with running(tmp_path) as till:
        await offline_with(till, deferred_card_limit=5_000, deferred_card_limit_sum=6_000)
        for _ in range(2):
            await bouquet(till, "25.00")
            assert (await paid_by_card(till)).outcome is DONE
        again = await till.restarted()
        await bouquet(again, "25.00")
        refused = await paid_by_card(again)
        assert refused.why == (
            "Offline, cards are authorised later, 60.00 in all: at most 10.00 more by card. Take the rest in cash."
        )
        assert (await paid_by_card(again, "10")).outcome is DONE
        head = await again.journal.head()
        upload = again.journal.upload_state

        async def acknowledged():
            return msgspec.structs.replace(await upload(), acked_seq=head.seq)

        again.journal.upload_state = acknowledged
        assert (await paid_by_card(again)).outcome is DONE, "with the records the authorisations went out"
        assert again.view.mode is ScreenMode.PAID


@pytest.mark.parametrize(("later", "mode"), [(False, Mode.OFFLINE_AUTO), (True, Mode.ONLINE)])
async def test_a_terminal_that_authorises_at_once_is_not_limited(tmp_path, later, mode):
    async with running(tmp_path) as till:
        await offline_with(till, later, deferred_card_limit=0, deferred_card_limit_sum=0)
        till.world.connection.mode = mode
        await bouquet(till, "400.00")
        assert (await paid_by_card(till)).outcome is DONE
        sale = (await till.records())[-1]
        assert "deferred" not in sale["tenders"][0]


async def test_a_sum_that_cannot_be_read_takes_no_card(tmp_path):
    async with running(tmp_path) as till:
        await offline_with(till)
        await bouquet(till, "25.00")

        async def full():
            raise JournalFull("The disk is full. Free some space.")

        till.journal.upload_state = full
        refused = await paid_by_card(till)
        assert (refused.outcome, refused.why) == (REFUSED, "The disk is full. Free some space.")
        assert (await till.enter("")).outcome is DONE, "cash is taken whatever happens"

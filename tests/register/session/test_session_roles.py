"""Who may do what: the server's word at the sign-in, permissions of job 1060, and the switch before sign-in."""

import pytest

from session_fakes import DONE, MILK, PEPPER, REFUSED, SOLD, running
from store.database.pins import hash_pin
from store.exchange.offline_profile import OfflineProfile
from store.gateway.offline import StaffMember
from store.register.view import Mode
from store.sale.policy import StorePolicy


def member(number="101", role="cashier", permissions="", pin="", name="Ann Baker"):
    return StaffMember(
        number=number,
        name=name,
        role=role,
        salt="",
        hash=hash_pin(PEPPER, pin or number * 2),
        permissions=permissions,
    )


async def test_an_operator_blocked_at_headquarters_cannot_sign_in_although_the_catalog_knows_her(tmp_path):
    async with running(tmp_path) as till:
        till.world.staff.server = {}
        outcome = await till.sign_in("101")
        assert outcome.outcome is REFUSED
        assert "Number or PIN is wrong" in outcome.why
        assert till.view.mode is Mode.LOCKED
        till.world.staff.server = None
        assert (await till.sign_in("101")).outcome is DONE


async def test_a_pin_and_role_changed_at_headquarters_hold_at_the_next_online_sign_in(tmp_path):
    async with running(tmp_path) as till:
        till.world.staff.server = {"101": member(role="technician", pin="777777")}
        assert (await till.sign_in("101")).outcome is REFUSED, "the old PIN is the catalog's"
        assert (await till.sign_in("101", "777777")).outcome is DONE
        assert till.view.header.role == "technician"
        assert 1200 not in till.view.operations, "a technician opens no shift"


async def test_offline_a_pin_of_the_package_that_waits_holds_at_the_sign_in_unless_a_sale_is_open(tmp_path):
    async with running(tmp_path) as till:
        shop = till.world.shop
        newer = {"101": member(pin="777777")}

        async def take_the_newer_one():
            shop.staff = newer

        shop.flip = take_the_newer_one
        assert (await till.sign_in("101")).outcome is REFUSED, "the old PIN"
        assert (await till.sign_in("101", "777777")).outcome is DONE
        await till.enter("0")
        await till.scan(MILK)
        await till.operation(703)
        newer = {"101": member(pin="888888")}
        assert (await till.sign_in("101", "777777")).outcome is DONE, "the sale keeps its data"


async def test_the_first_sign_in_ever_needs_no_catalog_and_begins_synchronisation(tmp_path):
    async with running(tmp_path) as till:
        shop = till.world.shop
        shop.trouble, shop.version = "The first data are on their way.", ""
        till.world.staff.server = {"101": member()}
        assert (await till.sign_in("101")).outcome is DONE
        assert till.world.sync.signed_in == 1
        refused = await till.enter("100")
        assert refused.outcome is REFUSED, "not even the currency is known"
        assert refused.why == "The shift opens when the shop's data is here. The first data are on their way."
        shop.trouble, shop.version = "", "c000001"
        assert (await till.enter("100")).outcome is DONE
        assert (await till.scan(MILK)).outcome is SOLD


async def test_who_signs_in_first_reads_that_the_data_is_on_its_way(tmp_path):
    async with running(tmp_path) as till:
        shop = till.world.shop
        shop.trouble, shop.version = "The shop's data is on its way.", ""
        till.world.staff.server = {"101": member()}
        await till.sign_in("101")
        assert till.view.message.text == (
            "The shop's data is on its way. Type the start amount in the drawer and Enter."
        )


async def test_a_shift_opens_in_no_currency_before_job_1070_came(tmp_path):
    async with running(tmp_path) as till:
        shop = till.world.shop
        whole, shop.store_policy = shop.store_policy, StorePolicy()
        till.world.staff.server = {"101": member()}
        await till.sign_in("101")
        till.session.data_came()
        missing = "1070 Channel configuration is missing. Headquarters runs job 1070; then press Sync now."
        assert till.view.message.text == f"Data is here, but not all of it: {missing}"
        refused = await till.enter("100")
        assert refused.outcome is REFUSED
        assert refused.why == f"The shift opens when the shop's data is here. {missing}"
        shop.store_policy = whole
        assert (await till.enter("100")).outcome is DONE


async def test_a_start_amount_typed_while_the_first_data_is_on_its_way_waits_for_it(tmp_path):
    async with running(tmp_path) as till:
        shop = till.world.shop
        shop.trouble, shop.version = "The first data are on their way.", ""
        till.world.staff.server = {"101": member()}
        await till.sign_in("101")
        flip = shop.flip

        async def comes_later():
            await flip()
            if shop.flips == 20:
                shop.trouble, shop.version = "", "c000001"

        shop.flip = comes_later
        assert (await till.enter("100")).outcome is DONE
        assert till.view.mode is Mode.IDLE
        assert shop.flips == 20


async def test_a_role_of_headquarters_may_exactly_what_its_words_say_and_unknown_words_are_ignored(tmp_path):
    async with running(tmp_path) as till:
        till.world.shop.role_rows = {"helper": "sell open_shift fly", "boss": "sell void_sale"}
        till.world.staff.server = {"101": member(role="helper", permissions="sell open_shift fly")}
        await till.ready("101")
        assert (await till.scan(MILK)).outcome is SOLD
        outcome = await till.operation(500)
        assert outcome.outcome is REFUSED
        assert outcome.why == "Void sale is not allowed for a helper. Sign on as boss for it."
        assert 500 not in till.view.operations
        assert 139 in till.view.operations


async def test_permissions_outlive_a_restart_and_a_lock_takes_them_away(tmp_path):
    async with running(tmp_path) as till:
        till.world.staff.server = {"101": member(permissions="sell open_shift shift_report")}
        await till.ready("101")
        again = await till.restarted()
        assert 1056 in again.view.operations
        assert 1000 not in again.view.operations
        await again.operation(703)
        assert 1056 not in again.view.operations


async def test_who_takes_over_is_told_by_permission_and_not_by_the_name_of_the_role(tmp_path):
    async with running(tmp_path) as till:
        await till.ready("101")
        await till.scan(MILK)
        await till.operation(703)
        till.world.staff.server = {
            "102": member("102", role="manager", permissions="sell", name="Bob Cook"),
            "103": member("103", role="deputy", permissions="sell take_over", name="Dee Puty"),
        }
        refused = await till.sign_in("102")
        assert refused.outcome is REFUSED
        assert "A sale of Ann Baker is open" in refused.why
        assert (await till.sign_in("103")).outcome is DONE
        assert till.view.mode is Mode.SALE


@pytest.mark.parametrize("allowed", [True, False])
async def test_manual_switch_before_sign_in_is_the_profiles_to_allow(tmp_path, allowed):
    """`manual_switch_before_sign_in`: 917 on the sign-in screen; after sign-in it always switches."""
    async with running(tmp_path) as till:
        till.world.profile = OfflineProfile(manual_switch_before_sign_in=allowed)
        outcome = await till.operation(917, "disconnect")
        assert (outcome.outcome is DONE) == allowed
        assert till.view.may_switch == allowed
        if not allowed:
            assert "after sign-in only" in outcome.why
            await till.sign_in("101")
            assert till.view.may_switch
            assert (await till.operation(917, "disconnect")).outcome is DONE

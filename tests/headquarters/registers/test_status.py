"""Register offline status and the check of a period, from what registers say and what arrived."""

import pytest

from hq_arrivals import deliver, enrolled, open_world, put_series, report, say, till
from server_world import wall_ms
from store.sale.moment import ms_of

CLOSED = {
    "currency": "EUR",
    "sales": 0,
    "sales_total": 0,
    "expected_cash": 10000,
    "counted": 10000,
    "grand_total": 0,
    "tenders": [],
    "taxes": [],
}


@pytest.fixture
async def world(tmp_path):
    async with open_world(tmp_path) as world:
        await world.chain("S0001-R01", "S0001-R02")
        yield world


async def status(world, register="S0001-R01", **query):
    rows = await world.ask("register", "status", **query)
    return next(row for row in rows if row["register"] == register)


async def test_a_register_says_how_it_stands_and_what_waits(world):
    server, register = await world.server(), till()
    now_ms = wall_ms()
    await enrolled(server, register)
    await say(
        server,
        report(
            register,
            now_ms,
            mode="OFFLINE auto",
            reason="no answer in time",
            since_ms=now_ms - 60_000,
            unsent=5,
            unsent_transactions=3,
            oldest_unsent_ms=now_ms - 50_000,
            amount_at_risk=1878,
            catalog_created_ms=now_ms - 3_600_000,
            shift_open=True,
        ),
    )
    row = await status(world)
    assert (row["mode"], row["reason"], row["unsent"], row["unsent_transactions"], row["amount_at_risk"]) == (
        "OFFLINE auto",
        "no answer in time",
        5,
        3,
        1878,
    )
    assert (row["device"], row["version"], row["catalog_seq"], row["currency"]) == (
        "Activated",
        "0.3",
        7,
        "EUR",
    )
    assert row["since"] < row["oldest_unsent"] < row["last_contact"] and not row["stale"]
    assert 3_600 <= row["catalog_age_s"] < 3_660 and row["last_contact_age_s"] < 60
    silent = await status(world, "S0001-R02")
    assert (silent["mode"], silent["device"], silent["stale"], silent["last_contact_age_s"]) == (
        "never heard",
        "Pending",
        True,
        None,
    )


async def test_a_register_that_was_not_heard_of_for_ten_minutes_is_marked(world):
    server, now_ms = await world.server(), wall_ms()
    await say(server, report(till(), now_ms, heard_ms=now_ms - 601_000))
    assert (await status(world))["stale"]


async def test_the_newest_word_counts_in_whatever_order_words_arrive(world):
    server, register, now_ms = await world.server(), till(), wall_ms()
    words = [report(register, now_ms - age, unsent=age) for age in (3, 1, 2)]
    await say(server, *words)
    await say(server, words[0])
    assert (await status(world))["unsent"] == 1


async def test_a_report_from_the_future_was_heard_now_and_nonsense_is_left_out(world):
    server, now_ms = await world.server(), wall_ms()
    await say(
        server,
        report(till(), now_ms, heard_ms=now_ms + 10**9, mode="X" * 1_000),
        report(till("S0001-R02"), now_ms, unsent=-1),
        report(till("S0001-R02"), now_ms, store="S0009"),
        report(till("S0001-R02"), 2**70),
    )
    row = await status(world)
    assert row["last_contact_age_s"] < 60 and len(row["mode"]) == 200
    assert (await status(world, "S0001-R02"))["mode"] == "never heard"
    await say(server, *[report(till(), now_ms)] * 1_001, expect=413)


async def test_a_register_that_is_only_heard_of_is_listed_too(world):
    await say(await world.server(), report(till("S0005-R01"), wall_ms()))
    assert (await status(world, "S0005-R01"))["store"] == "S0005"
    assert [row["register"] for row in await world.ask("register", "status", store="S0005")] == ["S0005-R01"]


async def check(world, **query):
    answer = await world.ask("period", "check", **query)
    found = {(row["register"], row["problem"]) for row in answer["findings"]}
    assert answer["ok"] == (not found)
    assert all(f"{register}  {problem}: " in answer["sentence"] for register, problem in found)
    return found


async def shift(world, server, register, *, close, date="2026-01-05"):
    register.add("shift.open", business_date=date)
    if close:
        register.add("shift.close", business_date=date, **CLOSED)
    await put_series(server, register)
    await deliver(server, register)
    await world.settled()


async def test_a_period_is_not_closed_while_sales_wait_shifts_are_open_or_nobody_was_heard(world):
    server, one, two = await world.server(), till(), till("S0001-R02")
    assert await check(world) == set()
    await enrolled(server, one)
    await enrolled(server, two)
    assert await check(world) == {("S0001-R01", "never heard"), ("S0001-R02", "never heard")}
    now_ms = wall_ms()
    await say(server, report(one, now_ms, unsent=2, unsent_transactions=1), report(two, now_ms))
    assert await check(world) == {("S0001-R01", "unsent")}
    await say(server, report(one, now_ms + 1))
    await shift(world, server, one, close=False)
    await shift(world, server, two, close=True)
    assert await check(world) == {("S0001-R01", "open shift")}
    assert await check(world, business_date="2026-01-05") == {("S0001-R01", "open shift")}
    assert await check(world, business_date="2026-01-04") == set()
    one.add("shift.close", **CLOSED)
    await deliver(server, one, 2)
    await world.settled()
    assert await check(world) == set()


async def test_a_register_that_fell_silent_or_whose_record_is_in_quarantine_is_not_finished(world):
    server, one, now_ms = await world.server(), till(), wall_ms()
    await enrolled(server, one)
    await say(server, report(one, now_ms, heard_ms=now_ms - 700_000))
    assert await check(world) == {("S0001-R01", "not heard")}
    # It was heard on a later day than the period's last and nothing waited: that period is complete.
    assert await check(world, business_date="2026-01-05") == set()
    # West of Greenwich a business day goes on when the next one has begun in UTC.
    midnight_ms = ms_of("2026-01-06T00:30:00.000Z")
    await say(server, report(one, now_ms + 1, heard_ms=midnight_ms))
    assert await check(world, business_date="2026-01-05") == {("S0001-R01", "not heard")}
    await say(server, report(one, now_ms + 2, heard_ms=midnight_ms + 12 * 3_600_000))
    assert await check(world, business_date="2026-01-05") == set()
    await say(server, report(one, now_ms + 3, shift_open=True))
    assert await check(world) == {("S0001-R01", "open shift")}
    await say(server, report(one, now_ms + 4))
    one.add("coupon")
    await put_series(server, one)
    await deliver(server, one)
    await world.settled()
    assert await check(world, store="S0001") == {("S0001-R01", "quarantine")}
    assert await check(world, store="S0002") == set()


async def test_a_register_goes_only_when_no_machine_is_activated_as_it(world):
    server, one = await world.server(), till()
    await world.do("device", "set", register="S0001-R01", activation_code=True)
    await enrolled(server, one)
    await say(server, report(one, wall_ms()))
    said = await world.remove("register", "S0001-R01", expect=409)
    assert "outpost hq device set S0001-R01 --status deactivated" in said["detail"]
    await world.do("device", "set", register="S0001-R01", status="deactivated")
    assert (await world.remove("register", "S0001-R01"))["outcome"] == "removed"

"""Vouchers at the server: balance, holds of open sales, and a voucher that was spent twice is never silent."""

import asyncio
import json

from server_world import Register, body, problem, running_world
from store.ledger.causes import cause_of
from store.sale.voucher import voucher_number

NUMBER = voucher_number(b"sixteen bytes of")
OTHER = voucher_number(b"sixteen others .")


def issue(register: Register, amount: int, number=NUMBER, **more):
    """A sale of a voucher for cash."""
    line = {
        "n": 1,
        "sku": "voucher",
        "name": "Voucher",
        "quantity": "1",
        "unit": "pcs",
        "price": amount,
        "amount": amount,
        "tax": "",
        "tax_amount": 0,
        "gross": amount,
        "source": "online",
        "price_source": "typed",
        "no_discount": 1,
        "voucher": number,
    }
    seq = len(register.records) + 1
    sums = {"subtotal": amount, "total": amount, "paid": amount, "change": 0, "lines": [line], "taxes": []}
    rows = [{"n": 1, "tender": 1, "kind": "cash", "amount": amount}]
    register.add(txn_id=f"{register.name}-{seq}", tenders=rows, **sums, **more)


def redeem(register: Register, amount: int, number=NUMBER, txn_id=""):
    """A sale of 6.26 of which a voucher pays a part."""
    seq = len(register.records) + 1
    rows = [
        {"n": 1, "tender": 1, "kind": "voucher", "amount": amount, "voucher": number},
        {"n": 2, "tender": 2, "kind": "cash", "amount": 626 - amount},
    ]
    register.add(txn_id=txn_id or f"{register.name}-{seq}", tenders=rows, change=0)


async def second_register(world):
    return await Register.enrol(world, (await world.prepare("S0042-R04")).code)


async def differences(world):
    rows = await world.report("differences")
    return {row["effect"]: (row["register_value"], row["server_value"]) for row in rows}


async def hold(register, amount, txn_id, number=NUMBER, **more):
    content = json.dumps({"txn_id": txn_id, "amount": amount, **more}).encode()
    status, answer, _ = await register.send("POST", f"/vouchers/{number}/holds", content)
    return (status, json.loads(answer)) if status == 200 else (status, problem(answer))


async def test_what_is_on_a_voucher_is_the_sum_of_what_the_records_say(tmp_path):
    async with running_world(tmp_path) as world:
        register = await world.enrolled()
        issue(register, 2_000)
        redeem(register, 500)
        redeem(register, 626)
        await register.upload()
        await world.settled()
        status, voucher = await register.get(f"/vouchers/{NUMBER}")
        assert status == 200
        assert (voucher["balance"], voucher["currency"], voucher["issued"]) == (874, "EUR", "2026-01-05")
        assert await differences(world) == {}
        status, _ = await register.get(f"/vouchers/{OTHER}")
        assert status == 404
        for text in ("4711", "%00", NUMBER[:-1] + "x"):
            assert (await register.get(f"/vouchers/{text}"))[0] == 404


async def test_f28_two_registers_never_hold_the_last_ten_euros_both(tmp_path):
    """Gift card and reward spending raced; two registers spend the last 10.00 at once."""
    async with running_world(tmp_path) as world:
        first, second = await world.enrolled(), await second_register(world)
        issue(first, 1_000)
        await first.upload()
        await world.settled()
        answers = await asyncio.gather(
            *(hold(each, 1_000, f"sale-{n}") for n, each in enumerate((first, second, first, second)))
        )
        assert sorted(answer["granted"] for _, answer in answers) == [0, 0, 0, 1_000]


async def test_a_hold_is_the_sales_own_again_and_again_until_it_is_let_go_spent_or_old(tmp_path):
    now = {"ms": 1_000_000}
    async with running_world(tmp_path) as world:
        world.context.now_ms = lambda: now["ms"] + 1_767_600_000_000
        first, second = await world.enrolled(), await second_register(world)
        issue(first, 1_000)
        await first.upload()
        await world.settled()
        for _ in range(2):
            assert (await hold(first, 700, "a"))[1]["granted"] == 700
        assert (await hold(second, 700, "b"))[1]["granted"] == 300
        assert (await hold(first, 0, "a"))[1]["granted"] == 0
        assert (await hold(second, 1_000, "b"))[1]["granted"] == 1_000
        redeem(second, 400, txn_id="b")
        await second.upload()
        await world.settled()
        _, answer = await hold(first, 1_000, "a")
        assert (answer["granted"], answer["balance"], answer["held"]) == (600, 600, 0)
        assert (await hold(second, 100, "b"))[1]["granted"] == 0  # its sale is recorded
        assert (await hold(second, 100, "c"))[1]["granted"] == 0
        now["ms"] += 3 * 3_600_000
        assert (await hold(second, 600, "c"))[1]["granted"] == 600


async def test_what_a_register_did_not_send_yet_counts_once_before_and_after_it_is_posted(tmp_path):
    """A sale is paid by a voucher and not sent yet when the next one asks: what was held for it is not gone twice."""
    async with running_world(tmp_path) as world:
        register = await world.enrolled()
        issue(register, 2_000)
        await register.upload()
        await world.settled()
        assert (await hold(register, 700, "a"))[1]["granted"] == 700
        _, answer = await hold(register, 5_000, "b", unsent=["a", "offline"])
        assert (answer["balance"], answer["held"], answer["granted"], answer["counted"]) == (
            2_000,
            700,
            1_300,
            700,
        )
        redeem(register, 700, txn_id="a")
        await register.upload()
        await world.settled()
        _, answer = await hold(register, 5_000, "b", unsent=["a"])  # its acknowledgement was lost
        assert (answer["balance"], answer["held"], answer["granted"], answer["counted"]) == (
            1_300,
            0,
            1_300,
            700,
        )
        assert (await hold(register, 1, "b", unsent=["x" * 65]))[0] == 400
        assert (await hold(register, 1, "b", unsent=["x"] * 51))[0] == 400


async def test_a_hold_without_a_sale_or_of_nothing_that_is_known_is_refused(tmp_path):
    async with running_world(tmp_path) as world:
        register = await world.enrolled()
        assert await hold(register, 100, "a") == (404, "unknown-voucher")
        assert await hold(register, 100, "a", "4711") == (404, "unknown-voucher")
        issue(register, 1_000)
        await register.upload()
        await world.settled()
        for amount, txn_id in ((-1, "a"), (100, ""), (100, "x" * 65), (10**12, "a"), (1, "a\0")):
            assert (await hold(register, amount, txn_id))[1] == "bad-request"


async def test_a_voucher_spent_twice_offline_counts_and_is_a_difference_for_a_person(tmp_path):
    async with running_world(tmp_path) as world:
        first, second = await world.enrolled(), await second_register(world)
        issue(first, 1_000)
        redeem(first, 600)
        redeem(second, 600)
        for register in (first, second):
            await register.upload()
            await world.settled()
        assert (await world.settled())["posted"] == 3
        assert await differences(world) == {f"voucher:{NUMBER}": ("600", "400")}
        assert "spent" in cause_of(f"voucher:{NUMBER}")
        _, voucher = await first.get(f"/vouchers/{NUMBER}")
        assert voucher["balance"] == -200


async def test_a_voucher_nobody_issued_is_a_difference_and_one_taken_back_is_empty(tmp_path):
    async with running_world(tmp_path) as world:
        register = await world.enrolled()
        redeem(register, 300, OTHER)
        issue(register, 1_000)
        issue(register, -1_000)
        await register.upload()
        await world.settled()
        assert await differences(world) == {f"voucher:{OTHER}": ("300", "0")}
        _, voucher = await register.get(f"/vouchers/{NUMBER}")
        assert voucher["balance"] == 0


async def test_a_record_that_fails_to_post_changes_no_voucher(tmp_path):
    from store.ledger.effects import post

    def broken(books, ref, payload):
        post(books, ref, payload)
        if ref.seq == 2:
            raise ZeroDivisionError("a bug")

    async with running_world(tmp_path, post_record=broken) as world:
        register = await world.enrolled()
        issue(register, 1_000)
        redeem(register, 600)
        await register.upload()
        await world.settled()
        _, voucher = await register.get(f"/vouchers/{NUMBER}")
        assert voucher["balance"] == 1_000


def test_foreign_notes_that_are_not_worth_what_is_stated_are_a_difference():
    from server_world import sale
    from store.ledger.recomputation import recompute_sale

    rows = [
        {
            "n": 1,
            "tender": 1,
            "kind": "foreign",
            "type": "usd",
            "amount": 922,
            "currency": "USD",
            "foreign": 1_000,
            "rate": "0.9217",
        },
        {"n": 2, "tender": 1, "kind": "change", "amount": -296},
    ]
    told = body("S0001-R01.1", 1) | sale() | {"tenders": rows, "change": 296}
    assert list(recompute_sale(told)) == []
    rows[0]["amount"], rows[1]["amount"], told["change"] = 930, -304, 304
    assert list(recompute_sale(told)) == [("tender:1.foreign", 930, 922)]

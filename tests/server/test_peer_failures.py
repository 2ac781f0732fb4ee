"""Failures that users of other systems reported, met at the server; the numbers are those of docs/failures.md."""

import asyncio
import contextlib
import random

import aiohttp

from server_world import STORE, running_world

REGISTERS = 50
BACKLOG = 20


async def seqs_at(world, series):
    return await world.sql(f"select seq from record where series = '{series}' order by seq")


async def test_f03_a_line_that_breaks_again_in_the_middle_of_a_backlog_loses_the_rest_to_no_flag(tmp_path):
    chance = random.Random(3)
    async with running_world(tmp_path) as world:
        register = await world.enrolled()
        for _ in range(60):
            register.add()
        acked = 0
        while acked < 60:
            batch = register.batch(acked + 1, min(60, acked + chance.randint(1, 9)))
            attempt = asyncio.create_task(register.upload(batch))
            await asyncio.sleep(chance.choice((0, 0.001, 0.02)))
            if chance.random() < 0.5:
                attempt.cancel()
            with contextlib.suppress(asyncio.CancelledError, aiohttp.ClientError):
                acked = max(acked, (await attempt)[1].acked_seq)
        assert await seqs_at(world, register.series) == [(seq,) for seq in range(1, 61)]
        assert (await world.settled())["posted"] == 60


async def test_f09_sales_of_one_second_stand_alone_and_a_bad_one_takes_none_with_it(tmp_path):
    async with running_world(tmp_path) as world:
        register = await world.enrolled()
        at = "2026-01-05T08:00:00.000Z"
        register.add(at=at)
        register.add(at=at, kind="sale", lines="not a list")
        register.add(at=at)
        register.add(at=at)
        assert (await register.upload())[1].acked_seq == 4
        assert await world.settled() == {"accepted": 4, "posted": 3, "quarantined": 1, "waiting": 0}


async def test_f17_the_same_basket_twice_is_two_sales_and_the_same_sale_twice_is_one(tmp_path):
    async with running_world(tmp_path) as world:
        register = await world.enrolled()
        register.add()
        register.add()  # three seconds later, another customer with the same goods
        for _ in range(3):
            assert (await register.upload())[1].acked_seq == 2
        await world.settled()
        rows = await world.report("transactions")
        assert sorted(row["receipt_no"] for row in rows) == [1, 2]
        assert len({row["txn_id"] for row in rows}) == 2


async def test_f33_a_sale_of_a_shift_that_the_server_has_never_heard_of_is_taken(tmp_path):
    async with running_world(tmp_path) as world:
        register = await world.enrolled()
        register.add(shift_id="no-such-shift")
        register.add(shift_id="")
        assert (await register.upload())[1].acked_seq == 2
        assert (await world.settled())["posted"] == 2


async def test_f34_fifty_registers_with_a_backlog_that_come_back_at_once_are_all_served(tmp_path):
    async with running_world(tmp_path) as world:
        registers = [await world.enrolled(f"{STORE}-R{number:02d}") for number in range(REGISTERS)]
        for register in registers:
            for _ in range(BACKLOG):
                register.add()

        async def catch_up(register):
            chance, done = random.Random(register.name), 0
            while done < BACKLOG:
                status, answer = await register.upload(register.batch(done + 1, done + 5))
                if status == 503:  # busy: it says when to come again, a register draws its pause below that
                    await asyncio.sleep(chance.random() * 0.2)
                else:
                    done = answer.acked_seq

        await asyncio.gather(*(catch_up(register) for register in registers))
        books = await world.settled()
        assert books["posted"] == books["accepted"] == REGISTERS * BACKLOG
        counts = await world.sql("select series, count(*), max(seq) from record group by series")
        assert {row[1:] for row in counts} == {(BACKLOG, BACKLOG)}
        assert len(counts) == REGISTERS

"""What a register sends is at the server exactly once."""


from server_world import running_world


async def test_a_sale_is_accepted_acknowledged_and_posted(tmp_path):
    async with running_world(tmp_path) as world:
        register = await world.enrolled()
        register.add()
        status, answer = await register.upload()
        assert (status, answer.acked_seq, answer.acked_hash) == (200, 1, register.head().hex())
        assert await world.settled() == {"accepted": 1, "posted": 1, "quarantined": 0, "waiting": 0}
        [row] = await world.report("transactions")
        assert (row["state"], row["total"], row["currency"], row["receipt_no"]) == ("posted", 626, "EUR", 1)
        assert await world.report("differences") == []

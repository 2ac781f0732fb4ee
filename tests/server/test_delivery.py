"""What a register sends is at the server exactly once, whatever happens on the way."""

import asyncio
from urllib.parse import urlsplit

import msgspec

from server_world import MemoryKeyring, Register, running_world
from store.exchange.acknowledgement import acknowledgement_is_genuine
from store.exchange.messages import RecordBatch


async def records_at(world):
    return [row[0] for row in await world.sql("select seq from record order by series, seq")]


async def test_a_sale_is_accepted_acknowledged_and_posted(tmp_path):
    async with running_world(tmp_path) as world:
        register = await world.enrolled()
        register.add()
        status, answer = await register.upload()
        assert (status, answer.acked_seq, answer.acked_hash) == (200, 1, register.head().hex())
        assert acknowledgement_is_genuine(bytes.fromhex(register.answer.server_key), answer)
        assert await world.settled() == {"accepted": 1, "posted": 1, "quarantined": 0, "waiting": 0}
        [row] = await world.report("transactions")
        assert (row["state"], row["total"], row["currency"], row["receipt_no"]) == ("posted", 626, "EUR", 1)
        assert await world.report("differences") == []


async def test_f19_second_upload_of_the_same_sale_is_acknowledged_not_stored(tmp_path):
    async with running_world(tmp_path) as world:
        register = await world.enrolled()
        register.add()
        assert (await register.upload())[1].records[0].outcome == "accepted"
        status, again = await register.upload()
        assert (status, again.acked_seq, again.records[0].outcome) == (200, 1, "duplicate")
        assert await records_at(world) == [1]
        await world.settled()
        assert len(await world.report("transactions")) == 1


async def test_the_stored_bytes_are_the_sent_bytes(tmp_path):
    async with running_world(tmp_path) as world:
        register = await world.enrolled()
        for _ in range(3):
            register.add()
        await register.upload()
        rows = await world.sql("select payload, prev, hash, signature, key_id from record order by seq")
        sent = [(r.payload, r.prev, r.hash, r.signature, r.key_id) for r in register.records]
        assert rows == sent


async def send_and_hang_up(register, content, *, wait_for_answer):
    """Send a batch on a connection of our own and cut it before or after the server's answer began."""
    path = f"/series/{register.series}/records"
    address = urlsplit(register.url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    headers = register.sign("POST", path, content) | {
        "Host": address.netloc,
        "Content-Length": str(len(content)),
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    writer.write(f"POST {path} HTTP/1.1\r\n{lines}\r\n".encode() + content)
    await writer.drain()
    if wait_for_answer:
        assert await reader.read(1)  # the answer comes after the commit, and here it is lost
    else:
        await asyncio.sleep(0)
    writer.transport.abort()


async def test_f16_an_answer_dropped_after_the_commit_a_hundred_times_leaves_each_sale_once(tmp_path):
    async with running_world(tmp_path) as world:
        register = await world.enrolled()
        for count in range(1, 101):
            register.add()
            await send_and_hang_up(register, register.batch(max(1, count - 3)), wait_for_answer=True)
        status, answer = await register.upload()
        assert (status, answer.acked_seq) == (200, 100)
        assert {record.outcome for record in answer.records} == {"duplicate"}
        assert await records_at(world) == list(range(1, 101))
        assert (await world.settled())["posted"] == 100
        assert sum(row["total"] for row in await world.report("transactions")) == 100 * 626
        assert await world.sql("select count(*) from sale_line") == [(100,)]


async def test_a_client_that_hangs_up_in_the_middle_leaves_all_of_its_batch_or_nothing(tmp_path):
    async with running_world(tmp_path) as world:
        register = await world.enrolled()
        for _ in range(40):
            register.add()
        for _ in range(10):
            await send_and_hang_up(register, register.batch(1, 40), wait_for_answer=False)
        for _ in range(100):
            if await records_at(world):
                break
            await asyncio.sleep(0.01)
        assert await records_at(world) in ([], list(range(1, 41)))
        assert (await register.upload())[1].acked_seq == 40


async def upload_all(register, size):
    for first in range(1, len(register.records) + 1, size):
        status, answer = await register.upload(register.batch(first, first + size - 1))
        assert status in (200, 409), answer
        await asyncio.sleep(0)


async def test_two_uploaders_at_once_deliver_each_record_once(tmp_path):
    async with running_world(tmp_path) as world:
        register = await world.enrolled()
        for _ in range(60):
            register.add()
        await asyncio.gather(*(upload_all(register, size) for size in (1, 7, 7, 13)))
        assert (await register.upload())[1].acked_seq == 60
        assert await records_at(world) == list(range(1, 61))
        assert (await world.settled())["posted"] == 60


async def test_two_servers_on_one_database_store_and_post_each_record_once(tmp_path):
    keyring = MemoryKeyring()
    async with (
        running_world(tmp_path, keyring=keyring) as one,
        running_world(tmp_path, keyring=keyring) as two,
    ):
        register = await one.enrolled()
        for _ in range(50):
            register.add()
        other = Register(
            two.url, two.http, register.key, register.name, register.series, records=register.records
        )
        await asyncio.gather(*(upload_all(side, size) for side in (register, other) for size in (3, 10)))
        assert (await register.upload())[1].acked_seq == (await other.upload())[1].acked_seq == 50
        assert await records_at(one) == list(range(1, 51))
        assert (await two.settled())["posted"] == 50


async def test_a_batch_that_overlaps_is_taken_from_where_it_is_new(tmp_path):
    async with running_world(tmp_path) as world:
        register = await world.enrolled()
        for _ in range(5):
            register.add()
        await register.upload(register.batch(1, 3))
        _, answer = await register.upload(register.batch(2, 5))
        assert [record.outcome for record in answer.records] == [
            "duplicate",
            "duplicate",
            "accepted",
            "accepted",
        ]


async def test_batches_in_the_wrong_order_are_refused_as_a_gap_and_converge(tmp_path):
    async with running_world(tmp_path) as world:
        register = await world.enrolled()
        for _ in range(4):
            register.add()
        status, answer = await register.upload(register.batch(3, 4))
        assert (status, answer.acked_seq, answer.expected) == (409, 0, 1)
        assert [record.outcome for record in answer.records] == ["gap", "skipped"]
        await register.upload(register.batch(1, 2))
        assert (await register.upload(register.batch(3, 4)))[1].acked_seq == 4


async def test_a_server_restored_from_an_older_backup_is_filled_again_from_its_head(tmp_path):
    keyring = MemoryKeyring()
    async with running_world(tmp_path / "a", keyring=keyring) as world:
        register = await world.enrolled()
        for _ in range(6):
            register.add()
        await register.upload(register.batch(1, 3))
        await world.settled()
        await world.context.channel._database.checkpoint()
        (tmp_path / "b").mkdir()
        (tmp_path / "b" / "channel.db").write_bytes((tmp_path / "a" / "channel.db").read_bytes())
        assert (await register.upload())[1].acked_seq == 6
    async with running_world(tmp_path / "b", keyring=keyring) as world:
        register.url, register.http = world.url, world.http
        status, head = await register.get(f"/series/{register.series}/head")
        assert (status, head["seq"], head["hash"]) == (200, 3, register.records[2].hash.hex())
        assert (await register.upload(register.batch(4)))[1].acked_seq == 6
        assert await records_at(world) == [1, 2, 3, 4, 5, 6]


async def test_size_limits_are_answered_so_that_the_register_can_halve_its_batch(tmp_path):
    async with running_world(tmp_path) as world:
        register = await world.enrolled()
        for _ in range(401):
            register.add()
        path = f"/series/{register.series}/records"
        status, _, _ = await register.send("POST", path, register.batch())
        assert status == 413
        for _ in range(40):
            register.add(note="x" * 40_000)
        status, _, _ = await register.send("POST", path, register.batch(402))
        assert status == 413
        status, _, headers = await register.send("POST", path, b"x" * 5_000_000)
        assert status == 413 and headers["Outpost-Protocol"] == "1"
        status, _, _ = await register.send("POST", "/enrolments", b"x" * 2_000_000)
        assert status == 413
        assert await records_at(world) == []


async def test_a_body_damaged_on_its_way_is_asked_for_again(tmp_path):
    async with running_world(tmp_path) as world:
        register = await world.enrolled()
        register.add()
        content, path = register.batch(), f"/series/{register.series}/records"
        headers = register.sign("POST", path, content) | {"Content-Digest": "sha-256=:AAAA:"}
        status, answer, _ = await register.send("POST", path, content, headers)
        assert status == 400 and b"digest-mismatch" in answer
        assert await records_at(world) == []


async def test_a_batch_is_named_by_its_last_record(tmp_path):
    async with running_world(tmp_path) as world:
        register = await world.enrolled()
        register.add()
        path = f"/series/{register.series}/records"
        for batch in (
            msgspec.structs.replace(msgspec.json.decode(register.batch(), type=RecordBatch), batch="00" * 32),
            msgspec.structs.replace(msgspec.json.decode(register.batch(), type=RecordBatch), records=()),
        ):
            status, _, _ = await register.send("POST", path, msgspec.json.encode(batch))
            assert status == 400
        for rubbish in (b"", b"[]", b"{", b"[" * 100_000, b"\xff"):
            status, _, _ = await register.send("POST", path, rubbish)
            assert status == 400
        assert await records_at(world) == []

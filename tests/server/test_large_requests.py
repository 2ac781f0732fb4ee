"""More than a batch in one request: accepted in pieces, in order, answered as one, within bounds."""

import msgspec
import pytest

from server_world import running_world
from store.database.errors import DatabaseBusy
from store.exchange.acknowledgement import acknowledgement_is_genuine
from store.exchange.messages import RecordBatch
from store.ledger import intake
from store.server.api import admission


async def register_with(world, count, **more):
    register = await world.enrolled()
    for _ in range(count):
        register.add(**more)
    return register


async def stored(world):
    return (await world.sql("select count(*), coalesce(max(seq), 0) from record"))[0]


@pytest.fixture
def commits(monkeypatch):
    """How many records each commit of the accept stage took."""
    taken, real = [], intake.accept

    def counted(db, piece, now_ms, **more):
        done = real(db, piece, now_ms, **more)
        taken.append(done.stored)
        return done

    monkeypatch.setattr(intake, "accept", counted)
    return taken


async def test_a_large_request_is_taken_piece_by_piece_posted_and_answered_as_one(tmp_path, commits):
    async with running_world(tmp_path) as world:
        register = await register_with(world, 350)
        status, answer = await register.upload()
        assert (status, answer.acked_seq, answer.acked_hash) == (200, 350, register.head().hex())
        assert acknowledgement_is_genuine(bytes.fromhex(register.answer.server_key), answer)
        assert [(row.seq, row.outcome) for row in answer.records] == [(n, "accepted") for n in range(1, 351)]
        assert commits == [100, 100, 100, 50]
        assert await world.settled() == {"accepted": 350, "posted": 350, "quarantined": 0, "waiting": 0}
        status, again = await register.upload()
        assert {row.outcome for row in again.records} == {"duplicate"} and again.acked_seq == 350
        assert await stored(world) == (350, 350)


async def test_what_cannot_be_taken_ends_the_request_and_what_was_before_it_stays(tmp_path):
    async with running_world(tmp_path) as world:
        register = await register_with(world, 350)
        batch = msgspec.json.decode(register.batch(), type=RecordBatch)
        records = list(batch.records)
        records[220] = msgspec.structs.replace(records[220], signature="00" * 64)
        status, answer = await register.upload(register.batch_of(tuple(records)))
        assert (status, answer.acked_seq, answer.expected) == (422, 220, 221)
        assert [row.outcome for row in answer.records] == (
            ["accepted"] * 220 + ["rejected"] + ["skipped"] * 129
        )
        assert await world.sql("select seq from rejected") == [(221,)]
        assert (await register.upload(register.batch(221)))[1].acked_seq == 350


async def test_a_fork_in_a_later_piece_leaves_its_evidence(tmp_path):
    async with running_world(tmp_path) as world:
        register = await register_with(world, 150)
        await register.upload()
        kept = register.records[:120]
        register.records = list(kept)
        for n in range(130):
            register.add(note=f"another {n}")
        status, answer = await register.upload()
        assert (status, answer.acked_seq) == (409, 150)
        assert [row.outcome for row in answer.records][119:122] == ["duplicate", "fork", "skipped"]
        assert await world.sql("select seq from fork") == [(121,)]
        assert await stored(world) == (150, 150)


async def test_trouble_with_the_database_between_pieces_answers_what_is_stored(tmp_path, monkeypatch):
    real, calls = intake.accept, []

    def troubled(db, piece, now_ms, **more):
        calls.append(len(piece.records))
        if len(calls) == 3:
            raise DatabaseBusy("Somebody writes.")
        return real(db, piece, now_ms, **more)

    monkeypatch.setattr(intake, "accept", troubled)
    async with running_world(tmp_path) as world:
        register = await register_with(world, 350)
        status, answer = await register.upload()
        assert (status, answer.acked_seq, answer.acked_hash) == (200, 200, register.records[199].hash.hex())
        assert [row.outcome for row in answer.records] == ["accepted"] * 200 + ["skipped"] * 150
        assert calls == [100, 100, 100]
        assert (await register.upload(register.batch(201)))[1].acked_seq == 350


async def test_trouble_with_the_first_piece_is_an_answer_to_come_again(tmp_path, monkeypatch):
    def troubled(*args, **more):
        raise DatabaseBusy("Somebody writes.")

    monkeypatch.setattr(intake, "accept", troubled)
    async with running_world(tmp_path) as world:
        register = await register_with(world, 150)
        assert (await register.upload())[0] == 503
        assert await stored(world) == (0, 0)


async def test_large_bodies_are_received_only_while_there_is_room(tmp_path, monkeypatch):
    monkeypatch.setattr(admission, "MOST_LARGE", 0)
    async with running_world(tmp_path) as world:
        register = await register_with(world, 30, note="x" * 40_000)
        path = f"/series/{register.series}/records"
        status, content, _ = await register.send("POST", path, register.batch())
        assert status == 413 and b"send less at a time" in content
        monkeypatch.setattr(admission, "MOST_LARGE", 1)
        for _ in range(2):  # the room is given back
            assert (await register.upload())[1].acked_seq == 30

"""One file, byte for byte: what stays when something goes wrong."""

import asyncio
import hashlib

import pytest

from store.gateway.errors import ServerRefused, ServerUnreachable
from store.register.sync.fetch import BUFFER_BYTES, FileDamaged, Wanted, fetch_file

DATA = bytes(range(256)) * 4_096
SHA256 = hashlib.sha256(DATA).hexdigest()


def wanted_in(folder, size=1 << 20, most=1 << 20):
    return Wanted(name="the file", path=folder / SHA256, sha256=SHA256, size=size, most=most)


async def never():
    return


def server(data=DATA, step=10_000, breaks_after=None, asked=None):
    """Sends from a position on in steps; breaks off after so many bytes."""

    async def get(begin, write):
        if asked is not None:
            asked.append(begin)
        if begin > len(data):
            raise ServerRefused("past the end", 416, "")
        for at in range(begin, len(data), step):
            if breaks_after is not None and at - begin >= breaks_after:
                raise ServerUnreachable("the answer broke off")
            await write(at, data[at : at + step])

    return get


async def test_file_comes_whole_and_bears_its_name_only_then(tmp_path):
    wanted = wanted_in(tmp_path)
    assert await fetch_file(server(), wanted, never) == len(DATA)
    assert wanted.path.read_bytes() == DATA
    assert not wanted.part.exists()
    assert wanted.path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("breaks_after", [1, 10_000, 300_000, 900_000])
async def test_what_came_stays_and_the_next_attempt_asks_for_the_rest(tmp_path, breaks_after):
    wanted, asked = wanted_in(tmp_path), []
    with pytest.raises(ServerUnreachable):
        await fetch_file(server(breaks_after=breaks_after), wanted, never)
    there = wanted.part.stat().st_size
    assert there >= breaks_after
    assert await fetch_file(server(asked=asked), wanted, never) == len(DATA) - there
    assert asked == [there]


async def test_cancelled_fetch_keeps_what_came(tmp_path):
    wanted = wanted_in(tmp_path)

    async def stalls(begin, write):
        await write(0, DATA[:5_000])
        await asyncio.sleep(60)

    task = asyncio.create_task(fetch_file(stalls, wanted, never))
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert wanted.part.read_bytes() == DATA[:5_000]


async def test_part_longer_than_a_file_of_unknown_size_is_begun_anew(tmp_path):
    wanted, asked = wanted_in(tmp_path, size=None, most=2 * len(DATA)), []
    wanted.part.write_bytes(DATA + b"more")
    await fetch_file(server(asked=asked), wanted, never)
    assert asked == [len(DATA) + 4, 0]
    assert wanted.path.read_bytes() == DATA


async def test_any_other_refusal_goes_on_to_the_caller(tmp_path):
    async def refuses(begin, write):
        raise ServerRefused("not here", 404, "not-found")

    with pytest.raises(ServerRefused):
        await fetch_file(refuses, wanted_in(tmp_path), never)


async def test_more_than_was_announced_is_stopped_early_and_told(tmp_path):
    sent = []

    async def endless(begin, write):
        at = begin
        while True:
            await write(at, bytes(10_000))
            at += 10_000
            sent.append(at)

    with pytest.raises(FileDamaged, match="the file came damaged twice"):
        await fetch_file(endless, wanted_in(tmp_path, size=None, most=50_000), never)
    assert max(sent) <= 50_000
    assert list(tmp_path.iterdir()) == []


async def test_somebody_who_pays_is_waited_for_in_the_middle_of_a_file(tmp_path):
    paid = asyncio.Event()
    fetching = asyncio.create_task(fetch_file(server(), wanted_in(tmp_path), paid.wait))
    await asyncio.sleep(0.2)
    there = wanted_in(tmp_path).part.stat().st_size
    assert BUFFER_BYTES <= there < len(DATA)
    paid.set()
    await fetching

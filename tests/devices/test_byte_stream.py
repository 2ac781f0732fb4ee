"""A descriptor as a stream: progress, stalls, ends."""

import asyncio
import os
import socket
import threading
import time

import pytest

from dev_waiting import until
from devices.errors import TransferBroken
from devices.wire.byte_stream import ByteStream, in_thread


def pair() -> tuple[ByteStream, socket.socket]:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    theirs.setblocking(False)
    return ByteStream(ours.fileno(), name="the line", close=ours.close), theirs


async def test_a_far_end_that_stops_reading_is_noticed_with_the_count_of_what_it_took():
    stream, theirs = pair()
    with pytest.raises(TransferBroken) as broken:
        await stream.write(b"x" * 5_000_000, stalled_after_s=0.1)
    assert "takes no more data" in broken.value.reason
    taken = 0
    with pytest.raises(BlockingIOError):
        while True:
            taken += len(theirs.recv(65_536))
    assert taken == broken.value.sent
    theirs.close()
    await stream.aclose()


async def test_a_slow_far_end_gets_everything_as_long_as_it_makes_progress():
    stream, theirs = pair()
    data = os.urandom(700_000)
    got = bytearray()

    async def read_slowly() -> None:
        while len(got) < len(data):
            try:
                got.extend(theirs.recv(20_000))
            except BlockingIOError:
                await asyncio.sleep(0.001)

    await asyncio.gather(stream.write(data, stalled_after_s=0.5), read_slowly())
    assert bytes(got) == data
    theirs.close()
    await stream.aclose()


async def test_the_end_of_the_far_end_is_told_once_and_stops_the_writer():
    stream, theirs = pair()
    arrived: list[bytes] = []
    stream.listen(arrived.append)
    theirs.send(b"last words")
    theirs.close()
    assert await stream.lost == "the line was cut off."
    assert arrived == [b"last words"]
    with pytest.raises(TransferBroken) as broken:
        await stream.write(b"x")
    assert broken.value.sent == 0
    await stream.aclose()
    await stream.aclose()


async def test_a_writer_that_waits_is_woken_when_the_stream_is_closed():
    stream, theirs = pair()
    writing = asyncio.create_task(stream.write(b"x" * 5_000_000, stalled_after_s=5))
    await asyncio.sleep(0.05)
    await stream.aclose()
    with pytest.raises(TransferBroken) as broken:
        await writing
    assert broken.value.sent > 0
    theirs.close()


async def test_a_close_that_hangs_in_the_kernel_keeps_nobody():
    ours, theirs = socket.socketpair()
    release = threading.Event()
    stream = ByteStream(ours.fileno(), name="the line", close=lambda: (release.wait(5), ours.close()))
    start = time.monotonic()
    await stream.aclose()
    assert time.monotonic() - start < 1.0
    release.set()
    theirs.close()
    await until(lambda: ours.fileno() == -1)


async def test_work_in_a_thread_returns_its_result_or_its_error():
    assert await in_thread(lambda: 42, name="answer") == 42
    with pytest.raises(ZeroDivisionError):
        await in_thread(lambda: 1 / 0, name="mistake")


async def test_a_result_nobody_waits_for_any_more_is_given_back():
    discarded: list[str] = []
    release = threading.Event()
    work = in_thread(lambda: release.wait(5) and "port", name="slow", discard=discarded.append)
    work.cancel()
    release.set()
    await until(lambda: discarded == ["port"])

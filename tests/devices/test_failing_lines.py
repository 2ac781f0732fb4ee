"""Lines that fail in the middle: what was sent decides whether a job is FAILED or UNKNOWN, and a sentence says why."""

import asyncio
import os
import pickle
import threading
import time

import pytest

from dev_printers import bench, receipt
from dev_waiting import until
from devices.drawer import SerialDrawer
from devices.errors import DeviceOffline, TransferBroken
from devices.printer import escpos_encoder, print_job
from devices.printer.print_job import prepared
from devices.wire import network_port
from devices.wire.address import NodeAddress, TcpAddress
from devices.wire.byte_stream import ByteStream, in_thread
from devices.wire.network_port import open_tcp
from devices.wire.node_port import open_node
from store.register.peripherals import Health, PrintOutcome


def breaks_after(sent):
    async def write(data, *, stalled_after_s=0.0):
        raise TransferBroken("The line was cut off.", sent)

    return write


@pytest.fixture
async def made():
    async with bench("tcp") as made:
        assert (await made.driver.print(receipt(1), "j1")).outcome is PrintOutcome.CONFIRMED
        yield made


async def dialogue_of(driver):
    return await driver._connected(asyncio.get_running_loop().time() + 1)


@pytest.mark.parametrize(("sent", "outcome"), [(0, PrintOutcome.FAILED), (7, PrintOutcome.UNKNOWN)])
async def test_line_that_breaks_under_a_receipt_or_a_pulse(made, monkeypatch, sent, outcome):
    dialogue = await dialogue_of(made.driver)
    found = await dialogue.statuses(0.3)
    assert found is not None

    async def as_before(within_s):
        return found

    async def settled(*_):
        return True

    monkeypatch.setattr(dialogue, "statuses", as_before)
    monkeypatch.setattr(dialogue, "settle", settled)
    monkeypatch.setattr(dialogue.stream, "write", breaks_after(sent))
    attempt = made.driver._attempt(dialogue, asyncio.get_running_loop().time() + 1)
    printed = await attempt.print(b"x" * 100)
    assert made.driver.status().health is Health.UNKNOWN
    for result in (printed, await attempt.pulse(2, "none")):
        assert (result.outcome, result.detail) == (outcome, "The line was cut off.")


async def test_line_that_breaks_under_the_question_before_it_sends_nothing(made, monkeypatch):
    dialogue = await dialogue_of(made.driver)

    async def breaks(within_s):
        raise TransferBroken("The line was cut off.", 3)

    monkeypatch.setattr(dialogue, "statuses", breaks)
    attempt = made.driver._attempt(dialogue, asyncio.get_running_loop().time() + 1)
    result = await attempt.print(b"x")
    assert (result.outcome, result.detail) == (PrintOutcome.FAILED, "The line was cut off.")
    assert await attempt.look() == "The line was cut off."


async def test_printer_that_takes_bytes_too_slowly_is_unknown_at_its_deadline(made, monkeypatch):
    dialogue = await dialogue_of(made.driver)
    attempt = made.driver._attempt(dialogue, asyncio.get_running_loop().time() + 0.4)

    async def slow(data, *, stalled_after_s=0.0):
        await asyncio.sleep(5)

    async def nothing_blocks():
        return ""

    monkeypatch.setattr(dialogue.stream, "write", slow)
    monkeypatch.setattr(attempt, "_blocked", nothing_blocks)
    monkeypatch.setattr(attempt, "_owing", nothing_blocks)
    result = await attempt.print(b"x")
    assert (result.outcome, "did not say in time" in result.detail) == (PrintOutcome.UNKNOWN, True)


async def test_driver_that_stumbles_over_itself_leaves_the_job_unknown(made, monkeypatch):
    async def stumbles(until_s):
        raise RuntimeError("a defect")

    monkeypatch.setattr(made.driver, "_connected", stumbles)
    result = await made.driver.print(receipt(2), "j2")
    assert result.outcome is PrintOutcome.UNKNOWN
    assert "The printer driver failed: a defect." in result.detail


async def test_job_that_waits_too_long_for_the_line_has_sent_nothing(made):
    await made.driver._lock.acquire()
    try:
        result = await made.driver.print(receipt(2), "j2")
    finally:
        made.driver._lock.release()
    assert (result.outcome, result.detail) == (PrintOutcome.FAILED, print_job.BUSY)


class Encoder:
    def __init__(self, error=None, seconds=0.0):
        self.error, self.seconds = error, seconds

    def encode(self, document):
        if self.error is not None:
            raise self.error
        time.sleep(self.seconds)


@pytest.mark.parametrize(
    ("bad", "words"),
    [(Encoder(seconds=0.3), "in time"), (Encoder(error=KeyError("profile")), "KeyError('profile')")],
)
async def test_receipt_that_cannot_be_made_has_sent_nothing(bad, words):
    result = await prepared(bad, receipt(1), asyncio.get_running_loop().time() + 0.05)
    assert result.outcome is PrintOutcome.FAILED
    assert words in result.detail


def test_torn_cache_of_the_library_is_thrown_away_and_made_again(tmp_path, monkeypatch):
    for name in ("profile.pickle", "torn.pickle"):
        (tmp_path / name).write_bytes(pickle.dumps({"a": 1})[:-3])
    calls = []

    def torn_at_first(cache):
        calls.append(sorted(path.name for path in cache.glob("*.pickle")))
        if len(calls) == 1:
            raise EOFError("Ran out of input")
        return "the library"

    monkeypatch.setattr(escpos_encoder, "_import_without_traces", torn_at_first)
    assert escpos_encoder._import_dummy(tmp_path) == "the library"
    assert calls == [["profile.pickle", "torn.pickle"], []]


async def test_drawer_on_its_own_line_that_is_cut(monkeypatch):
    ours, theirs = os.pipe()

    async def opener():
        return ByteStream(os.dup(theirs), name="the line")

    drawer = SerialDrawer(opener, name="the line", path="", pin=2)
    await drawer.start()
    await until(lambda: drawer.status().health is Health.UNKNOWN)
    stream = await drawer._link.connected(1)
    for sent, outcome in ((0, PrintOutcome.FAILED), (2, PrintOutcome.UNKNOWN)):
        monkeypatch.setattr(stream, "write", breaks_after(sent))
        assert (await drawer.open("j")).outcome is outcome
    await drawer.close()
    os.close(ours)
    os.close(theirs)


async def test_node_that_is_not_there_or_not_ours_or_no_device(tmp_path, monkeypatch):
    with pytest.raises(DeviceOffline, match="plugged in and switched on"):
        await open_node(NodeAddress(path=str(tmp_path / "lp0")), for_writing=True)
    (tmp_path / "file").write_text("")
    with pytest.raises(DeviceOffline, match="ordinary file"):
        await open_node(NodeAddress(path=str(tmp_path / "file")), for_writing=True)

    def forbidden(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", forbidden)
    with pytest.raises(DeviceOffline, match=r'Add the user of the register to its group \("lp"'):
        await open_node(NodeAddress(path=str(tmp_path / "file")), for_writing=True)


async def test_host_that_never_answers_is_given_up(monkeypatch):
    async def never(address):
        await asyncio.sleep(60)

    monkeypatch.setattr(network_port, "_connect", never)
    with pytest.raises(DeviceOffline, match="printer:9100 does not answer"):
        await open_tcp(TcpAddress(host="printer", port=9100), connect_within_s=0.02)


async def test_descriptor_that_fails_ends_the_stream_with_the_reason():
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    stream = ByteStream(reading, name="the line")
    stream._readable()  # nothing there yet: not an end
    assert not stream.lost.done()
    os.close(reading)
    stream._readable()
    assert stream.lost.result().startswith("the line was cut off: Bad file descriptor")
    with pytest.raises(TransferBroken):
        await stream.write(b"x")
    os.close(writing)
    reading, writing = os.pipe()
    other = ByteStream(writing, name="the line")
    os.close(reading)
    with pytest.raises(TransferBroken, match="cut off: Broken pipe"):
        await other.write(b"x")


def test_work_that_outlives_its_loop_gives_back_what_it_opened():
    given_back = []
    go = threading.Event()

    async def begin():
        in_thread(lambda: go.wait(5) and "a port", name="slow opening", discard=given_back.append)

    asyncio.run(begin())
    go.set()
    for thread in threading.enumerate():
        if thread.name == "slow opening":
            thread.join(5)
    assert given_back == ["a port"]

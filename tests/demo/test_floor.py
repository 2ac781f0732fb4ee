"""The demo's cable and control socket over real sockets."""

import asyncio
import contextlib
import json
from pathlib import Path

import pytest

from tui.demo.floor import Cable, Floor, FloorLine, ServiceSwitch

QUIET_S = 0.15


@contextlib.asynccontextmanager
async def echo_server():
    """A server that sends back what it gets."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(1000):
                writer.write(data)
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()


@contextlib.asynccontextmanager
async def cable_to(port: int):
    """An open cable."""
    cable = Cable(port)
    await cable.open()
    try:
        yield cable
    finally:
        await cable.close()


async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, text: bytes) -> bytes:
    """Send and wait a moment for the echo; nothing means silence."""
    writer.write(text)
    try:
        async with asyncio.timeout(QUIET_S):
            return await reader.read(1000)
    except TimeoutError:
        return b"(silence)"


async def test_a_whole_cable_carries_both_ways():
    async with echo_server() as port, cable_to(port) as cable:
        reader, writer = await asyncio.open_connection("127.0.0.1", cable.port)
        assert await say(reader, writer, b"hello") == b"hello"
        writer.close()


async def test_a_pulled_cable_is_silent_for_old_and_new_connections():
    async with echo_server() as port, cable_to(port) as cable:
        reader, writer = await asyncio.open_connection("127.0.0.1", cable.port)
        assert await say(reader, writer, b"hello") == b"hello"
        cable.pull()
        assert await say(reader, writer, b"still there?") == b"(silence)"
        newer, newer_writer = await asyncio.open_connection("127.0.0.1", cable.port)
        assert await say(newer, newer_writer, b"anybody?") == b"(silence)"
        writer.close()
        newer_writer.close()


async def test_a_restored_cable_drops_what_was_cut_and_carries_what_is_new():
    async with echo_server() as port, cable_to(port) as cable:
        reader, writer = await asyncio.open_connection("127.0.0.1", cable.port)
        assert await say(reader, writer, b"hello") == b"hello"
        cable.pull()
        cable.restore()
        with contextlib.suppress(ConnectionResetError):
            assert await reader.read() == b""
        newer, newer_writer = await asyncio.open_connection("127.0.0.1", cable.port)
        assert await say(newer, newer_writer, b"hello") == b"hello"
        writer.close()
        newer_writer.close()


async def test_a_cable_without_a_server_behind_it_resets_the_caller():
    async with cable_to(1) as cable:
        reader, writer = await asyncio.open_connection("127.0.0.1", cable.port)
        with contextlib.suppress(ConnectionResetError):
            assert await reader.read() == b""
        writer.close()


async def test_the_floor_pulls_and_restores_the_cable_and_says_so(tmp_path: Path):
    async with echo_server() as port, cable_to(port) as cable:
        floor = Floor(cable, ServiceSwitch("server", tmp_path, port), tmp_path / "floor.sock")
        await floor.open()
        line = FloorLine(tmp_path / "floor.sock")
        assert "pulled" in await line.toggle_cable()
        assert cable.pulled
        assert (await line.state())["cable_pulled"] is True
        assert "back in" in await line.toggle_cable()
        assert not cable.pulled
        await line.end()
        assert floor.ended.is_set()
        await floor.close()


@pytest.mark.parametrize("rubbish", [b"\n", b"[1]\n", b"not json\n", b'{"do": "dance"}\n', b"\xff\n", b""])
async def test_rubbish_on_the_control_socket_harms_nothing(tmp_path: Path, rubbish: bytes):
    floor = Floor(Cable(1), ServiceSwitch("server", tmp_path, 1), tmp_path / "floor.sock")
    await floor.open()
    reader, writer = await asyncio.open_unix_connection(tmp_path / "floor.sock")
    writer.write(rubbish)
    writer.write_eof()
    assert "cannot" in json.loads(await reader.read())["sentence"]
    writer.close()
    assert (await FloorLine(tmp_path / "floor.sock").state())["server_pid"] == 0
    await floor.close()


async def test_a_floor_that_is_gone_is_a_sentence(tmp_path: Path):
    assert "does not answer" in await FloorLine(tmp_path / "nothing.sock").toggle_server()


async def test_a_server_that_cannot_start_says_why_at_once(tmp_path: Path):
    (tmp_path / "channel.db").mkdir()
    switch = ServiceSwitch("server", tmp_path, 1)
    floor = Floor(Cable(1), switch, tmp_path / "floor.sock")
    sentence = await floor.toggle_server()
    assert sentence.startswith("The server did not start: ")
    assert not switch.running


async def test_the_floor_closes_when_its_register_is_gone_for_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("tui.demo.floor.IDLE_CHECK_S", 0.01)
    monkeypatch.setattr("tui.demo.floor.GONE_LIMIT_S", 0.05)
    floor = Floor(Cable(1), ServiceSwitch("server", tmp_path, 1), tmp_path / "floor.sock")
    async with asyncio.timeout(5):
        await floor.run(lambda: False)

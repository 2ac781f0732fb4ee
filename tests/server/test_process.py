"""The server as a process: start, order, kill, and sentences when it cannot start."""

import asyncio
import json
import random
import signal
import socket
import sqlite3
from types import SimpleNamespace

import aiohttp
import pytest

from server_process import prepare_home, running_server, start, wait_ready
from server_world import Register


async def test_the_server_starts_says_where_it_is_and_ends_in_order(tmp_path):
    code = (await asyncio.to_thread(prepare_home, tmp_path)).code
    process = start(tmp_path)
    info = wait_ready(process, tmp_path)
    assert info["pid"] == process.pid and info["url"].startswith("http://127.0.0.1:")
    path = tmp_path / "run" / "server.json"
    assert path.stat().st_mode & 0o777 == 0o600
    async with aiohttp.ClientSession() as http:
        register = await Register.enrol(SimpleNamespace(url=info["url"], http=http), code)
        register.add()
        assert (await register.upload())[1].acked_seq == 1
    process.send_signal(signal.SIGTERM)
    out, log = process.communicate(timeout=15)
    assert process.returncode == 0
    assert out == f"Retail Server on {info['url']}\n"
    assert not path.exists()
    lines = [json.loads(line) for line in log.splitlines()]
    assert [line["text"] for line in lines][:1] == ["server started"] and lines[-1]["text"] == "server ends"
    assert {"at", "level", "place", "text"} <= set(lines[0])
    assert code not in log and register.answer.pepper not in log


async def test_kill_9_at_any_moment_of_an_upload_loses_and_doubles_nothing(tmp_path):
    code = (await asyncio.to_thread(prepare_home, tmp_path)).code
    chance = random.Random(7)
    register = None
    for _ in range(3):
        process = start(tmp_path)
        info = wait_ready(process, tmp_path)
        async with aiohttp.ClientSession() as http:
            if register is None:
                register = await Register.enrol(SimpleNamespace(url=info["url"], http=http), code)
            register.url, register.http = info["url"], http
            killing = asyncio.get_running_loop().call_later(chance.uniform(0.0, 0.12), process.kill)
            try:
                for _ in range(200):
                    register.add()
                    await register.upload(register.batch(max(1, len(register.records) - 5)))
            except aiohttp.ClientError:
                pass
            killing.cancel()
        process.kill()
        process.communicate()
    with running_server(tmp_path) as (_, info):
        async with aiohttp.ClientSession() as http:
            register.url, register.http = info["url"], http
            head = (await register.get(f"/series/{register.series}/head"))[1]["seq"]
            for first in range(head + 1, len(register.records) + 1, 100):
                assert (await register.upload(register.batch(first, first + 99)))[0] == 200
            headers = {"Authorization": f"Bearer {info['operator_token']}"}
            for _ in range(500):
                async with http.get(f"{info['url']}/conservation", headers=headers) as response:
                    books = await response.json()
                if not books["waiting"]:
                    break
                await asyncio.sleep(0.01)
    count = len(register.records)
    assert books == {"accepted": count, "posted": count, "quarantined": 0, "waiting": 0}
    db = sqlite3.connect(tmp_path / "channel.db")
    assert db.execute("pragma integrity_check").fetchone() == ("ok",)
    stored = db.execute("select seq, hash from record order by seq").fetchall()
    db.close()
    assert stored == [(record.seq, record.hash) for record in register.records]


def ended(process):
    out, log = process.communicate(timeout=20)
    return process.returncode, out, log.strip()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"url": "postgresql://u:secret@127.0.0.1:9/shop"}, "127.0.0.1:9, database shop cannot be reached"),
        ({"url": "mysql:shop"}, "write sqlite:PATH"),
        ({"url": "sqlite:"}, "write sqlite:PATH"),
        ({"host": "203.0.113.1"}, "loopback"),
        ({"insecure": "no"}, "vault"),
    ],
)
def test_a_server_that_cannot_start_says_why_in_a_sentence(tmp_path, options, sentence):
    code, out, log = ended(start(tmp_path, **options))
    assert (code, out) == (3, "")
    assert sentence in log.splitlines()[-1] and "Traceback" not in log


def test_a_taken_port_is_said_so(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        code, _, log = ended(start(tmp_path, port=taken.getsockname()[1]))
    assert code == 3 and "choose another port" in log and "Traceback" not in log


@pytest.mark.parametrize("content", [b"this is no database at all" * 50])
def test_a_damaged_database_is_said_so(tmp_path, content):
    (tmp_path / "channel.db").write_bytes(content)
    code, _, log = ended(start(tmp_path))
    assert code == 3 and "not a database" in log and "Traceback" not in log


def test_a_database_of_a_newer_program_is_refused(tmp_path):
    prepare_home(tmp_path)
    db = sqlite3.connect(tmp_path / "channel.db")
    db.execute("pragma user_version = 99")
    db.commit()
    db.close()
    code, _, log = ended(start(tmp_path))
    assert code == 3 and "start the newer program" in log

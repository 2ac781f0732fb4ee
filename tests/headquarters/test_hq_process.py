"""Headquarters as a process: start, order, one per home, and sentences when it cannot start."""

import asyncio
import json
import os
import signal
import socket
import stat
import sys
import tempfile

import pytest

from hq_office import open_office, outpost, running_headquarters, start_outpost, wait_ready
from store.headquarters import runtime
from store.headquarters.config import HeadquartersConfig, is_loopback, socket_path
from store.headquarters.metrics import Metrics
from store.headquarters.secrets import open_secrets
from store.service.errors import ServiceTrouble


def test_headquarters_starts_says_where_it_is_and_ends_in_order(tmp_path):
    process = start_outpost("hq", "--home", tmp_path, "--port", "0")
    info = wait_ready(process, tmp_path)
    path, wire = tmp_path / "run" / "hq.json", tmp_path / "run" / "hq.sock"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(wire.stat().st_mode) == 0o660 and stat.S_IMODE(wire.parent.stat().st_mode) == 0o750
    assert info["socket"] == str(wire) and info["url"].startswith("http://127.0.0.1:")
    process.send_signal(signal.SIGTERM)
    out, log = process.communicate(timeout=20)
    assert process.returncode == 0 and out == f"Headquarters on {info['url']}\n"
    assert not path.exists() and not wire.exists()
    lines = [json.loads(line) for line in log.splitlines()]
    assert "INSECURE throw-away vault" in lines[0]["text"]
    assert lines[-1]["text"] == "headquarters ends"
    assert info["operator_token"] not in log


def test_a_second_headquarters_in_the_same_home_ends_with_a_sentence(tmp_path):
    with running_headquarters(tmp_path):
        second = outpost("hq", "--home", tmp_path, "--port", "0")
        assert second.returncode == 3
        assert second.stderr.endswith("outpost hq: Another process works with hq; end that one first.\n")


def test_after_a_kill_the_next_one_takes_over_home_and_socket(tmp_path):
    process = start_outpost("hq", "--home", tmp_path, "--port", "0")
    wait_ready(process, tmp_path)
    assert outpost("hq", "--home", tmp_path, "store", "set", "S0001").returncode == 0
    process.kill()
    process.communicate()
    assert (tmp_path / "run" / "hq.sock").exists()
    with running_headquarters(tmp_path):
        found = outpost("hq", "--home", tmp_path, "store", "list", "--json")
        assert [row["store"] for row in json.loads(found.stdout)] == ["S0001"]


def test_an_order_right_after_the_start_waits_for_headquarters_to_come_up(tmp_path):
    process = start_outpost("hq", "--home", tmp_path, "--port", "0")
    done = outpost("hq", "--home", tmp_path, "store", "set", "S0001")
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=20)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_home_with_a_long_path_has_its_socket_in_the_runtime_folder(tmp_path, monkeypatch):
    home = tmp_path / ("long" * 30)
    assert_in_the_users_folder(home, monkeypatch)
    # A test's own folder may be too deep for a socket already.
    with tempfile.TemporaryDirectory(prefix="op-") as runtime_folder:
        monkeypatch.setenv("XDG_RUNTIME_DIR", runtime_folder)
        path = socket_path(home)
        assert path.is_relative_to(runtime_folder) and len(os.fsencode(path)) <= 100
        with running_headquarters(home):
            assert outpost("hq", "--home", home, "store", "list").returncode == 0


def assert_in_the_users_folder(home, monkeypatch):
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    assert str(socket_path(home)).startswith(f"/tmp/outpost-{os.getuid()}/")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--host", "192.0.2.1"), "can be reached by other machines"),
        (("--sealed-only",), "There is no key for a vault"),
        (("--log", "/proc/nowhere/log"), "cannot be written"),
    ],
)
def test_what_keeps_headquarters_from_starting_is_one_sentence(tmp_path, arguments, words):
    done = outpost("hq", "--home", tmp_path, "--port", "0", *arguments)
    assert done.returncode == 3 and words in done.stderr and "Traceback" not in done.stderr


def test_a_port_in_use_is_a_sentence(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = outpost("hq", "--home", tmp_path, "--port", taken.getsockname()[1])
    assert done.returncode == 3 and "choose another port" in done.stderr


async def test_a_throw_away_vault_is_for_this_machine_only(tmp_path):
    config = HeadquartersConfig(home=tmp_path, host="0.0.0.0", port=0, allow_insecure=True)
    with pytest.raises(ServiceTrouble, match="loopback address only"):
        await runtime.serve(config, stop=asyncio.Event())
    assert is_loopback("localhost") and is_loopback("::1") and not is_loopback("shop.example")
    with pytest.raises(ServiceTrouble, match="no key for a vault"):
        open_secrets(tmp_path, allow_insecure=False)


async def test_a_socket_that_cannot_be_made_is_a_sentence(tmp_path, monkeypatch):
    async with open_office(tmp_path) as office:
        (tmp_path / "run").write_text("in the way")
        with pytest.raises(ServiceTrouble, match=r"operators' socket .* cannot be made"):
            async with runtime.listen(office.process):
                raise AssertionError("it must not listen")
        (tmp_path / "run").unlink()
        monkeypatch.setattr(os, "getuid", lambda: 12345)
        with pytest.raises(ServiceTrouble, match="belongs to somebody else"):
            async with runtime.listen(office.process):
                raise AssertionError("it must not listen")


def test_without_the_metrics_library_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    with pytest.raises(ServiceTrouble, match=r"outpost-pos\[server\]"):
        Metrics()


def test_parts_can_show_numbers_of_their_own():
    metrics = Metrics()
    metrics.gauge("outpost_hq_sessions", "Sessions.", "status").labels("Available").set(3)
    assert b'outpost_hq_sessions{status="Available"} 3.0' in metrics.text()

"""The core as a process: one of it, started and ended in order, killed and back in the same sale."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from core_hand import Hand
from core_home import BREAD, MILK, CoreRun, make_home
from store.register.control.client import CoreRefused
from store.register.process.core_process import CoreProcess


@pytest.fixture(scope="module")
def sold_home(tmp_path_factory):
    """A home for the tests that need no fresh one."""
    return make_home(tmp_path_factory.mktemp("sold") / "till")


@pytest.fixture
def home(tmp_path):
    return make_home(tmp_path / "till")


def test_core_answers_and_ends_in_order_on_sigterm(sold_home):
    with CoreRun(sold_home) as core:
        core.wait_until_it_listens()
        status = core.query("status")
        assert (status["register"], status["mode"]) == ("S0001-R01", "OFFLINE auto")
        began_s = time.monotonic()
        assert core.end() == 0
        assert time.monotonic() - began_s < 5
        assert not sold_home.socket.exists()
        assert core.output() == ""
        assert core.log()[-1]["text"] == "ended in order"


def test_screens_of_a_core_that_is_restarted_wait_and_those_of_an_ended_register_end(sold_home):
    for end, closed in ((lambda core: core.process.send_signal(signal.SIGTERM), False), (stop, True)):
        with CoreRun(sold_home) as core:
            core.wait_until_it_listens()
            with Hand(sold_home) as hand:
                end(core)
                assert hand.hear("bye")["closed"] is closed
            assert core.process.wait(5) == 0


def stop(core):
    assert core.command("stop") == {"done": True, "sentence": "The register ends."}


def test_end_in_the_middle_of_work_finishes_what_was_taken_and_leaves_the_rest_to_the_next_core(home):
    with CoreRun(home) as core:
        core.wait_until_it_listens()
        with Hand(home, "busy") as hand:
            hand.sign_on_and_open()
            for _ in range(150):
                hand.send("scan", MILK)
            core.process.send_signal(signal.SIGTERM)
            while hand.hear("ack"):
                pass
        assert core.process.wait(8) == 0
        assert core.log()[-1]["text"] == "ended in order"
    with CoreRun(home) as core:
        core.wait_until_it_listens()
        with Hand(home, "busy") as hand:
            sent = 153
            assert hand.view["count"] == hand.n - 3, "every intent applied is a line, and no other"
            while hand.n < sent:
                assert hand.do("scan", MILK) == "sold"
            assert hand.view["count"] == 150
        assert core.end() == 0


def test_hang_up_does_not_end_the_core(sold_home):
    with CoreRun(sold_home) as core:
        core.wait_until_it_listens()
        core.process.send_signal(signal.SIGHUP)
        time.sleep(0.1)
        assert core.query("status")["register"] == "S0001-R01"
        assert core.end() == 0


def test_second_core_on_the_same_home_says_so_and_leaves_the_first_alone(sold_home):
    with CoreRun(sold_home) as first:
        first.wait_until_it_listens()
        with CoreRun(sold_home) as second:
            assert second.process.wait(10) == 0
            assert second.output() == (
                f"outpost: A core runs on {sold_home.path} already; nothing was started. "
                "`outpost screen` attaches to it.\n"
            )
        with Hand(sold_home) as hand:
            assert hand.view["mode"] in ("locked", "idle")
        assert first.end() == 0


def test_two_starts_at_once_make_one_core(home):
    one, two = CoreProcess(home), CoreProcess(home)
    try:
        one.start()
        two.start()
        CoreRunning.wait(home)
        with Hand(home) as hand:
            pid = pid_of_lock(home)
            hand.sign_on_and_open()
        assert pid in (one.pid, two.pid)
        loser = two if pid == one.pid else one
        assert loser.wait() == 0
        command = [sys.executable, "-m", "tui", "917", "--home", str(home.path), "disconnect"]
        assert subprocess.run(command, stdout=subprocess.DEVNULL).returncode == 0
        (one if loser is two else two).end()
    finally:
        for core in (one, two):
            if core.pid:
                os.kill(core.pid, signal.SIGKILL)
                core.wait()


class CoreRunning:
    @staticmethod
    def wait(home):
        end = time.monotonic() + 10
        while not home.socket.exists():
            assert time.monotonic() < end, home.output_file.read_text()
            time.sleep(0.01)


def pid_of_lock(home):
    """The process that listens, by the log's own word."""
    lines = [json.loads(line) for line in home.log_file.read_bytes().splitlines()]
    return next(line["pid"] for line in reversed(lines) if line["text"] == "listening")


def test_killed_core_comes_back_into_the_open_sale_and_applies_nothing_twice(home):
    with CoreRun(home) as core:
        core.wait_until_it_listens()
        hand = Hand(home, "screen-1")
        hand.sign_on_and_open()
        assert hand.do("scan", MILK) == "sold"
        core.end(signal.SIGKILL)
        hand.close()
    with CoreRun(home) as core:
        core.wait_until_it_listens()
        with Hand(home, "screen-1") as hand:
            assert hand.n == 4, "the core remembers the last intent of this screen"
            assert hand.names() == ["Whole milk 1 l"]
            assert "Restored, 1 line, last: Whole milk 1 l" in hand.view["message"]["text"]
            hand.n = 3
            assert hand.do("scan", MILK) == "again"
            assert hand.do("scan", BREAD) == "sold"
            assert hand.names() == ["Whole milk 1 l", "Rye bread 500 g"]
        assert core.end() == 0


def test_log_is_json_and_nothing_goes_to_the_terminal(home):
    with CoreRun(home) as core:
        core.wait_until_it_listens()
        assert core.end() == 0
        assert core.output() == ""
        for line in core.log():
            assert {"at", "level", "place", "text"} <= line.keys()


FAILURES = {
    "not enrolled": (lambda home: home.enrolment_file.unlink(), 3, "is not an enrolled register"),
    "wrong key": (
        lambda home: home.config_file.write_text("[register]\nserver_ur = 1\n"),
        3,
        "line 2: unknown key server_ur in [register]. Did you mean server_url?",
    ),
    "wrong address": (
        lambda home: home.config_file.write_text('[register]\nserver_url = "http://shop.example"\n'),
        3,
        "is not encrypted: use https",
    ),
    "wrong device": (
        lambda home: home.config_file.write_text('[devices]\nprinter = "nonsense:1"\n'),
        3,
        "nonsense",
    ),
    "vault gone": (lambda home: (home.path / "vault.insecure-key").unlink(), 3, "vault"),
    "vault damaged": (lambda home: (home.path / "vault.json").write_text("{}"), 3, "vault"),
    "journal damaged": (lambda home: home.journal_file.write_bytes(b"x" * 9000), 3, "journal"),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_start_that_cannot_be_is_one_sentence_and_an_exit_code(home, failure):
    damage, code, words = FAILURES[failure]
    damage(home)
    with CoreRun(home) as core:
        assert core.process.wait(15) == code
        said = core.output()
    assert said.startswith("outpost: "), said
    assert said.count("\n") == 1, said
    assert words in said


def test_damaged_catalog_is_told_and_the_register_starts(home):
    next(home.path.glob("catalog-*.db")).write_bytes(b"rubbish")
    with CoreRun(home) as core:
        core.wait_until_it_listens()
        with Hand(home) as hand:
            assert "no usable catalog" in hand.view["sign_on"]["facts"]
        assert core.end() == 0


def test_core_runs_from_any_folder_and_keeps_its_home_as_folder(home, tmp_path):
    with CoreRun(home) as core:
        core.wait_until_it_listens()
        assert Path(f"/proc/{core.process.pid}/cwd").readlink() == home.path
        assert core.end() == 0


def test_slow_parts_are_loaded_after_the_socket_listens(home):
    """What costs a tenth of a second to import must not stand between the key press and the sign-in."""
    code = (
        "import sys; import devices.factory, store.register.process.runtime; "
        "print([m for m in ('aiohttp', 'escpos', 'serial', 'textual') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_commands_are_obeyed_or_refused_with_a_sentence(home):
    home.config_file.write_text("[offline_profile]\nmanual_switch_before_sign_in = false\n")
    with CoreRun(home) as core:
        core.wait_until_it_listens()
        for kind, sentence in (
            ("connect", "This store switches the connection after sign-in only. Sign in first."),
            ("disconnect", "This store switches the connection after sign-in only. Sign in first."),
            ("dance", "The register knows no command 'dance'."),
        ):
            with pytest.raises(CoreRefused) as refused:
                core.command(kind)
            assert refused.value.reason == sentence
        with pytest.raises(CoreRefused, match="There is no question 'dance'"):
            core.query("dance")
        assert core.command("retry") == {"done": True, "sentence": "The register is not stopped."}
        with Hand(home) as hand:
            hand.sign_on_and_open()
            assert core.command("disconnect")["done"] is True
            assert hand.hear("view")["view"]["header"]["connection"] == "OFFLINE manual"
        assert core.end() == 0


def test_a_profile_with_a_threshold_out_of_range_is_refused_at_start(home):
    home.config_file.write_text("[offline_profile]\nslow_server_threshold_ms = 10\n")
    with CoreRun(home) as core:
        assert core.process.wait(15) == 3
        assert "slow_server_threshold_ms must lie between 50 and 10000" in core.output()

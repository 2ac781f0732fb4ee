"""A screen that started a core starts it again after a crash, and knows when that is useless."""

import os
import signal
import time

import pytest

from core_home import make_home
from store.register.process.core_process import TRIES, CoreProcess


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    return make_home(tmp_path_factory.mktemp("process") / "till")


def until(condition, within_s=10.0):
    end_s = time.monotonic() + within_s
    while not (found := condition()):
        assert time.monotonic() < end_s
        time.sleep(0.01)
    return found


def test_core_is_started_once_and_revived_after_a_crash_only(sound):
    core = CoreProcess(sound)
    assert not core.is_running()
    assert core.ensure()
    first = core.pid
    until(core.is_running)
    assert not core.ensure()
    assert core.revive() == ""
    assert core.pid == first, "it runs, so nothing was started"
    os.kill(first, signal.SIGKILL)
    until(lambda: core.revive() == "" and core.pid != first)
    until(core.is_running)
    assert core.end() == 0
    assert core.revive() == ""
    assert core.pid == 0, "it ended in order, so nothing is started"


def test_core_of_somebody_else_is_never_revived(sound):
    assert CoreProcess(sound).revive() == ""


def test_core_that_cannot_start_is_given_up_at_once_with_its_own_words(tmp_path):
    home = make_home(tmp_path / "till", config="[registr]\n")
    core = CoreProcess(home)
    core.start()
    words = until(core.revive)
    assert words.endswith("line 1: unknown section registr. Did you mean register?")
    assert core.final_code == 3


def test_words_of_a_defect_are_not_for_people(sound):
    sound.output_file.parent.mkdir(exist_ok=True)
    core = CoreProcess(sound)
    sound.output_file.write_text("Traceback (most recent call last):\nTypeError: unsupported operand\n")
    assert core._last_words().startswith("The register core does not stay up. Its log says why: ")
    sound.output_file.write_text("outpost: The vault is damaged.\n")
    assert core._last_words() == "The vault is damaged."
    sound.output_file.unlink()


def test_core_that_crashes_again_and_again_is_given_up(sound, monkeypatch):
    starts = []

    def spawn(*_, **__):
        starts.append(1)
        pid = os.fork()
        if pid == 0:
            os._exit(70)
        return pid

    monkeypatch.setattr(os, "posix_spawn", spawn)
    core = CoreProcess(sound)
    core.start()
    words = until(core.revive)
    assert len(starts) == 1 + TRIES
    assert words.startswith("The register core does not stay up. Its log says why: ")
    assert core.final_code == 70

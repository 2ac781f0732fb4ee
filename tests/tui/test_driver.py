"""The Esc key told from the beginning of a sequence, however the stream is cut; output whole on any terminal."""

import fcntl
import os
import pty
import struct
import termios
import threading
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.screens.driver import ESCAPE, POLL_S, EscapeKeys, TillDriver

DELAY_S = 0.5


def taken(chunks: list[str], delay_s: float = DELAY_S) -> list[str]:
    keys = EscapeKeys(delay_s)
    pieces = [piece for chunk in chunks for piece in keys.take(chunk, 1.0)]
    return [*pieces, *keys.tick(10.0)]


def test_escape_and_a_scan_in_one_read_are_a_key_and_a_scan():
    assert taken(["\x1b4006381333931\r"]) == [ESCAPE, "4006381333931\r"]
    assert taken(["12\x1b34\x1b\x1b5"]) == ["12", ESCAPE, "34", ESCAPE, ESCAPE, "5"]


def test_sequences_stay_whole_wherever_they_are_cut():
    assert taken(["\x1b[24~4\x1bOP"]) == ["\x1b[24~4\x1bOP"]
    assert taken(["\x1b", "[24~"]) == ["\x1b[24~"]
    assert taken(["1\x1b", "O", "P"]) == ["1", "\x1bO", "P"]
    assert taken(["\x1b\x1b[24~"]) == [ESCAPE, "\x1b[24~"]


def test_escape_alone_is_a_key_after_the_delay():
    keys = EscapeKeys(DELAY_S)
    assert list(keys.take("\x1b", 1.0)) == []
    assert list(keys.tick(1.4)) == []
    assert keys.wait_s(1.45) < POLL_S
    assert list(keys.tick(1.5)) == [ESCAPE]
    assert list(keys.tick(9.0)) == []
    assert keys.wait_s(9.0) == POLL_S


def test_escape_held_for_the_next_read_is_not_lost():
    assert taken(["\x1b", "4711\r"]) == [ESCAPE, "4711\r"]


@given(st.lists(st.text(st.sampled_from("\x1b[O1~\r"), max_size=6), max_size=8))
def test_no_character_is_lost_or_moved(chunks: list[str]):
    assert "".join(taken(chunks)) == "".join(chunks)


def writing_to(fd: int) -> SimpleNamespace:
    return SimpleNamespace(_file=SimpleNamespace(fileno=lambda: fd))


def test_output_is_whole_on_a_terminal_that_was_made_non_blocking_and_reads_slowly():
    here, there = os.pipe()
    os.set_blocking(there, False)
    read = bytearray()

    def read_slowly() -> None:
        while data := os.read(here, 1000):
            read.extend(data)

    reader = threading.Thread(target=read_slowly)
    reader.start()
    TillDriver.write(writing_to(there), "─" * 100_000)
    os.close(there)
    reader.join()
    os.close(here)
    assert read.decode() == "─" * 100_000


def test_output_to_a_line_that_is_gone_is_no_error():
    here, there = os.pipe()
    os.close(here)
    TillDriver.write(writing_to(there), "text")
    os.close(there)


def size_seen_on(fd: int) -> tuple[int, int]:
    driver = TillDriver.__new__(TillDriver)
    driver._file = SimpleNamespace(fileno=lambda: fd)
    return driver._get_terminal_size()


def test_the_size_is_the_terminals_own_whatever_the_environment_says(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("LINES", "24")
    here, there = pty.openpty()
    fcntl.ioctl(here, termios.TIOCSWINSZ, struct.pack("HHHH", 43, 132, 0, 0))
    assert size_seen_on(there) == (132, 43)
    fcntl.ioctl(here, termios.TIOCSWINSZ, struct.pack("HHHH", 0, 0, 0, 0))
    assert size_seen_on(there) == (80, 24)
    os.close(here)
    os.close(there)


def test_a_line_without_a_size_has_that_of_the_environment(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLUMNS", "132")
    monkeypatch.setenv("LINES", "43")
    here, there = os.pipe()
    assert size_seen_on(there) == (132, 43)
    os.close(here)
    os.close(there)

"""`outpost keys` on a real terminal."""

import sys

import pytest

from core_home import RegisterHome
from pty_terminal import Terminal


@pytest.mark.serial
def test_pressed_keys_are_named_with_their_bytes_and_meaning(tmp_path):
    home = RegisterHome(tmp_path)
    home.config_file.write_text('[keys]\nlock = "f20"\n')
    terminal = Terminal([sys.executable, "-m", "tui", "keys", "--home", str(home.path)], columns=110)
    try:
        terminal.wait_for("meaning")
        for sent, shown in (
            (b"\x1b[24~", ("1b 5b 32 34 7e", "F12", "/139")),
            (b"7", ("37", "Goes into the entry line.")),
            (b"\x1b", ("1b  ", "Esc")),
            (b"\xc3\xbc", ("c3 bc", "ü")),
            (b"\x1b[34~", ("F20", "Lock the register")),
            (b"\r", ("0d", "Enter", "Ends the entry.")),
        ):
            terminal.send(sent)
            terminal.wait_for(*shown)
        terminal.send(b"\x03")
        assert terminal.wait_exit() == 0
    finally:
        terminal.close()

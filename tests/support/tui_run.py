"""Runs the register's screen against a socket: `python tui_run.py SOCKET [ROLE]`."""

import sys
from pathlib import Path

from tui.app import open_terminal, run_screen

if __name__ == "__main__":
    terminal = open_terminal()
    sys.exit(
        run_screen(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "cashier", terminal=terminal)
    )

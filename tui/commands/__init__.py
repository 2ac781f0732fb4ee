"""One module for each command of `outpost`, imported only when it is used (tui/command.py)."""

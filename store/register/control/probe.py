"""Is a core there? Asked before anything slow is imported."""

import socket
from pathlib import Path


def is_core_there(path: Path) -> bool:
    """Tell whether a core listens on this socket."""
    with socket.socket(socket.AF_UNIX) as wire:
        wire.settimeout(1.0)
        try:
            wire.connect(str(path))
        except OSError:
            return False
        return True

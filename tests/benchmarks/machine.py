"""What the machine says: its load, and what a process costs."""

import os
import platform
import sqlite3
import time
from importlib.metadata import version
from pathlib import Path

PROC = Path("/proc")


def cpu_s(pid: int) -> float:
    """Processor time of all living threads of a process so far, to the nanosecond."""
    tasks = (PROC / str(pid) / "task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def memory_mib(pid: int) -> tuple[float, float]:
    """Resident and proportional set size."""
    sizes = {}
    for line in (PROC / str(pid) / "smaps_rollup").read_text().splitlines()[1:]:
        name, value, *_ = line.split()
        sizes[name] = int(value) / 1024
    return sizes["Rss:"], sizes["Pss:"]


def busy_share(during_s: float = 1.0) -> float:
    """Which share of all processors somebody uses, measured for a moment: 0.0 on a quiet machine."""
    before = _ticks()
    time.sleep(during_s)
    total, idle = (after - earlier for after, earlier in zip(_ticks(), before, strict=True))
    return 1 - idle / max(total, 1)


def _ticks() -> tuple[int, int]:
    fields = [int(field) for field in (PROC / "stat").read_text().splitlines()[0].split()[1:9]]
    return sum(fields), fields[3] + fields[4]


def facts() -> str:
    """What figures can be compared with."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in (PROC / "cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    return (
        f"{os.cpu_count()} processors ({model}), Linux {platform.release()}, Python {platform.python_version()}, "
        f"SQLite {sqlite3.sqlite_version}, Textual {version('textual')}"
    )


def load() -> str:
    """The load of the last minute, and of this moment."""
    return f"load {os.getloadavg()[0]:.2f}, {busy_share():.0%} of the processors busy"

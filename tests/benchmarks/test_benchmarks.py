"""The benchmarks run and produce every figure; none of their times is asserted, for a test machine is not quiet."""

import re
import subprocess
import sys

import pytest

from source_tree import ROOT

pytestmark = pytest.mark.serial
ROWS = (
    "attach a screen",
    "`outpost register` with nothing running",
    "a typed scan to the painted line, online",
    "a serial scan to the painted line, online",
    "bytes to the terminal per scan",
    "typed scan, offline",
    "serial scan, offline",
    "(SIGSTOP): a known item",
    "(SIGSTOP): the header says",
    "(SIGSTOP): the next scans",
    "black hole: a known item",
    "black hole: the header says",
    "black hole: the next scans",
    "bytes to the terminal |",
    "processor time of core and screen",
    "memory of the screen",
    "memory of the core",
    "commit of a sale of 10 lines",
    "accepted and posted, SQLite",
    "accepted and posted, PostgreSQL",
    "apply a full package",
    "item by barcode",
    "search for a part of a name",
    "near the end of a sale of",
    "search as somebody types",
    "list of customers while",
    "close a shift of",
    "a serial scan to the painted line while",
    "headquarters: the first full package",
    "changed prices of",
    "bytes of that package",
    "Run now to the channel database",
    "Run now to 2 registers",
)
BYTES_OF_A_SCAN = 300


def cells_of(report: str, what: str) -> list[str]:
    (line,) = (line for line in report.splitlines() if line.startswith("| ") and what in line)
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_short_form_measures_everything_and_what_is_exact_holds(tmp_path):
    output = tmp_path / "results.md"
    done = subprocess.run(
        [sys.executable, "tests/benchmarks", "--quick", "--output", str(output)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    report = output.read_text()
    assert report.count("\n| ") == len(ROWS) + 2, "a row of the table is not expected here"
    for what in ROWS:
        measured = cells_of(report, what)[2]
        assert re.search(r"\d", measured), what
    assert cells_of(report, "bytes to the terminal |")[2] == "0", "nothing changes, nothing is sent"
    median = re.search(r"median (\d+)", cells_of(report, "bytes to the terminal per scan")[2])
    assert int(median[1]) <= BYTES_OF_A_SCAN

"""Measures the real programs against baselines of the same run: `python3 deploy/run.py bench`.

Prints the table and writes it to tests/benchmarks/results.md. docs/performance.md says how to read it.
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(1, str(HERE.parent / "support"))

import commits  # noqa: E402
import customers  # noqa: E402
import day  # noqa: E402
import deliveries  # noqa: E402
import distribution  # noqa: E402
import failures  # noqa: E402
import packages  # noqa: E402
import rest  # noqa: E402
import scans  # noqa: E402
import starts  # noqa: E402
import uploads  # noqa: E402
from figures import table  # noqa: E402
from machine import facts, load  # noqa: E402
from stage import FULL, QUICK, Stage  # noqa: E402

from shop import make_template  # noqa: E402

MEASUREMENTS = {
    "starts": starts.measure,
    "scans": scans.measure,
    "failures": failures.measure,
    "rest": rest.measure,
    "commits": commits.measure,
    "packages": packages.measure,
    "customers": customers.measure,
    "day": day.measure,
    "distribution": distribution.measure,
    "deliveries": deliveries.measure,
    "uploads": uploads.measure,
}


def main() -> int:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(
        prog="bench", description="Measure the real programs against baselines of the same run."
    )
    parser.add_argument(
        "--quick", action="store_true", help="a short run: shows that it works, proves little"
    )
    parser.add_argument(
        "--only", choices=MEASUREMENTS, action="append", help="only these, printed and not written"
    )
    parser.add_argument(
        "--output", type=Path, help="where the table goes (default: tests/benchmarks/results.md)"
    )
    options = parser.parse_args()
    before = load()
    say(f"Before: {before}. Measuring; please leave the machine alone.")
    rows = []
    with tempfile.TemporaryDirectory(prefix="outpost-bench-") as name:
        folder = Path(name)
        separate_from_the_user(folder)
        stage = Stage(folder, make_template(folder / "template"), QUICK if options.quick else FULL)
        for what in options.only or MEASUREMENTS:
            begin_s = time.monotonic()
            rows += MEASUREMENTS[what](stage)
            say(f"{what}: {time.monotonic() - begin_s:.0f} s")
    report = f"{table(rows)}\nMeasured on {facts()}.\nBefore: {before}.\n"
    print(report)
    if options.output or not (options.only or options.quick):
        (options.output or HERE / "results.md").write_text(f"# Benchmarks\n\n{report}", encoding="utf-8")
    return 0


def separate_from_the_user(folder: Path) -> None:
    """State, settings and secrets of what is started lie in a folder that is thrown away."""
    for kind in ("CONFIG", "STATE", "DATA", "CACHE"):
        os.environ[f"XDG_{kind}_HOME"] = str(folder / kind.lower())
    (folder / "run").mkdir(mode=0o700)
    os.environ["XDG_RUNTIME_DIR"] = str(folder / "run")
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed program has its bytecode
    os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"


def say(text: str) -> None:
    """Progress, apart from the result."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())

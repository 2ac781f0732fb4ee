#!/usr/bin/env python3
"""Set up .venv on first use, then run Outpost or its tests from it.

    python3 deploy/run.py demo          a register with simulated devices and a local server
    python3 deploy/run.py test          the whole test suite
    python3 deploy/run.py test ARGS     only what pytest selects with ARGS
    python3 deploy/run.py check         lint, format, types, import contracts, dependencies
    python3 deploy/run.py ...           any other `outpost` command

Needs nothing but Python 3.11 or newer, and pip or uv.
"""

import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = Path(os.environ.get("OUTPOST_VENV", ROOT / ".venv"))
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "outpost.stamp"
LOCK = ROOT / "deploy" / "requirements" / "dev.lock"
OLDEST = (3, 11)

# Two workers fit the smallest machine we test on. Tests marked `serial` drive real terminals against the
# clock, so they follow alone, one at a time, when no worker competes with them for the processor.
TEST_RUNS = (["-m", "not serial", "-n", "2"], ["-m", "serial"])
NO_TESTS_SELECTED = 5

CHECKS = (
    ["ruff", "check"],
    ["ruff", "format", "--check"],
    ["mypy"],
    ["lint-imports"],
    ["deptry", "."],
)


def require_interpreter() -> None:
    """Continue under a newer Python where this one is too old, and never under the one about to be replaced."""
    if sys.version_info < OLDEST:
        for minor in range(20, OLDEST[1] - 1, -1):
            if newer := shutil.which(f"python3.{minor}"):
                os.execv(newer, [newer, *sys.argv])
        sys.exit("Outpost needs Python 3.11 or newer.")
    if Path(sys.prefix) == VENV and not is_current():
        os.execv(sys._base_executable, [sys._base_executable, *sys.argv])


def fingerprint() -> str:
    """Name everything an installed environment depends on, so that a change of any of it makes it stale."""
    import tomllib  # not there before 3.11, and require_interpreter comes first

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    parts = (
        sys.version,
        str(ROOT),
        LOCK.read_text(),
        repr(project["project"]),
        repr(project["tool"]["hatch"]),
    )
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def is_current() -> bool:
    """Tell whether .venv can be used as it is."""
    if not (PYTHON.exists() and STAMP.exists() and STAMP.read_text() == fingerprint()):
        return False
    return subprocess.call([PYTHON, "-c", "import tui, pytest"], cwd="/", stderr=subprocess.DEVNULL) == 0


def installer() -> tuple[list[str], list[str], bool]:
    """Choose what installs: command, the options that aim it at .venv, and whether .venv gets its own pip."""
    if uv := shutil.which("uv"):
        return [uv, "pip", "install"], ["--python", str(PYTHON)], False
    if importlib.util.find_spec("ensurepip"):
        return [str(PYTHON), "-m", "pip", "install", "--quiet"], [], True
    if importlib.util.find_spec("pip"):  # a distribution that ships venv without ensurepip
        return [sys.executable, "-m", "pip", "--python", str(PYTHON), "install", "--quiet"], [], False
    sys.exit("Outpost needs pip or uv to install its packages, and this Python has neither.")


def prepare() -> None:
    """Make .venv, unless it is there and current. A second caller waits for the first to finish."""
    fcntl.flock(
        os.open(ROOT, os.O_RDONLY), fcntl.LOCK_EX
    )  # released when this process ends or becomes another
    if is_current():
        return
    print(f"First run: installing into {VENV}", file=sys.stderr, flush=True)
    install, aim, with_pip = installer()
    environment = os.environ | {"PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    try:
        venv.EnvBuilder(with_pip=with_pip, clear=True, symlinks=True).create(VENV)
        for what in (["--require-hashes", "-r", LOCK], ["--no-deps", "--no-build-isolation", "-e", ROOT]):
            subprocess.run([*install, *aim, *what], check=True, cwd=ROOT, env=environment)
    except (OSError, subprocess.CalledProcessError) as error:
        sys.exit(
            f"Outpost could not install its packages into {VENV}: {error}\n"
            "The first run needs a package index it can reach (or a folder of wheels named by PIP_FIND_LINKS). "
            "Once that is there, run the same command again."
        )
    STAMP.write_text(fingerprint())


def run_tests() -> int:
    """Run the whole suite, first side by side and then the serial tests; report the first failure."""
    codes = [subprocess.call([PYTHON, "-m", "pytest", *run]) for run in TEST_RUNS]
    return next((code for code in codes if code not in (0, NO_TESTS_SELECTED)), 0)


def run_checks() -> int:
    """Run every check, also after one has failed."""
    return max([subprocess.call([VENV / "bin" / tool, *rest]) for tool, *rest in CHECKS])


def main() -> None:
    """Prepare the environment and hand over to what was asked for."""
    require_interpreter()
    prepare()
    os.chdir(ROOT)
    match sys.argv[1:]:
        case ["test"]:
            sys.exit(run_tests())
        case ["check"]:
            sys.exit(run_checks())
        case ["test", *arguments]:
            os.execv(PYTHON, [PYTHON, "-m", "pytest", *arguments])
        case arguments:
            os.execv(PYTHON, [PYTHON, "-m", "tui", *(arguments or ["--help"])])


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Set up .venv on first use, then run Outpost or its tests from it.

python3 deploy/run.py demo          a register with simulated devices and a local server
python3 deploy/run.py test          the whole test suite
python3 deploy/run.py test ARGS     only what pytest selects with ARGS
python3 deploy/run.py bench         measure speed and memory (docs/performance.md)
python3 deploy/run.py check         lint, format, types, import contracts, dependencies
python3 deploy/run.py ...           any other `outpost` command

Needs nothing but Python 3.11 or newer, and pip or uv. An older Python must still be able to read this file.
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

# Tests marked `serial` drive whole programs on real terminals: they wait more than they compute and run first, so
# that no other test competes with them for the processor. On two processors three workers keep both busy.
TEST_RUNS = (["-m", "serial", "-n", "3"], ["-m", "not serial", "-n", "3"])
NO_TESTS_SELECTED = 5

CHECKS = (["ruff", "check"], ["ruff", "format", "--check"], ["mypy"], ["lint-imports"], ["deptry", "."])


def require_interpreter() -> None:
    """Continue under a newer Python where this one is too old, and never under the one to be replaced."""
    if sys.version_info < (3, 11):
        for newer in filter(None, (shutil.which(f"python3.{minor}") for minor in range(14, 10, -1))):
            os.execv(newer, [newer, *sys.argv])
        sys.exit("Outpost needs Python 3.11 or newer.")
    if Path(sys.prefix) == VENV and not is_current():
        os.execv(sys._base_executable, [sys._base_executable, *sys.argv])


def fingerprint() -> str:
    """Name everything an installed environment depends on, so that a change of any of it makes it stale."""
    import tomllib  # needs 3.11, which require_interpreter has seen to

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    parts = (str(ROOT), LOCK.read_text(), repr(project["project"]), repr(project["tool"]["hatch"]))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def is_current() -> bool:
    """Tell whether .venv is complete, of this project as it is now, and still starts."""
    if not (PYTHON.exists() and STAMP.exists() and STAMP.read_text() == fingerprint()):
        return False
    return subprocess.call([PYTHON, "-c", "import tui"], cwd="/", stderr=subprocess.DEVNULL) == 0


def install() -> None:
    """Make .venv anew with whatever installer this machine has: uv, its own pip, or a pip outside it."""
    uv = shutil.which("uv")
    with_pip = not uv and importlib.util.find_spec("ensurepip") is not None
    if uv:
        pip = [uv, "pip", "install", "--python", PYTHON]
    elif with_pip:
        pip = [PYTHON, "-m", "pip", "install", "--quiet"]
    elif importlib.util.find_spec("pip"):  # a distribution that ships venv without ensurepip
        pip = [sys.executable, "-m", "pip", "--python", PYTHON, "install", "--quiet"]
    else:
        sys.exit("Outpost needs pip or uv to install its packages, and this Python has neither.")
    os.environ["PIP_DISABLE_PIP_VERSION_CHECK"] = "1"
    venv.EnvBuilder(with_pip=with_pip, clear=True, symlinks=True).create(VENV)
    subprocess.check_call([*pip, "--require-hashes", "-r", LOCK])
    subprocess.check_call([*pip, "--no-deps", "--no-build-isolation", "-e", ROOT])
    # Otherwise every start of core and screen would compile the project anew where nothing may be written.
    subprocess.call([PYTHON, "-m", "compileall", "-q", "tui", "devices", "store"], cwd=ROOT)
    STAMP.write_text(fingerprint())


def prepare() -> None:
    """Install unless .venv is current; a second caller waits until the first is done."""
    turn = os.open(ROOT, os.O_RDONLY)
    fcntl.flock(turn, fcntl.LOCK_EX)
    try:
        if not is_current():
            print(f"First run: installing into {VENV}", file=sys.stderr, flush=True)
            install()
    except (OSError, subprocess.CalledProcessError) as error:
        reason = getattr(error, "strerror", None) or "the lines above say why"
        sys.exit(
            f"Outpost could not install its packages into {VENV}: {reason}.\n"
            "The first run needs a package index it can reach, or a folder of wheels (PIP_FIND_LINKS). "
            "Then run the same command again."
        )
    finally:
        os.close(turn)


def main() -> None:
    """Prepare the environment and hand over to what was asked for."""
    require_interpreter()
    prepare()
    os.chdir(ROOT)
    arguments = sys.argv[1:] or ["--help"]
    if arguments == ["test"]:
        codes = [subprocess.call([PYTHON, "-m", "pytest", *run]) for run in TEST_RUNS]
        sys.exit(next((code for code in codes if code not in (0, NO_TESTS_SELECTED)), 0))
    if arguments == ["check"]:
        sys.exit(max([subprocess.call([VENV / "bin" / tool, *rest]) for tool, *rest in CHECKS]))
    words = {"test": ["-m", "pytest"], "bench": ["tests/benchmarks"]}.get(arguments[0])
    rest = arguments[1:] if words else arguments
    os.execv(PYTHON, [PYTHON, *(words or ["-m", "tui"]), *rest])


if __name__ == "__main__":
    main()

"""The one command of the README, where something stands in its way."""

import os
import subprocess
import sys

import pytest

from source_tree import ROOT

SCRIPT = ROOT / "deploy" / "run.py"


def run(*arguments, **environment):
    return subprocess.run(
        [sys.executable, SCRIPT, *arguments], env=os.environ | environment, capture_output=True, text=True
    )


@pytest.fixture
def no_index(tmp_path):
    """A machine whose only folder of wheels is empty, and that has no uv."""
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    return {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels), "PATH": os.defpath}


def test_a_first_run_without_packages_ends_in_a_sentence_and_can_be_repeated(tmp_path, no_index):
    for _ in range(2):
        done = run("test", "--version", OUTPOST_VENV=str(tmp_path / "venv"), **no_index)
        assert done.returncode == 1
        assert "Then run the same command again." in done.stderr
        assert "Traceback" not in done.stderr


def test_a_current_environment_is_used_as_it_is(no_index):
    done = run("test", "--version", **no_index)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("pytest ")
    assert "installing" not in done.stderr

"""What is installed and shipped is what the project says it is."""

import importlib.metadata
import re
import subprocess
import sys
import tomllib
import zipfile

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import tui
from source_tree import PACKAGES, ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCK = (ROOT / "deploy/requirements/dev.lock").read_text(encoding="utf-8")


def test_no_other_distribution_brings_a_package_of_our_names():
    collisions = [
        f"{distribution.name}: {file}"
        for distribution in importlib.metadata.distributions()
        if canonicalize_name(distribution.name) != PROJECT["project"]["name"]
        for file in distribution.files or ()
        if file.parts[0].removesuffix(".py") in PACKAGES
    ]
    assert not collisions


def test_version_is_the_newest_of_the_changelog_and_the_one_installed():
    entry = re.search(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert entry
    assert entry[1] == tui.__version__
    assert importlib.metadata.version("outpost-pos") == tui.__version__


def test_lock_names_versions_and_hashes_but_no_place():
    assert "://" not in LOCK
    assert not re.search(r"^\s*--(?!hash)", LOCK, re.MULTILINE)


def test_lock_satisfies_every_declared_requirement():
    locked = dict(re.findall(r"^([a-z0-9][a-z0-9.-]*)==(\S+)", LOCK, re.MULTILINE))
    declared = [
        *PROJECT["project"]["dependencies"],
        *PROJECT["project"]["optional-dependencies"]["server"],
        *PROJECT["dependency-groups"]["dev"],
    ]
    unmet = [
        text
        for text in declared
        if (requirement := Requirement(text))
        and not requirement.specifier.contains(locked.get(canonicalize_name(requirement.name), "0"))
    ]
    assert not unmet, "compile deploy/requirements/dev.lock again"


def test_wheel_holds_everything_that_lies_beside_the_code(tmp_path):
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", tmp_path]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if not name.split("/")[0].endswith(".dist-info")}
    beside_the_code = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert packed == beside_the_code

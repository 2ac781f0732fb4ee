"""What holds for every test: it never touches what belongs to the person who runs it."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

hypothesis.settings.register_profile("outpost", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "outpost")


@pytest.fixture(scope="session", autouse=True)
def own_folders() -> Iterator[Path]:
    """Keep state, settings and secrets of this run, and of what it starts, in a folder that is thrown away.

    The folder's path is short because a Unix socket's path may not exceed some hundred characters.
    """
    folder = Path(tempfile.mkdtemp(prefix="outpost-"))
    with pytest.MonkeyPatch.context() as patch:
        for kind in ("CONFIG", "STATE", "DATA", "CACHE"):
            patch.setenv(f"XDG_{kind}_HOME", str(folder / kind.lower()))
        (folder / "run").mkdir(mode=0o700)
        patch.setenv("XDG_RUNTIME_DIR", str(folder / "run"))
        patch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
        yield folder
    shutil.rmtree(folder, ignore_errors=True)

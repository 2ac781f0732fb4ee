"""The Retail Server as a process of its own, prepared with a package and started as the program starts it."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time

from server_world import STORE, TABLES, package_file
from store.server.prepare import prepare

PEPPER = b"p" * 32
MAIN = """
import sys
from pathlib import Path
from store.server.config import ServerConfig
from store.server.runtime import run_server
sys.exit(run_server(ServerConfig(home=Path(sys.argv[1]), port=int(sys.argv[2]), database_url=sys.argv[3],
    host=sys.argv[4], allow_insecure=sys.argv[5] == "yes")))
"""


def prepare_home(home, register="S0042-R03", seq=1, tables=TABLES, url="sqlite:channel.db", **more):
    home.mkdir(parents=True, exist_ok=True)
    path = home / f"package-{seq}.outpost"
    path.write_bytes(package_file(seq, tables))
    options = {"pepper": PEPPER, "allow_insecure": True} | more
    return prepare(home, url, path, register, **options)


def start(home, port=0, url="sqlite:channel.db", host="127.0.0.1", insecure="yes"):
    return subprocess.Popen(
        [sys.executable, "-c", MAIN, str(home), str(port), url, host, insecure],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
    )


def wait_ready(process, home, patience_s=20.0):
    """The content of run/server.json once this process has written it."""
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        with contextlib.suppress(FileNotFoundError, json.JSONDecodeError):
            info = json.loads((home / "run" / "server.json").read_text())
            if info["pid"] == process.pid:
                return info
        if process.poll() is not None:
            raise AssertionError(f"the server ended with {process.returncode}: {process.communicate()}")
        time.sleep(0.01)
    raise AssertionError("the server did not get ready")


@contextlib.contextmanager
def running_server(home, **options):
    """A server process; ended in order if the test has not ended it."""
    process = start(home, **options)
    try:
        yield process, wait_ready(process, home)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.communicate(timeout=15)


__all__ = ["PEPPER", "STORE", "prepare_home", "running_server", "start", "wait_ready"]

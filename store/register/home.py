"""Where a register keeps its things (docs/commands.md)."""

import os
from pathlib import Path

SOCKET_PATH_LIMIT_BYTES = 100
"""The kernel allows 107 bytes for a Unix socket's path; a margin stays for the temporary name while binding."""


class RegisterHome:
    """The folder of one register and the names in it."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()

    @property
    def config_file(self) -> Path:
        """The configuration, written by hand or by `outpost activate`."""
        return self.path / "register.toml"

    @property
    def enrolment_file(self) -> Path:
        """Facts of the enrolment: who this register is. No secrets."""
        return self.path / "enrolment.json"

    @property
    def authority_file(self) -> Path:
        """The certificate authority of the store's servers, kept at enrolment; nothing else is trusted then."""
        return self.path / "store-ca.pem"

    @property
    def journal_file(self) -> Path:
        """The precious file."""
        return self.path / "journal.db"

    @property
    def sync_file(self) -> Path:
        """What synchronisation did lately; a memory that may be lost."""
        return self.path / "sync.json"

    @property
    def headers_folder(self) -> Path:
        """Signed headers of data packages while those are being fetched."""
        return self.path / "packages" / "headers"

    @property
    def lock_file(self) -> Path:
        """Held by the one core."""
        return self.path / "run" / "core.lock"

    @property
    def log_file(self) -> Path:
        """The core's log, one JSON object a line."""
        return self.path / "log" / "register.log"

    @property
    def output_file(self) -> Path:
        """What a core without a terminal writes to standard output and error; empty on a good day."""
        return self.path / "log" / "register.out"

    @property
    def socket(self) -> Path:
        """The control socket; in the runtime folder where its path would be too long for the kernel."""
        wanted = self.path / "run" / "control.sock"
        if len(os.fsencode(wanted)) <= SOCKET_PATH_LIMIT_BYTES:
            return wanted
        import hashlib  # rarely needed, and every command comes through here

        name = hashlib.sha256(os.fsencode(self.path)).hexdigest()[:16]
        return runtime_folder() / f"outpost-{name}" / "control.sock"


def runtime_folder() -> Path:
    """The user's runtime folder, private and emptied at boot; under /tmp where the system names none."""
    named = os.environ.get("XDG_RUNTIME_DIR")
    return Path(named) if named else Path(f"/tmp/outpost-{os.getuid()}")  # noqa: S108 - made with mode 0700

"""Where the demo shop keeps its things, and what it remembers from one start to the next."""

import socket
from pathlib import Path

import msgspec

from store.register.home import RegisterHome, runtime_folder


class ShopNotes(msgspec.Struct, frozen=True, kw_only=True):
    """`demo.json`: what was built. `products` 0 is the whole assortment."""

    products: int = 0
    stocked: int = 0
    """Products that headquarters has; 0 before it was set up."""
    headquarters_port: int = 0
    server_port: int = 0
    cable_port: int = 0
    opened: bool = False
    """The first shift was opened once; later ones are the cashier's business."""


class ShopHome:
    """The folder of one demo shop: headquarters, server and register side by side."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.headquarters = self.path / "headquarters"
        self.server = self.path / "server"
        self.register = RegisterHome(self.path / "register")

    @property
    def notes_file(self) -> Path:
        """What the demo remembers."""
        return self.path / "demo.json"

    @property
    def sheet_file(self) -> Path:
        """The codes to try; F1 shows them."""
        return self.register.path / "barcodes.json"

    @property
    def floor_socket(self) -> Path:
        """The control socket of cable and server switch, beside the register's own."""
        return self.register.socket.with_name("floor.sock")

    def notes(self) -> ShopNotes:
        """What was built so far; a damaged file counts as nothing, everything in it can be made again."""
        try:
            return msgspec.json.decode(self.notes_file.read_bytes(), type=ShopNotes)
        except (FileNotFoundError, msgspec.DecodeError):
            return ShopNotes()

    def keep(self, notes: ShopNotes) -> None:
        """Remember."""
        self.notes_file.write_bytes(msgspec.json.format(msgspec.json.encode(notes)))

    def make(self) -> None:
        """Make the folders."""
        for folder in (self.path, self.headquarters, self.server, self.register.path):
            folder.mkdir(mode=0o750, parents=True, exist_ok=True)
        if self.register.socket.is_relative_to(runtime_folder()):
            runtime_folder().mkdir(mode=0o700, parents=True, exist_ok=True)
        self.register.socket.parent.mkdir(mode=0o750, parents=True, exist_ok=True)


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def is_port_free(port: int) -> bool:
    """Whether somebody could listen there now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True

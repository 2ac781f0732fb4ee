"""An enrolled register without a server: a home as `outpost activate` would leave it, with a small shop in it."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from catalog_files import apply_file
from store.database.pins import hash_pin
from store.database.vault import open_vault
from store.exchange.package import build_package, endorse_keys
from store.exchange.record import public_bytes
from store.register.catalog.keeper import CatalogKeeper
from store.register.control.client import ask
from store.register.control.messages import Command, Query
from store.register.control.probe import is_core_there
from store.register.enrolment.activation import Enrolment
from store.register.home import RegisterHome

PEPPER = bytes(32)
SERIES = "S0001-R01.1"
NOWHERE = "http://127.0.0.1:1"
"""Nobody listens there: every call is refused at once."""
MILK, BREAD, UNKNOWN = "4006381333931", "4000417025005", "4012345678901"


def shop_tables() -> dict[str, list[dict]]:
    return {
        "item": [
            item("1001", "Whole milk 1 l", 109, plu="11"),
            item("1002", "Rye bread 500 g", 249, plu="12"),
        ],
        "barcode": [{"gtin": MILK.zfill(14), "sku": "1001"}, {"gtin": BREAD.zfill(14), "sku": "1002"}],
        "department": [{"code": "10", "name": "Food", "tax": "B", "position": 1}],
        "tax": [{"code": "B", "name": "VAT", "rate": "7", "included": 1}],
        "staff": [
            {
                "number": "101",
                "name": "Ann Baker",
                "role": "cashier",
                "salt": "",
                "hash": hash_pin(PEPPER, "101101"),
            }
        ],
        "setting": [{"key": "currency", "value": "EUR"}, {"key": "store_name", "value": "First store"}],
    }


def item(sku: str, name: str, price: int, **more) -> dict:
    row = {"sku": sku, "name": name, "unit": "pcs", "price": price, "tax": "B", "department": "10"}
    return {**row, "plu": "", "open_price": 0, "weighed": 0, "blocked": "", **more}


def make_home(path: Path, server_url: str = NOWHERE, config: str = "") -> RegisterHome:
    """Make the home; takes a tenth of a second for the PIN."""
    path.mkdir(parents=True, exist_ok=True)
    home = RegisterHome(path)
    key, root, package_key = (Ed25519PrivateKey.generate() for _ in range(3))
    vault = open_vault(path, True)
    vault.put_secret(f"device-key.{SERIES}", key.private_bytes_raw())
    vault.put_secret(f"store-pepper.{SERIES}", PEPPER)
    enrolment = Enrolment(
        register="S0001-R01",
        store="S0001",
        store_name="First store",
        epoch=1,
        series=SERIES,
        public_key=public_bytes(key).hex(),
        root_key=public_bytes(root).hex(),
        server_key=public_bytes(Ed25519PrivateKey.generate()).hex(),
        server_url=server_url,
        insecure=True,
        enrolled_ms=1,
    )
    home.enrolment_file.write_bytes(msgspec.json.encode(enrolment))
    home.config_file.write_text(config or f'[register]\nserver_url = "{server_url}"\n')
    package = build_package(
        shop_tables(),
        seq=1,
        created_ms=int(time.time() * 1000),
        key=package_key,
        keys=endorse_keys(root, [public_bytes(package_key)], issued_ms=1),
    )
    keeper = CatalogKeeper(path, lambda: int(time.time() * 1000))
    keeper.load()
    asyncio.run(apply_file(keeper, package, public_bytes(root)))
    keeper.flip()
    return home


class CoreRun:
    """The real core as a process of its own."""

    def __init__(self, home: RegisterHome) -> None:
        self.home = home
        home.output_file.parent.mkdir(parents=True, exist_ok=True)
        self._out = home.output_file.open("wb")
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "tui", "register", "--core", "--home", str(home.path)],
            stdin=subprocess.DEVNULL,
            stdout=self._out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=os.environ,
        )

    def wait_until_it_listens(self, within_s: float = 10.0) -> "CoreRun":
        end = time.monotonic() + within_s
        while not is_core_there(self.home.socket):
            assert self.process.poll() is None, self.output()
            assert time.monotonic() < end, "the core does not listen: " + self.output()
            time.sleep(0.01)
        return self

    def output(self) -> str:
        return self.home.output_file.read_text(errors="replace")

    def log(self) -> list[dict]:
        return [msgspec.json.decode(line) for line in self.home.log_file.read_bytes().splitlines()]

    def query(self, kind: str, text: str = "") -> dict:
        return ask(self.home.socket, Query(id=1, kind=kind, text=text), "0")

    def command(self, kind: str) -> dict:
        return ask(self.home.socket, Command(id=1, kind=kind), "0")

    def end(self, number: int = signal.SIGTERM, within_s: float = 8.0) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(within_s)
        self._out.close()
        return code

    def __enter__(self) -> "CoreRun":
        return self

    def __exit__(self, *_) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._out.close()

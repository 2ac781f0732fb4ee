"""A further data package of a demo shop, as only a headquarters gone wrong would send it."""

import contextlib
import sqlite3
import time
from pathlib import Path

from store.database.pins import hash_pin
from store.exchange.package import build_package, endorse_keys, write_package
from store.exchange.record import public_bytes
from store.headquarters.secrets import open_secrets
from store.server.prepare import prepare
from tui.demo.chain import LABEL_REGION, REGISTER, SETTINGS, STAFF, STORE, TAXES
from tui.demo.goods import make_goods


def publish(home: Path, names: dict[int, str], **more: list[dict[str, object]]) -> None:
    """Load the shop's server with goods of which some have other names, signed as headquarters signs.

    `more` are further rows by table.
    """
    secrets = open_secrets(home / "headquarters", allow_insecure=True)
    pepper = secrets.pepper(STORE)
    goods = make_goods()
    for at, name in names.items():
        goods.items[at]["name"] = name
    tables = {
        "item": goods.items,
        "barcode": goods.barcodes,
        "department": goods.departments,
        "tax": [{**tax, "included": int(tax["included"])} for tax in TAXES],
        "staff": [
            {"number": number, "name": name, "role": role, "salt": "", "hash": hash_pin(pepper, pin)}
            for number, name, role, pin in STAFF
        ],
        "setting": [
            {"key": "store_name", "value": "First store"},
            {"key": "label_region", "value": LABEL_REGION},
            *({"key": key, "value": value} for key, value in SETTINGS.items()),
        ],
    }
    for table, rows in more.items():
        tables[table] = [*tables.get(table, []), *rows]
    now_ms = time.time_ns() // 1_000_000
    keys = endorse_keys(secrets.root_key, [public_bytes(secrets.package_key)], issued_ms=now_ms)
    package = build_package(
        tables,
        seq=newest_seq(home) + 1,
        created_ms=now_ms,
        key=secrets.package_key,
        keys=keys,
        data_group=STORE,
    )
    file = home / "further.outpost"
    file.write_bytes(write_package(package))
    prepare(
        home / "server",
        "sqlite:channel.db",
        file,
        REGISTER,
        pepper=pepper,
        new_code=False,
        allow_insecure=True,
    )


def newest_seq(home: Path) -> int:
    """The number of the newest package that the shop's server has applied."""
    with contextlib.closing(
        sqlite3.connect(f"file:{home / 'server' / 'channel.db'}?mode=ro", uri=True)
    ) as db:
        return int(db.execute("select max(applied_seq) from store").fetchone()[0])

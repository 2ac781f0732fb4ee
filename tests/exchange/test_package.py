"""Data packages: what goes in comes out, and nothing that was touched does."""

import hashlib
import os
import struct

import msgspec
import pytest
from backports import zstd
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from store.exchange.canonical import canonical
from store.exchange.package import (
    MAX_CHUNK_RAW_BYTES,
    PackageError,
    build_package,
    endorse_keys,
    open_package,
    read_package,
    read_rows,
    root_key_of,
    write_package,
)
from store.exchange.package_tables import TABLES, RowError, content_hash_of_rows
from store.exchange.record import public_bytes

ROOT, KEY, OTHER = (Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in (1, 2, 3))
KEYS = endorse_keys(ROOT, (public_bytes(OTHER), public_bytes(KEY)), issued_ms=1)
TRUSTED = public_bytes(ROOT)
ROWS = {
    "item": [
        {"sku": str(n), "name": f"Käse {n} „Gouda“", "price": n, "tax": "B", "weighed": n % 2}
        for n in range(60)
    ],
    "barcode": [{"gtin": "04006381333931", "sku": "1"}],
    "setting": [{"key": "store_name", "value": "Corner\nShop 日本"}],
}


def build(tables=None, key=KEY, keys=KEYS, seq=1):
    return build_package(ROWS if tables is None else tables, seq=seq, created_ms=1, key=key, keys=keys)


DATA = write_package(build())
SIGN_MANIFEST = b"outpost/package/v1\0"


def resigned(package, key=KEY, **changes):
    """The package with another manifest, properly signed: what a careless headquarters could send."""
    manifest = msgspec.structs.replace(package.manifest, **changes)
    document = canonical(msgspec.to_builtins(manifest))
    return msgspec.structs.replace(
        package,
        manifest=manifest,
        manifest_bytes=document,
        manifest_signature=key.sign(SIGN_MANIFEST + document),
    )


def with_chunk(package, raw, stored, raw_size=None):
    entry = package.manifest.chunks[0]
    entry = msgspec.structs.replace(
        entry,
        stored_size=len(stored),
        raw_size=len(raw) if raw_size is None else raw_size,
        sha256=hashlib.sha256(stored).hexdigest(),
    )
    changed = resigned(package, chunks=(entry,), raw_sha256=hashlib.sha256(raw).hexdigest())
    return msgspec.structs.replace(changed, chunks=(stored,))


def test_what_goes_in_comes_out_complete_and_in_key_order():
    tables = open_package(DATA, TRUSTED)
    assert set(tables) == set(TABLES)
    assert [row["sku"] for row in tables["item"]] == sorted(row["sku"] for row in ROWS["item"])
    assert tables["setting"] == [{"key": "store_name", "value": "Corner\nShop 日本"}]
    assert tables["item"][1]["blocked"] == "" and tables["item"][1]["open_price"] == 0
    assert root_key_of(read_package(DATA)) == TRUSTED


def test_the_content_hash_depends_on_the_content_only():
    backwards = {table: rows[::-1] for table, rows in ROWS.items()}
    assert build(backwards, seq=9).content_sha256 == build().content_sha256
    entries = {entry.name: entry for entry in build().manifest.tables}
    rows = open_package(DATA, TRUSTED)["item"]
    assert content_hash_of_rows("item", rows) == entries["item"].sha256
    rows[3]["price"] += 1
    assert content_hash_of_rows("item", rows) != entries["item"].sha256


@pytest.mark.parametrize("bit", [0x01, 0x20, 0x80])
def test_a_flipped_bit_in_any_byte_is_noticed(bit):
    for place in range(0, len(DATA)):
        if place % 3 == {0x01: 0, 0x20: 1, 0x80: 2}[bit]:
            tampered = bytearray(DATA)
            tampered[place] ^= bit
            with pytest.raises(PackageError):
                open_package(bytes(tampered), TRUSTED)


def test_a_package_cut_at_any_byte_or_with_something_behind_it_is_noticed():
    for length in range(0, len(DATA), 5):
        with pytest.raises(PackageError):
            open_package(DATA[:length], TRUSTED)
    with pytest.raises(PackageError):
        open_package(DATA + b"\0", TRUSTED)


@given(st.binary(max_size=300))
@settings(max_examples=100, deadline=None)
def test_rubbish_is_refused_with_a_sentence(rubbish):
    for data in (rubbish, DATA[:18] + rubbish, DATA[:22] + rubbish):
        with pytest.raises(PackageError):
            open_package(data, TRUSTED)


def test_trust_goes_from_the_root_to_the_key_to_the_manifest():
    with pytest.raises(PackageError, match="another root key"):
        open_package(DATA, public_bytes(OTHER))
    foreign_list = endorse_keys(OTHER, (public_bytes(KEY),), issued_ms=1)
    with pytest.raises(PackageError, match="another root key"):
        open_package(build(keys=foreign_list), TRUSTED)
    forged = msgspec.structs.replace(KEYS, signature=bytes(64))
    with pytest.raises(PackageError, match="key list is not signed"):
        open_package(build(keys=forged), TRUSTED)
    with pytest.raises(PackageError, match="does not vouch"):
        open_package(build(key=Ed25519PrivateKey.generate()), TRUSTED)
    mixed = msgspec.structs.replace(build(seq=2), manifest_signature=build(seq=1).manifest_signature)
    with pytest.raises(PackageError, match="manifest is not signed"):
        open_package(mixed, TRUSTED)
    assert open_package(build(key=OTHER), TRUSTED)["item"]


def test_a_bomb_unpacks_to_no_more_than_it_announced():
    bomb = zstd.compress(b"\0" * 200_000_000, level=3)
    assert len(bomb) < 100_000
    with pytest.raises(PackageError, match="announced size"):
        open_package(with_chunk(build(), b"", bomb, raw_size=1_000), TRUSTED)
    package = with_chunk(build(), b"", bomb, raw_size=200_000_000)
    with pytest.raises(PackageError, match="impossible size"):
        open_package(write_package(package), TRUSTED)
    assert MAX_CHUNK_RAW_BYTES < 200_000_000


@pytest.mark.parametrize("tail", [b"x", zstd.compress(b"more")])
def test_a_chunk_with_something_behind_its_frame_is_refused(tail):
    raw = b'["a","b"]\n'
    with pytest.raises(PackageError):
        open_package(with_chunk(build(), raw, zstd.compress(raw) + tail), TRUSTED)


def test_a_signed_package_whose_rows_are_wrong_is_refused():
    lines = b"".join(b"[" + str(n).encode() + b"]\n" for n in range(62))
    for raw in (b"", b"[]\n" * 62, lines, b'["a"', os.urandom(500), b'[["a"]]\n' * 62):
        stored = zstd.compress(raw)
        with pytest.raises(PackageError):
            open_package(with_chunk(build(), raw, stored, raw_size=len(raw) or 1), TRUSTED)


def test_row_counts_and_hashes_of_each_table_are_verified():
    tables = build().manifest.tables
    for changed in (
        msgspec.structs.replace(tables[0], rows=59),
        msgspec.structs.replace(tables[0], rows=61),
        msgspec.structs.replace(tables[0], sha256="0" * 64),
    ):
        with pytest.raises(PackageError):
            list(read_rows(resigned(build(), tables=(changed, *tables[1:])), TRUSTED))


@pytest.mark.parametrize(
    "changes",
    [
        {"format": "outpost-package-2"},
        {"min_reader": 2},
        {"kind": "delta"},
        {"package_seq": 0},
        {"tables": ()},
    ],
)
def test_a_package_for_another_program_is_refused(changes):
    with pytest.raises(PackageError):
        read_package(write_package(resigned(build(), **changes)))


def test_a_manifest_that_announces_too_much_is_refused():
    package = build()
    entry = package.manifest.tables[0]
    for rows in (-1, 2**50):
        tables = (msgspec.structs.replace(entry, rows=rows), *package.manifest.tables[1:])
        with pytest.raises(PackageError):
            read_package(write_package(resigned(package, tables=tables)))
    huge = DATA[:18] + struct.pack(">I", 2**31) + DATA[22:]
    with pytest.raises(PackageError):
        read_package(huge)


@pytest.mark.parametrize(
    "rows",
    [
        {"item": [{"sku": "1", "price": 1.5}]},
        {"item": [{"sku": "1", "price": "1"}]},
        {"item": [{"sku": "1", "colour": "red"}]},
        {"item": [{"sku": "1"}, {"sku": "1"}]},
        {"item": [{"name": "no key"}]},
        {"item": [{"sku": "1", "name": "x" * 5_000}]},
        {"item": [{"sku": "1", "name": "\ud800"}]},
        {"item": [{"sku": "1", "price": 2**60}]},
        {"colour": [{"name": "red"}]},
    ],
)
def test_rows_that_do_not_fit_their_table_build_no_package(rows):
    with pytest.raises(RowError):
        build(rows)


def test_a_package_of_many_chunks_comes_out_whole():
    rows = [{"sku": f"{n:06d}", "name": hashlib.sha256(str(n).encode()).hexdigest()} for n in range(25_000)]
    package = build({"item": rows})
    assert len(package.manifest.chunks) > 1
    opened = open_package(write_package(package), TRUSTED)["item"]
    assert [row["name"] for row in opened] == [row["name"] for row in rows]

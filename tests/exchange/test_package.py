"""Data packages as one file: what goes in comes out, and nothing that was touched does."""

import hashlib
import os
import struct

import msgspec
import pytest
from backports import zstd
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from store.exchange.package import (
    build_delta,
    build_package,
    check_package,
    endorse_keys,
    open_package,
    read_package,
    read_rows,
    root_key_of,
    write_package,
)
from store.exchange.package_header import (
    MAX_CHUNK_RAW_BYTES,
    MAX_HEADER_BYTES,
    ChunkDamaged,
    PackageError,
    PackageTooNew,
    read_header,
    sign_manifest,
    write_header,
)
from store.exchange.package_tables import TABLES, RowError, set_hash_of
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


def resigned(package, key=KEY, **changes):
    """The package with another manifest, properly signed: what a careless headquarters could send."""
    manifest = msgspec.structs.replace(package.manifest, **changes)
    return msgspec.structs.replace(package, header=sign_manifest(manifest, key, package.header.keys))


def with_part(package, number=0, **changes):
    parts = list(package.manifest.parts)
    parts[number] = msgspec.structs.replace(parts[number], **changes)
    return resigned(package, parts=tuple(parts))


def with_chunk(package, raw, stored, raw_size=None):
    """The package whose first table is that one chunk, announced as it is."""
    digest = hashlib.sha256(stored).hexdigest()
    entry = msgspec.structs.replace(
        package.manifest.parts[0].chunks[0],
        stored_size=len(stored),
        raw_size=len(raw) if raw_size is None else raw_size,
        sha256=digest,
    )
    changed = with_part(package, chunks=(entry,), sha256=hashlib.sha256(raw).hexdigest())
    return msgspec.structs.replace(changed, chunks={**package.chunks, digest: stored})


def test_what_goes_in_comes_out_complete_and_in_key_order():
    tables = open_package(DATA, TRUSTED)
    assert set(tables) == set(TABLES)
    assert [row["sku"] for row in tables["item"]] == sorted(row["sku"] for row in ROWS["item"])
    assert tables["setting"] == [{"key": "store_name", "value": "Corner\nShop 日本"}]
    assert tables["item"][1]["blocked"] == "" and tables["item"][1]["open_price"] == 0
    assert root_key_of(read_package(DATA)) == TRUSTED


def test_the_content_hash_depends_on_the_content_only():
    backwards = {table: rows[::-1] for table, rows in ROWS.items()}
    assert build(backwards, seq=9).manifest.content_hash == build().manifest.content_hash
    parts = {part.name: part for part in build().manifest.parts}
    rows = open_package(DATA, TRUSTED)["item"]
    assert set_hash_of("item", rows).hex() == parts["item"].total_hash
    rows[3]["price"] += 1
    assert set_hash_of("item", rows).hex() != parts["item"].total_hash


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
    other = build(seq=1).header.manifest_signature
    mixed = msgspec.structs.replace(
        build(seq=2), header=msgspec.structs.replace(build(seq=2).header, manifest_signature=other)
    )
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
    lines = b"".join(b"[" + str(n).encode() + b"]\n" for n in range(60))
    for raw in (b"", b"[]\n" * 62, lines, b'["a"', os.urandom(500), b'[["a"]]\n' * 62):
        stored = zstd.compress(raw)
        with pytest.raises(PackageError):
            open_package(with_chunk(build(), raw, stored, raw_size=len(raw) or 1), TRUSTED)


@pytest.mark.parametrize(
    "changes",
    [
        {"rows": 59, "total_rows": 59},
        {"rows": 61, "total_rows": 61},
        {"sha256": "0" * 64},
        {"total_hash": "0" * 64},
        {"chunks": ()},
        {"columns": 9},
    ],
)
def test_row_counts_and_hashes_of_each_table_are_verified(changes):
    with pytest.raises(PackageError):
        list(read_rows(with_part(build(), **changes), TRUSTED))


@pytest.mark.parametrize(
    "changes",
    [
        {"format": "outpost-package-3"},
        {"min_reader": 3},
        {"kind": "delta"},
        {"kind": "some"},
        {"kind": "delta", "base_seq": 1},
        {"base_seq": 1},
        {"package_seq": 0},
    ],
)
def test_a_package_for_another_program_or_with_an_impossible_number_is_refused(changes):
    with pytest.raises(PackageError):
        read_package(write_package(resigned(build(), **changes)))


def test_a_package_for_a_newer_program_is_told_apart_from_a_damaged_one():
    for changes in ({"format": "outpost-package-3"}, {"min_reader": 3}):
        with pytest.raises(PackageTooNew):
            read_header(write_header(resigned(build(), **changes).header))
    with pytest.raises(PackageTooNew, match="same version"):
        read_package(b"outpost-package/1\n" + DATA[18:])


@pytest.mark.parametrize(
    "changes",
    [
        {"rows": -1, "total_rows": -1},
        {"rows": 2**50, "total_rows": 2**50},
        {"mode": "other"},
        {"mode": "delta"},
        {"columns": 1},
        {"columns": 99},
        {"deletes": 1},
        {"total_rows": 61},
        {"sha256": "x"},
        {"total_hash": "G" * 64},
    ],
)
def test_a_manifest_that_announces_something_impossible_is_refused(changes):
    with pytest.raises(PackageError):
        read_package(write_package(with_part(build(), **changes)))


def test_a_manifest_that_announces_too_many_parts_or_chunks_is_refused():
    package = build()
    part = package.manifest.parts[0]
    many = tuple(msgspec.structs.replace(part, name=f"t{n}") for n in range(65))
    for parts in (many, (part, part), (msgspec.structs.replace(part, chunks=part.chunks * 16_385),)):
        with pytest.raises(PackageError):
            read_header(write_header(resigned(package, parts=parts).header))
    with pytest.raises(PackageError, match="allowed"):
        read_header(b" " * (MAX_HEADER_BYTES + 1))
    huge = DATA[:18] + struct.pack(">I", 2**31) + DATA[22:]
    with pytest.raises(PackageError):
        read_package(huge)


def test_a_damaged_chunk_is_named_so_that_it_can_be_fetched_again():
    package = build()
    name = package.manifest.parts[0].chunks[0].sha256
    for stored in (b"", package.chunks[name][:-1], package.chunks[name][:-1] + b"?"):
        broken = msgspec.structs.replace(package, chunks={**package.chunks, name: stored})
        with pytest.raises(ChunkDamaged) as caught:
            check_package(broken, TRUSTED)
        assert caught.value.sha256 == name


def test_a_delta_as_a_file_says_that_a_full_package_is_needed():
    delta = build_delta(ROWS, {}, seq=2, base_seq=1, created_ms=1, key=KEY, keys=KEYS)
    assert read_package(write_package(delta)).manifest == delta.manifest
    with pytest.raises(PackageError, match="full package is needed"):
        open_package(delta, TRUSTED)


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
    assert len(package.manifest.parts[0].chunks) > 1
    opened = open_package(write_package(package), TRUSTED)["item"]
    assert [row["name"] for row in opened] == [row["name"] for row in rows]

"""Packages written and read as streams: chunks of whole rows, everything announced is verified, deltas add up."""

import hashlib

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from store.exchange.compression import compress, decompress
from store.exchange.package_header import MAX_CHUNK_RAW_BYTES, ChunkEntry, PackageError, chunks_of
from store.exchange.package_reader import read_part, read_parts
from store.exchange.package_tables import RowError, decode_row, encode_cells, encode_key, encode_row
from store.exchange.package_writer import PartWriter, new_manifest
from store.exchange.set_hash import SetHash


class Chunks(dict):
    def fetch(self, entry):
        return self.get(entry.sha256, b"")


def setting(key, value="v"):
    return encode_row("setting", {"key": key, "value": value})


def written(*steps, mode="full", total=None, chunks=None, table="setting"):
    chunks = Chunks() if chunks is None else chunks
    writer = PartWriter(table, mode, chunks.__setitem__)
    for key, line in steps:
        writer.put(key, line) if line else writer.delete(key)
    return writer.close(*(total or ())), chunks


def read(part, chunks):
    rows, deletes = [], []
    for batch in read_part(part, chunks.fetch):
        rows += batch.rows
        deletes += batch.deletes
    return rows, deletes


def test_rows_and_tombstones_come_out_as_they_went_in():
    steps = [("a", setting("a", "1")), ("b", None), ("c", setting("c", "3\n4"))]
    total = SetHash()
    total.add_all([setting("a", "1"), setting("c", "3\n4")])
    part, chunks = written(*steps, mode="delta", total=(2, total))
    assert (part.rows, part.deletes, part.total_rows, part.total_hash) == (2, 1, 2, total.hex())
    assert read(part, chunks) == ([("a", "1"), ("c", "3\n4")], ["b"])
    (batch,) = read_part(part, chunks.fetch)
    assert batch.added == total


def test_chunks_hold_whole_rows_of_one_table_and_at_most_a_mebibyte():
    keys = [f"{n:05d}" for n in range(3_000)]
    part, chunks = written(
        *[(key, setting(key, hashlib.sha256(key.encode()).hexdigest() * 20)) for key in keys]
    )
    assert len(part.chunks) == 4
    for entry in part.chunks:
        raw = decompress(chunks[entry.sha256], entry.raw_size)
        assert len(raw) <= MAX_CHUNK_RAW_BYTES
        assert raw.startswith(b'["') and raw.endswith(b'"]\n')
    rows, _ = read(part, chunks)
    assert [row[0] for row in rows] == keys
    assert [len(batch.rows) for batch in read_part(part, chunks.fetch)] == [810, 810, 810, 570]


def test_equal_tables_are_equal_bytes():
    steps = [(f"{n}", setting(f"{n}")) for n in range(9)]
    assert written(*steps) == written(*steps)


@pytest.mark.parametrize(
    ("steps", "mode", "words"),
    [
        ([("b", setting("b")), ("a", setting("a"))], "full", "out of order"),
        ([("a", setting("a")), ("a", setting("a"))], "full", "twice"),
        ([("b", None), ("a", None)], "delta", "out of order"),
        ([("a", None)], "full", "no tombstones"),
        ([("a", setting("b"))], "full", "does not belong"),
        ([("a", encode_key("a"))], "full", "does not belong"),
        ([("", setting("a"))], "full", "1 to"),
        ([("a", setting("a"))], "delta", "needs the totals"),
    ],
)
def test_what_makes_no_sound_part_is_refused(steps, mode, words):
    with pytest.raises(RowError, match=words):
        written(*steps, mode=mode)


def test_table_that_is_none_is_refused():
    with pytest.raises(RowError, match="no table"):
        written(table="colour")


def test_row_too_long_for_a_package_is_refused_when_it_is_encoded():
    with pytest.raises(RowError, match="too long"):
        encode_row("customer", {"number": "1", "detail": "\x01" * 16_000})
    assert encode_row("customer", {"number": "1", "detail": "x" * 16_000})
    with pytest.raises(RowError, match="16001"):
        encode_row("customer", {"number": "1", "detail": "x" * 16_001})
    with pytest.raises(RowError, match="empty key"):
        encode_row("setting", {"value": "x"})
    with pytest.raises(RowError, match="1 values instead of 2"):
        encode_cells("setting", ["a"])
    for key, words in (("", "1 to"), ("x" * 4_001, "1 to"), ("\ud800", "surrogate")):
        with pytest.raises(RowError, match=words):
            encode_key(key)


def test_line_and_row_are_the_same():
    row = {"key": "a", "value": "Corner\nShop 日本"}
    assert decode_row("setting", encode_row("setting", row)) == row
    for line in (b"", b"[]", b'["a"]', b'["a","b"],["c","d"]', b'["a"'):
        with pytest.raises(RowError):
            decode_row("setting", line)


def part_of(raw, mode="full", table="setting", **changes):
    """A part whose one chunk holds these bytes, announced as a careless headquarters could."""
    stored = compress(raw)
    entry = ChunkEntry(sha256=hashlib.sha256(stored).hexdigest(), stored_size=len(stored), raw_size=len(raw))
    lines = raw.split(b"\n")[:-1]
    total = SetHash()
    total.add_all(lines)
    part, _ = written(table=table)
    part = msgspec.structs.replace(
        part,
        mode=mode,
        rows=len(lines),
        total_rows=len(lines),
        total_hash=total.hex(),
        sha256=hashlib.sha256(raw).hexdigest(),
        chunks=(entry,),
    )
    return msgspec.structs.replace(part, **changes), Chunks({entry.sha256: stored})


@pytest.mark.parametrize(
    "raw",
    [
        b'["a","1"]',
        b'["a","1"]\n\n',
        b'["a","1"],["b","2"]\n',
        b'["a","1"]\n["a","2"]\n',
        b'["b","1"]\n["a","2"]\n',
        b'["a",1]\n',
        b'["a"]\n',
        b'[["a"],"1"]\n',
        b'["a","1","2"]\n',
        b'["","1"]\n',
        b'["a",null]\n',
        b'{"a":"1"}\n',
        b'["a"\n,"1"]\n',
        b'["a","1"]\n' + b'["b","' + b"x" * 70_000 + b'"]\n',
        b"\xff\n",
    ],
)
@pytest.mark.parametrize("mode", ["full", "delta"])
def test_signed_rows_that_are_wrong_are_refused(raw, mode):
    if mode == "delta" and raw == b'["a"]\n':
        raw = b"[7]\n"
    part, chunks = part_of(raw, mode)
    with pytest.raises(PackageError):
        read(part, chunks)


def test_sound_rows_of_the_same_form_are_read():
    for mode in ("full", "delta"):
        part, chunks = part_of(b'["a","1"]\n["b","2"]\n', mode)
        assert read(part, chunks) == ([("a", "1"), ("b", "2")], [])


def test_order_of_keys_holds_across_chunks():
    first, chunks = part_of(b'["b","1"]\n')
    second, more = part_of(b'["a","1"]\n')
    chunks.update(more)
    both = msgspec.structs.replace(first, rows=2, total_rows=2, chunks=(*first.chunks, *second.chunks))
    with pytest.raises(PackageError, match="order of their keys"):
        read(both, chunks)


def test_unknown_tables_are_passed_over_and_unwanted_ones_not_fetched():
    item, chunks = written(("1", encode_row("item", {"sku": "1"})), table="item")
    kept, _ = written(("a", setting("a")), chunks=chunks)
    manifest = new_manifest([kept, item], package_seq=1, created_ms=1)
    assert [part.name for part in manifest.parts] == ["item", "setting"]
    strange = msgspec.structs.replace(item, name="colour")
    manifest = msgspec.structs.replace(manifest, parts=(*manifest.parts, strange))
    assert [batch.part.name for batch in read_parts(manifest, chunks.fetch)] == ["item", "setting"]
    only = list(read_parts(manifest, chunks.fetch, lambda part: part.name == "setting"))
    assert [batch.part.name for batch in only] == ["setting"]
    assert list(chunks_of(manifest, lambda part: part.name == "setting")) == [kept.chunks[0].sha256]


def test_delta_that_changes_nothing_has_no_parts():
    part, _ = written(mode="delta", total=(0, SetHash()))
    manifest = new_manifest([part], package_seq=2, base_seq=1, created_ms=1, job="1040")
    assert (manifest.kind, manifest.parts, manifest.job) == ("delta", (), "1040")


LINES = st.lists(st.binary(max_size=6), max_size=8)


@settings(max_examples=200, deadline=None)
@given(kept=LINES, gone=LINES, order=st.randoms(use_true_random=False))
def test_hash_of_a_set_depends_on_what_is_in_it_only(kept, gone, order):
    total = SetHash()
    total.add_all(kept + gone)
    shuffled = list(gone)
    order.shuffle(shuffled)
    for line in shuffled:
        total.remove(line)
    alone = SetHash()
    for line in kept:
        alone.add(line)
    assert total == alone == SetHash.from_hex(total.hex())
    merged = SetHash()
    merged.merge(total)
    assert merged.copy() == total and hash(merged) == hash(total)
    assert (SetHash(1) == 1) is False


def test_hash_of_one_line_is_its_sha256():
    one = SetHash()
    one.add(b"abc")
    assert one.hex() == hashlib.sha256(b"abc").hexdigest()
    assert repr(one).startswith("SetHash(ba7816bf8f01")
    two = one.copy()
    two.add(b"abc")
    assert two != one, "a line that is there twice counts twice"


@pytest.mark.parametrize("text", ["", "0" * 63, "g" * 64, "A" * 64, "0" * 65])
def test_text_that_is_no_hash_is_refused(text):
    with pytest.raises(ValueError, match="64 hexadecimal"):
        SetHash.from_hex(text)

"""The folder of chunks: whole or not there, resumed at any byte, cleared of what nobody names."""

import hashlib
import os

import pytest

from store.database.chunks import ChunkFolder, ChunkMissing, ChunkRefused

DATA = os.urandom(5_000)
NAME = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def folder(tmp_path):
    return ChunkFolder(tmp_path / "packages")


def files(folder):
    return sorted(path.name for path in folder.root.rglob("*") if path.is_file())


def test_chunk_comes_out_as_it_went_in_and_twice_is_once(folder):
    assert not folder.has(NAME, len(DATA))
    with pytest.raises(ChunkMissing) as missing:
        folder.read(NAME, len(DATA))
    assert missing.value.sha256 == NAME
    folder.put(NAME, DATA)
    folder.put(NAME, DATA)
    assert folder.has(NAME, len(DATA)) and not folder.has(NAME, 1)
    assert folder.read(NAME, len(DATA)) == DATA
    assert files(folder) == [NAME]
    folder.drop(NAME)
    folder.drop(NAME)
    assert files(folder) == []


@pytest.mark.parametrize("data", [b"", DATA[:-1], DATA + b"x", b"\0" * 5_000])
def test_bytes_of_another_chunk_are_refused_and_leave_nothing(folder, data):
    with pytest.raises(ChunkRefused, match="fetch it again"):
        folder.put(NAME, data)
    assert files(folder) == []


def test_chunk_of_another_size_than_announced_is_not_there(folder):
    folder.put(NAME, DATA)
    for size in (len(DATA) - 1, len(DATA) + 1):
        with pytest.raises(ChunkMissing):
            folder.read(NAME, size)


@pytest.mark.parametrize(
    "name",
    ["", "../../etc/passwd", NAME.upper(), NAME + "0", NAME[:-1] + "/"],
    ids=["empty", "a path", "capitals", "too long", "a slash"],
)
def test_only_a_digest_names_a_file(folder, name):
    with pytest.raises(ValueError, match="64 hexadecimal"):
        folder.path(name)


def test_download_goes_on_at_any_byte_where_it_was_cut(folder):
    for cut in [*range(0, 40), 4_095, 4_096, 4_097, 4_999, 5_000]:
        with folder.partial(NAME, len(DATA)) as first:
            assert first.offset == 0
            first.append(DATA[:cut])
        with folder.partial(NAME, len(DATA)) as second:
            assert second.offset == cut
            assert second.complete is (cut == len(DATA))
            second.append(DATA[cut:])
            second.finish()
        assert folder.read(NAME, len(DATA)) == DATA
        assert files(folder) == [NAME]
        folder.drop(NAME)


def test_damaged_download_begins_anew_at_the_first_byte(folder):
    with folder.partial(NAME, len(DATA)) as chunk:
        chunk.append(b"?" + DATA[1:])
        with pytest.raises(ChunkRefused):
            chunk.finish()
    with folder.partial(NAME, len(DATA)) as chunk:
        assert chunk.offset == 0
        chunk.append(DATA[:-1])
        with pytest.raises(ChunkRefused):
            chunk.finish()


def test_more_bytes_than_announced_are_never_kept(folder):
    with folder.partial(NAME, len(DATA)) as chunk:
        with pytest.raises(ChunkRefused):
            chunk.append(DATA + b"x")
    assert files(folder) == []
    part = folder.path(NAME).with_name(NAME + ".part")
    part.write_bytes(DATA * 2)
    with folder.partial(NAME, len(DATA)) as chunk:
        assert chunk.offset == 0


def test_two_writers_of_one_chunk_are_no_harm(folder):
    with folder.partial(NAME, len(DATA)) as chunk:
        chunk.append(DATA)
        folder.put(NAME, DATA)
        chunk.finish()
    assert folder.read(NAME, len(DATA)) == DATA


def test_disk_that_fails_leaves_nothing_of_a_chunk(folder, monkeypatch):
    def fails(_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fails)
        with pytest.raises(OSError, match="No space"):
            folder.put(NAME, DATA)
    assert files(folder) == []


def test_headers_are_kept_by_number_and_form(folder):
    assert folder.headers() == []
    folder.put_header(10, "full", b"ten")
    folder.put_header(10, "delta", b"ten as a delta")
    folder.put_header(9, "delta", b"nine")
    folder.put_header(9, "delta", b"nine")
    folder.put(NAME, DATA)
    (folder.root / "0-full").write_bytes(b"no number")
    assert folder.headers() == [(9, "delta"), (10, "delta"), (10, "full")]
    assert folder.header(10, "full") == b"ten"
    assert folder.header(11, "full") is None
    folder.drop_header(10, "full")
    folder.drop_header(10, "full")
    assert folder.headers() == [(9, "delta"), (10, "delta")]


def test_what_no_package_names_is_collected(folder, tmp_path):
    assert folder.collect(()) == 0
    kept = hashlib.sha256(b"kept").hexdigest()
    folder.put(kept, b"kept")
    folder.put(NAME, DATA)
    with folder.partial(hashlib.sha256(b"started").hexdigest(), 9) as chunk:
        chunk.append(b"star")
    with folder.partial(hashlib.sha256(b"going on").hexdigest(), 8) as chunk:
        chunk.append(b"going")
    folder.put_header(1, "full", b"header")
    freed = folder.collect({kept, hashlib.sha256(b"going on").hexdigest()})
    assert freed == len(DATA) + 4
    assert set(files(folder)) == {kept, "1-full", hashlib.sha256(b"going on").hexdigest() + ".part"}

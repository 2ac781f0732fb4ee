"""The one compression that packages use: zstd frames of a declared size, never unpacked beyond it."""

import sys

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_LEVEL = 3
_WINDOW_LOG_MAX = 23


class NotUnpacked(ValueError):
    """Bytes are no single frame of the announced size."""


def compress(raw: bytes) -> bytes:
    """One frame; the same bytes for the same input and library."""
    return zstd.compress(raw, level=_LEVEL)


def decompress(stored: bytes, raw_size: int) -> bytes:
    """The content of a frame that unpacks to exactly `raw_size` bytes; raises NotUnpacked."""
    options: dict[int, int] = {zstd.DecompressionParameter.window_log_max: _WINDOW_LOG_MAX}
    unpacker = zstd.ZstdDecompressor(options=options)
    try:
        raw = unpacker.decompress(stored, max_length=raw_size + 1)
    except zstd.ZstdError as error:
        raise NotUnpacked(f"A frame cannot be unpacked: {error}.") from error
    if len(raw) != raw_size or not unpacker.eof or unpacker.unused_data:
        raise NotUnpacked("A frame does not unpack to its announced size.")
    return raw

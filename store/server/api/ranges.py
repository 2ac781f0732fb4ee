"""Bytes that never change, answered whole or from any position on (RFC 9110, one range)."""

from aiohttp import web

IMMUTABLE = "public, max-age=31536000, immutable"


def answer_bytes(request: web.Request, data: bytes, sha256: str) -> web.Response:
    """The bytes, the part that a Range asks for (206), nothing new (304), or 416 for a part that is not there."""
    etag = f'"{sha256}"'
    headers = {"ETag": etag, "Accept-Ranges": "bytes", "Cache-Control": IMMUTABLE}
    if request.headers.get("If-None-Match", "") == etag:
        return web.Response(status=304, headers=headers)
    start, end = _range(request, len(data), etag)
    if start is None:
        return _answer(200, data, headers)
    if start >= len(data) or end <= start:
        return _answer(416, b"", headers | {"Content-Range": f"bytes */{len(data)}"})
    headers["Content-Range"] = f"bytes {start}-{end - 1}/{len(data)}"
    return _answer(206, data[start:end], headers)


def _range(request: web.Request, size: int, etag: str) -> tuple[int | None, int]:
    """Where the asked part begins and ends; no beginning for the whole."""
    if "Range" not in request.headers or request.headers.get("If-Range", etag) != etag:
        return None, size
    try:
        asked = request.http_range
    except ValueError:
        return None, size  # what cannot be read is to be ignored
    start = asked.start or 0
    if start < 0:
        start = max(0, size + start)
    return start, size if asked.stop is None else min(asked.stop, size)


def _answer(status: int, body: bytes, headers: dict[str, str]) -> web.Response:
    return web.Response(status=status, body=body, headers=headers, content_type="application/octet-stream")

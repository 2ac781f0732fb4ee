"""Connection status, operation 917: how the register stands with its server, and what waits on either side."""

from typing import Any

from store.register.view import View
from tui.view.canvas import Canvas
from tui.view.frame import Box, line
from tui.view.local import Local
from tui.view.roles import Role
from tui.view.text import clean, cut, left, right, width_of, wrap

LABEL_WIDTH = 19


def draw_connection(canvas: Canvas, view: View | None, local: Local, box: Box) -> None:
    """The core's answer; what the header knows until it comes."""
    facts = local.answer
    if facts.get("error"):
        line(canvas, box, 1, clean(str(facts["error"])), Role.WARN)
        return
    mode = _text(facts, "mode") or (view.header.connection if view is not None else "unknown")
    since = _text(facts, "since")
    row = _facts(
        canvas, box, 0, "Connection", f"{left(mode, 16)} {since and f'since {since}'}".rstrip(), Role.STRONG
    )
    reason = _text(facts, "reason") or (view.header.reason if view is not None else "")
    row = _facts(canvas, box, row, "Reason", reason)
    row = _facts(canvas, box, row, "Link", _text(facts, "link"))
    row = _facts(canvas, box, row, "Next attempt", _text(facts, "next_attempt"))
    if not facts:
        return
    row = _counts(canvas, facts, box, row + 1)
    row = _facts(canvas, box, row, "Last sync", _text(facts, "last_sync"))
    row = draw_table(canvas, box, row + 1, _data_sets(facts), frozenset({1}))
    draw_table(canvas, box, row + 1, _uploads(facts), frozenset({1, 2}))


def _counts(canvas: Canvas, facts: dict[str, Any], box: Box, row: int) -> int:
    more = "   ".join(part for part in (_oldest(facts), _text(facts, "amount")) if part)
    label = "Pending transactions in offline database"
    text = f"{label} {_text(facts, 'pending_transactions') or '0':>5}   {more}"
    line(canvas, box, row, text)
    text = f"{'Pending downloads':<{len(label)}} {_text(facts, 'pending_downloads') or '0':>5}"
    line(canvas, box, row + 1, text)
    return row + 2


def _oldest(facts: dict[str, Any]) -> str:
    oldest = _text(facts, "oldest")
    return f"oldest {oldest}" if oldest else ""


def _data_sets(facts: dict[str, Any]) -> list[tuple[str, ...]]:
    rows = _list(facts, "data_sets")
    head = [("Data set", "rows", "as of", "state")] if rows else []
    return head + [tuple(_text(row, key) for key in ("name", "rows", "as_of", "state")) for row in rows]


def _uploads(facts: dict[str, Any]) -> list[tuple[str, ...]]:
    rows = _list(facts, "uploads")
    head = [("Uploads", "records", "size", "status", "time")] if rows else []
    keys = ("name", "records", "size", "status", "time")
    return head + [tuple(_text(row, key) for key in keys) for row in rows]


def draw_table(
    canvas: Canvas, box: Box, row: int, rows: list[tuple[str, ...]], numbers: frozenset[int]
) -> int:
    """Rows under a head, columns as wide as their widest cell; the last one is cut. Returns the next free row."""
    widths = [max(map(width_of, column)) for column in zip(*rows, strict=True)]
    for index, cells in enumerate(rows[: max(0, box.height - row)]):
        x = box.x + 2
        for column, (cell, width) in enumerate(zip(cells, widths, strict=True)):
            room = box.end - x
            if room < min(width, 5):
                break
            text = right(cell, width) if column in numbers else left(cell, width)
            canvas.put(x, box.y + row, cut(text, room), Role.STRONG if index == 0 else Role.TEXT)
            x += width + 3
        row += 1
    return row


def _facts(canvas: Canvas, box: Box, row: int, label: str, value: str, role: Role = Role.TEXT) -> int:
    """One labelled sentence, on a second row when it is long; nothing when there is nothing to say."""
    texts = wrap(value, box.width - LABEL_WIDTH - 3)[:2] if role is Role.TEXT else [value]
    for index, text in enumerate(texts):
        line(canvas, box, row, "" if index else label)
        canvas.put(box.x + 2 + LABEL_WIDTH, box.y + row, cut(text, box.width - LABEL_WIDTH - 2), role)
        row += 1
    return row


def _text(facts: dict[str, Any], key: str) -> str:
    value = facts.get(key)
    return "" if value is None or isinstance(value, dict | list) else clean(str(value))


def _list(facts: dict[str, Any], key: str) -> list[dict[str, Any]]:
    rows = facts.get(key)
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []

"""Connection status, operation 917: how the register stands with its server, and what waits on either side."""

from typing import Any

from store.register.view import View
from store.sale.language import later, phrase
from tui.view.canvas import Canvas
from tui.view.frame import Box, line
from tui.view.local import Local
from tui.view.paper import ROWS_AROUND
from tui.view.roles import Role
from tui.view.text import clean, cut, left, right, width_of, wrap

LABEL_WIDTH = 19
GAP = 2
TALL = 17
"""Rows of the panel from which a long fact may take two of them."""
TABS = (later("Data sets"), later("Downloads"), later("Uploads"))
COLUMNS: tuple[tuple[str, tuple[tuple[str, str], ...], frozenset[int]], ...] = (
    (
        "data_sets",
        (
            (later("Data set"), "name"),
            (later("rows"), "rows"),
            (later("as of"), "as_of"),
            (later("state"), "state"),
        ),
        frozenset({1}),
    ),
    (
        "downloads",
        (
            (later("Job"), "name"),
            (later("status"), "status"),
            (later("rows"), "rows"),
            (later("size"), "size"),
            (later("time"), "time"),
        ),
        frozenset({2, 3}),
    ),
    (
        "uploads",
        (
            (later("Job"), "name"),
            (later("status"), "status"),
            (later("records"), "records"),
            (later("size"), "size"),
            (later("time"), "time"),
        ),
        frozenset({2, 3}),
    ),
)
"""The table of each tab: key of the answer, heads with keys of a row, numbers of the columns that hold numbers."""
EMPTY = (
    later("No data yet."),
    later("Nothing was downloaded yet."),
    later("Nothing was uploaded yet."),
)

Rows = list[tuple[str, ...]]


def draw_connection(canvas: Canvas, view: View | None, local: Local, box: Box) -> None:
    """The core's answer; what the header knows until it comes."""
    facts = local.answer
    if facts.get("error"):
        line(canvas, box, 1, clean(str(facts["error"])), Role.WARN)
        return
    row = 0
    for label, text, role in fact_rows(view, facts, box.width, box.height):
        line(canvas, box, row, label)
        canvas.put(box.x + 2 + _indent(label), box.y + row, cut(text, box.width - _indent(label) - 2), role)
        row += 1
    if facts:
        _tabs(canvas, facts, local.tab, box, row)
        table = table_rows(facts, local.tab)
        room = max(0, box.height - row - 2)
        first = min(local.scroll, max(0, len(table) - 1 - room))
        draw_table(canvas, box, row + 1, table, COLUMNS[local.tab][2], first)


def fact_rows(
    view: View | None, facts: dict[str, Any], width: int, height: int
) -> list[tuple[str, str, Role]]:
    """Label, text and role of every row above the tabs."""
    mode = _text(facts, "mode") or (view.header.connection if view is not None else "unknown")
    since = _text(facts, "since")
    most = 2 if height >= TALL else 1
    said = phrase("since {moment}", since) if since else ""
    rows = [(phrase("Connection"), f"{left(mode, 16)} {said}".rstrip(), Role.STRONG)]
    reason = _text(facts, "reason") or (view.header.reason if view is not None else "")
    for label, text in (
        (phrase("Reason"), reason),
        (phrase("Link"), _text(facts, "link")),
        (phrase("Next attempt"), _text(facts, "next_attempt")),
    ):
        rows += _wrapped(label, text, width, most)
    if facts:
        more = "   ".join(part for part in (_oldest(facts), _text(facts, "amount")) if part)
        pending, coming = (_text(facts, f"pending_{name}") or "0" for name in ("transactions", "downloads"))
        rows.append((phrase(PENDING), f"{pending:>5}   {more}", Role.TEXT))
        rows.append((phrase(DOWNLOADS), f"{coming:>5}   {_text(facts, 'waiting')}", Role.TEXT))
        rows += _wrapped(phrase("Last sync"), _text(facts, "last_sync"), width, 2)
        warning = _text(facts, "readiness")
        keeps_data = facts.get("supports_offline") is not False
        rows += _wrapped(
            phrase("Readiness"),
            warning
            or (
                phrase("ready to sell offline")
                if keeps_data
                else phrase("sells only while the server answers")
            ),
            width,
            most + 1,
            Role.WARN if warning else Role.TEXT,
        )
    return rows


PENDING = later("Pending transactions in offline database")
DOWNLOADS = later("Pending downloads")


def _indent(label: str) -> int:
    pending = phrase(PENDING)
    return width_of(pending) + 1 if label in (pending, phrase(DOWNLOADS)) else LABEL_WIDTH


def _wrapped(
    label: str, text: str, width: int, most: int, role: Role = Role.TEXT
) -> list[tuple[str, str, Role]]:
    """One labelled sentence on at most so many rows; nothing when there is nothing to say."""
    room = width - LABEL_WIDTH - 3
    rows = wrap(text, room)
    if len(rows) > most:
        rows = [*rows[: most - 1], cut(" ".join(rows[most - 1 :]), room)]
    return [("" if index else label, row, role) for index, row in enumerate(rows)]


def _oldest(facts: dict[str, Any]) -> str:
    oldest = _text(facts, "oldest")
    return phrase("oldest {moment}", oldest) if oldest else ""


# ---- tabs


def _tabs(canvas: Canvas, facts: dict[str, Any], chosen: int, box: Box, row: int) -> None:
    """The names of the tables; brackets mark the one that is shown."""
    x = box.x + 1
    for index, name in enumerate(map(phrase, TABS)):
        text = f"[{name}]" if index == chosen else f" {name} "
        if row < box.height:
            x = canvas.put(x, box.y + row, f"{text} ", Role.STRONG if index == chosen else Role.TEXT)
    if facts.get("syncing") and row < box.height:
        canvas.put_right(box.end - 1, box.y + row, phrase("syncing"), Role.STRONG)


def table_rows(facts: dict[str, Any], tab: int) -> Rows:
    """The table of a tab with its head, newest first as the core sent it."""
    key, columns, _ = COLUMNS[tab]
    rows = [tuple(_text(row, field) for _, field in columns) for row in _list(facts, key)]
    if not rows:
        return [(phrase(EMPTY[tab]),)]
    return [tuple(phrase(head) for head, _ in columns), *rows]


def table_scroll(view: View | None, local: Local, width: int, height: int) -> tuple[int, int]:
    """How far the table can be scrolled, and how many rows of it a window shows."""
    inner = height - ROWS_AROUND - 2
    room = max(1, inner - len(fact_rows(view, local.answer, width - 2, inner)) - 2)
    return max(0, len(table_rows(local.answer, local.tab)) - 1 - room), room


def draw_table(
    canvas: Canvas, box: Box, row: int, rows: Rows, numbers: frozenset[int], first: int = 0
) -> int:
    """Rows from `first` on under their head, columns as wide as their widest cell; the first column gives way.

    Returns the next free row.
    """
    widths = [max(map(width_of, column)) for column in zip(*rows, strict=True)]
    widths[0] = max(4, min(widths[0], box.width - 2 - sum(width + GAP for width in widths[1:])))
    shown = [rows[0], *rows[1 + first :]]
    for index, cells in enumerate(shown[: max(0, box.height - row)]):
        x = box.x + 2
        for column, (cell, width) in enumerate(zip(cells, widths, strict=True)):
            room = box.end - x
            if room < min(width, 5):
                break
            fitted = cut(cell, min(width, room))
            text = right(fitted, width) if column in numbers else left(fitted, width)
            canvas.put(x, box.y + row, cut(text, room), Role.STRONG if index == 0 else Role.TEXT)
            x += width + GAP
        row += 1
    return row


def _text(facts: dict[str, Any], key: str) -> str:
    value = facts.get(key)
    return "" if value is None or isinstance(value, dict | list) else clean(str(value))


def _list(facts: dict[str, Any], key: str) -> list[dict[str, Any]]:
    rows = facts.get(key)
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []

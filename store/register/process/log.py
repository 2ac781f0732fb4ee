"""The core's log: one JSON object a line in a file of the register's home, never on a terminal."""

import json
import logging
import logging.handlers
from datetime import UTC, datetime
from pathlib import Path

LOG_BYTES = 5_000_000
LOG_FILES = 3
"""Together 20 MB: weeks of an ordinary register, and no threat to a small disk."""

ORDINARY = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonLines(logging.Formatter):
    """Makes one JSON object of a record; values given as `extra` become fields of their own."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        fields = {"at": at, "level": record.levelname.lower(), "place": record.name}
        fields["text"] = record.getMessage()
        fields |= {key: value for key, value in vars(record).items() if key not in ORDINARY}
        if record.exc_info:
            fields["trace"] = self.formatException(record.exc_info)
        return json.dumps(fields, ensure_ascii=False, default=str)


def log_to(path: Path, level: int = logging.INFO) -> None:
    """Send everything that is logged to this file. Raises OSError.

    Must come before any driver is imported: python-escpos calls `logging.basicConfig` at import, which writes to a
    terminal unless a handler is there already.
    """
    path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
    handler = logging.handlers.RotatingFileHandler(
        path, maxBytes=LOG_BYTES, backupCount=LOG_FILES, encoding="utf-8", delay=False
    )
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.captureWarnings(True)

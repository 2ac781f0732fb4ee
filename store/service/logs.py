"""The server's log: one JSON object a line, on stderr or in a file."""

import json
import logging
import logging.handlers
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

LOG_BYTES = 10_000_000
LOG_FILES = 5
_ORDINARY = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonLines(logging.Formatter):
    """One JSON object per record; values given as `extra` are fields of their own.

    With `journal` each line begins with `<N>`, from which the system journal takes the level.
    """

    _LEVELS: ClassVar[dict[int, int]] = {
        logging.DEBUG: 7,
        logging.INFO: 6,
        logging.WARNING: 4,
        logging.ERROR: 3,
        logging.CRITICAL: 2,
    }

    def __init__(self, *, journal: bool = False) -> None:
        super().__init__()
        self._journal = journal

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        fields = {
            "at": at,
            "level": record.levelname.lower(),
            "place": record.name,
            "text": record.getMessage(),
        }
        fields |= {key: value for key, value in vars(record).items() if key not in _ORDINARY}
        if record.exc_info:
            fields["trace"] = self.formatException(record.exc_info)
        line = json.dumps(fields, ensure_ascii=False, default=str)
        return f"<{self._LEVELS.get(record.levelno, 6)}>{line}" if self._journal else line


def start_log(path: Path | None) -> logging.Handler:
    """Send what Outpost logs to a file, or to stderr when there is none; raises OSError."""
    handler: logging.Handler
    if path is None:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(JsonLines(journal="JOURNAL_STREAM" in os.environ))
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = logging.handlers.RotatingFileHandler(
            path, maxBytes=LOG_BYTES, backupCount=LOG_FILES, encoding="utf-8"
        )
        handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.addHandler(handler)
    logging.getLogger("outpost").setLevel(logging.INFO)
    return handler


def stop_log(handler: logging.Handler) -> None:
    """Undo `start_log`."""
    logging.getLogger().removeHandler(handler)
    handler.close()

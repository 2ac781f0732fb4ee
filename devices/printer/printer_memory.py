"""What a printer has shown that it can do, kept between starts: silence means trouble only from one that has spoken."""

import contextlib
import json
from pathlib import Path


class PrinterMemory:
    """Capabilities of the printer at one address, learned from its behaviour (its own claims are not to be trusted)."""

    def __init__(self, path: Path | None, address: str) -> None:
        """`path`: file to keep them in, or None to forget; another address starts anew."""
        self._path = path
        self._address = address
        self.answers = False
        """It has answered a status question."""
        self.fences = False
        """It has answered a fence."""
        with contextlib.suppress(OSError, ValueError):  # no memory is no error
            known = json.loads(path.read_bytes()) if path is not None else None
            if isinstance(known, dict) and known.get("address") == address:
                self.answers = known.get("answers") is True
                self.fences = known.get("fences") is True

    def learn(self, *, answers: bool = False, fences: bool = False) -> None:
        """Remember; writes a few bytes, only when something is new."""
        before = (self.answers, self.fences)
        self.answers, self.fences = self.answers or answers, self.fences or fences
        if self._path is None or before == (self.answers, self.fences):
            return
        text = json.dumps({"address": self._address, "answers": self.answers, "fences": self.fences})
        beside = self._path.with_suffix(".new")
        with contextlib.suppress(OSError):  # learned again next time
            self._path.parent.mkdir(parents=True, exist_ok=True)
            beside.write_text(text, encoding="utf-8")
            beside.replace(self._path)

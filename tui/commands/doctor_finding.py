"""What a check of `outpost doctor` found."""

from dataclasses import asdict, dataclass
from enum import StrEnum


class State(StrEnum):
    """How bad it is. Only FAIL makes the exit code 1."""

    OK = "ok"
    NOTE = "note"
    """Worth knowing, nothing to do."""
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One check: what is so, and when something is wrong, what to do."""

    name: str
    state: State
    sentence: str
    cure: str = ""

    def as_row(self) -> dict[str, str]:
        """For scripts."""
        return asdict(self)


def ok(name: str, sentence: str) -> Finding:
    """All is well."""
    return Finding(name=name, state=State.OK, sentence=sentence)


def note(name: str, sentence: str) -> Finding:
    """Nothing to do, but worth knowing."""
    return Finding(name=name, state=State.NOTE, sentence=sentence)


def warn(name: str, sentence: str, cure: str) -> Finding:
    """It works, but not as it should."""
    return Finding(name=name, state=State.WARN, sentence=sentence, cure=cure)


def fail(name: str, sentence: str, cure: str) -> Finding:
    """The register cannot do its work like this."""
    return Finding(name=name, state=State.FAIL, sentence=sentence, cure=cure)

"""How the scheduler, the way up and others plug into headquarters: routes, verbs, tasks, rules of the set-up."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from store.database.connection import Connection
from store.headquarters.route import Route, VerbHandler


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A row that is being changed. `old` is None for a new one, `new` None for one that goes.

    `inputs` are what was typed beside the fields and is not kept in them, made ready (hashes of a PIN). `number` is
    that of the change: rows that a rule puts share it.
    """

    noun: str
    key: str
    old: Any
    new: Any
    now_ms: int
    number: int
    inputs: Mapping[str, Any] = {}


class Notes:
    """What the operator is told beside the change: sentences, and jobs that still have to run."""

    def __init__(self) -> None:
        self.sentences: list[str] = []
        self.jobs: set[str] = set()
        self.nouns: set[str] = set()

    def say(self, sentence: str) -> None:
        """Add a sentence."""
        if sentence not in self.sentences:
            self.sentences.append(sentence)

    def job(self, number: str) -> None:
        """Add a job that has to run."""
        self.jobs.add(number)

    def touched(self, noun: str) -> None:
        """Note that rows of another noun changed as well."""
        self.nouns.add(noun)


Rule = Callable[[Connection, Change, Notes], None]
"""Runs inside the unit of a change after the row is written; raises SetupError, and nothing has happened."""


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """What one part brings. `changed` gets the nouns that changed, after the commit, on the loop; it never blocks."""

    name: str
    routes: tuple[Route, ...] = ()
    verbs: Mapping[tuple[str, str], VerbHandler] = {}
    tasks: Mapping[str, Callable[[], Awaitable[None]]] = {}
    rules: Mapping[str, tuple[Rule, ...]] = {}
    changed: Callable[[frozenset[str]], None] | None = None
    stopping: Callable[[], None] | None = None
    """Called when the process begins to end, so that requests which wait for news are answered at once."""
    close: Callable[[], Awaitable[None]] | None = None

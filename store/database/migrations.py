"""The ladder of schema changes: `NNNN_name.sql` files, each applied with its number in one transaction.

One text serves both engines. Tokens: `@int` (integer or bigint), `@text` (compared by its bytes), `@json` (text or
jsonb), `@blob` (blob or bytea), `@strict` (`strict` or nothing); lines that begin with `--@sqlite ` or
`--@postgres ` belong to that engine only. Statements end with `;` at the end of a line; a trigger's inner
statements stay on one line.
"""

import hashlib
import importlib.resources
import re
import sqlite3

import msgspec

from store.database.connection import Connection, Engine, engine_of, run_unit, values
from store.database.errors import SchemaTooNew

_NAME = re.compile(r"(?P<number>[0-9]{4})_[a-z0-9_]+\.sql")
_TOKENS = {
    Engine.SQLITE: {
        "@int": "integer",
        "@text": "text",
        "@json": "text",
        "@blob": "blob",
        "@strict": "strict",
    },
    # Texts sort and compare by their bytes, as in SQLite.
    Engine.POSTGRES: {
        "@int": "bigint",
        "@text": 'text collate "C"',
        "@json": "jsonb",
        "@blob": "bytea",
        "@strict": "",
    },
}
LADDER_LOCK = 0x6F757470
"""The advisory lock under which PostgreSQL's rungs are climbed, one process at a time."""

CREATE_LADDER = (
    "create table if not exists schema_version "
    "(n integer primary key, name text not null, sha256 text not null)"
)
INSERT_STEP = "insert into schema_version (n, name, sha256) values ($1, $2, $3)"
SELECT_STEPS = "select n, name, sha256 from schema_version order by n"


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One rung: `number` counts from 1 without gaps, `sql` is the text as it is written in the file."""

    number: int
    name: str
    sql: str

    @property
    def sha256(self) -> str:
        """The digest that shows whether a rung was changed after it had been applied."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def load_steps(package: str) -> tuple[Step, ...]:
    """The rungs that lie in the folder `migrations` of a package, such as `store.server`, in order."""
    folder = importlib.resources.files(package) / "migrations"
    found = []
    for file in folder.iterdir():
        if match := _NAME.fullmatch(file.name):
            text = file.read_text(encoding="utf-8")
            found.append(Step(number=int(match["number"]), name=file.name, sql=text))
    steps = tuple(sorted(found, key=lambda step: step.number))
    if [step.number for step in steps] != list(range(1, len(steps) + 1)):
        raise ValueError(f"The migrations of {package} do not count 1, 2, 3, ...")
    return steps


def render(sql: str, engine: Engine = Engine.SQLITE) -> tuple[str, ...]:
    """The statements of a rung for an engine."""
    lines = []
    own_prefix = f"--@{engine.value} "
    for line in sql.splitlines():
        line = line.removeprefix(own_prefix)
        if not line.lstrip().startswith("--"):
            lines.append(line)
    text = "\n".join(lines)
    for token, word in _TOKENS[engine].items():
        text = re.sub(rf"{token}\b", word, text)
    return tuple(part.strip() for part in re.split(r";[ \t]*(?:\n|$)", text) if part.strip())


def schema_version(db: Connection) -> int:
    """The number of the last rung that was applied; 0 for a fresh database."""
    if engine_of(db) is Engine.POSTGRES:
        if db.execute("select to_regclass('schema_version')::text").fetchone()[0] is None:
            return 0
        return int(db.execute("select coalesce(max(n), 0) from schema_version").fetchone()[0])
    return int(db.execute("pragma user_version").fetchone()[0])


def pending(db: Connection, steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """The rungs that are still to climb.

    Raises SchemaTooNew when the file is newer than these rungs, or was made with other ones.
    """
    version = schema_version(db)
    if version > len(steps):
        raise SchemaTooNew(
            f"The database has schema {version}, this program knows {len(steps)}; "
            "start the newer program, or export the data with it."
        )
    if version:
        for step, (number, name, sha256) in zip(steps, db.execute(SELECT_STEPS).fetchall(), strict=False):
            if (number, name, sha256) != (step.number, step.name, step.sha256):
                raise SchemaTooNew(
                    f"The database was made with another migration {name}; this program cannot use it."
                )
    return steps[version:]


def climb(db: Connection, step: Step) -> None:
    """Apply one rung; call it as one unit of work, so that it happens with its number or not at all."""
    engine = engine_of(db)
    if engine is Engine.POSTGRES:
        db.execute("select pg_advisory_xact_lock($1)", values(LADDER_LOCK))
    version = schema_version(db)
    if version >= step.number:
        return  # another process was faster
    db.execute(CREATE_LADDER)
    for statement in render(step.sql, engine):
        db.execute(statement)
    db.execute(INSERT_STEP, values(step.number, step.name, step.sha256))
    if engine is Engine.SQLITE:
        db.execute(f"pragma user_version={step.number}")


def migrate(db: Connection, steps: tuple[Step, ...]) -> int:
    """Climb all rungs that are left, each as a unit of its own, and answer how many; outside a transaction.

    Raises SchemaTooNew. A crash between two rungs leaves the schema of the last finished one.
    """
    left = pending(db, steps)
    for step in left:
        run_unit(db, climb, step)
    return len(left)


def back_up(db: sqlite3.Connection, path: str) -> None:
    """Write a copy of the database to a path that does not exist yet; not inside a unit of work."""
    db.execute("vacuum into $1", values(path))

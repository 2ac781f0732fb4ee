"""Retail Servers that headquarters works with: who they are, who let them in, who sent a request. Owns `server`."""

import re

import msgspec

from store.database.connection import Connection, values
from store.exchange.delivery import ServerRequest, server_text
from store.exchange.record import verify_text

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
MAX_PENDING = 100
"""Servers that wait to be accepted; more are not written down, so that nobody fills the database."""

_COLUMNS = "name, public_key, accepted, insecure, version, address, asked_ms, accepted_ms, seen_ms"
SELECT_ONE = f"select {_COLUMNS} from server where name = $1"  # noqa: S608 - a constant
SELECT_ALL = f"select {_COLUMNS} from server order by name"  # noqa: S608 - a constant
COUNT_PENDING = "select count(*) from server where accepted = 0"
INSERT_SERVER = """
insert into server (name, public_key, accepted, insecure, version, address, asked_ms, accepted_ms, seen_ms,
  directory_sha256, directory_n)
values ($1, $2, $3, $4, $5, $6, $7, $8, $7, '', 0)"""
UPDATE_SEEN = "update server set version = $2, address = $3, seen_ms = $4 where name = $1"
UPDATE_ACCEPTED = "update server set accepted = 1, accepted_ms = $2 where name = $1 and accepted = 0"
UPDATE_DIRECTORY = "update server set directory_sha256 = $2, directory_n = $3 where name = $1"
SELECT_DIRECTORY = "select directory_sha256, directory_n from server where name = $1"
DELETE_SERVER = "delete from server where name = $1 returning name"


class KnownServer(msgspec.Struct, frozen=True):
    """A Retail Server; times in ms."""

    name: str
    public_key: bytes
    accepted: bool
    insecure: bool
    version: str
    address: str
    asked_ms: int
    accepted_ms: int
    seen_ms: int


class ServerRefused(ValueError):
    """A server cannot become known; `word` is the problem, the message a sentence."""

    def __init__(self, word: str, sentence: str) -> None:
        super().__init__(sentence)
        self.word = word


def introduce(
    db: Connection, request: ServerRequest, *, address: str, trusted: bool, now_ms: int
) -> KnownServer:
    """Write down who asks to be let in; one that is `trusted` (on this machine) is accepted at once.

    Raises ServerRefused: no proof of the key, or a name that belongs to another key.
    """
    key = _proved_key(request)
    known = find(db, request.name)
    if known is None:
        if not trusted and db.execute(COUNT_PENDING).fetchone()[0] >= MAX_PENDING:
            raise ServerRefused(
                "bad-proof", "Too many servers wait to be accepted; remove those that are none."
            )
        accepted_ms = now_ms if trusted else 0
        db.execute(
            INSERT_SERVER,
            values(
                request.name,
                key,
                int(trusted),
                int(request.insecure),
                request.version[:40],
                address[:80],
                now_ms,
                accepted_ms,
            ),
        )
    elif known.public_key != key:
        raise ServerRefused(
            "bad-proof",
            f"Server {request.name} is known with another key; remove it at headquarters if it was set up again.",
        )
    else:
        db.execute(UPDATE_SEEN, values(request.name, request.version[:40], address[:80], now_ms))
    found = find(db, request.name)
    assert found is not None, "it was just written"
    return found


def find(db: Connection, name: str) -> KnownServer | None:
    """A server by its name."""
    row = db.execute(SELECT_ONE, values(name)).fetchone()
    return None if row is None else _server(row)


def all_servers(db: Connection) -> list[KnownServer]:
    """All servers by name."""
    return [_server(row) for row in db.execute(SELECT_ALL)]


def accept(db: Connection, name: str, now_ms: int) -> KnownServer | None:
    """Let a server in; None for an unknown one."""
    db.execute(UPDATE_ACCEPTED, values(name, now_ms))
    return find(db, name)


def remove(db: Connection, name: str) -> bool:
    """Forget a server and its key; answers whether it was known."""
    return bool(db.execute(DELETE_SERVER, values(name)).fetchall())


def note_seen(db: Connection, server: KnownServer, address: str, now_ms: int) -> None:
    """Write down that a server was heard of."""
    db.execute(UPDATE_SEEN, values(server.name, server.version, address[:80], now_ms))


def directory_mark(db: Connection, name: str) -> tuple[str, int]:
    """Digest of the directory that the server was told last, and the number of the feed that brought it."""
    row = db.execute(SELECT_DIRECTORY, values(name)).fetchone()
    return ("", 0) if row is None else (str(row[0]), int(row[1]))


def mark_directory(db: Connection, name: str, sha256: str, feed_n: int) -> None:
    """Write down which directory a server is told with a number of the feed."""
    db.execute(UPDATE_DIRECTORY, values(name, sha256, feed_n))


def _proved_key(request: ServerRequest) -> bytes:
    try:
        key, proof = bytes.fromhex(request.public_key), bytes.fromhex(request.proof)
    except ValueError as error:
        raise ServerRefused("bad-proof", "Key or proof are no hexadecimal.") from error
    if not NAME.fullmatch(request.name):
        raise ServerRefused(
            "bad-proof", "A server's name has 1 to 64 letters, digits, dots, dashes or underlines."
        )
    if not verify_text(key, server_text(request.name, request.public_key), proof):
        raise ServerRefused("bad-proof", "The server did not prove that it holds the key.")
    return key


def _server(row: tuple[object, ...]) -> KnownServer:
    cells = list(row)
    cells[1], cells[2], cells[3] = bytes(cells[1]), cells[2] == 1, cells[3] == 1  # type: ignore[call-overload]
    return KnownServer(*cells)  # type: ignore[arg-type]

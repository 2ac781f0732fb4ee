"""Enrolment: a one-time code turns a device into a register. Owns the tables `register` and `enrolment_code`.

A code has 128 bits, lives 15 minutes, works once and is kept as a hash only (docs/offline-protocol.md 7). The
register makes its key itself and proves that it holds it.
"""

from collections.abc import Callable

import msgspec

from store.database.connection import Connection, values
from store.exchange.codes import CODE_LIFE_MS, code_hash
from store.exchange.delivery import CodeFacts
from store.exchange.identity import series_of
from store.exchange.messages import EnrolmentRequest, enrolment_text
from store.exchange.record import verify_text
from store.ledger.series import open_series
from store.server.items import setting
from store.service.errors import ProblemError, busy

INSERT_REGISTER = """
insert into register (store_id, register_id, epoch, created_ms) values ($1, $2, 0, $3)
on conflict (store_id, register_id) do nothing"""
RAISE_EPOCH = """
update register set epoch = epoch + 1 where store_id = $1 and register_id = $2 returning epoch"""
SELECT_STORE = "select root_key, name from store where store_id = $1"
VOID_OPEN_CODES = """
update enrolment_code set expires_ms = $3
where store_id = $1 and register_id = $2 and used_ms = 0 and expires_ms > $3"""
DELETE_OLD_CODES = "delete from enrolment_code where expires_ms < $1"
INSERT_CODE = """
insert into enrolment_code (store_id, code_hash, register_id, created_ms, expires_ms, used_ms, public_key)
values ($1, $2, $3, $4, $5, 0, '')"""
LOCK_CODE = """
update enrolment_code set used_ms = used_ms where code_hash = $1
returning store_id, register_id, expires_ms, used_ms, public_key"""
USE_CODE = """
update enrolment_code set used_ms = $3, public_key = $4
where store_id = $1 and code_hash = $2 and used_ms = 0 returning register_id"""
SELECT_CODE = "select 1 from enrolment_code where code_hash = $1"
SELECT_EPOCH = """
select epoch from series where store_id = $1 and register_id = $2 and public_key = $3 order by epoch desc limit 1"""
RAISE_EPOCH_TO = """
update register set epoch = $3 where store_id = $1 and register_id = $2 and epoch < $3"""


class Enrolled(msgspec.Struct, frozen=True, kw_only=True):
    """A register as it was just enrolled; key in hex. The secrets of the answer are added outside the unit."""

    register: str
    store: str
    store_name: str
    epoch: int
    series: str
    root_key: str
    repeated: bool


def create_code(db: Connection, store: str, register: str, code: str, now_ms: int) -> int:
    """Make the register known and its only open code the given one; answers when that expires (ms)."""
    expires_ms = now_ms + CODE_LIFE_MS
    db.execute(INSERT_REGISTER, values(store, register, now_ms))
    db.execute(VOID_OPEN_CODES, values(store, register, now_ms))
    # Codes long gone are of no use to anybody; a day of them stays for the question what happened.
    db.execute(DELETE_OLD_CODES, values(now_ms - 24 * 60 * 60 * 1000))
    db.execute(INSERT_CODE, values(store, code_hash(code), register, now_ms, expires_ms))
    return expires_ms


def knows_code(db: Connection, code: str) -> bool:
    """Whether the code is one of this channel database, whatever became of it."""
    return db.execute(SELECT_CODE, values(code_hash(code))).fetchone() is not None


def keep_code(db: Connection, code: str, facts: CodeFacts, now_ms: int) -> None:
    """Keep what headquarters says a code is good for; raises ProblemError for a store that is not served here.

    The register's next epoch is above every one that headquarters has seen, even when this database was restored
    from a backup that is older.
    """
    if db.execute(SELECT_STORE, values(facts.store)).fetchone() is None:
        # Headquarters sends a code to no server of other stores, so this one has only not heard of it yet.
        raise busy(
            "headquarters-away",
            f"This server does not know store {facts.store} yet; try again in a moment.",
            retry_after_s=2,
        )
    if knows_code(db, code):
        return
    db.execute(INSERT_REGISTER, values(facts.store, facts.register, now_ms))
    db.execute(RAISE_EPOCH_TO, values(facts.store, facts.register, facts.epoch))
    # Our clock may differ from headquarters': whoever just redeemed the code may use it a moment longer.
    expires_ms = max(facts.expires_ms, now_ms + 60_000)
    db.execute(INSERT_CODE, values(facts.store, code_hash(code), facts.register, now_ms, expires_ms))


def check_proof(request: EnrolmentRequest) -> bytes:
    """The public key (32 bytes) that the request proves to hold; raises ProblemError `bad-proof`."""
    try:
        public_key, proof = bytes.fromhex(request.public_key), bytes.fromhex(request.proof)
    except ValueError as error:
        raise ProblemError("bad-proof", "The key or its proof is no hexadecimal.") from error
    if not verify_text(public_key, enrolment_text(request.code, request.public_key), proof):
        raise ProblemError("bad-proof", "The proof is not made with the key that is to be enrolled.")
    return public_key


def enrol(
    db: Connection,
    request: EnrolmentRequest,
    public_key: bytes,
    now_ms: int,
    is_ready: Callable[[str], bool] = lambda _store: True,
) -> Enrolled:
    """Use up a code and give its register the next epoch, as one unit; raises ProblemError `bad-code`.

    Asked again with the same code and the same key (the first answer was lost), it answers the same. A store that is
    not ready yet uses no code up: ProblemError `database`.
    """
    digest = code_hash(request.code)
    # Found and locked in one: a code works once, however many server processes are asked at a time.
    row = next(iter(db.execute(LOCK_CODE, values(digest)).fetchall()), None)
    if row is None or row[2] < now_ms:
        raise ProblemError("bad-code", "Ask for a new code; a code works once and for 15 minutes.")
    store, register = row[0], row[1]
    if not is_ready(store):
        raise busy("database", "The store has no pepper yet; prepare the server again.", retry_after_s=5)
    if row[3] != 0:
        if row[4] != public_key.hex():
            raise ProblemError("bad-code", "This code was used already; ask for a new one.")
        epoch = int(db.execute(SELECT_EPOCH, values(store, register, public_key)).fetchone()[0])
        return _enrolled(db, store, register, epoch, repeated=True)
    db.execute(USE_CODE, values(store, digest, now_ms, public_key.hex()))
    epoch = int(db.execute(RAISE_EPOCH, values(store, register)).fetchone()[0])
    open_series(
        db,
        store=store,
        series=series_of(register, epoch),
        register=register,
        epoch=epoch,
        public_key=public_key,
        insecure=request.insecure,
        now_ms=now_ms,
    )
    return _enrolled(db, store, register, epoch, repeated=False)


def _enrolled(db: Connection, store: str, register: str, epoch: int, *, repeated: bool) -> Enrolled:
    root = db.execute(SELECT_STORE, values(store)).fetchone()
    return Enrolled(
        register=register,
        store=store,
        store_name=setting(db, store, "store_name") or ("" if root is None else root[1]),
        epoch=epoch,
        series=series_of(register, epoch),
        root_key="" if root is None else root[0],
        repeated=repeated,
    )

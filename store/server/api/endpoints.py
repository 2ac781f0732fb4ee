"""What the server answers on each path. Transport, admission and proof of the sender are done before (`routes`)."""

import asyncio
import base64
import hashlib
import hmac
import logging
from collections import Counter
from typing import TypeVar

import msgspec
from aiohttp import web

from store.database.connection import Connection
from store.database.errors import DatabaseTrouble
from store.exchange.acknowledgement import Outcome, sign_acknowledgement
from store.exchange.messages import (
    MAX_BATCH_BYTES,
    MAX_BATCH_RECORDS,
    EnrolmentAnswer,
    EnrolmentRequest,
    Health,
    RecordBatch,
    SeriesHead,
    WireItem,
    WireSearch,
)
from store.ledger import reports, series
from store.server import enrolments, items, packages
from store.server.api.context import Call, answer
from store.server.config import is_loopback
from store.server.version import VERSION
from store.service.errors import ProblemError, busy

LOG = logging.getLogger("outpost.server.endpoints")

Document = TypeVar("Document")

_DIGEST_HEADER = "Content-Digest"
_REFUSALS = {
    Outcome.FENCED: "fenced",
    Outcome.REJECTED: "rejected",
    Outcome.FORK: "fork",
    Outcome.GAP: "gap",
}


async def get_health(call: Call) -> web.Response:
    """Prove that a commit is possible."""
    now_ms = call.context.now_ms()
    await call.context.pulse.prove(now_ms)
    return answer(Health(ok=True, time_ms=call.context.now_ms(), version=VERSION))


async def get_item(call: Call) -> web.Response:
    """The item of the first key that is on file."""
    keys = [tuple(key.partition(":")[::2]) for key in call.request.query.getall("key", [])]
    found = await call.read_point_as_register(_find_item, keys)
    if found is None:
        raise ProblemError("unknown-item")
    return answer(found)


def _find_item(db: Connection, store: str, keys: list[tuple[str, str]]) -> WireItem | None:
    # Looked at here, because who asks is proved first and comes first.
    if not keys or len(keys) > items.MAX_KEYS:
        raise ProblemError("bad-request", f"Ask with one to {items.MAX_KEYS} keys, such as ?key=sku:4711.")
    return items.find_item(db, store, keys)


async def get_search(call: Call) -> web.Response:
    """Items by a part of their name."""
    limit = min(whole(call, "limit", 20), items.MAX_HITS)
    found = await call.read_as_register(items.search, call.request.query.get("text", ""), limit)
    return answer(WireSearch(items=found))


async def get_head(call: Call) -> web.Response:
    """How far the server has a series."""
    known = call.series
    return answer(
        SeriesHead(
            series=known.series, seq=known.head.seq, hash=known.head.hash.hex(), time_ms=call.context.now_ms()
        )
    )


async def post_records(call: Call) -> web.Response:
    """The accept stage: store a batch, acknowledge what is stored."""
    check_digest(call)
    batch = decode(call, RecordBatch)
    check_batch(batch, call.series.series)
    done = await call.work(series.accept, batch, call.context.now_ms())
    if done is None:
        raise ProblemError("bad-signature", "The series is not known any more.")
    call.context.poster.wake()
    call.context.metrics.note_records(Counter(record.outcome for record in done.answer.records))
    # The commit has happened: only now is the acknowledgement true, and only now is it signed.
    signed = sign_acknowledgement(call.context.secrets.key, done.answer)
    if done.refused is None:
        return answer(signed)
    word = _REFUSALS[done.refused.outcome]
    LOG.warning(
        "batch not taken whole",
        extra={
            "series": batch.series,
            "problem": word,
            "reason": done.refused.reason,
            "acked_seq": signed.acked_seq,
        },
    )
    raise ProblemError(word, done.refused.reason, more=signed)


async def post_enrolment(call: Call) -> web.Response:
    """A one-time code becomes a register."""
    remote = call.request.remote or ""
    keeper = call.context.gatekeeper
    keeper.check_guesses(remote)
    try:
        request = decode(call, EnrolmentRequest)
        public_key = enrolments.check_proof(request)
        if request.insecure and not (call.context.config.allow_insecure and is_loopback(remote)):
            raise ProblemError("insecure-device", "Give the device a vault with a key of its own first.")
        now_ms = call.context.now_ms()
        done = await call.work(enrolments.enrol, request, public_key, now_ms)
    except ProblemError as problem:
        if problem.status < 500:
            keeper.note_guess(remote)
            LOG.warning("enrolment refused", extra={"remote": remote, "problem": problem.word})
        raise
    pepper = call.context.secrets.pepper(done.store)
    if pepper is None:
        raise busy("database", "The store has no pepper yet; prepare the server again.", retry_after_s=60)
    LOG.info(
        "register enrolled", extra={"register": done.register, "epoch": done.epoch, "again": done.repeated}
    )
    return answer(
        EnrolmentAnswer(
            register=done.register,
            store=done.store,
            store_name=done.store_name,
            epoch=done.epoch,
            series=done.series,
            root_key=done.root_key,
            server_key=call.context.secrets.public_key.hex(),
            pepper=pepper.hex(),
        )
    )


async def get_package(call: Call) -> web.StreamResponse:
    """The current data package as one file, or with `?meta=1` what it is."""
    info = await call.read(packages.current_package, call.series.store)
    if info is None:
        raise ProblemError("no-package")
    if call.request.query.get("meta") == "1":
        return answer(info)
    path = packages.package_path(call.context.config.home, info.sha256)
    if not await asyncio.to_thread(path.is_file):
        raise busy("database", "The package file is missing; prepare the server again.", retry_after_s=60)
    return web.FileResponse(path, headers={"Content-Type": "application/octet-stream"})


async def get_transactions(call: Call) -> web.Response:
    """The transactions of a store."""
    store = await reported_store(call)
    limit = min(whole(call, "limit", reports.MAX_ROWS), reports.MAX_ROWS)
    after = call.request.query.get("after_series", "")
    seq = whole(call, "after_seq", 0)

    def read(db: Connection) -> list[reports.Transaction]:
        return reports.transactions(db, store, after_series=after, after_seq=seq, limit=limit)

    return answer(await call.read(read))


async def get_quarantine(call: Call) -> web.Response:
    """What posting could not post."""
    return answer(await call.read(reports.quarantine, await reported_store(call)))


async def get_differences(call: Call) -> web.Response:
    """Figures that register and server see differently."""
    return answer(await call.read(reports.differences, await reported_store(call)))


async def get_conservation(call: Call) -> web.Response:
    """Where the accepted records are."""
    return answer(await call.read(reports.conservation, await reported_store(call)))


async def get_metrics(call: Call) -> web.Response:
    """Counters for Prometheus; those of the books are left out while the database is in trouble."""
    try:
        for store in await call.read(reports.stores):
            call.context.metrics.note_books(store, await call.read(reports.conservation, store))
    except DatabaseTrouble as trouble:
        LOG.warning("metrics without the books", extra={"reason": str(trouble)})
    return web.Response(
        body=call.context.metrics.text(), headers={"Content-Type": call.context.metrics.content_type}
    )


async def reported_store(call: Call) -> str:
    """The store a report is about: the register's own; for an operator the one asked for, or the only one."""
    if call.is_signed:
        return call.series.store
    asked = call.request.query.get("store")
    if asked is not None:
        return asked
    known = await call.read(reports.stores)
    if len(known) > 1:
        raise ProblemError("bad-request", f"Say which store: ?store={known[0]}.")
    return known[0] if known else ""


def check_digest(call: Call) -> None:
    """Raise ProblemError `digest-mismatch` when the body is not the one that was sent."""
    said = call.request.headers.get(_DIGEST_HEADER)
    found = "sha-256=:" + base64.b64encode(hashlib.sha256(call.body).digest()).decode() + ":"
    if said is not None and not hmac.compare_digest(said.strip(), found):
        raise ProblemError("digest-mismatch", "Send the batch again.")


def check_batch(batch: RecordBatch, signed_series: str) -> None:
    """Raise ProblemError for a batch of another series, an empty or too large one."""
    if batch.series != signed_series:
        raise ProblemError("bad-signature", "The batch is of another series than the request.")
    if not batch.records or batch.batch != batch.records[-1].hash:
        raise ProblemError("bad-request", "A batch has records, and is named by the hash of the last one.")
    size = sum(len(record.payload.encode()) for record in batch.records)
    # A single record goes on whatever its size: halving cannot help it, and the accept stage says what is wrong.
    if len(batch.records) > MAX_BATCH_RECORDS or (size > MAX_BATCH_BYTES and len(batch.records) > 1):
        raise ProblemError(
            "too-large", f"Send at most {MAX_BATCH_RECORDS} records and {MAX_BATCH_BYTES} bytes."
        )


def decode(call: Call, kind: type[Document]) -> Document:
    """The body as a struct; raises ProblemError `bad-request`."""
    try:
        return msgspec.json.decode(call.body, type=kind)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ProblemError("bad-request", f"The body cannot be read: {error}.") from error


def whole(call: Call, name: str, default: int) -> int:
    """A query parameter that is a whole number from 0; raises ProblemError `bad-request`."""
    text = call.request.query.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdigit()) or len(text) > 15:
        raise ProblemError("bad-request", f"{name} is no whole number.")
    return int(text)

"""What the server answers on each path. Transport, admission and proof of the sender are done before (`routes`)."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable

from aiohttp import web

from store.database.connection import Connection
from store.database.errors import DatabaseTrouble
from store.exchange.acknowledgement import Outcome, sign_acknowledgement
from store.exchange.codes import code_hash
from store.exchange.messages import (
    MAX_BATCH_BYTES,
    MAX_BATCH_RECORDS,
    MAX_BULK_BYTES,
    MAX_BULK_RECORDS,
    EnrolmentAnswer,
    EnrolmentRequest,
    Health,
    RecordBatch,
    SeriesHead,
    WireItem,
    WireSearch,
)
from store.ledger import reports
from store.server import archive, enrolments, forks, items
from store.server.api.context import Call, answer
from store.server.api.reading import decode, whole
from store.server.certificate import authority_file
from store.server.config import is_loopback
from store.server.link.errors import HeadquartersAway, HeadquartersRefused
from store.server.version import VERSION
from store.service.batches import DIGEST_HEADER, check_digest, check_shape
from store.service.errors import ProblemError, busy

LOG = logging.getLogger("outpost.server.endpoints")

REFUSALS = {
    Outcome.FENCED: "fenced",
    Outcome.REJECTED: "rejected",
    Outcome.FORK: "fork",
    Outcome.GAP: "gap",
}


async def get_health(call: Call) -> web.Response:
    """Prove that a commit is possible."""
    now_ms = call.context.now_ms()
    await call.context.pulse.prove(now_ms)
    link = call.context.link
    return answer(
        Health(
            ok=True,
            time_ms=call.context.now_ms(),
            version=VERSION,
            headquarters="" if link is None else link.standing.sentence,
        )
    )


async def get_item(call: Call) -> web.Response:
    """The item of the first key that is on file."""
    keys = [tuple(key.partition(":")[::2]) for key in call.request.query.getall("key", [])]
    found = await call.read_point_as_register(_find_item, keys, call.context.now_ms())
    if found is None:
        raise ProblemError("unknown-item")
    return answer(found)


def _find_item(db: Connection, store: str, keys: list[tuple[str, str]], now_ms: int) -> WireItem | None:
    # Looked at here, because who asks is proved first and comes first.
    if not keys or len(keys) > items.MAX_KEYS:
        raise ProblemError("bad-request", f"Ask with one to {items.MAX_KEYS} keys, such as ?key=sku:4711.")
    return items.find_item(db, store, keys, now_ms)


async def get_search(call: Call) -> web.Response:
    """Items by a part of their name."""
    limit = min(whole(call, "limit", 20), items.MAX_HITS)
    text = call.request.query.get("text", "")
    found = await call.read_as_register(items.search, text, limit, call.context.now_ms())
    return answer(WireSearch(items=found))


async def get_head(call: Call) -> web.Response:
    """How far the server has a series."""
    known = call.series
    await call.read(forks.refuse_forked, known.store, known.series)
    archived = await call.read(archive.archived_seq, known.store, known.series)
    return answer(
        SeriesHead(
            series=known.series,
            seq=known.head.seq,
            hash=known.head.hash.hex(),
            time_ms=call.context.now_ms(),
            archived_seq=archived,
        )
    )


async def post_records(call: Call) -> web.Response:
    """The accept stage: store a batch piece by piece, acknowledge what is stored."""
    check_digest(call.request.headers.get(DIGEST_HEADER), call.body)
    batch = decode(call, RecordBatch)
    check_batch(batch, call.series.series, MAX_BULK_RECORDS, MAX_BULK_BYTES)
    await call.read(forks.refuse_forked, call.series.store, call.series.series)
    done = await call.context.intake.take(batch, call.series, call.work)
    if done is None:
        raise ProblemError("bad-signature", "The series is not known any more.")
    call.context.metrics.note_records(Counter(record.outcome for record in done.answer.records))
    # The commit has happened: only now is the acknowledgement true, and only now is it signed.
    signed = sign_acknowledgement(call.context.secrets.key, done.answer)
    if done.refused is None:
        return answer(signed)
    word = REFUSALS[done.refused.outcome]
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
        await _ask_headquarters(call, request)
        now_ms = call.context.now_ms()
        done = await call.work(enrolments.enrol, request, public_key, now_ms, _is_ready(call))
    except ProblemError as problem:
        if problem.status < 500:
            keeper.note_guess(remote)
            LOG.warning("enrolment refused", extra={"remote": remote, "problem": problem.word})
        raise
    pepper = call.context.secrets.pepper(done.store)
    assert pepper is not None, "the unit has looked"
    call.context.news.set()
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


def _is_ready(call: Call) -> Callable[[str], bool]:
    """Whether a store has its pepper: without it an enrolled register could check no PIN."""
    return lambda store: call.context.secrets.pepper(store) is not None


async def _ask_headquarters(call: Call, request: EnrolmentRequest) -> None:
    """Have headquarters say what an unknown code is good for; raises ProblemError."""
    link = call.context.link
    if link is None or await call.read(enrolments.knows_code, request.code):
        return
    try:
        facts = await link.redeem(code_hash(request.code), request.public_key)
    except HeadquartersAway as trouble:
        LOG.warning("enrolment waits for headquarters", extra={"reason": str(trouble)})
        raise busy(
            "headquarters-away", "Headquarters does not answer; try again in a moment.", retry_after_s=5
        ) from trouble
    except HeadquartersRefused as refusal:
        word = refusal.word if refusal.word in ("bad-code", "too-many-attempts") else "bad-code"
        raise ProblemError(word, str(refusal) + ".") from refusal
    await call.work(enrolments.keep_code, request.code, facts, call.context.now_ms())


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


async def get_certificate(call: Call) -> web.Response:
    """The authority that registers are to trust, once headquarters has told it."""
    path = authority_file(call.context.config.home)
    try:
        text = await asyncio.to_thread(path.read_text, "ascii")
    except FileNotFoundError as error:
        raise ProblemError(
            "not-found", "This server has no certificate of a store's own authority."
        ) from error
    return web.Response(text=text, content_type="application/x-pem-file")


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


def check_batch(
    batch: RecordBatch,
    signed_series: str,
    most_records: int = MAX_BATCH_RECORDS,
    most_bytes: int = MAX_BATCH_BYTES,
) -> None:
    """Raise ProblemError for a batch of another series, an empty or too large one."""
    if batch.series != signed_series:
        raise ProblemError("bad-signature", "The batch is of another series than the request.")
    check_shape(batch, most_records, most_bytes)

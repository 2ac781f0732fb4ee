"""P-0001, the way up: every accepted record to headquarters, in the order of its series, each exactly once.

Headquarters runs the same accept stage as this server, so everything may be sent again. What it acknowledges is
kept as the series' archived number, by which registers prune their journals.
"""

import logging
from collections.abc import Callable
from urllib.parse import quote

import msgspec

from store.database.connection import Connection, values
from store.exchange.delivery import (
    PATH_DEVICE_REPORT,
    PATH_SERIES,
    PATH_SESSION_REPORTS,
    EnrolmentReport,
    SeriesOpening,
    SessionReport,
    SessionReports,
)
from store.exchange.jobs import UploadStatus
from store.exchange.messages import (
    MAX_BATCH_BYTES,
    MAX_BATCH_RECORDS,
    PATH_HEAD,
    PATH_RECORDS,
    BatchAnswer,
    RecordBatch,
    SeriesHead,
    WireRecord,
)
from store.server import archive
from store.server.archive import Behind
from store.server.link import feed
from store.server.link.client import HeadquartersClient
from store.server.link.errors import HeadquartersRefused
from store.server.link.feed import Upload
from store.server.link.relay import IDENTITY_WORDS
from store.server.link.standing import Standing
from store.service.channel import Channel

LOG = logging.getLogger("outpost.server.uplink")

MAX_SET_BACKS = 3
"""How often headquarters may send us back in one round: once is a gap that heals, more is a mistake."""

SELECT_RECORDS = """
select seq, payload, prev, hash, signature, key_id from record
where store_id = $1 and series = $2 and seq > $3 order by seq limit $4"""
SELECT_HASH = "select hash from record where store_id = $1 and series = $2 and seq = $3"
SELECT_ALL = "select series from series where store_id = $1 and head_seq > 0 order by series"


class Refusal(Exception):
    """Headquarters will not have a series as it is; the message is a sentence."""


class Sent(msgspec.Struct):
    """What one round has delivered."""

    records: int = 0
    size: int = 0


class Uplink:
    """Delivers what headquarters does not have."""

    def __init__(
        self,
        client: HeadquartersClient,
        channel: Channel,
        standing: Standing,
        now_ms: Callable[[], int],
    ) -> None:
        self._client = client
        self._channel = channel
        self._standing = standing
        self._now_ms = now_ms
        self._sent: dict[str, Sent] = {}
        """Per store, since its last round was reported."""

    async def forgive(self) -> None:
        """Try series again that were in trouble: headquarters, or its directory, has changed."""
        await self._channel.work(archive.forget_troubles)

    async def deliver(self) -> None:
        """Everything that waits, then the rounds headquarters asked for; raises LinkTrouble and DatabaseTrouble."""
        rounds = await self._channel.read(feed.uploads)
        for store in sorted({upload.store for upload in rounds}):
            await self._compare(store)
        for behind in await self._channel.read(archive.behind):
            if not behind.trouble:
                await self._deliver_series(behind)
        troubled = dict(await self._channel.read(archive.troubled))
        for series, sentence in troubled.items():
            self._standing.trouble(f"series {series}", f"Series {series} is not delivered: {sentence}")
        for about in self._standing.troubles:
            if about.startswith("series ") and about.removeprefix("series ") not in troubled:
                self._standing.trouble(about, "")
        for upload in rounds:
            await self._report(upload)

    async def _report(self, upload: Upload) -> None:
        """Say that a round is complete, or why it is not."""
        sent = self._sent.pop(upload.store, Sent())
        left = [
            f"{one.series}: {one.trouble}"
            for one in await self._channel.read(archive.behind)
            if one.store == upload.store and one.trouble
        ]
        report = SessionReport(
            session=upload.session,
            status=UploadStatus.UPLOAD_FAILED if left else UploadStatus.UPLOADED,
            at_ms=self._now_ms(),
            rows=sent.records,
            size=sent.size,
            message=" ".join(left)[:500],
        )
        await self._client.tell("POST", PATH_SESSION_REPORTS, SessionReports(reports=(report,)))
        await self._channel.work(feed.end_upload, upload)

    async def _compare(self, store: str) -> None:
        """Find out where headquarters really stands: it may have been restored from a backup."""
        for row in await self._channel.read(_all_series, store):
            try:
                head = await self._client.ask("GET", PATH_HEAD.format(series=quote(row)), SeriesHead)
            except HeadquartersRefused as error:
                if error.word != "not-found":
                    raise
                await self._channel.work(archive.set_back, store, row, None)
                continue
            known = await self._channel.read(archive.archived_seq, store, row)
            if head.seq < known:
                LOG.warning(
                    "headquarters has less of a series than before; it is sent again",
                    extra={"series": row, "seq": head.seq, "had": known},
                )
                await self._channel.work(archive.set_back, store, row, head.seq)

    async def _deliver_series(self, behind: Behind) -> None:
        try:
            await self._tell_opening(behind)
            if not behind.told_enrolment:
                await self._tell_enrolment(behind)
            await self._send_all(behind)
        except Refusal as refusal:
            await self._channel.work(archive.note_trouble, behind.store, behind.series, str(refusal))

    async def _send_all(self, behind: Behind) -> None:
        position, set_backs = behind.archived_seq, 0
        while batch := await self._channel.read(_next_batch, behind.store, behind.series, position):
            reached = await self._send(behind, batch)
            set_backs += reached < position
            if reached == position or set_backs > MAX_SET_BACKS:
                raise Refusal(f"headquarters takes nothing after record {reached}")
            position = reached

    async def _tell_opening(self, behind: Behind) -> None:
        if behind.told_closed_ms == behind.closed_ms + behind.recovered_ms:
            return
        opening = SeriesOpening(
            series=behind.series,
            store=behind.store,
            register=behind.register,
            epoch=behind.epoch,
            public_key=behind.public_key,
            insecure=behind.insecure,
            opened_ms=behind.opened_ms,
            closed_ms=behind.closed_ms,
            recovered_ms=behind.recovered_ms,
        )
        path = PATH_SERIES.format(series=quote(behind.series))
        try:
            await self._client.ask("PUT", path, SeriesHead, body=opening)
        except HeadquartersRefused as error:
            raise _refusal(error) from error
        await self._channel.work(archive.note_opening, behind)

    async def _tell_enrolment(self, behind: Behind) -> None:
        report = EnrolmentReport(
            register=behind.register,
            store=behind.store,
            epoch=behind.epoch,
            series=behind.series,
            public_key=behind.public_key,
            insecure=behind.insecure,
            at_ms=behind.opened_ms,
        )
        try:
            await self._client.tell("POST", PATH_DEVICE_REPORT, report)
        except HeadquartersRefused as error:
            raise _refusal(error) from error
        await self._channel.work(archive.note_enrolment, behind.store, behind.series)

    async def _send(self, behind: Behind, batch: RecordBatch) -> int:
        """Send one batch; answers from where to go on. Raises Refusal when headquarters has another series there."""
        path = PATH_RECORDS.format(series=quote(behind.series))
        try:
            answer = await self._client.ask("POST", path, BatchAnswer, body=batch)
        except HeadquartersRefused as error:
            answer = _partly(error)
        own = await self._channel.read(_hash_at, behind.store, behind.series, answer.acked_seq)
        if answer.acked_seq and own is not None and own != answer.acked_hash:
            raise Refusal("headquarters has another record at the same place (a fork)")
        # Headquarters may have more than a restored database here, whose registers send the rest again. That it took
        # all of the batch says that it has the same records as far as this one reaches.
        reached = answer.acked_seq if own is not None else min(answer.acked_seq, batch.records[-1].seq)
        await self._channel.work(archive.raise_archived, behind.store, behind.series, reached)
        sent = self._sent.setdefault(behind.store, Sent())
        taken = [record for record in batch.records if record.seq <= reached]
        sent.records += len(taken)
        sent.size += sum(len(record.payload.encode()) for record in taken)
        return reached


def _all_series(db: Connection, store: str) -> list[str]:
    return [row[0] for row in db.execute(SELECT_ALL, values(store)).fetchall()]


def _hash_at(db: Connection, store: str, series: str, seq: int) -> str | None:
    row = db.execute(SELECT_HASH, values(store, series, seq)).fetchone()
    return None if row is None else bytes(row[0]).hex()


def _next_batch(db: Connection, store: str, series: str, after: int) -> RecordBatch | None:
    """The next records after a number, as many as one batch may hold; None when there are none."""
    records: list[WireRecord] = []
    size = 0
    for seq, payload, prev, hash_, signature, key_id in db.execute(
        SELECT_RECORDS, values(store, series, after, MAX_BATCH_RECORDS)
    ).fetchall():
        text = bytes(payload)
        size += len(text)
        if records and size > MAX_BATCH_BYTES:
            break
        records.append(
            WireRecord(
                seq=seq,
                payload=text.decode(),
                prev=bytes(prev).hex(),
                hash=bytes(hash_).hex(),
                signature=bytes(signature).hex(),
                key_id=key_id,
            )
        )
    if not records:
        return None
    return RecordBatch(series=series, batch=records[-1].hash, records=tuple(records))


def _partly(error: HeadquartersRefused) -> BatchAnswer:
    """What headquarters has after refusing a batch; raises Refusal when only a person can help, or the error."""
    if error.word == "gap":
        try:
            return msgspec.json.decode(error.body, type=BatchAnswer)
        except msgspec.DecodeError as damaged:
            raise error from damaged
    raise _refusal(error) from error


def _refusal(error: HeadquartersRefused) -> Exception:
    if error.word in IDENTITY_WORDS:
        return error
    return Refusal(f"headquarters refuses it ({error})")

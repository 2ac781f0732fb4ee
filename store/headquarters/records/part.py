"""How the way up plugs into headquarters."""

from store.database.connection import Connection
from store.exchange import delivery, messages
from store.headquarters.context import Headquarters
from store.headquarters.errors import Refused
from store.headquarters.part import Change, Notes, Part
from store.headquarters.records.arrival import ArrivalDesk
from store.headquarters.records.verbs import RecordsDesk
from store.headquarters.records.vouchers import VoucherDesk
from store.headquarters.registers.device_states import DeviceState
from store.headquarters.registers.devices import find_device
from store.headquarters.registers.status import records_waiting
from store.headquarters.route import Route, Sender
from store.headquarters.servers.senders import Senders
from store.ledger.effects import post
from store.ledger.examiners import Examiners
from store.ledger.posting import FIRST_WAIT_MS, Post, Poster, release_quarantine


async def open_part(hq: Headquarters) -> Part:
    """The way up of a headquarters."""
    return await assemble(hq)


async def assemble(hq: Headquarters, *, post_record: Post = post, first_wait_ms: int = FIRST_WAIT_MS) -> Part:
    """The way up with posting of any kind. What is in quarantine is tried again: this may be the repaired program."""
    await hq.channel.work(release_quarantine, hq.now_ms())
    examiners = Examiners()
    poster = Poster(
        hq.channel,
        hq.now_ms,
        post_record=post_record,
        first_wait_ms=first_wait_ms,
        drafts=examiners.drafts,
    )
    desk = ArrivalDesk(poster, examiners, Senders(), hq.tell)
    return Part(
        name="records",
        routes=arrival_routes(desk),
        verbs={**RecordsDesk(poster, hq.tell).verbs(), **VoucherDesk().verbs()},
        tasks={"posting": poster.run},
        rules={"register": (check_support_offline, check_removal)},
        close=examiners.close,
    )


def check_support_offline(db: Connection, change: Change, _notes: Notes) -> None:
    """Support offline cannot be switched off, nor a register removed, while records wait in it; raises Refused."""
    old, new = change.old, change.new
    if old is None or not old.support_offline or (new is not None and new.support_offline):
        return
    waiting = records_waiting(db, change.key)
    if waiting:
        raise Refused(
            f"{waiting} records wait in register {change.key}; connect it and let it send them first: "
            "outpost hq register status"
        )


def check_removal(db: Connection, change: Change, _notes: Notes) -> None:
    """A register whose machine is Activated would go on selling as one that nobody knows; raises Refused."""
    if change.new is None and find_device(db, change.key).state is DeviceState.ACTIVATED:
        raise Refused(
            f"A machine is register {change.key}; take it out first: "
            f"outpost hq device set {change.key} --status deactivated"
        )


def arrival_routes(desk: ArrivalDesk) -> tuple[Route, ...]:
    """What Retail Servers send up."""
    return (*_series_routes(desk), *_register_routes(desk))


_PROOF = ("bad-signature", "server-pending", "replayed")
_REFUSED_RECORDS = ("not-found", "digest-mismatch", "fork", "gap", "rejected", "too-large", "other-server")


def _series_routes(desk: ArrivalDesk) -> tuple[Route, ...]:
    return (
        Route(
            name="series-put",
            method="PUT",
            path=delivery.PATH_SERIES,
            handler=desk.put_series,
            sender=Sender.SERVER,
            summary="Make a series known, or say that it is closed; answers how far headquarters has it.",
            body=delivery.SeriesOpening,
            answers=messages.SeriesHead,
            problems=(*_PROOF, "bad-request", "fork", "other-server"),
        ),
        Route(
            name="series-head",
            method="GET",
            path=messages.PATH_HEAD,
            handler=desk.get_head,
            sender=Sender.SERVER,
            summary="How far headquarters has a series.",
            answers=messages.SeriesHead,
            problems=(*_PROOF, "not-found"),
        ),
        Route(
            name="series-records",
            method="POST",
            path=messages.PATH_RECORDS,
            handler=desk.post_records,
            sender=Sender.SERVER,
            summary="Deliver records; the answer acknowledges, cumulatively, what is stored here.",
            body=messages.RecordBatch,
            answers=messages.BatchAnswer,
            problems=(*_PROOF, *_REFUSED_RECORDS),
        ),
    )


def _register_routes(desk: ArrivalDesk) -> tuple[Route, ...]:
    return (
        Route(
            name="register-reports",
            method="POST",
            path=delivery.PATH_REGISTER_REPORTS,
            handler=desk.post_register_reports,
            sender=Sender.SERVER,
            summary="How registers stand; the newest word of each is kept.",
            body=delivery.RegisterReports,
            answers=dict[str, str],
            problems=(*_PROOF, "too-large"),
        ),
        Route(
            name="code-redeem",
            method="POST",
            path=delivery.PATH_REDEEM,
            handler=desk.post_redeem,
            sender=Sender.SERVER,
            summary="What a one-time code is good for; the first key that asks gets it.",
            body=delivery.CodeRequest,
            answers=delivery.CodeFacts,
            problems=(*_PROOF, "bad-code", "other-server", "too-many-attempts"),
        ),
        Route(
            name="device-report",
            method="POST",
            path=delivery.PATH_DEVICE_REPORT,
            handler=desk.post_enrolment,
            sender=Sender.SERVER,
            summary="A device became a register.",
            body=delivery.EnrolmentReport,
            answers=dict[str, str],
            problems=(*_PROOF, "bad-request", "fork", "other-server"),
        ),
    )

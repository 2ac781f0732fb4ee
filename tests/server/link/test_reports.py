"""What registers report, who works here, and the records of a dead register."""

import json

import msgspec
import pytest

from server_headquarters import headquarters, linked_world, until
from server_world import REGISTER, STORE, TABLES, Register, problem
from store.exchange.delivery import (
    RecoveryRequest,
    RegisterReport,
    RegisterReports,
    SessionReport,
    SessionReports,
)
from store.exchange.messages import BatchAnswer, RecordBatch
from store.exchange.record import to_wire
from store.server import reports

ROLES = [{"code": "cashier", "name": "Cashier", "permissions": "sell return"}]
GRANT = "GRANT-AAAA-BBBB"


@pytest.fixture
async def hq(tmp_path):
    async with headquarters(tmp_path / "hq") as made:
        yield made


@pytest.fixture
async def world(tmp_path, hq):
    hq.publish(1, TABLES | {"role": ROLES})
    async with linked_world(tmp_path / "srv", hq) as world:

        async def reached():
            return await world.sql(f"select 1 from store where store_id = '{STORE}' and applied_seq = 1")

        await until(reached)
        await until(lambda: hq.statuses(1) == ["Requested", "Downloaded", "Applied"])
        hq.reports.clear()
        yield world


@pytest.fixture
async def register(world, hq):
    return await world.enrolled_at_headquarters(hq)


def report(status="Applied", **fields):
    return SessionReport(**({"session": 7, "status": status, "at_ms": 5, "package_seq": 1} | fields))


def standing(name=REGISTER, **fields):
    facts = {"store": "", "series": f"{name}.1", "mode": "ONLINE", "since_ms": 1, "reason": "", "unsent": 3}
    facts |= {"unsent_transactions": 2, "oldest_unsent_ms": 4, "amount_at_risk": 500, "currency": "EUR"}
    facts |= {"catalog_seq": 1, "catalog_created_ms": 1, "version": "1", "at_ms": 9}
    return RegisterReport(register=name, **(facts | fields))


async def post(register, path, body):
    status, content, _ = await register.send("POST", path, msgspec.json.encode(body))
    return status, json.loads(content)


async def post_sessions(register, *told):
    return await post(register, "/downloads/reports", SessionReports(reports=told))


async def test_reports_of_a_register_are_relayed_once_in_order_as_its_own(hq, register):
    told = [report("Requested", at_ms=1), report("Downloaded", at_ms=2), report(at_ms=3, database="liar")]
    assert await post_sessions(register, *told) == (200, {})
    assert await post_sessions(register, *told[1:]) == (200, {})
    await until(lambda: len(hq.reports) >= 3)
    seen = [(r.status, r.database, r.session) for r in hq.reports]
    assert list(dict.fromkeys(seen)) == [
        (status, REGISTER, 7) for status in ("Requested", "Downloaded", "Applied")
    ]


async def test_reports_wait_for_a_headquarters_that_is_away_over_a_restart(tmp_path, hq, world, register):
    hq.away = True
    await post_sessions(register, report(message="x" * 9_000))
    await post(register, "/registers/reports", RegisterReports(reports=(standing(),)))
    hq.away = False
    await until(lambda: hq.reports and hq.register_reports)
    assert len(hq.reports[0].message) == 500
    kept = await world.read(reports.register_reports, STORE)
    assert [(r.register, r.store, r.unsent) for r in kept] == [(REGISTER, STORE, 3)]


async def test_one_report_that_headquarters_refuses_does_not_hold_back_the_others(hq, register, monkeypatch):
    hq.refuses_reports = lambda r: r.at_ms == 2
    await post_sessions(register, *(report(at_ms=n) for n in (1, 2, 3)))
    await until(lambda: [r.at_ms for r in hq.reports] == [1, 3])


@pytest.mark.parametrize(
    ("path", "body", "word"),
    [
        ("/downloads/reports", SessionReports(reports=(report("Canceled"),)), "bad-request"),
        ("/downloads/reports", SessionReports(reports=(report(),) * 201), "too-large"),
        ("/registers/reports", RegisterReports(reports=()), "bad-request"),
        ("/registers/reports", RegisterReports(reports=(standing("S0042-R99"),)), "bad-request"),
        ("/registers/reports", {"reports": 7}, "bad-request"),
    ],
)
async def test_what_a_register_may_not_report_is_refused(register, path, body, word):
    status, content = await post(register, path, body)
    assert status in (400, 413) and content["type"].endswith(f"/{word}")


async def test_the_latest_word_of_a_register_counts(world, hq, register):
    for unsent in (3, 2, 1):
        await post(register, "/registers/reports", RegisterReports(reports=(standing(unsent=unsent),)))
    await until(lambda: hq.register_reports and hq.register_reports[-1].unsent == 1)
    assert [r.unsent for r in await world.read(reports.register_reports, STORE)] == [1]
    assert hq.register_reports[-1].heard_ms > 0


async def test_an_operator_is_answered_with_verifier_and_permissions(register):
    status, found = await register.get("/staff/101")
    assert (status, found["name"], found["hash"], found["permissions"]) == (
        200, "Ann Baker", "$argon2id$...", "sell return",
    )  # fmt: skip
    for number in ("999", "10%001", "%2F"):
        status, content, _ = await register.send("GET", f"/staff/{number}")
        assert (status, problem(content)) == (404, "unknown-operator")


# --- the records of a dead register


def recovery(records, series, last=False, code=GRANT):
    wires = tuple(to_wire(record) for record in records)
    batch = RecordBatch(series=series, batch=wires[-1].hash if wires else "", records=wires)
    return msgspec.json.encode(RecoveryRequest(code=code, batch=batch, last=last))


async def recover(world, content):
    async with world.http.post(f"{world.url}/recoveries", data=content) as response:
        return response.status, await response.read()


async def sent_by_itself(register):
    return (await register.send("POST", f"/series/{register.series}/records", register.batch()))[0]


@pytest.fixture
async def dead(world, hq, register):
    """A register with four records, one of them delivered, whose place another device has taken."""
    for _ in range(4):
        register.add()
    await register.upload(register.batch(1, 1))
    await world.enrolled_at_headquarters(hq, code="SECOND")
    assert await sent_by_itself(register) == 410
    hq.grant(register.series, GRANT)

    async def known():
        return await world.sql("select 1 from recovery_grant")

    await until(known)
    return register


async def test_a_grant_lets_the_rest_of_a_dead_register_in_and_closes_its_series_for_good(world, hq, dead):
    status, content = await recover(world, recovery(dead.records[:3], dead.series))
    answer = msgspec.json.decode(content, type=BatchAnswer)
    assert (status, answer.acked_seq, [r.outcome for r in answer.records]) == (
        200, 3, ["duplicate", "accepted", "accepted"],
    )  # fmt: skip
    assert await sent_by_itself(dead) == 410, "the register itself stays fenced"
    last = recovery(dead.records[3:], dead.series, last=True)
    assert (await recover(world, last))[0] == 200
    assert (await recover(world, last))[0] == 200, "the answer may have been lost"
    status, content = await recover(world, recovery(dead.records, dead.series))
    assert (status, problem(content)) == (403, "bad-code")

    async def there():
        return len(await hq.records(dead.series)) == 4

    await until(there)
    assert await until(lambda: [o for o in hq.openings if o.series == dead.series and o.recovered_ms])
    events = [
        row[0] for row in await world.sql("select event from recovery_audit order by at_ms, seq, event")
    ]
    assert {"2 records taken", "1 records taken", "closed for good"} <= set(events)


async def test_the_last_one_may_bring_nothing(world, dead):
    status, content = await recover(world, recovery([], dead.series, last=True))
    assert (status, msgspec.json.decode(content, type=BatchAnswer).acked_seq) == (200, 1)


async def test_without_a_fitting_grant_nothing_comes_in(world, hq, dead):
    before = await world.sql("select count(*) from record")
    for content in (
        recovery(dead.records, dead.series, code="GUESSED"),
        recovery(dead.records, f"{REGISTER}.2"),
        recovery(dead.records, "S0042-R77.1"),
    ):
        status, answered = await recover(world, content)
        assert (status, problem(answered)) == (403, "bad-code")
    hq.grants.clear()
    hq.direct()

    async def expired():
        return await world.sql("select 1 from recovery_grant where expires_ms = 0")

    await until(expired)
    assert (await recover(world, recovery(dead.records, dead.series)))[0] == 403
    assert await world.sql("select count(*) from record") == before


async def test_a_gap_and_a_forged_record_are_refused_under_a_grant_too(world, dead):
    status, content = await recover(world, recovery(dead.records[2:], dead.series))
    assert (status, problem(content)) == (409, "gap")
    forged = [dead.records[0], msgspec.structs.replace(dead.records[1], payload=b"{}")]
    status, content = await recover(world, recovery(forged, dead.series))
    assert (status, problem(content)) == (422, "rejected")
    status, content = await recover(world, recovery([], dead.series))
    assert (status, problem(content)) == (400, "bad-request")


async def test_a_series_that_is_not_known_here_cannot_be_recovered(world, hq, register):
    hq.grant("S0042-R77.1", GRANT)
    other = Register(world.url, world.http, register.key, "S0042-R77", "S0042-R77.1")
    other.add()

    async def known():
        return await world.sql("select 1 from recovery_grant")

    await until(known)
    status, content = await recover(world, recovery(other.records, other.series))
    assert status == 403 and b"does not know the series" in content

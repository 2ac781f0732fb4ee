"""What a Retail Server gets over HTTP: let in, feed as a long poll, headers, chunks, reports."""

import asyncio
import time

import aiohttp
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hq_scheduler import Database, TestServer, told
from store.exchange.package_header import chunks_of, read_header
from store.headquarters.nouns.chain import ChannelDatabase, DataGroup, Register
from store.headquarters.nouns.profiles import OfflineProfileRow
from store.headquarters.scheduler import packages, sessions, uploads
from store.headquarters.servers import known

# ---- who is let in


async def test_server_on_this_machine_is_accepted_at_once_and_again(served):
    async with aiohttp.ClientSession() as http:
        server = TestServer(served, http)
        for _ in range(2):
            status, body = await server.introduce()
            assert (status, body["accepted"], body["detail"]) == (200, True, "")


async def test_server_from_elsewhere_waits_for_an_operator(shop, served, monkeypatch):
    monkeypatch.setattr("store.headquarters.scheduler.delivery.is_loopback", lambda _host: False)
    async with aiohttp.ClientSession() as http:
        server = TestServer(served, http)
        status, body = await server.introduce()
        assert (status, body["accepted"]) == (202, False)
        assert "outpost hq server accept MAIN" in body["detail"]
        status, _, body = await server.ask("GET", "/servers/MAIN/feed?after=0")
        assert (status, msgspec.json.decode(body)["type"]) == (403, "/problems/server-pending")
        await shop.work(known.accept, "MAIN", 5)
        status, _ = await server.introduce()
        assert status == 200
        assert (await server.feed()).directory is not None
        status, body = await server.introduce(insecure=True)
        assert (status, body["type"]) == (403, "/problems/insecure-device")


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"proof": "00" * 64}, "did not prove"),
        ({"proof": "zz"}, "no hexadecimal"),
        ({"name": "../x"}, "has 1 to 64"),
        ({"name": ""}, "has 1 to 64"),
        ({"name": "OTHER"}, "did not prove"),
    ],
)
async def test_server_without_proof_is_refused(served, changed, sentence):
    async with aiohttp.ClientSession() as http:
        status, body = await TestServer(served, http).introduce(**changed)
        assert (status, body["type"]) == (403, "/problems/bad-proof")
        assert sentence in body["detail"]


async def test_name_of_a_known_server_with_another_key_is_refused_until_it_is_removed(shop, server):
    stranger = TestServer(server.url, server.http, key=Ed25519PrivateKey.generate())
    assert (await stranger.introduce())[0] == 403
    assert await shop.work(known.remove, "MAIN")
    assert not await shop.work(known.remove, "MAIN")
    assert (await stranger.introduce())[0] == 200


async def test_flood_of_strangers_is_bounded(shop, served, monkeypatch):
    monkeypatch.setattr("store.headquarters.scheduler.delivery.is_loopback", lambda _host: False)
    monkeypatch.setattr("store.headquarters.servers.known.MAX_PENDING", 2)
    async with aiohttp.ClientSession() as http:
        found = [(await TestServer(served, http, name=f"S{n}").introduce())[0] for n in range(3)]
    assert found == [202, 202, 403]


async def test_requests_that_are_not_by_the_server_are_refused(server):
    async def word(method, path, **options):
        status, _, body = await server.ask(method, path, **options)
        return status, msgspec.json.decode(body)["type"]

    refused = (401, "/problems/bad-signature")
    other = TestServer(server.url, server.http, key=Ed25519PrivateKey.generate())
    assert (await other.ask("GET", "/servers/MAIN/feed?after=0"))[0] == 401
    unknown = TestServer(server.url, server.http, name="NOBODY")
    assert (await unknown.ask("GET", "/chunks/" + "0" * 64))[0] == 401
    assert await word("GET", "/servers/OTHER/feed?after=0") == refused
    async with server.http.get(server.url + "/servers/MAIN/feed?after=0") as answer:
        assert answer.status == 401
    status, _, _ = await server.ask("GET", "/servers/MAIN/feed?after=0")
    assert status == 200


async def test_old_recording_is_refused_and_a_wrong_clock_is_not(shop, server):
    long_ago = shop.clock() - 10**9
    assert (await server.ask("GET", "/servers/MAIN/feed?after=0", time_ms=long_ago, nonce="a"))[0] == 200
    status, _, body = await server.ask("GET", "/servers/MAIN/feed?after=0", time_ms=long_ago, nonce="a")
    assert (status, msgspec.json.decode(body)["type"]) == (401, "/problems/replayed")
    report = msgspec.json.encode({"reports": []})
    for _ in range(2):
        status, _, _ = await server.ask("POST", "/sessions/reports", report, time_ms=long_ago, nonce="b")
        assert status == 200


# ---- the feed


async def test_feed_from_nothing_has_directory_packages_and_sessions(shop, server):
    await shop.run("1040")
    feed = await server.feed()
    [store] = feed.directory.stores
    assert (store.store, store.data_group) == ("S0001", "S0001")
    assert store.root_key == shop.hq.secrets.root_public.hex()
    assert store.pepper == shop.hq.secrets.pepper("S0001").hex()
    [register] = feed.directory.registers
    assert (register.register, register.support_offline, register.device) == ("S0001-R01", True, "Pending")
    assert [(p.package_seq, p.kind) for p in feed.packages] == [(1, "full")]
    assert {(s.database, s.register) for s in feed.sessions} == {("S0001", ""), ("S0001-R01", "S0001-R01")}
    again = await server.feed()
    assert (again.directory, again.packages, again.sessions, again.n) == (None, (), (), feed.n)


async def test_feed_after_a_number_has_what_is_new_only(shop, server):
    await shop.run("1040")
    await server.feed()
    await shop.product("100", "Milk 2 l")
    await shop.run("1040")
    feed = await server.feed()
    assert (feed.directory, [p.package_seq for p in feed.packages]) == (None, [2])
    assert {s.package_seq for s in feed.sessions} == {2}
    assert [p.package_seq for p in (await server.feed(after=0)).packages] == [1, 2]


async def test_waiting_feed_is_answered_as_soon_as_a_run_is_done(shop, server):
    await server.feed()
    waiting = asyncio.create_task(server.feed(wait=20))
    await asyncio.sleep(0.2)
    assert not waiting.done()
    began = time.monotonic()
    await shop.run("1040")
    feed = await waiting
    assert [p.package_seq for p in feed.packages] == [1]
    assert time.monotonic() - began < 2


async def test_waiting_feed_ends_empty_after_its_time(server):
    first = await server.feed()
    began = time.monotonic()
    feed = await server.feed(wait=1)
    assert 0.9 < time.monotonic() - began < 3
    assert (feed.n, feed.packages, feed.directory) == (first.n, (), None)


async def test_waiting_feed_is_answered_at_once_when_headquarters_ends(shop, server):
    await server.feed()
    waiting = asyncio.create_task(server.feed(wait=20))
    await asyncio.sleep(0.1)
    began = time.monotonic()
    shop.part.stopping()
    assert (await waiting).packages == ()
    assert time.monotonic() - began < 1


async def test_change_of_the_set_up_wakes_the_feed_with_a_directory(shop, server):
    await server.feed()
    waiting = asyncio.create_task(server.feed(wait=20))
    await asyncio.sleep(0.1)
    await shop.put("offline-profile", "OP1", OfflineProfileRow(pause_synchronisation=True))
    await shop.put(
        "register", "S0001-R01", Register(store="S0001", support_offline=True, offline_profile="OP1")
    )
    shop.part.changed(frozenset({"register"}))
    feed = await waiting
    assert feed.directory.registers[0].paused


async def test_server_is_told_of_its_own_stores_only(shop, server):
    await shop.store("S0002", server="OTHER")
    await shop.store("S0003", server="MAIN")
    await shop.run("1040")
    await shop.work(lambda db: [uploads.ask(db, store, 1) for store in ("S0001", "S0002", "S0003")])
    feed = await server.feed()
    assert {store.store for store in feed.directory.stores} == {"S0001", "S0003"}
    assert {package.store for package in feed.packages} == {"S0001", "S0003"}
    assert {session.database for session in feed.sessions} == {"S0001", "S0001-R01", "S0003"}
    assert {upload.store for upload in feed.uploads} == {"S0001", "S0003"}
    foreign = (await shop.packages("S0002"))[0]
    assert (await server.ask("GET", f"/packages/{foreign.package_seq}"))[0] == 404


async def test_store_that_shares_a_pepper_is_told_that_one(shop, server):
    await shop.store("S0002", pepper_of="S0001")
    stores = {store.store: store for store in (await server.feed()).directory.stores}
    assert stores["S0002"].pepper == stores["S0001"].pepper


async def test_register_in_another_group_is_told_so(shop, server):
    await shop.put("data-group", "pilot", DataGroup(store="S0001"))
    await shop.put(
        "channel-database",
        "S0001-R01",
        ChannelDatabase(data_group="pilot", store="S0001", register="S0001-R01"),
    )
    [register] = (await server.feed()).directory.registers
    assert register.data_group == "pilot"


async def test_headquarters_from_a_backup_goes_on_from_the_numbers_a_server_has(shop, server):
    await shop.run("1040")
    await server.feed()
    ahead = await server.feed(after=5_000, newest=700)
    assert ahead.n > 5_000
    assert ahead.directory is not None
    assert [p.package_seq for p in ahead.packages] == [1]
    await shop.product("100", "Milk 2 l")
    [result] = await shop.run("1040")
    assert result.package_seq == 701
    # Another process of the same server that stood elsewhere is told everything as well.
    other = await server.feed(after=4_000)
    assert [p.package_seq for p in other.packages] == [1, 701]


async def test_impossible_package_number_of_a_server_moves_nothing(shop, server):
    await server.feed(newest=10**14)
    [result] = await shop.run("1040")
    assert result.package_seq == 1


@pytest.mark.parametrize("query", ["after=x", "after=-1", "wait=1e3", "newest=" + "9" * 30])
async def test_feed_with_nonsense_is_a_bad_request(server, query):
    status, _, body = await server.ask("GET", f"/servers/MAIN/feed?{query}")
    assert (status, msgspec.json.decode(body)["type"]) == (400, "/problems/bad-request")


# ---- headers and chunks


async def test_package_is_fetched_by_header_and_chunks_with_ranges(shop, server, database):
    await shop.run("1040")
    [entry] = (await server.feed()).packages
    status, headers, body = await server.ask("GET", f"/packages/{entry.package_seq}?kind={entry.kind}")
    assert status == 200
    import hashlib

    assert hashlib.sha256(body).hexdigest() == entry.header_sha256
    assert "immutable" in headers["Cache-Control"]
    header = read_header(body)
    assert entry.size == header.size + len(body)
    for chunk in chunks_of(header.manifest).values():
        status, _, whole = await server.ask("GET", f"/chunks/{chunk.sha256}")
        assert (status, hashlib.sha256(whole).hexdigest()) == (200, chunk.sha256)
        for cut in range(len(whole)):
            status, _, rest = await server.ask(
                "GET", f"/chunks/{chunk.sha256}", headers={"Range": f"bytes={cut}-"}
            )
            assert (status, whole[:cut] + rest) == (206, whole)
        status, _, _ = await server.ask(
            "GET", f"/chunks/{chunk.sha256}", headers={"Range": f"bytes={len(whole)}-"}
        )
        assert status == 416


async def test_both_forms_of_a_number_are_served(shop, server):
    await shop.run("1040")
    await shop.run("1040", anyway=True)
    forms = {p.kind: p for p in (await server.feed()).packages if p.package_seq == 2}
    assert set(forms) == {"delta", "full"}
    for kind, entry in forms.items():
        _, _, body = await server.ask("GET", f"/packages/2?kind={kind}")
        assert read_header(body).manifest.kind == kind
        assert entry.base_seq == (1 if kind == "delta" else 0)
    _, _, body = await server.ask("GET", "/packages/2")
    assert read_header(body).manifest.kind == "delta"


@pytest.mark.parametrize(
    "path", ["/packages/99", "/packages/1?kind=odd", "/chunks/" + "0" * 64, "/chunks/..%2Fhq.db", "/chunks/x"]
)
async def test_what_is_not_there_is_not_found(shop, server, path):
    await shop.run("1040")
    status, _, body = await server.ask("GET", path)
    assert (status, msgspec.json.decode(body)["type"]) == (404, "/problems/not-found")


async def test_header_whose_file_is_gone_is_not_found(shop, server):
    await shop.run("1040")
    shop.folder.drop_header(1, "full")
    assert (await server.ask("GET", "/packages/1"))[0] == 404


# ---- reports


async def test_reports_move_sessions_down_and_up(shop, server):
    await shop.run("1040")
    await shop.work(uploads.ask, "S0001", 1)
    feed = await server.feed()
    down = next(session for session in feed.sessions if not session.register)
    [up] = feed.uploads
    status, _, body = await server.report(
        told(down.session, "Applied", 5, rows=2),
        told(up.session, "Uploaded", 6, rows=4),
        told(99, "Applied", 7),
    )
    assert (status, body) == (200, b"{}")
    assert (await shop.read(sessions.find, down.session)).status == "Applied"
    assert (await shop.read(uploads.find, up.session)).status == "Uploaded"


async def test_too_many_reports_at_a_time_are_refused(server):
    status, _, body = await server.report(*[told(1, "Applied", 1)] * 1_001)
    assert (status, msgspec.json.decode(body)["type"]) == (413, "/problems/too-large")


async def test_report_that_is_no_report_is_a_bad_request(server):
    assert (await server.ask("POST", "/sessions/reports", b'{"reports": 1}'))[0] == 400


async def test_database_that_wants_a_full_is_told_of_the_chain_again(shop, server):
    await shop.run("1040")
    feed = await server.feed()
    session = next(s for s in feed.sessions if not s.register).session
    await server.report(told(session, "Requested", 1), told(session, "Apply failed", 2, wants_full=True))
    task = asyncio.create_task(shop.part.tasks["runs"]())
    try:
        again = await server.feed(wait=5)
        while not any(s.session == session for s in again.sessions):
            again = await server.feed(wait=5)
    finally:
        task.cancel()
    found = await shop.read(sessions.find, session)
    assert (found.status, found.tries) == ("Available", 0)
    assert [p.kind for p in (await server.feed(after=feed.n)).packages] == ["full"]


async def test_whoever_wants_a_full_gets_one_with_the_newest_number_though_an_older_one_leads_there(
    shop, server
):
    """A number never goes back: the older full form and its deltas are of no use to who is beyond it."""
    await shop.run("1040")
    await shop.product("100", "Milk 2 l")
    await shop.run("1040")
    feed = await server.feed()
    newest = max(package.package_seq for package in feed.packages)
    assert {package.kind for package in feed.packages if package.package_seq == newest} == {"delta"}
    session = next(s.session for s in feed.sessions if not s.register and s.package_seq == newest)
    await server.report(told(session, "Apply failed", 2, wants_full=True))
    task = asyncio.create_task(shop.part.tasks["runs"]())
    try:
        async with asyncio.timeout(20):
            while (newest, "full") not in {(p.package_seq, p.kind) for p in (await server.feed()).packages}:
                await asyncio.sleep(0.05)
    finally:
        task.cancel()


async def test_a_whole_chain_over_http_ends_with_the_same_rows(shop, server, tmp_path):
    """From an empty server by feed, headers and chunks alone."""
    from store.database.chunks import ChunkFolder

    folder = ChunkFolder(tmp_path / "server")
    channel = Database(folder, shop.hq.secrets.root_public)
    entries = {}
    for number in range(4):
        await shop.product("100", f"Milk {number}")
        await shop.run("9999")
        for entry in (await server.feed()).packages:
            entries[entry.package_seq, entry.kind] = entry
            _, _, data = await server.ask("GET", f"/packages/{entry.package_seq}?kind={entry.kind}")
            folder.put_header(entry.package_seq, entry.kind, data)
            for chunk in chunks_of(read_header(data).manifest).values():
                _, _, stored = await server.ask("GET", f"/chunks/{chunk.sha256}")
                folder.put(chunk.sha256, stored)
        channel.follow(entries.values())
        assert channel.rows["item"]["100"][1] == f"Milk {number}"
    assert packages.chain_of(entries.values()).is_sound


async def test_server_that_was_not_heard_of_for_a_while_is_noted_again(shop, server):
    shop.clock.pass_s(61)
    await server.feed()
    assert (await shop.read(known.find, "MAIN")).seen_ms == shop.clock()


async def test_store_and_register_are_told_the_groups_of_their_databases(shop, server):
    await shop.put("data-group", "other", DataGroup(store="S0001"))
    await shop.put("channel-database", "S0001", ChannelDatabase(data_group="other", store="S0001"))
    await shop.put("register", "S0001-R09", Register(store="S0001"))
    await shop.put("register", "S0009-R01", Register(store="S0009"))
    directory = (await server.feed()).directory
    assert directory.stores[0].data_group == "other"
    groups = {register.register: register.data_group for register in directory.registers}
    assert groups == {"S0001-R01": "S0001", "S0001-R09": "other"}

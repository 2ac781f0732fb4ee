"""The client over real sockets: what each misbehaviour of the network becomes."""

import asyncio
import contextlib
import functools
import socket
import subprocess
import sys
import time
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from fault_proxy import (
    ANSWERS_LOST,
    CUT,
    DRIP,
    HEALTHY,
    RESET,
    SILENT,
    TRUNCATED,
    Fault,
    FaultProxy,
    FullBacklog,
    captive_portal,
    error_answer,
)
from gateway_server import ServerProcess, SmallServer, problem
from gateway_world import MILK_KEYS, UNKNOWN_KEYS, RealClock, SeededRandomness
from store.exchange import messages
from store.exchange.request import is_genuine, read_headers, sign_request
from store.gateway.addresses import LastGoodAddresses
from store.gateway.client import UNQUOTED, RetailClient
from store.gateway.errors import ServerBusy, ServerRefused, ServerSilent, ServerUnreachable
from store.gateway.server_address import ServerAddressError, server_of
from store.sale.item import ItemKey, KeyKind


class Heard:
    """A watcher that writes down what it hears."""

    def __init__(self):
        self.answers = 0
        self.refusals = []

    def answered(self):
        self.answers += 1

    def refused(self, kind, reason):
        self.refusals.append((kind, reason))


@contextlib.asynccontextmanager
async def client_of(port, host="127.0.0.1", **more):
    client = RetailClient(
        address=f"http://{host}:{port}",
        clock=RealClock(),
        randomness=SeededRandomness(),
        series="S0001-R01.1",
        **more,
    )
    client.heard = Heard()
    client.watch(client.heard)
    try:
        yield client
    finally:
        await client.close()
        left = [t.get_name() for t in asyncio.all_tasks() if t.get_name().startswith(("client", "look-up"))]
        assert not left


@pytest.fixture
async def server():
    async with SmallServer() as server:
        yield server


@pytest.fixture
async def proxy(server):
    async with FaultProxy(server.port) as proxy:
        yield proxy


@pytest.fixture
async def client(proxy):
    async with client_of(proxy.port) as client:
        await client.health(deadline_s=2)
        client.heard.answers = 0
        yield client


async def seconds_of(awaitable):
    began_s = time.monotonic()
    with contextlib.suppress(Exception):
        await awaitable
    return time.monotonic() - began_s


# --- answers


async def test_every_call_brings_its_struct(client, server):
    milk = await client.find_item(MILK_KEYS, deadline_s=1)
    assert (milk.sku, milk.matched) == ("4711", "gtin:04006381333931")
    assert await client.find_item(UNKNOWN_KEYS, deadline_s=1) is None
    assert [item.sku for item in (await client.search("milch", 2, deadline_s=1)).items] == ["4713", "4712"]
    assert (await client.head(deadline_s=1)).series == "S0001-R01.1"
    assert client.heard.answers == 4
    assert client.heard.refusals == []


async def test_bytes_are_fetched_from_any_position_on(client, server):
    server.package = bytes(range(256)) * 1_200
    for begin in (0, 1, 255, 300_000, len(server.package) - 1):
        came = bytearray(server.package[:begin])

        async def write(offset, piece, came=came):
            assert offset == len(came)
            came.extend(piece)

        await client.fetch("/chunks/some", begin, write, deadline_s=2)
        assert came == server.package
    with pytest.raises(ServerRefused) as refused:
        await client.fetch("/chunks/some", len(server.package), write, deadline_s=2)
    assert refused.value.status == 416


async def test_server_that_knows_no_ranges_begins_at_the_first_byte_again(client, server):
    server.package, server.knows_ranges = bytes(70_000), False
    begins = []

    async def write(offset, piece):
        begins.append(offset)

    await client.fetch("/chunks/some", 500, write, deadline_s=2)
    assert begins[0] == 0


async def test_partial_answer_from_another_position_is_no_answer_of_ours(client, server):
    server.package, server.shift = bytes(70_000), 7

    async def write(offset, piece):
        raise AssertionError("nothing of it may be taken")

    with pytest.raises(ServerUnreachable, match="not as a Retail Server"):
        await client.fetch("/chunks/some", 500, write, deadline_s=2)


async def test_an_upload_that_was_stored_in_part_is_an_answer(client, server):
    batch = messages.RecordBatch(
        series="S0001-R01.1",
        batch="aa",
        records=(messages.WireRecord(seq=1, payload="{}", prev="", hash="aa", signature="", key_id=""),),
    )
    assert (await client.upload(batch)).acked_seq == 1

    async def partly(request):
        return problem(
            409, "gap", "Records are missing.", series="S", acked_seq=7, acked_hash="bb", time_ms=1
        )

    await server.stop()
    server._records = partly
    await server.start()
    await asyncio.sleep(0.05)
    assert (await client.upload(batch)).acked_seq == 7
    server.problem = (410, "fenced", "A newer enrolment exists.")
    with pytest.raises(ServerRefused) as refused:
        await client.upload(batch)
    assert (refused.value.status, refused.value.kind) == (410, "fenced")


@pytest.mark.parametrize(
    ("status", "kind"), [(401, "bad-signature"), (403, "revoked"), (410, "fenced"), (426, "protocol")]
)
async def test_a_refusal_of_the_register_reaches_the_watcher(client, server, status, kind):
    server.problem = (status, kind, "Go away.")
    with pytest.raises(ServerRefused) as refused:
        await client.head(deadline_s=1)
    assert (refused.value.status, refused.value.kind, refused.value.reason) == (status, kind, "Go away")
    assert client.heard.refusals == [(kind, "Go away")]
    assert client.heard.answers == 0


async def test_a_refused_request_is_an_answer_of_a_healthy_link(client, server):
    server.problem = (400, "bad-request", "")
    with pytest.raises(ServerRefused):
        await client.search("x", 1, deadline_s=1)
    assert client.heard.answers == 1


async def test_a_refused_enrolment_says_nothing_about_the_register(client, server):
    server.problem = (403, "bad-code", "This code is not valid.")
    request = messages.EnrolmentRequest(code="x", public_key="", proof="")
    with pytest.raises(ServerRefused, match="This code is not valid"):
        await client.enrol(request)
    assert client.heard.refusals == []


async def test_an_answer_without_end_is_given_up(client, server):
    server.only_here["sku:x"] = ("x", "x" * 1_100_000, 1)
    with pytest.raises(ServerUnreachable, match="not as a Retail Server"):
        await client.find_item((ItemKey(KeyKind.SKU, "x"),), deadline_s=2)


async def test_requests_are_signed_as_they_stand_on_the_line(server):
    key = Ed25519PrivateKey.generate()
    sign = functools.partial(sign_request, key, register="S0001-R01", series="S0001-R01.1")
    async with client_of(server.port, sign=sign) as client:
        await client.search("Müller & Söhne 50% a+b=c #1?~x'\"/()*!$,;@[]{}^`\\|<>", 5, deadline_s=1)
    claim = read_headers(server.last.headers)
    assert claim.series == "S0001-R01.1"
    public = key.public_key().public_bytes_raw()
    assert is_genuine(claim, public, method="GET", path_and_query=server.last.raw_path, body=b"")
    assert server.last.headers[messages.BUDGET_HEADER] == "1000"
    assert "Cookie" not in server.last.headers


@given(text=st.text(max_size=20))
def test_any_text_stands_on_the_request_line_as_it_was_signed(text):
    try:
        text.encode()
    except UnicodeEncodeError:
        return
    path = "/search?text=" + quote(text, safe=UNQUOTED) + "&limit=20"
    assert URL("http://127.0.0.1:80" + path).raw_path_qs == path


async def test_a_lookup_reuses_its_connection_and_probes_have_their_own(client, server):
    server.peers.clear()
    for _ in range(5):
        await client.find_item(MILK_KEYS, deadline_s=1)
        await client.health(deadline_s=1)
    assert len(server.peers) == 2


# --- misbehaviour: what is raised, how fast, and what a person reads


async def test_refused(client, proxy):
    await proxy.unplug()
    with pytest.raises(ServerUnreachable, match=r"127\.0\.0\.1:\d+ refused the connection"):
        await client.find_item(MILK_KEYS, deadline_s=1)
    assert await seconds_of(client.find_item(MILK_KEYS, deadline_s=1)) < 0.5


async def test_reset(client, proxy):
    await proxy.unplug()
    await proxy.plug_in()
    proxy.set(RESET)
    with pytest.raises(ServerUnreachable, match=r"reset the connection|closed the connection"):
        await client.find_item(MILK_KEYS, deadline_s=1)


async def test_reset_in_the_middle_of_an_answer(client, proxy):
    proxy.set(CUT)
    with pytest.raises(ServerUnreachable, match=r"reset the connection|closed the connection|broke off"):
        await client.find_item(MILK_KEYS, deadline_s=1)


async def test_truncated_body(client, proxy):
    proxy.set(TRUNCATED)
    with pytest.raises(ServerUnreachable, match="broke off"):
        await client.find_item(MILK_KEYS, deadline_s=1)
    assert client.heard.answers == 0


@pytest.mark.parametrize("fault", [SILENT, DRIP, ANSWERS_LOST], ids=["silent", "drip", "answers lost"])
async def test_silence_and_dripping_cost_the_deadline_and_no_more(client, proxy, fault):
    proxy.set(fault)
    began_s = time.monotonic()
    with pytest.raises(ServerSilent, match=r"no answer from 127\.0\.0\.1:\d+ within 0\.3 s"):
        await client.find_item(MILK_KEYS, deadline_s=0.3)
    assert time.monotonic() - began_s == pytest.approx(0.3, abs=0.35)
    assert client.heard.answers == 0


async def test_a_connection_that_is_never_taken_costs_the_deadline():
    with FullBacklog() as hole:
        async with client_of(hole.port) as client:
            await client.open()
            began_s = time.monotonic()
            with pytest.raises(ServerSilent):
                await client.find_item(MILK_KEYS, deadline_s=0.3)
            assert time.monotonic() - began_s == pytest.approx(0.3, abs=0.35)


async def test_a_stopped_process_costs_the_deadline_and_heals():
    async with ServerProcess() as process, client_of(process.port) as client:
        await client.health(deadline_s=2)
        process.freeze()
        assert await seconds_of(client.find_item(MILK_KEYS, deadline_s=0.3)) == pytest.approx(0.3, abs=0.35)
        with pytest.raises(ServerSilent):
            await client.head(deadline_s=0.1)
        process.thaw()
        assert (await client.find_item(MILK_KEYS, deadline_s=2)).sku == "4711"


@pytest.mark.parametrize("size", [60, 5_000_000], ids=["small", "endless"])
async def test_a_captive_portal_is_no_retail_server(client, proxy, size):
    proxy.set(captive_portal(b"<html>" + b"x" * size))
    with pytest.raises(ServerUnreachable, match="answers, but not as a Retail Server"):
        await client.find_item(MILK_KEYS, deadline_s=2)
    with pytest.raises(ServerUnreachable, match="not as a Retail Server"):
        await client.health(deadline_s=2)
    assert client.heard.answers == 0


@pytest.mark.parametrize("status", ["200 OK", "404 Not Found", "410 Gone"])
async def test_another_protocol_is_not_ours(client, proxy, status):
    proxy.set(error_answer(status, "Outpost-Protocol: 2"))
    with pytest.raises(ServerUnreachable, match="not as a Retail Server"):
        await client.find_item(MILK_KEYS, deadline_s=1)
    assert (client.heard.answers, client.heard.refusals) == (0, [])


async def test_something_that_speaks_no_http_is_no_retail_server(client, proxy):
    proxy.set(error_answer("\x00\x01 garbage"))
    with pytest.raises(ServerUnreachable):
        await client.find_item(MILK_KEYS, deadline_s=1)


async def test_a_redirect_is_not_followed(client, proxy):
    proxy.set(error_answer("302 Found", "Location: http://127.0.0.1:1/login"))
    with pytest.raises(ServerUnreachable, match="not as a Retail Server"):
        await client.find_item(MILK_KEYS, deadline_s=1)


@pytest.mark.parametrize(
    ("status", "header", "retry_after_s"),
    [
        ("503 Service Unavailable", "Retry-After: 7", 7.0),
        ("429 Too Many Requests", "Retry-After: 2", 2.0),
        ("502 Bad Gateway", "X-Nothing: 1", None),
        ("504 Gateway Timeout", "Retry-After: Wed, 21 Oct 2026 07:28:00 GMT", None),
        ("500 Internal Server Error", "Retry-After: 999999999", 3_600.0),
    ],
)
async def test_busy_servers_and_proxies(client, proxy, status, header, retry_after_s):
    proxy.set(error_answer(status, header))
    with pytest.raises(ServerBusy, match=rf"is busy \(error {status[:3]}\)") as busy:
        await client.find_item(MILK_KEYS, deadline_s=1)
    assert busy.value.retry_after_s == retry_after_s
    assert client.heard.answers == 0


async def test_an_answer_with_our_header_and_rubbish_in_it_is_damaged(client, server, proxy):
    await server.stop()
    body = b'HTTP/1.1 200 OK\r\nOutpost-Protocol: 1\r\nContent-Length: 4\r\n\r\n{"a"'
    proxy.set(Fault(answer=body))
    with pytest.raises(ServerUnreachable, match="damaged"):
        await client.find_item(MILK_KEYS, deadline_s=1)


async def test_a_certificate_that_is_not_trusted_blocks(tmp_path, server):
    import ssl

    import aiohttp.web

    from gateway_certificate import write_certificate

    certificate = write_certificate(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)

    async def hello(request):
        return aiohttp.web.Response(
            body=b'{"ok":true,"time_ms":1,"version":"1"}', headers={messages.PROTOCOL_HEADER: "1"}
        )

    app = aiohttp.web.Application()
    app.router.add_get(messages.PATH_HEALTH, hello)
    runner = aiohttp.web.AppRunner(app, shutdown_timeout=0.05)
    await runner.setup()
    await aiohttp.web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    address = f"https://127.0.0.1:{runner.addresses[0][1]}"
    heard = Heard()
    for ca_file, trusted in ((None, False), (certificate, True)):
        client = RetailClient(
            address=address, clock=RealClock(), randomness=SeededRandomness(), ca_file=ca_file
        )
        client.watch(heard)
        if trusted:
            assert (await client.health(deadline_s=2)).ok
        else:
            with pytest.raises(ServerRefused, match="certificate that this register does not trust"):
                await client.health(deadline_s=2)
            assert heard.refusals[0][0] == "certificate"
        await client.close()
    await runner.cleanup()


async def test_a_certificate_file_that_is_none_is_named(tmp_path):
    rubbish = tmp_path / "ca.pem"
    rubbish.write_text("rubbish")
    for path in (rubbish, tmp_path / "none.pem"):
        client = RetailClient(
            address="https://127.0.0.1:1", clock=RealClock(), randomness=SeededRandomness(), ca_file=path
        )
        with pytest.raises(ServerUnreachable, match=f"the certificate file {path} cannot be used"):
            await client.health(deadline_s=2)
        await client.close()


# --- names


async def test_a_name_that_is_not_found():
    async def nothing(host, port):
        raise socket.gaierror(-2, "Name or service not known")

    addresses = LastGoodAddresses(RealClock(), nothing)
    client = RetailClient(
        address="https://shop.example",
        clock=RealClock(),
        randomness=SeededRandomness(),
        addresses=addresses,
    )
    with pytest.raises(ServerUnreachable, match=r"the name shop\.example was not found"):
        await client.health(deadline_s=1)
    await client.close()


async def test_a_name_found_once_survives_a_dead_and_a_hanging_name_server(server):
    answers = ["found", "dead", "hanging"]
    asked = []

    async def lookup(host, port):
        asked.append(host)
        match answers[min(len(asked), len(answers)) - 1]:
            case "dead":
                raise socket.gaierror(-3, "Temporary failure in name resolution")
            case "hanging":
                await asyncio.Event().wait()
        return [{"hostname": host, "host": "127.0.0.1", "port": port, "family": 2, "proto": 6, "flags": 0}]

    class LaterClock(RealClock):
        later_s = 0.0

        def monotonic_s(self):
            return super().monotonic_s() + self.later_s

    clock = LaterClock()
    addresses = LastGoodAddresses(clock, lookup)
    async with client_of(server.port, host="localhost", addresses=addresses) as client:
        for _ in range(4):
            assert (await client.find_item(MILK_KEYS, deadline_s=0.5)).sku == "4711"
            client.seal()
            client.unseal()  # so that the next one connects anew
            clock.later_s += 3
            await asyncio.sleep(0)
        assert len(asked) == 3, "never two look-ups of a name at one time"


async def test_a_changed_address_is_met_by_the_next_attempt(server):
    moved = [False]

    async def lookup(host, port):
        address = "127.0.0.1" if moved[0] else "127.0.0.99"
        return [{"hostname": host, "host": address, "port": port, "family": 2, "proto": 6, "flags": 0}]

    class LaterClock(RealClock):
        def monotonic_s(self):
            return super().monotonic_s() * 1_000

    addresses = LastGoodAddresses(LaterClock(), lookup)
    async with client_of(server.port, host="localhost", addresses=addresses) as client:
        with pytest.raises(ServerUnreachable):
            await client.health(deadline_s=1)
        moved[0] = True
        await asyncio.sleep(0.01)
        with pytest.raises(ServerUnreachable):
            await client.health(deadline_s=1)
        assert (await client.health(deadline_s=1)).ok


async def test_the_systems_own_names_are_used(server):
    async with client_of(server.port, host="localhost") as client:
        assert (await client.health(deadline_s=2)).ok


# --- seal and close


async def test_sealing_ends_calls_in_flight_and_lets_nothing_out(client, proxy):
    proxy.set(SILENT)
    call = asyncio.create_task(client.find_item(MILK_KEYS, deadline_s=30))
    await asyncio.sleep(0.05)
    began_s = time.monotonic()
    client.seal()
    with pytest.raises(ServerUnreachable, match="disconnected by hand"):
        await call
    assert time.monotonic() - began_s < 0.5
    proxy.set(HEALTHY)
    taken = (proxy.connections, proxy.requests)
    with pytest.raises(ServerUnreachable, match="disconnected by hand"):
        await client.health(deadline_s=1)
    await asyncio.sleep(0.05)
    assert (proxy.connections, proxy.requests) == taken
    assert not proxy._open, "idle connections are closed too"
    client.unseal()
    assert (await client.health(deadline_s=1)).ok


async def test_after_close_calls_are_refused_in_our_words(server):
    async with client_of(server.port) as client:
        await client.health(deadline_s=2)
        await client.close()
        client.unseal()
        with pytest.raises(ServerUnreachable, match="closing"):
            await client.health(deadline_s=1)


async def test_a_restarted_server_is_met_on_a_fresh_connection(client, server):
    await client.find_item(MILK_KEYS, deadline_s=1)
    await server.stop()
    await server.start()
    assert (await client.find_item(MILK_KEYS, deadline_s=1)).sku == "4711"


def test_importing_the_client_imports_no_http():
    program = (
        "import sys, store.gateway.client, store.gateway.failover, store.gateway.supervisor;"
        "sys.exit(any(name.split('.')[0] in ('aiohttp', 'yarl') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


# --- the address


@pytest.mark.parametrize(
    ("address", "server"),
    [
        ("http://127.0.0.1:8918", "127.0.0.1:8918"),
        ("http://localhost:8918/", "localhost:8918"),
        ("http://[::1]:8918", "[::1]:8918"),
        ("https://shop.example", "shop.example:443"),
    ],
)
def test_the_server_is_named_by_host_and_port(address, server):
    assert server_of(address) == server


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("shop.example:8918", "is no URL"),
        ("ftp://shop.example", "is no URL"),
        ("http://shop.example:8918", "is not encrypted"),
        ("http://192.168.1.5:8918", "is not encrypted"),
        ("https://shop.example:port", "cannot be read"),
        ("https://", "is no URL"),
    ],
)
def test_a_bad_address_is_explained_in_a_sentence(address, words):
    with pytest.raises(ServerAddressError, match=words):
        server_of(address)

"""The authority of headquarters over HTTP, and what a server does with its certificates: kept, renewed."""

import asyncio
import time
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from authorities import DAY_MS, TestAuthority
from server_world import MemoryKeyring
from store.database.vault import open_vault
from store.exchange.certificates import (
    CertificateAnswer,
    CertificateRequest,
    days_left,
    issue,
    issued_by,
    make_request,
    names_of,
    new_key,
)
from store.exchange.delivery import PATH_CERTIFICATES, PATH_SERVERS, ServerAnswer, ServerRequest, server_text
from store.exchange.record import public_bytes
from store.headquarters.config import HeadquartersConfig
from store.headquarters.runtime import listen, open_headquarters
from store.headquarters.secrets import HeadquartersSecrets
from store.server.certificate import ServerCertificate
from store.server.config import ServerConfig
from store.server.link.client import HeadquartersClient
from store.server.link.errors import HeadquartersAway, HeadquartersRefused
from store.server.link.trust import authority_of_headquarters, kept_authority
from store.server.secrets import load_secrets
from store.service.errors import ServiceTrouble
from store.service.tls import AuthorityRefused, check_listening, fetch_authority, own_names

NOW_MS = time.time_ns() // 1_000_000


def now_ms():
    return NOW_MS


@pytest.fixture
async def hq(tmp_path):
    secrets = HeadquartersSecrets(open_vault(tmp_path / "hq", True, environment={}))
    config = HeadquartersConfig(
        home=tmp_path / "hq", port=0, allow_insecure=True, tls=True, tls_names=("hq.example",)
    )
    async with open_headquarters(config, secrets) as process, listen(process) as running:
        yield process.hq, running.url


def client_of(url, key, ca_file, name="shop-1"):
    return HeadquartersClient(url, name, key, now_ms, ca_file=ca_file)


def ca_of(hq, folder):
    path = folder / "trusted.pem"
    path.write_text(hq.secrets.authority.certificate)
    return path


async def introduced(client, key, name="shop-1"):
    public = public_bytes(key).hex()
    proof = key.sign(server_text(name, public)).hex()
    request = ServerRequest(name=name, public_key=public, proof=proof, version="1", insecure=True)
    return await client.ask("POST", PATH_SERVERS, ServerAnswer, body=request)


async def test_a_known_server_gets_a_certificate_of_the_authority_it_trusts(hq, tmp_path):
    headquarters, url = hq
    assert url.startswith("https://")
    pem = await asyncio.to_thread(fetch_authority, url, headquarters.secrets.authority.sha256.upper())
    assert pem == headquarters.secrets.authority.certificate
    key = Ed25519PrivateKey.generate()
    client = client_of(url, key, ca_of(headquarters, tmp_path))
    request = CertificateRequest(request=make_request(new_key(), ("shop.example", "192.0.2.9")))
    with pytest.raises(HeadquartersRefused) as refused:
        await client.ask("POST", PATH_CERTIFICATES, CertificateAnswer, body=request)
    assert refused.value.word == "bad-signature", "nobody knows it yet"
    assert (await introduced(client, key)).accepted
    answer = await client.ask("POST", PATH_CERTIFICATES, CertificateAnswer, body=request)
    assert issued_by(answer.certificate, pem) and names_of(answer.certificate) == (
        "shop.example",
        "192.0.2.9",
    )
    await client.close()


async def test_a_server_that_is_not_accepted_gets_none(hq, tmp_path):
    headquarters, url = hq
    key = Ed25519PrivateKey.generate()
    client = client_of(url, key, ca_of(headquarters, tmp_path))
    await introduced(client, key)
    await headquarters.channel.work(
        lambda db: db.execute("update server set accepted = 0 where name = 'shop-1'").fetchall()
    )
    request = CertificateRequest(request=make_request(new_key(), ("shop.example",)))
    with pytest.raises(HeadquartersRefused) as refused:
        await client.ask("POST", PATH_CERTIFICATES, CertificateAnswer, body=request)
    assert refused.value.word == "server-pending"
    await client.close()


@pytest.mark.parametrize(
    ("request_text", "why"),
    [
        ("rubbish", "no signing request"),
        (make_request(new_key(), ("hq.example",)), "is headquarters"),
    ],
)
async def test_what_is_no_request_or_names_headquarters_is_refused(hq, tmp_path, request_text, why):
    headquarters, url = hq
    key = Ed25519PrivateKey.generate()
    client = client_of(url, key, ca_of(headquarters, tmp_path))
    await introduced(client, key)
    with pytest.raises(HeadquartersRefused, match=why):
        await client.ask(
            "POST", PATH_CERTIFICATES, CertificateAnswer, body=CertificateRequest(request=request_text)
        )
    await client.close()


async def test_a_server_trusts_no_other_headquarters(hq, tmp_path):
    _, url = hq
    client = client_of(url, Ed25519PrivateKey.generate(), TestAuthority(NOW_MS).file(tmp_path))
    with pytest.raises(HeadquartersAway, match="does not trust"):
        await client.ask("POST", PATH_CERTIFICATES, CertificateAnswer, body=CertificateRequest(request=""))
    await client.close()


async def test_the_authority_survives_a_restart(tmp_path):
    first = HeadquartersSecrets(open_vault(tmp_path, True, environment={})).authority
    again = HeadquartersSecrets(open_vault(tmp_path, True, environment={})).authority
    assert (first.sha256, first.certificate) == (again.sha256, again.certificate)
    certificate = again.issue(make_request(new_key(), ("a.example",)), now_ms=NOW_MS)
    assert issued_by(certificate, first.certificate)


# --- first contact


async def test_only_the_fingerprint_that_was_named_is_kept(hq, tmp_path):
    headquarters, url = hq
    home = tmp_path / "server"
    home.mkdir()
    config = ServerConfig(home=home, headquarters_url=url, headquarters_ca_sha256="ab" * 32)
    with pytest.raises(AuthorityRefused, match="shows another certificate"):
        await asyncio.to_thread(authority_of_headquarters, config)
    assert not kept_authority(home).exists()
    sha256 = headquarters.secrets.authority.sha256
    config = ServerConfig(home=home, headquarters_url=url, headquarters_ca_sha256=sha256)
    assert await asyncio.to_thread(authority_of_headquarters, config) == kept_authority(home)
    # From now on it needs no option, and nothing less will do.
    assert authority_of_headquarters(ServerConfig(home=home, headquarters_url=url)) == kept_authority(home)
    with pytest.raises(ServiceTrouble, match="would be less"):
        authority_of_headquarters(ServerConfig(home=home, headquarters_url="http://127.0.0.1:1"))
    with pytest.raises(ServiceTrouble, match="64 hexadecimal"):
        authority_of_headquarters(ServerConfig(home=home, headquarters_url=url, headquarters_ca_sha256="x"))
    kept_authority(home).write_text("rubbish")
    assert await asyncio.to_thread(authority_of_headquarters, config) == kept_authority(home), "fetched anew"
    named = ServerConfig(home=home, headquarters_url=url, headquarters_ca=Path("named.pem"))
    assert authority_of_headquarters(named) == Path("named.pem")


@pytest.mark.parametrize(
    ("address", "why"),
    [("http://127.0.0.1:1", "no https address"), ("https://127.0.0.1:1", "could not be read")],
)
def test_where_nobody_shows_a_certificate_none_is_believed(address, why):
    with pytest.raises(AuthorityRefused, match=why):
        fetch_authority(address, "ab" * 32)
    with pytest.raises(AuthorityRefused, match="64 hexadecimal"):
        fetch_authority("https://127.0.0.1:1", "short")


def test_other_machines_are_never_listened_to_without_tls():
    with pytest.raises(ServiceTrouble, match="in the clear"):
        check_listening("192.0.2.1", loopback=False, tls=False)
    check_listening("192.0.2.1", loopback=False, tls=True)
    check_listening("127.0.0.1", loopback=True, tls=False)


def test_a_service_is_reached_by_its_names():
    names = own_names("192.0.2.1", ("shop.example",))
    assert names[:2] == ("shop.example", "192.0.2.1") and "127.0.0.1" in names
    assert "0.0.0.0" not in own_names("0.0.0.0")


# --- the server's own certificate


class Office:
    """Headquarters as far as certificates go."""

    def __init__(self):
        self.authority = TestAuthority(NOW_MS)
        self.asked = 0
        self.days = 90
        self.answers = None

    async def __call__(self, request):
        self.asked += 1
        if self.answers is not None:
            raise self.answers
        certificate = issue(
            self.authority.key, self.authority.certificate, request, serial=3, now_ms=NOW_MS, days=self.days
        )
        return CertificateAnswer(certificate=certificate, authority=self.authority.certificate)


@pytest.fixture
def office():
    return Office()


def certificate_in(home, office, keyring, *, names=(), now=now_ms):
    config = ServerConfig(home=home, tls=True, tls_names=names)
    return ServerCertificate(config, load_secrets(keyring), office, now)


async def test_a_certificate_is_kept_and_used_again_without_headquarters(tmp_path, office):
    keyring = MemoryKeyring()
    await certificate_in(tmp_path, office, keyring).begin()
    assert office.asked == 1
    office.answers = HeadquartersAway("it is away")
    await certificate_in(tmp_path, office, keyring).begin()
    assert office.asked == 1
    text = (tmp_path / "tls-certificate.pem").read_text() + (tmp_path / "store-ca.pem").read_text()
    assert "PRIVATE" not in text


async def test_it_is_asked_for_again_when_it_is_over_or_names_less_or_is_damaged(tmp_path, office):
    keyring = MemoryKeyring()
    await certificate_in(tmp_path, office, keyring).begin()
    await certificate_in(tmp_path, office, keyring, now=lambda: NOW_MS + 91 * DAY_MS).begin()
    await certificate_in(tmp_path, office, keyring, names=("new.example",)).begin()
    (tmp_path / "tls-certificate.pem").write_text("rubbish")
    await certificate_in(tmp_path, office, keyring).begin()
    await certificate_in(tmp_path, office, MemoryKeyring()).begin()  # another key
    assert office.asked == 5


async def test_it_is_renewed_a_month_before_its_end(tmp_path, office):
    keyring = MemoryKeyring()
    moment = [NOW_MS]
    certificate = certificate_in(tmp_path, office, keyring, now=lambda: moment[0])
    await certificate.begin()
    await certificate.look()
    moment[0] += 59 * DAY_MS
    await certificate.look()
    assert office.asked == 1
    moment[0] += 2 * DAY_MS
    await certificate.look()
    assert office.asked == 2
    assert days_left((tmp_path / "tls-certificate.pem").read_text(), NOW_MS) > 89


async def test_what_headquarters_answers_is_checked(tmp_path, office):
    class Other(Office):
        async def __call__(self, request):
            answer = await super().__call__(request)
            stranger = TestAuthority(NOW_MS, 77)
            return CertificateAnswer(certificate=answer.certificate, authority=stranger.certificate)

    with pytest.raises(ServiceTrouble, match="not its own"):
        await certificate_in(tmp_path, Other(), MemoryKeyring()).begin()
    office.answers = HeadquartersRefused("invalid", 422, "no such name")
    with pytest.raises(ServiceTrouble, match="no such name"):
        await certificate_in(tmp_path, office, MemoryKeyring()).begin()
    with pytest.raises(ServiceTrouble, match="--tls asks headquarters"):
        await certificate_in(tmp_path, None, MemoryKeyring()).begin()

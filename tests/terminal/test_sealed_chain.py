"""A chain whose vaults are sealed and that speaks TLS by its own authority alone, by commands."""

import json
import shutil

import pytest

from sealed_chain import SealedChain
from shop import eventually
from store.exchange.certificates import fingerprint

R1 = "S0001-R01"
PEN = "4006381333931"


@pytest.fixture
def chain(tmp_path):
    chain = SealedChain(tmp_path)
    try:
        yield chain
    finally:
        chain.close()


def set_up(chain, *registers):
    chain.start_headquarters()
    chain.set_up(*(registers or (R1,)))
    chain.new_code(R1)
    chain.server_waits = True


def start_accepted_server(chain):
    """Sealed and on loopback headquarters accepts by itself."""
    chain.start_server()


@pytest.mark.timeout(300)
def test_a_sale_crosses_only_connections_of_the_chains_own_authority(chain):
    set_up(chain)
    start_accepted_server(chain)
    assert json.loads((chain.server_home / "run" / "server.json").read_text())["url"].startswith(
        "https://0.0.0.0:"
    )

    # Somebody who is not our server: nothing is sent, the code is still good.
    code = chain.new_code(R1)
    wrong = ("--server", chain.server_url, "--code", code, "--ca-sha256", "ab" * 32)
    assert "shows another certificate" in chain.fails(5, "activate", "--home", chain.till(R1), *wrong)
    plain = ("--server", f"http://127.0.0.1:{chain.server_port}", "--code", code)
    assert chain.outpost("activate", "--home", chain.till(R1), *plain).returncode == 4
    public = ("--server", chain.server_url, "--code", code)
    assert "does not trust" in chain.fails(5, "activate", "--home", chain.till(R1), *public)
    assert not (chain.till(R1) / "enrolment.json").exists()

    chain.activate(R1, code=code)
    enrolment = json.loads((chain.till(R1) / "enrolment.json").read_text())
    assert (
        enrolment["ca_sha256"]
        == chain.ca_sha256
        == fingerprint((chain.till(R1) / "store-ca.pem").read_text())
    )
    assert not enrolment["insecure"]

    chain.start_core(R1)
    eventually(lambda: chain.status(R1)["mode"].startswith("ONLINE"), 30, "online over TLS")
    view = chain.sell(R1, PEN, PEN)
    assert view["mode"] == "paid"
    eventually(lambda: chain.status(R1)["pending_records"] == 0, 30, "everything is at the server")
    done = chain.outpost("doctor", "--home", chain.till(R1))
    assert "is sealed by the systemd credential outpost-kek" in done.stdout
    assert "can commit" in done.stdout
    chain.end_core(R1)

    # No way back to less.
    config = chain.till(R1) / "register.toml"
    text = config.read_text()
    config.write_text(text.replace("https://", "http://"))
    assert "met its server by TLS" in chain.fails(3, "register", "--core", "--home", chain.till(R1))
    config.write_text(text)
    (chain.till(R1) / "store-ca.pem").write_text("rubbish")
    assert "cannot be read" in chain.fails(3, "register", "--core", "--home", chain.till(R1))


@pytest.mark.timeout(300)
def test_a_server_lives_through_the_night_without_headquarters_and_never_falls_back_to_less(chain):
    set_up(chain)
    start_accepted_server(chain)
    chain.end("server")
    chain.end("hq")
    chain.start_server()  # with the certificate of yesterday
    chain.end("server")
    http = ("--tls", "--headquarters", chain.hq_url.replace("https", "http"))
    assert "met headquarters by TLS before" in chain.fails(3, *chain.server_words(*http))
    assert "nothing may cross the network in the clear" in chain.fails(3, *chain.server_words())
    assert "--tls asks headquarters" in chain.fails(3, *chain.server_words("--tls"))
    hq = ("hq", "--home", chain.headquarters, "--host", "0.0.0.0", "--port", chain.hq_port)
    assert "nothing may cross the network in the clear" in chain.fails(3, *hq)
    files = ("--tls-certificate", chain.server_home / "tls-certificate.pem")
    assert "given together" in chain.fails(2, *chain.server_words(*files))
    key = ("--tls-key", chain.server_home / "tls-certificate.pem")
    assert "cannot be used" in chain.fails(3, *chain.server_words(*files, *key))
    wrong = ("--tls", "--headquarters", chain.hq_url, "--headquarters-ca-sha256", "cd" * 32)
    assert "could not be read" in chain.fails(3, *chain.server_words(*wrong))
    chain.start_headquarters()
    assert "shows another certificate" in chain.fails(3, *chain.server_words(*wrong))


@pytest.mark.timeout(300)
def test_a_headquarters_that_was_made_anew_is_another_one(chain):
    """Its authority is new: the server is cut off from it, says why, and serves registers as ever."""
    set_up(chain)
    start_accepted_server(chain)
    chain.activate(R1)
    chain.end("hq")
    shutil.rmtree(chain.headquarters)
    chain.start_headquarters()
    chain.start_core(R1)
    eventually(lambda: chain.status(R1)["mode"].startswith("ONLINE"), 30, "registers are served")

    def told():
        return "shows a certificate" in (chain.home / "server.out").read_text()

    eventually(told, 40, "the server says why")

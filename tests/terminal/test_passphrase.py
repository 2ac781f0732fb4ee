"""A register whose vault is sealed by a passphrase: asked on the terminal, handed to the core."""

import os
import signal
from pathlib import Path

import pytest

from chain import Chain
from shop import eventually, processes_of

R1 = "S0001-R01"
PHRASE = "correct horse battery staple"

pytestmark = pytest.mark.serial


@pytest.fixture
def chain(tmp_path):
    chain = Chain(tmp_path)
    try:
        chain.start_headquarters()
        chain.set_up(R1)
        chain.start_server()
        yield chain
    finally:
        chain.close()


def core_of(chain):
    found = processes_of(chain.till(R1))
    return next((pid for pid, words in found.items() if "--core" in words), 0)


@pytest.mark.timeout(240)
def test_the_screen_asks_once_and_its_core_comes_back_without_asking(chain):
    secret = chain.home / "phrase"
    secret.write_text(f"{PHRASE}\n")
    secret.chmod(0o600)
    code = chain.ask_hq("device", "set", R1, "--activation-code")["activation_code"]
    server = f"http://127.0.0.1:{chain.server_port}"
    words = ("activate", "--home", chain.till(R1), "--server", server, "--code", code)
    chain.run(*words, "--passphrase-file", secret)
    assert not (chain.till(R1) / "vault.insecure-key").exists()

    # Without a terminal nobody can be asked: a sentence, and no core.
    done = chain.outpost("register", "--core", "--home", chain.till(R1))
    assert done.returncode == 3 and "--passphrase-fd" in done.stderr
    assert "Sealed by a passphrase" in chain.outpost("doctor", "--home", chain.till(R1)).stdout

    terminal = chain.register(R1)
    terminal.wait_for("Passphrase of the vault:")
    terminal.send(f"{PHRASE}\r")
    terminal.wait_for("Operator", timeout_s=40)
    assert PHRASE not in terminal.text()
    first = eventually(lambda: core_of(chain), 10, "a core")
    os.kill(first, signal.SIGKILL)
    eventually(lambda: core_of(chain) not in (0, first), 30, "the core is back")
    terminal.wait_for("Operator", timeout_s=40)
    for pid, words in processes_of(chain.till(R1)).items():
        assert not any(PHRASE in word for word in words)
        assert PHRASE.encode() not in Path(f"/proc/{pid}/environ").read_bytes()


@pytest.mark.timeout(240)
def test_a_wrong_passphrase_opens_nothing_and_is_told_with_a_sentence(chain):
    secret = chain.home / "phrase"
    secret.write_text(f"{PHRASE}\n")
    secret.chmod(0o600)
    code = chain.ask_hq("device", "set", R1, "--activation-code")["activation_code"]
    server = f"http://127.0.0.1:{chain.server_port}"
    words = ("activate", "--home", chain.till(R1), "--server", server, "--code", code)
    chain.run(*words, "--passphrase-file", secret)
    secret.write_text("another horse\n")
    done = chain.outpost("register", "--core", "--home", chain.till(R1), "--passphrase-file", secret)
    assert (
        done.returncode == 3 and "does not open this vault" in done.stderr and "Traceback" not in done.stderr
    )


@pytest.mark.timeout(240)
def test_headquarters_and_server_start_with_a_passphrase_and_not_without(tmp_path):
    chain = Chain(tmp_path)
    secret = tmp_path / "phrase"
    secret.write_text(f"{PHRASE}\n")
    secret.chmod(0o600)
    sealed = ("--sealed-only", "--passphrase-file", secret)
    hq = ("hq", "--home", chain.headquarters, "--port", chain.hq_port)
    server = ("server", "--home", chain.server_home, "--port", chain.server_port)
    try:
        chain._start("hq", chain.hq_port, *hq, *sealed)
        chain._start("server", chain.server_port, *server, *sealed)
        chain.end("server")
        chain.end("hq")
        for words in (hq, server):
            done = chain.outpost(*words)
            assert done.returncode == 3 and "sealed with a passphrase" in done.stderr, done.stderr
            assert "Traceback" not in done.stderr
    finally:
        chain.close()

"""Through a whole run of real processes no secret ever lies anywhere but sealed in a vault.

Headquarters, server, activation, sign-in with wrong and right PINs, a sale, reports; then every file is searched, raw,
unpacked, in hexadecimal and in base64. Keyring backends that keep plain text are installed all the while and named in
the environment, and never even imported.
"""

import base64
import json
import os
import subprocess
import sys
from pathlib import Path

import keyring
import pytest

from core_hand import Hand
from sealed_chain import KEK, SealedChain
from shop import eventually
from store.database.vault import SERVICE, open_vault
from store.exchange.compression import zstd
from store.register.home import RegisterHome

R1 = "S0001-R01"
PEN = "4006381333931"
PIN, WRONG_PIN = "91827364", "73519264"
BACKEND = """
import os
from pathlib import Path
with open(os.environ["PLAIN_TEXT_MARK"], "a") as mark:
    mark.write("imported\\n")
from keyring.backend import KeyringBackend

class PlaintextKeyring(KeyringBackend):
    priority = 99

    def get_password(self, service, username):
        return None

    def set_password(self, service, username, password):
        with open(os.environ["PLAIN_TEXT_MARK"], "a") as mark:
            mark.write(f"{service} {username} {password}\\n")
"""


def plain_text_backends(folder):
    """Like `keyrings.alt`: an installed distribution that offers a backend, by entry point and by name."""
    package = folder / "plainstore"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(BACKEND)
    facts = folder / "plainstore-1.0.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: plainstore\nVersion: 1.0\n")
    (facts / "entry_points.txt").write_text("[keyring.backends]\nplain = plainstore\n")
    return {
        "PYTHONPATH": os.pathsep.join((str(folder), os.environ.get("PYTHONPATH", ""))).strip(os.pathsep),
        "PYTHON_KEYRING_BACKEND": "plainstore.PlaintextKeyring",
        "PLAIN_TEXT_MARK": str(folder / "mark"),
    }


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The run: the chain afterwards, with everything ended, and what must not be found."""
    chain = SealedChain(tmp_path_factory.mktemp("secrets"))
    outside = tmp_path_factory.mktemp("backends")
    chain.environment |= plain_text_backends(outside)
    try:
        facts = live_through_a_day(chain)
    finally:
        chain.close()
    return chain, facts, outside / "mark"


def live_through_a_day(chain):
    chain.start_headquarters()
    chain.set_up(R1)
    chain.hq("staff", "set", "101", "--pin", PIN)
    chain.hq("job", "run", "1060")
    code = chain.new_code(R1)
    chain.start_server()
    chain.activate(R1, code=code)
    chain.start_core(R1)
    tokens = {
        name: json.loads((home / "run" / f"{name}.json").read_text())["operator_token"]
        for name, home in (("hq", chain.headquarters), ("server", chain.server_home))
    }
    modes = [
        (home / "run" / f"{name}.json").stat().st_mode & 0o777
        for name, home in (("hq", chain.headquarters), ("server", chain.server_home))
    ]
    with Hand(RegisterHome(chain.till(R1))) as hand:
        for text in ("101", WRONG_PIN, "101", PIN):
            hand.enter(text)
        assert hand.view["mode"] == "shift", hand.view
        assert hand.enter("0") == "done", hand.view["message"]
    chain.sell(R1, PEN)
    eventually(lambda: chain.status(R1)["pending_records"] == 0, 30, "sent")
    limits = {
        name: Path(f"/proc/{process.pid}/limits").read_text() for name, process in chain.services.items()
    }
    words = [Path(f"/proc/{process.pid}/cmdline").read_bytes() for process in chain.services.values()]
    grant = chain.ask_hq("register", "grant-recovery", R1, "--reason", "a test")["code"]
    chain.run("doctor", "--home", chain.till(R1))
    chain.end_core(R1)
    chain.end("server")
    chain.end("hq")
    return {"codes": [code, grant], "tokens": tokens, "modes": modes, "limits": limits, "words": words}


def secrets_of(home, environment):
    """Everything a vault holds, by name."""
    before = keyring.get_keyring()
    try:
        vault = open_vault(home, False, environment=environment)
        entries = json.loads((home / "vault.json").read_text())["entries"]
        found = {}
        for entry in entries:
            service, _, name = entry.partition("/")
            text = vault.get_password(service, name)
            found[entry] = plain(base64.b64decode(text) if service == SERVICE else text.encode())
        return found
    finally:
        keyring.set_keyring(before)


def plain(kept):
    """The secret itself: of a key in PEM its first line, of a hexadecimal text its bytes."""
    if kept.startswith(b"-----BEGIN"):
        return kept.splitlines()[1]
    try:
        return bytes.fromhex(kept.decode("ascii"))
    except ValueError:
        return kept


def forms(secret):
    """How a secret may have been written."""
    yield secret
    if len(secret) >= 16:
        yield secret.hex().encode()
        yield secret.hex().upper().encode()
        yield base64.b64encode(secret).rstrip(b"=")
        yield base64.urlsafe_b64encode(secret).rstrip(b"=")


def contents(chain):
    """Every file of the run as it is, and unpacked where it is packed."""
    for path in sorted(chain.home.rglob("*")):
        if path.is_file() and path.parent.name != "credentials":
            data = path.read_bytes()
            yield path, data
            if data[:4] == b"\x28\xb5\x2f\xfd":
                yield path, zstd.decompress(data)


def all_secrets(chain, facts):
    found = {"kek": bytes.fromhex(KEK), "PIN": PIN.encode(), "wrong PIN": WRONG_PIN.encode()}
    for home in (chain.headquarters, chain.server_home, chain.till(R1)):
        found |= {
            f"{home.name}: {name}": value for name, value in secrets_of(home, chain.environment).items()
        }
    for code in facts["codes"]:
        found[f"code {code[:4]}"] = code.encode()
        found[f"code {code[:4]} plain"] = code.replace("-", "").encode()
    return found | {f"token of {name}": token.encode() for name, token in facts["tokens"].items()}


def test_no_secret_lies_in_any_file(run):
    chain, facts, _ = run
    secrets = all_secrets(chain, facts)
    assert len(secrets) >= 15, sorted(secrets)
    public = {"hq-authority"}  # a certificate
    searched, where = 0, []
    for path, data in contents(chain):
        searched += 1
        for name, secret in secrets.items():
            if any(name.endswith(each) for each in public):
                continue
            for form in forms(secret):
                if form in data:
                    where.append(f"{name} in {path.relative_to(chain.home)}")
    assert searched > 20 and where == []


def test_the_search_finds_what_is_there(run, tmp_path):
    chain, facts, _ = run
    secrets = all_secrets(chain, facts)
    pepper = next(value for name, value in secrets.items() if "pepper" in name)
    planted = chain.home / "planted.log"
    planted.write_bytes(b"x" + pepper.hex().encode() + b"y")
    try:
        hits = [path for path, data in contents(chain) if any(form in data for form in forms(pepper))]
        assert hits == [planted]
    finally:
        planted.unlink()


def test_operator_tokens_are_readable_by_their_owner_only_and_gone_after_the_end(run):
    chain, facts, _ = run
    assert facts["modes"] == [0o600, 0o600]
    assert not list(chain.home.rglob("run/*.json"))


def test_no_process_leaves_a_core_dump_or_shows_a_secret_among_its_words(run):
    chain, facts, _ = run
    assert set(facts["limits"]) == {"hq", "server", f"core {R1}"}
    for name, text in facts["limits"].items():
        row = next(line for line in text.splitlines() if line.startswith("Max core file size"))
        assert row.split()[4] in ("0", "1") and row.split()[5] in ("0", "1"), (name, row)
    for secret in all_secrets(chain, facts).values():
        assert not any(form in words for words in facts["words"] for form in forms(secret))


def test_vaults_and_their_locks_are_private(run):
    chain, _, _ = run
    for home in (chain.headquarters, chain.server_home, chain.till(R1)):
        assert (home / "vault.json").stat().st_mode & 0o077 == 0
        assert not (home / "vault.insecure-key").exists()


def test_no_plain_text_keyring_was_ever_imported(run):
    chain, _, mark = run
    assert not mark.exists(), mark.read_text()
    # And it would have been, had anybody let keyring choose.
    subprocess.run(
        [sys.executable, "-c", "import keyring; keyring.set_password('a', 'b', 'c')"],
        env=chain.environ,
        check=True,
        timeout=60,
    )
    assert "a b c" in mark.read_text()
    mark.unlink()

"""Sources of a vault's key beyond the credential: the Secret Service by name, a passphrase when needed."""

import threading

import keyring
import pytest

from store.database import secret_service
from store.database.vault import INSECURE_KEY_NAME, NoVaultKey, open_vault
from store.database.vault_sources import VaultSources, sealed_by


class Desktop:
    """A Secret Service in memory."""

    def __init__(self):
        self.kept = {}
        self.asked = []

    def get_password(self, service, username):
        self.asked.append((service, username))
        return self.kept.get((service, username))

    def set_password(self, service, username, password):
        self.kept[service, username] = password

    def delete_password(self, service, username):
        del self.kept[service, username]


class Forgetful(Desktop):
    def set_password(self, service, username, password):
        pass

    def delete_password(self, service, username):
        pass


class Keeping(Desktop):
    def delete_password(self, service, username):
        pass


class Waiting(Desktop):
    """A dialog that nobody answers."""

    def __init__(self):
        super().__init__()
        self.gate = threading.Event()

    def set_password(self, service, username, password):
        self.gate.wait(10)


class Broken(Desktop):
    def set_password(self, service, username, password):
        raise ZeroDivisionError("of the desktop's own kind")


@pytest.fixture(autouse=True)
def own_keyring():
    before = keyring.get_keyring()
    yield
    keyring.set_keyring(before)


@pytest.fixture
def desktop(monkeypatch):
    found = Desktop()
    monkeypatch.setattr(secret_service, "find_service", lambda: found)
    return found


def test_the_secret_service_keeps_the_key_of_a_new_vault_and_opens_it_again(tmp_path, desktop):
    sources = VaultSources(lambda: "never asked", "till-1")
    vault = open_vault(tmp_path, True, sources=sources, environment={})
    assert (vault.source, sealed_by(tmp_path)) == ("secret-service", "secret-service")
    vault.put_secret("pepper", b"secret")
    assert list(desktop.kept) == [("outpost-kek", "till-1")], "the probe is gone"
    assert open_vault(tmp_path, False, sources=sources, environment={}).secret("pepper") == b"secret"
    assert not (tmp_path / INSECURE_KEY_NAME).exists()


def test_it_is_never_asked_unless_it_is_named(tmp_path, desktop):
    vault = open_vault(tmp_path, False, sources=VaultSources(lambda: "correct horse"), environment={})
    assert (vault.source, desktop.asked) == ("passphrase", [])


def test_a_vault_of_the_secret_service_wants_its_name_and_its_key(tmp_path, desktop):
    open_vault(tmp_path, False, sources=VaultSources(None, "till-1"), environment={})
    with pytest.raises(NoVaultKey, match="name it"):
        open_vault(tmp_path, True, sources=VaultSources(lambda: "p"), environment={})
    with pytest.raises(NoVaultKey, match="no key named 'till-2'"):
        open_vault(tmp_path, False, sources=VaultSources(None, "till-2"), environment={})
    desktop.kept["outpost-kek", "till-3"] = "rubbish"
    with pytest.raises(NoVaultKey, match="is no key"):
        open_vault(tmp_path, False, sources=VaultSources(None, "till-3"), environment={})


@pytest.mark.parametrize(
    ("kind", "why"),
    [(Forgetful, "does not keep"), (Keeping, "does not keep"), (Broken, "of the desktop's own kind")],
)
def test_a_service_that_fails_its_test_gets_no_key(tmp_path, monkeypatch, kind, why):
    monkeypatch.setattr(secret_service, "find_service", kind)
    with pytest.raises(NoVaultKey, match=why):
        open_vault(tmp_path, True, sources=VaultSources(None, "till-1"), environment={})
    assert sealed_by(tmp_path) is None


def test_a_service_that_does_not_answer_costs_two_seconds_at_most(tmp_path, monkeypatch):
    waiting = Waiting()
    monkeypatch.setattr(secret_service, "find_service", lambda: waiting)
    monkeypatch.setattr(secret_service, "SELF_TEST_S", 0.2)
    with pytest.raises(NoVaultKey, match="did not answer within"):
        open_vault(tmp_path, True, sources=VaultSources(None, "till-1"), environment={})
    waiting.gate.set()


def test_without_a_desktop_the_real_service_is_told_to_be_missing(tmp_path):
    with pytest.raises(NoVaultKey, match="Secret Service cannot be used"):
        open_vault(tmp_path, True, sources=VaultSources(None, "till-1"), environment={})


def test_a_passphrase_is_asked_for_only_by_the_vault_that_wants_one(tmp_path):
    asked = []

    def ask():
        asked.append(1)
        return "correct horse battery"

    folder = tmp_path / "c"
    folder.mkdir()
    (folder / "outpost-kek").write_bytes(bytes(32))
    open_vault(
        tmp_path / "a", False, sources=VaultSources(ask), environment={"CREDENTIALS_DIRECTORY": str(folder)}
    )
    assert asked == []
    open_vault(tmp_path / "b", True, sources=VaultSources(ask), environment={})
    assert asked == [1]
    with pytest.raises(NoVaultKey, match="--passphrase-file"):
        open_vault(tmp_path / "b", True, sources=VaultSources(lambda: None), environment={})


def test_a_damaged_vault_is_no_new_one(tmp_path):
    assert sealed_by(tmp_path) is None
    for text in ("rubbish", "[]", "{}"):
        (tmp_path / "vault.json").write_text(text)
        assert sealed_by(tmp_path) == ""

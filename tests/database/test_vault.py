"""The vault: sources of its key, sealed entries, and refusals in sentences."""

import os
import random
import threading

import keyring
import pytest

from store.database.vault import (
    CREDENTIAL_NAME,
    INSECURE_KEY_NAME,
    SERVICE,
    VAULT_NAME,
    NoVaultKey,
    OutpostVault,
    VaultDamaged,
    VaultError,
    WrongVaultKey,
    open_vault,
)


@pytest.fixture(autouse=True)
def own_keyring():
    before = keyring.get_keyring()
    yield
    keyring.set_keyring(before)


def credentials(folder, key=bytes(range(32))):
    folder.mkdir(exist_ok=True)
    (folder / CREDENTIAL_NAME).write_bytes(key)
    return {"CREDENTIALS_DIRECTORY": str(folder)}


def test_without_any_source_nothing_is_made_and_the_sentence_says_how(tmp_path):
    with pytest.raises(NoVaultKey, match="LoadCredentialEncrypted"):
        open_vault(tmp_path / "home", False, environment={})
    assert not (tmp_path / "home" / VAULT_NAME).exists()


def test_credential_wins_over_passphrase_and_throw_away_key(tmp_path):
    vault = open_vault(tmp_path / "home", True, passphrase="p", environment=credentials(tmp_path / "c"))
    assert (vault.source, vault.insecure) == ("credential", False)
    assert not (tmp_path / "home" / INSECURE_KEY_NAME).exists()


def test_secrets_survive_for_every_source_and_are_not_readable_in_the_file(tmp_path):
    ways = {
        "credential": {"environment": credentials(tmp_path / "c")},
        "passphrase": {"passphrase": "correct horse", "environment": {}},
        "insecure": {"environment": {}},
    }
    for source, options in ways.items():
        home = tmp_path / source
        open_vault(home, True, **options).put_secret("pepper", b"\0 plain and simple")
        again = open_vault(home, True, **options)
        assert again.source == source
        assert again.secret("pepper") == b"\0 plain and simple"
        assert again.secret("other") is None
        again.forget("pepper")
        again.forget("pepper")
        assert again.secret("pepper") is None
        for path in home.iterdir():
            assert path.stat().st_mode & 0o077 == 0
            assert b"plain and simple" not in path.read_bytes()


def test_hexadecimal_credential_is_the_same_key(tmp_path):
    raw, text = bytes(range(32)), bytes(range(32)).hex().encode() + b"\n"
    open_vault(tmp_path / "home", False, environment=credentials(tmp_path / "c", raw)).put_secret("a", b"1")
    assert (
        open_vault(tmp_path / "home", False, environment=credentials(tmp_path / "c", text)).secret("a")
        == b"1"
    )
    with pytest.raises(NoVaultKey, match="64 hexadecimal"):
        open_vault(tmp_path / "home", False, environment=credentials(tmp_path / "c", b"short"))


def test_vault_is_only_opened_with_the_kind_of_key_that_made_it(tmp_path):
    open_vault(tmp_path / "i", True, environment={})
    with pytest.raises(NoVaultKey, match="calls itself insecure"):
        open_vault(tmp_path / "i", False, environment={})
    open_vault(tmp_path / "p", False, passphrase="x", environment={})
    with pytest.raises(NoVaultKey, match="passphrase"):
        open_vault(tmp_path / "p", True, environment={})
    environment = credentials(tmp_path / "c")
    open_vault(tmp_path / "h", False, environment=environment)
    with pytest.raises(NoVaultKey, match="credential"):
        open_vault(tmp_path / "h", True, passphrase="x", environment={})


def test_wrong_key_changes_nothing(tmp_path):
    open_vault(tmp_path, False, passphrase="right", environment={}).put_secret("a", b"1")
    before = (tmp_path / VAULT_NAME).read_bytes()
    with pytest.raises(WrongVaultKey):
        open_vault(tmp_path, False, passphrase="wrong", environment={})
    assert (tmp_path / VAULT_NAME).read_bytes() == before


def test_lost_throw_away_key_is_a_sentence(tmp_path):
    open_vault(tmp_path, True, environment={})
    (tmp_path / INSECURE_KEY_NAME).unlink()
    with pytest.raises(NoVaultKey, match="enrol the register anew"):
        open_vault(tmp_path, True, environment={})
    (tmp_path / INSECURE_KEY_NAME).write_bytes(b"x")
    with pytest.raises(WrongVaultKey):
        open_vault(tmp_path, True, environment={})


def test_every_flipped_byte_is_noticed_or_changes_no_secret(tmp_path):
    vault = open_vault(tmp_path, True, environment={})
    vault.put_secret("a", b"first")
    vault.put_secret("b", b"second")
    path, rng = tmp_path / VAULT_NAME, random.Random(1)
    sound = path.read_bytes()
    for _ in range(150):
        place = rng.randrange(len(sound))
        path.write_bytes(sound[:place] + bytes([sound[place] ^ 1 << rng.randrange(8)]) + sound[place + 1 :])
        try:
            again = open_vault(tmp_path, True, environment={})
            assert again.secret("a") in (b"first", None)
            assert again.secret("b") in (b"second", None)
        except VaultError as error:
            assert error.sentence.endswith(".")


def test_sealed_entries_cannot_be_swapped_or_set_back(tmp_path):
    import json

    vault = open_vault(tmp_path, True, environment={})
    vault.put_secret("a", b"old")
    old = json.loads((tmp_path / VAULT_NAME).read_text())["entries"][f"{SERVICE}/a"]
    vault.put_secret("a", b"new")
    vault.put_secret("b", b"other")
    file = json.loads((tmp_path / VAULT_NAME).read_text())
    file["entries"][f"{SERVICE}/a"] = file["entries"][f"{SERVICE}/b"]
    (tmp_path / VAULT_NAME).write_text(json.dumps(file))
    with pytest.raises(VaultDamaged):
        vault.secret("a")
    file["entries"][f"{SERVICE}/a"] = {**old, "version": 2}
    (tmp_path / VAULT_NAME).write_text(json.dumps(file))
    with pytest.raises(VaultDamaged):
        vault.secret("a")


def test_it_is_the_keyring_of_the_process_and_no_other_is_asked(tmp_path):
    vault = open_vault(tmp_path, True, environment={})
    assert type(keyring.get_keyring()) is OutpostVault
    keyring.set_password("service", "name", "täxt")
    assert vault.get_password("service", "name") == "täxt"
    keyring.delete_password("service", "name")
    assert keyring.get_password("service", "name") is None
    with pytest.raises(keyring.errors.PasswordDeleteError):
        keyring.delete_password("service", "name")


def test_two_writers_lose_nothing(tmp_path):
    vaults = [open_vault(tmp_path, True, environment={}) for _ in range(2)]

    def write(number):
        for n in range(10):
            vaults[number].put_secret(f"{number}-{n}", b"x")

    threads = [threading.Thread(target=write, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(vaults[0].secret(f"{number}-{n}") == b"x" for number in range(2) for n in range(10))


def test_power_cut_while_writing_leaves_the_old_file(tmp_path, monkeypatch):
    vault = open_vault(tmp_path, True, environment={})
    vault.put_secret("a", b"1")

    def fail(_):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="Input/output"):
        vault.put_secret("a", b"2")
    monkeypatch.undo()
    assert open_vault(tmp_path, True, environment={}).secret("a") == b"1"

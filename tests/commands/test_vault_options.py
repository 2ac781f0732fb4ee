"""How a passphrase reaches a vault: a private file, a descriptor, a prompt on a terminal alone."""

import argparse
import os

import pytest

from store.database.vault import open_vault
from store.database.vault_sources import VaultSources
from tui.commands import vault_options
from tui.commands.outcome import CommandFailed

PHRASE = "correct horse battery staple"


def options(*words):
    parser = argparse.ArgumentParser()
    vault_options.declare_vault(parser, makes=True)
    return parser.parse_args(words)


def phrase(home, *words):
    ask = vault_options.passphrase_of(options(*words), home)
    return None if ask is None else ask()


def private(path, data):
    path.write_bytes(data)
    path.chmod(0o600)
    return path


def test_the_first_line_of_a_private_file(tmp_path):
    path = private(tmp_path / "p", f"{PHRASE}\r\nmore\n".encode())
    assert phrase(tmp_path, "--passphrase-file", str(path)) == PHRASE


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_file_that_others_can_read_is_refused(tmp_path, mode):
    path = private(tmp_path / "p", PHRASE.encode())
    path.chmod(mode)
    with pytest.raises(CommandFailed, match="chmod 600"):
        phrase(tmp_path, "--passphrase-file", str(path))


@pytest.mark.parametrize("data", [b"", b"\n", b"\xff\xfe\n", b"x" * 2000])
def test_a_file_without_a_passphrase_is_refused(tmp_path, data):
    path = private(tmp_path / "p", data)
    with pytest.raises(CommandFailed, match="no passphrase"):
        phrase(tmp_path, "--passphrase-file", str(path))
    with pytest.raises(CommandFailed, match="cannot be read"):
        phrase(tmp_path, "--passphrase-file", str(tmp_path / "none"))


def test_a_descriptor_is_read_once_and_closed(tmp_path):
    reading, writing = os.pipe()
    os.write(writing, f"{PHRASE}\n".encode())
    os.close(writing)
    ask = vault_options.passphrase_of(options("--passphrase-fd", str(reading)), tmp_path)
    assert ask() == ask() == PHRASE
    with pytest.raises(OSError):
        os.fstat(reading)
    with pytest.raises(CommandFailed, match="cannot be read"):
        phrase(tmp_path, "--passphrase-fd", str(reading))


def test_a_new_vault_asks_only_when_told_to_and_twice(tmp_path, monkeypatch):
    assert phrase(tmp_path) is None
    with pytest.raises(CommandFailed, match="needs a terminal"):
        phrase(tmp_path, "--ask-passphrase")
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    said = []
    monkeypatch.setattr("getpass.getpass", lambda prompt: said.pop(0))
    said[:] = [PHRASE, PHRASE]
    assert phrase(tmp_path, "--ask-passphrase") == PHRASE
    said[:] = [PHRASE, PHRASE + "!"]
    with pytest.raises(CommandFailed, match="not the same"):
        phrase(tmp_path, "--ask-passphrase")
    said[:] = ["short"]
    with pytest.raises(CommandFailed, match="at least 12"):
        phrase(tmp_path, "--ask-passphrase")


def test_a_vault_sealed_by_a_passphrase_asks_on_a_terminal_and_nowhere_else(tmp_path, monkeypatch):
    open_vault(tmp_path, False, sources=VaultSources(lambda: PHRASE), environment={})
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    assert phrase(tmp_path) is None
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("getpass.getpass", lambda prompt: PHRASE)
    assert phrase(tmp_path) == PHRASE

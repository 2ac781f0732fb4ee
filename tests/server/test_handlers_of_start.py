"""What can go wrong before the server serves: one sentence on standard error, no traceback, nothing half-made."""

import socket
from importlib import metadata
from types import SimpleNamespace

import pytest

from server_process import PEPPER, prepare_home
from server_world import TABLES, package_file
from store.database.errors import DatabaseBusy, StorageReadOnly
from store.exchange.package import PackageError
from store.ledger import posting
from store.ledger.posting import Poster, Unpostable
from store.server import loading, version
from store.server import prepare as preparing
from store.server.api.app import answer_problems
from store.server.config import ServerConfig
from store.server.prepare import prepare
from store.server.runtime import EXIT_TROUBLE, run_server
from store.service import channel
from store.service.channel import Channel
from store.service.errors import ServiceTrouble
from tui.commands.outcome import CommandFailed
from tui.commands.server import pepper_of


def config(home, **more):
    facts = {"home": home, "port": 0, "database_url": "sqlite:channel.db", "host": "127.0.0.1"}
    return ServerConfig(**facts, allow_insecure=True, **more)


def said(capsys):
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("outpost server: ")
    assert err.count("\n") == 1
    return err


def test_home_that_cannot_be_made_is_a_sentence(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert run_server(config(tmp_path / "file" / "home")) == EXIT_TROUBLE
    assert "cannot be written" in said(capsys)


def test_port_that_is_taken_is_a_sentence_and_the_next_start_works_on_the_same_files(tmp_path, capsys):
    prepare_home(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        facts = config(tmp_path)
        busy = ServerConfig(
            home=tmp_path, port=taken.getsockname()[1], database_url=facts.database_url, host=facts.host,
            allow_insecure=True,
        )  # fmt: skip
        for _ in range(2):
            assert run_server(busy) == EXIT_TROUBLE
            assert "choose another port" in said(capsys)


def test_database_that_is_none_is_a_sentence(tmp_path, capsys):
    (tmp_path / "channel.db").write_bytes(b"this is no database, whatever its name says" * 100)
    assert run_server(config(tmp_path)) == EXIT_TROUBLE
    said(capsys)


async def test_migration_that_fails_leaves_no_thread_and_no_lock(tmp_path, monkeypatch):
    def fails(*_):
        raise DatabaseBusy("Somebody writes.")

    with monkeypatch.context() as patch:
        patch.setattr(channel, "climb", fails)
        with pytest.raises(DatabaseBusy):
            await Channel.open(tmp_path / "channel.db")
    opened = await Channel.open(tmp_path / "channel.db")
    await opened.close()


def package_in(folder, pepper="70" * 32):
    path = folder / "shop.package"
    path.write_bytes(package_file())
    path.with_name("shop.package.pepper").write_text(pepper)
    return path


@pytest.mark.parametrize("pepper", ["no hexadecimal", "\xff"])
def test_pepper_file_that_holds_none_is_named(tmp_path, pepper):
    path = package_in(tmp_path, pepper)
    with pytest.raises(ServiceTrouble, match=r"shop\.package\.pepper holds no pepper"):
        prepare(tmp_path / "server", "sqlite:channel.db", path, "S0042-R03", allow_insecure=True)


def test_package_that_cannot_be_kept_is_a_sentence(tmp_path, monkeypatch):
    def fails(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(preparing, "keep_chunks", fails)
    with pytest.raises(ServiceTrouble, match=r"cannot be written: No space left on device\."):
        prepare_home(tmp_path)


def test_database_that_cannot_be_written_is_a_sentence(tmp_path, monkeypatch):
    async def fails(*_):
        raise StorageReadOnly("The disk is read-only.")

    monkeypatch.setattr(preparing, "_load", fails)
    with pytest.raises(ServiceTrouble, match="The disk is read-only"):
        prepare_home(tmp_path)


def test_package_that_breaks_off_while_it_is_loaded_loads_nothing(tmp_path, monkeypatch):
    prepare_home(tmp_path)

    def breaks_off(*_):
        raise PackageError("A chunk of the package cannot be unpacked; fetch it again.")
        yield

    monkeypatch.setattr(loading, "read_part", breaks_off)
    path = tmp_path / "second.package"
    path.write_bytes(package_file(2, TABLES))
    with pytest.raises(ServiceTrouble, match="cannot be unpacked; fetch it again"):
        prepare(tmp_path, "sqlite:channel.db", path, "S0042-R03", pepper=PEPPER, allow_insecure=True)


def test_bare_source_tree_has_version_nought(monkeypatch):
    def missing(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", missing)
    assert version._version() == "0"


async def test_client_that_hung_up_is_answered_by_nobody():
    async def handler(request):
        raise ConnectionResetError("the client hung up")

    with pytest.raises(ConnectionResetError):
        await answer_problems(SimpleNamespace(path="/health"), handler)


def test_payload_that_cannot_be_read_is_not_posted():
    page = posting._read_page((1, b"\xff", ""))
    assert page.body is None and "no JSON" in page.why_not
    with pytest.raises(Unpostable, match="no JSON"):
        Poster(None, lambda: 0)._post_page(None, None, None, page)


def test_pepper_file_of_the_command_line_that_holds_none_is_named(tmp_path):
    path = tmp_path / "pepper"
    path.write_text("no hexadecimal")
    with pytest.raises(CommandFailed, match="holds no pepper: it must be hexadecimal digits"):
        pepper_of(path)
    assert pepper_of(None) is None

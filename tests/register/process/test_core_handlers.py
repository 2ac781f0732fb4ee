"""The core's own ways out: parts that fail while they are put together, a check that finds damage, odd machines."""

import asyncio
import signal
from pathlib import Path
from types import SimpleNamespace

import pytest

from core_home import make_home
from store.database.lock import FileLock
from store.register.config import ConfigError, load_config
from store.register.journal.chain import TailCheck
from store.register.peripherals import DeviceSet
from store.register.process import parts, runtime
from store.register.process.parts import Assembly, barcodes_of, boot_id
from store.register.system_ports import SystemClock, SystemRandomness


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return make_home(tmp_path_factory.mktemp("handlers") / "till")


async def test_part_that_cannot_be_made_gives_the_journal_back(home, monkeypatch):
    def fails(*_):
        raise RuntimeError("no room for a spool")

    def assembly():
        return Assembly(
            home,
            load_config(home.config_file),
            SystemClock(),
            SystemRandomness(),
            lambda config: DeviceSet(),
            None,
            lambda: None,
            "0",
        )

    with monkeypatch.context() as patch:
        patch.setattr(Assembly, "_spool", fails)
        with pytest.raises(RuntimeError, match="no room"):
            await assembly().parts()
    made = await assembly().parts()
    await made.close()


async def test_damage_found_beside_the_sale_reaches_the_till(caplog):
    for found, told in (
        (TailCheck(checked=9), []),
        (TailCheck(checked=0, first_bad_seq=4, reason="is missing"), ["Record 4 of the journal is missing."]),
    ):
        said = []

        async def check(found=found):
            return found

        session = SimpleNamespace(journal_damaged=said.append)
        await runtime.check_tail(SimpleNamespace(journal=SimpleNamespace(check_tail=check), session=session))
        assert [words[: len(start)] for words, start in zip(said, told, strict=True)] == told
    assert "record 4 is missing" in caplog.text


def test_second_core_raises_a_sentence_and_touches_nothing(home):
    home.lock_file.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(home.lock_file)
    lock.acquire()
    before = Path.cwd()
    try:
        with pytest.raises(runtime.CoreRunsAlready, match="already; nothing was started"):
            runtime.run_core(home, lambda config, path: DeviceSet(), "0")
    finally:
        lock.release()
    assert Path.cwd() == before


def test_machine_that_names_no_boot_has_none(monkeypatch, tmp_path):
    assert boot_id()
    monkeypatch.setattr(parts, "BOOT_ID", tmp_path / "missing")
    assert boot_id() == ""


@pytest.mark.parametrize("text", [None, "no JSON"])
def test_sheet_of_barcodes_that_is_not_there_is_empty(tmp_path, text):
    if text is not None:
        (tmp_path / "barcodes.json").write_text(text)
    assert asyncio.run(barcodes_of(SimpleNamespace(path=tmp_path))("")) == {"rows": []}


def test_what_ends_the_core_stands_in_its_log(home, monkeypatch, caplog):
    def damaged(path):
        raise ConfigError("register.toml, line 1: unknown section registr.")

    monkeypatch.chdir(Path.cwd())  # the core goes into its home
    monkeypatch.setattr(runtime, "log_to", lambda path: None)
    monkeypatch.setattr(runtime, "load_config", damaged)
    before = signal.getsignal(signal.SIGHUP)
    try:
        with pytest.raises(ConfigError):
            runtime.run_core(home, lambda config, path: DeviceSet(), "0")
    finally:
        signal.signal(signal.SIGHUP, before)
    assert "the core ended: register.toml, line 1" in caplog.text
    with FileLock(home.lock_file):
        pass

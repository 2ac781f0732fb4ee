"""The records of a dead register's disk, brought to a real server over HTTP under a supervisor's grant."""

import asyncio
import io
import json
import shutil
import sqlite3

import pytest

from journal_world import KeySigner, event, opened, sale
from server_world import STORE, Register, running_world
from store.database.connection import values
from store.exchange.codes import code_hash
from store.exchange.identity import series_of
from store.gateway.errors import ServerRefused, ServerUnreachable
from store.register.journal.entry import JournalIdentity
from store.register.journal.export import export_journal
from store.register.recovery.recovery import recover
from store.register.recovery.source import RecoveryRefused
from tui.command import main

CODE = "GRAN-TCOD-EOFT-HESU-PERV-ISOR"


@pytest.fixture
async def world(tmp_path):
    async with running_world(tmp_path / "server") as world:
        yield world


@pytest.fixture
async def dead(world, tmp_path):
    """A register that made 250 records, of which the server has 30, and whose place another machine has taken."""
    return await make_dead(world, tmp_path / "till", delivered=30)


async def make_dead(world, folder, *, records=250, delivered=30):
    folder.mkdir()
    registered = await world.enrolled()
    who = JournalIdentity(
        register=registered.name,
        store=STORE,
        epoch=1,
        series=series_of(registered.name, 1),
        public_key=registered.public_key,
    )
    async with opened(folder, who=who, signer=KeySigner(registered.key)) as journal:
        for n in range(records):
            entry = sale(f"s{n}", job=False) if n % 5 == 0 else event("lock", f"e{n}")
            await journal.commit(entry)
        registered.records = await journal.records(0, records)
    if delivered:
        await registered.upload(registered.batch(1, delivered))
    await Register.enrol(world, (await world.prepare()).code)
    return registered


async def grant(world, series, code=CODE, life_ms=60_000):
    now_ms = world.context.now_ms()

    def unit(db):
        db.execute(
            "insert into recovery_grant (store_id, series, code_hash, expires_ms, used_ms) values ($1, $2, $3, $4, 0) "
            "on conflict do nothing",
            values(STORE, series, code_hash(code), now_ms + life_ms),
        )

    await world.context.channel.work(unit)


async def recovered(world, path, code=CODE, **options):
    return await asyncio.to_thread(recover, path, server_url=world.url, code=code, **options)


async def stored(world, series):
    return await world.sql(f"select seq, hash from record where series = '{series}' order by seq")


async def test_the_rest_of_a_dead_register_comes_in_and_its_series_is_closed(world, dead, tmp_path):
    await grant(world, dead.series)
    done = await recovered(world, tmp_path / "till" / "journal.db")
    assert (done.series, done.sent, done.known, done.last) == (dead.series, 220, 30, 250)
    assert await stored(world, dead.series) == [(record.seq, record.hash) for record in dead.records]
    books = await world.settled()
    assert books["posted"] + books["quarantined"] == 250
    assert await world.sql("select count(*) from recovery_grant where used_ms > 0") == [(1,)]
    dead.add()
    assert (await dead.send("POST", f"/series/{dead.series}/records", dead.batch(251)))[0] == 410


async def test_the_same_command_again_says_that_all_is_there(world, dead, tmp_path):
    await grant(world, dead.series)
    await recovered(world, tmp_path / "till" / "journal.db")
    again = await recovered(world, tmp_path / "till" / "journal.db")
    assert (again.sent, again.known, again.last) == (0, 250, 250)


async def test_a_register_that_never_reached_the_server_is_recovered_from_its_first_record_on(
    world, tmp_path
):
    dead = await make_dead(world, tmp_path / "till", records=3, delivered=0)
    await grant(world, dead.series)
    done = await recovered(world, tmp_path / "till" / "journal.db")
    assert (done.sent, done.known) == (3, 0)


async def test_a_disk_with_nothing_new_only_closes_the_series(world, tmp_path):
    dead = await make_dead(world, tmp_path / "till", records=3, delivered=3)
    await grant(world, dead.series)
    done = await recovered(world, tmp_path / "till" / "journal.db")
    assert (done.sent, done.known) == (0, 3)
    assert await world.sql("select count(*) from recovery_grant where used_ms > 0") == [(1,)]


async def test_an_export_does_as_well_as_the_disk(world, dead, tmp_path):
    await grant(world, dead.series)
    out = io.StringIO()
    export_journal(tmp_path / "till" / "journal.db", out)
    path = tmp_path / "export.jsonl"
    path.write_text(out.getvalue())
    assert (await recovered(world, path)).sent == 220


async def test_an_interrupted_recovery_goes_on_where_it_was(world, dead, tmp_path):
    await grant(world, dead.series)

    class Stop(Exception):
        pass

    def told(seq):
        if seq >= 131:
            raise Stop

    with pytest.raises(Stop):
        await recovered(world, tmp_path / "till" / "journal.db", told=told)
    assert 131 <= len(await stored(world, dead.series)) < 250
    done = await recovered(world, tmp_path / "till" / "journal.db")
    assert done.sent + done.known == 250 and 0 < done.sent < 220


@pytest.mark.parametrize("code", ["WRON-GCOD-E", ""])
async def test_a_wrong_code_brings_nothing_in(world, dead, tmp_path, code):
    await grant(world, dead.series)
    with pytest.raises(ServerRefused) as refused:
        await recovered(world, tmp_path / "till" / "journal.db", code=code)
    assert refused.value.kind == "bad-code"
    assert len(await stored(world, dead.series)) == 30


async def test_an_expired_grant_brings_nothing_in(world, dead, tmp_path):
    await grant(world, dead.series, life_ms=-1)
    with pytest.raises(ServerRefused, match="expired"):
        await recovered(world, tmp_path / "till" / "journal.db")
    assert len(await stored(world, dead.series)) == 30


def damage(path, seq):
    with sqlite3.connect(path) as db:
        db.execute("drop trigger record_is_never_changed")
        (payload,) = db.execute("select payload from record where seq = ?", (seq,)).fetchone()
        changed = payload.replace(b'"operator":"101"', b'"operator":"102"')
        assert changed != payload
        db.execute("update record set payload = ? where seq = ?", (changed, seq))
    db.close()


async def test_of_a_damaged_journal_nothing_is_sent_unless_its_sound_beginning_is_asked_for(
    world, dead, tmp_path
):
    path = tmp_path / "till" / "journal.db"
    damage(path, 100)
    await grant(world, dead.series)
    with pytest.raises(RecoveryRefused, match=r"record 100 was changed.*99 records before"):
        await recovered(world, path)
    assert len(await stored(world, dead.series)) == 30
    done = await recovered(world, path, before_damage=True)
    assert (done.sent, done.last) == (69, 99) and "record 100" in done.damage


async def test_an_export_that_was_cut_off_is_refused_too(world, dead, tmp_path):
    await grant(world, dead.series)
    out = io.StringIO()
    export_journal(tmp_path / "till" / "journal.db", out)
    path = tmp_path / "export.jsonl"
    path.write_text(out.getvalue()[:-40])
    with pytest.raises(RecoveryRefused, match="Nothing was sent"):
        await recovered(world, path)
    lines = out.getvalue().splitlines(keepends=True)
    path.write_text("".join(lines[:-7]))
    with pytest.raises(RecoveryRefused, match="244 is missing"):
        await recovered(world, path)
    assert (await recovered(world, path, before_damage=True)).last == 243


async def test_a_journal_that_a_register_works_with_is_left_alone(world, tmp_path):
    folder = tmp_path / "alive"
    folder.mkdir()
    async with opened(folder) as journal:
        await journal.commit(event("lock", "e1"))
        with pytest.raises(RecoveryRefused, match="sends its records itself"):
            await recovered(world, folder / "journal.db")


async def test_the_disk_itself_is_never_written_to(world, dead, tmp_path):
    await grant(world, dead.series)
    till = tmp_path / "till"
    before = {path.name: path.read_bytes() for path in till.iterdir()}
    for path in (*till.iterdir(), till):
        path.chmod(path.stat().st_mode & 0o555)
    try:
        assert (await recovered(world, till / "journal.db")).sent == 220
    finally:
        till.chmod(0o755)
    assert {path.name: path.read_bytes() for path in till.iterdir()} == before


async def test_a_fork_on_the_disk_is_told_and_nothing_is_closed(world, dead, tmp_path):
    """The disk of a clone: the server has other records from 21 on."""
    await grant(world, dead.series)
    clone = tmp_path / "clone"
    clone.mkdir()
    who = JournalIdentity(
        register=dead.name, store=STORE, epoch=1, series=dead.series, public_key=dead.public_key
    )
    async with opened(clone, who=who, signer=KeySigner(dead.key)) as journal:
        for n in range(40):
            await journal.commit(event("lock", f"other{n}"))
    with pytest.raises(RecoveryRefused, match=r"does not take record 1 \(fork"):
        await recovered(world, clone / "journal.db")
    assert await world.sql("select count(*) from recovery_grant where used_ms > 0") == [(0,)]


async def test_neither_a_journal_nor_an_export_is_refused_with_a_sentence(world, tmp_path):
    path = tmp_path / "letter.txt"
    path.write_text("Dear Sirs\n")
    with pytest.raises(RecoveryRefused, match="cannot be used"):
        await recovered(world, path)
    path.write_bytes(b"SQLite format 3\0" + bytes(5000))
    with pytest.raises(RecoveryRefused, match="cannot be read as a journal"):
        await recovered(world, path)


async def test_a_series_that_the_file_does_not_have_is_named(world, dead, tmp_path):
    path = tmp_path / "till" / "journal.db"
    with pytest.raises(RecoveryRefused, match=f"it has: {dead.series}"):
        await recovered(world, path, series="S0042-R03.7")
    out = io.StringIO()
    export_journal(path, out)
    (tmp_path / "export.jsonl").write_text(out.getvalue())
    with pytest.raises(RecoveryRefused, match="not S0042"):
        await recovered(world, tmp_path / "export.jsonl", series="S0042-R03.7")


async def test_no_server_is_told_after_some_tries(dead, tmp_path, monkeypatch):
    monkeypatch.setattr("store.register.recovery.sending._PAUSES_S", (0.01, 0.01))
    with pytest.raises(ServerUnreachable):
        await asyncio.to_thread(
            recover, tmp_path / "till" / "journal.db", server_url="http://127.0.0.1:9", code=CODE
        )


# --- the command


async def test_the_command_says_how_many_and_that_the_series_is_closed(world, dead, tmp_path, capsys):
    await grant(world, dead.series)
    words = [
        "journal",
        "recover",
        str(tmp_path / "till" / "journal.db"),
        "--server",
        world.url,
        "--code",
        CODE,
    ]
    assert await asyncio.to_thread(main, words) == 0
    said = capsys.readouterr().out
    assert "220 records of S0042-R03.1 were sent, 30 were at the server already." in said
    assert "closed for good" in said
    assert await asyncio.to_thread(main, [*words, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "series": dead.series, "sent": 0, "known": 250, "last_seq": 250, "damage": "",
    }  # fmt: skip


async def test_the_command_refuses_with_a_sentence(world, dead, tmp_path, capsys):
    words = [
        "journal",
        "recover",
        str(tmp_path / "till" / "journal.db"),
        "--server",
        world.url,
        "--code",
        "X",
    ]
    assert await asyncio.to_thread(main, words) == 5
    assert "No grant for this series has that code" in capsys.readouterr().err
    assert await asyncio.to_thread(main, ["journal", "recover", str(tmp_path / "none"), *words[3:]]) == 3
    assert "cannot be read" in capsys.readouterr().err
    shutil.rmtree(tmp_path / "till")

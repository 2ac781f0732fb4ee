"""A real Retail Server under a real headquarters, set back to an older backup: nothing is lost, doubled or mixed up."""

import asyncio
import json
import sqlite3

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hq_arrivals import open_world
from server_headquarters import linked_world, until
from server_world import MemoryKeyring, Register


async def code_for(hq, register="S0001-R01"):
    return (await hq.do("device", "set", register=register, activation_code=True))["activation_code"]


async def enrol(world, code):
    """The server asks headquarters about the code; of the store it hears with its first directory."""
    key = Ed25519PrivateKey.generate()

    async def tried():
        try:
            return await Register.enrol(world, code, key)
        except AssertionError:
            return None

    return await until(tried)


async def head(register):
    status, body, _ = await register.send("GET", f"/series/{register.series}/head")
    return json.loads(body)["seq"] if status == 200 else None


async def at_headquarters(hq, register):
    rows = await hq.sql("select series, payload from record order by series, seq")
    return [bytes(payload) for series, payload in rows if series == register.series]


async def everything_arrived(hq, register):
    async def same():
        return await at_headquarters(hq, register) == [record.payload for record in register.records]

    await until(same)


def back_up(home):
    copy = home / "backup.db"
    with sqlite3.connect(home / "channel.db") as db:
        db.execute("vacuum into ?", (str(copy),))
    db.close()
    return copy


def set_back(home, copy):
    for name in ("channel.db-wal", "channel.db-shm"):
        (home / name).unlink(missing_ok=True)
    copy.replace(home / "channel.db")


async def test_a_server_from_an_older_backup_gets_the_records_again_and_headquarters_has_each_once(tmp_path):
    home, keyring = tmp_path / "server", MemoryKeyring()
    async with open_world(tmp_path / "hq") as hq:
        await hq.chain("S0001-R01")
        async with linked_world(home, hq, keyring=keyring) as world:
            register = await enrol(world, await code_for(hq))
            for _ in range(3):
                register.add()
            await register.upload()
            await everything_arrived(hq, register)
            copy = await asyncio.to_thread(back_up, home)
            for _ in range(4):
                register.add()
            await register.upload(register.batch(4))
            await everything_arrived(hq, register)
        set_back(home, copy)
        async with linked_world(home, hq, keyring=keyring) as world:
            register.url, register.http = world.url, world.http
            assert await head(register) == 3
            register.add()
            # The register compares heads and sends again from what its server has now.
            assert (await register.upload(register.batch(4)))[1].acked_seq == 8
            await everything_arrived(hq, register)
            assert (await hq.settled()).posted == 8
            assert await hq.ask("difference", "list") == []


async def test_a_server_from_before_an_enrolment_never_gives_the_same_epoch_again(tmp_path):
    home, keyring = tmp_path / "server", MemoryKeyring()
    async with open_world(tmp_path / "hq") as hq:
        await hq.chain("S0001-R01")
        async with linked_world(home, hq, keyring=keyring) as world:
            first = await enrol(world, await code_for(hq))
            first.add()
            await first.upload()
            await everything_arrived(hq, first)
            copy = await asyncio.to_thread(back_up, home)
            second = await enrol(world, await code_for(hq))
            second.add()
            await second.upload()
            await everything_arrived(hq, second)
        assert (first.series, second.series) == ("S0001-R01.1", "S0001-R01.2")
        set_back(home, copy)
        async with linked_world(home, hq, keyring=keyring) as world:
            third = await enrol(world, await code_for(hq))
            assert third.series == "S0001-R01.3"
            third.add()
            await third.upload()
            await everything_arrived(hq, third)
            shown = await hq.ask("device", "show", register="S0001-R01")
            assert (shown["device"], shown["series"]) == (
                "Activated",
                ["S0001-R01.1", "S0001-R01.2", "S0001-R01.3"],
            )

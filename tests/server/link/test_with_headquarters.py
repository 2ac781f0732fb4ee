"""The real headquarters and the real Retail Server, as processes, by commands; the server is killed again and again."""

import asyncio
import contextlib
import json
import random
import time
from types import SimpleNamespace

import aiohttp
import msgspec

from hq_office import outpost, start_outpost, wait_ready
from server_process import wait_ready as wait_for_server
from server_world import Register
from store.exchange.delivery import RecoveryRequest
from store.exchange.messages import RecordBatch
from store.exchange.record import to_wire

RID = "S0001-R01"


class Chain:
    """A headquarters process and a server process on one folder each."""

    def __init__(self, folder, url=None):
        self.hq_home, self.home, self.url = folder / "HQ", folder / "SRV", url
        self.hq = self.server = self.hq_url = self.info = None

    async def start_headquarters(self):
        self.hq_home.mkdir(exist_ok=True)
        port = self.hq_url.rpartition(":")[2] if self.hq_url else 0
        self.hq = start_outpost("hq", "--home", self.hq_home, "--port", port)
        self.hq_url = (await asyncio.to_thread(wait_ready, self.hq, self.hq_home))["url"]

    async def start_server(self):
        self.home.mkdir(exist_ok=True)
        more = ["--database", self.url] if self.url else []
        arguments = ["--headquarters", self.hq_url, "--name", "MAIN", "--port", "0", *more]
        self.server = start_outpost("server", "--home", self.home, *arguments)
        self.info = await asyncio.to_thread(wait_for_server, self.server, self.home)

    async def command(self, *arguments):
        done = await asyncio.to_thread(outpost, "hq", "--home", self.hq_home, *arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout or "null")

    async def kill_server(self):
        self.server.kill()
        await asyncio.to_thread(self.server.communicate)

    async def end(self):
        for process in (self.server, self.hq):
            if process is not None and process.poll() is None:
                process.terminate()
                await asyncio.to_thread(process.communicate)


@contextlib.asynccontextmanager
async def chain_in(folder, url=None):
    chain = Chain(folder, url)
    try:
        await chain.start_headquarters()
        yield chain
    finally:
        await chain.end()


async def until(ask, patience_s=40.0):
    deadline = time.monotonic() + patience_s
    while not (found := await ask()):
        assert time.monotonic() < deadline, "it never happened"
        await asyncio.sleep(0.1)
    return found


async def set_up(chain):
    await chain.command("store", "set", "S0001", "--name", "First store")
    await chain.command("register", "set", RID, "--store", "S0001", "--support-offline", "yes")
    for number in range(3):
        await chain.command("product", "set", f"10000{number}", "--name", f"Milk {number}", "--price", "1.09")
    await chain.command("job", "run", "9999")


async def settled(chain):
    """Every session of the store's own database is done."""

    async def done():
        sessions = await chain.command("session", "list")
        own = [s["status"] for s in sessions if s["database"] == "S0001" and s["status"] != "No data"]
        return own and set(own) == {"Applied"}

    return await until(done)


async def sell_through_kills(chain, folder):
    chance = random.Random(7)
    code = await chain.command("device", "set", RID, "--activation-code")
    async with aiohttp.ClientSession() as http:
        server = SimpleNamespace(url=chain.info["url"], http=http)
        register = await Register.enrol(server, code["activation_code"])
        for round_ in range(4):
            await chain.command("product", "set", "100001", "--price", f"0.9{round_}")
            await chain.command("job", "run", "1040")
            for _ in range(20):
                register.add()
            with contextlib.suppress(aiohttp.ClientError):
                await register.upload(register.batch(round_ * 20 + 1))
            await asyncio.sleep(chance.random() * 0.3)
            await chain.kill_server()
            await chain.start_server()
            register.url = chain.info["url"]
            assert (await register.upload(register.batch(round_ * 20 + 1)))[1].acked_seq == len(
                register.records
            )
        await settled(chain)

        async def archived():
            _, head = await register.get(f"/series/{register.series}/head")
            return head["archived_seq"] == head["seq"] == 80

        await until(archived)
        assert (await register.get("/items?key=sku:100001"))[1]["price"] == 93
        downloads = (await register.get("/downloads?after=0&reader=2"))[1]
        assert downloads["newest_seq"] == downloads["entries"][-1]["package_seq"]
        for entry in downloads["entries"]:
            path = f"/packages/{entry['package_seq']}?kind={entry['kind']}"
            assert (await register.send("GET", path))[0] == 200


async def test_a_server_that_is_killed_again_and_again_loses_and_doubles_nothing(tmp_path):
    async with chain_in(tmp_path) as chain:
        await chain.start_server()
        await set_up(chain)
        await settled(chain)
        await sell_through_kills(chain, tmp_path)


async def test_the_same_on_postgres(tmp_path, postgres_url):
    async with chain_in(tmp_path, postgres_url) as chain:
        await chain.start_server()
        await set_up(chain)
        await settled(chain)
        await sell_through_kills(chain, tmp_path)


async def test_a_disabled_device_is_refused_and_works_again_when_it_is_enabled(tmp_path):
    async with chain_in(tmp_path) as chain:
        await chain.start_server()
        await set_up(chain)
        await settled(chain)
        code = await chain.command("device", "set", RID, "--activation-code")
        async with aiohttp.ClientSession() as http:
            server = SimpleNamespace(url=chain.info["url"], http=http)
            register = await Register.enrol(server, code["activation_code"])

            async def state():
                devices = await chain.command("device", "list")
                return next(d for d in devices if d["register"] == RID)["device"] == "Activated"

            async def answers(status):
                return (await register.send("GET", "/items?key=sku:100001"))[0] == status

            await until(state)
            assert await answers(200)
            await chain.command("device", "set", RID, "--status", "disabled", "--reason", "stolen")
            await until(lambda: answers(403))
            await chain.command("device", "set", RID, "--status", "activated", "--reason", "found")
            await until(lambda: answers(200))


async def test_the_records_of_a_dead_register_come_in_under_a_grant_of_headquarters(tmp_path):
    async with chain_in(tmp_path) as chain:
        await chain.start_server()
        await set_up(chain)
        await settled(chain)
        async with aiohttp.ClientSession() as http:
            server = SimpleNamespace(url=chain.info["url"], http=http)
            code = await chain.command("device", "set", RID, "--activation-code")
            register = await Register.enrol(server, code["activation_code"])
            for _ in range(5):
                register.add()
            assert (await register.upload(register.batch(1, 2)))[0] == 200
            code = await chain.command("device", "set", RID, "--activation-code")
            await Register.enrol(server, code["activation_code"])

            async def another_machine_has_taken_over():
                device = await chain.command("device", "show", RID)
                return f"{RID}.2" in json.dumps(device)

            await until(another_machine_has_taken_over)
            grant = await chain.command("register", "grant-recovery", RID, "--reason", "burnt")
            batch = RecordBatch(
                series=register.series,
                batch=register.records[-1].hash.hex(),
                records=tuple(map(to_wire, register.records)),
            )
            body = msgspec.json.encode(RecoveryRequest(code=grant["code"], batch=batch, last=True))

            async def taken():
                async with http.post(f"{chain.info['url']}/recoveries", data=body) as response:
                    return response.status == 200 and (await response.json())["acked_seq"] == 5

            await until(taken)

            async def there():
                sold = await chain.command("transaction", "list", "--register", RID)
                return len(sold) == 5

            await until(there)

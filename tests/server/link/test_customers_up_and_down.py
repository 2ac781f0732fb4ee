"""A customer from a register to headquarters and back to the servers, by real processes and commands."""

import json
from types import SimpleNamespace

import aiohttp

from server_world import Register
from tests.server.link.test_with_headquarters import RID, chain_in, set_up, settled, until

ADDED = {"id": "0190-new", "name": "Nora New", "phone": "030 1234567", "card": "NK-1"}


def on_account(customer, amount):
    return {
        "customer": {"id": customer},
        "tenders": [{"n": 1, "tender": 1, "kind": "account", "amount": amount}],
        "change": 0,
    }


async def sent(chain):
    await chain.command("job", "run", "1010")
    await settled(chain)


async def test_a_customer_goes_up_comes_down_is_merged_owes_once_and_is_erased(tmp_path):
    async with chain_in(tmp_path) as chain, aiohttp.ClientSession() as http:
        await chain.start_server()
        await set_up(chain)
        await chain.command(
            "customer", "set", "C1", "--name", "Nora Old", "--account", "yes", "--credit-limit", "50"
        )
        await settled(chain)
        code = await chain.command("device", "set", RID, "--activation-code")
        register = await Register.enrol(
            SimpleNamespace(url=chain.info["url"], http=http), code["activation_code"]
        )
        register.add("customer.add", customer=ADDED)
        register.add(**on_account("0190-new", 626))
        for _ in range(2):
            assert (await register.upload())[0] == 200  # the same records once more

        async def facts(code):
            status, content = await register.get(f"/customers/{code}")
            return content if status == 200 else None

        async def booked():
            found = await facts("NK-1")
            return found if found and found["account"]["balance"] == 626 else None

        assert (await until(booked))["customer"]["number"] == "0190-new", "known at the server at once"

        async def at_headquarters():
            accounts = await chain.command("customer", "accounts")
            listed = [row["customer"] for row in await chain.command("customer", "list")]
            return [row["balance"] for row in accounts] == [626] and "0190-new" in listed

        await until(at_headquarters)
        await chain.command("customer", "merge", "C1", "0190-new")
        await sent(chain)
        found = await facts("NK-1")
        assert (found["customer"]["number"], found["customer"]["name"]) == ("C1", "Nora Old")
        assert found["account"]["balance"] == 626
        assert json.loads(found["customer"]["detail"])["phone"] == "030 1234567"

        await chain.command("customer", "erase", "C1", "--force", "--reason", "asked by letter")
        await sent(chain)
        assert [await facts(code) for code in ("C1", "NK-1", "0190-new")] == [None, None, None]
        assert (await register.get("/customers?text=nora"))[1] == {"customers": []}

"""The verbs of the way up as a person and a script meet them: `outpost hq ...` against a running headquarters."""

import asyncio
import json

import aiohttp

from hq_arrivals import deliver, enrolled, put_series, report, say, till
from hq_office import outpost, running_headquarters
from hq_scheduler import TestServer
from server_world import wall_ms


async def sell(url):
    """One register with a sale at headquarters and one more waiting in the till."""
    async with aiohttp.ClientSession() as http:
        server, register = TestServer(url, http), till()
        assert (await server.introduce())[0] == 200
        await enrolled(server, register)
        register.add()
        await put_series(server, register)
        await deliver(server, register)
        now_ms = wall_ms()
        waits = {"unsent": 1, "unsent_transactions": 1, "oldest_unsent_ms": now_ms, "amount_at_risk": 626}
        await say(server, report(register, now_ms, mode="OFFLINE auto", reason="no answer", **waits))


def test_an_operator_sees_what_arrived_what_waits_and_that_a_period_is_not_finished(tmp_path):
    home = tmp_path / "HQ"
    with running_headquarters(home) as (_, info):

        def hq(*words):
            return outpost("hq", "--home", home, *words)

        assert hq("store", "set", "S0001", "--name", "First store").returncode == 0
        assert hq("register", "set", "S0001-R01", "--store", "S0001").returncode == 0
        code = json.loads(hq("device", "set", "S0001-R01", "--activation-code", "--json").stdout)
        assert len(code["activation_code"].replace("-", "")) == 26
        asyncio.run(sell(info["url"]))
        [row] = json.loads(hq("register", "status", "--json").stdout)
        assert (row["mode"], row["unsent"], row["amount_at_risk"]) == ("OFFLINE auto", 1, 626)
        shown = hq("register", "status").stdout
        assert "OFFLINE auto" in shown and "S0001-R01" in shown
        for _ in range(20):  # booked a moment after it arrived
            [sale] = json.loads(hq("transaction", "list", "--json").stdout)
            if sale["state"] == "posted":
                break
        assert (sale["kind"], sale["state"], sale["total"]) == ("sale", "posted", 626)
        checked = hq("period", "check")
        assert checked.returncode == 1 and "unsent: 1 transactions" in checked.stdout
        assert json.loads(hq("period", "check", "--json").stdout)["ok"] is False
        refused = hq("device", "set", "S0001-R01", "--status", "deactivated")
        assert refused.returncode == 5 and "1 records wait" in refused.stderr
        assert hq("device", "set", "S0001-R01", "--status", "broken").returncode == 2
        forced = hq("device", "set", "S0001-R01", "--status", "deactivated", "--force", "--reason", "burnt")
        assert forced.returncode == 0 and "Deactivated" in forced.stdout
        grant = json.loads(hq("register", "grant-recovery", "S0001-R01", "--json").stdout)
        assert grant["series"] == "S0001-R01.1" and grant["code"]
        assert hq("quarantine", "replay").returncode == 0
        assert hq("difference", "list", "--json").stdout.strip() == "[]"

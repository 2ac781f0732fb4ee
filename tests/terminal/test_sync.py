"""Connection status at a real screen, with its tabs and Sync now; `outpost sync now` and `outpost status`."""

import json
import signal

import pytest

from shop import Shop
from shop_hand import ESC, F5, F6, F9, MILK, sell, sign_on
from shop_packages import publish

pytestmark = pytest.mark.serial
LEFT, RIGHT, TAB = "\x1b[D", "\x1b[C", "\t"
ROOMY = {"columns": 80, "rows": 24}
SMALL = {"columns": 60, "rows": 20}


@pytest.mark.parametrize("size", [ROOMY, SMALL], ids=["80x24", "60x20"])
def test_connection_status_has_data_sets_downloads_and_uploads_as_tabs_and_synchronises_by_f5(
    shop: Shop, size
):
    till = shop.register(**size)
    sign_on(till)
    sell(till, MILK)
    till.wait_for(" ONLINE", "up 0")
    till.send(F9)
    till.wait_for("[Data sets]", "1040 Produ", "ready", "Readiness", "ready to sell offline", "Last sync")
    till.send(RIGHT)
    till.wait_for("[Downloads]", "Job", "Applied")
    till.send(TAB)
    till.wait_for("[Uploads]", "P-0001", "Uploaded")
    till.send(F6)
    till.wait_for("[Data sets]")
    till.send(LEFT + LEFT)
    till.wait_for("[Downloads]")
    before = till.text().count("Applied")
    publish(shop.home, {0: "Renamed milk"})
    till.send(F5)
    till.wait_for("Synchronised: 1 package came, everything is at the server.")
    till.wait_until(
        lambda text: text.count("Applied") == before + 1, what="the new download is in the list, live"
    )
    till.wait_for("down 1")
    till.send("4006381333931\r")
    till.wait_for("Not taken")
    till.send(ESC)
    till.wait_for("TOTAL")
    till.send(f"{MILK.code}\r")
    till.wait_for("Renamed milk", "down 0")
    shop.assert_journal_holds()


def test_keys_of_the_connection_status_are_in_its_strip_and_in_the_help(shop: Shop):
    till = shop.register()
    sign_on(till)
    till.send(F9)
    till.wait_for("F1 Help  F5 Sync now  F6 Downloads  F9 Disconnect  Esc Back")
    till.send("\x1bOP")
    till.wait_for("Help: ")
    till.send("\x1b[6~" * 5)
    till.wait_for("In the connection status (F9):", "Download and upload now what waits.")


def test_connection_status_follows_what_happens_while_it_is_open(shop: Shop):
    till = shop.register()
    sign_on(till)
    till.wait_for(" ONLINE")
    till.send(F9 + RIGHT + RIGHT)
    till.wait_for("[Uploads]")
    shop.signal_server(signal.SIGKILL)
    till.wait_for("OFFLINE auto", "not reachable", timeout_s=30)  # two heartbeats
    till.send(F5)
    till.wait_for("Not synchronised: ")
    shop.start_server()
    till.wait_for("reachable since", timeout_s=30)


def test_sync_now_by_command_says_how_it_ended_and_status_has_everything(shop: Shop):
    assert shop.outpost("sync", "now").returncode == 4, "no register runs"
    till = shop.register()
    sign_on(till)
    till.wait_for(" ONLINE")
    assert shop.run("sync", "now").startswith("Synchronised: ")
    publish(shop.home, {0: "Renamed thing"})
    said = shop.json("sync", "now")
    assert (said["done"], said["end"], said["applied"], said["pending_records"]) == (True, "done", 1, 0)
    status = shop.json("status")
    assert status["sync"] == {"started": True, "paused": False, "step": ""}
    assert status["readiness"] == ""
    assert {row["state"] for row in status["data_sets"]} <= {"ready", "not kept offline"}
    assert status["downloads"][0]["status"] == "Applied"
    assert status["last_sync"]["result"] == "ok"
    people = shop.run("status")
    assert "Last sync: " in people
    assert "Data: 1040 Products" in people

    assert shop.outpost("917", "disconnect").returncode == 0
    refused = shop.outpost("sync", "now")
    assert (refused.returncode, refused.stdout) == (5, "")
    assert refused.stderr == "outpost: The register is disconnected by hand. Press Connect first.\n"
    assert shop.outpost("917", "connect").returncode == 0
    shop.signal_server(signal.SIGKILL)
    unreachable = shop.outpost("sync", "now", "--json")
    assert unreachable.returncode == 4
    assert json.loads(unreachable.stdout)["done"] is False
    assert shop.outpost("sync", "later").returncode == 2
    assert shop.outpost("sync", "now", "--timeout", "0").returncode == 2
    till.wait_for("OFFLINE auto")

"""A day from start amount to Z, with hundreds of sales, returns, switches and power cuts: one figure everywhere.

Headquarters, Retail Server, register core and screen are real processes; what happens is drawn from a seed, which a
failure names. What must come out is reckoned beside it (tests/support/day_tally.py) and compared with the drawer, the
Z report in the journal and on paper, the server's books and headquarters'.
"""

import csv
import io
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from day_rest import WholeDay
from day_tally import RATES, START, Row, Tally
from day_till import WholeShop
from shop import eventually
from shop_hand import CTRL_D, F5, MILK, money, sell, sign_on

pytestmark = [pytest.mark.serial, pytest.mark.timeout(300)]
REGISTER = "S0001-R01"
ACTS = {
    "plain_cash": 50, "plain_card": 22, "dollars": 8, "check": 8, "voucher_sold": 8, "voucher_redeemed": 14,
    "on_account": 10, "split": 8, "discounts": 8, "allowed_discount": 8, "price_by_hand": 8, "offers": 10,
    "deposits": 10, "empties": 8, "phone": 4, "line_voided": 8, "sale_voided": 6, "set_aside": 8, "taken_back": 12,
    "exchanged": 8, "blind_return": 8, "undone": 6, "moved": 5, "into_account": 4, "drawer_opened": 3, "locked": 5,
    "practice": 3, "report": 6, "next_operator": 5,
}  # fmt: skip
"""What is done in a day, and how often."""
POWER_CUTS = 7
INTENTS = 1_600
"""A day has a few more; the core is killed during some of these."""


@pytest.fixture
def whole_shop(template: Path, tmp_path: Path) -> Iterator[WholeShop]:
    """Headquarters and server run."""
    shop = WholeShop(template, tmp_path / "shop")
    try:
        shop.start_all()
        yield shop
    finally:
        shop.close()


def troubles(shop: WholeShop) -> list[Callable[[], None]]:
    """What goes wrong in the middle of sales, and ends in the middle of later ones."""
    return [
        shop.network.unplug, shop.network.plug_in, shop.kill_server, shop.restart_server, shop.printer_off,
        shop.network.unplug, shop.slips.recover, shop.network.plug_in, shop.kill_server, shop.restart_server,
        shop.network.unplug, shop.network.plug_in,
    ]  # fmt: skip


def work_through(day: WholeDay, chance: random.Random) -> None:
    """All acts in any order; something goes wrong every now and then."""
    acts = [name for name, times in ACTS.items() for _ in range(times)]
    chance.shuffle(acts)
    day.till.deadly = set(chance.sample(range(20, INTENTS), POWER_CUTS))
    waiting = troubles(day.shop)
    step = len(acts) // (len(waiting) + 1)
    for at, name in enumerate(acts, start=1):
        if at % step == 0 and waiting:
            day.fault = waiting.pop(0)
        getattr(day, name)()
        assert day.till.mode in ("idle", "paid"), (name, day.till.mode, day.till.says)
    assert {"account", "voucher", "usd", "check"} <= day.tally.tenders.keys()
    assert not waiting and day.till.deaths == POWER_CUTS, (waiting, day.till.deaths, day.till.n)


@pytest.mark.parametrize("seed", [4])
def test_drawer_z_report_server_and_headquarters_agree_to_the_cent_after_a_day(
    whole_shop: WholeShop, seed: int
):
    print(f"seed {seed}")  # shown by a failure, and in the name of the test
    shop, chance = whole_shop, random.Random(seed)
    begin_at_the_screen(shop)
    day = WholeDay(shop, chance)
    day.till.operator = "101"
    day.basket.rows.append(Row(name=f"{MILK.name} 3.8 % fat 1 l", price=MILK.price, tax="R"))
    day.done(cash=MILK.price)
    work_through(day, chance)
    day.till.close()
    shop.server_is_up()
    end_at_the_screen(shop, day.tally, day.till.operator)

    shop.assert_journal_holds()
    tally = day.tally
    assert [sale["total"] for sale in shop.sales()] == [sale.total for sale in tally.sold]
    z_report_agrees(shop.journal()[-1], tally)
    eventually(lambda: "Z REPORT" in shop.slips.slips[-1], 20, "the Z report is on paper")
    paper_agrees(shop.slips.slips[-1], tally)
    shop.assert_server_has_all_once()
    headquarters_agree(shop, tally)


def begin_at_the_screen(shop: WholeShop) -> None:
    """The first sale of the day at a real screen, which then lets go of the register."""
    screen = shop.register()
    sign_on(screen)
    sell(screen, MILK)
    screen.send(CTRL_D)
    screen.wait_exit()


def end_at_the_screen(shop: WholeShop, tally: Tally, operator: str) -> None:
    """The drawer is counted: what must be in it is in it."""
    screen = shop.register()
    screen.wait_until(lambda text: "F1Help" in text and "PIN " not in text, what=f"{operator} is signed in")
    screen.send("/1055\r")
    screen.wait_for("Count the cash")
    screen.send(f"{money(tally.drawer)}\r")
    screen.wait_for(f"expected {money(tally.drawer)}", "difference", "0.00")
    screen.send(F5)
    screen.wait_for("Shift 1 is closed")
    screen.wait_for("up 0", timeout_s=30)


# --- the register


def cash_of(tally: Tally) -> int:
    """Cash of sales, change given back, and what customers paid into accounts."""
    return tally.tenders["cash"] + tally.tenders["change"] + tally.paid_in


def z_report_agrees(close: dict[str, Any], tally: Tally) -> None:
    """Every figure of the closing's record."""
    assert close["kind"] == "shift.close"
    said = {name: close.get(name, 0) for name in tally.counts if name != "on_account"}
    assert said == {name: count for name, count in tally.counts.items() if name != "on_account"}
    sums = (close["sales"], close["sales_total"], close["grand_total"], close["start_amount"])
    assert sums == (len(tally.sold), tally.total, tally.total, START)
    assert (close["expected_cash"], close["counted"], close["over_short"]) == (tally.drawer, tally.drawer, 0)
    tenders = {row.get("type") or row["kind"]: row["amount"] for row in close["tenders"]}
    taken = {name: amount for name, amount in tally.tenders.items() if name != "change"}
    assert tenders == taken | {"cash": cash_of(tally)}
    assert next(row["foreign"] for row in close["tenders"] if row.get("type") == "usd") == tally.dollars
    taxes = {row["code"]: [row["net"], row["tax"], row["gross"]] for row in close["taxes"]}
    assert taxes | {"": [close["untaxed"], 0, close["untaxed"]]} == tally.taxes
    people = {row["operator"]: [row["sales"], row["total"]] for row in close["operators"]}
    assert people == tally.operators


def paper_agrees(slip: str, tally: Tally) -> None:
    """The same on paper: the last word of each row."""
    rows = {" ".join(row.split()[:-1]): row.split()[-1] for row in slip.splitlines() if row.split()}
    wanted = {
        f"{len(tally.sold)} sales EUR": tally.total,
        "Discount": -tally.counts["discount"],
        "Cash expected": tally.drawer,
        "Cash counted": tally.drawer,
        "Difference": 0,
        "Grand total": tally.total,
    }
    for code in ("R", "S"):
        net, tax, gross = tally.taxes[code]
        wanted[f"{code} {RATES[code]} % {signed(net)} {signed(tax)}"] = gross
    assert {name: rows.get(name) for name in wanted} == {name: signed(n) for name, n in wanted.items()}
    assert f"Training, not counted: {tally.counts['training_sales']}" in rows


def signed(cents: int) -> str:
    """As paper and tables show it."""
    return ("-" if cents < 0 else "") + money(abs(cents))


# --- headquarters


def headquarters_agree(shop: WholeShop, tally: Tally) -> None:
    """Totals, the accountant's tables, the register's standing, and whether the period can be closed."""

    def ask(*words: str) -> Any:
        done = shop.hq(*words, "--json")
        assert done.returncode == 0, done
        return json.loads(done.stdout)

    shop.hq("job", "run", "P-0001")
    records = len(shop.journal())

    def standing() -> Any:
        return next(row for row in ask("register", "status") if row["register"] == REGISTER)

    eventually(lambda: standing()["records"] == records, 20, "headquarters has every record")
    eventually(lambda: not standing()["unsent"] and not standing()["shift_open"], 30, "the register says so")
    assert standing()["quarantined"] == standing()["unsent_transactions"] == standing()["amount_at_risk"] == 0
    (total,) = ask("total", "list")
    assert (total["sales"], total["sales_total"]) == (len(tally.sold), tally.total)
    for name in ("voids", "voids_total", "returns", "returns_total", "post_voids", "post_voids_total"):
        assert total[name] == tally.counts[name], name
    assert {row["kind"]: row["amount"] for row in total["tenders"]} == tally.tenders
    sales = [row["total"] for row in ask("transaction", "list", "--limit", "5000") if row["kind"] == "sale"]
    assert sales == [sale.total for sale in tally.sold]
    assert ask("difference", "list") == ask("quarantine", "list") == []
    left = {row["number"]: row["balance"] for row in ask("voucher", "list")}
    assert left == {number: cents for number, cents in tally.vouchers.items() if cents}
    tables_agree(shop, tally)
    check = shop.hq("period", "check")
    assert check.returncode == 0, check.stdout


def tables_agree(shop: WholeShop, tally: Tally) -> None:
    """Sales by rate and day, and what was taken by tender, as CSV."""

    def table(name: str) -> list[dict[str, str]]:
        return list(csv.DictReader(io.StringIO(shop.hq("report", name, "--form", "csv").stdout)))

    taxes = {row["tax"]: [row["net"], row["tax_amount"], row["gross"]] for row in table("taxes")}
    assert taxes == {code: [signed(amount) for amount in sums] for code, sums in tally.taxes.items()}
    taken = {name: amount for name, amount in tally.tenders.items() if name != "change"}
    taken["cash"] += tally.tenders["change"]
    assert {row["tender"]: row["amount"] for row in table("tenders")} == {
        k: signed(v) for k, v in taken.items()
    }

"""Every operation of the table at the real screen, by key, number and F10: online, offline, refused, out of place."""

import re
import signal

import pytest

from operation_rows import (
    AT_THE_LINES,
    BETWEEN_SALES,
    COMING_AND_GOING,
    DUE,
    HOME,
    IDLE,
    LOCKED,
    MANAGER,
    PAYING,
    PIN,
    SALE,
    SHIFT,
    SIGN_IN,
    TENDER,
    Row,
)
from pty_terminal import Terminal
from shop import Shop
from shop_hand import CTRL_L, ESC, F5, F10, F12, HONEY, MILK, START_TIMEOUT_S, sell, sign_on
from shop_packages import publish
from store.database.pins import hash_pin
from store.exchange.permissions import ROLES, Permission
from store.headquarters.secrets import open_secrets
from store.register.operations import BY_NUMBER, OPERATIONS, Operation, operations_for
from store.register.view import Mode
from store.sale.macro import is_macro
from tui.demo.chain import STORE

pytestmark = pytest.mark.serial
ROWS = (*BETWEEN_SALES, *AT_THE_LINES, *PAYING, *COMING_AND_GOING)
PAGE_DOWN = "\x1b[6~"
LISTED = re.compile(r"^│[> ] +(\d+)  ", re.MULTILINE)
GUARD, GUARD_PIN = "401", "401401"
CURES = {
    IDLE: "no sale is open. Scan an item first.",
    SALE: "a sale is open. Finish or void it first.",
    TENDER: "the sale is being paid. Esc goes back.",
    LOCKED: "sign in first.",
}
CURES_OF_ONE = {
    700: "it is for the sign-in screen only.",
    9110: "it is for the sign-in screen only.",
    1200: "a shift is open already.",
}


ENDS = {139: TENDER, 206: IDLE, 703: LOCKED, 1054: LOCKED, 1200: IDLE, 701: LOCKED}
"""Where the register stands after an operation that goes on from its place."""


def told(text: str) -> str:
    """What stands on the screen without frames and the ends of lines."""
    return " ".join(re.sub("[│┌┐└┘─]", " ", text).split())


def step(till: Terminal, keys: str, text: str, what: str) -> None:
    """Press, and see something that was not there before."""
    assert not text or text not in till.text(), f"{what}: {text!r} is there already\n{till.text()}"
    till.send(keys)
    till.wait_until(lambda seen: text in seen, 10, f"{what}: {text}")


def at_home(till: Terminal, place: str, what: str) -> None:
    """Nothing lies over the screen, and the sale is as it was."""
    till.wait_until(lambda seen: all(one in seen for one in HOME[place]), 10, f"{what}: home at {place}")


def drive(till: Terminal, row: Row, start: str, *, offline: bool) -> None:
    """One row from its place back to it."""
    what = f"{row.number} {BY_NUMBER[row.number].name}"
    for keys, text in row.before:
        step(till, keys, text, what)
    alone = offline and bool(row.offline)
    if start == F10:
        step(till, F10, "┌ All operations", what)
        start = f"{row.number}\r"
    step(till, start, row.offline if alone else row.shows, what)
    for keys, text in row.back if alone else (*row.then, *row.back):
        if keys == ESC and alone and "F2Find" in till.text():
            continue  # there is nothing to leave
        step(till, keys, text, what)


def arrive(till: Terminal, place: str, before: str) -> None:
    """From the place of the last row to that of the next one."""
    match place:
        case "idle" | "shift" if before == LOCKED:
            till.send(SIGN_IN)
            if place == SHIFT:
                till.wait_for("Resume a shift?")
                till.send(ESC)
        case "sale":
            till.send(f"{MILK.code}\r")
        case "tender":
            till.send(F12)
    at_home(till, place, "arriving")


def walk(till: Terminal, *, offline: bool) -> None:
    """All rows in their order: by key or number while online, by the menu while offline."""
    place = IDLE
    for row in ROWS:
        if row.number == 9901:
            break
        if row.place != place:
            arrive(till, row.place, place)
        from_menu = offline and not row.shows.startswith(
            ("Macro ", "There is no")
        )  # it lists only what there is
        drive(till, row, F10 if from_menu else row.key or f"/{row.number}\r", offline=offline)
        if row.number not in ENDS:
            at_home(till, row.place, str(row.number))
        place = ENDS.get(row.number, row.place)


def open_till(shop: Shop) -> Terminal:
    """A till with a macro, one sale behind it, and nobody's question open."""
    with (shop.till / "register.toml").open("a") as file:
        file.write(f'[macros]\n1 = "{HONEY.code}"\n')
    till = shop.register()
    sign_on(till, MANAGER, PIN)
    sell(till, MILK)
    till.send(ESC)
    at_home(till, IDLE, "begin")
    return till


def test_every_operation_has_a_row():
    assert sorted(row.number for row in ROWS) == sorted(BY_NUMBER)
    wrong = [
        row.number for row in ROWS if row.place not in {mode.value for mode in BY_NUMBER[row.number].modes}
    ]
    assert wrong == []


def test_every_operation_online_by_its_key_or_number(shop: Shop):
    till = open_till(shop)
    listed(till, Mode.IDLE)
    walk(till, offline=False)
    shop.assert_journal_holds()
    shop.assert_server_has_all_once()
    till.send("\x04")
    assert till.wait_exit() == 0  # 9901: the screen is left, the register goes on
    assert shop.core_pid()
    again = shop.screen()
    again.wait_for(*HOME[LOCKED], timeout_s=START_TIMEOUT_S)
    again.send("/9900\r")
    again.wait_exit()
    assert not shop.core_pid()


def test_every_operation_offline_from_the_menu(shop: Shop):
    till = open_till(shop)
    shop.signal_server(signal.SIGKILL)
    till.send(f"{MILK.code}\r")
    till.wait_for("OFFLINE auto", DUE)
    listed(till, Mode.SALE)
    till.send(F10)
    till.wait_for("┌ All operations")
    till.send("override tax line")
    till.wait_until(lambda text: page(text) == [129, 130], what="found by parts of the name")
    step(till, "\r", "┌ Override line tax", "by parts of its name")
    till.send(ESC)
    at_home(till, SALE, "menu")
    till.send("/500\r")
    till.wait_for("Void the whole sale?")
    till.send(F5)
    at_home(till, IDLE, "menu")
    walk(till, offline=True)
    shop.assert_journal_holds()


def listed(till: Terminal, mode: Mode) -> None:
    """F10 shows every operation of the mode, over its pages, and no other."""
    expected = [n for n in operations_for(mode, "manager", demo=False) if not is_macro(n) or n == 9181]
    till.send(F10)
    till.wait_for("┌ All operations")
    seen: list[int] = []
    while len(seen) < len(expected):
        following = expected[len(seen)]
        till.wait_until(lambda text, n=following: n in page(text), 10, f"a page with {following}")
        seen += page(till.text())
        till.send(PAGE_DOWN)
    assert seen == expected
    till.send(ESC)
    till.wait_gone("┌ All operations")


def page(text: str) -> list[int]:
    return [int(number) for number in LISTED.findall(text)]


# -- refused


def with_a_guard(shop: Shop) -> None:
    """Somebody who may unlock a register with a sale in it, and nothing else."""
    pepper = open_secrets(shop.home / "headquarters", allow_insecure=True).pepper(STORE)
    words = {role: " ".join(sorted(permissions)) for role, permissions in ROLES.items()}
    roles = words | {"guard": Permission.TAKE_OVER.value}
    publish(
        shop.home,
        {},
        role=[{"code": code, "name": code, "permissions": text} for code, text in roles.items()],
        staff=[
            {
                "number": GUARD,
                "name": "Gil Guard",
                "role": "guard",
                "salt": "",
                "hash": hash_pin(pepper, GUARD_PIN),
            }
        ],
    )


def forbidden(place: str) -> list[Operation]:
    """What somebody without a permission cannot run in a place."""
    free = (Permission.ANYONE, Permission.SIGNED_IN, Permission.TAKE_OVER)
    found = [one for one in OPERATIONS if place in {mode.value for mode in one.modes} and not one.demo]
    return [one for one in found if one.permission not in free and not is_macro(one.number)]


def refuse_all(till: Terminal, place: str, *numbers: int) -> set[int]:
    """Each says that it is not allowed, and whom it asks; Esc leaves all as it was."""
    refused = [one for one in forbidden(place) if not numbers or one.number in numbers]
    for one in refused:
        why = f"{one.name} is not allowed for a guard."
        till.send(f"/{one.number}\r")
        till.wait_until(lambda seen, why=why: why in told(seen), 10, why)
        if "Somebody else allows it" in till.text():
            assert "then your PIN." in told(till.text())
            till.send(ESC)
        else:
            assert "Sign on as" in told(till.text()), one.number
        at_home(till, place, str(one.number))
    return {one.number for one in refused}


def out_of_place(till: Terminal, place: str, numbers: set[int]) -> None:
    """Each says what is in the way and what to do; nothing changes."""
    for number in sorted(numbers):
        cure = CURES_OF_ONE.get(number, CURES[place])
        why = f"{BY_NUMBER[number].name}: {cure}"
        till.send(f"/{number}\r")
        till.wait_until(lambda seen, why=why: why in told(seen), 10, why)
        at_home(till, place, str(number))


def elsewhere() -> dict[str, set[int]]:
    """For each place the operations that do not run there; every operation that can be out of place is in one."""
    found: dict[str, set[int]] = {place: set() for place in CURES}
    for one in OPERATIONS:
        places = [place for place in CURES if place not in {mode.value for mode in one.modes}]
        if places and not one.demo:
            found[places[0]].add(one.number)
    return found


def test_every_operation_is_refused_out_of_place_and_for_who_may_not(shop: Shop):
    with_a_guard(shop)
    till = shop.register()
    sign_on(till)
    assert shop.run("sync", "now").startswith("Synchronised: ")
    sell(till, MILK)
    till.send(ESC)
    at_home(till, IDLE, "begin")
    wrong = elsewhere()
    out_of_place(till, IDLE, wrong[IDLE])
    till.send(f"{MILK.code}\r")
    at_home(till, SALE, "sale")
    out_of_place(till, SALE, wrong[SALE])
    till.send(F12)
    at_home(till, TENDER, "tender")
    out_of_place(till, TENDER, wrong[TENDER])
    till.send(CTRL_L)
    at_home(till, LOCKED, "locked")
    out_of_place(till, LOCKED, wrong[LOCKED] | {101, 108, 602, 115})

    till.send(f"{GUARD}\r{GUARD_PIN}\r")
    at_home(till, TENDER, "the guard signs in")
    refused = refuse_all(till, TENDER)
    till.send(ESC)
    at_home(till, SALE, "guard")
    refused |= refuse_all(till, SALE)
    till.send("/500\r")
    till.wait_for("Somebody else allows it")
    till.send(SIGN_IN)
    till.wait_for("Void the whole sale?")
    till.send(F5)
    at_home(till, IDLE, "guard")
    refused |= refuse_all(till, IDLE)
    till.send("/1054\r")
    till.wait_for("Somebody else allows it")
    till.send(SIGN_IN)
    till.wait_for("Shift 1 is suspended.")
    free = {one.number for one in OPERATIONS if one.permission in (Permission.ANYONE, Permission.SIGNED_IN)}
    assert set(BY_NUMBER) - refused - free == {1200, *range(9181, 9190)}
    shop.assert_journal_holds()

"""Faults of identity (docs/offline-protocol.md 7) with real parts: headquarters, server, cores, journals, by commands.

A register whose disk was set back, a clone, an old epoch, un-enrolment, a server set back, codes that are not good.
"""

import json
import shutil
import time

import pytest

from core_hand import Hand
from sealed_chain import SealedChain
from shop import eventually
from store.register.home import RegisterHome

R1 = "S0001-R01"
PEN = "4006381333931"


@pytest.fixture
def chain(tmp_path):
    chain = SealedChain(tmp_path)
    try:
        chain.start_headquarters()
        chain.set_up(R1)
        chain.new_code(R1)
        chain.start_server()
        chain.activate(R1)
        yield chain
    finally:
        chain.close()


def sold(chain, register=R1, *, times=1):
    """Start a core, sell, wait until everything is at the server, end it."""
    chain.start_core(register)
    for _ in range(times):
        chain.sell(register, PEN)
    sent(chain, register)
    chain.end_core(register)


def sent(chain, register=R1):
    eventually(lambda: chain.status(register)["pending_records"] == 0, 30, "everything is at the server")


def mode(chain, register=R1):
    return chain.status(register)["mode"]


def view_of(chain, register=R1):
    with Hand(RegisterHome(chain.till(register))) as hand:
        return hand.view


def refuses_to_sell(chain, register=R1):
    """What the till says when it must not sell; "" while it does."""
    view = view_of(chain, register)
    return (
        json.dumps(view) if view["mode"] == "safe_stop" or "Nothing can be sold" in json.dumps(view) else ""
    )


def activate_over_export(chain, register=R1):
    """Enrol anew though records of the former series can never be sent; answers the file that holds them."""
    export = chain.home / "export.jsonl"
    chain.run("journal", "export", "--home", chain.till(register), "--output", export)
    words = ("--server", chain.server_url, "--code", chain.new_code(register), "--ca-sha256", chain.ca_sha256)
    chain.run("activate", "--home", chain.till(register), *words, "--exported", export)
    return export


def sales_at_headquarters(chain):
    chain.hq("job", "run", "P-0001")
    rows = chain.ask_hq("transaction", "list")
    return sorted((row["series"], row["seq"]) for row in rows if row["kind"] == "sale")


def register_row(chain, register=R1):
    rows = chain.ask_hq("register", "status")
    return next(row for row in rows if row["register"] == register)


@pytest.mark.timeout(300)
def test_f47_a_register_image_that_is_restored_is_held_and_sells_on_in_a_new_epoch(chain):
    sold(chain)
    image = chain.home / "image"
    shutil.copytree(chain.till(R1), image, symlinks=True)
    sold(chain)  # the shop went on
    shutil.rmtree(chain.till(R1))
    shutil.copytree(image, chain.till(R1), symlinks=True)
    chain.start_core(R1)
    said = eventually(lambda: refuses_to_sell(chain), 30, "the register stops selling")
    assert "this register has not" in said and "new enrolment" in said
    assert mode(chain).startswith("BLOCKED")
    chain.end_core(R1)
    activate_over_export(chain)
    sold(chain)
    assert json.loads((chain.till(R1) / "enrolment.json").read_text())["series"] == f"{R1}.2"
    assert chain.ask_till(R1, "journal", "verify")["ok"]
    eventually(lambda: len(sales_at_headquarters(chain)) == 3, 30, "all three sales are at headquarters")
    assert {series for series, _ in sales_at_headquarters(chain)} == {f"{R1}.1", f"{R1}.2"}


@pytest.mark.timeout(300)
def test_a_cloned_register_forks_at_its_first_own_record_both_are_held_and_headquarters_sees_it(chain):
    sold(chain)
    clone = "S0001-R01-clone"
    shutil.copytree(chain.till(R1), chain.till(clone), symlinks=True)
    chain.start_core(R1)
    chain.sell(R1, PEN)
    sent(chain)
    chain.end("server")
    chain.start_core(clone)
    chain.sell(clone, PEN)
    chain.start_server()
    said = eventually(lambda: refuses_to_sell(chain, clone), 40, "the clone stops selling")
    assert "another record" in said
    eventually(lambda: mode(chain, clone).startswith("BLOCKED"), 30, "the clone is blocked")
    # The genuine one, which agreed with the server in every record, is held as well: nobody can tell them apart.
    chain.sell(R1, PEN)
    said = eventually(lambda: refuses_to_sell(chain, R1), 40, "the register stops selling")
    assert "Two machines have written series" in said
    eventually(lambda: "BLOCKED" in register_row(chain)["mode"], 30, "headquarters sees it")
    assert register_row(chain)["reason"]
    chain.end_core(clone)
    chain.end_core(R1)
    # Un-enrolling is refused while records wait, unless an export holds them; then they are recovered from it.
    waits = chain.fails(5, "activate", "--home", chain.till(R1), "--server", chain.server_url, "--code", "X")
    assert "not at the server yet" in waits and "--exported" in waits
    export = activate_over_export(chain)
    sold(chain)
    code = chain.ask_hq("register", "grant-recovery", R1, "--reason", "clone")["code"]
    time.sleep(2)  # the grant travels to the server
    words = ("--server", chain.server_url, "--code", code, "--ca-sha256", chain.ca_sha256)
    done = json.loads(chain.run("journal", "recover", export, *words, "--json"))
    assert done["series"] == f"{R1}.1" and done["sent"] >= 1
    eventually(lambda: len(sales_at_headquarters(chain)) == 4, 30, "everything genuine is at headquarters")


@pytest.mark.timeout(300)
def test_an_old_epoch_is_fenced_and_its_machine_says_so(chain):
    sold(chain)
    old = "S0001-R01-old"
    shutil.copytree(chain.till(R1), chain.till(old), symlinks=True)
    chain.activate(R1)  # the new machine's enrolment, under the next epoch
    chain.start_core(old)
    eventually(lambda: mode(chain, old).startswith("BLOCKED"), 30, "the old machine is fenced")
    chain.sell(old, PEN)  # selling goes on, for its own journal
    assert chain.status(old)["pending_records"] > 0
    chain.end_core(old)
    sold(chain)
    eventually(lambda: len(sales_at_headquarters(chain)) == 2, 30, "only the new epoch goes on")


@pytest.mark.timeout(300)
def test_a_server_that_was_set_back_gets_everything_again(chain):
    sold(chain)
    chain.end("server")
    image = chain.home / "server-image"
    shutil.copytree(chain.server_home, image)
    chain.start_server()
    sold(chain, times=2)
    chain.end("server")
    shutil.rmtree(chain.server_home)
    shutil.copytree(image, chain.server_home)
    chain.start_server()
    chain.start_core(R1)
    eventually(
        lambda: chain.status(R1)["pending_records"] == 0 and mode(chain).startswith("ONLINE"), 40, "sent"
    )
    chain.sell(R1, PEN)
    sent(chain)
    eventually(lambda: len(sales_at_headquarters(chain)) == 4, 30, "nothing is lost, nothing is double")
    assert chain.ask_hq("difference", "list") == []


@pytest.mark.timeout(300)
def test_a_code_that_was_used_is_unknown_or_guessed_makes_no_register(chain):
    code = chain.new_code(R1)
    chain.activate(R1, code=code)
    other = chain.home / "other"
    words = ("activate", "--home", other, "--server", chain.server_url, "--ca-sha256", chain.ca_sha256)
    assert "code" in chain.fails(5, *words, "--code", code)
    newer, newest = chain.new_code(R1), chain.new_code(R1)
    assert "new code" in chain.fails(5, *words, "--code", newer), "a newer code voids the one before"
    for n in range(8):
        done = chain.outpost(*words, "--code", f"GUES-S{n}")
    assert done.returncode == 4 and "busy" in done.stderr, "guessing is slowed down"
    assert chain.outpost(*words, "--code", newest).returncode == 4, "for everybody at this address"
    assert not (other / "enrolment.json").exists()


@pytest.mark.timeout(300)
def test_f15_un_enrolling_is_refused_at_headquarters_too_while_records_wait(chain):
    sold(chain)
    chain.start_core(R1)
    eventually(lambda: register_row(chain)["unsent"] == 0, 30, "headquarters knows that all is sent")
    chain.end("server")
    chain.sell(R1, PEN)
    chain.end("hq")  # so that nothing goes on from the server either
    chain.start_server()
    sent(chain)
    chain.end_core(R1)
    chain.end("server")
    chain.start_headquarters()
    chain.start_server()
    eventually(lambda: len(sales_at_headquarters(chain)) == 2, 30, "all there")
    words = ("hq", "--home", chain.headquarters, "device", "set", R1, "--status", "deactivated")
    if register_row(chain)["unsent"]:  # by the register's last word
        assert "wait in register" in chain.fails(5, *words)
    chain.start_core(R1)
    eventually(lambda: register_row(chain)["unsent"] == 0, 30, "headquarters knows that all is sent")
    chain.run(*words)
    assert chain.ask_hq("device", "show", R1)["device"] == "Deactivated"

    def told():
        chain.sell(R1, PEN)  # goes on whatever the server says
        return mode(chain).startswith("BLOCKED")

    eventually(told, 40, "the machine is told at its next question")

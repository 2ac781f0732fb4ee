"""Health check (717): beside the till, a panel at the end, nothing of it in the way of selling."""

import asyncio

import msgspec
import pytest

from session_fakes import DONE, MILK, SOLD, running
from store.gateway.states import Mode as Answers
from store.register.journal.errors import JournalFull
from store.register.session.server_health import ServerHealth


@pytest.fixture
async def till(tmp_path):
    async with running(tmp_path) as till:
        till.server = ServerHealth(times_ms=(10.0, 20.0))
        till.devices = []

        async def server_health():
            return till.server

        ports = till.session._work.ports
        object.__setattr__(ports, "server_health", server_health)
        object.__setattr__(ports, "status", lambda: {"devices": till.devices})
        yield await till.ready()


async def checked(till):
    assert (await till.operation(717)).outcome is DONE
    await said(till)
    return till.view.question


async def said(till):
    """The check has ended."""
    async with asyncio.timeout(5):
        while not till.view.message.text.startswith("Health check: "):
            await asyncio.sleep(0.005)


async def test_all_is_said_to_be_well(till):
    question = await checked(till)
    assert question.title == "Health check"
    assert question.lines[0] == "Everything is in order."
    text = "\n".join(question.lines)
    assert "2 answers of 127.0.0.1:8918, 15 ms on average: good." in text
    assert "Journal: written in" in text and "its end is sound" in text and "Disk: " in text
    assert "No printer, drawer or scanner is set up." in text
    assert (await till.scan(MILK)).outcome is SOLD and till.view.question is None


async def test_what_is_wrong_is_marked_and_counted(till):
    till.devices = [
        {"device": "p0", "kind": "printer", "health": "paper_out", "detail": "Out of paper."},
        {"device": "s0", "kind": "scanner", "health": "ready", "detail": ""},
    ]
    till.server = ServerHealth(
        times_ms=(150.0,) * 3, headquarters="Headquarters answers.", clock_differs_ms=-120_000
    )
    till.world.free = 10
    till.world.shop.caution = "The catalog is past its date."
    question = await checked(till)
    bad = [row for row in question.lines if row.startswith("! ")]
    assert question.lines[0].startswith(f"{len(bad)} points need") and len(bad) == 5
    assert "! Printer paper out: Out of paper." in bad
    assert any("150 ms on average: poor." in row for row in bad)
    assert any("120 s away" in row for row in bad)
    assert "  Headquarters answers." in question.lines


async def test_server_that_does_not_answer_and_one_that_is_not_asked(till, monkeypatch):
    till.server = ServerHealth(trouble="no answer")
    assert any("does not answer (no answer)" in row for row in (await checked(till)).lines)
    await till.back()
    pinned = msgspec.structs.replace(till.world.connection.status(), word="OFFLINE manual")
    monkeypatch.setattr(till.world.connection, "status", lambda: pinned)
    assert any("disconnected by hand" in row for row in (await checked(till)).lines)


async def test_while_a_question_is_open_only_the_sentence_is_said(till):
    await till.scan(MILK)
    await till.operation(717)
    await till.operation(105)
    await said(till)
    assert till.view.question.title == "Quantity"
    assert till.view.message.text == "Health check: Everything is in order."


async def test_journal_that_takes_nothing_is_said(till, monkeypatch):
    async def full(key, value):
        raise JournalFull("The disk is full.")

    monkeypatch.setattr(till.journal._journal, "save_setting", full, raising=False)
    assert any(row.startswith("! Journal:") for row in (await checked(till)).lines)


async def test_offline_everything_else_is_tested(till):
    till.world.connection.mode = Answers.OFFLINE_AUTO
    till.server = ServerHealth(trouble="no answer")
    lines = (await checked(till)).lines
    assert any("Journal: written" in row for row in lines) and lines[0].startswith("1 point needs")

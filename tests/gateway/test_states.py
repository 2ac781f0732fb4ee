"""Every cell of the Link and the Mode table, written down a second time as the design page has them."""

from itertools import product

import pytest

from store.gateway.states import (
    CONDITIONS,
    LINK_TABLE,
    MODE_TABLE,
    Condition,
    Link,
    LinkAction,
    LinkEvent,
    Mode,
    ModeAction,
    ModeEvent,
    ModeFacts,
    Prompt,
    condition_of,
    header_word,
    step_link,
    step_mode,
)

LINK_CELLS = """
answered            up        up       handshake_if_old
head_answered       up        up
call_failed         up        down     tell_mode_failed
heartbeats_missed   up        down     tell_mode_failed
server_refused      up        refused  tell_mode_refused
disconnect_pressed  up        pinned   abandon_calls
connect_accepted    up        up
answered            down      up       handshake wake_sync
head_answered       down      up       wake_sync
call_failed         down      down     tell_mode_failed
heartbeats_missed   down      down
server_refused      down      refused  tell_mode_refused
disconnect_pressed  down      pinned   abandon_calls
connect_accepted    down      down     probe_now
answered            pinned    pinned
head_answered       pinned    pinned
call_failed         pinned    pinned
heartbeats_missed   pinned    pinned
server_refused      pinned    pinned
disconnect_pressed  pinned    pinned
connect_accepted    pinned    down     probe_now
answered            refused   refused
head_answered       refused   up       wake_sync
call_failed         refused   refused
heartbeats_missed   refused   refused
server_refused      refused   refused  tell_mode_refused
disconnect_pressed  refused   pinned   abandon_calls
connect_accepted    refused   refused  probe_now
"""

MODE_CELLS = """
process_started         open     online          offline_auto    probe_starting skip_interval
process_started         open     offline_auto    offline_auto    keep_interval
process_started         open     offline_manual  offline_manual
process_started         idle     online          offline_auto    probe_starting skip_interval
process_started         idle     offline_auto    offline_auto    probe_starting skip_interval
process_started         idle     offline_manual  offline_manual
starting_probe_answered open     online          online
starting_probe_answered open     offline_auto    offline_auto
starting_probe_answered open     offline_manual  offline_manual
starting_probe_answered idle     online          online
starting_probe_answered idle     offline_auto    online
starting_probe_answered idle     offline_manual  offline_manual
starting_probe_failed   always   online          online
starting_probe_failed   always   offline_auto    offline_auto
starting_probe_failed   always   offline_manual  offline_manual
call_failed             at_once  online          offline_auto    wait_interval
call_failed             at_once  offline_auto    offline_auto
call_failed             at_once  offline_manual  offline_manual
call_failed             ask_first online         online          ask_person
call_failed             ask_first offline_auto   offline_auto
call_failed             ask_first offline_manual offline_manual
call_failed             asked    online          online
call_failed             asked    offline_auto    offline_auto
call_failed             asked    offline_manual  offline_manual
server_slow             at_once  online          offline_auto    wait_slow_interval
server_slow             at_once  offline_auto    offline_auto
server_slow             at_once  offline_manual  offline_manual
server_slow             ask_first online         online          ask_person
server_slow             ask_first offline_auto   offline_auto
server_slow             ask_first offline_manual offline_manual
server_slow             asked    online          online
server_slow             asked    offline_auto    offline_auto
server_slow             asked    offline_manual  offline_manual
switch_declined         always   online          online          try_again
switch_declined         always   offline_auto    offline_auto
switch_declined         always   offline_manual  offline_manual
server_healthy          open     online          online
server_healthy          open     offline_auto    offline_auto
server_healthy          open     offline_manual  offline_manual
server_healthy          waiting  online          online
server_healthy          waiting  offline_auto    offline_auto
server_healthy          waiting  offline_manual  offline_manual
server_healthy          fresh    online          online
server_healthy          fresh    offline_auto    online
server_healthy          fresh    offline_manual  offline_manual
server_healthy          stale    online          online
server_healthy          stale    offline_auto    offline_auto
server_healthy          stale    offline_manual  offline_manual
link_refused            always   online          offline_auto    wait_interval
link_refused            always   offline_auto    offline_auto
link_refused            always   offline_manual  offline_manual
transaction_started     refused  online          offline_auto    wait_interval
transaction_started     refused  offline_auto    offline_auto    say_blocked
transaction_started     refused  offline_manual  offline_manual
transaction_started     waiting  online          online
transaction_started     waiting  offline_auto    offline_auto
transaction_started     waiting  offline_manual  offline_manual
transaction_started     fresh    online          online
transaction_started     fresh    offline_auto    online
transaction_started     fresh    offline_manual  offline_manual
transaction_started     stale    online          online
transaction_started     stale    offline_auto    offline_auto    ask_head
transaction_started     stale    offline_manual  offline_manual
head_answered           always   online          online
head_answered           always   offline_auto    online
head_answered           always   offline_manual  offline_manual
head_failed             always   online          online
head_failed             always   offline_auto    offline_auto    wait_interval
head_failed             always   offline_manual  offline_manual
connect_pressed         open     online          online
connect_pressed         open     offline_auto    offline_auto    say_finish_first
connect_pressed         open     offline_manual  offline_manual  say_finish_first
connect_pressed         refused  online          offline_auto    wait_interval
connect_pressed         refused  offline_auto    offline_auto    say_blocked
connect_pressed         refused  offline_manual  offline_manual
connect_pressed         idle     online          online
connect_pressed         idle     offline_auto    offline_auto    probe_connect
connect_pressed         idle     offline_manual  offline_auto    skip_interval unpin_link probe_connect
connect_probe_answered  open     online          online
connect_probe_answered  open     offline_auto    offline_auto
connect_probe_answered  open     offline_manual  offline_manual
connect_probe_answered  idle     online          online
connect_probe_answered  idle     offline_auto    online
connect_probe_answered  idle     offline_manual  offline_manual
connect_probe_failed    always   online          online
connect_probe_failed    always   offline_auto    offline_auto
connect_probe_failed    always   offline_manual  offline_manual
disconnect_pressed      always   online          offline_manual  pin_link
disconnect_pressed      always   offline_auto    offline_manual  pin_link
disconnect_pressed      always   offline_manual  offline_manual
"""

FACTS = {
    Condition.ALWAYS: ModeFacts(link=Link.UP),
    Condition.OPEN: ModeFacts(link=Link.UP, open=True),
    Condition.IDLE: ModeFacts(link=Link.UP),
    Condition.REFUSED: ModeFacts(link=Link.REFUSED, answer_age_s=1.0, heads_compared=True),
    Condition.WAITING: ModeFacts(
        link=Link.UP, interval_passed=False, answer_age_s=1.0, heads_compared=True, slow=True
    ),
    Condition.FRESH: ModeFacts(link=Link.UP, answer_age_s=6.0, heads_compared=True),
    Condition.STALE: ModeFacts(link=Link.UP, answer_age_s=6.1, heads_compared=True),
    Condition.ASK_FIRST: ModeFacts(link=Link.UP, prompt=Prompt.DUE),
    Condition.ASKED: ModeFacts(link=Link.DOWN, prompt=Prompt.OPEN),
    Condition.AT_ONCE: ModeFacts(link=Link.UP),
}


def rows(text):
    return [line.split() for line in text.strip().splitlines()]


@pytest.mark.parametrize("row", rows(LINK_CELLS), ids=lambda row: f"{row[1]} {row[0]}")
def test_every_cell_of_the_link_table(row):
    event, before, after, *actions = row
    step = step_link(Link(before), LinkEvent(event))
    assert step == (Link(after), tuple(LinkAction(action) for action in actions))


def test_the_link_cells_are_the_whole_product():
    assert {(Link(row[1]), LinkEvent(row[0])) for row in rows(LINK_CELLS)} == set(product(Link, LinkEvent))
    assert set(LINK_TABLE) == set(product(Link, LinkEvent))


@pytest.mark.parametrize("row", rows(MODE_CELLS), ids=lambda row: f"{row[2]} {row[0]} {row[1]}")
def test_every_cell_of_the_mode_table(row):
    event, condition, before, after, *actions = row
    facts = FACTS[Condition(condition)]
    assert condition_of(ModeEvent(event), facts) is Condition(condition)
    step = step_mode(Mode(before), ModeEvent(event), facts)
    assert step == (Mode(after), tuple(ModeAction(action) for action in actions))


def test_the_mode_cells_are_the_whole_product():
    written = {(ModeEvent(row[0]), Condition(row[1]), Mode(row[2])) for row in rows(MODE_CELLS)}
    pairs = {(event, condition) for event in ModeEvent for condition in CONDITIONS[event]}
    assert written == {(event, condition, mode) for (event, condition), mode in product(pairs, Mode)}
    assert set(MODE_TABLE) == pairs


ALL_FACTS = [
    ModeFacts(
        link=link,
        open=is_open,
        interval_passed=passed,
        answer_age_s=age,
        heads_compared=compared,
        slow=slow,
        prompt=prompt,
    )
    for link, is_open, passed, age, compared, slow, prompt in product(
        Link,
        (False, True),
        (False, True),
        (None, 0.0, 6.0, 6.001, 900.0),
        (False, True),
        (False, True),
        Prompt,
    )
]


def test_exactly_the_declared_conditions_occur():
    for event in ModeEvent:
        assert {condition_of(event, facts) for facts in ALL_FACTS} == set(CONDITIONS[event])


def test_nothing_but_a_transaction_start_a_person_the_starting_probe_or_the_background_check_leads_back_online():
    ways_back = {
        event
        for event, facts, mode in product(ModeEvent, ALL_FACTS, Mode)
        if mode is not Mode.ONLINE and step_mode(mode, event, facts).mode is Mode.ONLINE
    }
    assert ways_back == {
        ModeEvent.STARTING_PROBE_ANSWERED,
        ModeEvent.TRANSACTION_STARTED,
        ModeEvent.HEAD_ANSWERED,
        ModeEvent.CONNECT_PROBE_ANSWERED,
        ModeEvent.SERVER_HEALTHY,
    }


def test_the_background_check_needs_an_idle_moment_and_a_slow_server_its_own_interval_first():
    for facts in ALL_FACTS:
        step = step_mode(Mode.OFFLINE_AUTO, ModeEvent.SERVER_HEALTHY, facts)
        fresh = facts.answer_age_s is not None and facts.answer_age_s <= 6.0
        waits = facts.slow and not facts.interval_passed
        allowed = not facts.open and not waits and facts.link is Link.UP and fresh and facts.heads_compared
        assert (step.mode is Mode.ONLINE) == allowed


def test_while_a_person_is_asked_neither_a_failed_call_nor_a_slow_server_switches():
    for event, facts in product((ModeEvent.CALL_FAILED, ModeEvent.SERVER_SLOW), ALL_FACTS):
        after = step_mode(Mode.ONLINE, event, facts).mode
        assert (after is Mode.ONLINE) == (facts.prompt is not Prompt.NONE)


def test_a_transaction_start_needs_a_fresh_answer_compared_heads_and_the_interval():
    for facts in ALL_FACTS:
        step = step_mode(Mode.OFFLINE_AUTO, ModeEvent.TRANSACTION_STARTED, facts)
        fresh = facts.answer_age_s is not None and facts.answer_age_s <= 6.0
        allowed = facts.link is Link.UP and facts.interval_passed and fresh and facts.heads_compared
        assert (step.mode is Mode.ONLINE) == allowed


def test_only_a_person_leaves_the_manual_mode():
    leaving = {
        event
        for event, facts in product(ModeEvent, ALL_FACTS)
        if step_mode(Mode.OFFLINE_MANUAL, event, facts).mode is not Mode.OFFLINE_MANUAL
    }
    assert leaving == {ModeEvent.CONNECT_PRESSED}


def test_every_state_has_an_exit():
    for link in Link:
        assert any(step_link(link, event).link is not link for event in LinkEvent)
    for mode in Mode:
        assert any(
            step_mode(mode, event, facts).mode is not mode for event, facts in product(ModeEvent, ALL_FACTS)
        )


def test_the_header_has_four_words():
    words = {(mode, link): header_word(mode, link) for mode, link in product(Mode, Link)}
    assert words[Mode.ONLINE, Link.UP] == "ONLINE"
    assert words[Mode.OFFLINE_AUTO, Link.DOWN] == "OFFLINE auto"
    assert words[Mode.OFFLINE_AUTO, Link.UP] == "OFFLINE auto"
    assert words[Mode.OFFLINE_AUTO, Link.REFUSED] == "BLOCKED"
    assert words[Mode.OFFLINE_MANUAL, Link.PINNED] == "OFFLINE manual"
    assert set(words.values()) == {"ONLINE", "OFFLINE auto", "OFFLINE manual", "BLOCKED"}

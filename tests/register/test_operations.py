"""The table of operations: complete, honest, the same in code, documentation and program."""

import json
from pathlib import Path

import pytest

from store.register.operations import (
    BY_NUMBER,
    OPERATIONS,
    ROLES,
    Permission,
    as_rows,
    may,
    operations_for,
    roles_with,
)
from store.register.operations_page import page
from store.register.session.run_operation import flow_numbers
from store.register.view import Mode

ROOT = Path(__file__).resolve().parents[2]


def test_numbers_are_unique_and_each_has_its_flow():
    assert len(BY_NUMBER) == len(OPERATIONS)
    assert flow_numbers() == BY_NUMBER.keys()


def test_the_page_in_the_documentation_is_made_from_the_table():
    written = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    assert written == page(), "run: python -m store.register.operations_page > docs/operations.md"


def test_the_rows_for_scripts_have_their_promised_fields():
    for row in as_rows(demo=True):
        assert {"number", "name", "permission", "keys", "offline", "why"} <= row.keys()
        assert row["why"].endswith(".")
        json.dumps(row)


def test_no_key_means_two_things_in_one_mode():
    for mode in Mode:
        keys = [key for operation in OPERATIONS if mode in operation.modes for key in operation.keys]
        doubled = {key for key in keys if keys.count(key) > 1}
        # F3 reprints after a sale and on an empty register, and checks a price inside one; F5 synchronises in the
        # connection status only.
        counter = (Mode.IDLE, Mode.PAID, Mode.SALE)
        assert doubled <= ({"F3", "F5"} if mode in counter else set()), mode


@pytest.mark.parametrize("mode", Mode)
def test_before_sign_in_only_what_anyone_may_do_is_offered(mode):
    for number in operations_for(mode, "", demo=True):
        assert BY_NUMBER[number].permission is Permission.ANYONE


def test_the_connection_can_be_switched_before_sign_in_and_in_every_mode():
    for mode in set(Mode) - {Mode.STARTING}:
        assert 917 in operations_for(mode, "", demo=False)


def test_the_demo_shops_operations_are_listed_there_only():
    assert not {9801, 9802} & {row["number"] for row in as_rows()}
    assert {9801, 9802} <= {row["number"] for row in as_rows(demo=True)}
    assert not {9801, 9802} & set(operations_for(Mode.IDLE, "manager", demo=False))


def test_a_technician_touches_no_money_and_a_manager_may_do_everything():
    assert ROLES["manager"] == frozenset(Permission)
    for permission in (
        Permission.SELL,
        Permission.OPEN_DRAWER,
        Permission.OPEN_SHIFT,
        Permission.CLOSE_SHIFT,
    ):
        assert not may("technician", permission)
    assert roles_with(Permission.TAKE_OVER) == ("manager",)


def test_an_unknown_role_may_do_no_more_than_a_stranger():
    assert [p for p in Permission if may("director", p)] == [Permission.ANYONE]

"""One style, checked by machine."""

from source_tree import outcome_of_tool


def test_ruff_finds_nothing():
    code, said = outcome_of_tool("ruff", "check", "--output-format", "concise")
    assert code == 0, said


def test_everything_is_formatted():
    code, said = outcome_of_tool("ruff", "format", "--check")
    assert code == 0, said


def test_every_dependency_is_declared_and_used():
    code, said = outcome_of_tool("deptry", ".", "--no-ansi")
    assert code == 0, said

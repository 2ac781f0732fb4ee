"""The three packages are typed without holes."""

from source_tree import outcome_of_tool


def test_mypy_accepts_the_packages_in_strict_mode():
    code, said = outcome_of_tool("mypy")
    assert code == 0, said

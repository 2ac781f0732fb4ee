"""The worked examples of the pages on money and barcodes are true."""

import doctest
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("page", ["money.md", "barcodes-rules.md"])
def test_every_worked_example_of_the_page_is_what_the_code_says(page):
    results = doctest.testfile(str(DOCS / page), module_relative=False)
    assert results.attempted > 10
    assert results.failed == 0

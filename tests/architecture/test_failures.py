"""docs/failures.md and the tests that bear the numbers of its rows belong together."""

import re

from source_tree import ROOT, python_files

ROW = re.compile(r"^\| (F[0-9]{2}) \|", re.M)
TEST = re.compile(r"def test_((?:f[0-9]{2}_)+)")


def numbers_of_tests() -> set[str]:
    found = set()
    for path in python_files("tests"):
        for numbers in TEST.findall(path.read_text(encoding="utf-8")):
            found |= {number.upper() for number in numbers.strip("_").split("_")}
    return found


def test_every_failure_has_a_test_or_the_reason_why_not():
    page = (ROOT / "docs" / "failures.md").read_text(encoding="utf-8")
    promised, _, open_ones = page.partition("## Not built yet")
    rows = ROW.findall(page)
    assert rows == sorted(set(rows), key=rows.index), "a number stands once"
    assert set(rows) == {f"F{number:02d}" for number in range(1, 63)}
    assert numbers_of_tests() == set(ROW.findall(promised))
    assert not numbers_of_tests() & set(ROW.findall(open_ones))

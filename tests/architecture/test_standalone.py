"""The project depends on no particular machine, neighbour folder or package index."""

import re

import pytest

from source_tree import files_of_project, name_of

TIES = {
    "a folder beside the project": re.compile(r"(?<![\w-])[s]hared/"),
    "a path of one machine": re.compile(
        r"(?<![\w.-])/(?:work/(?:main|shared|\.)|root/|home/\w|opt/(?:pypi|wheels))"
    ),
    "the host of a package index": re.compile(
        r"\b(?:pypi\.org|pythonhosted\.org|npmjs\.org|npmjs\.com|deb\.debian\.org|proxy\.golang\.org)\b"
    ),
}


@pytest.mark.parametrize("tie", TIES)
def test_no_file_is_tied_to(tie):
    offences = [
        f"{name_of(path)}:{number} {line.strip()[:120]}"
        for path in files_of_project()
        if path.suffix != ".lock"  # its hashes are checked for places in test_packaging
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="ignore").splitlines(), 1)
        if TIES[tie].search(line)
    ]
    assert not offences, f"{tie}:\n" + "\n".join(offences)

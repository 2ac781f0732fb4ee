"""Names say what a thing is, and nothing is left for later."""

import io
import re
import tokenize
from pathlib import Path

from source_tree import PACKAGES, name_of, python_files

SAY_NOTHING = {"base", "common", "helper", "helpers", "manager", "misc", "util", "utils"}
LEFT_FOR_LATER = re.compile(r"\b(TODO|FIXME|XXX)\b")


def test_no_module_has_a_name_that_says_nothing():
    offences = [
        name_of(path)
        for path in python_files(*PACKAGES, "deploy", "tests")
        if SAY_NOTHING & {part.removesuffix(".py").strip("_") for part in Path(name_of(path)).parts}
    ]
    assert not offences


def test_nothing_is_left_for_later():
    offences = [
        f"{name_of(path)}:{token.start[0]} {token.line.strip()}"
        for path in python_files(*PACKAGES, "deploy", "tests")
        for token in tokenize.generate_tokens(io.StringIO(path.read_text(encoding="utf-8")).readline)
        if (token.type == tokenize.COMMENT and LEFT_FOR_LATER.search(token.string))
        or (token.type == tokenize.NAME and token.string == "NotImplementedError")
    ]
    assert not offences, "\n" + "\n".join(offences)

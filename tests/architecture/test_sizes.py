"""Functions and files stay small enough to be read in one go.

A ratchet: what is too long may be listed with its size and a reason, and from then on only get shorter.
"""

import ast
from collections.abc import Iterator

from source_tree import PACKAGES, functions_in, name_of, python_files, tree_of

LONGEST_FUNCTION = 40  # lines, without the docstring
LONGEST_FILE = 400

# "path" or "path::qualified name" -> (lines it has today, why it is in one piece)
EXCEPTIONS: dict[str, tuple[int, str]] = {}


def test_functions_and_files_keep_their_limits_and_exceptions_only_shrink():
    too_long = {name: lines for name, lines, limit in measured() if lines > limit}
    allowed = {name: lines for name, (lines, _) in EXCEPTIONS.items()}
    complaints = [
        *(f"{name}: {too_long[name]} lines, split it" for name in too_long.keys() - allowed.keys()),
        *(f"{name}: no longer too long, remove its exception" for name in allowed.keys() - too_long.keys()),
        *(
            f"{name}: {too_long[name]} lines, listed with {allowed[name]}"
            for name in too_long.keys() & allowed.keys()
            if too_long[name] != allowed[name]
        ),
    ]
    assert not complaints, "\n" + "\n".join(sorted(complaints))


def measured() -> Iterator[tuple[str, int, int]]:
    for path in python_files(*PACKAGES, "deploy"):
        yield name_of(path), len(path.read_text(encoding="utf-8").splitlines()), LONGEST_FILE
        for name, function in functions_in(tree_of(path)):
            yield f"{name_of(path)}::{name}", lines_of(function), LONGEST_FUNCTION


def lines_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    total = function.end_lineno - function.lineno + 1
    if ast.get_docstring(function) is None:
        return total
    docstring = function.body[0]
    return total - (docstring.end_lineno - docstring.lineno + 1)

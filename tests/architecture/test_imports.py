"""Who may import whom, and what the pure packages may not touch."""

import ast

from source_tree import ROOT, name_of, outcome_of_tool, python_files, tree_of

STATES = ROOT / "store" / "gateway" / "states.py"

CLOCK_AND_CHANCE = {
    "now",
    "utcnow",
    "today",
    "uuid1",
    "uuid4",
    "uuid7",
    "urandom",
    "token_bytes",
    "token_hex",
}
INPUT_AND_OUTPUT = {"open", "print", "input"}


def test_every_import_contract_is_kept():
    code, said = outcome_of_tool("lint-imports")
    assert code == 0, said


def test_pure_code_calls_no_clock_no_chance_and_no_input_or_output():
    offences = [
        f"{name_of(path)}:{node.lineno} {what}"
        for path in (*python_files("store/sale", "store/exchange"), STATES)
        for node in ast.walk(tree_of(path))
        if (what := impurity(node))
    ]
    assert not offences, "pure code takes time and ids as arguments:\n" + "\n".join(offences)


def impurity(node: ast.AST) -> str | None:
    match node:
        case ast.AsyncFunctionDef() | ast.Await() | ast.AsyncFor() | ast.AsyncWith():
            return "is asynchronous"
        case ast.Call(func=ast.Attribute(attr=name)) if name in CLOCK_AND_CHANCE:
            return f"calls {name}()"
        case ast.Call(func=ast.Name(id=name)) if name in CLOCK_AND_CHANCE | INPUT_AND_OUTPUT:
            return f"calls {name}()"
    return None

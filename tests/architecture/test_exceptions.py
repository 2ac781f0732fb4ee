"""Whoever catches everything says why, on the same line."""

import ast
import re

from source_tree import PACKAGES, name_of, python_files, tree_of

CATCH_EVERYTHING = {"Exception", "BaseException"}
REASON = re.compile(r"#\s*(?:noqa\S*(?:\s+[A-Z]+\d+,?)*\W*)?(?P<words>.*\w+\W+\w+\W+\w+.*)$")


def test_no_handler_is_bare_and_broad_ones_give_their_reason():
    offences = []
    for path in python_files(*PACKAGES, "deploy"):
        lines = path.read_text(encoding="utf-8").splitlines()
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.ExceptHandler) and not is_accounted_for(node, lines[node.lineno - 1]):
                offences.append(f"{name_of(path)}:{node.lineno} {lines[node.lineno - 1].strip()}")
    assert not offences, "catch what you expect, or say why not (three words or more):\n" + "\n".join(
        offences
    )


def is_accounted_for(handler: ast.ExceptHandler, line: str) -> bool:
    if handler.type is None:
        return False
    caught = {node.id for node in ast.walk(handler.type) if isinstance(node, ast.Name)}
    return not caught & CATCH_EVERYTHING or REASON.search(line) is not None


def test_the_rule_itself_tells_reasons_from_noise():
    def judge(line: str) -> bool:
        source = f"try:\n    pass\n{line}\n    pass\n"
        handler = next(node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ExceptHandler))
        return is_accounted_for(handler, line)

    assert judge("except ValueError:")
    assert judge("except Exception:  # a driver may raise anything")
    assert judge("except (OSError, Exception):  # noqa: BLE001 - a driver may raise anything")
    assert not judge("except:  # a driver may raise anything")
    assert not judge("except Exception:")
    assert not judge("except Exception:  # noqa: BLE001")
    assert not judge("except (OSError, BaseException):  # oops")

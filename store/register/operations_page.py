"""The page docs/operations.md, made from the table: `python -m store.register.operations_page > docs/operations.md`."""

from store.register.operations import OPERATIONS, Operation, roles_with

_HEAD = """# Operations

Made from `store/register/operations.py`; a test compares. Numbers and names are those of the trade, from 9100 on they
are Outpost's own. `/NUMBER` and Enter runs an operation from the entry line, F10 lists what can be run now. Keys are
the defaults; the configuration can change each. The last column says what works offline, and why.

| number | operation | keys | who | when | offline |
| --- | --- | --- | --- | --- | --- |
"""

_FOOT = """
Roles: a cashier sells and runs the shift; a manager does the same, takes over a register that another operator locked
in mid-sale and frees operators who were locked out; a technician looks after the register and touches no money.
"""


def page() -> str:
    """The whole page."""
    return _HEAD + "".join(map(_row, OPERATIONS)) + _FOOT


def _row(operation: Operation) -> str:
    keys = ", ".join(operation.keys) or "–"
    who = ", ".join(roles_with(operation.permission)) if operation.permission != "anyone" else "anyone"
    when = ", ".join(sorted(mode.value for mode in operation.modes))
    name = f"{operation.name} (demo shop only)" if operation.demo else operation.name
    offline = "yes" if operation.offline else "no"
    return f"| {operation.number} | {name} | {keys} | {who} | {when} | {offline}: {operation.why} |\n"


if __name__ == "__main__":
    print(page(), end="")

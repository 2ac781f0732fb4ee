"""Macros as text: entries of the entry line, one a line, as headquarters and register.toml write them."""

from collections.abc import Mapping

from store.sale.language import later

FIRST, LAST = 9181, 9189
"""Operations that run macro 1 to 9."""
MOST_STEPS = 20
LONGEST_STEP = 64
LINE_MARK = "\\n"
"""What stands for the end of an entry where a text has one line only."""

NAMES = (
    later("Macro 1"),
    later("Macro 2"),
    later("Macro 3"),
    later("Macro 4"),
    later("Macro 5"),
    later("Macro 6"),
    later("Macro 7"),
    later("Macro 8"),
    later("Macro 9"),
)
"""What the operations are called."""

Macros = Mapping[int, tuple[str, ...]]
"""Number of the operation → its entries."""


class MacroRefused(ValueError):
    """A macro cannot be used; `str()` is a sentence."""


def is_macro(number: int) -> bool:
    """Whether an operation runs a macro."""
    return FIRST <= number <= LAST


def macro_steps(text: str) -> tuple[str, ...]:
    """The entries of a macro: "3*4011", "/139" (an operation, with its text behind a space). Raises MacroRefused."""
    steps = tuple(line.strip() for line in text.replace(LINE_MARK, "\n").splitlines() if line.strip())
    if len(steps) > MOST_STEPS:
        raise MacroRefused(f"A macro has at most {MOST_STEPS} entries, not {len(steps)}.")
    for step in steps:
        if len(step) > LONGEST_STEP:
            raise MacroRefused(f"An entry of a macro has at most {LONGEST_STEP} characters: {step[:30]!r}.")
        number, _ = operation_in(step)
        if is_macro(number):
            raise MacroRefused(f"A macro runs no other macro: {step!r}.")
    return steps


def operation_in(step: str) -> tuple[int, str]:
    """Number and text of an entry that names an operation ("/102", "/101 4011"); 0 and the entry for all others."""
    word, _, rest = step.partition(" ")
    digits = word.removeprefix("/")
    if word.startswith("/") and digits.isascii() and digits.isdigit() and len(digits) <= 4:
        return int(digits), rest.strip()
    return 0, step


def macros_from(texts: Mapping[str, str]) -> dict[int, tuple[str, ...]]:
    """The macros of texts by their number ("1" to "9"); empty ones are none. Raises MacroRefused."""
    found: dict[int, tuple[str, ...]] = {}
    for name, text in texts.items():
        if not (len(name) == 1 and name in "123456789"):
            raise MacroRefused(f"There is no macro {name[:20]!r}; they are called 1 to 9.")
        steps = macro_steps(text)
        if steps:
            found[FIRST - 1 + int(name)] = steps
    return found

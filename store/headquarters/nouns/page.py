"""The page docs/headquarters-nouns.md, made from the table.

To write it: `python -m store.headquarters.nouns.page > docs/headquarters-nouns.md`.
"""

import sys

from store.headquarters.nouns.field import Field, fields_of
from store.headquarters.nouns.noun import Noun, Verb
from store.headquarters.nouns.table import NOUNS, VERBS, verbs_of

_HEAD = """# The nouns of headquarters

Made from `store/headquarters/nouns/`; a test compares. `outpost hq NOUN VERB --help` says the same. `set` creates a row
or changes it: what is not named stays as it is, and an empty value (`--tax ""`) brings back the default. A word
without dashes may be written as an option too (`tax set R --rate 19`). Fields are named in files and in the API as on
the command line, with underlines for dashes. [headquarters.md](headquarters.md) explains how they belong together.
"""


def page() -> str:
    """The whole page."""
    return _HEAD + "".join(map(_noun, NOUNS.values()))


def _noun(noun: Noun) -> str:
    jobs = f" Sent by job {', '.join(noun.jobs)}." if noun.jobs else ""
    own = [verb for (owner, _), verb in VERBS.items() if owner == noun.name]
    generic = [f"`{name}`" for name in verbs_of(noun) if not any(verb.name == name for verb in own)]
    text = f"\n## {noun.name}\n\n{noun.summary[:1].upper()}{noun.summary[1:]}.{jobs}"
    text += f" Verbs: {', '.join(generic)}.\n" if generic else "\n"
    rows = "".join(
        f"| {'`' + part.name.upper() + '`' if part.default is None else '`--' + part.name.replace('_', '-') + '`'} | "
        f"{_cell(part.help)} | {_cell(_default(part.default)) if part.default else ''} |\n"
        for part in noun.key
        if noun.fields is not None
    )
    rows += "".join(_field(field) for field in (*fields_of(noun.fields), *fields_of(noun.inputs)))
    if rows:
        text += f"\n| | | default |\n|---|---|---|\n{rows}"
    return text + "".join(map(_verb, own))


def _field(field: Field) -> str:
    unit = f" In {field.unit}." if field.unit else ""
    default = "" if field.required else _cell(_default(field.default))
    if field.kind == "amount" and default:
        default += " minor units"
    return f"| `{field.option}` | {_cell(field.help)}{unit} | {default} |\n"


def _verb(verb: Verb) -> str:
    words = " ".join(
        f"{field.word.upper()}{' ...' if field.many else ''}" if field.positional else f"[{field.option}]"
        for field in fields_of(verb.arguments)
    )
    return f"\n`{verb.noun} {verb.name}{' ' + words if words else ''}`: {verb.summary}\n"


def _default(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return " ".join(map(str, value))
    return "" if value is None else str(value)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


if __name__ == "__main__":
    sys.stdout.write(page())

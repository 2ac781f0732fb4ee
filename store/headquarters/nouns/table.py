"""Every noun and verb of headquarters in one place."""

import difflib

import msgspec

from store.headquarters.errors import NotThere
from store.headquarters.nouns import (
    chain,
    counts,
    customers,
    discounts,
    goods,
    info_codes,
    paper,
    people,
    profiles,
    scheduling,
    till,
    vouchers,
    way_up,
)
from store.headquarters.nouns.field import Field, fields_of
from store.headquarters.nouns.noun import Noun, Verb

_ALL: tuple[Noun, ...] = (
    *chain.NOUNS,
    *profiles.NOUNS,
    *goods.NOUNS,
    *info_codes.NOUNS,
    *discounts.NOUNS,
    *people.NOUNS,
    *customers.NOUNS,
    *till.NOUNS,
    *paper.NOUNS,
    *scheduling.NOUNS,
    *way_up.NOUNS,
    *counts.NOUNS,
    *vouchers.NOUNS,
)
NOUNS: dict[str, Noun] = {noun.name: noun for noun in _ALL}
VERBS: dict[tuple[str, str], Verb] = {
    (verb.noun, verb.name): verb
    for verb in (
        *scheduling.VERBS,
        *way_up.VERBS,
        *counts.VERBS,
        *vouchers.VERBS,
        *customers.VERBS,
        *paper.VERBS,
    )
}


def find_noun(name: str) -> Noun:
    """A noun by its name; raises NotThere with what may have been meant."""
    if name in NOUNS:
        return NOUNS[name]
    near = difflib.get_close_matches(name, NOUNS, n=1)
    hint = f"Did you mean {near[0]!r}?" if near else f"There are: {', '.join(NOUNS)}."
    raise NotThere(f"Headquarters has no {name[:40]!r}. {hint}")


def verbs_of(noun: Noun) -> tuple[str, ...]:
    """The words that can follow a noun."""
    generic = noun.generic if noun.fields is not None else ()
    return tuple(dict.fromkeys((*generic, *(name for owner, name in VERBS if owner == noun.name))))


def own_verb(noun: Noun, name: str) -> Verb | None:
    """The verb of its own that a noun has under this name."""
    return VERBS.get((noun.name, name))


def document_type(noun: str) -> type[msgspec.Struct]:
    """The type of a noun's documents."""
    kind = NOUNS[noun].fields
    if kind is None:
        raise LookupError(f"{noun} has no rows.")
    return kind


def referring(noun: str) -> tuple[tuple[str, Field], ...]:
    """Noun and field of everything that can name a row of this noun."""
    return tuple(
        (other.name, field) for other in _ALL for field in fields_of(other.fields) if field.ref == noun
    )

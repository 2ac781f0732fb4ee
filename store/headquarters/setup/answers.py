"""What headquarters answers to an operator about rows of the set-up."""

from typing import Any

import msgspec

from store.headquarters.nouns.noun import Noun, parts_of
from store.headquarters.part import Notes
from store.sale.money import format_amount


class SetAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a change: `outcome` is created, changed, unchanged or removed; `jobs` still have to run."""

    noun: str
    key: str
    outcome: str
    sentence: str
    fields: dict[str, Any] = {}
    jobs: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    nouns: tuple[str, ...] = ()
    """All nouns with a changed row."""


def of_set(noun: Noun, key: str, new: Any, outcome: str, notes: Notes, currency: str) -> SetAnswer:
    """The answer to a `set`."""
    jobs = () if outcome == "unchanged" else tuple(sorted({*noun.jobs, *notes.jobs}))
    head = {
        "created": f"{title_of(noun, key)} is created.",
        "changed": f"{title_of(noun, key)} is changed.",
        "unchanged": f"{title_of(noun, key)} is so already.",
    }[outcome]
    return SetAnswer(
        noun=noun.name,
        key=key,
        outcome=outcome,
        sentence=" ".join((head, *_shown_amount(noun, new, currency), *notes.sentences, *job_sentence(jobs))),
        fields=row_of(noun, key, new),
        jobs=jobs,
        notes=tuple(notes.sentences),
        nouns=() if outcome == "unchanged" else tuple(sorted({noun.name, *notes.nouns})),
    )


def of_remove(noun: Noun, key: str, notes: Notes) -> SetAnswer:
    """The answer to a `remove`."""
    jobs = tuple(sorted({*noun.jobs, *notes.jobs}))
    head = f"{title_of(noun, key)} is removed."
    return SetAnswer(
        noun=noun.name,
        key=key,
        outcome="removed",
        sentence=" ".join((head, *notes.sentences, *job_sentence(jobs))),
        jobs=jobs,
        notes=tuple(notes.sentences),
        nouns=tuple(sorted({noun.name, *notes.nouns})),
    )


def job_sentence(jobs: tuple[str, ...]) -> tuple[str, ...]:
    """What still has to run, as a sentence."""
    if not jobs:
        return ()
    if len(jobs) == 1:
        return (f"Run job {jobs[0]} to send it.",)
    return (f"Run jobs {', '.join(jobs[:-1])} and {jobs[-1]} to send it.",)


def title_of(noun: Noun, key: str) -> str:
    """A row in a sentence: `Price of 100001`."""
    parts = [part for part in key.split("/") if part]
    word = noun.title[:1].upper() + noun.title[1:]
    if noun.name == "price":
        return f"{word} of {parts[0]}"
    return " ".join((word, *parts))


def row_of(noun: Noun, key: str, document: Any) -> dict[str, Any]:
    """A row as a program reads it: the parts of its key, then every field; amounts in minor units, moments in ms."""
    row: dict[str, Any] = {}
    for part in noun.key:
        text = parts_of(noun, key)[part.name]
        if part.kind == "moment":
            row[f"{part.name}_ms"] = int(text or 0)
        else:
            row[part.name] = text
    for name in document.__struct_fields__:
        row[name] = msgspec.to_builtins(getattr(document, name))
    return row


def _shown_amount(noun: Noun, new: Any, currency: str) -> tuple[str, ...]:
    """The amount as it was understood, where a noun is about one."""
    if noun.name != "price":
        return ()
    return (f"It is {format_amount(new.amount, currency)} {currency}.",)

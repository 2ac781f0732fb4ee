"""Nouns and verbs of their own owner; filled by it."""

from store.headquarters.nouns.noun import Noun, Verb

NOUNS: tuple[Noun, ...] = ()
VERBS: tuple[Verb, ...] = ()

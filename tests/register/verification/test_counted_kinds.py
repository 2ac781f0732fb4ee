"""The verifier counts transactions by a list of its own; it has to be the journal's."""

from store.exchange.kinds import COUNTED_KINDS
from store.register.verification import chain


def test_the_verifier_counts_the_kinds_that_the_journal_counts():
    assert chain._TRANSACTIONS == COUNTED_KINDS

"""What a database may have, and what is kept. Pure; the way itself is tested with `package_chain`."""

import pytest

from store.server.chain import Form, Rules, needed, path


def form(seq, kind="delta", base=None, size=10, **fields):
    base = (0 if kind == "full" else seq - 1) if base is None else base
    facts = {"store": "S", "data_group": "G", "job": "", "header_sha256": f"{seq}{kind}", "created_ms": 0}
    return Form(package_seq=seq, kind=kind, base_seq=base, size=size, **(facts | fields))


FORMS = [form(1, "full", size=100), form(2), form(3), form(4)]


@pytest.mark.parametrize(
    ("rules", "after", "numbers"),
    [
        (Rules(), 0, [1, 2, 3, 4]),
        (Rules(stop_at=3), 0, [1, 2]),
        (Rules(stop_at=3), 2, []),
        (Rules(barred=frozenset({1})), 0, []),
        (Rules(barred=frozenset({3})), 1, [2]),
        (Rules(full_after=2), 2, []),
        (Rules(full_after=2), 1, [2, 3, 4][:1]),
    ],
)
def test_what_is_barred_suspended_or_not_trusted_leads_nowhere(rules, after, numbers):
    assert [step.package_seq for step in path(FORMS, after, rules)] == numbers


def test_a_canceled_form_is_no_way_but_another_form_of_the_number_is():
    forms = [form(1, "full"), form(2, canceled=True), form(2, "full")]
    assert [step.name for step in path(forms, 1)] == [(2, "full")]


def test_kept_are_the_newest_full_form_what_follows_it_and_the_last_deltas_before_it():
    forms = [form(1, "full"), *(form(n) for n in range(2, 41)), form(30, "full"), form(41)]
    kept = needed(forms)
    assert (30, "full") in kept and (1, "full") not in kept
    assert {name for name in kept if name[1] == "delta"} == {(n, "delta") for n in range(22, 42)}


def test_without_a_full_form_the_last_deltas_are_kept_and_of_nothing_nothing():
    assert needed([form(n) for n in range(2, 60)]) == {(n, "delta") for n in range(2, 60)}
    assert needed([]) == frozenset()

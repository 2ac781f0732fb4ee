"""Which packages lead to the newest state: short chains by deltas, everything else by a full form."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from store.exchange.package_chain import MAX_DELTAS, deltas_after, is_short, path_to_newest


@dataclass(frozen=True)
class Form:
    package_seq: int
    base_seq: int
    size: int = 100


def delta(seq, base=None, size=100):
    return Form(seq, seq - 1 if base is None else base, size)


def full(seq, size=1_000_000):
    return Form(seq, 0, size)


def steps(entries, after):
    return [(entry.package_seq, entry.base_seq) for entry in path_to_newest(entries, after)]


def test_database_with_nothing_takes_the_newest_full_and_the_deltas_after_it():
    entries = [full(1), delta(2), delta(3), full(3), delta(4)]
    assert steps(entries, 0) == [(3, 0), (4, 3)]


def test_database_on_the_chain_takes_the_deltas_and_no_full():
    assert steps([full(1), delta(2), delta(3), full(3), delta(4)], 2) == [(3, 2), (4, 3)]


def test_database_that_is_up_to_date_takes_nothing():
    assert steps([full(1), delta(2), full(2)], 2) == []
    assert steps([], 0) == []


def test_database_from_another_group_takes_the_full():
    assert steps([full(3), delta(5, 3), delta(9, 5), full(9)], 7) == [(9, 0)]


def test_database_ahead_of_everything_waits():
    assert steps([full(3), delta(4)], 8) == []


def test_long_chain_is_not_walked_where_a_full_is_at_hand():
    entries = [full(1), *[delta(seq) for seq in range(2, MAX_DELTAS + 4)], full(MAX_DELTAS + 3)]
    assert len(steps(entries, 3)) == MAX_DELTAS
    assert steps(entries, 2) == [(MAX_DELTAS + 3, 0)]


def test_deltas_larger_than_their_part_of_the_full_are_not_walked():
    large = 401_000
    assert steps([full(1), delta(2, size=large), full(2)], 1) == [(2, 0)]
    assert steps([full(1), delta(2, size=399_000), full(2)], 1) == [(2, 1)]


def test_small_deltas_are_always_worth_it():
    assert steps([full(1, 2_000), delta(2, size=1_500), full(2, 2_000)], 1) == [(2, 1)]


def test_chain_without_a_full_is_walked_however_long():
    entries = [delta(seq) for seq in range(2, 60)]
    assert len(steps(entries, 1)) == 58


def test_gap_without_a_full_behind_it_is_waited_for():
    assert steps([full(1), delta(2), delta(4)], 2) == []
    assert steps([full(1), delta(2), delta(4)], 1) == [(2, 1)]


def test_full_that_ends_earlier_than_the_deltas_is_not_taken():
    assert steps([full(3), delta(2, 1), delta(5, 2), delta(9, 8)], 1) == [(2, 1), (5, 2)]


def test_damaged_entry_that_leads_back_ends_the_way():
    assert deltas_after([Form(3, 2), Form(2, 3)], 2) == (Form(3, 2),)
    assert deltas_after([Form(2, 2)], 2) == ()


def test_shortness_is_by_number_and_by_size():
    assert is_short([delta(2)] * MAX_DELTAS, 10**9)
    assert not is_short([delta(2)] * (MAX_DELTAS + 1), 10**9)


@given(
    newest=st.integers(2, 40),
    fulls=st.sets(st.integers(1, 40)),
    after=st.integers(0, 45),
    sizes=st.lists(st.integers(1, 500_000), min_size=45, max_size=45),
)
def test_every_step_fits_the_one_before_and_the_newest_is_reached_where_it_can_be(
    newest, fulls, after, sizes
):
    entries = [full(1), *[delta(seq, size=sizes[seq]) for seq in range(2, newest + 1)]]
    entries += [full(seq) for seq in fulls if 1 < seq <= newest]
    at = after
    for entry in path_to_newest(entries, after):
        assert entry.base_seq in (0, at)
        assert entry.package_seq > after
        at = entry.package_seq
    assert at == (after if after >= newest else newest)

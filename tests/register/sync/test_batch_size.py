"""How much the next upload may carry."""

from store.exchange.messages import MAX_BULK_BYTES
from store.gateway.profile import OfflineProfile
from store.register.sync.batch_size import BULK_AGAIN_S, QUICK_S, BatchSize

PROFILE = OfflineProfile()


def most(size, profile=PROFILE, now_s=1_000.0):
    return size.limits(profile, now_s)[0]


def grown():
    size = BatchSize()
    for _ in range(9):
        size.taken(QUICK_S)
    return size


def test_it_grows_from_one_batch_to_four_while_the_server_is_quick():
    size = BatchSize()
    found = []
    for _ in range(4):
        found.append(size.limits(PROFILE, 0.0))
        size.taken(0.1)
    assert found == [(100, 262_144), (200, MAX_BULK_BYTES), (400, MAX_BULK_BYTES), (400, MAX_BULK_BYTES)]


def test_a_slow_answer_or_a_failure_makes_it_an_ordinary_batch_again():
    size = grown()
    size.taken(QUICK_S + 0.1)
    assert most(size) == 100
    size = grown()
    size.failed()
    assert most(size) == 100


def test_a_server_that_refuses_more_than_a_batch_gets_batches_for_ten_minutes():
    size = grown()
    size.too_large(400, 400, 1_000.0)
    for _ in range(9):
        size.taken(0.1)
        assert most(size) == 100
    assert most(size, now_s=1_000.0 + BULK_AGAIN_S) == 400


def test_an_ordinary_batch_that_is_too_large_is_halved_down_to_one():
    size = BatchSize()
    size.too_large(60, 100, 0.0)
    assert most(size) == 30
    for _ in range(9):
        size.too_large(most(size), most(size), 0.0)
    assert most(size) == 1


def test_upload_bulk_records_says_how_far_it_grows_and_0_never():
    size = grown()
    assert most(size, OfflineProfile(upload_bulk_records=250)) == 250
    assert most(size, OfflineProfile(upload_bulk_records=0)) == 100


def test_a_profile_with_smaller_batches_gets_no_larger_requests():
    size = grown()
    assert size.limits(OfflineProfile(upload_batch_records=20), 0.0) == (20, 262_144)
    assert size.limits(OfflineProfile(upload_batch_bytes=70_000), 0.0) == (100, 70_000)

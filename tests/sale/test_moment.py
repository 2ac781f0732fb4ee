"""Moments as text."""

import pytest

from store.sale.moment import local_text, utc_text


def test_milliseconds_become_the_text_of_records():
    assert utc_text(0) == "1970-01-01T00:00:00.000Z"
    assert utc_text(1_795_525_392_250) == "2026-11-24T13:03:12.250Z"


@pytest.mark.parametrize(
    ("at", "offset_min", "shown"),
    [
        ("2026-11-24T13:03:12.000Z", 60, "2026-11-24 14:03:12"),
        ("2026-11-24T23:30:00.999Z", 330, "2026-11-25 05:00:00"),
        ("2026-01-01T00:30:00.000Z", -300, "2025-12-31 19:30:00"),
        ("", 60, ""),
        ("yesterday", 60, "yesterday"),
        ("9999-12-31T23:59:00.000Z", 60, "9999-12-31T23:59:00.000Z"),
        ("2026-11-24T13:03:12.000Z", 10**9, "2026-11-24T13:03:12.000Z"),
    ],
)
def test_paper_shows_local_time_and_never_fails(at, offset_min, shown):
    assert local_text(at, offset_min) == shown

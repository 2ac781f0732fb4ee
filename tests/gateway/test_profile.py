"""The offline profile: defaults and ranges as documented."""

import re
from pathlib import Path

import msgspec
import pytest

from store.gateway.profile import OfflineProfile, check_profile, hedge_s


def test_the_defaults_are_those_of_the_page():
    profile = OfflineProfile()
    assert (profile.offline_timeout_s, profile.retry_count, profile.reconnection_interval_s) == (0.8, 1, 60)
    assert (profile.upload_batch_records, profile.upload_batch_bytes) == (100, 262_144)
    assert profile.upload_bulk_records == 400
    assert check_profile(profile) == ""


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("offline_timeout_s", 0.1),
        ("offline_timeout_s", 121),
        ("retry_count", 6),
        ("retry_count", -1),
        ("reconnection_interval_s", 7_201),
        ("upload_batch_records", 101),
        ("upload_bulk_records", 401),
        ("no_such_key", 1),
    ],
)
def test_values_out_of_range_and_unknown_keys_are_refused(field, value):
    with pytest.raises(msgspec.ValidationError, match=field):
        msgspec.convert({field: value}, OfflineProfile)


@pytest.mark.parametrize(
    ("profile", "words"),
    [
        ({"slow_server_threshold_ms": 49}, "between 50 and 10000"),
        ({"slow_server_threshold_ms": 10_001}, "between 50 and 10000"),
        ({"slow_server_threshold_ms": 50}, ""),
        ({"advanced_switching": True, "prompt_on_switch": True}, ""),
    ],
)
def test_a_threshold_out_of_range_is_said_in_a_sentence(profile, words):
    said = check_profile(msgspec.convert(profile, OfflineProfile))
    assert words in said
    assert bool(said) == bool(words)


def test_every_field_has_a_sentence_of_help():
    for field in msgspec.inspect.type_info(OfflineProfile).fields:
        assert field.type.extra_json_schema["description"].endswith("."), field.name


@pytest.mark.parametrize(("timeout_s", "hedge"), [(0.8, 0.15), (0.2, 0.15), (120, 0.15)])
def test_the_hedge_is_never_longer_than_the_timeout(timeout_s, hedge):
    assert hedge_s(OfflineProfile(offline_timeout_s=timeout_s)) == hedge


def test_the_page_lists_every_key():
    page = (Path(__file__).parents[2] / "docs/failover.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)
    assert listed == [field.name for field in msgspec.structs.fields(OfflineProfile)]

"""From a scanner's bytes to readings."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.scan import (
    ENDS,
    LONGEST,
    SILENCE_S,
    TOO_LONG,
    TOO_MANY,
    TORN,
    TORN_AFTER_S,
    UNREADABLE,
    Reading,
    ScanDecoder,
)

CODES = st.text(
    st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters="]"), min_size=1, max_size=40
)


def read(data: bytes, **options) -> list[Reading]:
    return ScanDecoder(**options).feed(data, 0.0)


def texts(readings: list[Reading]) -> list[str]:
    return [reading.text for reading in readings if not reading.error]


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n", b"\t", b"\x03"])
@pytest.mark.parametrize("start", [b"", b"\x02"])
def test_every_usual_end_ends_exactly_one_scan(start, end):
    assert read(start + b"4006381333931" + end) == [Reading(text="4006381333931")]


def test_two_scans_in_one_read_are_two_readings_in_order():
    assert texts(read(b"4006381333931\r96385074\r")) == ["4006381333931", "96385074"]


def test_an_end_that_is_not_configured_is_refused_as_a_control_character():
    [reading] = read(b"40063\t81333931\r", ends=("CR",))
    assert reading.error == UNREADABLE


@pytest.mark.parametrize(
    ("sent", "symbology", "text"),
    [
        (b"]E04006381333931\r", "]E0", "4006381333931"),
        (b"]E496385074\r", "]E4", "96385074"),
        (b"]C10104006381333931\x1d10ABC\r", "]C1", "0104006381333931\x1d10ABC"),
        (b"]Q1https://id.gs1.org/01/04006381333931\r", "]Q1", "https://id.gs1.org/01/04006381333931"),
        (b"]x\r", "", "]x"),
        (b"]!0abc\r", "", "]!0abc"),
    ],
)
def test_the_aim_identifier_is_split_off(sent, symbology, text):
    assert read(sent) == [Reading(text=text, symbology=symbology)]


@given(
    codes=st.lists(CODES, max_size=12),
    cuts=st.lists(st.integers(0, 500), max_size=20),
    end=st.sampled_from(sorted(ENDS)),
)
def test_it_never_matters_where_a_read_was_cut(codes, cuts, end):
    stream = b"".join(code.encode() + bytes([ENDS[end]]) for code in codes)
    decoder = ScanDecoder(ends=(end,), repeat_s=0)
    found: list[Reading] = []
    edges = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    for start, stop in itertools.pairwise(edges):
        found += decoder.feed(stream[start:stop], 0.0)
    assert texts(found) == codes


@given(rubbish=st.binary(min_size=1, max_size=10_000), size=st.integers(1, 700))
def test_rubbish_makes_at_most_one_error_and_never_a_control_character(rubbish, size):
    decoder = ScanDecoder()
    found: list[Reading] = []
    for start in range(0, len(rubbish), size):
        found += decoder.feed(rubbish[start : start + size], 0.0)
    found += decoder.expire(SILENCE_S)
    assert sum(bool(reading.error) for reading in found) <= 1
    for reading in found:
        assert all(c.isprintable() or c == "\x1d" for c in reading.text)
        assert len(reading.text) <= LONGEST
    decoder.expire(10.0)
    assert texts(decoder.feed(b"4006381333931\r", 11.0)) == ["4006381333931"]


def test_ten_kilobytes_of_noise_are_one_clear_error_and_then_it_reads_again():
    import random

    noise = random.Random(4).randbytes(10_240)
    decoder = ScanDecoder()
    found = [
        reading for at in range(0, len(noise), 64) for reading in decoder.feed(noise[at : at + 64], at / 1e5)
    ]
    [reading] = found
    assert reading.error == UNREADABLE
    assert reading.text.isprintable()
    assert texts(decoder.feed(b"96385074\r", 1.0)) == ["96385074"]


def test_ten_kilobytes_of_letters_are_one_error():
    found = read(b"A" * 10_240)
    assert [reading.error for reading in found] == [TOO_LONG]
    assert len(found[0].text) < 50


def test_a_file_of_short_lines_is_stopped():
    found = read(b"".join(b"%06d\r" % number for number in range(2_000)))
    assert found[-1].error == TOO_MANY
    assert len(found) < 60


def test_the_longest_scan_passes_and_one_more_byte_does_not():
    assert texts(read(b"7" * LONGEST + b"\r")) == ["7" * LONGEST]
    assert read(b"7" * (LONGEST + 1) + b"\r")[0].error == TOO_LONG


def test_a_good_scan_right_behind_a_bad_one_is_kept():
    found = read(b"40063\x1b[2J31\r4006381333931\r")
    assert [reading.error for reading in found] == [UNREADABLE, ""]
    assert found[1].text == "4006381333931"


def test_silence_ends_the_scan_of_a_scanner_without_an_end():
    decoder = ScanDecoder()
    assert decoder.feed(b"4006381333931", 5.0) == []
    assert decoder.wake_at_s == 5.0 + SILENCE_S
    assert texts(decoder.expire(5.0 + SILENCE_S)) == ["4006381333931"]
    assert decoder.wake_at_s is None


def test_half_a_code_of_a_scanner_with_an_end_is_never_a_reading():
    decoder = ScanDecoder()
    decoder.feed(b"96385074\r", 0.0)
    decoder.feed(b"400638", 5.0)
    assert decoder.expire(5.0 + SILENCE_S) == []
    assert decoder.wake_at_s == 5.0 + TORN_AFTER_S
    [reading] = decoder.expire(5.0 + TORN_AFTER_S)
    assert (reading.error, reading.text) == (TORN, "400638")
    assert decoder.wake_at_s is None


def test_a_scanner_that_pauses_inside_a_code_still_delivers_it():
    decoder = ScanDecoder()
    decoder.feed(b"96385074\r", 0.0)
    decoder.feed(b"400638", 5.0)
    assert texts(decoder.feed(b"1333931\r", 5.4)) == ["4006381333931"]


def test_a_start_inside_a_scan_says_that_it_was_torn():
    found = read(b"\x02400638\x0296385074\x03")
    assert [reading.error for reading in found] == [TORN, ""]
    assert found[1].text == "96385074"


def test_the_same_code_within_the_repeat_time_is_one_scan_and_later_it_is_two():
    decoder = ScanDecoder(repeat_s=0.25)
    assert texts(decoder.feed(b"96385074\r", 1.00)) == ["96385074"]
    assert decoder.feed(b"96385074\r", 1.24) == []
    assert decoder.repeats_dropped == 1
    assert texts(decoder.feed(b"96385074\r", 1.26)) == ["96385074"]


def test_another_code_between_two_equal_ones_makes_three():
    assert texts(read(b"96385074\r4006381333931\r96385074\r")) == ["96385074", "4006381333931", "96385074"]


def test_repeats_count_when_dropping_is_switched_off_or_when_they_had_been_waiting():
    assert len(texts(read(b"96385074\r96385074\r", repeat_s=0))) == 2
    assert len(texts(ScanDecoder().feed(b"96385074\r96385074\r", 0.0, stored=True))) == 2


def test_a_cut_line_says_that_a_scan_was_torn():
    decoder = ScanDecoder()
    decoder.feed(b"400638", 0.0)
    assert [reading.error for reading in decoder.cut_off()] == [TORN]
    assert decoder.cut_off() == []


def test_letters_outside_ascii_pass_as_utf_8_and_direction_marks_do_not():
    assert texts(read("Müller-豆腐\r".encode())) == ["Müller-豆腐"]
    assert read("abc\u202edef\r".encode())[0].error == UNREADABLE
    assert read(b"M\xfcller\r")[0].error == UNREADABLE

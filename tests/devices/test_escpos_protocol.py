"""What printers answer, told apart by fixed bits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.printer.escpos_protocol import (
    AnswerParser,
    PaperStatus,
    ProcessId,
    RealTimeStatus,
    fence_id,
    health_of,
    process_id,
    pulse,
    real_time_pulse,
)
from store.register.peripherals import Health


def test_answers_of_all_kinds_in_one_read_are_told_apart():
    stream = (
        b"\x12"
        + b"\x37\x220042\x00"
        + b"\x00"
        + b"\x5fTM-T88V\x00"
        + b"\x11\x13"
        + b"\x14\x00\x00\x0f"
        + b"\x1a"
    )
    assert AnswerParser().feed(stream) == [
        RealTimeStatus(0x12),
        ProcessId(b"0042"),
        PaperStatus(0),
        RealTimeStatus(0x1A),
    ]


def test_answers_may_arrive_byte_by_byte():
    parser = AnswerParser()
    found = [answer for byte in b"\x37\x220042\x00\x12" for answer in parser.feed(bytes([byte]))]
    assert found == [ProcessId(b"0042"), RealTimeStatus(0x12)]


@given(noise=st.binary(max_size=400))
def test_noise_on_the_line_never_stops_the_parser(noise):
    parser = AnswerParser()
    parser.feed(noise)
    parser.feed(b"\x00" * 80)  # the end of any block that noise began
    assert parser.feed(b"\x12")[-1:] == [RealTimeStatus(0x12)]


@pytest.mark.parametrize(
    ("answers", "health", "word"),
    [
        ((0x12, 0x12, 0x12), Health.READY, ""),
        ((0x12, 0x12, 0x1E), Health.READY, "nearly"),
        ((0x1A, 0x16, 0x12), Health.COVER_OPEN, "cover"),
        ((0x1A, 0x32, 0x7E), Health.PAPER_OUT, "paper"),
        ((0x12, 0x12, 0x72), Health.PAPER_OUT, "paper"),
        ((0x1A, 0x52, 0x12), Health.FAULT, "fault"),
        ((0x1A, 0x12, 0x12), Health.OFFLINE, "off-line"),
    ],
)
def test_status_bits_become_health_and_a_sentence(answers, health, word):
    found, detail = health_of(*answers)
    assert found is health
    assert word in detail
    assert bool(detail) is bool(word)


def test_the_pulse_is_complete_with_its_two_times():
    assert pulse(2) == b"\x1bp\x00\x19\xfa"
    assert pulse(5) == b"\x1bp\x01\x19\xfa"
    assert real_time_pulse(5) == b"\x10\x14\x01\x01\x01"


def test_fences_carry_four_digits_that_wrap_around():
    assert fence_id(7) == b"\x1d(H\x06\x00000007"
    assert process_id(12_345) == b"2345"

"""The simulated printer itself: paper as text, and faults that are what they say."""

import pytest

from dev_escpos_decoder import decode
from dev_printers import encoder, receipt
from dev_waiting import until
from devices.printer.escpos_paper import CommandSplitter, Paper
from devices.simulated.printer import Fault, SimulatedPrinter
from store.sale.document import Barcode, Cut, Document, Qr, Text
from store.sale.layout import render_text


@pytest.fixture(name="job")
def bytes_of_a_receipt() -> bytes:
    return encoder().encode(receipt(1)).data


def test_paper_reads_like_the_document_however_the_bytes_arrive(job):
    for size in (1, 7, 4096):
        splitter, paper = CommandSplitter(), Paper()
        for start in range(0, len(job), size):
            for command in splitter.feed(job[start : start + size]):
                paper.apply(command)
        assert paper.text() == "\n".join(render_text(receipt(1), 42)) + "\n"


def test_paper_and_the_decoder_of_the_tests_agree_on_text_style_and_symbols():
    document = Document(
        title="",
        elements=(
            Text(text="Größe €", bold=True, size=2),
            Barcode(data="A{B}1"),
            Qr(data="https://e.example/ü"),
            Cut(),
        ),
    )
    data = encoder().encode(document).data
    paper = Paper()
    for command in CommandSplitter().feed(data):
        paper.apply(command)
    [slip], [decoded] = paper.slips, decode(data).receipts
    assert [row.text for row in slip if not row.symbol] == decoded.rows == ["Größe €"]
    assert [row.text for row in slip if row.symbol] == decoded.codes == ["A{B}1", "https://e.example/ü"]
    assert (slip[0].bold, slip[0].size) == (decoded.bold[0], decoded.sizes[0]) == (True, 2)


async def test_without_paper_it_keeps_what_comes_and_prints_it_afterwards(job):
    device = SimulatedPrinter()
    device.misbehave(Fault.PAPER_OUT, after=40)
    device.receive(job)
    assert not device.paper.slips
    await device.recover()
    assert device.paper.text() == "\n".join(render_text(receipt(1), 42)) + "\n"


async def test_power_off_loses_the_rest_and_the_next_job_begins_clean(job):
    device = SimulatedPrinter()
    device.misbehave(Fault.POWER_OFF, after=40)
    device.receive(job)
    await device.recover()
    device.receive(job)
    assert len(device.paper.slips) == 1
    assert device.paper.slips[0][-1].text == render_text(receipt(1), 42)[-1]


async def test_a_pulse_between_reset_and_cut_is_counted_as_inside_a_receipt(job):
    device = SimulatedPrinter()
    device.receive(job[:60] + b"\x1bp\x00\x19\xfa" + job[60:])
    assert device.paper.pulses_inside_receipts == 1
    device.receive(b"\x1bp\x00\x19\xfa")
    assert (device.paper.pulses, device.paper.pulses_inside_receipts) == ([2, 2], 1)


async def test_a_serial_printer_answers_on_its_line(tmp_path):
    import os

    device = SimulatedPrinter()
    path = device.open_pty(tmp_path / "printer")
    fd = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    os.write(fd, b"\x10\x04\x01")
    answers = bytearray()

    def answered() -> bytes:
        try:
            answers.extend(os.read(fd, 16))
        except BlockingIOError:
            return b""
        return bytes(answers)

    await until(answered)
    assert bytes(answers) == b"\x12"
    os.close(fd)
    await device.close()

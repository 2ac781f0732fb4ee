"""From documents to ESC/POS, checked by a decoder that shares nothing with the encoder."""

import json
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dev_escpos_decoder import decode
from devices.errors import DeviceAddressError
from devices.printer.code_pages import EPSON_NUMBERS, CodePage
from devices.printer.escpos_encoder import EscposEncoder
from store.sale.document import Align, Barcode, Blank, Columns, Cut, Document, Qr, Rule, Table, Text
from store.sale.layout import display_width, lay_out, render_text


@pytest.fixture(scope="session")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("escpos")


def encoder(cache, columns=42, page="CP858") -> EscposEncoder:
    return EscposEncoder(columns=columns, page=CodePage(page), cache=cache)


def paper(*elements) -> Document:
    return Document(title="test", elements=elements)


RECEIPT = paper(
    Text(text="Käse & Brot OHG", align=Align.CENTER, bold=True, size=2),
    Text(text="Straße 1, 12345 Köln", align=Align.CENTER),
    Blank(),
    Columns(left="Äpfel Elstar 0.482 kg", right="1.44 A"),
    Columns(left="TOTAL EUR", right="13.26", bold=True),
    Rule(double=True),
    Table(rows=(("Tax", "Net", "Gross"), ("A 19%", "10.00", "11.90"), ("B 7%", "1.27", "1.36"))),
    Text(text="Danke! 5 € gespart", align=Align.RIGHT),
    Barcode(data="S0001-R01-000482"),
    Qr(data="https://example.com/r/1?a={b}"),
    Cut(),
)


@pytest.mark.parametrize("columns", [32, 42, 48])
def test_what_is_printed_is_what_was_laid_out(cache, columns):
    encoded = encoder(cache, columns).encode(RECEIPT)
    [receipt] = decode(encoded.data).receipts
    lines = [line for line in lay_out(RECEIPT, columns) if line.symbol is None]
    assert receipt.rows == [line.text.rstrip() for line in lines]
    assert receipt.bold == [line.bold for line in lines]
    assert receipt.sizes == [line.size for line in lines]
    assert receipt.codes == ["S0001-R01-000482", "https://example.com/r/1?a={b}"]
    assert receipt.cut
    assert encoded.replaced == ""


WORDS = st.text(st.sampled_from("abc XYZ 019 äöüß €§ éñ ,.;-+*/%&()"), max_size=60)
ELEMENTS = st.one_of(
    st.builds(Text, text=WORDS, align=st.sampled_from(Align), bold=st.booleans()),
    st.builds(Columns, left=WORDS, right=st.from_regex(r"\A-?[0-9]{1,5}\.[0-9]{2}\Z"), bold=st.booleans()),
    st.builds(Rule, double=st.booleans()),
    st.builds(Blank, lines=st.integers(0, 3)),
)


@settings(max_examples=60)
@given(elements=st.lists(ELEMENTS, max_size=15), columns=st.sampled_from([32, 42, 48]))
def test_decoded_paper_equals_the_text_of_the_document(cache, elements, columns):
    document = paper(*elements)
    [receipt] = decode(encoder(cache, columns).encode(document).data).receipts
    assert receipt.rows == [row.rstrip() for row in render_text(document, columns)]


@settings(max_examples=60)
@given(text=st.text(max_size=80), page=st.sampled_from(sorted(EPSON_NUMBERS)))
def test_no_text_becomes_a_command_and_no_line_grows(cache, text, page):
    document = paper(Columns(left=text, right="1.00"), Text(text=text), Barcode(data=text), Qr(data=text))
    [receipt] = decode(encoder(cache, page=page).encode(document).data).receipts
    assert all(display_width(row) <= 42 for row in receipt.rows)


def test_escape_sequences_and_direction_marks_in_a_name_print_as_harmless_letters(cache):
    name = "\x1b@\x1bp\x00\x19\xfa\x10\x14\x01Milk\u202e\x9b2J\x7f"
    stream = decode(encoder(cache).encode(paper(Columns(left=name, right="1.09"))).data)
    assert stream.pulses == []
    assert stream.receipts[0].rows == ["@púMilk2J                             1.09"]


def test_every_job_resets_first_selects_its_page_then_and_cuts_last(cache):
    data = encoder(cache).encode(paper(Text(text="€"), Text(text="€"))).data
    assert data.startswith(b"\x1b@\x1bR\x00\x1bt\x13")
    assert data.endswith(b"\xd5\n\xd5\n\x1dVB\x00")
    assert data.count(b"\x1bt") == 1


def test_characters_outside_the_page_are_replaced_in_place_and_named(cache):
    encoded = encoder(cache).encode(paper(Columns(left="Łosoś 豆腐 – ša", right="7.90")))
    [receipt] = decode(encoded.data).receipts
    assert receipt.rows == ["Losos ???? - sa                       7.90"]
    assert encoded.replaced == "Łśš–腐豆"


def test_letters_made_of_two_characters_are_printed_as_one(cache):
    encoded = encoder(cache).encode(paper(Columns(left="Mu\u0308ller", right="1.00")))
    assert decode(encoded.data).receipts[0].rows[0].startswith("Müller ")
    assert encoded.replaced == ""


def test_polish_prints_in_full_on_its_own_page(cache):
    encoded = encoder(cache, page="CP852").encode(paper(Text(text="zażółć gęślą jaźń")))
    assert decode(encoded.data).receipts[0].rows == ["zażółć gęślą jaźń"]
    assert encoded.replaced == ""


def test_the_printers_own_number_of_a_page_can_be_given(cache):
    other = EscposEncoder(columns=42, page=CodePage("CP858", 13), cache=cache)
    assert b"\x1bt\x0d" in other.encode(paper()).data


def test_an_unknown_code_page_is_refused_with_the_known_ones():
    with pytest.raises(DeviceAddressError) as refusal:
        CodePage("UTF-8")
    assert refusal.value.reason == (
        'The code page "UTF-8" is not known. Known are CP437, CP850, CP852, CP858, CP866, CP1252.'
    )


@pytest.mark.parametrize("data", ["ü", "x" * 60, "a\x1bp", ""])
def test_a_barcode_that_cannot_be_drawn_is_printed_as_text(cache, data):
    [receipt] = decode(encoder(cache).encode(paper(Barcode(data=data), Cut())).data).receipts
    assert receipt.codes == []
    assert receipt.cut


def test_a_document_without_a_cut_gets_one_and_two_cuts_make_two_slips_of_one_job(cache):
    assert decode(encoder(cache).encode(paper(Text(text="a"))).data).receipts[0].cut
    assert encoder(cache).encode(paper(Text(text="a"), Cut())).data.count(b"\x1dVB") == 1


def run_python(code: str, home) -> object:
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    return json.loads(result.stdout)


def test_importing_the_factory_loads_neither_escpos_nor_pyserial(tmp_path):
    code = (
        "import json, sys; import devices.factory\n"
        "print(json.dumps([n for n in ('escpos', 'serial', 'PIL', 'yaml', 'wcwidth') if n in sys.modules]))"
    )
    assert run_python(code, tmp_path) == []


def test_loading_escpos_leaves_logging_temporary_files_and_the_environment_alone(tmp_path):
    temporary, cache = tmp_path / "temporary", tmp_path / "cache"
    temporary.mkdir()
    code = f"""
import json, logging, os, tempfile
from pathlib import Path
tempfile.tempdir = {str(temporary)!r}
environment = dict(os.environ)
from devices.printer.code_pages import CodePage
from devices.printer.escpos_encoder import EscposEncoder
EscposEncoder(columns=42, page=CodePage("CP858"), cache=Path({str(cache)!r})).prepare()
print(json.dumps({{"handlers": len(logging.getLogger().handlers), "level": logging.getLogger().level,
    "left": os.listdir(tempfile.gettempdir()), "same": dict(os.environ) == environment,
    "tempdir": tempfile.tempdir}}))
"""
    assert run_python(code, tmp_path) == {
        "handlers": 0, "level": 30, "left": [], "same": True, "tempdir": str(temporary)
    }  # fmt: skip
    kept = [path.name for path in cache.iterdir()]
    assert len(kept) == 1
    assert kept[0].endswith(".capabilities.pickle")


def test_a_cache_torn_by_a_power_cut_is_made_again(tmp_path):
    code = f"""
import json, platform
from pathlib import Path
from devices.printer.code_pages import CodePage
from devices.printer.escpos_encoder import EscposEncoder
torn = Path({str(tmp_path)!r}) / f"{{platform.python_version()}}.capabilities.pickle"
torn.write_bytes(b"\\x80\\x02}}")
EscposEncoder(columns=42, page=CodePage("CP858"), cache=torn.parent).prepare()
print(json.dumps(torn.stat().st_size > 10_000))
"""
    assert run_python(code, tmp_path) is True


def test_a_cache_that_cannot_be_written_is_a_sentence(tmp_path):
    from devices.errors import DeviceError

    (tmp_path / "file").write_text("")
    with pytest.raises(DeviceError) as refusal:
        encoder(tmp_path / "file" / "cache").prepare()
    assert refusal.value.reason.startswith("python-escpos cannot be loaded: ")

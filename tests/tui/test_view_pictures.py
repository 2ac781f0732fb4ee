"""Every screen in every size, as text that a person can compare; and what holds for all of them."""

import os
from pathlib import Path

import pytest

from store.register.view import LineView, Mode, ShiftPanel
from tui.keymap import build_keymap
from tui.layout import with_layout
from tui.view.canvas import Picture
from tui.view.local import Overlay
from tui.view.screen import draw
from tui_views import CLOCK, HEADER, base, local, sale, screens

PICTURES = Path(__file__).parent / "pictures"
SIZES = ((80, 24), (60, 20), (132, 43))
SAFE = set("─│┌┐└┘├┤┬┴┼═║╔╗╚╝█░▒←→↑↓▲▼·•£¥¢") | {chr(code) for code in range(32, 127)}
"""What every console's font has: screens use nothing else of their own."""
KEYMAP = build_keymap()


def picture(name: str, width: int, height: int) -> Picture:
    view, state = screens()[name]
    keymap, complaints = with_layout(KEYMAP, view.layout if view is not None else ())
    assert complaints == ()
    return draw(view, state, width, height, CLOCK, keymap)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", screens())
def test_screen_looks_as_agreed(name: str, size: tuple[int, int]):
    seen = picture(name, *size).text() + "\n"
    kept = PICTURES / f"{name}-{size[0]}x{size[1]}.txt"
    if os.environ.get("OUTPOST_KEEP_PICTURES"):
        kept.parent.mkdir(exist_ok=True)
        kept.write_text(seen, encoding="utf-8")
    assert seen == kept.read_text(encoding="utf-8")


def test_no_picture_is_kept_of_a_screen_that_is_gone():
    wanted = {f"{name}-{width}x{height}.txt" for name in screens() for width, height in SIZES}
    assert {path.name for path in PICTURES.iterdir()} == wanted


@pytest.mark.parametrize("name", screens())
def test_screens_draw_only_characters_that_every_console_has(name: str):
    for width, height in SIZES:
        strange = set(picture(name, width, height).text()) - SAFE - {"\n"}
        assert not strange


@pytest.mark.parametrize("name", screens())
def test_every_size_gives_full_rows_and_a_cursor_inside(name: str):
    for width, height in ((80, 24), (60, 20), (61, 21), (75, 24), (76, 20), (99, 50), (200, 70)):
        seen = picture(name, width, height)
        assert [len(row) for row in seen.chars] == [width] * height
        if seen.cursor is not None:
            assert 0 <= seen.cursor[0] <= width
            assert 0 <= seen.cursor[1] < height


@pytest.mark.parametrize("size", [(59, 24), (80, 19), (10, 3), (1, 1), (40, 24)])
def test_a_window_too_small_says_so_in_words(size: tuple[int, int]):
    seen = draw(sale(), local(), *size, CLOCK, KEYMAP)
    assert len(seen.chars) == size[1]
    if size[0] >= 30:
        assert f"The window is {size[0]}x{size[1]}." in seen.text()
        assert "60x20" in seen.text()


@pytest.mark.parametrize("width", [60, 80, 132])
@pytest.mark.parametrize("name", [name for name in screens() if name not in ("starting", "sale-waiting")])
def test_the_header_always_has_connection_counts_and_clock(name: str, width: int):
    view, _ = screens()[name]
    header = picture(name, width, 24).text().splitlines()[0]
    assert view.header.connection in header
    assert f"up {view.header.up}  down {view.header.down}  {CLOCK}" in header


def test_a_core_that_is_away_is_named_in_the_header():
    assert "WAITING FOR THE REGISTER CORE" in picture("sale-waiting", 60, 20).text()


def test_wide_characters_count_two_and_columns_stay_aligned():
    lines = (LineView(1, "緑茶 玄米茶 たっぷり徳用 五百グラム入り お得なパック", "2", "", 498, 996, "7"),)
    seen = draw(sale(lines=lines, count=1, selected=1), local(), 80, 24, CLOCK, KEYMAP)
    row = seen.chars[2]
    assert "".join(row[41:51]).strip() == "9.96"
    assert row[51] == "│"
    assert "2 x 4.98" in "".join(row)


def test_steering_characters_in_a_name_never_reach_the_screen():
    nasty = "Milk\x1b[2J\u202eevil\u200b\x07\r\n\x9b31m"
    seen = draw(
        sale(lines=(LineView(1, nasty, "1", "", 1, 1, "7"),), count=1), local(), 80, 24, CLOCK, KEYMAP
    ).text()
    assert not set("\x1b\u202e\u200b\x07\r\x9b") & set(seen)
    assert "Milk" in seen


def test_names_are_cut_before_numbers_are():
    row = picture("sale", 60, 20).text().splitlines()[5]
    assert row.rstrip("│").endswith("33.48")
    assert "12 x 2.79" in row
    assert "~" in row


def test_a_pin_is_dots():
    seen = picture("sign-in-pin", 80, 24).text()
    assert "••••••" in seen
    assert "101101" not in seen


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"readiness": "", "supports_offline": True}, "ready to sell offline"),
        ({"readiness": "", "supports_offline": False}, "sells only while the server answers"),
        ({"readiness": "1060 Staff missing.", "supports_offline": False}, "1060 Staff missing."),
    ],
)
def test_readiness_never_calls_a_register_without_an_offline_database_ready(facts: dict, words: str):
    view, state = screens()["connection"]
    told = local(overlay=Overlay.CONNECTION, answer={**state.answer, **facts})
    [row] = [row for row in draw(view, told, 80, 24, CLOCK, KEYMAP).text().splitlines() if "Readiness" in row]
    assert words in row
    assert ("ready to sell" in row) == (words == "ready to sell offline")


def test_the_sign_in_promises_no_badge_for_few_stores_have_them():
    view, _ = screens()["sign-in"]
    for state in (local(), local(overlay=Overlay.HELP)):
        seen = draw(view, state, 80, 24, CLOCK, KEYMAP).text()
        assert "number" in seen
        assert "badge" not in seen


def test_keys_that_cannot_be_used_are_not_drawn():
    strip = (
        draw(base(Mode.SALE, operations=(139, 917)), local(), 80, 24, CLOCK, KEYMAP).text().splitlines()[-1]
    )
    assert strip.split() == ["F1Help", "F9Disconnect", "F10Menu", "F12Pay"]


def test_f9_is_named_by_what_it_does():
    assert "F9Disconnect" in picture("sale", 80, 24).text()
    assert "F9Connect" in picture("sale-offline", 80, 24).text()


def test_the_strip_drops_whole_keys_and_keeps_pay_longest():
    for width in range(60, 81):
        strip = picture("sale", width, 24).text().splitlines()[-1]
        assert "F12Pay" in strip
        assert "F1Help" in strip
        assert not strip.rstrip().endswith("~")


def test_training_and_watching_are_words():
    import msgspec

    view = sale(header=msgspec.structs.replace(HEADER, training=True))
    header = draw(view, local(watching=True), 80, 24, CLOCK, KEYMAP).text().splitlines()[0]
    assert "TRAINING" in header
    assert "WATCHING" in header


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_a_report_printed_again_before_the_shift_opens_is_shown_as_paper(size):
    view = base(
        Mode.SHIFT, shift=ShiftPanel(number=2), paper=("Z REPORT", "COPY 1"), paper_title="Z report, shift 1"
    )
    text = draw(view, local(), *size, CLOCK, KEYMAP).text()
    for words in ("Z REPORT", "COPY 1", "Z report, shift 1"):
        assert words in text

"""Any view, any local state, any size: a full picture of safe characters, and never an error."""

import unicodedata

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from store.register import view as views
from tui.keymap import build_keymap
from tui.palette import PALETTES, PaletteName
from tui.view.canvas import changed
from tui.view.local import Link, Local, Note, Overlay
from tui.view.screen import draw
from tui.view.text import amount_text, clean, cut, left, width_of, wrap
from tui_views import CLOCK

QUICK = (Phase.explicit, Phase.reuse, Phase.generate)
"""Values as large as these take minutes to shrink."""
TEXT = st.text(max_size=30)
AMOUNT = st.integers(-10_000_000_00, 10_000_000_00)
LINE = st.builds(
    views.LineView, st.integers(1, 200), TEXT, TEXT, TEXT, AMOUNT, AMOUNT, TEXT, st.booleans(), TEXT
)
TENDER = st.builds(views.TenderView, st.integers(1, 9), TEXT, TEXT, AMOUNT, AMOUNT)
TAX = st.builds(views.TaxView, TEXT, TEXT, AMOUNT, st.booleans())
REFUSED = st.builds(views.RefusedScan, TEXT, TEXT)


def some(strategy, size: int = 20):
    return st.lists(strategy, max_size=size).map(tuple)


TENDER_PANEL = st.builds(
    views.TenderPanel, taken=some(TENDER), exact_cash=AMOUNT, round_amounts=some(AMOUNT, 4)
)
PAID_PANEL = st.builds(
    views.PaidPanel, receipt_no=TEXT, taken=some(TENDER), print_state=TEXT, paper=some(TEXT)
)
VIEW = st.builds(
    views.View,
    epoch=st.just("e"),
    seq=st.integers(0, 9),
    mode=st.sampled_from(views.Mode),
    entry=st.sampled_from(views.Entry),
    header=st.builds(
        views.Header,
        register=TEXT,
        store=TEXT,
        operator=TEXT,
        shift=st.integers(0, 10**6),
        connection=st.sampled_from(["ONLINE", "OFFLINE auto", "OFFLINE manual", "BLOCKED"]),
        reason=TEXT,
        up=st.integers(0, 10**6),
        down=st.integers(0, 99),
        training=st.booleans(),
    ),
    exponent=st.integers(0, 3),
    first=st.integers(0, 100),
    count=st.integers(0, 200),
    selected=st.integers(0, 200),
    lines=some(LINE, 40),
    totals=st.builds(views.Totals, items=TEXT, total=AMOUNT, taxes=some(TAX), due=AMOUNT, paid=AMOUNT),
    tender=st.none()
    | st.builds(views.TenderPanel, taken=some(TENDER), exact_cash=AMOUNT, round_amounts=some(AMOUNT, 4)),
    paid=st.none()
    | st.builds(views.PaidPanel, receipt_no=TEXT, taken=some(TENDER), print_state=TEXT, paper=some(TEXT)),
    sign_on=st.none() | st.builds(views.SignOnPanel, operator=TEXT, sale_open=st.booleans(), facts=TEXT),
    shift=st.none()
    | st.builds(views.ShiftPanel, number=st.integers(0, 99), rows=some(st.tuples(TEXT, TEXT))),
    question=st.none()
    | st.builds(
        views.Question,
        id=st.just("q"),
        kind=TEXT,
        title=TEXT,
        lines=some(TEXT),
        guarded=st.booleans(),
        yes=TEXT,
        no=TEXT,
        choices=some(st.builds(views.Choice, TEXT, TEXT), 60),
    ),
    message=st.builds(views.Message, text=st.text(max_size=200), tone=st.sampled_from(views.Tone)),
    refused=some(REFUSED),
    operations=some(st.sampled_from([101, 139, 201, 211, 500, 917, 9900])),
    demo=st.booleans(),
)
ANSWER = st.dictionaries(
    st.sampled_from(["items", "mode", "reason", "data_sets", "uploads", "rows", "oldest", "error"]),
    st.none() | TEXT | st.integers() | st.lists(TEXT | st.dictionaries(TEXT, TEXT) | st.lists(TEXT)),
)
LOCAL = st.builds(
    Local,
    entry=TEXT,
    masked=st.booleans(),
    overlay=st.none() | st.sampled_from(Overlay),
    chosen=st.integers(0, 50),
    scroll=st.integers(0, 50),
    answer=ANSWER,
    asked=TEXT,
    note=st.none() | st.builds(Note, TEXT, st.sampled_from(views.Tone)),
    refused=some(REFUSED),
    link=st.sampled_from(Link),
    why=TEXT,
    unanswered=st.integers(0, 200),
    top=st.integers(0, 100),
    watching=st.booleans(),
)
SIZE = st.tuples(st.integers(1, 140), st.integers(1, 50))


@settings(max_examples=80, phases=QUICK)
@given(st.none() | VIEW, LOCAL, SIZE)
def test_any_view_in_any_window_is_a_full_picture_of_printable_characters(view, local, size):
    picture = draw(view, local, *size, CLOCK, build_keymap())
    assert len(picture.chars) == size[1]
    for row in picture.chars:
        assert len(row) == size[0]
        assert sum(width_of(cell) for cell in row) == size[0]
    assert not {char for char in picture.text() if unicodedata.category(char) in ("Cc", "Cf", "Cs")} - {"\n"}


@settings(max_examples=40, phases=QUICK)
@given(VIEW, VIEW, LOCAL, st.sampled_from(PaletteName))
def test_the_cells_that_look_different_are_inside_the_spans(one, other, local, palette):
    old, new = (draw(view, local, 80, 24, CLOCK, build_keymap()) for view in (one, other))
    looks = {role: str(look) for role, look in PALETTES[palette].items()}
    for y in range(24):
        spans = changed(old, new, y, looks)
        inside = [x for first, end in spans for x in range(first, end)]
        assert inside == sorted(set(inside))
        assert {x for x in range(80) if _cell(old, x, y, looks) != _cell(new, x, y, looks)} <= set(inside)
        for first, end in spans:
            assert new.chars[y][first] != ""
            assert end == 80 or new.chars[y][end] != ""


def _cell(picture, x, y, looks):
    return picture.chars[y][x], looks[picture.roles[y][x]]


@given(st.text(max_size=60), st.integers(0, 30))
def test_cutting_and_filling_keep_the_width(text, width):
    text = clean(text)
    assert width_of(cut(text, width)) <= max(0, width)
    assert width_of(left(text, width)) == width
    assert all(width_of(row) <= max(width, 1) for row in wrap(text, max(width, 1)))


def test_amounts_are_written_with_the_digits_of_their_currency():
    assert [amount_text(1326, places) for places in (0, 2, 3)] == ["1326", "13.26", "1.326"]
    assert [amount_text(amount, 2) for amount in (0, 5, -5, -1326)] == ["0.00", "0.05", "-0.05", "-13.26"]

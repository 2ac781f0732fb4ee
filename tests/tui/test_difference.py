"""What is sent from one picture to the next: a terminal that gets only that shows the next picture."""

import msgspec
import pyte
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from tui.palette import PaletteName
from tui.view.canvas import Canvas, Picture
from tui.view.roles import Role
from tui.widgets.rows import Rows

WIDTH, HEIGHT = 30, 2
PLACED = st.tuples(
    st.integers(0, WIDTH - 1),
    st.integers(0, HEIGHT - 1),
    st.text(st.sampled_from("ab 1漢字"), max_size=12),
    st.sampled_from(Role),
)


class Console256(Rows):
    """The widget without an app around it, on a terminal with 256 colours."""

    console = Console(color_system="256", force_terminal=True)

    @property
    def app(self):
        return self

    def refresh(self, *_regions, **_options):
        return self


def picture_of(placed, cursor=(0, 0)) -> Picture:
    canvas = Canvas(WIDTH, HEIGHT)
    for x, y, text, role in placed:
        canvas.put(x, y, text, role)
    canvas.cursor = cursor
    return canvas.picture()


def whole(rows: Rows, picture: Picture) -> str:
    """Everything, from nothing: the way every cell would be sent."""
    empty = Picture(WIDTH, HEIGHT, (("\0",) * WIDTH,) * HEIGHT, ((Role.TEXT,) * WIDTH,) * HEIGHT)
    rows._picture = empty
    sent = rows.show(picture)
    return sent.render_segments(rows.console) if sent else ""


def cells(screen: pyte.Screen) -> list[tuple]:
    return [screen.buffer[y][x] for y in range(HEIGHT) for x in range(WIDTH)]


@settings(max_examples=200)
@given(st.lists(PLACED, max_size=6), st.lists(PLACED, max_size=6), st.sampled_from(PaletteName))
def test_a_terminal_that_gets_the_difference_shows_what_it_would_show_after_everything(
    before, after, palette
):
    rows, old, new = Console256(palette), picture_of(before), picture_of(after)
    shown, expected = pyte.Screen(WIDTH, HEIGHT), pyte.Screen(WIDTH, HEIGHT)
    pyte.Stream(expected).feed(whole(rows, new))
    terminal = pyte.Stream(shown)
    terminal.feed(whole(rows, old))
    sent = rows.show(new)
    terminal.feed(sent.render_segments(rows.console) if sent else "")
    assert cells(shown) == cells(expected)


def test_equal_pictures_send_nothing_and_a_moved_cursor_is_an_update():
    rows, picture = Console256(PaletteName.COLOURS), picture_of([(3, 1, "abc", Role.TEXT)])
    whole(rows, picture)
    assert rows.show(picture) is None
    moved = rows.show(msgspec.structs.replace(picture, cursor=(5, 1)))
    assert moved is not None
    assert moved.render_segments(rows.console) == ""


def test_roles_that_look_alike_send_nothing():
    rows = Console256(PaletteName.COLOURS)
    whole(rows, picture_of([(0, 0, "milk", Role.CURRENT)]))
    assert rows.show(picture_of([(0, 0, "milk", Role.TEXT)])) is None


def test_another_size_is_drawn_whole():
    rows = Console256(PaletteName.COLOURS)
    whole(rows, picture_of([]))
    assert rows.show(Canvas(WIDTH + 1, HEIGHT).picture()) is None

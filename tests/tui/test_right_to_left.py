"""Names from right to left and wide ones on the screen: the amounts beside them stay in their column."""

import msgspec

from store.register.view import LineView, Message, Question
from tui.keymap import build_keymap
from tui.view.local import Link, Local
from tui.view.screen import draw
from tui.view.text import left, width_of
from tui_views import sale

KEYMAP = build_keymap()


def drawn(view) -> list[str]:
    return draw(view, Local(link=Link.CONNECTED), 80, 24, "14:03", KEYMAP).text().splitlines()


def sale_with(*names):
    view = sale()
    lines = tuple(LineView(n, name, "1", "pcs", 199, 199, "7") for n, name in enumerate(names, 1))
    return msgspec.structs.replace(view, lines=lines, first=0, count=len(lines), selected=1)


def test_amounts_of_names_from_right_to_left_and_of_wide_names_stand_in_one_column():
    rows = [row for row in drawn(sale_with("חלב 3% טרי", "牛奶 1 l", "خبز", "Milk")) if "1.99" in row][:4]
    assert {width_of(row[: row.index("1.99")]) for row in rows} == {
        width_of(rows[-1][: rows[-1].index("1.99")])
    }
    assert "ירט 3% בלח" in rows[0]


def test_a_sentence_and_a_question_show_a_name_as_it_is_read():
    view = msgspec.structs.replace(
        sale_with("Milk"),
        message=Message(text="חלב is not on file.", number=2),
        question=Question(id="q1", kind="price", title="Price", lines=("Price of חלב",)),
    )
    text = "\n".join(drawn(view))
    assert "בלח" in text and "חלב" not in text


def test_a_cell_is_filled_to_its_width():
    for name in ("חלב", "牛奶", "Käse", "خبز 500 g"):
        assert width_of(left(name, 12)) == 12

"""A question of the core, in a box over the sale."""

from store.register.view import Choice, Question
from store.sale.bidi import visual
from store.sale.language import phrase
from tui.keymap import Keymap, key_name
from tui.view.bars import answer_text
from tui.view.canvas import Canvas
from tui.view.frame import Box, boxed, line
from tui.view.roles import Role
from tui.view.text import clean, left, width_of, wrap

BOX_WIDTH = 50
WIDEST_BOX = 74
MARK = ">"
"""Before the row that Enter alone takes."""


def draw_question(canvas: Canvas, question: Question, keymap: Keymap, over: Box) -> None:
    """The box lies low in the panel, so that the newest sale lines stay in sight above it where they can."""
    most = over.width - 2 if over.width < BOX_WIDTH + 6 else min(over.width - 4, WIDEST_BOX)
    width = min(most, BOX_WIDTH if not question.choices else most)
    texts = [visual(row) for text in question.lines for row in (wrap(clean(text), width - 4) or [""])]
    answers = _answers(question, keymap, width - 4)
    room = over.height - 2
    most_rows = room - len(texts) - len(answers) - 2
    choices = _list(question, width - 4, most_rows) if question.selected else []
    choices = choices or _columns(question.choices, width - 4, most_rows)
    body = [*texts, *choices][: room - len(answers) - 1]
    gap = 1 if len(body) + len(answers) < room else 0
    height = len(body) + len(answers) + gap + 2
    y = over.bottom - height if height >= over.height - 3 else over.y + (over.height - height) * 2 // 3
    box = boxed(canvas, over.x + 1, y, width, height, clean(question.title), Role.QUESTION)
    for row, text in enumerate(body):
        current = question.selected and text.startswith(MARK)
        line(canvas, box, row, text, Role.CURRENT if current else Role.QUESTION, 1)
    for row, text in enumerate(answers):
        line(canvas, box, len(body) + gap + row, text, Role.QUESTION, 1)


def _answers(question: Question, keymap: Keymap, width: int) -> list[str]:
    """How to answer; a guarded question only by keys that no scanner sends."""
    if not question.guarded:
        return [phrase("Esc goes back.")]
    yes = f"{key_name(keymap.by_id['yes'].key)} {clean(answer_text(question.yes))}"
    no = f"{key_name(keymap.by_id['no'].key)} {clean(answer_text(question.no))}"
    if width_of(yes) + width_of(no) + 3 > width:
        return [yes, no]
    return [left(yes, max(width_of(yes) + 3, width // 2)) + no]


def _list(question: Question, width: int, rows: int) -> list[str]:
    """One choice a row with its amount at the right edge; as many around the selected one as there is room for."""
    if rows < 1:
        return []
    choices = question.choices
    at = next((place for place, choice in enumerate(choices) if choice.key == question.selected), 0)
    first = max(0, min(at - rows // 2, len(choices) - rows))
    key_width = max(width_of(choice.key) for choice in choices)
    texts = []
    for place, choice in list(enumerate(choices))[first : first + rows]:
        mark, end = MARK if place == at else " ", clean(choice.right)
        room = width - key_width - 4 - width_of(end)
        texts.append(
            f"{mark}{clean(choice.key):>{key_width}} {left(clean(choice.label), room)} {end}".rstrip()
        )
    return texts


def _columns(choices: tuple[Choice, ...], width: int, rows: int) -> list[str]:
    """The list in as few columns as fit into `rows`, read downwards."""
    if not choices or rows < 1:
        return []
    columns = min(3, -(-len(choices) // rows))
    size = -(-len(choices) // columns)
    cell = (width - 2 * (columns - 1)) // columns
    key_width = max(width_of(choice.key) for choice in choices)
    texts = [left(f"{clean(choice.key):>{key_width}}  {clean(choice.label)}", cell) for choice in choices]
    return ["  ".join(texts[row::size]).rstrip() for row in range(min(size, rows))]

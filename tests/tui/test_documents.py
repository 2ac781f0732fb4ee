"""docs/keys.md and the pictures of docs/screens.md come from the registry and the screens themselves."""

import os
from pathlib import Path

import pytest

from tui.keymap import Action, Keymap, Place, build_keymap, key_name
from tui.screens.drawing import draw_svg
from tui.view.screen import draw
from tui_views import CLOCK, screens

DOCS = Path(__file__).parents[2] / "docs"
SHOWN = (
    "sign-in",
    "sale",
    "sale-offline",
    "sale-refused",
    "question-guarded",
    "count-sheet",
    "return-picker",
    "pay",
    "paid-paper",
    "find",
    "menu",
    "connection",
    "connection-downloads",
)
BEGIN, END = "<!-- keys: made from tui/keymap.py -->", "<!-- end of keys -->"
PLACES = {
    Place.LOCKED: "sign-in",
    Place.SHIFT: "no shift",
    Place.IDLE: "ready",
    Place.SALE: "sale",
    Place.TENDER: "pay",
    Place.PAID: "paid",
    Place.CLOSING: "close shift",
    Place.QUESTION: "question",
    Place.GUARDED: "guarded question",
    Place.CONNECTION: "connection status",
}


def kept(path: Path, content: str) -> str:
    """What the document holds; with OUTPOST_KEEP_PICTURES set it is written first."""
    if os.environ.get("OUTPOST_KEEP_PICTURES"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", SHOWN)
def test_pictures_in_the_documents_are_of_the_real_screens(name: str):
    view, local = screens()[name]
    drawn = draw_svg(draw(view, local, 80, 24, CLOCK, build_keymap()), name)
    assert kept(DOCS / "screens" / f"{name}.svg", drawn) == drawn


def test_every_picture_in_the_documents_is_shown_by_the_page():
    page = (DOCS / "screens.md").read_text(encoding="utf-8")
    names = {path.stem for path in (DOCS / "screens").glob("*.svg")}
    assert names == set(SHOWN)
    assert all(f"screens/{name}.svg" in page for name in names)


def test_the_table_of_keys_is_that_of_the_registry():
    page = (DOCS / "keys.md").read_text(encoding="utf-8")
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    wanted = f"{before}{BEGIN}\n\n{table(build_keymap())}\n{END}{after}"
    assert kept(DOCS / "keys.md", wanted) == wanted


def table(keymap: Keymap) -> str:
    head = "| key | name in `[keys]` | number | where | what it does |\n| --- | --- | --- | --- | --- |\n"
    return head + "".join(row(action) for action in keymap.actions)


def row(action: Action) -> str:
    shown = [name for place, name in PLACES.items() if place in action.places]
    where = "everywhere" if len(shown) == len(PLACES) else ", ".join(shown)
    return f"| {key_name(action.key)} | `{action.id}` | {action.operation or ''} | {where} | {action.sentence} |\n"

"""The journal (115) on the screen: chosen in a list, read as paper, gone on with."""

from store.register.intents import IntentKind
from store.register.view import Mode
from tui.view.journal import document_rows, journal_title
from tui.view.local import Overlay
from tui.view.screen import draw
from tui_views import CLOCK, base
from tui_wires import key, router_in, type_in

ROWS = [
    {"txn_id": "t2", "kind": "sale", "receipt": "S0001-R01-000002", "total": 1599, "at": "2026-11-24T12:05:00Z",
     "utc_offset_min": 60, "state": "waiting"},
    {"txn_id": "t1", "kind": "void", "total": 300, "at": "2026-11-24T12:01:00Z", "state": "acknowledged"},
]  # fmt: skip
PAPER = {"title": "Receipt S0001-R01-000002", "rows": [f"row {n}" for n in range(60)], "txn_id": "t2"}


def open_journal():
    router, wires = router_in(base(Mode.IDLE))
    type_in(router, "/115\r")
    assert router.local.overlay is Overlay.JOURNAL and wires.asked == [("journal", "")]
    router.answered("journal", "", {"records": ROWS})
    return router, wires


def shown(router):
    picture = draw(router.view, router.local, 80, 24, CLOCK, router.keymap)
    return ["".join(row) for row in picture.chars]


def test_the_list_shows_time_number_kind_total_and_what_waits():
    router, _ = open_journal()
    rows = shown(router)
    assert any("2026-11-24 13:05  S0001-R01-000002" in row and "15.99  waiting" in row for row in rows)
    assert any("Voided sale" in row and "3.00" in row for row in rows)


def test_a_narrow_window_keeps_the_amounts():
    router, _ = open_journal()
    picture = draw(router.view, router.local, 60, 20, CLOCK, router.keymap)
    rows = ["".join(row) for row in picture.chars]
    assert any("11-24 13:05 S0001-R01-000002" in row and "15.99 *" in row for row in rows)
    assert any("Voided sale" in row and " 3.00" in row for row in rows)


def test_enter_shows_the_paper_enter_again_asks_what_to_do_and_esc_goes_back():
    router, wires = open_journal()
    router.press(key("enter"))
    assert wires.asked[-1] == ("document", "t2")
    router.answered("document", "t2", PAPER)
    assert document_rows(router.local) and journal_title(router.local) == PAPER["title"]
    router.press(key("pagedown"))
    assert router.local.scroll > 0
    router.press(key("escape"))
    assert wires.asked[-1] == ("journal", "") and router.local.overlay is Overlay.JOURNAL
    router.answered("journal", "", {"records": ROWS})
    router.press(key("enter"))
    router.answered("document", "t2", PAPER)
    router.press(key("enter"))
    sent = wires.sent[-1]
    assert (sent.kind, sent.arg, sent.operation) == (IntentKind.OPERATION, "t2", 115)
    assert router.local.overlay is None


def test_what_is_typed_looks_for_a_number_or_an_amount():
    router, wires = open_journal()
    type_in(router, "15.99")
    router.paused()
    assert wires.asked[-1] == ("journal", "15.99")
    router.answered("journal", "15.99", {"records": []})
    assert any("No transaction has that number or amount." in row for row in shown(router))
    router.press(key("enter"))
    assert router.local.note is not None and "Nothing chosen" in router.local.note.text
    router.press(key("escape"))
    assert router.local.overlay is None


def test_a_failed_question_is_said():
    router, _ = open_journal()
    router.press(key("enter"))
    router.answered("document", "t2", {"error": "The journal cannot be read."})
    assert any("The journal cannot be read." in row for row in shown(router))

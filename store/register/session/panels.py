"""Panels over the sale that want nothing: a scan, text or an operation closes them and does what it always does."""

from store.register.session import customer_desk, line_facts_desk, overview_desk, why_price
from store.register.session.errand import Panel
from store.register.session.work import Work
from store.register.view import Entry

PANELS = overview_desk.PANELS | {
    why_price.KIND,
    line_facts_desk.DETAILS,
    customer_desk.DETAILS,
    "inventory",
    "health",
}
"""Kinds of question that are panels."""


def show_panel(work: Work, panel: Panel) -> None:
    """Lay a panel over the sale; while a question is open, or nobody is signed in, only its sentence is said."""
    if work.state.asked is None and work.state.role:
        work.ask(panel.kind, panel.title, Entry.CODE, lines=panel.lines)
    work.say(panel.sentence)


def close_panel(work: Work) -> None:
    """Close the panel that is open; a question stays."""
    if work.state.asked is not None and work.state.asked.question.kind in PANELS:
        work.put(asked=None)

"""Panels over the sale that want nothing: a scan, text or an operation closes them and does what it always does."""

from store.register.session import customer_desk, line_facts_desk, overview_desk, why_price
from store.register.session.work import Work

PANELS = overview_desk.PANELS | {
    why_price.KIND,
    line_facts_desk.DETAILS,
    customer_desk.DETAILS,
    "inventory",
    "health",
}
"""Kinds of question that are panels."""


def close_panel(work: Work) -> None:
    """Close the panel that is open; a question stays."""
    if work.state.asked is not None and work.state.asked.question.kind in PANELS:
        work.put(asked=None)

"""What a screen lays over the sale by itself: help, search, menu, connection status, refused scans.

The core knows nothing of these. What is typed meanwhile belongs to them; the entry line under them is held and comes
back.
"""

import re
from collections.abc import Callable
from typing import Any

from store.register.intents import IntentKind
from store.register.view import Mode
from store.sale.barcode import looks_like_code
from store.sale.language import later, phrase
from tui.keymap import Keymap
from tui.outbox import Outbox
from tui.view.connection import TABS, table_scroll
from tui.view.customers import found_customers
from tui.view.help import help_texts
from tui.view.journal import document_rows, journal_rows
from tui.view.lists import found_items, menu_rows, refused_texts
from tui.view.local import Overlay
from tui.view.paper import last_scroll, paper_of
from tui.view.place import offers_connect
from tui.view.screen import list_rows

AIM = re.compile(r"\][A-Za-z][0-9A-Za-z]")
"""A symbology identifier, which scanners can be told to put before a code."""
LISTS = frozenset(
    {Overlay.FIND, Overlay.CUSTOMERS, Overlay.JOURNAL, Overlay.MENU, Overlay.CASH, Overlay.DISCOUNTS}
)
OPENS = {
    name: Overlay(name)
    for name in ("help", "find", "customers", "journal", "menu", "cash", "discounts", "connection", "refused")
}
"""Actions that lay something over the sale."""
SEARCHES = {Overlay.FIND: "find", Overlay.CUSTOMERS: "customers", Overlay.JOURNAL: "journal"}
"""Lists that the core makes of what is typed, with the question for it."""
ANSWERS = {
    "find": Overlay.FIND,
    "customers": Overlay.CUSTOMERS,
    "customers_all": Overlay.CUSTOMERS,
    "journal": Overlay.JOURNAL,
    "document": Overlay.JOURNAL,
    "connection": Overlay.CONNECTION,
    "barcodes": Overlay.HELP,
}
SCANNED_HERE = later("Scanned while something else was open on the screen.")
ONLY_WATCHES = later("This screen only watches. Ctrl+D leaves it.")


class Overlays:
    """Opening, closing, and what Enter and the arrow keys do in them. `run` runs an operation by its number."""

    def __init__(self, outbox: Outbox, keymap: Keymap, run: Callable[[int, str], None]) -> None:
        self._box = outbox
        self._local = outbox.local
        self.keymap = keymap
        self._run = run
        self._held = ""
        """The entry line under the overlay."""
        self._search_due = False
        self._list_of = ("", 0)
        """What stood in the entry line of the journal, and which row was chosen, when one was opened."""
        self.width, self.height = 80, 24

    def open(self, overlay: Overlay, *, keep_text: bool = False) -> None:
        """Lay `overlay` over what is there; `keep_text` makes the entry line its own."""
        local = self._local
        if local.overlay is not None:
            local.entry = ""
        elif not keep_text:
            self._held, local.entry = local.entry, ""
        local.overlay, local.chosen, local.scroll, local.tab = overlay, 0, 0, 0
        local.answer, local.asked = {}, ""
        if overlay is Overlay.JOURNAL:
            self._box.ask("journal", local.entry.strip())
        elif overlay in SEARCHES:
            self.text_changed()
        elif overlay is Overlay.CONNECTION:
            self._box.ask("connection", "")
        elif overlay is Overlay.HELP and self._box.view is not None and self._box.view.demo:
            self._box.ask("barcodes", "")

    def close(self) -> None:
        """Back to what lies under it, with the entry line as it was."""
        local = self._local
        if local.overlay is not None:
            local.overlay, local.answer, local.asked = None, {}, ""
            local.entry, self._held = self._held, ""
            local.scroll = local.chosen = 0

    def give_way(self) -> None:
        """Closed by the core, not by a key: what is being typed goes on, be it the middle of a scan."""
        typed = self._local.entry
        self.close()
        if typed:
            held, self._local.entry = self._local.entry, typed
            if held:
                self._box.refuse(held, phrase("It was begun before the register was locked."))

    def answered(self, kind: str, text: str, data: dict[str, Any]) -> None:
        """An answer of the core; one that nobody waits for any more is dropped."""
        if ANSWERS.get(kind) is self._local.overlay and text == self._local.asked:
            chosen = self._chosen_code()
            self._local.answer = data
            self._local.chosen = 0
            if kind == "document":
                self._local.scroll = 0
            elif kind == "journal" and text == self._list_of[0].strip():
                self._local.chosen = self._list_of[1]
            if kind == "customers_all":  # more of the same list: whoever was chosen stays chosen
                codes = [str(one.get("code")) for one in found_customers(self._local)]
                self._local.chosen = codes.index(chosen) if chosen in codes else 0
            elif kind == "customers" and data.get("complete") is False:
                self._box.ask("customers_all", text)  # the server may know more; its word comes when it comes

    def _chosen_code(self) -> str:
        rows = found_customers(self._local)
        return str(rows[self._local.chosen].get("code")) if self._local.chosen < len(rows) else ""

    def ask_again(self) -> None:
        """The connection may stand differently now, and times in words grow old."""
        if self._local.overlay is Overlay.CONNECTION:
            self._box.ask("connection", "")

    def text_changed(self) -> None:
        """Something was typed; the search waits until typing pauses."""
        if self._local.overlay in LISTS:
            self._local.chosen = 0
        self._search_due = self._local.overlay in SEARCHES

    @property
    def searching(self) -> bool:
        """Whether what was typed is to be searched for."""
        return self._search_due

    def paused(self) -> None:
        """Typing paused: search."""
        if not self._search_due:
            return
        self._search_due = False
        text = self._local.entry.strip()
        overlay = self._local.overlay
        if overlay in SEARCHES and text != self._local.asked:
            self._local.answer, self._local.asked = {}, ""
            if text or overlay is Overlay.JOURNAL:
                self._box.ask(SEARCHES[overlay], text)

    def enter(self, text: str) -> None:
        """Lists pick, 917 takes its two words; everything else is kept as refused, a code above all."""
        overlay, word = self._local.overlay, text.strip().lower()
        if overlay is Overlay.CUSTOMERS:
            self._pick_customer(text)
        elif looks_like_code(text) or AIM.match(text):
            self._box.refuse(text, phrase(SCANNED_HERE))
        elif overlay is Overlay.JOURNAL:
            self._pick_transaction(text)
        elif overlay is Overlay.FIND:
            self._pick_item(text)
        elif overlay in LISTS:
            self._pick_operation(text)
        elif overlay is Overlay.CONNECTION and word in ("connect", "disconnect"):
            self._box.send(IntentKind.OPERATION, word, 917, text=text)
        elif overlay is Overlay.CONNECTION and word in ("sync", "/9120"):
            self._box.send(IntentKind.OPERATION, "", 9120, text=text)
        elif overlay is Overlay.CONNECTION and text:
            self._box.refuse(text, phrase("Here only the words connect, disconnect and sync are understood."))
        elif text:
            self._box.refuse(
                text, phrase("Typed while something else was open on the screen. Esc closes it.")
            )

    def press_button(self) -> None:
        """F9 in the connection status: what its label says."""
        if self._local.watching:
            self._box.say(phrase(ONLY_WATCHES))
            return
        word = "connect" if offers_connect(self._box.view) else "disconnect"
        self._box.send(IntentKind.OPERATION, word, 917)

    def _turn_tab(self, step: int) -> None:
        """The connection status shows its next table."""
        self._local.tab = (self._local.tab + step) % len(TABS)
        self._local.scroll = 0

    def move(self, direction: str) -> None:
        """Arrow and page keys: choose in a list, scroll in a text or on paper, else select a line of the sale."""
        local, view = self._local, self._box.view
        page = list_rows(self.height)
        if local.overlay is Overlay.JOURNAL and (paper := document_rows(local)):
            last = max(0, len(paper) - page + 1)
            local.scroll = max(0, min(_moved(local.scroll, direction, page - 2, last), last))
        elif local.overlay in LISTS:
            count = len(self._rows())
            local.chosen = max(0, min(_moved(local.chosen, direction, page, count), count - 1))
        elif local.overlay is Overlay.CONNECTION and direction.endswith("_tab"):
            self._turn_tab(-1 if direction == "previous_tab" else 1)
        elif local.overlay is Overlay.CONNECTION:
            last, page = table_scroll(view, local, self.width, self.height)
            local.scroll = max(0, min(_moved(local.scroll, direction, page, last), last))
        elif local.overlay is not None:
            last = max(0, self._rows_of_text() - page)
            local.scroll = max(0, min(_moved(local.scroll, direction, page - 2, last), last))
        elif view is not None and view.question is not None and view.question.selected:
            if not local.watching:
                self._box.send(IntentKind.SELECT, direction)
        elif view is not None and (view.mode is Mode.PAID or paper_of(view)):
            last = last_scroll(view, self.width, self.height)
            local.scroll = max(0, min(_moved(local.scroll, direction, page // 2, last), last))
        elif not local.watching:
            self._box.send(IntentKind.SELECT, direction)

    def _rows(self) -> list[Any]:
        if self._local.overlay is Overlay.FIND:
            return list(found_items(self._local))
        if self._local.overlay is Overlay.CUSTOMERS:
            return list(found_customers(self._local))
        if self._local.overlay is Overlay.JOURNAL:
            return list(journal_rows(self._local))
        return list(menu_rows(self._box.view, self._local, self.keymap))

    def _rows_of_text(self) -> int:
        view, local, width = self._box.view, self._local, self.width - 2
        if local.overlay is Overlay.HELP:
            return len(help_texts(view, local, self.keymap, width))
        return len(refused_texts(view, local, width)) if local.overlay is Overlay.REFUSED else 0

    def _pick_item(self, text: str) -> None:
        local = self._local
        items = found_items(local)
        if local.asked != text.strip() or local.chosen >= len(items):
            local.entry = text
            self.text_changed()
            self.paused()
            self._box.say(phrase("Nothing chosen. Type another part of the name; Esc goes back."))
            return
        item = items[local.chosen]
        self.close()
        code = str(item.get("code") or item.get("sku") or "")
        self._box.send(IntentKind.ENTER, code, text=str(item.get("name", code)))

    def _pick_customer(self, text: str) -> None:
        """The chosen customer. A code that finds nobody in the list is a scan, and means what it means without it."""
        local = self._local
        customers = found_customers(local)
        known = local.asked == text.strip() and local.chosen < len(customers)
        if not known and not text.strip():
            self._box.say(phrase("Type a name, telephone number or card; Esc goes back."))
            return
        customer = customers[local.chosen] if known else {}
        code = str(customer.get("code") or text.strip())
        self.close()
        if not known and (looks_like_code(text) or AIM.match(text)):
            self._box.send(IntentKind.SCAN if AIM.match(text) else IntentKind.ENTER, text)
        else:
            self._box.send(IntentKind.OPERATION, code, 602, text=str(customer.get("name", code)))

    def _pick_transaction(self, text: str) -> None:
        """From the list to the paper of the chosen one; from there to what can be done with it."""
        local = self._local
        if document_rows(local):
            txn_id = str(local.answer.get("txn_id", ""))
            self.close()
            self._box.send(IntentKind.OPERATION, txn_id, 115, text="/115")
            return
        rows = journal_rows(local)
        if local.asked != text.strip() or local.chosen >= len(rows):
            # The text goes, so that a scan behind it is still a scan and not the end of a longer text.
            self.text_changed()
            self.paused()
            self._box.say(phrase("Nothing chosen. Type a part of the receipt number or the amount."))
            return
        local.entry = text
        self._list_of = (text, local.chosen)
        self._box.ask("document", str(rows[local.chosen].get("txn_id", "")))

    def back(self) -> None:
        """Esc: from the paper of a transaction to the list it was chosen from, else back to what lies under all."""
        local = self._local
        if local.overlay is not Overlay.JOURNAL or not document_rows(local):
            self.close()
            return
        local.entry, _ = self._list_of
        local.scroll, local.answer = 0, {}
        self._box.ask("journal", local.entry.strip())

    def _pick_operation(self, text: str) -> None:
        self._local.entry = text
        rows = menu_rows(self._box.view, self._local, self.keymap)
        exact = [row for row in rows if str(row.number) == text.strip()]
        if not exact and self._local.chosen >= len(rows):
            self._box.say(phrase("No operation of that number or name can be run here."))
            return
        row = exact[0] if exact else rows[self._local.chosen]
        self.close()
        self._run(row.number, "")


def _moved(index: int, direction: str, page: int, count: int) -> int:
    steps = {"up": -1, "down": 1, "page_up": -page, "page_down": page, "first": -count, "last": count}
    return index + steps[direction]

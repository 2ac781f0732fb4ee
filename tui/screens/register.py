"""The register's screen as a Textual program: one ordered key path, one widget, one client of the core.

`App.on_event` and `App._display` are without a promise: Textual is pinned, this is the only file that uses them, and
tests/tui/test_textual_contract.py fails first on an upgrade.
"""

import asyncio
import contextlib
import gc
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from textual import events
from textual.app import App, ComposeResult
from textual.geometry import Offset

from store.register.control.client import ControlClient, ControlError, CoreLink
from store.register.intents import IntentKind, Outcome
from store.register.view import View
from store.sale.language import speak
from tui.keymap import Keymap
from tui.palette import PaletteName
from tui.router import Key, Router
from tui.screens.driver import TillDriver
from tui.view.local import Link
from tui.view.screen import draw
from tui.widgets.rows import Rows

ECHO_AFTER_S = 0.04
"""Echo waits until keys pause this long: the free slot of Textual's painter then goes to the result of a scan."""
SEARCH_AFTER_S = 0.012
"""The same while a list is searched, where no scan is to be painted: longer than between the keys of a scanner."""
ECHO_WITHIN_S = 0.12
"""Somebody who types without a pause, or a key that repeats, still sees the text grow."""
FIRST_VIEW_WITHIN_S = 0.1
"""A core that runs has sent its view long before; one that does not is not waited for."""
SLOW_AFTER_S = 1.0
"""Silence of the core after which the screen says that it waits."""
REFUSED_CODE = 5
# Lets our own colours (tui/palette.py) pass; other themes turn even named ones into RGB and round them back.
THEME = "ansi-dark"


class RegisterScreen(App[None]):
    """A screen of the register; holds no sale, so it can go at any moment."""

    ENABLE_COMMAND_PALETTE = False
    CSS = """
    Screen { layers: base; overflow: hidden; background: $background; }
    Rows { width: 100%; height: 100%; }
    """

    def __init__(
        self,
        path: Path,
        role: str,
        version: str,
        *,
        keymap: Keymap,
        palette: PaletteName,
        revive: Callable[[], str] | None = None,
    ) -> None:
        super().__init__(driver_class=TillDriver)
        self.last_words = ""
        """What to print when the terminal is a plain one again."""
        self.theme = THEME
        self._client = ControlClient(
            path, role, version, self._on_view, self._on_ack, self._on_link, revive=revive
        )
        self._router = Router(self, keymap, watching=role == "watch")
        self._rows = Rows(palette)
        self._echo: asyncio.TimerHandle | None = None
        self._echo_due_s = 0.0
        self._questions: set[asyncio.Task[None]] = set()
        self._clock = ""
        self._slow_after: asyncio.TimerHandle | None = None
        self._answered_at_s = 0.0
        self._own_loop: asyncio.AbstractEventLoop | None = None
        self._is_shown = False
        self._knows_the_core = asyncio.Event()

    # -- Textual

    def compose(self) -> ComposeResult:
        """One widget, which cannot have the focus."""
        yield self._rows

    async def on_load(self) -> None:
        """Connect before there is anything to paint: with a running core the first picture is the sale."""
        self._own_loop = asyncio.get_running_loop()
        self._client.start()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FIRST_VIEW_WITHIN_S):
                await self._knows_the_core.wait()

    def on_mount(self) -> None:
        """Paint, and let the clock run."""
        self._is_shown = True
        self._tick()
        self.call_after_refresh(_settle_memory)

    async def on_unmount(self) -> None:
        """Say nothing more to the core."""
        await self._client.close()

    async def on_event(self, event: events.Event) -> None:
        """Keys that come on Textual's own way (another driver) take the same path, before anything else sees them."""
        if isinstance(event, events.Key | events.Paste) and not event.is_forwarded:
            self.take_keys((event,))
            return
        await super().on_event(event)
        if isinstance(event, events.Resize):
            self._router.resized(event.size.width, event.size.height)
            self._paint()

    def stop_from_thread(self) -> None:
        """End in order, asked from another thread."""
        if self._own_loop is not None:
            self._own_loop.call_soon_threadsafe(self.exit)

    # -- what the router can do (tui.router.Wires)

    def send(
        self, kind: IntentKind, arg: str = "", operation: int = 0, seq: int = 0, question: str = ""
    ) -> int:
        """Send an intent to the core."""
        n = self._client.send(kind, arg, operation, seq, question)
        if self._slow_after is None:
            self._slow_after = asyncio.get_running_loop().call_later(SLOW_AFTER_S, self._look_for_answers)
        return n

    def ask(self, kind: str, text: str) -> None:
        """Ask the core; the answer comes back to the router."""
        task = asyncio.get_running_loop().create_task(self._answer(kind, text), name=f"ask {kind}")
        self._questions.add(task)
        task.add_done_callback(self._questions.discard)

    def ring(self) -> None:
        """The terminal's bell."""
        self.bell()

    def leave(self) -> None:
        """Detach."""
        self.last_words = "Detached. The register goes on; `outpost screen` attaches again."
        self.exit()

    # -- inside

    def take_keys(self, keys: Sequence[events.Key | events.Paste]) -> None:
        """The one key path: keys and pastes go to the router in the order they came."""
        for event in keys:
            self._take(event)

    def _take(self, event: events.Key | events.Paste) -> None:
        try:
            if isinstance(event, events.Paste):
                self._router.paste(event.text)
            else:
                self._router.press(Key(event.key, event.character, event.time))
        except Exception as error:  # a defect in one key must not take the screen from the cashier
            self._router.stumbled(error)
        if isinstance(event, events.Key) and (
            event.is_printable or event.key in ("enter", "ctrl+j", "backspace")
        ):
            self._paint_soon()
        else:
            self._paint()

    async def _answer(self, kind: str, text: str) -> None:
        try:
            data: dict[str, Any] = await self._client.query(kind, text)
        except ControlError as error:
            data = {"error": error.reason}
        self._router.answered(kind, text, data)
        self._paint()

    def _on_view(self, view: View) -> None:
        self._knows_the_core.set()
        speak(view.language, view.region)
        self._router.take_view(view)
        self._paint()

    def _on_ack(self, outcome: Outcome) -> None:
        local = self._router.local
        was_masked = local.masked
        self._router.acknowledged(outcome)
        self._answered_at_s = time.monotonic()
        if local.note is not None or local.slow or local.masked != was_masked:
            local.slow = False
            self._paint()

    def _look_for_answers(self) -> None:
        """Say so when the core has been silent for a while with something to answer."""
        self._slow_after = None
        if self._client.unanswered:
            slow = time.monotonic() - self._answered_at_s > SLOW_AFTER_S
            if slow != self._router.local.slow:
                self._router.local.slow = slow
                self._paint()
            self._slow_after = asyncio.get_running_loop().call_later(SLOW_AFTER_S, self._look_for_answers)

    def _on_link(self, link: CoreLink, why: str) -> None:
        self._router.linked(Link(link.value), why)
        if link is not CoreLink.CONNECTED:
            self._knows_the_core.set()
        if link in (CoreLink.REFUSED, CoreLink.CLOSED):
            self.last_words = why
            self.exit(return_code=REFUSED_CODE if link is CoreLink.REFUSED else 0)
        self._paint()

    def _paint_soon(self) -> None:
        """Echo once keys pause; see ECHO_AFTER_S."""
        now_s = time.monotonic()
        if self._echo is None:
            self._echo_due_s = now_s + ECHO_WITHIN_S
        else:
            self._echo.cancel()
        after_s = SEARCH_AFTER_S if self._router.searching else ECHO_AFTER_S
        wait_s = max(0.0, min(after_s, self._echo_due_s - now_s))
        self._echo = asyncio.get_running_loop().call_later(wait_s, self._pause)

    def _pause(self) -> None:
        self._echo = None
        self._router.paused()
        self._paint()

    def _paint(self) -> None:
        """Compare the new picture with the one on the screen and repaint the cells that differ."""
        if not self._is_shown or not self.is_running:
            return
        width, height = self.size
        local = self._router.local
        local.unanswered = self._client.unanswered
        picture = draw(self._router.view, local, width, height, self._clock, self._router.keymap)
        # Called from the socket as well, outside Textual's context, which painting needs.
        with self._context():
            if picture.cursor is not None:
                self.cursor_position = Offset(*picture.cursor)
            self._display(self.screen, self._rows.show(picture))  # type: ignore[arg-type] # as Textual's own

    def _tick(self) -> None:
        """The clock shows minutes; between them nothing is written."""
        now_s = time.time()
        self._clock = time.strftime("%H:%M", time.localtime(now_s))
        asyncio.get_running_loop().call_later(60.05 - now_s % 60, self._tick)
        self._router.minute_passed()
        self._paint()


def _settle_memory() -> None:
    """What was made so far stays: never walked by the collector again."""
    gc.collect()
    gc.freeze()

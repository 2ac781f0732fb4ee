"""The question before an automatic switch to offline, when the profile prompts: one at a time, five seconds long.

What failed waits as an event. A yes, or no answer in time, feeds it again, and then it switches; a no has the server
tried once more first. Who is asked once is not asked again until a call was answered or the register came online anew.
Nothing waits for the answer but what needs the server: known items are answered locally meanwhile.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from store.gateway.connection import SwitchQuestion
from store.gateway.ports import Clock
from store.gateway.profile import PROMPT_S
from store.gateway.states import ModeEvent, Prompt

log = logging.getLogger("outpost.gateway")


class SwitchPrompt:
    """Asks, waits, tells. `wanted`: the profile prompts and somebody is there; `try_again`: whether the server is."""

    def __init__(
        self,
        *,
        clock: Clock,
        wanted: Callable[[], bool],
        try_again: Callable[[], Awaitable[bool]],
        feed: Callable[[ModeEvent, str], object],
        on_change: Callable[[], None],
    ) -> None:
        self._clock = clock
        self._wanted = wanted
        self._try_again = try_again
        self._feed = feed
        self._on_change = on_change
        self._spent = False
        self._found = self._answered_since = False
        self._answer: asyncio.Future[bool] | None = None
        self._task: asyncio.Task[None] | None = None
        self._decided = asyncio.Event()
        self._decided.set()
        self.question: SwitchQuestion | None = None
        """What is on the screen now."""

    def stands(self) -> Prompt:
        """How it stands, for a step of the mode."""
        if not self._decided.is_set():
            return Prompt.OPEN
        return Prompt.DUE if not self._spent and self._wanted() else Prompt.NONE

    def ask(self, event: ModeEvent, reason: str) -> None:
        """Put the question on the screen; `event` comes again when it is decided for going offline."""
        self._decided.clear()
        self._spent, self._found, self._answered_since = True, False, False
        self._answer = asyncio.get_running_loop().create_future()
        self.question = SwitchQuestion(
            id=f"switch-{self._clock.wall_ms()}", reason=reason, seconds=round(PROMPT_S)
        )
        self._task = asyncio.create_task(self._run(event, reason, self._answer), name="connection-prompt")
        self._on_change()

    def answer(self, go_offline: bool) -> None:
        """A person has answered; a second answer changes nothing."""
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(go_offline)

    async def tried_again(self) -> bool:
        """Wait while a question is open; True when there was one, the answer was no, and the server is there."""
        if self._decided.is_set():
            return False
        await self._decided.wait()
        return self._found

    def withdraw(self) -> None:
        """The mode has moved by something else: there is nothing left to ask."""
        self.answer(True)
        self._take_away()

    def may_ask_again(self) -> None:
        """A call was answered, or the register came online: the next failure is another one."""
        if self._decided.is_set():
            self._spent = False
        self._answered_since = True

    async def close(self) -> None:
        """Ask nothing more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self, event: ModeEvent, reason: str, answer: "asyncio.Future[bool]") -> None:
        try:
            go_offline = await self._answered(answer)
            log.info("switch to offline %s", "agreed" if go_offline else "declined: once more")
            self._take_away()
            if not go_offline:
                self._feed(ModeEvent.SWITCH_DECLINED, reason)
                self._found = await self._try_again()
                go_offline = not self._found
            self._spent = not (self._found and self._answered_since)
        finally:
            self._take_away()
            self._decided.set()
        if go_offline:
            self._feed(event, reason)

    async def _answered(self, answer: "asyncio.Future[bool]") -> bool:
        pause = asyncio.create_task(self._clock.sleep(PROMPT_S), name="connection-prompt-time")
        try:
            waits: set[asyncio.Future[Any]] = {answer, pause}
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            pause.cancel()
            await asyncio.gather(pause, return_exceptions=True)
        return answer.result() if answer.done() else True

    def _take_away(self) -> None:
        if self.question is not None:
            self.question = None
            self._on_change()

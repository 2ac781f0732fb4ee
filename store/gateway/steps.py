"""Steps of Mode and Link, and the actions that the tables of `states.py` name for them."""

from collections.abc import Awaitable, Callable
from typing import assert_never

from store.gateway import sentences
from store.gateway.advanced import AdvancedSwitching
from store.gateway.own_requests import ServerCalls
from store.gateway.prompt import SwitchPrompt
from store.gateway.pulse import Pulse
from store.gateway.standing import Interval, Standing
from store.gateway.states import LinkAction, LinkEvent, Mode, ModeAction, ModeEvent
from store.gateway.statistics import CallLog


class Steps:
    """Feeds events to both machines; nothing else changes them."""

    def __init__(
        self,
        *,
        client: ServerCalls,
        standing: Standing,
        pulse: Pulse,
        advanced: AdvancedSwitching,
        statistics: CallLog,
        wants_prompt: Callable[[], bool],
        try_again: Callable[[], Awaitable[bool]],
    ) -> None:
        self._client = client
        self._standing = standing
        self._pulse = pulse
        self.prompt = SwitchPrompt(
            clock=standing.clock,
            wanted=wants_prompt,
            try_again=try_again,
            feed=self.mode,
            on_change=standing.on_change,
        )
        """The question before an automatic switch."""
        self._advanced = advanced
        self._statistics = statistics

    def mode(
        self, event: ModeEvent, reason: str = "", *, transaction_open: bool = False
    ) -> tuple[ModeAction, ...]:
        """One step of the mode; what it names has been done, but for requests, which are the caller's to await."""
        before = self._standing.mode
        actions = self._standing.step_mode(
            event, reason, transaction_open=transaction_open, prompt=self.prompt.stands()
        )
        if ModeAction.ASK_PERSON in actions:
            self.prompt.ask(event, reason)
        if self._standing.mode is not before:
            self._mode_moved()
        self.perform(actions)
        return actions

    def _mode_moved(self) -> None:
        self._advanced.begin_again()
        if self._standing.mode is Mode.ONLINE:
            self._statistics.forget_recent()
            self.prompt.may_ask_again()
        else:
            self.prompt.withdraw()
            self._pulse.wake()

    def perform(self, actions: tuple[ModeAction, ...]) -> None:
        """Do what a step of the mode names."""
        for action in actions:
            match action:
                case ModeAction.WAIT_INTERVAL:
                    self._standing.wait(Interval.ORDINARY)
                case ModeAction.WAIT_SLOW_INTERVAL:
                    self._standing.wait(Interval.SLOW)
                case ModeAction.KEEP_INTERVAL:
                    self._standing.keep_waiting()
                case ModeAction.SKIP_INTERVAL:
                    self._standing.wait(Interval.NONE)
                case ModeAction.PIN_LINK:
                    self.link(LinkEvent.DISCONNECT_PRESSED, sentences.BY_HAND)
                case ModeAction.UNPIN_LINK:
                    self._client.unseal()
                    self.link(LinkEvent.CONNECT_ACCEPTED, sentences.CONNECTING)
                case ModeAction.SAY_BLOCKED:
                    self._pulse.wake_now()
                case ModeAction.PROBE_STARTING | ModeAction.PROBE_CONNECT | ModeAction.ASK_HEAD:
                    pass  # awaited by whoever fed the event
                case ModeAction.ASK_PERSON | ModeAction.TRY_AGAIN | ModeAction.SAY_FINISH_FIRST:
                    pass  # done by `mode`, the prompt and `connect`
                case _:
                    assert_never(action)

    def link(self, event: LinkEvent, reason: str = "") -> None:
        """One step of the link, and what it names."""
        for action in self._standing.step_link(event, reason):
            match action:
                case LinkAction.HANDSHAKE:
                    self._standing.handshake_due = True
                case LinkAction.HANDSHAKE_IF_OLD:
                    if not self._standing.handshake_due and self._standing.comparison_is_old:
                        self._standing.handshake_due = True
                        self._pulse.wake()
                case LinkAction.WAKE_SYNC:
                    self._pulse.wake()  # `wait_link_up` has been released by the setter
                case LinkAction.TELL_MODE_FAILED:
                    self.mode(ModeEvent.CALL_FAILED, reason)
                    self._pulse.wake()
                case LinkAction.TELL_MODE_REFUSED:
                    self.mode(ModeEvent.LINK_REFUSED, reason)
                    self._pulse.wake()
                case LinkAction.ABANDON_CALLS:
                    self._client.seal()
                    self._pulse.wake()
                case LinkAction.PROBE_NOW:
                    self._pulse.wake_now()
                case _:
                    assert_never(action)

"""The one owner of Link and Mode: the way offline, the way back, Connect and Disconnect.

`states.py` holds the rules; this file feeds it events and performs the actions it names. The answers of everybody's
requests reach it through `answered`, `refused` and `call_failed`; requests of its own accord are timed by `pulse.py`.
"""

import asyncio
import logging
from collections.abc import Callable

from store.gateway import sentences
from store.gateway.advanced import AdvancedSwitching
from store.gateway.connection import (
    CompareHeads,
    ConnectionStatus,
    SwitchAnswer,
    SwitchQuestion,
    TransactionStart,
)
from store.gateway.edges import EdgeWriter
from store.gateway.errors import GatewayError
from store.gateway.gateway import ModeStore
from store.gateway.own_requests import OwnRequests, ServerCalls
from store.gateway.ports import Clock, Randomness
from store.gateway.profile import START_REQUEST_S, OfflineProfile
from store.gateway.pulse import Pulse
from store.gateway.standing import Standing
from store.gateway.states import Link, LinkEvent, Mode, ModeAction, ModeEvent
from store.gateway.statistics import CallLog
from store.gateway.steps import Steps
from store.sale.language import phrase

log = logging.getLogger("outpost.gateway")

RESTART_S = 1.0


def nobody() -> bool:
    """Nobody is at the register."""
    return False


class ConnectionSupervisor:
    """Implements `connection.Connection`; one per process, from `start` to `close`."""

    def __init__(
        self,
        *,
        client: ServerCalls,
        profile: Callable[[], OfflineProfile],
        clock: Clock,
        randomness: Randomness,
        store: ModeStore,
        heads: CompareHeads,
        on_change: Callable[[], None],
        occupied: Callable[[], bool] = nobody,
        present: Callable[[], bool] = nobody,
    ) -> None:
        """`profile` is asked at each use. `occupied`: a transaction is open; `present`: somebody can answer."""
        self.statistics = CallLog()
        self._client, self._profile, self._clock = client, profile, clock
        self._store, self._occupied = store, occupied
        self._edges = EdgeWriter(store)
        self._standing = Standing(profile=profile, clock=clock, edges=self._edges, on_change=on_change)
        self._requests = OwnRequests(
            client=client,
            profile=profile,
            clock=clock,
            heads=heads,
            listener=self,
            note_offset=self._standing.note_offset,
        )
        self._advanced = AdvancedSwitching(profile, clock)
        self._pulse = Pulse(self, clock, randomness)
        self._steps = Steps(
            client=client,
            standing=self._standing,
            pulse=self._pulse,
            advanced=self._advanced,
            statistics=self.statistics,
            wants_prompt=lambda: profile().prompt_on_switch and present(),
            try_again=self._try_again,
        )
        self._task: asyncio.Task[None] | None = None
        self._started = asyncio.Event()
        self._transactions, self._spent_s = 0, 0.0

    # --- life

    async def start(self, draft_open: bool) -> None:
        """Take up the stored mode and look for the server in the background; `draft_open`: a sale is resumed."""
        actions = self._standing.take_up(await self._store.load_mode(), draft_open=draft_open)
        self._steps.perform(actions)
        if self.link is Link.PINNED:
            self._client.seal()
        probe = ModeAction.PROBE_STARTING in actions
        if not probe:
            self._started.set()
            self._pulse.wake_now()
        self._edges.start()
        self._task = asyncio.create_task(self._run(probe, draft_open), name="connection-pulse")

    async def close(self) -> None:
        """End the requests of its own accord and write the last edges; the client is closed by its owner."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        await self._steps.prompt.close()
        await self._edges.close()

    async def _run(self, probe: bool, draft_open: bool) -> None:
        while True:
            try:
                if probe:
                    probe = False
                    await self._starting_probe(draft_open)
                await self._pulse.run()
            except Exception:  # whatever fails here must not close the way back online
                log.exception("connection pulse failed, begins again")
                self._started.set()
                await self._clock.sleep(RESTART_S)

    async def _starting_probe(self, draft_open: bool) -> None:
        transactions = self._transactions
        try:
            await self._client.open()
            await self.ask_head(self._profile().offline_timeout_s)
        except GatewayError as error:
            self._steps.mode(ModeEvent.STARTING_PROBE_FAILED, error.reason)
        else:
            busy = draft_open or self._transactions != transactions
            self._steps.mode(ModeEvent.STARTING_PROBE_ANSWERED, transaction_open=busy)
        self._started.set()

    async def started(self) -> None:
        """Return when the starting probe has ended: what the client's imports take, and at most the timeout."""
        await self._started.wait()

    # --- what it tells

    @property
    def mode(self) -> Mode:
        """Where answers come from now."""
        return self._standing.mode

    @property
    def link(self) -> Link:
        """Whether the server can be reached."""
        return self._standing.link

    @property
    def link_is_up(self) -> bool:
        """Whether synchronisation may run."""
        return self._standing.link is Link.UP

    async def wait_link_up(self) -> None:
        """Return when the link is UP; at once when it is."""
        await self._standing.link_up.wait()

    @property
    def online_period(self) -> int:
        """Counts the times the register came online; a call that began in an earlier period fails nobody."""
        return self._standing.online_period

    def take_spent_s(self) -> float:
        """Seconds the last transaction start waited for the network, once: they count into the first line's hedge."""
        spent_s, self._spent_s = self._spent_s, 0.0
        return spent_s

    def status(self) -> ConnectionStatus:
        """The state now, for the header and operation 917."""
        return self._standing.status(self._client.server, self.statistics)

    # --- what the register asks

    def profile_changed(self) -> None:
        """Another profile holds from now on: what waits by its intervals looks at them again."""
        self._advanced.begin_again()
        self._pulse.wake()

    @property
    def question(self) -> SwitchQuestion | None:
        """What a person is asked before the register goes offline, while it is on the screen."""
        return self._steps.prompt.question

    def answer_switch(self, go_offline: bool) -> None:
        """The answer to it."""
        self._steps.prompt.answer(go_offline)

    async def tried_again(self) -> bool:
        """Wait while somebody is asked, 5 s and the timeout at most; True when the server was found after all."""
        return await self._steps.prompt.tried_again()

    async def _try_again(self) -> bool:
        """Whether the server is there after all; a person asked for it."""
        try:
            await self.ask_head(self._profile().offline_timeout_s)
        except GatewayError as error:
            log.info("tried once more: %s", error.reason)
            return False
        return True

    async def transaction_starts(self) -> TransactionStart:
        """A transaction begins: come back online if it is time; waits at most 150 ms for the network."""
        self._transactions += 1
        self._spent_s = 0.0
        before = self.mode
        actions = self._steps.mode(ModeEvent.TRANSACTION_STARTED)
        if ModeAction.ASK_HEAD in actions:
            await self._ask_at_start()
        changed = self.mode is not before
        sentence = ""
        if ModeAction.SAY_BLOCKED in actions:
            sentence = sentences.blocked(self._standing.link_reason)
        elif changed and self.mode is Mode.ONLINE:
            sentence = phrase(sentences.BACK_ONLINE)
        return TransactionStart(mode=self.mode, changed=changed, sentence=sentence)

    async def _ask_at_start(self) -> None:
        began_s = self._clock.monotonic_s()
        try:
            await self.ask_head(START_REQUEST_S)
        except GatewayError as error:
            self._steps.mode(ModeEvent.HEAD_FAILED, error.reason)
        else:
            self._steps.mode(ModeEvent.HEAD_ANSWERED)
        self._spent_s = self._clock.monotonic_s() - began_s

    async def connect(self, transaction_open: bool) -> SwitchAnswer:
        """Connect was pressed; waits at most the offline timeout."""
        if self.mode is Mode.ONLINE:
            return SwitchAnswer(done=True, sentence=phrase(sentences.ALREADY_ONLINE))
        by_hand = self.mode is Mode.OFFLINE_MANUAL
        event = ModeEvent.CONNECT_PRESSED
        actions = self._steps.mode(event, sentences.CONNECTING, transaction_open=transaction_open)
        if ModeAction.SAY_FINISH_FIRST in actions:
            return SwitchAnswer(done=False, sentence=phrase(sentences.FINISH_FIRST))
        if ModeAction.SAY_BLOCKED in actions:
            return SwitchAnswer(done=False, sentence=sentences.blocked(self._standing.link_reason))
        answer = await self._probe_to_connect(by_hand)
        await self._edges.flush()
        return answer

    async def _probe_to_connect(self, by_hand: bool) -> SwitchAnswer:
        transactions = self._transactions
        try:
            await self.ask_head(self._profile().offline_timeout_s)
        except GatewayError as error:
            self._steps.mode(ModeEvent.CONNECT_PROBE_FAILED, error.reason)
            sentence = sentences.not_connected(error.reason, next_sale_tries=by_hand)
            return SwitchAnswer(done=False, sentence=sentence)
        began = self._transactions != transactions
        self._steps.mode(ModeEvent.CONNECT_PROBE_ANSWERED, transaction_open=began)
        if self.mode is not Mode.ONLINE:
            return SwitchAnswer(done=False, sentence=phrase(sentences.FINISH_FIRST))
        return SwitchAnswer(done=True, sentence=sentences.connected(self._client.server))

    async def disconnect(self) -> SwitchAnswer:
        """Disconnect was pressed: calls in flight are abandoned, from now on there is no traffic at all."""
        if self.mode is Mode.OFFLINE_MANUAL:
            return SwitchAnswer(done=True, sentence=phrase(sentences.ALREADY_OFFLINE))
        self._steps.mode(ModeEvent.DISCONNECT_PRESSED, sentences.BY_HAND)
        stored = await self._edges.flush()
        sentence = (
            phrase(sentences.DISCONNECTED)
            if stored
            else phrase(sentences.DISCONNECTED) + phrase(sentences.NOT_STORED)
        )
        return SwitchAnswer(done=True, sentence=sentence)

    # --- what it is told

    def answered(self) -> None:
        """The client got an answer of ours, to whatever request."""
        self._standing.hear()
        self._steps.link(LinkEvent.ANSWERED)

    def refused(self, kind: str, reason: str) -> None:
        """The server refuses this register for good (`kind`: fenced, too-old, revoked, fork, rolled-back, ...)."""
        log.warning("refused by the server: %s: %s", kind, reason)
        self._standing.hear()
        self._steps.link(LinkEvent.SERVER_REFUSED, reason)

    def call_failed(self, reason: str, *, answered: bool = False, online_period: int | None = None) -> None:
        """A call of the till spent its timeout or retries; `answered`: by a server that was busy.

        A call that began in an earlier `online_period` is too old to say anything about this one.
        """
        if online_period is not None and online_period != self.online_period:
            return
        if answered:
            self._steps.mode(ModeEvent.CALL_FAILED, reason)
        else:
            self._steps.link(LinkEvent.CALL_FAILED, reason)

    def call_answered(self, took_s: float, *, online_period: int) -> None:
        """A call of the till was answered within its timeout; the server may still be too slow."""
        self.statistics.answered(took_s)
        if online_period != self.online_period:
            return
        self._steps.prompt.may_ask_again()
        p95_ms = self._advanced.slowness_ms(self.statistics.recent_p95_ms())
        limit_ms = self._profile().slow_server_threshold_ms
        if p95_ms is not None and limit_ms is not None:
            self.statistics.forget_recent()
            self._steps.mode(ModeEvent.SERVER_SLOW, sentences.too_slow(self._client.server, p95_ms, limit_ms))
            self._pulse.wake()

    def sync_failed(self, reason: str) -> None:
        """An upload or download ended unanswered: ask for a heartbeat at once; it may only have been too large."""
        log.info("synchronisation unanswered: %s", reason)
        self._pulse.wake_now()

    # --- what the pulse asks (pulse.Beats)

    @property
    def heard_s(self) -> float:
        """Monotonic time of the last answer."""
        return self._standing.heard_s

    @property
    def handshake_due(self) -> bool:
        """Whether the heads have to be compared."""
        return self._standing.handshake_due

    @property
    def background_deadline_s(self) -> float:
        """How long a request nobody waits for may take."""
        return self._requests.background_deadline_s

    @property
    def check_due_s(self) -> float | None:
        """Monotonic time of the next background check; None when the server is not checked."""
        interval_s = self._advanced.check_interval_s(self.mode, self.link)
        return None if interval_s is None else self._advanced.counted_s + interval_s

    async def ask_health(self) -> None:
        """One health request. Raises GatewayError."""
        await self._requests.health()

    async def ask_head(self, deadline_s: float) -> None:
        """One head request and its comparison with the journal. Raises GatewayError."""
        await self._requests.head(deadline_s)

    def heads_agreed(self) -> None:
        """The head came, and it agrees with our journal."""
        self._steps.link(LinkEvent.HEAD_ANSWERED)
        self._standing.heads_agree()

    def health_checked(self, took_s: float, *, healthy: bool) -> None:
        """A health request ended; with advanced switching the third healthy one brings the register online."""
        if self._advanced.checked(took_s, healthy=healthy):
            self._steps.mode(ModeEvent.SERVER_HEALTHY, transaction_open=self._occupied())

    def heartbeats_missed(self, reason: str) -> None:
        """Two heartbeats in a row were not answered."""
        self._steps.link(LinkEvent.HEARTBEATS_MISSED, reason)

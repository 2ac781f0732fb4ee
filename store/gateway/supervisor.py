"""The one owner of Link and Mode: the way offline, the way back, Connect and Disconnect.

`states.py` holds the rules; this file feeds it events and performs the actions it names. The answers of everybody's
requests reach it through `answered`, `refused` and `call_failed`; requests of its own accord are timed by `pulse.py`.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol, assert_never

from store.exchange.messages import Health, SeriesHead
from store.gateway import sentences
from store.gateway.connection import (
    CompareHeads,
    ConnectionStatus,
    HeadVerdict,
    SwitchAnswer,
    TransactionStart,
)
from store.gateway.edges import EdgeWriter
from store.gateway.errors import GatewayError, ServerRefused
from store.gateway.gateway import ModeStore
from store.gateway.ports import Clock, Randomness
from store.gateway.profile import START_REQUEST_S, OfflineProfile
from store.gateway.pulse import Pulse
from store.gateway.standing import Standing
from store.gateway.states import Link, LinkAction, LinkEvent, Mode, ModeAction, ModeEvent
from store.gateway.statistics import CallLog

log = logging.getLogger("outpost.gateway")

BACKGROUND_MIN_S, BACKGROUND_MAX_S = 0.3, 10.0
"""Nobody waits for a heartbeat or probe: it gets the offline timeout, within these bounds."""
RESTART_S = 1.0


class ServerCalls(Protocol):
    """What the supervisor asks of the client."""

    @property
    def server(self) -> str:
        """host:port."""
        ...

    async def open(self) -> None:
        """Get ready; may take a second on a slow machine. Raises GatewayError."""
        ...

    async def health(self, *, deadline_s: float) -> Health:
        """Whether the server can commit. Raises GatewayError."""
        ...

    async def head(self, *, deadline_s: float) -> SeriesHead:
        """What the server has of our series. Raises GatewayError."""
        ...

    def seal(self) -> None:
        """End all calls in flight and refuse new ones until `unseal`."""
        ...

    def unseal(self) -> None:
        """Let calls pass again."""
        ...


class ConnectionSupervisor:
    """Implements `connection.Connection`; one per process, from `start` to `close`."""

    def __init__(
        self,
        *,
        client: ServerCalls,
        profile: OfflineProfile,
        clock: Clock,
        randomness: Randomness,
        store: ModeStore,
        heads: CompareHeads,
        on_change: Callable[[], None],
    ) -> None:
        self._client = client
        self._profile = profile
        self._clock = clock
        self._store = store
        self._compare_heads = heads
        self._edges = EdgeWriter(store)
        self._standing = Standing(clock=clock, edges=self._edges, on_change=on_change)
        self._pulse = Pulse(self, clock, randomness)
        self._task: asyncio.Task[None] | None = None
        self._started = asyncio.Event()
        self._transactions = 0
        self._spent_s = 0.0
        self.statistics = CallLog()

    # --- life

    async def start(self, draft_open: bool) -> None:
        """Take up the stored mode and look for the server in the background; `draft_open`: a sale is resumed."""
        actions = self._standing.take_up(await self._store.load_mode(), draft_open=draft_open)
        self._perform(actions)
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
            await self.ask_head(self._profile.offline_timeout_s)
        except GatewayError as error:
            self._step_mode(ModeEvent.STARTING_PROBE_FAILED, error.reason)
        else:
            busy = draft_open or self._transactions != transactions
            self._step_mode(ModeEvent.STARTING_PROBE_ANSWERED, transaction_open=busy)
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

    async def transaction_starts(self) -> TransactionStart:
        """A transaction begins: come back online if it is time; waits at most 150 ms for the network."""
        self._transactions += 1
        self._spent_s = 0.0
        before = self.mode
        actions = self._step_mode(ModeEvent.TRANSACTION_STARTED)
        if ModeAction.ASK_HEAD in actions:
            await self._ask_at_start()
        changed = self.mode is not before
        sentence = ""
        if ModeAction.SAY_BLOCKED in actions:
            sentence = sentences.blocked(self._standing.link_reason)
        elif changed and self.mode is Mode.ONLINE:
            sentence = sentences.BACK_ONLINE
        return TransactionStart(mode=self.mode, changed=changed, sentence=sentence)

    async def _ask_at_start(self) -> None:
        began_s = self._clock.monotonic_s()
        try:
            await self.ask_head(START_REQUEST_S)
        except GatewayError as error:
            self._step_mode(ModeEvent.HEAD_FAILED, error.reason)
        else:
            self._step_mode(ModeEvent.HEAD_ANSWERED)
        self._spent_s = self._clock.monotonic_s() - began_s

    async def connect(self, transaction_open: bool) -> SwitchAnswer:
        """Connect was pressed; waits at most the offline timeout."""
        if self.mode is Mode.ONLINE:
            return SwitchAnswer(done=True, sentence=sentences.ALREADY_ONLINE)
        by_hand = self.mode is Mode.OFFLINE_MANUAL
        event = ModeEvent.CONNECT_PRESSED
        actions = self._step_mode(event, sentences.CONNECTING, transaction_open=transaction_open)
        if ModeAction.SAY_FINISH_FIRST in actions:
            return SwitchAnswer(done=False, sentence=sentences.FINISH_FIRST)
        if ModeAction.SAY_BLOCKED in actions:
            return SwitchAnswer(done=False, sentence=sentences.blocked(self._standing.link_reason))
        answer = await self._probe_to_connect(by_hand)
        await self._edges.flush()
        return answer

    async def _probe_to_connect(self, by_hand: bool) -> SwitchAnswer:
        transactions = self._transactions
        try:
            await self.ask_head(self._profile.offline_timeout_s)
        except GatewayError as error:
            self._step_mode(ModeEvent.CONNECT_PROBE_FAILED, error.reason)
            sentence = sentences.not_connected(error.reason, next_sale_tries=by_hand)
            return SwitchAnswer(done=False, sentence=sentence)
        began = self._transactions != transactions
        self._step_mode(ModeEvent.CONNECT_PROBE_ANSWERED, transaction_open=began)
        if self.mode is not Mode.ONLINE:
            return SwitchAnswer(done=False, sentence=sentences.FINISH_FIRST)
        return SwitchAnswer(done=True, sentence=sentences.connected(self._client.server))

    async def disconnect(self) -> SwitchAnswer:
        """Disconnect was pressed: calls in flight are abandoned, from now on there is no traffic at all."""
        if self.mode is Mode.OFFLINE_MANUAL:
            return SwitchAnswer(done=True, sentence=sentences.ALREADY_OFFLINE)
        self._step_mode(ModeEvent.DISCONNECT_PRESSED, sentences.BY_HAND)
        stored = await self._edges.flush()
        sentence = sentences.DISCONNECTED if stored else sentences.DISCONNECTED + sentences.NOT_STORED
        return SwitchAnswer(done=True, sentence=sentence)

    # --- what it is told

    def answered(self) -> None:
        """The client got an answer of ours, to whatever request."""
        self._standing.hear()
        self._step_link(LinkEvent.ANSWERED)

    def refused(self, kind: str, reason: str) -> None:
        """The server refuses this register for good (`kind`: fenced, too-old, revoked, fork, rolled-back, ...)."""
        log.warning("refused by the server: %s: %s", kind, reason)
        self._standing.hear()
        self._step_link(LinkEvent.SERVER_REFUSED, reason)

    def call_failed(self, reason: str, *, answered: bool = False, online_period: int | None = None) -> None:
        """A call of the till spent its timeout or retries; `answered`: by a server that was busy.

        A call that began in an earlier `online_period` is too old to say anything about this one.
        """
        if online_period is not None and online_period != self.online_period:
            return
        if answered:
            self._step_mode(ModeEvent.CALL_FAILED, reason)
        else:
            self._step_link(LinkEvent.CALL_FAILED, reason)

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
        return min(max(self._profile.offline_timeout_s, BACKGROUND_MIN_S), BACKGROUND_MAX_S)

    async def ask_health(self) -> None:
        """One health request. Raises GatewayError."""
        sent_ms = self._clock.wall_ms()
        health = await self._client.health(deadline_s=self.background_deadline_s)
        self._note_offset(health.time_ms, sent_ms)

    async def ask_head(self, deadline_s: float) -> None:
        """One head request and its comparison with the journal. Raises GatewayError."""
        sent_ms = self._clock.wall_ms()
        try:
            head = await self._client.head(deadline_s=deadline_s)
        except ServerRefused as error:
            self.refused(error.kind, error.reason)
            raise
        self._note_offset(head.time_ms, sent_ms)
        match await self._compare_heads(head):
            case HeadVerdict.AGREED:
                self._step_link(LinkEvent.HEAD_ANSWERED)
                self._standing.heads_agree()
            case HeadVerdict.FORKED:
                self._refuse_head("fork", sentences.forked(head.series))
            case HeadVerdict.ROLLED_BACK:
                self._refuse_head("rolled-back", sentences.rolled_back(head.series))

    def _refuse_head(self, kind: str, reason: str) -> None:
        self.refused(kind, reason)
        raise ServerRefused(reason, 200, kind)

    def heartbeats_missed(self, reason: str) -> None:
        """Two heartbeats in a row were not answered."""
        self._step_link(LinkEvent.HEARTBEATS_MISSED, reason)

    def _note_offset(self, server_ms: int, sent_ms: int) -> None:
        """By the midpoint rule of NTP: the answer was made half-way between sending and receiving."""
        self._standing.offset_ms = server_ms - (sent_ms + self._clock.wall_ms()) // 2

    # --- steps and their actions

    def _step_mode(
        self, event: ModeEvent, reason: str = "", *, transaction_open: bool = False
    ) -> tuple[ModeAction, ...]:
        actions = self._standing.step_mode(event, reason, transaction_open=transaction_open)
        self._perform(actions)
        return actions

    def _perform(self, actions: tuple[ModeAction, ...]) -> None:
        now_s = self._clock.monotonic_s()
        interval_s = self._profile.reconnection_interval_s
        for action in actions:
            match action:
                case ModeAction.WAIT_INTERVAL:
                    self._standing.next_attempt_s = now_s + interval_s
                case ModeAction.KEEP_INTERVAL:
                    passed_s = (self._clock.wall_ms() - self._standing.mode_since_ms) / 1_000
                    self._standing.next_attempt_s = now_s + min(max(interval_s - passed_s, 0.0), interval_s)
                case ModeAction.SKIP_INTERVAL:
                    self._standing.next_attempt_s = now_s
                case ModeAction.PIN_LINK:
                    self._step_link(LinkEvent.DISCONNECT_PRESSED, sentences.BY_HAND)
                case ModeAction.UNPIN_LINK:
                    self._client.unseal()
                    self._step_link(LinkEvent.CONNECT_ACCEPTED, sentences.CONNECTING)
                case ModeAction.SAY_BLOCKED:
                    self._pulse.wake_now()
                case ModeAction.PROBE_STARTING | ModeAction.PROBE_CONNECT | ModeAction.ASK_HEAD:
                    pass  # awaited by whoever fed the event
                case ModeAction.SAY_FINISH_FIRST:
                    pass  # said by `connect`
                case _:
                    assert_never(action)

    def _step_link(self, event: LinkEvent, reason: str = "") -> None:
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
                    self._step_mode(ModeEvent.CALL_FAILED, reason)
                    self._pulse.wake()
                case LinkAction.TELL_MODE_REFUSED:
                    self._step_mode(ModeEvent.LINK_REFUSED, reason)
                    self._pulse.wake()
                case LinkAction.ABANDON_CALLS:
                    self._client.seal()
                    self._pulse.wake()
                case LinkAction.PROBE_NOW:
                    self._pulse.wake_now()
                case _:
                    assert_never(action)

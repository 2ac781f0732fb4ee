"""The rules of the connection, pure: can we reach the server (Link), and where do answers come from (Mode).

Both machines are tables, complete over their product, and a step is a look-up: nothing here waits, reads a clock
or remembers. The supervisor performs the actions a step names. docs/failover.md draws both tables.
"""

from enum import StrEnum
from typing import NamedTuple


class Link(StrEnum):
    """Whether the server can be reached; drives synchronisation."""

    UP = "up"
    DOWN = "down"
    PINNED = "pinned"
    """Kept down by a person: no traffic at all. Exactly while the mode is OFFLINE_MANUAL."""
    REFUSED = "refused"
    """The server answers and will not serve this register; the header says BLOCKED."""


class LinkEvent(StrEnum):
    """What can happen to the link."""

    ANSWERED = "answered"
    """An answer of ours: status below 500, not 429, with the protocol header."""
    HEAD_ANSWERED = "head_answered"
    """The series head came without a refusal, and it agrees with our journal."""
    CALL_FAILED = "call_failed"
    """A call ended unanswered: timeout spent, refused, reset, not our protocol."""
    HEARTBEATS_MISSED = "heartbeats_missed"
    SERVER_REFUSED = "server_refused"
    """Fenced, protocol too old, revoked, forked, rolled back, or a certificate that is not trusted."""
    DISCONNECT_PRESSED = "disconnect_pressed"
    CONNECT_ACCEPTED = "connect_accepted"


class LinkAction(StrEnum):
    """What the supervisor does when the link has taken a step."""

    HANDSHAKE = "handshake"
    """Compare the heads of the series."""
    HANDSHAKE_IF_OLD = "handshake_if_old"
    """The same, when the last comparison is older than 15 minutes."""
    WAKE_SYNC = "wake_sync"
    """Wake uploader and downloader."""
    TELL_MODE_FAILED = "tell_mode_failed"
    TELL_MODE_REFUSED = "tell_mode_refused"
    ABANDON_CALLS = "abandon_calls"
    PROBE_NOW = "probe_now"


class LinkStep(NamedTuple):
    """Where the link goes and what has to be done for it."""

    link: Link
    actions: tuple[LinkAction, ...] = ()


_LINK_FAILED = LinkStep(Link.DOWN, (LinkAction.TELL_MODE_FAILED,))
_LINK_REFUSED = LinkStep(Link.REFUSED, (LinkAction.TELL_MODE_REFUSED,))
_LINK_PINNED = LinkStep(Link.PINNED, (LinkAction.ABANDON_CALLS,))

LINK_TABLE: dict[tuple[Link, LinkEvent], LinkStep] = {
    (Link.UP, LinkEvent.ANSWERED): LinkStep(Link.UP, (LinkAction.HANDSHAKE_IF_OLD,)),
    (Link.UP, LinkEvent.HEAD_ANSWERED): LinkStep(Link.UP),
    (Link.UP, LinkEvent.CALL_FAILED): _LINK_FAILED,
    (Link.UP, LinkEvent.HEARTBEATS_MISSED): _LINK_FAILED,
    (Link.UP, LinkEvent.SERVER_REFUSED): _LINK_REFUSED,
    (Link.UP, LinkEvent.DISCONNECT_PRESSED): _LINK_PINNED,
    (Link.UP, LinkEvent.CONNECT_ACCEPTED): LinkStep(Link.UP),
    (Link.DOWN, LinkEvent.ANSWERED): LinkStep(Link.UP, (LinkAction.HANDSHAKE, LinkAction.WAKE_SYNC)),
    (Link.DOWN, LinkEvent.HEAD_ANSWERED): LinkStep(Link.UP, (LinkAction.WAKE_SYNC,)),
    (Link.DOWN, LinkEvent.CALL_FAILED): LinkStep(Link.DOWN, (LinkAction.TELL_MODE_FAILED,)),
    (Link.DOWN, LinkEvent.HEARTBEATS_MISSED): LinkStep(Link.DOWN),
    (Link.DOWN, LinkEvent.SERVER_REFUSED): _LINK_REFUSED,
    (Link.DOWN, LinkEvent.DISCONNECT_PRESSED): _LINK_PINNED,
    (Link.DOWN, LinkEvent.CONNECT_ACCEPTED): LinkStep(Link.DOWN, (LinkAction.PROBE_NOW,)),
    # What arrives while pinned belongs to calls that were abandoned: it moves nothing.
    (Link.PINNED, LinkEvent.ANSWERED): LinkStep(Link.PINNED),
    (Link.PINNED, LinkEvent.HEAD_ANSWERED): LinkStep(Link.PINNED),
    (Link.PINNED, LinkEvent.CALL_FAILED): LinkStep(Link.PINNED),
    (Link.PINNED, LinkEvent.HEARTBEATS_MISSED): LinkStep(Link.PINNED),
    (Link.PINNED, LinkEvent.SERVER_REFUSED): LinkStep(Link.PINNED),
    (Link.PINNED, LinkEvent.DISCONNECT_PRESSED): LinkStep(Link.PINNED),
    (Link.PINNED, LinkEvent.CONNECT_ACCEPTED): LinkStep(Link.DOWN, (LinkAction.PROBE_NOW,)),
    # Only the series head heals a refusal; an answer to /health proves nothing about this register.
    (Link.REFUSED, LinkEvent.ANSWERED): LinkStep(Link.REFUSED),
    (Link.REFUSED, LinkEvent.HEAD_ANSWERED): LinkStep(Link.UP, (LinkAction.WAKE_SYNC,)),
    (Link.REFUSED, LinkEvent.CALL_FAILED): LinkStep(Link.REFUSED),
    (Link.REFUSED, LinkEvent.HEARTBEATS_MISSED): LinkStep(Link.REFUSED),
    (Link.REFUSED, LinkEvent.SERVER_REFUSED): LinkStep(Link.REFUSED, (LinkAction.TELL_MODE_REFUSED,)),
    (Link.REFUSED, LinkEvent.DISCONNECT_PRESSED): _LINK_PINNED,
    (Link.REFUSED, LinkEvent.CONNECT_ACCEPTED): LinkStep(Link.REFUSED, (LinkAction.PROBE_NOW,)),
}


def step_link(link: Link, event: LinkEvent) -> LinkStep:
    """The next state of the link and what to do; every pair is in the table."""
    return LINK_TABLE[link, event]


class Mode(StrEnum):
    """Where the register takes its answers from; survives a restart."""

    ONLINE = "online"
    OFFLINE_AUTO = "offline_auto"
    OFFLINE_MANUAL = "offline_manual"


class ModeEvent(StrEnum):
    """What can happen to the mode."""

    PROCESS_STARTED = "process_started"
    STARTING_PROBE_ANSWERED = "starting_probe_answered"
    STARTING_PROBE_FAILED = "starting_probe_failed"
    CALL_FAILED = "call_failed"
    """A data request spent its timeout or its retries, or two heartbeats were missed."""
    SERVER_SLOW = "server_slow"
    """Advanced switching: the p95 of the last 20 calls is over the threshold."""
    SWITCH_DECLINED = "switch_declined"
    """Prompt on switch: a person wants the server tried once more. Yes, or no answer, is the failure itself again."""
    SERVER_HEALTHY = "server_healthy"
    """Advanced switching: the third healthy check in a row, or a later one."""
    LINK_REFUSED = "link_refused"
    TRANSACTION_STARTED = "transaction_started"
    HEAD_ANSWERED = "head_answered"
    """The one request of a transaction start was answered in time and the heads agree."""
    HEAD_FAILED = "head_failed"
    CONNECT_PRESSED = "connect_pressed"
    CONNECT_PROBE_ANSWERED = "connect_probe_answered"
    CONNECT_PROBE_FAILED = "connect_probe_failed"
    DISCONNECT_PRESSED = "disconnect_pressed"


class Condition(StrEnum):
    """What decides between the cells of one event; exactly one holds (see `condition_of`)."""

    ALWAYS = "always"
    OPEN = "open"
    """A transaction is open (at process start: a draft)."""
    IDLE = "idle"
    """No transaction is open."""
    REFUSED = "refused"
    """The link is REFUSED."""
    WAITING = "waiting"
    """The reconnection interval has not passed."""
    FRESH = "fresh"
    """Interval passed, link UP, an answer at most 6 s old, heads compared: no request is needed."""
    STALE = "stale"
    """Interval passed, but the server has to be asked."""
    ASK_FIRST = "ask_first"
    """The profile prompts on a switch, somebody is there to answer, and nobody was asked about this failure yet."""
    ASKED = "asked"
    """The question is on the screen."""
    AT_ONCE = "at_once"
    """There is nothing to ask, or it has been answered."""


class ModeAction(StrEnum):
    """What the supervisor does when the mode has taken a step."""

    PROBE_STARTING = "probe_starting"
    """One request within the offline timeout, in the background."""
    PROBE_CONNECT = "probe_connect"
    """One request within the offline timeout; the person who pressed Connect waits for it."""
    ASK_HEAD = "ask_head"
    """One head request of at most 150 ms."""
    WAIT_INTERVAL = "wait_interval"
    """The next attempt is the interval from now."""
    WAIT_SLOW_INTERVAL = "wait_slow_interval"
    """The next attempt is the interval of a slow-server switch from now."""
    ASK_PERSON = "ask_person"
    """Put the question on the screen; without an answer in 5 s the same event comes again."""
    TRY_AGAIN = "try_again"
    """One request within the offline timeout; when it fails the same event comes again."""
    KEEP_INTERVAL = "keep_interval"
    """The next attempt is the interval from the stored switch."""
    SKIP_INTERVAL = "skip_interval"
    """The interval is taken as passed."""
    PIN_LINK = "pin_link"
    UNPIN_LINK = "unpin_link"
    SAY_BLOCKED = "say_blocked"
    """Tell why the server refuses this register, and ask it again."""
    SAY_FINISH_FIRST = "say_finish_first"
    """Tell to finish or suspend the sale first."""


class ModeStep(NamedTuple):
    """Where the mode goes and what has to be done for it."""

    mode: Mode
    actions: tuple[ModeAction, ...] = ()


CONDITIONS: dict[ModeEvent, tuple[Condition, ...]] = {
    ModeEvent.PROCESS_STARTED: (Condition.OPEN, Condition.IDLE),
    ModeEvent.STARTING_PROBE_ANSWERED: (Condition.OPEN, Condition.IDLE),
    ModeEvent.STARTING_PROBE_FAILED: (Condition.ALWAYS,),
    ModeEvent.CALL_FAILED: (Condition.ASK_FIRST, Condition.ASKED, Condition.AT_ONCE),
    ModeEvent.SERVER_SLOW: (Condition.ASK_FIRST, Condition.ASKED, Condition.AT_ONCE),
    ModeEvent.SWITCH_DECLINED: (Condition.ALWAYS,),
    ModeEvent.SERVER_HEALTHY: (Condition.OPEN, Condition.WAITING, Condition.FRESH, Condition.STALE),
    ModeEvent.LINK_REFUSED: (Condition.ALWAYS,),
    ModeEvent.TRANSACTION_STARTED: (
        Condition.REFUSED,
        Condition.WAITING,
        Condition.FRESH,
        Condition.STALE,
    ),
    ModeEvent.HEAD_ANSWERED: (Condition.ALWAYS,),
    ModeEvent.HEAD_FAILED: (Condition.ALWAYS,),
    ModeEvent.CONNECT_PRESSED: (Condition.OPEN, Condition.REFUSED, Condition.IDLE),
    ModeEvent.CONNECT_PROBE_ANSWERED: (Condition.OPEN, Condition.IDLE),
    ModeEvent.CONNECT_PROBE_FAILED: (Condition.ALWAYS,),
    ModeEvent.DISCONNECT_PRESSED: (Condition.ALWAYS,),
}
"""Which conditions an event distinguishes; together with the modes this is the product the table covers."""

_ON, _AUTO, _MANUAL = Mode.ONLINE, Mode.OFFLINE_AUTO, Mode.OFFLINE_MANUAL
_STAY_ON, _STAY_AUTO, _STAY_MANUAL = ModeStep(_ON), ModeStep(_AUTO), ModeStep(_MANUAL)
_START = ModeStep(_AUTO, (ModeAction.PROBE_STARTING, ModeAction.SKIP_INTERVAL))
_FALL = ModeStep(_AUTO, (ModeAction.WAIT_INTERVAL,))
_FALL_SLOW = ModeStep(_AUTO, (ModeAction.WAIT_SLOW_INTERVAL,))
_PROMPT = ModeStep(_ON, (ModeAction.ASK_PERSON,))
_AGAIN = ModeStep(_ON, (ModeAction.TRY_AGAIN,))
_ASK = ModeStep(_AUTO, (ModeAction.ASK_HEAD,))
_BLOCKED = ModeStep(_AUTO, (ModeAction.SAY_BLOCKED,))
_FINISH_FIRST = ModeStep(_AUTO, (ModeAction.SAY_FINISH_FIRST,))
_PIN = ModeStep(_MANUAL, (ModeAction.PIN_LINK,))

_Event, _When = ModeEvent, Condition
MODE_TABLE: dict[tuple[ModeEvent, Condition], tuple[ModeStep, ModeStep, ModeStep]] = {
    # event, condition                                    ONLINE      OFFLINE_AUTO  OFFLINE_MANUAL
    (_Event.PROCESS_STARTED, _When.OPEN): (
        _START,
        ModeStep(_AUTO, (ModeAction.KEEP_INTERVAL,)),
        _STAY_MANUAL,
    ),
    (_Event.PROCESS_STARTED, _When.IDLE): (_START, _START, _STAY_MANUAL),
    (_Event.STARTING_PROBE_ANSWERED, _When.OPEN): (_STAY_ON, _STAY_AUTO, _STAY_MANUAL),
    (_Event.STARTING_PROBE_ANSWERED, _When.IDLE): (_STAY_ON, _STAY_ON, _STAY_MANUAL),
    (_Event.STARTING_PROBE_FAILED, _When.ALWAYS): (_STAY_ON, _STAY_AUTO, _STAY_MANUAL),
    (_Event.CALL_FAILED, _When.ASK_FIRST): (_PROMPT, _STAY_AUTO, _STAY_MANUAL),
    (_Event.CALL_FAILED, _When.ASKED): (_STAY_ON, _STAY_AUTO, _STAY_MANUAL),
    (_Event.CALL_FAILED, _When.AT_ONCE): (_FALL, _STAY_AUTO, _STAY_MANUAL),
    (_Event.SERVER_SLOW, _When.ASK_FIRST): (_PROMPT, _STAY_AUTO, _STAY_MANUAL),
    (_Event.SERVER_SLOW, _When.ASKED): (_STAY_ON, _STAY_AUTO, _STAY_MANUAL),
    (_Event.SERVER_SLOW, _When.AT_ONCE): (_FALL_SLOW, _STAY_AUTO, _STAY_MANUAL),
    (_Event.SWITCH_DECLINED, _When.ALWAYS): (_AGAIN, _STAY_AUTO, _STAY_MANUAL),
    # The background check leads back at any idle moment; only a slow server has to wait for its interval.
    (_Event.SERVER_HEALTHY, _When.OPEN): (_STAY_ON, _STAY_AUTO, _STAY_MANUAL),
    (_Event.SERVER_HEALTHY, _When.WAITING): (_STAY_ON, _STAY_AUTO, _STAY_MANUAL),
    (_Event.SERVER_HEALTHY, _When.FRESH): (_STAY_ON, _STAY_ON, _STAY_MANUAL),
    (_Event.SERVER_HEALTHY, _When.STALE): (_STAY_ON, _STAY_AUTO, _STAY_MANUAL),
    (_Event.LINK_REFUSED, _When.ALWAYS): (_FALL, _STAY_AUTO, _STAY_MANUAL),
    (_Event.TRANSACTION_STARTED, _When.REFUSED): (_FALL, _BLOCKED, _STAY_MANUAL),
    (_Event.TRANSACTION_STARTED, _When.WAITING): (_STAY_ON, _STAY_AUTO, _STAY_MANUAL),
    (_Event.TRANSACTION_STARTED, _When.FRESH): (_STAY_ON, _STAY_ON, _STAY_MANUAL),
    (_Event.TRANSACTION_STARTED, _When.STALE): (_STAY_ON, _ASK, _STAY_MANUAL),
    (_Event.HEAD_ANSWERED, _When.ALWAYS): (_STAY_ON, _STAY_ON, _STAY_MANUAL),
    (_Event.HEAD_FAILED, _When.ALWAYS): (_STAY_ON, _FALL, _STAY_MANUAL),
    (_Event.CONNECT_PRESSED, _When.OPEN): (
        _STAY_ON,
        _FINISH_FIRST,
        ModeStep(_MANUAL, (ModeAction.SAY_FINISH_FIRST,)),
    ),
    (_Event.CONNECT_PRESSED, _When.REFUSED): (_FALL, _BLOCKED, _STAY_MANUAL),
    # From OFFLINE_MANUAL the mode leaves before the probe, so that the link is pinned exactly while it is manual.
    (_Event.CONNECT_PRESSED, _When.IDLE): (
        _STAY_ON,
        ModeStep(_AUTO, (ModeAction.PROBE_CONNECT,)),
        ModeStep(_AUTO, (ModeAction.SKIP_INTERVAL, ModeAction.UNPIN_LINK, ModeAction.PROBE_CONNECT)),
    ),
    (_Event.CONNECT_PROBE_ANSWERED, _When.OPEN): (_STAY_ON, _STAY_AUTO, _STAY_MANUAL),
    (_Event.CONNECT_PROBE_ANSWERED, _When.IDLE): (_STAY_ON, _STAY_ON, _STAY_MANUAL),
    (_Event.CONNECT_PROBE_FAILED, _When.ALWAYS): (_STAY_ON, _STAY_AUTO, _STAY_MANUAL),
    (_Event.DISCONNECT_PRESSED, _When.ALWAYS): (_PIN, _PIN, _STAY_MANUAL),
}
_COLUMN = {Mode.ONLINE: 0, Mode.OFFLINE_AUTO: 1, Mode.OFFLINE_MANUAL: 2}

FRESH_ANSWER_S = 6.0
"""An answer this old still proves that the server is there: one heartbeat interval and a second."""


class Prompt(StrEnum):
    """How the question before an automatic switch stands."""

    NONE = "none"
    """Nothing to ask: the profile does not prompt, nobody is there, or this failure was asked about already."""
    DUE = "due"
    OPEN = "open"


class ModeFacts(NamedTuple):
    """What a step of the mode depends on, taken at the moment of the event."""

    link: Link
    open: bool = False
    """A transaction is open (at process start: a draft)."""
    interval_passed: bool = True
    answer_age_s: float | None = None
    """Age of the last answer of the server; None when it never answered this process."""
    heads_compared: bool = False
    """The heads of the series were found equal since the link came up."""
    slow: bool = False
    """The register went offline because the server was slow."""
    prompt: Prompt = Prompt.NONE


def condition_of(event: ModeEvent, facts: ModeFacts) -> Condition:
    """The one condition of the event that holds."""
    match event:
        case ModeEvent.TRANSACTION_STARTED:
            return _condition_of_start(facts)
        case ModeEvent.CONNECT_PRESSED:
            if facts.open:
                return Condition.OPEN
            return Condition.REFUSED if facts.link is Link.REFUSED else Condition.IDLE
        case ModeEvent.CALL_FAILED | ModeEvent.SERVER_SLOW:
            return _CONDITION_OF_PROMPT[facts.prompt]
        case ModeEvent.SERVER_HEALTHY:
            return _condition_of_health(facts)
        case ModeEvent.PROCESS_STARTED | ModeEvent.STARTING_PROBE_ANSWERED | ModeEvent.CONNECT_PROBE_ANSWERED:
            return Condition.OPEN if facts.open else Condition.IDLE
        case _:
            return Condition.ALWAYS


def _condition_of_start(facts: ModeFacts) -> Condition:
    if facts.link is Link.REFUSED:
        return Condition.REFUSED
    if not facts.interval_passed:
        return Condition.WAITING
    return Condition.FRESH if _is_fresh(facts) else Condition.STALE


_CONDITION_OF_PROMPT = {
    Prompt.NONE: Condition.AT_ONCE,
    Prompt.DUE: Condition.ASK_FIRST,
    Prompt.OPEN: Condition.ASKED,
}


def _condition_of_health(facts: ModeFacts) -> Condition:
    if facts.open:
        return Condition.OPEN
    if facts.slow and not facts.interval_passed:
        return Condition.WAITING
    return Condition.FRESH if _is_fresh(facts) else Condition.STALE


def _is_fresh(facts: ModeFacts) -> bool:
    """Whether the server is known to be there and to have the series as we do."""
    fresh = facts.answer_age_s is not None and facts.answer_age_s <= FRESH_ANSWER_S
    return facts.link is Link.UP and fresh and facts.heads_compared


def step_mode(mode: Mode, event: ModeEvent, facts: ModeFacts) -> ModeStep:
    """The next mode and what to do; every triple of mode, event and condition is in the table."""
    return MODE_TABLE[event, condition_of(event, facts)][_COLUMN[mode]]


def header_word(mode: Mode, link: Link) -> str:
    """The word of the status header: ONLINE, OFFLINE auto, OFFLINE manual or BLOCKED."""
    match mode:
        case Mode.ONLINE:
            return "ONLINE"
        case Mode.OFFLINE_MANUAL:
            return "OFFLINE manual"
        case Mode.OFFLINE_AUTO:
            return "BLOCKED" if link is Link.REFUSED else "OFFLINE auto"

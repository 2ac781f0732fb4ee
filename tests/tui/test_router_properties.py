"""Whatever comes in whatever order: every scan is sold, refused or kept in sight, exactly once and in order."""

from collections import deque

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from store.register.intents import Intent, IntentKind
from store.register.view import Mode, View
from store.sale.barcode import looks_like_code
from tui.keymap import build_keymap
from tui.router import Router
from tui.view.local import Link
from tui_core import CODES, FLOWERS, WINE, Till
from tui_views import DEPARTMENTS, GUARDED, base, sale, screens
from tui_wires import Recorder, key, keys

KEYMAP = build_keymap()
ENDS = ("\r", "\n", "\r\n", "\t")
COMMANDS = sorted({action.key for action in KEYMAP.actions if len(action.key) > 1} - {"ctrl+d"})
VIEWS = [view for view, _ in screens().values() if view is not None]
VIEWS += [sale(question=GUARDED), sale(question=DEPARTMENTS), base(Mode.IDLE)]
SCAN = st.tuples(st.just("scan"), st.sampled_from(CODES), st.sampled_from(ENDS), st.booleans())
COMMAND = st.tuples(st.just("key"), st.sampled_from(COMMANDS))
SHOWN = st.tuples(st.just("view"), st.sampled_from(VIEWS))


@given(st.lists(SCAN | COMMAND | SHOWN, max_size=40), st.data())
def test_every_scan_is_sent_or_refused_in_sight_exactly_once(events, data):
    wires = Recorder()
    router = Router(wires, KEYMAP)
    router.linked(Link.CONNECTED, "")
    seq = 0
    for event in events:
        if event[0] == "view":
            seq += 1
            router.take_view(msgspec.structs.replace(event[1], seq=seq))
        elif event[0] == "key":
            router.press(key(event[1], 1e6))
            router.local.refused = ()
        else:
            _, code, end, prefixed = event
            sent, refused = len(wires.sent), router.local.refused
            pressed = keys(("\x02" if prefixed else "") + code + end)
            split = data.draw(st.integers(0, len(pressed) - len(end)))
            for each in pressed[:split]:
                router.press(each)
            if split and data.draw(st.booleans()):
                seq += 1
                router.take_view(msgspec.structs.replace(data.draw(st.sampled_from(VIEWS)), seq=seq))
                refused = router.local.refused
            for each in pressed[split:]:
                router.press(each)
            fresh = [intent.arg for intent in wires.sent[sent:]]
            fresh += [scan.text for scan in router.local.refused[len(refused) :]]
            assert fresh in ([code], ["(hidden)"])
            assert router.local.entry == ""


class Wire:
    """A router and a till with messages under way in both directions, delivered when the test says so."""

    def __init__(self) -> None:
        self.till = Till(Mode.IDLE)
        self.router = Router(self, KEYMAP)
        self.router.linked(Link.CONNECTED, "")
        self.up: deque[Intent] = deque()
        self.down: deque = deque([self.till.view()])
        self.taken: list[str] = []
        self.n = 0

    def send(
        self, kind: IntentKind, arg: str = "", operation: int = 0, seq: int = 0, question: str = ""
    ) -> int:
        self.n += 1
        self.up.append(Intent(n=self.n, kind=kind, arg=arg, operation=operation, seq=seq, question=question))
        return self.n

    def ask(self, kind: str, text: str) -> None:
        return

    def ring(self) -> None:
        return

    def leave(self) -> None:
        return

    def deliver_up(self) -> None:
        """The core takes one intent."""
        if self.up:
            intent = self.up.popleft()
            if intent.kind in (IntentKind.ENTER, IntentKind.SCAN) and looks_like_code(intent.arg):
                self.taken.append(intent.arg)
            self.down.append(self.till.take(intent))
            self.down.append(self.till.view())

    def deliver_down(self) -> None:
        """The screen takes one answer or view."""
        if self.down:
            message = self.down.popleft()
            if isinstance(message, View):
                self.router.take_view(message)
            else:
                self.router.acknowledged(message)


BUSY_DAY = st.lists(
    st.one_of(
        st.tuples(st.just("scan"), st.sampled_from((*CODES, WINE, FLOWERS)), st.sampled_from(ENDS)),
        st.tuples(
            st.just("key"), st.sampled_from(["f5", "f6", "f9", "f12", "escape", "f1", "f10", "delete"])
        ),
        st.tuples(st.just("typed"), st.sampled_from(["7\r", "\r", "2*"])),
        st.just(("up",)),
        st.just(("down",)),
    ),
    max_size=80,
)


@settings(max_examples=200)
@given(BUSY_DAY)
def test_a_slow_line_loses_and_doubles_nothing_and_answers_no_question_by_a_scan(events):
    wire = Wire()
    wire.deliver_down()
    scanned: list[str] = []
    refused: list = []
    answers = 0
    for event in events:
        match event:
            case ("scan", code, end):
                for each in keys(code + end):
                    wire.router.press(each)
                scanned.append(code)
            case ("key", name):
                answers += name == "f5"
                wire.router.press(key(name, 1e6))
            case ("typed", text):
                for each in keys(text):
                    wire.router.press(each)
                if not text.endswith("\r"):
                    wire.router.press(key("escape"))
            case ("up",):
                wire.deliver_up()
            case _:
                wire.deliver_down()
        refused += [scan for scan in wire.router.local.refused if not any(scan is known for known in refused)]
    while wire.up or wire.down:
        wire.deliver_up()
        wire.deliver_down()
    kept = [scan.text for scan in refused if looks_like_code(scan.text)]
    assert _is_shuffle_of(scanned, wire.taken, kept)
    assert sum(line.name.startswith("Red wine") for line in wire.till.lines) <= answers
    assert not [line for line in wire.till.lines if line.name == "Flowers" and line.amount > 100_000]


def _is_shuffle_of(whole: list[str], one: list[str], other: list[str]) -> bool:
    """Whether `whole` is made of both lists, each in its order."""
    reachable = {(0, 0)}
    for item in whole:
        reachable = {
            step
            for i, j in reachable
            for step in ((i + 1, j), (i, j + 1))
            if (step[0] > i and i < len(one) and one[i] == item)
            or (step[1] > j and j < len(other) and other[j] == item)
        }
    return (len(one), len(other)) in reachable

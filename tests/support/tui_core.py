"""A small core for the screen's tests: speaks the control protocol on a real socket and keeps what it was sent.

It knows just enough of a till to make every screen appear; what it took is in `intents`, in order.
"""

import asyncio
import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from store.register.control.messages import (
    Ack,
    Answer,
    Bye,
    ClientMessage,
    Hello,
    IntentMessage,
    Query,
    Refuse,
    Seen,
    ViewMessage,
    Welcome,
)
from store.register.intents import Intent, IntentKind, Outcome, OutcomeKind
from store.register.view import (
    Entry,
    Header,
    LineView,
    Message,
    Mode,
    PaidPanel,
    Question,
    RefusedScan,
    SignOnPanel,
    TaxView,
    TenderChoice,
    TenderPanel,
    TenderView,
    Tone,
    Totals,
    View,
)
from store.sale.barcode import looks_like_code

SELLING = (101, 102, 105, 108, 115, 139, 500, 701, 703, 917, 1000, 1055, 9101, 9900, 9901)
OPERATIONS = {
    Mode.LOCKED: (700, 917, 9900, 9901),
    Mode.IDLE: SELLING,
    Mode.SALE: SELLING,
    Mode.PAID: SELLING,
    Mode.TENDER: (200, 201, 206, 211, 500, 703, 917, 9900, 9901),
}
ITEMS = {
    "4006381333931": ("Whole milk 3.8 % 1 l", 109),
    "4000417025005": ("Rye bread 750 g", 349),
    "96385074": ("Gouda young, sliced 200 g", 279),
    "5000112637922": ("Mineral water 6 x 1.5 l", 234),
    "4711": ("Bananas loose", 199),
}
CODES = tuple(code for code in ITEMS if len(code) > 4)
WINE = "3012993012196"
"""Opens a guarded question."""
FLOWERS = "2000000000008"
"""Opens a question for the price."""
DECODER = msgspec.json.Decoder(ClientMessage)


class Till:
    """The least till that shows every screen."""

    def __init__(self, mode: Mode = Mode.IDLE) -> None:
        self.mode = mode
        self.seq = 0
        self.epoch = "e1"
        self.operator = "" if mode is Mode.LOCKED else "Ann Baker"
        self.named = ""
        self.lines: list[LineView] = []
        self.question: Question | None = None
        self.message = Message()
        self.refused: list[RefusedScan] = []
        self.connection = "ONLINE"
        self.change = 0

    def take(self, intent: Intent) -> Outcome:
        """One intent."""
        self.seq += 1
        match intent.kind:
            case IntentKind.ENTER | IntentKind.SCAN:
                kind = self._enter(intent)
            case IntentKind.OPERATION:
                kind = self._operation(intent)
            case IntentKind.ANSWER:
                kind = self._answer(intent)
            case IntentKind.BACK:
                self.question, kind = None, OutcomeKind.DONE
                if self.mode is Mode.TENDER:
                    self.mode = Mode.SALE
            case IntentKind.SELECT:
                kind = OutcomeKind.DONE
        return Outcome(n=intent.n, outcome=kind)

    def say(self, text: str, *, sound: bool = False) -> None:
        """A message on the screen."""
        tone = Tone.WARN if sound else Tone.INFO
        self.message = Message(text=text, tone=tone, sound=sound, number=self.message.number + 1)

    def refuse(self, text: str, why: str) -> OutcomeKind:
        """Keep a scan that was not sold."""
        self.refused.append(RefusedScan(text, why))
        self.say(f"{why}: {text}", sound=True)
        return OutcomeKind.REFUSED

    def _enter(self, intent: Intent) -> OutcomeKind:
        text = intent.arg
        if self.question is not None:
            if looks_like_code(text) or self.question.guarded or intent.question != self.question.id:
                return self.refuse(text, "Scan refused while the question is open")
            if not text.isdigit():
                self.say("That is no price.", sound=True)
                return OutcomeKind.REFUSED
            self._sell(text, "Flowers", int(text) * 100)
            self.question = None
            return OutcomeKind.SOLD
        if self.mode is Mode.LOCKED:
            return self._sign_on(text)
        if self.mode is Mode.TENDER:
            if looks_like_code(text):
                return self.refuse(text, "Scan refused while paying")
            self.mode, self.change = Mode.PAID, (int(float(text) * 100) if text else self.total) - self.total
            return OutcomeKind.DONE
        return self._code(text)

    def _code(self, text: str) -> OutcomeKind:
        if self.mode is Mode.PAID:
            self.lines = []
        if text == WINE:
            self.question = Question(
                id=f"q{self.seq}",
                kind="age",
                title="Age check",
                lines=("Red wine 0.75 l",),
                guarded=True,
                yes="Yes",
                no="No",
            )
            return OutcomeKind.DONE
        if text == FLOWERS:
            self.question = Question(id=f"q{self.seq}", kind="price", title="Price", lines=("Flowers",))
            return OutcomeKind.DONE
        if text not in ITEMS:
            return self.refuse(text, "Unknown code")
        self._sell(text, *ITEMS[text])
        return OutcomeKind.SOLD

    def _sell(self, code: str, name: str, price: int) -> None:
        self.mode = Mode.SALE
        self.lines.append(LineView(len(self.lines) + 1, name, "1", "pcs", price, price, "A"))
        self.say(f"{name}   {price / 100:.2f}")

    def _sign_on(self, text: str) -> OutcomeKind:
        if not self.named:
            self.named = text
        elif text == "101101":
            self.mode, self.operator, self.named = Mode.IDLE, "Ann Baker", ""
        else:
            self.named = ""
            self.say("Wrong PIN.", sound=True)
        return OutcomeKind.DONE

    def _operation(self, intent: Intent) -> OutcomeKind:
        if self.question is not None:
            self.say("Answer the question first.", sound=True)
            return OutcomeKind.REFUSED
        if intent.operation == 139 and self.mode is Mode.SALE:
            self.mode = Mode.TENDER
        elif intent.operation == 703:
            self.mode = Mode.LOCKED
        elif intent.operation == 917:
            self.connection = "ONLINE" if intent.arg == "connect" else "OFFLINE manual"
        return OutcomeKind.DONE

    def _answer(self, intent: Intent) -> OutcomeKind:
        if self.question is None or intent.question != self.question.id:
            return OutcomeKind.STALE
        self.question = None
        if intent.arg == "yes":
            self._sell(WINE, "Red wine 0.75 l", 599)
        return OutcomeKind.DONE

    @property
    def total(self) -> int:
        """What the sale comes to."""
        return sum(line.amount for line in self.lines)

    def view(self) -> View:
        """Everything a screen needs."""
        total, taken = self.total, ()
        paid = None
        if self.mode is Mode.PAID:
            taken = (TenderView(1, "cash", "Cash", total, total + self.change),)
            paid = PaidPanel(
                receipt_no="S0001-R01-000482",
                total=total,
                taken=taken,
                change=self.change,
                print_state="Receipt printed.",
                paper=tuple(f"row {n}" for n in range(30)),
            )
        return View(
            epoch=self.epoch,
            seq=self.seq,
            mode=self.mode,
            entry=self._entry(),
            header=Header(
                register="S0001-R01",
                store="First store",
                operator=self.operator,
                shift=12,
                connection=self.connection,
            ),
            first=max(0, len(self.lines) - 40),
            count=len(self.lines),
            selected=len(self.lines),
            lines=tuple(self.lines[-40:]),
            totals=Totals(
                items=str(len(self.lines)),
                subtotal=total,
                total=total,
                taxes=(TaxView("A", "7", total * 7 // 107, True),),
                due=total,
            ),
            tender=TenderPanel(
                exact_cash=total,
                round_amounts=(1000, 2000, 5000),
                choices=(TenderChoice("c", "Card (terminal)", "13.26"),),
            )
            if self.mode is Mode.TENDER
            else None,
            paid=paid,
            sign_on=SignOnPanel(operator=self.named, facts="Printer ready.")
            if self.mode is Mode.LOCKED
            else None,
            question=self.question,
            message=self.message,
            refused=tuple(self.refused),
            operations=OPERATIONS.get(self.mode, ()),
        )

    def _entry(self) -> Entry:
        if self.mode is Mode.LOCKED:
            return Entry.PIN if self.named else Entry.OPERATOR
        return Entry.AMOUNT if self.mode is Mode.TENDER else Entry.CODE


class FakeCore:
    """The till behind a control socket, in a thread with its own loop."""

    def __init__(self, path: Path, till: Till) -> None:
        self.path = path
        self.till = till
        self.intents: list[Intent] = []
        self.hellos: list[Hello] = []
        self.arrived_s: list[float] = []
        self.refusal = ""
        self.thinks_s = 0.0
        """How long an intent takes; its view is then sent before its acknowledgement, as the real core does."""
        self._last: dict[str, int] = {}
        self._transports: set[_Peer] = set()
        self._loop = asyncio.new_event_loop()
        self._server: asyncio.Server | None = None
        self._thread = threading.Thread(target=self._run, name="fake core")

    def __enter__(self) -> "FakeCore":
        self._thread.start()
        self.listen()
        return self

    def __exit__(self, *_: object) -> None:
        self.hang_up()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def listen(self) -> None:
        """Begin to answer."""
        self._call(self._listen())

    def hang_up(self) -> None:
        """Stop answering and drop everybody, as a killed core does."""
        self._call(self._hang_up())

    def say_goodbye(self, why: str) -> None:
        """End in order."""
        self._call(self._goodbye(why))

    def change(self, change: Callable[[Till], None]) -> None:
        """Let something happen in the till, and show it."""

        async def apply() -> None:
            change(self.till)
            self.till.seq += 1
            self.publish()

        self._call(apply())

    def wait_intents(self, count: int, timeout_s: float = 5.0) -> list[Intent]:
        """Wait until that many intents came."""
        end_s = time.monotonic() + timeout_s
        while len(self.intents) < count and time.monotonic() < end_s:
            time.sleep(0.005)
        return self.intents

    def publish(self) -> None:
        """Show the newest view to everybody."""
        for peer in self._transports:
            peer.say(ViewMessage(view=self.till.view()))

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    def _call(self, work) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(5)

    async def _listen(self) -> None:
        self.path.unlink(missing_ok=True)
        self._server = await self._loop.create_unix_server(lambda: _Peer(self), str(self.path))

    async def _hang_up(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        self.path.unlink(missing_ok=True)
        for peer in list(self._transports):
            peer.transport.abort()
        self._transports.clear()
        await asyncio.sleep(0)

    async def _goodbye(self, why: str) -> None:
        for peer in list(self._transports):
            peer.say(Bye(why=why, closed=True))


class _Peer(asyncio.Protocol):
    def __init__(self, core: FakeCore) -> None:
        self.core = core
        self.rest = b""
        self.client = ""
        self.acks: list[Ack] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self.core._transports.discard(self)

    def data_received(self, data: bytes) -> None:
        *lines, self.rest = (self.rest + data).split(b"\n")
        for line in lines:
            self._take(DECODER.decode(line))
        if any(b'"intent"' in line for line in lines):
            if self.core.thinks_s:
                self.core._loop.call_later(self.core.thinks_s, self._answer_late)
                return
            self._acknowledge()
            self.core.publish()

    def _answer_late(self) -> None:
        self.core.publish()
        self.core._loop.call_later(self.core.thinks_s, self._acknowledge)

    def _acknowledge(self) -> None:
        acks, self.acks = self.acks, []
        for ack in acks:
            self.say(ack)

    def _take(self, message: ClientMessage) -> None:
        core = self.core
        match message:
            case Hello() if core.refusal:
                self.say(Refuse(why=core.refusal))
                self.transport.close()
            case Hello():
                core.hellos.append(message)
                self.client = message.client
                last = core._last.setdefault(message.client, 0)
                self.say(Welcome(epoch=core.till.epoch, last=last, version="1"))
                core._transports.add(self)
                self.say(ViewMessage(view=core.till.view()))
            case IntentMessage(intent=intent):
                assert intent.n == core._last[self.client] + 1, "numbers have no gap"
                core._last[self.client] = intent.n
                core.intents.append(intent)
                core.arrived_s.append(time.monotonic())
                self.acks.append(Ack(outcome=core.till.take(intent)))
            case Query(id=number, kind=kind, text=text):
                self.say(Answer(id=number, data=_answer(kind, text)))
            case Seen():
                pass

    def say(self, message) -> None:
        self.transport.write(msgspec.json.encode(message) + b"\n")


def _answer(kind: str, text: str) -> dict:
    if kind == "find":
        return {
            "items": [
                {"sku": code, "name": name, "price": price, "code": code}
                for code, (name, price) in ITEMS.items()
                if text.lower() in name.lower()
            ]
        }
    if kind == "connection":
        return {"mode": "ONLINE", "since": "14:03", "pending_transactions": 0}
    return {}

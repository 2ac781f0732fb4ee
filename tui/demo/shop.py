"""Sets the demo shop up: a headquarters, a Retail Server under it, an enrolled register, and its first shift.

All of it goes through the real doors: the operators' socket of headquarters, jobs and packages, a one-time code, and
intents at the control socket.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from store.register.control.client import ControlClient
from store.register.enrolment.activation import load_enrolment
from store.register.enrolment.enrolling import activate
from store.register.intents import IntentKind
from store.register.process.core_process import CoreProcess
from store.register.view import Mode, View
from tui import __version__
from tui.demo.chain import STAFF, Chain, HeadquartersLine
from tui.demo.floor import ServiceSwitch
from tui.demo.goods import make_goods
from tui.demo.layout import ShopHome, ShopNotes, free_port, is_port_free
from tui.demo.refusal import DemoRefused
from tui.demo.sheet import make_sheet

START_AMOUNT = "100.00"
STEP_S = 15.0
"""How long one step of the first sign-in may take on a slow machine."""
SIGN_OFF = 701


@dataclass(frozen=True, kw_only=True)
class ShopWishes:
    """What the command line asked for. `products` None is the whole assortment, `port` 0 any."""

    products: int | None = None
    port: int = 0
    printer: str = ""
    scanner: str = ""


def choose_ports(shop: ShopHome, wishes: ShopWishes) -> ShopNotes:
    """The ports of server and cable: those of last time where they are still free. Raises DemoRefused."""
    notes = shop.notes()
    if wishes.port and not is_port_free(wishes.port):
        raise DemoRefused(f"Port {wishes.port} is taken by another program. Choose another one with --port.")
    server = wishes.port or _keep_or_find(notes.server_port)
    notes = msgspec.structs.replace(
        notes,
        server_port=server,
        headquarters_port=_keep_or_find(notes.headquarters_port),
        cable_port=_keep_or_find(notes.cable_port),
    )
    shop.keep(notes)
    return notes


def stock(shop: ShopHome, wishes: ShopWishes, connect: Callable[[Path], HeadquartersLine]) -> str:
    """Have headquarters send goods and people unless it has; returns the one-time code, empty when not needed.

    Headquarters and server run; `connect` gives the line to the headquarters of a home. Raises DemoRefused and what
    the line raises.
    """
    notes = shop.notes()
    wanted = wishes.products or 0
    enrolled = load_enrolment(shop.register.path) is not None
    if enrolled and notes.stocked and wanted == notes.products:
        return ""
    goods = make_goods(wishes.products)
    chain = Chain(connect(shop.headquarters))
    try:
        chain.set_up(goods, had=notes.stocked)
        chain.wait_until_applied()
        code = "" if enrolled else chain.activation_code()
    finally:
        chain.close()
    shop.sheet_file.write_bytes(msgspec.json.format(msgspec.json.encode(make_sheet(goods))))
    shop.keep(msgspec.structs.replace(notes, stocked=len(goods.items), products=wanted))
    return code


def configure(shop: ShopHome, wishes: ShopWishes, server_url: str, *, with_floor: bool) -> None:
    """Write the register's configuration; it is the demo's own file and made anew at each start."""
    lines = [
        "# Written by `outpost demo` at each start.",
        "[register]",
        f"server_url = {_quoted(server_url)}",
        "",
        "[offline_profile]",
        "reconnection_interval_s = 5",
        "",
        "[devices]",
    ]
    if wishes.printer:
        lines += [f"printer = {_quoted(_whole_path(wishes.printer))}", 'drawer = "printer"']
    if wishes.scanner:
        lines.append(f"scanners = [{_quoted(_whole_path(wishes.scanner))}]")
    if with_floor:
        lines += ["", "[demo]", f"floor_socket = {_quoted(str(shop.floor_socket))}"]
    shop.register.config_file.write_text("\n".join(lines) + "\n", encoding="utf-8")


def enrol_register(shop: ShopHome, server_url: str, code: str) -> None:
    """Make the register a register; nothing to do without a code."""
    if code:
        activate(shop.register, server_url, code, allow_insecure=True, fetch_now=True)


async def start_services(shop: ShopHome, notes: ShopNotes) -> tuple[ServiceSwitch, ServiceSwitch]:
    """Start headquarters and the server under it; raises DemoRefused when one of them does not come up."""
    headquarters = ServiceSwitch("hq", shop.headquarters, notes.headquarters_port)
    address = f"http://127.0.0.1:{notes.headquarters_port}"
    server = ServiceSwitch("server", shop.server, notes.server_port, "--headquarters", address)
    ends = await asyncio.gather(headquarters.start(), server.start(), return_exceptions=True)
    for name, switch, end in zip(("Headquarters", "The server"), (headquarters, server), ends, strict=True):
        if isinstance(end, BaseException):
            await server.kill()
            await headquarters.kill()
            if not isinstance(end, OSError | TimeoutError):
                raise end
            raise DemoRefused(f"{name} did not start: {end}. Its output is in {switch.output}.") from end
    return headquarters, server


def open_first_shift(shop: ShopHome, core: CoreProcess, *, leave_running: bool) -> None:
    """Sign the cashier in, declare the start amount, sign off; only once in the life of a shop. Starts the core."""
    if shop.notes().opened:
        return
    core.ensure()
    asyncio.run(FirstShift(shop.register.socket).open(leave_running=leave_running))
    shop.keep(msgspec.structs.replace(shop.notes(), opened=True))


class FirstShift:
    """A short-lived screen without a picture that opens the shift as a cashier would."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._view: View | None = None
        self._news = asyncio.Event()

    async def open(self, *, leave_running: bool) -> None:
        """Raises DemoRefused when the register does not follow; ends the core afterwards unless it is to stay."""
        client = ControlClient(
            self._path, "cashier", __version__, self._take, lambda _: None, lambda _link, _why: None
        )
        client.start()
        number, _, _, pin = STAFF[0]
        try:
            await self._until(lambda view: view.mode is Mode.LOCKED)
            client.send(IntentKind.ENTER, number)
            client.send(IntentKind.ENTER, pin)
            await self._until(lambda view: view.mode in (Mode.SHIFT, Mode.IDLE))
            client.send(IntentKind.ENTER, START_AMOUNT)
            await self._until(lambda view: view.mode is Mode.IDLE)
            client.send(IntentKind.OPERATION, operation=SIGN_OFF)
            await self._until(lambda view: view.mode is Mode.LOCKED)
            if not leave_running:
                await client.command("stop", "")
        except TimeoutError:
            message = self._view.message.text if self._view else "no answer from the register core"
            raise DemoRefused(f"The first shift could not be opened: {message}") from None
        finally:
            await client.close()

    def _take(self, view: View) -> None:
        self._view = view
        self._news.set()

    async def _until(self, reached: Callable[[View], bool]) -> None:
        async with asyncio.timeout(STEP_S):
            while self._view is None or not reached(self._view):
                self._news.clear()
                await self._news.wait()


def _keep_or_find(port: int) -> int:
    return port if port and is_port_free(port) else free_port()


def _whole_path(address: str) -> str:
    """A path as it is from everywhere; an address such as `tcp://host:port` as it stands."""
    scheme, separator, _ = address.partition(":")
    return address if separator and "/" not in scheme else str(Path(address).absolute())


def _quoted(text: str) -> str:
    """A TOML basic string."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

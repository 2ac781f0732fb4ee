"""`outpost demo`: the whole shop on one machine, with a server that can be killed and a cable that can be pulled."""

import argparse
import asyncio
import csv
import logging
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

from store.register.process.core_process import CoreProcess
from tui.commands.hq.client import HeadquartersClient
from tui.commands.options import folder_of
from tui.commands.outcome import CommandFailed, ExitCode
from tui.commands.register import attach, require_terminal
from tui.demo.floor import Cable, Floor, FloorLine, ServiceSwitch
from tui.demo.layout import ShopHome
from tui.demo.shop import (
    ShopWishes,
    choose_ports,
    configure,
    enrol_register,
    open_first_shift,
    start_services,
    stock,
)

EXAMPLE = """examples:
  outpost demo
  outpost demo --printer tcp://127.0.0.1:9100
  outpost demo --headless --home /tmp/shop     then: outpost register --home /tmp/shop/register

operators: cashier 101 PIN 101101, manager 201 PIN 201201, technician 301 PIN 301301"""
FLOOR_START_S = 20.0
FLOOR_CHECK_S = 0.05


def declare(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument(
        "--home",
        type=Path,
        metavar="DIR",
        help="folder of the shop (default: demo in the user's data folder)",
    )
    parser.add_argument(
        "--products", type=_count, metavar="N", help="make a catalog of N products (default: 2202)"
    )
    parser.add_argument(
        "--port", type=int, default=0, metavar="N", help="port of the server (default: any free one)"
    )
    parser.add_argument("--printer", default="", metavar="PATH|tcp://HOST:PORT", help="print to this printer")
    parser.add_argument("--scanner", default="", metavar="PATH", help="read this serial scanner")
    parser.add_argument(
        "--headless",
        action="store_true",
        help="run headquarters and server alone and leave a ready register in DIR/register",
    )
    parser.add_argument("--list-products", action="store_true", help="print code,name,price as CSV and end")
    parser.add_argument("--floor", action="store_true", help=argparse.SUPPRESS)


def run(options: argparse.Namespace) -> int:
    """Open the shop, and close it with the register."""
    if options.list_products:
        return list_products(options.products)
    shop = ShopHome(options.home.expanduser() if options.home else folder_of(options) / "demo")
    shop.make()
    wishes = ShopWishes(
        products=options.products, port=options.port, printer=options.printer, scanner=options.scanner
    )
    if options.floor:
        return asyncio.run(run_floor(shop))
    if options.headless:
        return asyncio.run(run_headless(shop, wishes))
    return run_with_screen(shop, wishes)


def list_products(products: int | None) -> int:
    """The goods as CSV: a code to scan or type, the name, the price in cents."""
    from tui.demo.goods import make_goods

    goods = make_goods(products)
    codes = {row["sku"]: str(row["gtin"]).removeprefix("0") for row in goods.barcodes}
    table = csv.writer(sys.stdout, lineterminator="\n")
    table.writerow(("code", "name", "price"))
    for item in goods.items:
        table.writerow((item["plu"] or codes.get(item["sku"], item["sku"]), item["name"], item["price"]))
    return ExitCode.DONE


def run_with_screen(shop: ShopHome, wishes: ShopWishes) -> int:
    """The shop behind a screen: floor, services, register; ends when the register ends."""
    core = CoreProcess(shop.register)
    require_terminal()
    prepare = None if core.is_running() else partial(open_shop, shop, wishes, core)
    code = attach(shop.register, core, prepare)
    if not core.is_running():
        asyncio.run(FloorLine(shop.floor_socket).end())
    return code


def open_shop(shop: ShopHome, wishes: ShopWishes, core: CoreProcess) -> None:
    """Everything that must stand before the screen is drawn."""
    line = FloorLine(shop.floor_socket)
    asyncio.run(line.end())
    notes = choose_ports(shop, wishes)
    asyncio.run(start_floor(shop, line))
    code = stock(shop, wishes, HeadquartersClient)
    server_url = f"http://127.0.0.1:{notes.cable_port}"
    configure(shop, wishes, server_url, with_floor=True)
    enrol_register(shop, server_url, code)
    open_first_shift(shop, core, leave_running=True)
    core.ensure()


async def start_floor(shop: ShopHome, line: FloorLine) -> None:
    """Start cable and server as a process of their own; it outlives a lost terminal. Raises CommandFailed."""
    output = shop.path / "floor.out"
    command = (sys.executable, "-m", "tui", "demo", "--floor", "--home", str(shop.path))
    with output.open("wb") as out:
        floor = subprocess.Popen(  # noqa: ASYNC220 - a few milliseconds, before anything else runs
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
        )
    for _ in range(round(FLOOR_START_S / FLOOR_CHECK_S)):
        try:
            if (await line.state())["server_pid"]:
                return
        except (OSError, ValueError, TimeoutError):
            pass  # not listening yet
        if floor.poll() is not None:
            break
        await asyncio.sleep(FLOOR_CHECK_S)
    words = output.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    reason = words[-1].removeprefix("outpost: ") if words else f"no answer; see {output}"
    raise CommandFailed(ExitCode.CANNOT_REACH, f"The demo shop did not open: {reason}")


async def run_floor(shop: ShopHome) -> int:
    """The floor's own process: headquarters, and the server behind a cable, until the shop closes."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    notes = shop.notes()
    headquarters, switch = await start_services(shop, notes)
    cable = Cable(notes.server_port)
    floor = Floor(cable, switch, shop.floor_socket, headquarters)
    try:
        await cable.open(notes.cable_port)
        await floor.open()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, floor.ended.set)
        await floor.run(CoreProcess(shop.register).is_running)
    finally:
        await floor.close()
    return ExitCode.DONE


async def run_headless(shop: ShopHome, wishes: ShopWishes) -> int:
    """Headquarters and server alone, and a ready register in the shop's folder; until a signal ends them."""
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    notes = choose_ports(shop, wishes)
    headquarters, switch = await start_services(shop, notes)
    try:
        code = await asyncio.to_thread(stock, shop, wishes, HeadquartersClient)
        server_url = f"http://127.0.0.1:{notes.server_port}"
        configure(shop, wishes, server_url, with_floor=False)
        await asyncio.to_thread(enrol_register, shop, server_url, code)
        await asyncio.to_thread(leave_ready, shop)
        print_addresses(shop, server_url, switch, headquarters)
        await ended.wait()
    finally:
        await switch.stop()
        await headquarters.stop()
    return ExitCode.DONE


def leave_ready(shop: ShopHome) -> None:
    """Open the first shift once, and leave the register ended: its own command starts it."""
    open_first_shift(shop, CoreProcess(shop.register), leave_running=False)


def print_addresses(
    shop: ShopHome, server_url: str, switch: ServiceSwitch, headquarters: ServiceSwitch
) -> None:
    """What another terminal needs."""
    address = f"http://127.0.0.1:{headquarters.port}"
    print(f"Headquarters   {address}  pid {headquarters.pid}  outpost hq --home {shop.headquarters} ...")
    print(f"Retail Server  {server_url}  pid {switch.pid}")
    print(f"Register       outpost register --home {shop.register.path}")
    print("Ctrl+C ends the shop.", flush=True)


def _count(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 2_000_000:
        raise argparse.ArgumentTypeError("between 1 and 2000000")
    return number

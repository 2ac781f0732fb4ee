"""Checks of what a register talks to: its core, the server, printer and scanners."""

import asyncio
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from devices.errors import DeviceAddressError
from devices.factory import build
from devices.wire.address import (
    FileAddress,
    NodeAddress,
    SerialAddress,
    TcpAddress,
    printer_address,
    serial_address,
)
from store.gateway.client import RetailClient
from store.gateway.errors import GatewayError
from store.gateway.server_address import ServerAddressError
from store.register.config import Config, ConfigError, load_config
from store.register.control.client import ControlError, ask
from store.register.control.messages import Query
from store.register.enrolment.activation import ActivationRefused, load_enrolment
from store.register.enrolment.trust import authority_of
from store.register.home import RegisterHome
from store.register.system_ports import SystemClock, SystemRandomness
from tui import __version__
from tui.commands.doctor_finding import Finding, fail, note, ok, warn

HEALTH_S = 5.0
PORT_S = 2.0
CLOCK_OFF_S = 60.0
"""Signed requests are refused when the clocks differ by minutes; receipts would be wrong before that."""
BY_HAND = "OFFLINE manual"
WELL = ("ready", "unknown")


def check(home: RegisterHome) -> Iterator[Finding]:
    """All checks of the surroundings."""
    try:
        config = load_config(home.config_file)
    except ConfigError:
        return  # told already
    status = core_status(home)
    if status is None:
        yield note("Register", "It does not run. `outpost register` starts it.")
    else:
        yield ok("Register", f"It runs, {status['mode']}, {status['pending_records']} records to send.")
    yield from check_server(home, config, status)
    yield from check_devices(home, config, status)


def core_status(home: RegisterHome) -> dict[str, Any] | None:
    """The running core's own word, or nothing when none runs."""
    try:
        return ask(home.socket, Query(id=1, kind="status"), __version__)
    except ControlError:
        return None


def check_server(home: RegisterHome, config: Config, status: dict[str, Any] | None) -> Iterator[Finding]:
    """Whether the Retail Server answers, and how far the clocks differ."""
    address = config.register.server_url or enrolled_address(home)
    if not address:
        yield note("Server", "No server is known yet.")
        return
    if status is not None and status["mode"] == BY_HAND:
        yield note(
            "Server", "Not asked: the register was disconnected by hand. `outpost 917 connect` undoes that."
        )
        return
    try:
        server, offset_s, took_ms = asyncio.run(ask_server(address, trust_of(home, config)))
    except ConfigError as error:
        yield fail("Server", error.reason, "Mend register.toml or put the file back.")
        return
    except ServerAddressError as error:
        yield fail("Server", str(error), "Mend server_url in register.toml.")
        return
    except GatewayError as error:
        yield warn(
            "Server",
            f"{error.reason}.",
            "Selling goes on offline. Check the cable, the address and the server.",
        )
        return
    yield ok("Server", f"{server} answers in {took_ms:.0f} ms and can commit.")
    if abs(offset_s) > CLOCK_OFF_S:
        yield fail("Clock", f"It is {offset_s:+.0f} s off the server's.", "Switch on time synchronisation.")


def enrolled_address(home: RegisterHome) -> str:
    """The address the register was enrolled at."""
    try:
        enrolment = load_enrolment(home.path)
    except ActivationRefused:
        return ""
    return enrolment.server_url if enrolment else ""


def trust_of(home: RegisterHome, config: Config) -> Path | None:
    """What the register trusts its server by; raises ConfigError."""
    try:
        enrolment = load_enrolment(home.path)
    except ActivationRefused:
        enrolment = None
    if enrolment is None:
        return Path(config.register.ca_file) if config.register.ca_file else None
    return authority_of(home, enrolment, config.register)


async def ask_server(address: str, ca_file: Path | None) -> tuple[str, float, float]:
    """host:port, seconds our clock is ahead of the server's, and milliseconds the answer took. Raises GatewayError."""
    client = RetailClient(
        address=address,
        clock=SystemClock(),
        randomness=SystemRandomness(),
        ca_file=ca_file,
    )
    try:
        await client.open()
        began_s = time.monotonic()
        health = await client.health(deadline_s=HEALTH_S)
        took_ms = (time.monotonic() - began_s) * 1000
        return client.server, time.time() - health.time_ms / 1000, took_ms
    finally:
        await client.close()


def check_devices(home: RegisterHome, config: Config, status: dict[str, Any] | None) -> Iterator[Finding]:
    """Printer, drawer, scanners: by the running core's word, else whether they are there at all."""
    try:
        build(config.devices, home.path)
    except DeviceAddressError as error:
        yield fail("Devices", str(error), "Mend [devices] in register.toml.")
        return
    wanted = [("Printer", config.devices.printer), *(("Scanner", each) for each in config.devices.scanners)]
    wanted = [(name, address) for name, address in wanted if address not in ("", "none")]
    if not wanted:
        yield note("Devices", "None are configured: receipts are shown on the screen, codes are typed.")
    elif status is not None:
        yield from (device_finding(row) for row in status["devices"])
    else:
        yield from (presence(name, address) for name, address in wanted)


def device_finding(row: dict[str, Any]) -> Finding:
    """A device as the core sees it."""
    name = f"{row['kind'].capitalize()} {row['device']}"
    said = row["detail"] or row["health"].replace("_", " ")
    if row["health"] in WELL:
        return ok(name, f"{said.rstrip('.')}.")
    return warn(name, f"{said.rstrip('.')}.", "Selling goes on; look at the device and its cable.")


def presence(name: str, text: str) -> Finding:
    """Whether something is at an address; a device that is there may still be off."""
    cure = "Plug it in and switch it on, or mend [devices] in register.toml."
    address = printer_address(text) if name == "Printer" else serial_address(text)
    match address:
        case TcpAddress(host=host, port=port):
            try:
                socket.create_connection((host, port), PORT_S).close()
            except OSError as error:
                return warn(name, f"{address} cannot be reached: {error.strerror or error}.", cure)
            return ok(name, f"{address} can be reached.")
        case FileAddress(path=path):
            return ok(name, f"Receipts go into {path}.")
        case SerialAddress(path=path) | NodeAddress(path=path):
            there = Path(path).exists()
            return ok(name, f"{path} is there.") if there else warn(name, f"{path} is not there.", cure)

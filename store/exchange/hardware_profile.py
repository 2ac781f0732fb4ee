"""The hardware profile: what is connected to a register; table `[devices]` of register.toml, a noun of headquarters,
and a part of a register's row in job 1090 (docs/devices.md).
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta


class DevicesConfig(msgspec.Struct, frozen=True, kw_only=True):
    """`[devices]`: what is connected to this register (addresses: docs/devices.md)."""

    printer: Annotated[
        str,
        Meta(
            description='Receipt printer: "tcp://host:port", "serial:/dev/serial/by-id/...?baud=9600", "/dev/usb/lp0",'
            ' "file:/path" or "none".'
        ),
    ] = "none"
    printer_columns: Annotated[
        int, Meta(ge=24, le=64, description="Characters in a line of the printer's font A: 48, 42 or 32.")
    ] = 42
    printer_codepage: Annotated[
        str,
        Meta(
            description="The one code page the printer is set to: CP858, CP437, CP850, CP852, CP866 or CP1252."
        ),
    ] = "CP858"
    printer_codepage_number: Annotated[
        int, Meta(ge=-1, le=255, description="The printer's own number of that page; -1 takes Epson's.")
    ] = -1
    printer_answers: Annotated[
        Literal["auto", "yes", "no"],
        Meta(description="Whether the printer can answer; auto finds out and remembers."),
    ] = "auto"
    printer_fence: Annotated[
        Literal["status", "id", "none"],
        Meta(
            description="How the printer tells that a receipt is on paper: status (GS r), id (GS ( H) or none."
        ),
    ] = "status"
    drawer: Annotated[
        str,
        Meta(description='Cash drawer: "printer" (its plug at the printer), "serial:/dev/..." or "none".'),
    ] = "printer"
    drawer_pin: Annotated[Literal[2, 5], Meta(description="Pin of the drawer's plug: 2 or 5.")] = 2
    drawer_open_level: Annotated[
        Literal["none", "high", "low"],
        Meta(description="Level of the drawer's sensor while it is open; none when there is no sensor."),
    ] = "none"
    scanners: Annotated[
        tuple[str, ...],
        Meta(description='Serial scanners: "/dev/serial/by-id/..." with "?baud=9600" where it matters.'),
    ] = ()
    scanner_ends: Annotated[
        tuple[Literal["CR", "LF", "TAB", "ETX"], ...],
        Meta(min_length=1, description="What ends a scan; CR LF counts as one end."),
    ] = ("CR", "LF", "TAB", "ETX")
    scanner_repeat_ms: Annotated[
        int,
        Meta(
            ge=0,
            le=1000,
            description="An identical scan within this time is the same one read twice; 0 never drops.",
        ),
    ] = 250

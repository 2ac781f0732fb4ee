"""Health check (717): devices, network and database, tested beside the till and shown as a panel over the sale."""

import functools
from collections.abc import Iterator
from typing import Any

from store.register.journal.errors import JournalError
from store.register.session.errand import Panel
from store.register.session.server_health import ServerHealth
from store.register.session.work import DONE, Reply, Work
from store.sale.language import counted, phrase

KIND = "health"
GOOD_MS, ACCEPTABLE_MS = 50, 100
"""Mean time of an answer of the server: good, acceptable, above poor."""
CLOCK_DIFFERS_MS = 60_000
ENOUGH_FREE_BYTES = 200 * 1024 * 1024
CHECKED = "health_checked"


async def begin(work: Work) -> Reply:
    """Start the tests; the till goes on meanwhile."""
    work.errands.append(functools.partial(_check, work))
    work.say(phrase("Checking devices, network and database."))
    return DONE


async def _check(work: Work) -> Panel | str:
    pinned = work.ports.connection.status().word == "OFFLINE manual"
    server = None if pinned else await work.ports.server_health()
    rows = [
        *device_lines(work.ports.status().get("devices", [])),
        *network_lines(work, server),
        *await database_lines(work),
    ]
    bad = sum(row.startswith("! ") for row in rows)
    found = (
        phrase("Everything is in order.")
        if not bad
        else counted("{n} point needs a look (!).", "{n} points need a look (!).", bad)
    )
    return Panel(
        kind=KIND,
        title=phrase("Health check"),
        lines=(found, *rows),
        sentence=phrase("Health check: {found}", found),
    )


def device_lines(devices: list[dict[str, Any]]) -> Iterator[str]:
    """Each device with its state; what is not there is not tested."""
    if not devices:
        yield phrase("  No printer, drawer or scanner is set up.")
    for row in devices:
        health = str(row["health"])
        mark = "  " if health in ("ready", "unknown") else "! "
        detail = f": {row['detail']}" if row.get("detail") else ""
        yield f"{mark}{str(row['kind']).capitalize()} {health.replace('_', ' ')}{detail}"


def network_lines(work: Work, server: ServerHealth | None) -> Iterator[str]:
    """Whether the server answers, how quickly, how it stands with headquarters, and whose clock is wrong."""
    status = work.ports.connection.status()
    name = status.server or phrase("the server")
    if server is None:
        yield phrase("  Network: disconnected by hand, {name} was not asked.", name)
        return
    if server.trouble:
        yield phrase("! Network: {name} does not answer ({trouble}).", name, server.trouble)
        return
    count = len(server.times_ms)
    mean = sum(server.times_ms) / max(count, 1)
    word = "good" if mean <= GOOD_MS else "acceptable" if mean <= ACCEPTABLE_MS else "poor"
    mark = "! " if mean > ACCEPTABLE_MS or not count else "  "
    yield phrase(
        "{mark}Network: {count} answers of {name}, {mean} ms on average: {word}.",
        mark,
        count,
        name,
        f"{mean:.0f}",
        word,
    )
    if server.headquarters:
        yield f"  {server.headquarters}"
    if abs(server.clock_differs_ms) > CLOCK_DIFFERS_MS:
        yield phrase("! Clock: {value} s away from the server's.", abs(server.clock_differs_ms) // 1000)


async def database_lines(work: Work) -> list[str]:
    """Whether the journal takes a write and its end holds, what waits for the server, the catalog, the disk."""
    lines: list[str] = []
    clock = work.ports.clock
    began_s = clock.monotonic_s()
    try:
        await work.ports.journal.save_setting(CHECKED, str(work.now_ms))
        took_ms = (clock.monotonic_s() - began_s) * 1_000
        check = await work.ports.journal.check_tail(signatures=False)
        counts = await work.ports.journal.counts()
    except JournalError as error:
        lines.append(f"! Journal: {error.sentence}")
    else:
        mark, what = ("  ", "sound") if check.ok else ("! ", "damaged")
        lines.append(
            phrase("{mark}Journal: written in {took_ms} ms, its end is {what}.", mark, f"{took_ms:.0f}", what)
        )
        lines.append(
            counted(
                "  {n} transaction waits for the server.",
                "  {n} transactions wait for the server.",
                counts.pending_transactions,
            )
        )
    shop = work.ports.shop
    lines.append(f"{'! ' if shop.trouble or shop.caution else '  '}{shop.caution or shop.facts}")
    free = work.ports.free_bytes()
    lines.append(
        phrase(
            "{what}Disk: {value} MiB free.", "! " if free < ENOUGH_FREE_BYTES else "  ", free // (1024 * 1024)
        )
    )
    return lines

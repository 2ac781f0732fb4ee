"""A register that nobody touches: bytes, processor time; and the memory it has after a morning of sales."""

import time

from figures import Row
from machine import cpu_s, memory_mib
from stage import Seller, Stage, attach
from timed_terminal import TimedTerminal

from shop_hand import sign_on

CPU_LIMIT = 0.01
SCREEN_LIMIT_MIB, CORE_LIMIT_MIB = 45.0, 70.0
LINES_OF_A_SALE = 4
SETTLE_S = 3.0
"""After the last key: what is done late on purpose (paper, upload, checkpoint) is done."""


def measure(stage: Stage) -> list[Row]:
    """First many sales, then the memory, then silence in the middle of a sale."""
    with stage.shop() as shop:
        terminal = attach(shop, "register")
        sign_on(terminal)
        seller = Seller(terminal)
        for _ in range(stage.extent.sales):
            for _ in range(LINES_OF_A_SALE):
                seller.scan()
            seller.pay()
        seller.scan()
        terminal.settle(0.5)
        core = shop.core_pid()
        time.sleep(min(SETTLE_S, stage.extent.idle_s))
        memory = [
            row_of_memory("screen", SCREEN_LIMIT_MIB, terminal.pid, stage.extent.sales),
            row_of_memory("core", CORE_LIMIT_MIB, core, stage.extent.sales),
        ]
        return [*rows_of_idleness(terminal, core, stage.extent.idle_s), *memory]


def rows_of_idleness(terminal: TimedTerminal, core: int, duration_s: float) -> list[Row]:
    """Nothing happens for so long, between two minutes of the clock."""
    terminal.settle(0.5)
    left_s = 60 - time.time() % 60
    if left_s < duration_s + 0.5:
        time.sleep(left_s + 0.5)
        terminal.settle(0.5)
    pids = (terminal.pid, core)
    before = [cpu_s(pid) for pid in pids]
    begin_s = time.monotonic()
    size = terminal.bytes_within(duration_s)
    took_s = time.monotonic() - begin_s
    screen, core_share = ((cpu_s(pid) - was) / took_s for pid, was in zip(pids, before, strict=True))
    return [
        Row(
            what=f"idle, {duration_s:g} s between two minutes of the clock: bytes to the terminal",
            target="0",
            measured=str(size),
            holds=size == 0,
        ),
        Row(
            what="idle: processor time of core and screen together",
            target=f"≤ {CPU_LIMIT:.0%}",
            measured=f"{screen + core_share:.2%} (core {core_share:.2%}, screen {screen:.2%})",
            holds=screen + core_share <= CPU_LIMIT,
        ),
    ]


def row_of_memory(what: str, limit_mib: float, pid: int, sales: int) -> Row:
    """Resident memory of one process."""
    resident, proportional = memory_mib(pid)
    return Row(
        what=f"memory of the {what} after {sales} sales",
        target=f"≤ {limit_mib:g} MiB",
        measured=f"{resident:.1f} MiB resident ({proportional:.1f} MiB proportional)",
        holds=resident <= limit_mib,
    )

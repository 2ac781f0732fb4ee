"""From the last byte of a scan to the painted line: typed and serial, online and offline, scan by scan in turn."""

import time
from collections import defaultdict

from figures import Row, p50, p50_p99
from stage import Seller, Stage, attach

from devices.simulated.scanner import SimulatedScanner
from shop_hand import sign_on

TYPED_LIMIT_S, SERIAL_LIMIT_S, P99_LIMIT_S = 0.006, 0.005, 0.020
BYTES_LIMIT = 300
OFFLINE_LIMIT = 1.2
LINES_OF_A_SALE = 20
KINDS = ("typed", "serial")


class Lane:
    """One shop with one screen and one serial scanner, and what was measured at it."""

    def __init__(self, seller: Seller, scanner: SimulatedScanner) -> None:
        self.seller = seller
        self.scanner = scanner
        self.took_s: dict[str, list[float]] = defaultdict(list)
        self.sizes: dict[str, list[int]] = defaultdict(list)

    def scan(self, kind: str, *, count: bool) -> None:
        """One scan, measured."""
        terminal = self.seller.terminal
        terminal.catch_up()
        good, painted = self.seller.next_good()
        if kind == "typed":
            terminal.send(f"{good.code}\r")
        else:
            self.scanner.scan(good.code)
        sent_s = time.monotonic()
        (at_s,) = terminal.time_of(painted)
        if count:
            self.took_s[kind].append(at_s - sent_s)
            self.sizes[kind].append(terminal.measured_bytes)
        if self.seller.lines == LINES_OF_A_SALE:
            self.seller.pay()


def measure(stage: Stage) -> list[Row]:
    """Two shops side by side, the server of one is gone; every figure of one is taken next to one of the other."""
    scanners = [SimulatedScanner(), SimulatedScanner()]
    with stage.shop() as online, stage.shop(server=False) as offline:
        lanes = []
        for shop, scanner in zip((online, offline), scanners, strict=True):
            shop.connect(scanners=[scanner.plug_in()])
            terminal = attach(shop, "register")
            sign_on(terminal)
            terminal.wait_for(" ONLINE" if shop is online else "OFFLINE auto", "eady")
            lanes.append(Lane(Seller(terminal), scanner))
        for round_no in range(stage.extent.scans + 2):
            for kind in KINDS:
                for lane in lanes:
                    lane.scan(kind, count=round_no >= 2)
    for scanner in scanners:
        scanner.pull_out()
    return [
        *(row_of_latency(lanes[0], kind) for kind in KINDS),
        row_of_bytes(lanes[0]),
        *rows_offline(*lanes),
    ]


def row_of_latency(lane: Lane, kind: str) -> Row:
    """How fast."""
    limit_s = TYPED_LIMIT_S if kind == "typed" else SERIAL_LIMIT_S
    values = lane.took_s[kind]
    return Row(
        what=f"last byte of a {kind} scan to the painted line, online",
        target=f"p50 ≤ {limit_s * 1000:g} ms, p99 ≤ {P99_LIMIT_S * 1000:g} ms",
        measured=p50_p99(values),
        holds=p50(values) <= limit_s and sorted(values)[-(-99 * len(values) // 100) - 1] <= P99_LIMIT_S,
    )


def row_of_bytes(lane: Lane) -> Row:
    """How much goes to the terminal."""
    sizes = [size for kind in KINDS for size in lane.sizes[kind]]
    middle, mean = p50(sizes), sum(sizes) / len(sizes)
    return Row(
        what="bytes to the terminal per scan",
        target=f"≤ {BYTES_LIMIT}",
        measured=f"median {middle:.0f}, mean {mean:.0f}, max {max(sizes)} (the list moves up)",
        holds=middle <= BYTES_LIMIT,
    )


def rows_offline(online: Lane, offline: Lane) -> list[Row]:
    """The same without the server."""
    rows = []
    for kind in KINDS:
        here, there = offline.took_s[kind], online.took_s[kind]
        ratio = p50(here) / p50(there)
        rows.append(
            Row(
                what=f"the same {kind} scan, offline",
                target=f"≤ {OFFLINE_LIMIT:g} x online",
                measured=p50_p99(here),
                baseline=p50_p99(there),
                ratio=ratio,
                holds=ratio <= OFFLINE_LIMIT,
            )
        )
    return rows

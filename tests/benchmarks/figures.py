"""Medians, percentiles and the table of results."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the table. `holds` is None where a figure has no target."""

    what: str
    target: str
    measured: str
    baseline: str = ""
    ratio: float | None = None
    holds: bool | None = None


def p50(values: Sequence[float]) -> float:
    """The median."""
    return statistics.median(values)


def p99(values: Sequence[float]) -> float:
    """The 99th percentile by nearest rank: with fewer than a hundred values the largest of them."""
    ordered = sorted(values)
    return ordered[-(-99 * len(ordered) // 100) - 1]


def ms(seconds: float) -> str:
    """Milliseconds to read."""
    value = seconds * 1000
    return f"{value:.2f} ms" if value < 1 else f"{value:.1f} ms" if value < 100 else f"{value:.0f} ms"


def p50_p99(values: Sequence[float]) -> str:
    """Both, in words."""
    return f"p50 {ms(p50(values))}, p99 {ms(p99(values))}"


def table(rows: Sequence[Row]) -> str:
    """The rows as a Markdown table."""
    lines = ["| | target | measured | baseline | ratio | |", "| --- | --- | --- | --- | --- | --- |"]
    for row in rows:
        ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
        verdict = {True: "ok", False: "**miss**", None: ""}[row.holds]
        lines.append(f"| {row.what} | {row.target} | {row.measured} | {row.baseline} | {ratio} | {verdict} |")
    return "\n".join(lines) + "\n"

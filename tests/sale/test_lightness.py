"""The rules cost nothing at start and little per scan."""

import subprocess
import sys
import time

from sale_shop import MILK, POLICY, sale_of
from store.sale.selling import add_line
from store.sale.totals import totals

HEAVY = {"wcwidth", "fractions", "decimal", "unicodedata", "json", "re", "dataclasses", "asyncio", "logging"}


def test_importing_the_rules_of_a_sale_loads_nothing_heavy():
    code = (
        "import sys, msgspec; before = set(sys.modules)\n"
        "import store.sale.selling, store.sale.paying, store.sale.report, store.sale.settings, store.sale.shift\n"
        "print(*sorted(m for m in set(sys.modules) - before if not m.startswith('store')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not HEAVY & set(done.stdout.split()), done.stdout


def test_a_line_and_its_sums_cost_less_than_a_thousandth_of_a_second():
    sale = sale_of(*[MILK] * 20)
    best = min(timed(sale) for _ in range(20))
    assert best < 0.001


def timed(sale) -> float:
    start = time.perf_counter()
    totals(add_line(sale, POLICY, MILK, "1", "4006381333931"), POLICY)
    return time.perf_counter() - start

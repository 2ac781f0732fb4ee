"""Changed prices on their way through a real chain: from Run now to the channel database and to every register.

Headquarters, Retail Server and two registers are processes of their own, set up by commands. The clock starts before
the command `job run`; a session tells when its database had applied the package.
"""

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from figures import Row, p50
from stage import Stage

from chain import Chain
from shop import eventually
from shop_hand import sign_on

MOST_PRODUCTS = 100_000
CHANGED = 100
INTERVAL_S = 2.0
CHANNEL_LIMIT_S = 2.0
REGISTER_LIMIT_S = INTERVAL_S + 5.0
REGISTERS = ("S0001-R01", "S0001-R02")
FIRST_CODE = 500_000
APPLIED_S = 300.0


def measure(stage: Stage) -> list[Row]:
    """Several deliveries of a hundred changed prices."""
    products = min(stage.extent.items, MOST_PRODUCTS)
    channel: list[float] = []
    registers: list[float] = []
    with running_chain(stage.path("deliveries"), products) as chain:
        for number in range(max(2, min(stage.extent.failures, 8))):
            took = delivered_s(chain, products, number)
            channel.append(took.pop("S0001"))
            registers += took.values()
    return [
        row_of(
            f"Run now to the channel database, {CHANGED} of {products:,} prices", channel, CHANNEL_LIMIT_S
        ),
        row_of(
            f"Run now to {len(REGISTERS)} registers that ask every {INTERVAL_S:.0f} s",
            registers,
            REGISTER_LIMIT_S,
        ),
    ]


def row_of(what: str, waits: list[float], limit_s: float) -> Row:
    """One line of the table."""
    return Row(
        what=what,
        target=f"<= {limit_s:.0f} s",
        measured=f"median {p50(waits):.2f} s, worst {max(waits):.2f} s",
        holds=max(waits) <= limit_s,
    )


@contextmanager
def running_chain(home: Path, products: int) -> Iterator[Chain]:
    """A chain with so many products, its registers signed in for the first time and supplied."""
    home.mkdir()
    chain = Chain(home)
    try:
        chain.start_headquarters()
        chain.start_server()
        chain.set_up(*REGISTERS)
        chain.hq("offline-profile", "set", "OP1", "--download-interval", str(INTERVAL_S))
        goods = home / "goods.csv"
        rows = (f"{FIRST_CODE + n},Product {n},{n % 90 + 1}.09,R" for n in range(products))
        goods.write_text("\n".join(("code,name,price,tax", *rows)) + "\n")
        chain.hq("product", "import", goods, "--yes")
        chain.hq("job", "run", "9999")
        for register in REGISTERS:
            chain.activate(register)
            sign_on(chain.register(register))
        all_applied(chain)
        yield chain
    finally:
        chain.close()


def delivered_s(chain: Chain, products: int, number: int) -> dict[str, float]:
    """Change prices, run their job, and answer for each database how long it took."""
    chance = random.Random(number)
    prices = chain.home / "prices.csv"
    rows = (
        f"{FIRST_CODE + n},{chance.randrange(1, 99)}.{chance.randrange(10, 99)}"
        for n in chance.sample(range(products), min(CHANGED, products))
    )
    prices.write_text("\n".join(("product,amount", *rows)) + "\n")
    chain.hq("price", "import", prices, "--yes")
    began_s = time.time()
    chain.hq("job", "run", "1020")
    all_applied(chain)
    sessions = chain.ask_hq("session", "list", "--limit", str(1 + len(REGISTERS)))
    applied = {
        row["database"]: chain.ask_hq("session", "show", row["session"])["applied"] for row in sessions
    }
    return {name: datetime.fromisoformat(at).timestamp() - began_s for name, at in applied.items()}


def all_applied(chain: Chain) -> None:
    """Wait until no session is open."""
    eventually(lambda: not chain.ask_hq("session", "list", "--open"), APPLIED_S, "every database has it")

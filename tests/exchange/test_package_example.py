"""The worked example of docs/packages.md, and what a small change costs on the wire."""

import hashlib
import random

from catalog_files import History
from store.exchange.compression import compress
from store.exchange.package_header import write_header
from store.exchange.package_reader import read_parts
from store.exchange.package_tables import encode_row

SETTINGS = {"currency": "EUR", "store_name": "Corner Shop"}


def rows_of(settings):
    return [{"key": key, "value": value} for key, value in settings.items()]


def test_worked_example_of_the_page_holds():
    history = History({"setting": rows_of(SETTINGS)}, {"setting": rows_of({"store_name": "Corner Shop II"})})
    delta = history.delta(2)
    (part,) = delta.manifest.parts
    assert (part.mode, part.rows, part.deletes, part.total_rows) == ("delta", 1, 1, 1)
    (batch,) = read_parts(delta.manifest, delta.fetch)
    assert (batch.rows, batch.deletes) == ([("store_name", "Corner Shop II")], ["currency"])
    line = b'["store_name","Corner Shop II"]'
    assert len(line) == 31
    assert part.total_hash == hashlib.sha256(line).hexdigest()
    assert history.full(2).manifest.parts[0].total_hash == part.total_hash


def test_delta_of_a_hundred_changed_prices_is_at_most_three_times_the_compressed_rows():
    def price(sku):
        key = f"{sku:07d}"
        amount = rng.randrange(50, 20_000)
        return {"key": f"{key}/1", "sku": key, "amount": amount, "from_ms": 1_795_525_392_000}

    rng = random.Random(1)
    before = [price(sku) for sku in sorted(rng.sample(range(10**7), 20_000))]
    places = sorted(rng.sample(range(20_000), 100))
    after = [dict(row) for row in before]
    for place in places:
        after[place]["amount"] += rng.randrange(1, 500)
    history = History({"price": before}, {"price": after})
    delta = history.delta(2, store="S0001", data_group="S0001", job="1020")
    changed = [encode_row("price", row) for row in (after[place] for place in places)]
    rows = len(compress(b"\n".join(changed) + b"\n"))
    assert delta.manifest.parts[0].rows == 100
    assert len(write_header(delta.header)) + delta.header.size <= 3 * rows

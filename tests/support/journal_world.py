"""A register's journal for tests: a fixed key, a clock that stands still until told, sales that add up."""

import asyncio
import hashlib
from contextlib import asynccontextmanager

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from store.exchange.record import key_id_of, public_bytes, sign
from store.register.journal.journal import Draft, Entry, Journal, JournalIdentity, PrintJob, SignerUnavailable
from store.register.system_ports import SystemStorage

KEY = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"journal tests").digest())
START_MS = 1_767_600_000_000  # 2026-01-05T08:00:00Z


def identity(epoch=1, register="S0042-R03", key=KEY):
    return JournalIdentity(
        register=register,
        store="S0042",
        epoch=epoch,
        series=f"{register}.{epoch}",
        public_key=public_bytes(key),
    )


class KeySigner:
    """Signs like the register; `lost` makes the key unavailable."""

    def __init__(self, key=KEY):
        self.key = key
        self.key_id = key_id_of(public_bytes(key))
        self.lost = False

    def sign(self, record_hash):
        if self.lost:
            raise SignerUnavailable("the vault is closed")
        return sign(self.key, record_hash)


class StillClock:
    """Moves only when told; `sleep` returns after a turn of the loop and moves time on."""

    def __init__(self, wall_ms=START_MS):
        self.wall = wall_ms
        self.monotonic = 1000.0

    def wall_ms(self):
        return self.wall

    def monotonic_s(self):
        return self.monotonic

    def utc_offset_min(self):
        return 60

    def pass_s(self, seconds):
        self.wall += round(seconds * 1000)
        self.monotonic += seconds

    async def sleep(self, seconds):
        await asyncio.sleep(min(seconds, 0.01))


class HeldStorage:
    """A disk whose syncs can be held back and counted."""

    def __init__(self):
        self.syncs = 0
        self.error = None

    def sync(self, path):
        self.syncs += 1
        if self.error is not None:
            raise self.error

    def free_bytes(self, path):
        return 10**12


def sale_body(lines=2, price=199):
    """A sale record's content whose sums agree, as `store.sale.record.sale_body` makes it."""
    rows = []
    for n in range(1, lines + 1):
        tax = round_half_up(price * 19, 119)
        rows.append({
            "n": n, "sku": f"A{n:05d}", "name": f"Käse „Gouda“ jung {n}", "quantity": "1", "unit": "pcs",
            "price": price, "amount": price, "tax": "A", "tax_amount": tax, "gross": price,
            "source": "offline", "price_source": "catalog", "code": f"{4006381333000 + n}",
        })  # fmt: skip
    total = sum(row["gross"] for row in rows)
    given = total + 10
    taxes = sum(row["tax_amount"] for row in rows)
    tax_row = {
        "code": "A",
        "name": "VAT",
        "rate": "19",
        "included": 1,
        "net": total - taxes,
        "tax": taxes,
        "gross": total,
    }
    return {
        "currency": "EUR", "lines": rows, "items": str(lines), "subtotal": total, "discount": 0, "total": total,
        "taxes": [tax_row], "rounding_scope": "line", "cash_rounding_step": 1, "paid": total, "change": 10,
        "cash_rounding": 0,
        "tenders": [
            {"n": 1, "tender": 1, "kind": "cash", "amount": given},
            {"n": 2, "tender": 1, "kind": "change", "amount": -10},
        ],
    }  # fmt: skip


def round_half_up(numerator, denominator):
    return (2 * numerator + denominator) // (2 * denominator)


def sale(txn_id, lines=2, job=True, draft=None, **changes):
    jobs = (PrintJob(job_id=f"{txn_id}-receipt", kind="receipt", document_kind="receipt"),) if job else ()
    facts = {
        "kind": "sale", "txn_id": txn_id, "body": sale_body(lines), "fiscal": True, "operator": "101",
        "operator_name": "Ann Baker", "shift": 1, "shift_id": "shift-1", "business_date": "2026-01-05",
        "mode": "offline", "catalog": "c000001", "print_jobs": jobs, "draft": draft,
    }  # fmt: skip
    return Entry(**{**facts, **changes})


def event(kind, txn_id, body=None, **changes):
    facts = {
        "kind": kind,
        "txn_id": txn_id,
        "body": body or {},
        "operator": "101",
        "shift": 1,
        "shift_id": "shift-1",
    }
    return Entry(**{**facts, **changes})


def draft(text="{}", **clients):
    return Draft(state_json=text.encode(), clients=clients)


@asynccontextmanager
async def opened(folder, *, signer="own", clock=None, storage=None, who=None, **changes):
    """A journal in `folder`, closed at the end whatever happened."""
    real = SystemStorage() if storage is None else None
    journal = await Journal.open(
        folder / "journal.db",
        who or identity(),
        KeySigner() if signer == "own" else signer,
        clock or StillClock(),
        storage or real,
        **changes,
    )
    try:
        yield journal
    finally:
        await journal.close()
        if real is not None:
            real.close()

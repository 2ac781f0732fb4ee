"""Questions that change nothing: find, price, connection, journal, operations and what others add, as ready texts."""

from typing import Any

import msgspec

from store.exchange.kinds import COUNTED_KINDS
from store.exchange.record import Record
from store.gateway.gateway import ItemUnknown
from store.register.journal.errors import JournalError
from store.register.operations import Permission, as_rows
from store.register.session import customer_desk
from store.register.session.journal_desk import document
from store.register.session.sale_desk import keys_of
from store.register.session.sync_page import as_numbers, last_attempt, sync_answer
from store.register.session.work import Work
from store.register.sync.unsent import unsent_of
from store.register.view import View
from store.sale.barcode import LabelReading, read_label
from store.sale.item import Item
from store.sale.language import phrase
from store.sale.moment import local_text, utc_text
from store.sale.receipt import receipt_number
from store.sale.text import printable

FIND_LIMIT = 50
SHORTEST_SEARCH = 1
JOURNAL_LIMIT = 50
JOURNAL_PAGE = 200
JOURNAL_PAGES = 5
TEXT_LIMIT = 64
LOOKS = {
    "find": Permission.SIGNED_IN,
    "price": Permission.SIGNED_IN,
    "journal": Permission.SELL,
    "document": Permission.SELL,
}
"""What may only be looked at with the permission of the operation it belongs to (108, 101, 115)."""


async def answer(work: Work, view: View, kind: str, text: str) -> dict[str, Any]:
    """The answer to a query, JSON-ready; `{"error": sentence}` for what cannot be answered."""
    text = text.strip()[:TEXT_LIMIT]
    if kind in LOOKS and not work.may(LOOKS[kind]):
        return {
            "error": phrase("That is not for your role.") if work.state.role else phrase("Sign in first.")
        }
    try:
        match kind:
            case "find":
                return await find(work, text)
            case "customers" | "customers_all":
                return await customers(work, text, everywhere=kind == "customers_all")
            case "price":
                return await price(work, text)
            case "connection":
                return await connection(work)
            case "journal":
                return {"records": await journal_rows(work, text)}
            case "document":
                return await document(work, text)
            case "operations":
                return operations(view)
            case "status":
                return await status(work)
            case "layout":
                return {"keys": [msgspec.to_builtins(row) for row in view.layout]}
            case _ if kind in work.ports.queries:
                return await work.ports.queries[kind](text)
            case _:
                return {"error": phrase("There is no question {kind}.", repr(kind))}
    except JournalError as error:
        return {"error": error.sentence}


async def find(work: Work, text: str) -> dict[str, Any]:
    """Items that contain the text, best first; `code` is what to type to sell one."""
    if len(text) < SHORTEST_SEARCH:
        return {"items": [], "source": ""}
    hits = await work.ports.gateway.search(text, FIND_LIMIT)
    return {"items": [item_row(item) for item in hits.items], "source": hits.source.value}


async def customers(work: Work, text: str, *, everywhere: bool) -> dict[str, Any]:
    """Customers that hold the text, best first; not `complete` says that the server may know more of them."""
    if len(text) < SHORTEST_SEARCH or not work.may(Permission.SELL):
        return {"customers": [], "source": "", "complete": True}
    hits = await customer_desk.search(work, text, everywhere=everywhere)
    rows = [customer_desk.customer_row(one) for one in hits.customers]
    return {"customers": rows, "source": hits.source.value, "complete": hits.complete}


def item_row(item: Item) -> dict[str, Any]:
    """An item as search shows it; `price` in minor units."""
    return {
        "sku": printable(item.sku),
        "name": printable(item.name),
        "price": item.price,
        "unit": printable(item.unit),
        "code": printable(item.plu or item.sku),
        "open_price": int(item.open_price),
        "blocked": printable(item.blocked),
    }


async def price(work: Work, text: str) -> dict[str, Any]:
    """What a code costs; begins no transaction."""
    label = read_label(text, work.policy.label_rules)
    found = await work.ports.gateway.find_item(
        keys_of(text, label if isinstance(label, LabelReading) else None)
    )
    if isinstance(found, ItemUnknown):
        return {"error": phrase("{text} is not on file.", printable(text)), "source": found.source.value}
    return {**item_row(found.item), "source": found.source.value}


def operations(view: View) -> dict[str, Any]:
    """The operations that can run now, and the whole table."""
    rows = [row for row in as_rows(demo=view.demo) if row["number"] in view.operations]
    return {"operations": rows, "all": as_rows(demo=view.demo)}


# -- records


def payload_of(record: Record) -> dict[str, Any]:
    """A record's payload as written."""
    payload: dict[str, Any] = msgspec.json.decode(record.payload)
    return payload


async def journal_rows(work: Work, text: str = "") -> list[dict[str, Any]]:
    """The newest transactions, newest first, in the fields of `outpost journal list --json`.

    With a text those whose receipt number, total or kind hold it, among the newest thousand records.
    """
    journal = work.ports.journal
    before = (await journal.head()).seq
    acked = (await journal.upload_state()).acked_seq
    found: list[dict[str, Any]] = []
    for _ in range(JOURNAL_PAGES if text else 1):
        first = max(before - JOURNAL_PAGE, 0)
        records = await journal.records(first, before - first)
        rows = [_with_offset(record, acked) for record in reversed(records)]
        found += [row for row in rows if row["kind"] in COUNTED_KINDS and _holds(work, row, text)]
        before = first
        if not before or len(found) >= JOURNAL_LIMIT:
            break
    return found[:JOURNAL_LIMIT]


def _with_offset(record: Record, acked_seq: int) -> dict[str, Any]:
    """A transaction with what makes its moment a local one."""
    offset_min = payload_of(record).get("utc_offset_min", 0)
    return {**transaction_row(record, acked_seq), "utc_offset_min": offset_min}


def _holds(work: Work, row: dict[str, Any], text: str) -> bool:
    if not text:
        return True
    total = work.money(row["total"])
    return any(text.casefold() in shown for shown in (row.get("receipt", "").casefold(), total, row["kind"]))


def transaction_row(record: Record, acked_seq: int) -> dict[str, Any]:
    """One record in the fields scripts read."""
    payload = payload_of(record)
    row: dict[str, Any] = {
        "series": payload["series"],
        "seq": record.seq,
        "txn_id": payload["txn_id"],
        "kind": payload["kind"],
        "receipt_no": payload.get("receipt_no"),
        "total": payload.get("total", 0),
        "currency": payload.get("currency", ""),
        "at": payload["at"],
        "business_date": payload.get("business_date", ""),
        "state": "acknowledged" if record.seq <= acked_seq else "waiting",
    }
    if payload.get("receipt_no"):
        row["receipt"] = receipt_number(payload)
    return row


# -- connection


async def connection(work: Work) -> dict[str, Any]:
    """Everything the Connection status screen shows, as texts."""
    ports = work.ports
    facts = ports.connection.status()
    upload = await ports.journal.upload_state()
    counts = await ports.journal.counts()
    work.unsent = unsent = await unsent_of(ports.journal, upload.acked_seq, work.unsent)
    age_min = max((work.now_ms - facts.since_ms) // 60_000, 0)
    link = facts.link.value.upper()
    return {
        "mode": facts.word,
        "reason": printable(facts.reason),
        "since": phrase("{time_of_day} ({age_min} min)", time_of_day(work, facts.since_ms), age_min)
        if facts.since_ms
        else "",
        "link": facts.reachable_again or link_words(work, link, facts.link_reason, facts.link_since_ms),
        "link_state": link,
        "next_attempt": next_attempt(work, facts.next_attempt_ms, facts.word),
        "sentence": printable(facts.sentence),
        "server": facts.server,
        "pending_transactions": counts.pending_transactions,
        "pending_records": counts.pending_records,
        "oldest": time_of_day(work, unsent.oldest_ms) if unsent.oldest_ms else "",
        "amount": f"{work.money(unsent.amount)} {work.policy.currency}" if unsent.oldest_ms else "",
        "pending_downloads": ports.shop.pending_downloads,
        **sync_answer(work, upload),
    }


def time_of_day(work: Work, at_ms: int, *, seconds: bool = False) -> str:
    """Local time for people: "14:03"."""
    return local_text(utc_text(at_ms), work.ports.clock.utc_offset_min())[11 : 19 if seconds else 16]


def link_words(work: Work, link: str, reason: str, since_ms: int) -> str:
    """Whether the server can be reached, and since when."""
    words = {
        "UP": "reachable",
        "DOWN": phrase("not reachable"),
        "PINNED": phrase("kept off by hand"),
        "REFUSED": "refused",
    }
    since = phrase(" since {time_of_day}", time_of_day(work, since_ms)) if since_ms else ""
    why = f": {printable(reason)}" if reason and link in ("DOWN", "REFUSED") else ""
    return f"{words.get(link, link)}{since}{why}"


def next_attempt(work: Work, next_attempt_ms: int | None, word: str) -> str:
    """When the register tries to come back by itself."""
    if word == "ONLINE":
        return ""
    if next_attempt_ms is None:
        return phrase("none; press Connect")
    if next_attempt_ms <= work.now_ms:
        return phrase("at the next sale")
    return phrase(
        "at the next sale, not before {time_of_day}", time_of_day(work, next_attempt_ms, seconds=True)
    )


async def status(work: Work) -> dict[str, Any]:
    """The fields of `outpost status --json`, with what the core's other parts add."""
    facts = work.ports.connection.status()
    counts = await work.ports.journal.counts()
    upload = await work.ports.journal.upload_state()
    sync = work.ports.sync.state()
    last = last_attempt(sync, upload)
    page = sync_answer(work, upload)
    base: dict[str, Any] = {
        "register": work.ports.config.register,
        "mode": facts.word,
        "reason": facts.reason,
        "since": utc_text(facts.since_ms) if facts.since_ms else "",
        "link": facts.link.value.upper(),
        "next_attempt": utc_text(facts.next_attempt_ms) if facts.next_attempt_ms else None,
        "pending_transactions": counts.pending_transactions,
        "pending_records": counts.pending_records,
        "pending_downloads": work.ports.shop.pending_downloads,
        "last_sync": {
            "at": utc_text(last.at_ms) if last.at_ms else None,
            "result": last.result,
            "words": page["last_sync"],
        },
        "data_sets": [{**row, "rows": row["count"]} for row in page["data_sets"]],
        "readiness": page["readiness"],
        "supports_offline": page["supports_offline"],
        "sync": {"started": sync.started, "paused": sync.paused, "step": sync.step},
        "downloads": [as_numbers(row) for row in page["downloads"]],
        "uploads": [as_numbers(row) for row in page["uploads"]],
        "devices": [],
    }
    return base | work.ports.status()

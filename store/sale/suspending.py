"""A suspended sale (503): what its record holds, its slip, and the sale made whole again from the record (504)."""

import base64
import hashlib
import re
import zlib
from collections.abc import Mapping
from typing import Any

import msgspec

from store.sale.document import Barcode, Columns, Document, Text
from store.sale.document_format import DocumentType
from store.sale.language import phrase
from store.sale.moment import utc_text
from store.sale.policy import StoreFacts, StorePolicy
from store.sale.receipt import money, slip
from store.sale.record import FACT_LIMIT, Body, store_body
from store.sale.sale import Sale, SaleState
from store.sale.text import stored
from store.sale.totals import totals

NOTE_LIMIT = 40
MOST_BYTES = 1_000_000
"""Of a sale made whole again; a record of 64 KiB could unpack to far more."""
NAME_LIMIT = 40
CODE = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]{0,18})-H(\d{1,9})", re.ASCII)
"""The barcode of a suspended slip: register and its count, as in S0001-R01-H17."""


class Unreadable(ValueError):
    """A suspended sale that this program cannot make whole again; the message is a sentence."""


def code_of(register: str, number: int) -> str:
    """What the slip's barcode says."""
    return f"{register}-H{number}"


def is_code(text: str) -> bool:
    """Whether a scanned or typed text is the barcode of a suspended slip."""
    return CODE.fullmatch(text.strip()) is not None


def hindrance(sale: Sale) -> str:
    """Why a sale cannot be suspended, a sentence; empty when it can."""
    if not sale.live_lines:
        return phrase("Every line is voided. Void the sale instead (500).")
    if sale.live_tenders:
        return phrase("A payment is taken. Void it first (Pay, then F3), then suspend the sale.")
    if any(getattr(line, "voucher", None) for line in sale.live_lines):
        return phrase("A voucher is on this sale. Void its line first, then suspend the sale.")
    return ""


def pack(sale: Sale) -> str:
    """The whole sale as text for its record."""
    return base64.b64encode(zlib.compress(msgspec.json.encode(sale), 9)).decode("ascii")


def unpack(text: str) -> Sale:
    """The sale that was packed, open again. Raises Unreadable."""
    try:
        machine = zlib.decompressobj()
        raw = machine.decompress(base64.b64decode(text, validate=True), MOST_BYTES)
        if machine.unconsumed_tail or not machine.eof:
            raise Unreadable("The suspended sale is damaged or too large. Scan its items again.")
        sale = msgspec.json.decode(raw, type=Sale)
    except (zlib.error, ValueError) as error:
        if isinstance(error, Unreadable):
            raise
        raise Unreadable(
            "The suspended sale was written by another version of this program. Scan its items again."
        ) from error
    return msgspec.structs.replace(sale, state=SaleState.OPEN)


def suspend_body(sale: Sale, policy: StorePolicy, code: str, note: str = "") -> Body:
    """The record of a suspended sale: enough to read, and the whole sale to go on with."""
    sums = totals(sale, policy)
    body: Body = {
        "currency": sale.currency,
        "begun_at": utc_text(sale.at_ms),
        "store": store_body(policy.facts),
        "of_txn_id": sale.txn_id,
        "code": code,
        "goods": [
            {
                "sku": line.sku,
                "name": stored(line.name, NAME_LIMIT),
                "quantity": line.quantity,
                "gross": line.gross,
            }
            for line in sale.live_lines
        ],
        "items": sums.items,
        "total": sums.total,
        "resume": pack(sale),
    }
    if note:
        body["note"] = stored(note, NOTE_LIMIT)
    return body


def end_body(kind: str, suspension_id: str, code: str, total: int, currency: str) -> Body:
    """The record that ends a suspension: resumed, discarded or given to the other registers."""
    return {
        "of": suspension_id,
        "code": stored(code, FACT_LIMIT),
        "total": total,
        "currency": currency,
        "what": kind,
    }


def end_id(suspension_id: str) -> str:
    """The `txn_id` of the record by which a suspended sale is resumed or discarded: one for each, wherever it happens.

    So a register knows its own ending again after any accident, and two registers that ended the same one are seen.
    """
    digest = bytearray(hashlib.sha256(f"end of suspension\n{suspension_id}".encode()).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x80
    digest[8] = digest[8] & 0x3F | 0x80
    text = digest.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def suspended_slip(payload: Mapping[str, Any], facts: StoreFacts, fingerprint: str = "") -> Document:
    """The slip that is kept with the goods: no receipt; its barcode resumes the sale."""
    middle = (
        *(
            Columns(left=f"{row['quantity']} x {row['name']}", right=money(payload, row["gross"]))
            for row in payload["goods"]
        ),
        Columns(left=phrase("TOTAL"), right=money(payload, payload["total"]), bold=True),
        *((Text(text=payload["note"]),) if payload.get("note") else ()),
        Text(text=phrase("Not paid. No receipt.")),
        Barcode(data=payload["code"]),
    )
    says = "Scan to go on with this sale"
    return slip(phrase("SUSPENDED SALE"), says, payload, facts, fingerprint, middle, DocumentType.SUSPENDED)

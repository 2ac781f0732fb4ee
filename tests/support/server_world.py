"""A real Retail Server on a real database and a real socket, and registers that talk to it."""

import asyncio
import contextlib
import io
import json
import secrets
import time
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from yarl import URL

from store.exchange.canonical import canonical
from store.exchange.codes import code_hash, format_code
from store.exchange.messages import (
    BatchAnswer,
    EnrolmentAnswer,
    EnrolmentRequest,
    RecordBatch,
    WireRecord,
    enrolment_text,
)
from store.exchange.package import build_package, endorse_keys, read_package, write_package
from store.exchange.record import genesis, key_id_of, make_record, public_bytes, to_wire
from store.exchange.request import sign_request
from store.server.config import ServerConfig, packages_folder
from store.server.prepare import keep_chunks, prepare_unit
from store.server.runtime import listen, open_context
from store.server.secrets import load_secrets

STORE, REGISTER = "S0042", "S0042-R03"
DATABASE_URL = "sqlite:channel.db"
"""Tests that run on both engines have it changed by their fixture."""
ROOT = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PACKAGE_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))

TABLES = {
    "item": [
        {
            "sku": "4711",
            "name": "Käse „Gouda“ 500 g",
            "unit": "pcs",
            "price": 626,
            "tax": "B",
            "department": "10",
        },
        {
            "sku": "4712",
            "name": "Vollmilch 3,5 %",
            "unit": "pcs",
            "price": 109,
            "tax": "B",
            "department": "10",
            "plu": "77",
        },
        {
            "sku": "4713",
            "name": "100% Orangensaft",
            "unit": "pcs",
            "price": 199,
            "tax": "A",
            "department": "20",
            "detail": '{"deposit":"4712","min_age":18,"of":"a newer headquarters"}',
        },
    ],
    "barcode": [{"gtin": "04006381333931", "sku": "4711"}],
    "department": [{"code": "10", "name": "Dairy", "tax": "B", "position": 1}],
    "tax": [
        {"code": "A", "name": "VAT 19 %", "rate": "19", "included": 1},
        {"code": "B", "name": "VAT 7 %", "rate": "7", "included": 1},
    ],
    "staff": [{"number": "101", "name": "Ann Baker", "role": "cashier", "salt": "", "hash": "$argon2id$..."}],
    "setting": [{"key": "store_name", "value": "Corner Shop"}, {"key": "currency", "value": "EUR"}],
}


class MemoryKeyring:
    """A keyring that forgets at the end of the test."""

    def __init__(self):
        self.passwords = {}

    def get_password(self, service, username):
        return self.passwords.get((service, username))

    def set_password(self, service, username, password):
        self.passwords[service, username] = password


def package_file(seq=1, tables=None, root=ROOT, **facts):
    keys = endorse_keys(root, (public_bytes(PACKAGE_KEY),), issued_ms=1_700_000_000_000)
    package = build_package(
        tables or TABLES, seq=seq, created_ms=1_700_000_000_000 + seq, key=PACKAGE_KEY, keys=keys, **facts
    )
    return write_package(package)


def wall_ms():
    return time.time_ns() // 1_000_000


@dataclass
class World:
    """A running server, its context for a look inside, and an HTTP session."""

    home: Path
    context: object
    running: object
    http: aiohttp.ClientSession
    registers: dict = field(default_factory=dict)

    @property
    def url(self):
        return self.running.url

    async def read(self, fn, *args):
        return await self.context.channel.read(fn, *args)

    async def sql(self, statement):
        return await self.read(lambda db: db.execute(statement).fetchall())

    async def prepare(self, register=REGISTER, data=None):
        package = read_package(data or package_file())
        keep_chunks(packages_folder(self.home), package)
        code = format_code(secrets.token_bytes(16))
        self.context.secrets.keep_pepper(STORE, b"p" * 32)
        args = (STORE, register, package.header, package.fetch, code, self.context.now_ms())
        return await self.context.channel.work(prepare_unit, *args)

    async def enrolled(self, register=REGISTER):
        prepared = await self.prepare(register)
        return await Register.enrol(self, prepared.code)

    async def enrolled_at_headquarters(self, hq, register=REGISTER, code="AAAA-BBBB-CCCC-DDDD"):
        """A register with a code that headquarters has given (`server_headquarters`)."""
        hq.codes[code_hash(code)] = register
        return await Register.enrol(self, code)

    async def report(self, name, **query):
        headers = {"Authorization": f"Bearer {self.running.operator_token}"}
        async with self.http.get(f"{self.url}/{name}", headers=headers, params=query) as response:
            assert response.status == 200, await response.text()
            return await response.json()

    async def settled(self):
        """Wait until nothing waits for posting, and say where the records are."""
        for _ in range(400):
            books = await self.report("conservation")
            assert books["accepted"] == books["posted"] + books["quarantined"] + books["waiting"]
            if not books["waiting"]:
                return books
            await asyncio.sleep(0.01)
        raise AssertionError(f"posting never settled: {books}")


@contextlib.asynccontextmanager
async def running_world(home, *, keyring=None, allow_insecure=True, config=None, **options):
    facts = {"home": home, "port": 0, "allow_insecure": allow_insecure, "database_url": DATABASE_URL}
    config = ServerConfig(**(facts | (config or {})))
    options.setdefault("first_wait_ms", 2)
    home.mkdir(parents=True, exist_ok=True)
    async with open_context(config, load_secrets(keyring or MemoryKeyring()), **options) as context:
        async with listen(context) as running, aiohttp.ClientSession() as http:
            yield World(home, context, running, http)


@dataclass
class Register:
    """A register as the server meets it: a key, a series, a chain of records."""

    url: str
    http: aiohttp.ClientSession
    key: Ed25519PrivateKey
    name: str
    series: str
    answer: EnrolmentAnswer | None = None
    records: list = field(default_factory=list)

    @classmethod
    async def enrol(cls, world, code, key=None):
        key = key or Ed25519PrivateKey.generate()
        status, body = await enrol(world, code, key)
        assert status == 200, body
        answer = msgspec.json.decode(body, type=EnrolmentAnswer)
        return cls(world.url, world.http, key, answer.register, answer.series, answer)

    @property
    def public_key(self):
        return public_bytes(self.key)

    def head(self):
        return self.records[-1].hash if self.records else genesis(self.series, self.public_key)

    def add(self, kind="sale", payload=None, **more):
        """Append a record to the chain, as the journal would."""
        seq = len(self.records) + 1
        if payload is None:
            payload = canonical(body(self.series, seq, kind, **more))
        self.records.append(make_record(seq, self.head(), payload, self.key, key_id_of(self.public_key)))
        return self.records[-1]

    def batch(self, first=1, last=None):
        records = tuple(to_wire(record) for record in self.records[first - 1 : last])
        return self.batch_of(records)

    def batch_of(self, records: tuple[WireRecord, ...]):
        return msgspec.json.encode(RecordBatch(series=self.series, batch=records[-1].hash, records=records))

    def sign(self, method, path, content=b"", **changed):
        claim = {
            "method": method,
            "path_and_query": path,
            "body": content,
            "register": self.name,
            "series": self.series,
            "time_ms": wall_ms(),
            "nonce": secrets.token_hex(8),
        }
        return sign_request(self.key, **(claim | changed))

    async def send(self, method, path, content=b"", headers=None):
        headers = self.sign(method, path, content) if headers is None else headers
        url = URL(self.url + path, encoded=True)
        async with self.http.request(
            method, url, data=io.BytesIO(content) if content else None, headers=headers
        ) as response:
            return response.status, await response.read(), response.headers

    async def get(self, path):
        status, content, _ = await self.send("GET", path)
        return status, json.loads(content)

    async def upload(self, content=None):
        content = content or self.batch()
        status, answer, _ = await self.send("POST", f"/series/{self.series}/records", content)
        return status, msgspec.json.decode(answer, type=BatchAnswer) if status != 503 else answer


async def enrol(world, code, key, insecure=True, proof_code=None, headers=None):
    public = public_bytes(key).hex()
    proof = key.sign(enrolment_text(proof_code or code, public)).hex()
    request = EnrolmentRequest(code=code, public_key=public, proof=proof, insecure=insecure)
    content = msgspec.json.encode(request)
    async with world.http.post(f"{world.url}/enrolments", data=content, headers=headers) as response:
        return response.status, await response.read()


def problem(content):
    return json.loads(content)["type"].rpartition("/")[2]


def body(series, seq, kind="sale", **more):
    """A payload as the journal makes it; a sale of one cheese for cash unless told otherwise."""
    common = {
        "v": 1,
        "series": series,
        "seq": seq,
        "kind": kind,
        "txn_id": f"017f22e2-79b0-7cc3-98c4-{seq:012d}",
        "at": f"2026-01-05T08:{seq // 60 % 60:02d}:{seq % 60:02d}.000Z",
        "business_date": "2026-01-05",
        "operator": "101",
        "shift_id": "shift-1",
    }
    content = {"sale": sale, "void": sale, "shift.open": shift_open}.get(kind, dict)()
    if kind == "sale":
        common["receipt_no"] = seq
    return common | content | more


def sale():
    return {
        "currency": "EUR",
        "rounding_scope": "line",
        "lines": [
            {
                "n": 1,
                "sku": "4711",
                "name": "Käse",
                "quantity": "0.482",
                "unit": "kg",
                "price": 1299,
                "amount": 626,
                "tax": "B",
                "tax_amount": 41,
                "gross": 626,
                "source": "online",
                "price_source": "catalog",
            }
        ],
        "subtotal": 626,
        "discount": 0,
        "total": 626,
        "taxes": [
            {"code": "B", "name": "VAT 7 %", "rate": "7", "included": 1, "net": 585, "tax": 41, "gross": 626}
        ],
        "tenders": [
            {"n": 1, "tender": 1, "kind": "cash", "amount": 1000},
            {"n": 2, "tender": 1, "kind": "change", "amount": -374},
        ],
        "paid": 626,
        "change": 374,
        "cash_rounding": 0,
    }


def shift_open():
    return {"start_amount": 10000, "currency": "EUR", "grand_total": 0}

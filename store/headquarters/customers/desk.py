"""What operators do with customers beside setting them up: merge, duplicates, disclose, erase, statement, accounts."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from store.database.connection import Connection, values
from store.headquarters.customers import merging
from store.headquarters.errors import Refused, WrongInput
from store.headquarters.nouns.customers import (
    CUSTOMER,
    AccountEntryRow,
    AccountRow,
    Customer,
    CustomerErase,
    CustomerMerge,
    CustomerName,
    Duplicate,
    DuplicateList,
)
from store.headquarters.route import Call, VerbHandler
from store.headquarters.setup.rules import chain_currency
from store.headquarters.setup_rows import get_row, put, remove, set_names

MOST_ENTRIES = 10_000
MOST_SALES = 1_000
ERASED = "erased"

SELECT_ENTRIES = """
select store_id, series, seq, at, business_date, amount, currency from account_entry where customer = $1
order by at, series, seq limit $2"""
SELECT_BALANCES = """
select customer, sum(amount) from account_entry group by customer having sum(amount) <> 0 order by customer"""
SUM_ENTRIES = "select coalesce(sum(amount), 0) from account_entry where customer = $1"
# A rare question: it looks through all records, for no book of sales by customer is kept.
SELECT_SALES = """
select store_id, series, seq, payload from record where instr(cast(payload as text), $1) > 0
order by store_id, series, seq limit $2"""
DELETE_NEWS = "delete from customer_news where customer = $1"
DELETE_IMPORTED = "delete from import_row where key = $1"


class CustomerDesk:
    """The handlers; `told` hears which nouns changed."""

    def __init__(self, told: Callable[[tuple[str, ...]], None]) -> None:
        self._told = told

    def verbs(self) -> Mapping[tuple[str, str], VerbHandler]:
        """Noun and verb → handler."""
        return {
            (CUSTOMER, "merge"): self.merge,
            (CUSTOMER, "duplicates"): self.list_duplicates,
            (CUSTOMER, "disclose"): self.disclose,
            (CUSTOMER, "erase"): self.erase,
            (CUSTOMER, "statement"): self.statement,
            (CUSTOMER, "accounts"): self.list_accounts,
        }

    async def merge(self, call: Call, given: CustomerMerge) -> dict[str, Any]:
        """`customer merge A B`."""
        await call.work(merging.merge, given.customer, given.other, call.hq.now_ms())
        self._told((CUSTOMER,))
        sentence = f"{given.other} is found as {given.customer} from now on. Run job 1010 to send it."
        return {"ok": True, "sentence": sentence}

    async def list_duplicates(self, call: Call, given: DuplicateList) -> list[Duplicate]:
        """`customer duplicates`."""
        return await call.read(merging.duplicates, given.limit)

    async def disclose(self, call: Call, given: CustomerName) -> dict[str, Any]:
        """`customer disclose`."""
        return await call.read(disclosed, given.customer)

    async def erase(self, call: Call, given: CustomerErase) -> dict[str, Any]:
        """`customer erase`."""
        if given.force and not given.reason:
            raise WrongInput("Say why with --reason: it is kept in the log.")
        key = await call.work(erase, given.customer, given.force, call.hq.now_ms())
        self._told((CUSTOMER,))
        sentence = (
            f"{key} is erased here. Run job 1010, so that servers and registers forget them too. Sales stay; records "
            "by which a register once added or edited them go with the retention of records."
        )
        return {"ok": True, "sentence": sentence}

    async def statement(self, call: Call, given: CustomerName) -> list[AccountEntryRow]:
        """`customer statement`."""
        return await call.read(statement, given.customer)

    async def list_accounts(self, call: Call, given: DuplicateList) -> list[AccountRow]:
        """`customer accounts`."""
        return await call.read(accounts, given.limit)


def everybody(db: Connection, key: str) -> list[str]:
    """The customer and all who were merged into them."""
    return [key, *merging.merged_into(db, key)]


def balance(db: Connection, key: str) -> int:
    """What a customer owes, in minor units, with all who were merged into them."""
    return sum(int(db.execute(SUM_ENTRIES, values(one)).fetchone()[0]) for one in everybody(db, key))


def statement(db: Connection, text: str) -> list[AccountEntryRow]:
    """The entries of a customer's account, each with what was owed then; raises NotThere."""
    key, _customer = merging.find(db, text)
    rows = [
        (at, store, series, int(seq), date, int(amount), currency)
        for one in everybody(db, key)
        for store, series, seq, at, date, amount, currency in db.execute(
            SELECT_ENTRIES, values(one, MOST_ENTRIES)
        ).fetchall()
    ]
    owed, entries = 0, []
    for at, store, series, seq, date, amount, currency in sorted(rows):
        owed += amount
        entries.append(
            AccountEntryRow(
                customer=key,
                store=store,
                series=series,
                seq=seq,
                at=at,
                business_date=date,
                amount=amount,
                balance=owed,
                currency=currency,
            )
        )
    return entries


def accounts(db: Connection, limit: int) -> list[AccountRow]:
    """Every account that is not settled, those who were merged counted with whom they are now."""
    owed: dict[str, int] = {}
    known: dict[str, Customer] = {}
    for number, amount in db.execute(SELECT_BALANCES).fetchall():
        row = get_row(db, CUSTOMER, str(number))
        key, customer = str(number), Customer(name=ERASED)
        if row is not None and not row.removed:
            key, customer = merging.living(db, key, row.read(Customer))
        owed[key] = owed.get(key, 0) + int(amount)
        known[key] = customer
    currency = chain_currency(db)
    return [
        AccountRow(
            customer=key,
            name=known[key].name,
            balance=amount,
            credit_limit=known[key].credit_limit,
            over=max(amount - known[key].credit_limit, 0),
            currency=currency,
        )
        for key, amount in sorted(owed.items())
        if amount
    ][:limit]


def disclosed(db: Connection, text: str) -> dict[str, Any]:
    """Everything kept about a customer: the fields, other numbers, the account, and the sales that name them."""
    key, customer = merging.find(db, text)
    numbers = everybody(db, key)
    sales = []
    for one in numbers:
        for store, series, seq, payload in db.execute(
            SELECT_SALES, values(f'"id":"{one}"', MOST_SALES)
        ).fetchall():
            record = json.loads(bytes(payload))
            sales.append(
                {
                    "store": store,
                    "series": series,
                    "seq": int(seq),
                    "kind": record.get("kind", ""),
                    "at": record.get("at", ""),
                    "total": record.get("total", 0),
                }
            )
    return {
        "customer": key,
        "numbers": numbers,
        "fields": msgspec.to_builtins(customer),
        "account": {"balance": balance(db, key), "entries": msgspec.to_builtins(statement(db, key))},
        "records": sales,
    }


def erase(db: Connection, text: str, force: bool, now_ms: int) -> str:
    """Forget who a customer is; raises NotThere, and Refused while something is owed. Answers the number."""
    key, _customer = merging.find(db, text)
    owed = balance(db, key)
    if owed and not force:
        word = "owes something" if owed > 0 else "has something left on the account"
        raise Refused(f"{key} {word}; settle it first, or say --force with a --reason.")
    for one in everybody(db, key):
        # The row stays as a mark that it is gone, so what it said has to go before.
        put(db, CUSTOMER, one, Customer(name=ERASED), now_ms=now_ms)
        set_names(db, CUSTOMER, one, ())
        remove(db, CUSTOMER, one, now_ms=now_ms)
        db.execute(DELETE_NEWS, values(one))
        db.execute(DELETE_IMPORTED, values(one))
    return key

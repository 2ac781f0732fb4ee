"""Totals per store, business date, register, tender and tax, from what is booked at headquarters. Reads only.

They are sums of what the registers wrote themselves; where a closing says something else, that is a difference.
"""

import msgspec

from store.database.connection import Connection, Row, values
from store.headquarters.nouns.way_up import TaxTotal, TenderTotal, Total, TotalList

_FROM = "from posted p join series s on s.store_id = p.store_id and s.series = p.series"
_KEY = "p.store_id, p.business_date, s.register_id, p.currency"
_EFFECT = "on {0}.store_id = p.store_id and {0}.series = p.series and {0}.seq = p.seq"
_TENDER = "case when t.type = '' then t.kind else t.type end"

SELECT_SALES = f"""
select {_KEY}, p.kind, count(*), cast(coalesce(sum(p.total), 0) as bigint) {_FROM}
where p.kind in ('sale', 'void') {{where}} group by {_KEY}, p.kind order by {_KEY}, p.kind"""
SELECT_TENDERS = f"""
select {_KEY}, {_TENDER}, cast(sum(t.amount) as bigint) {_FROM} join sale_tender t {_EFFECT.format("t")}
where p.kind = 'sale' {{where}} group by {_KEY}, {_TENDER} order by {_KEY}, {_TENDER}"""
SELECT_TAXES = f"""
select {_KEY}, t.rate, cast(sum(t.net) as bigint), cast(sum(t.tax) as bigint), cast(sum(t.gross) as bigint)
{_FROM} join sale_tax t {_EFFECT.format("t")}
where p.kind = 'sale' {{where}} group by {_KEY}, t.rate order by {_KEY}, t.rate"""

SELECT_RETURNS = f"""
select {_KEY}, t.effect, cast(sum(t.amount) as bigint) {_FROM} join shift_total t {_EFFECT.format("t")}
where p.kind = 'sale' and t.effect in ('returns', 'returns_total', 'post_voids', 'post_voids_total') {{where}}
group by {_KEY}, t.effect order by {_KEY}, t.effect"""

Key = tuple[str, str, str, str]


def totals(db: Connection, asked: TotalList) -> list[Total]:
    """One row per store, business date, register and currency."""
    # Only what is asked for stands in the question: a condition that may be empty would keep the index out.
    named = {
        "p.store_id": asked.store,
        "s.register_id": asked.register,
        "p.business_date": asked.business_date,
    }
    wanted = {column: value for column, value in named.items() if value}
    text = " ".join(f"and {column} = ${n}" for n, column in enumerate(wanted, 1))
    where = values(*wanted.values())

    def ask(sql: str) -> list[Row]:
        return db.execute(sql.format(where=text), where).fetchall()

    sales: dict[Key, dict[str, tuple[int, int]]] = {}
    for *key, kind, count, amount in ask(SELECT_SALES):
        sales.setdefault(_key(key), {})[kind] = (int(count), int(amount))
    tenders: dict[Key, list[TenderTotal]] = {}
    for *key, kind, amount in ask(SELECT_TENDERS):
        tenders.setdefault(_key(key), []).append(TenderTotal(kind=kind, amount=int(amount)))
    taxes: dict[Key, list[TaxTotal]] = {}
    for *key, rate, net, tax, gross in ask(SELECT_TAXES):
        taxes.setdefault(_key(key), []).append(
            TaxTotal(rate=rate, net=int(net), tax=int(tax), gross=int(gross))
        )
    returns: dict[Key, dict[str, int]] = {}
    for *key, effect, amount in ask(SELECT_RETURNS):
        returns.setdefault(_key(key), {})[effect] = int(amount)
    return [
        msgspec.structs.replace(
            _total(key, kinds, tenders.get(key, []), taxes.get(key, [])), **returns.get(key, {})
        )
        for key, kinds in sorted(sales.items())
    ]


def _key(cells: list[str]) -> Key:
    store, date, register, currency = cells
    return store, date, register, currency


def _total(
    key: Key, kinds: dict[str, tuple[int, int]], tenders: list[TenderTotal], taxes: list[TaxTotal]
) -> Total:
    sales, voids = kinds.get("sale", (0, 0)), kinds.get("void", (0, 0))
    return Total(
        store=key[0],
        business_date=key[1],
        register=key[2],
        currency=key[3],
        sales=sales[0],
        sales_total=sales[1],
        voids=voids[0],
        voids_total=voids[1],
        tenders=tuple(tenders),
        taxes=tuple(taxes),
    )

"""Totals per store, business date, register, tender and tax, from what is booked at headquarters. Reads only.

They are sums of what the registers wrote themselves; where a closing says something else, that is a difference.
"""

from store.database.connection import Connection, values
from store.headquarters.nouns.way_up import TaxTotal, TenderTotal, Total, TotalList

_WHERE = """
where ($1 = '' or p.store_id = $1) and ($2 = '' or s.register_id = $2) and ($3 = '' or p.business_date = $3)
  and p.kind in ('sale', 'void')"""
_FROM = "from posted p join series s on s.store_id = p.store_id and s.series = p.series"
_KEY = "p.store_id, p.business_date, s.register_id, p.currency"

SELECT_SALES = f"""
select {_KEY}, p.kind, count(*), cast(coalesce(sum(p.total), 0) as bigint) {_FROM} {_WHERE}
group by {_KEY}, p.kind order by {_KEY}, p.kind"""
SELECT_TENDERS = f"""
select {_KEY}, t.kind, cast(sum(t.amount) as bigint) {_FROM}
join sale_tender t on t.store_id = p.store_id and t.series = p.series and t.seq = p.seq {_WHERE}
group by {_KEY}, t.kind order by {_KEY}, t.kind"""
SELECT_TAXES = f"""
select {_KEY}, t.rate, cast(sum(t.net) as bigint), cast(sum(t.tax) as bigint), cast(sum(t.gross) as bigint) {_FROM}
join sale_tax t on t.store_id = p.store_id and t.series = p.series and t.seq = p.seq {_WHERE}
group by {_KEY}, t.rate order by {_KEY}, t.rate"""

Key = tuple[str, str, str, str]


def totals(db: Connection, asked: TotalList) -> list[Total]:
    """One row per store, business date, register and currency."""
    where = values(asked.store, asked.register, asked.business_date)
    sales: dict[Key, dict[str, tuple[int, int]]] = {}
    for *key, kind, count, amount in db.execute(SELECT_SALES, where).fetchall():
        sales.setdefault(_key(key), {})[kind] = (int(count), int(amount))
    tenders: dict[Key, list[TenderTotal]] = {}
    for *key, kind, amount in db.execute(SELECT_TENDERS, where).fetchall():
        tenders.setdefault(_key(key), []).append(TenderTotal(kind=kind, amount=int(amount)))
    taxes: dict[Key, list[TaxTotal]] = {}
    for *key, rate, net, tax, gross in db.execute(SELECT_TAXES, where).fetchall():
        taxes.setdefault(_key(key), []).append(
            TaxTotal(rate=rate, net=int(net), tax=int(tax), gross=int(gross))
        )
    return [
        _total(key, kinds, tenders.get(key, []), taxes.get(key, [])) for key, kinds in sorted(sales.items())
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

"""What a report says about people: sales per operator, what somebody else allowed, practice, sales of a later day."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from msgspec.structs import replace

from store.sale.document import AnyElement, Columns
from store.sale.language import phrase
from store.sale.money import shown_amount
from store.sale.record import Body

Payload = Mapping[str, Any]


class OperatorSum(msgspec.Struct, frozen=True):
    """What one operator sold in a shift; total in minor units."""

    number: str
    name: str
    sales: int
    total: int


class PeopleSums(msgspec.Struct, frozen=True, kw_only=True):
    """Of one shift. `late` are sales on another day than its business date: it was left open over midnight."""

    operators: tuple[OperatorSum, ...] = ()
    overrides: int = 0
    training_sales: int = 0
    training_total: int = 0
    late_sales: int = 0
    late_total: int = 0


COUNTERS = ("overrides", "training_sales", "training_total", "late_sales", "late_total")


def fold_people(sums: PeopleSums, payload: Payload) -> PeopleSums:
    """The sums with one more record of the shift."""
    match payload.get("kind"):
        case "override":
            return replace(sums, overrides=sums.overrides + 1)
        case "training.sale":
            return replace(
                sums,
                training_sales=sums.training_sales + 1,
                training_total=sums.training_total + payload["total"],
            )
        case "sale":
            return _sold(sums, payload)
        case _:
            return sums


def _sold(sums: PeopleSums, payload: Payload) -> PeopleSums:
    number, total = str(payload.get("operator", "")), payload["total"]
    by_number = {row.number: row for row in sums.operators}
    before = by_number.get(number, OperatorSum(number, str(payload.get("operator_name", "")), 0, 0))
    by_number[number] = replace(before, sales=before.sales + 1, total=before.total + total)
    late = 1 if payload.get("late") else 0
    return replace(
        sums,
        operators=tuple(by_number.values()),
        late_sales=sums.late_sales + late,
        late_total=sums.late_total + total * late,
    )


def people_body(sums: PeopleSums) -> Body:
    """The part of a report's record; what does not apply is absent, operators where there is only one."""
    body: Body = {name: getattr(sums, name) for name in COUNTERS if getattr(sums, name)}
    if len(sums.operators) > 1:
        body["operators"] = [
            {"operator": row.number, "name": row.name, "sales": row.sales, "total": row.total}
            for row in sums.operators
        ]
    return body


def people_elements(payload: Payload) -> Iterator[AnyElement]:
    """The lines of a printed report."""

    def money(amount: int) -> str:
        return shown_amount(amount, str(payload.get("currency", "")))

    for row in payload.get("operators", ()):
        yield Columns(
            left=phrase("{operator} {name}: {sales} sales", row["operator"], row["name"], row["sales"]),
            right=money(row["total"]),
        )
    if payload.get("overrides"):
        yield Columns(left=phrase("Allowed by somebody else"), right=str(payload["overrides"]))
    if payload.get("late_sales"):
        yield Columns(
            left=phrase("{late_sales} sales of a later day", payload["late_sales"]),
            right=money(payload["late_total"]),
        )
    if payload.get("training_sales"):
        left = phrase("Training, not counted: {training_sales}", payload["training_sales"])
        yield Columns(left=left, right=money(payload["training_total"]))

"""Goods that only people of an age may buy: who is old enough on the business date, and what was asked."""

import datetime

import msgspec


class AgeCheck(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody was found old enough for `sku`: born on `born_by` (ISO) or before, `age` years."""

    age: int
    born_by: str
    sku: str


def latest_birth_date(business_date: str, age: int) -> str:
    """The last day (ISO) on which somebody can have been born who is `age` years old on the business date.

    Whoever was born on 29 February is a year older on 1 March of a year without that day.
    """
    today = datetime.date.fromisoformat(business_date)
    try:
        return today.replace(year=today.year - age).isoformat()
    except ValueError:  # 29 February, and no such day in that year
        return today.replace(year=today.year - age, day=28).isoformat()


def covers(check: AgeCheck | None, age: int) -> bool:
    """Whether the check that was made is enough for goods of that age."""
    return age <= 0 or (check is not None and check.age >= age)

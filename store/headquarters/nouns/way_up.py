"""Verbs of the way up: transactions, totals, differences, quarantine."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from store.headquarters.nouns import standing
from store.headquarters.nouns.asked import DATE, LIMIT, STORE, Given
from store.headquarters.nouns.noun import Noun, Verb
from store.ledger.reports import Transaction


class TransactionList(Given, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which transactions."""

    store: STORE = ""
    register: Annotated[str, Meta(description="Only of this register.")] = ""
    business_date: DATE = ""
    state: Annotated[
        Literal["posted", "acknowledged", "quarantined"] | None, Meta(description="Only in this state.")
    ] = None
    after_series: Annotated[str, Meta(description="Go on after this series and --after-seq.")] = ""
    after_seq: Annotated[int, Meta(ge=0, description="Go on after this record of --after-series.")] = 0
    limit: LIMIT = 10_000


class TotalList(Given, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which totals."""

    store: STORE = ""
    register: Annotated[str, Meta(description="Only of this register.")] = ""
    business_date: DATE = ""


class TenderTotal(msgspec.Struct, frozen=True, kw_only=True):
    """What was taken in one way; change is negative."""

    kind: str
    amount: int


class TaxTotal(msgspec.Struct, frozen=True, kw_only=True):
    """What was sold at one rate."""

    rate: str
    net: int
    tax: int
    gross: int


class Total(msgspec.Struct, frozen=True, kw_only=True):
    """What a register sold on a business date, by its own records; amounts in minor units."""

    store: str
    business_date: str
    register: str
    currency: str
    sales: int
    sales_total: int
    voids: int
    voids_total: int
    returns: int = 0
    """Lines by which goods came back, and what was given for them; sales undone are counted apart."""
    returns_total: int = 0
    post_voids: int = 0
    post_voids_total: int = 0
    tenders: tuple[TenderTotal, ...] = ()
    taxes: tuple[TaxTotal, ...] = ()


class DifferenceList(Given, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which differences."""

    store: STORE = ""
    limit: LIMIT = 1_000


class DifferenceRow(msgspec.Struct, frozen=True, kw_only=True):
    """A figure that the register and headquarters see differently, and why."""

    store: str
    series: str
    seq: int
    effect: str
    register_value: str
    headquarters_value: str
    cause: str


class QuarantineList(Given, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which records."""

    store: STORE = ""
    limit: LIMIT = 1_000


class QuarantineRow(msgspec.Struct, frozen=True, kw_only=True):
    """A record that is kept and could not be booked, and why."""

    store: str
    series: str
    seq: int
    kind: str
    total: int
    currency: str = ""
    reason: str
    attempts: int
    at: str


class QuarantineReplay(Given, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is tried again; everything unless said otherwise."""

    series: Annotated[str, Meta(description="Only of this series.")] = ""
    seq: Annotated[int, Meta(ge=0, description="Only this record of --series.")] = 0


class ReplayAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it; `ok` when nothing of it is left in quarantine."""

    ok: bool
    sentence: str
    tried: int
    posted: int
    left: int


NOUNS: tuple[Noun, ...] = (
    Noun(name="transaction", summary="what registers sold, as it arrived", generic=()),
    Noun(name="total", summary="sums per store, business date, register, tender and tax", generic=()),
    Noun(name="difference", summary="figures that a register and headquarters see differently", generic=()),
    Noun(name="quarantine", summary="records that are kept and could not be booked", generic=()),
    *standing.NOUNS,
)
VERBS: tuple[Verb, ...] = (
    Verb(
        noun="transaction",
        name="list",
        summary="The transactions that reached headquarters, by series and number.",
        arguments=TransactionList,
        reads=True,
        answers=list[Transaction],
        columns=("series", "seq", "kind", "receipt_no", "total", "currency", "at", "state"),
        amounts=("total",),
        example="outpost hq --home HQ transaction list --business-date 2026-11-24",
    ),
    Verb(
        noun="total",
        name="list",
        summary="What was sold, per store, business date and register.",
        arguments=TotalList,
        reads=True,
        answers=list[Total],
        columns=(
            "store",
            "business_date",
            "register",
            "currency",
            "sales",
            "sales_total",
            "voids",
            "voids_total",
        ),
        amounts=("sales_total", "voids_total"),
        example="outpost hq --home HQ total list --store S0001 --json",
    ),
    Verb(
        noun="difference",
        name="list",
        summary="Every difference with its cause.",
        arguments=DifferenceList,
        reads=True,
        answers=list[DifferenceRow],
        columns=("series", "seq", "effect", "register_value", "headquarters_value", "cause"),
        example="outpost hq --home HQ difference list",
    ),
    Verb(
        noun="quarantine",
        name="list",
        summary="Records that could not be booked, and why.",
        arguments=QuarantineList,
        reads=True,
        answers=list[QuarantineRow],
        columns=("series", "seq", "kind", "total", "reason", "attempts", "at"),
        amounts=("total",),
        example="outpost hq --home HQ quarantine list",
    ),
    Verb(
        noun="quarantine",
        name="replay",
        summary="Try records in quarantine again, after a repair of the program; their bytes never change.",
        arguments=QuarantineReplay,
        answers=ReplayAnswer,
        example="outpost hq --home HQ quarantine replay --series S0001-R01.1",
    ),
    *standing.VERBS,
)

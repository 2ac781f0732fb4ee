"""What one database may have of its data group's packages, and what is to be kept of them. Pure (docs/packages.md)."""

from collections.abc import Collection, Iterable

import msgspec

from store.exchange.package_chain import MAX_DELTAS, path_to_newest
from store.exchange.package_header import DELTA, FULL


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """A package number in one of its forms, full or delta; `size` in bytes of header and chunks."""

    store: str
    data_group: str
    package_seq: int
    kind: str
    base_seq: int
    job: str
    size: int
    header_sha256: str
    created_ms: int
    canceled: bool = False

    @property
    def name(self) -> tuple[int, str]:
        """Number and kind: what tells the forms of a data group apart."""
        return self.package_seq, self.kind


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """What one database must not have: numbers that were canceled for it, and everything from `stop_at` on."""

    barred: frozenset[int] = frozenset()
    stop_at: int | None = None
    full_after: int | None = None
    """Of a database at this number only a full form is the next step: what it holds is not trusted."""


def path(forms: Iterable[Form], after: int, rules: Rules | None = None) -> tuple[Form, ...]:
    """The forms to apply, in order, for a database that is at `after` (0: empty); empty when nothing leads on."""
    rules = rules or Rules()
    return path_to_newest((form for form in forms if is_allowed(form, rules)), after)


def needed(held: Collection[Form]) -> frozenset[tuple[int, str]]:
    """Which of the forms held of one data group are to be kept: the newest full one, all after it, the last deltas."""
    newest_full = max((form.package_seq for form in held if form.kind == FULL), default=0)
    last = sorted((form for form in held if form.kind == DELTA), key=_number)[-MAX_DELTAS:]
    return frozenset(form.name for form in (*last, *held) if form in last or form.package_seq >= newest_full)


def is_allowed(form: Form, rules: Rules) -> bool:
    """Whether a database with these rules may have the form."""
    stopped = rules.stop_at is not None and form.package_seq >= rules.stop_at
    distrusted = form.kind == DELTA and form.base_seq == rules.full_after
    return not (form.canceled or stopped or distrusted or form.package_seq in rules.barred)


def _number(form: Form) -> int:
    return form.package_seq

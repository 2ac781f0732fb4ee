"""Two customers who are one, found and made one. Part of a unit of work.

Nobody's records change: the one who goes stays as a row that leads to the one who stays, with the card, so that a sale
of last year, a card in a purse and a register that was offline all arrive at the same customer.
"""

from collections.abc import Iterator

from msgspec.structs import replace

from store.database.connection import Connection, values
from store.headquarters.errors import NotThere, Refused
from store.headquarters.nouns.customers import CUSTOMER, Customer, Duplicate
from store.headquarters.setup_rows import find_key, find_where, get_row, list_rows, put
from store.sale.customer import digits_of, same_phone

STEPS = 20
MOST_MERGED = 1_000
END_DIGITS = 6
"""So many digits at the end of a telephone number are compared first."""
TAKEN_OVER = ("email", "phone", "address", "tax_id", "group", "tax_exempt")
"""What the customer who stays gets of the other where they have nothing."""

TOUCH_ENTRIES = "update account_entry set posted_ms = $2 where customer = $1"


def find(db: Connection, text: str) -> tuple[str, Customer]:
    """The living customer of that number or card, with their number; raises NotThere."""
    key = text if get_row(db, CUSTOMER, text) is not None else find_key(db, CUSTOMER, f"card:{text}")
    row = None if key is None else get_row(db, CUSTOMER, key)
    if key is None or row is None or row.removed:
        raise NotThere(f"There is no customer {text[:60]!r}.")
    return living(db, key, row.read(Customer))


def living(db: Connection, key: str, customer: Customer) -> tuple[str, Customer]:
    """Who stands for a customer by now: themselves, or whom they were merged into."""
    for _step in range(STEPS):
        if not customer.merged_into:
            break
        row = get_row(db, CUSTOMER, customer.merged_into)
        if row is None or row.removed:
            break
        key, customer = customer.merged_into, row.read(Customer)
    return key, customer


def merged_into(db: Connection, key: str) -> list[str]:
    """The customers who were merged into this one."""
    return find_where(db, CUSTOMER, "merged_into", key, limit=MOST_MERGED)


def merge(db: Connection, stays: str, goes: str, now_ms: int) -> None:
    """Make two customers one. Raises NotThere, or Refused when they are one already."""
    stays, first = find(db, stays)
    goes, second = find(db, goes)
    if stays == goes:
        raise Refused(f"They are one customer already: {stays}.")
    filled = {name: getattr(second, name) for name in TAKEN_OVER if not getattr(first, name)}
    first = replace(
        first,
        **filled,
        account=first.account or second.account,
        credit_limit=max(first.credit_limit, second.credit_limit),
    )
    put(db, CUSTOMER, stays, first, now_ms=now_ms)
    led = Customer(name=second.name, card=second.card, merged_into=stays)
    put(db, CUSTOMER, goes, led, now_ms=now_ms)
    for other in merged_into(db, goes):
        row = get_row(db, CUSTOMER, other)
        if row is not None and not row.removed:
            put(db, CUSTOMER, other, replace(row.read(Customer), merged_into=stays), now_ms=now_ms)
    # Job 1010 sends balances when entries are new; these count for somebody else from now on.
    db.execute(TOUCH_ENTRIES, values(goes, now_ms))


def duplicates(db: Connection, limit: int) -> list[Duplicate]:
    """Pairs of customers with the same mail address or the same telephone number."""
    contacts = Contacts(None)
    found: list[Duplicate] = []
    for row in list_rows(db, CUSTOMER):
        customer = row.read(Customer)
        if customer.merged_into:
            continue
        for key, other, same in contacts.alike(customer):
            found.append(
                Duplicate(customer=key, other=row.key, same=same, name=other.name, other_name=customer.name)
            )
            if len(found) >= limit:
                return found
        contacts.add(row.key, customer)
    return found


class Contacts:
    """The living customers by mail address and by the end of their telephone number, read once."""

    def __init__(self, db: Connection | None) -> None:
        self._by_mail: dict[str, list[tuple[str, Customer]]] = {}
        self._by_end: dict[str, list[tuple[str, Customer]]] = {}
        for row in list_rows(db, CUSTOMER) if db is not None else ():
            customer = row.read(Customer)
            if not customer.merged_into:
                self.add(row.key, customer)

    def add(self, key: str, customer: Customer) -> None:
        """Know one more."""
        if customer.email:
            self._by_mail.setdefault(customer.email.casefold(), []).append((key, customer))
        if end := _end(customer.phone):
            self._by_end.setdefault(end, []).append((key, customer))

    def alike(self, customer: Customer) -> Iterator[tuple[str, Customer, str]]:
        """Customers with the same mail address or telephone number, and which of them."""
        seen: set[str] = set()
        for key, other in self._by_mail.get(customer.email.casefold(), ()) if customer.email else ():
            seen.add(key)
            yield key, other, "mail"
        for key, other in self._by_end.get(_end(customer.phone), ()) if _end(customer.phone) else ():
            if key not in seen and same_phone(other.phone, customer.phone):
                yield key, other, "phone"

    def same_person(self, key: str, customer: Customer) -> str:
        """The number of a customer who is this one: also the same name; empty for nobody."""
        name = " ".join(customer.name.casefold().split())
        for other_key, other, _same in self.alike(customer):
            if other_key != key and " ".join(other.name.casefold().split()) == name:
                return other_key
        return ""


def _end(phone: str) -> str:
    digits = digits_of(phone)
    return digits[-END_DIGITS:] if len(digits) >= END_DIGITS else ""

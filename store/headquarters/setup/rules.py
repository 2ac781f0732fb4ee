"""What follows from a change of the set-up: data groups, channel databases, and what would contradict itself."""

from store.database.connection import Connection
from store.headquarters.errors import NotThere, Refused
from store.headquarters.nouns.chain import CURRENCY, ChannelDatabase, DataGroup, Register, Store
from store.headquarters.nouns.people import STAFF_PIN, Staff, StaffPin
from store.headquarters.part import Change, Notes, Rule
from store.headquarters.setup_rows import find_where, get, list_beginning, list_rows, put, remove
from store.sale.money import exponent

STORE, REGISTER, GROUP, DATABASE = "store", "register", "data-group", "channel-database"


def chain_currency(db: Connection) -> str:
    """The currency of the chain: that of its stores."""
    for row in list_rows(db, STORE):
        return row.read(Store).currency
    return CURRENCY


def pepper_store(db: Connection, store: str) -> str:
    """The store under whose number the vault keeps the pepper of a store."""
    document = get(db, STORE, store, Store)
    return store if document is None or not document.pepper_of else document.pepper_of


def data_group_of(db: Connection, register: str) -> str:
    """The data group of a register: that of its channel database, or its store's own; empty for an unknown one."""
    database = get(db, DATABASE, register, ChannelDatabase)
    if database is not None and database.register == register:
        return database.data_group
    document = get(db, REGISTER, register, Register)
    return "" if document is None else document.store


def settle_store(db: Connection, change: Change, notes: Notes) -> None:
    """A new store has a data group and a channel database of its own name; all count in one currency."""
    if change.new is None:
        _remove_store(db, change, notes)
        return
    new: Store = change.new
    old: Store | None = change.old
    _check_currency(db, change, new, old)
    if old is None:
        _check_pepper(db, change.key, new)
        group = DataGroup(store=change.key, name=new.name)
        database = ChannelDatabase(data_group=change.key, store=change.key)
        put(db, GROUP, change.key, group, now_ms=change.now_ms, number=change.number)
        put(db, DATABASE, change.key, database, now_ms=change.now_ms, number=change.number)
        notes.touched(GROUP)
        notes.touched(DATABASE)
        if new.pepper_of:
            _share_pins(db, change, new.pepper_of, notes)
        else:
            _say_staff_without_pin(db, change.key, notes)
    elif old.pepper_of != new.pepper_of:
        raise Refused("pepper-of can be said for a new store only: the PINs of this one are kept already.")


def settle_register(db: Connection, change: Change, notes: Notes) -> None:
    """Support offline makes the register's channel database, in its store's data group, or takes it away."""
    new: Register | None = change.new
    old: Register | None = change.old
    if old is not None and new is not None and old.store != new.store:
        raise Refused(
            f"Register {change.key} belongs to store {old.store} for good; remove it and set a new one."
        )
    had = old is not None and old.support_offline
    has = new is not None and new.support_offline
    if has and not had and new is not None:
        group = new.store
        taken = get(db, DATABASE, change.key, ChannelDatabase)
        if taken is not None:
            raise Refused(f"The name {change.key} is that of another channel database.")
        database = ChannelDatabase(data_group=group, store=new.store, register=change.key)
        put(db, DATABASE, change.key, database, now_ms=change.now_ms, number=change.number)
        notes.touched(DATABASE)
        notes.say(f"Its channel database {change.key} is in data group {group}.")
    if had and not has:
        remove(db, DATABASE, change.key, now_ms=change.now_ms, number=change.number)
        notes.touched(DATABASE)
        if new is not None:
            notes.say("It has no offline database any more and stops selling when the server is gone.")


def settle_group(db: Connection, change: Change, notes: Notes) -> None:
    """A data group keeps its store; the group that a store was born with stays as long as the store."""
    old: DataGroup | None = change.old
    new: DataGroup | None = change.new
    if old is not None and new is not None and old.store != new.store:
        raise Refused(
            f"Data group {change.key} belongs to store {old.store}; make another group for {new.store}."
        )
    if new is None and get(db, STORE, change.key, Store) is not None:
        raise Refused(f"Data group {change.key} is its store's own and goes with it.")


def settle_database(db: Connection, change: Change, notes: Notes) -> None:
    """Databases come with stores and registers; all that can be changed is the group, within the store."""
    old: ChannelDatabase | None = change.old
    new: ChannelDatabase | None = change.new
    if old is None or new is None:
        raise NotThere(
            f"There is no channel database {change.key}; it comes with its store, or with a register that supports "
            "offline."
        )
    if (old.store, old.register) != (new.store, new.register):
        raise Refused("Only the data group of a channel database can be changed.")
    group = get(db, GROUP, new.data_group, DataGroup)
    if group is None or group.store != new.store:
        raise Refused(f"Data group {new.data_group} does not belong to store {new.store}.")
    notes.say("It gets a full data package with the next run of each job.")
    notes.job("9999")


def settle_staff(db: Connection, change: Change, notes: Notes) -> None:
    """The hashes of a PIN are kept for the stores where the operator works, and go with them."""
    hashes: dict[str, str] = dict(change.inputs.get("pin_hashes", {}))
    new: Staff | None = change.new
    stores = [] if new is None else [new.store] if new.store else [row.key for row in list_rows(db, STORE)]
    have: set[str] = set()
    for row in list_beginning(db, STAFF_PIN, f"{change.key}/"):
        store = row.key.partition("/")[2]
        if store in stores:
            have.add(store)
        else:
            remove(db, STAFF_PIN, row.key, now_ms=change.now_ms, number=change.number)
            notes.touched(STAFF_PIN)
    for store, text in hashes.items():
        if store in stores:
            have.add(store)
            key = f"{change.key}/{store}"
            if put(db, STAFF_PIN, key, {"hash": text}, now_ms=change.now_ms, number=change.number):
                notes.touched(STAFF_PIN)
    missing = [store for store in stores if store not in have]
    if missing:
        where = (
            ""
            if len(missing) == len(stores)
            else f" in {', '.join(missing[:5])}{', ...' if len(missing) > 5 else ''}"
        )
        notes.say(f"There is no PIN{where} yet: outpost hq staff set {change.key} --pin")


RULES: dict[str, tuple[Rule, ...]] = {
    STORE: (settle_store,),
    REGISTER: (settle_register,),
    GROUP: (settle_group,),
    DATABASE: (settle_database,),
    "staff": (settle_staff,),
}
"""The rules of the set-up itself; parts add theirs behind them."""


def _check_currency(db: Connection, change: Change, new: Store, old: Store | None) -> None:
    others = [row for row in list_rows(db, STORE) if row.key != change.key]
    if others:
        currency = others[0].read(Store).currency
        if new.currency != currency:
            raise Refused(
                f"This chain counts in {currency}, and a headquarters keeps one currency; start another one for "
                f"{new.currency}."
            )
    elif old is None or exponent(old.currency) == exponent(new.currency):
        return
    elif next(iter(list_rows(db, "product")), None) is not None:
        raise Refused(
            f"Prices are kept in {old.currency}, which has other decimals than {new.currency}; start anew for that."
        )


def _check_pepper(db: Connection, store: str, new: Store) -> None:
    if not new.pepper_of:
        return
    shared = get(db, STORE, new.pepper_of, Store)
    if new.pepper_of == store or (shared is not None and shared.pepper_of):
        raise Refused(
            f"pepper-of has to name a store with a PIN secret of its own, which {new.pepper_of} is not."
        )


def _share_pins(db: Connection, change: Change, pepper_of: str, notes: Notes) -> None:
    """Hashes made with a shared pepper hold in the new store as they are, for operators of all stores."""
    everywhere = {row.key for row in list_rows(db, "staff") if not row.read(Staff).store}
    for row in list(list_rows(db, STAFF_PIN)):
        number, _, store = row.key.partition("/")
        if store == pepper_of and number in everywhere:
            key = f"{number}/{change.key}"
            put(db, STAFF_PIN, key, row.read(StaffPin), now_ms=change.now_ms, number=change.number)
            notes.touched(STAFF_PIN)


def _say_staff_without_pin(db: Connection, store: str, notes: Notes) -> None:
    numbers = [row.key for row in list_rows(db, "staff") if not row.read(Staff).store]
    if numbers:
        shown = ", ".join(numbers[:5]) + (", ..." if len(numbers) > 5 else "")
        notes.say(
            f"Operators of all stores ({shown}) have no PIN in {store} yet; set their PINs again, or make the store "
            "with --pepper-of."
        )


def _remove_store(db: Connection, change: Change, notes: Notes) -> None:
    others = [key for key in find_where(db, GROUP, "store", change.key) if key != change.key]
    registers = find_where(db, REGISTER, "store", change.key)
    for word, keys in (("register", registers), ("data group", others)):
        if keys:
            raise Refused(f"Store {change.key} still has {word} {', '.join(keys[:3])}; remove that first.")
    for noun in (DATABASE, GROUP):
        remove(db, noun, change.key, now_ms=change.now_ms, number=change.number)
        notes.touched(noun)
    for row in list(list_rows(db, STAFF_PIN)):
        if row.key.partition("/")[2] == change.key:
            remove(db, STAFF_PIN, row.key, now_ms=change.now_ms, number=change.number)
            notes.touched(STAFF_PIN)

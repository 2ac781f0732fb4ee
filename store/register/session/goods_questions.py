"""What is missing about goods before they are sold: the buyer's age, a serial number, info codes; and their deposit.

`goods_desk` takes the answers.
"""

from msgspec.structs import replace

from store.database.errors import DatabaseTrouble
from store.gateway.gateway import ItemFound
from store.register.session.sale_open import note_connection
from store.register.session.to_sell import ToSell, as_text
from store.register.session.work import Reply, Work
from store.register.view import Choice, Entry
from store.sale import goods as rules
from store.sale.age import covers, latest_birth_date
from store.sale.info import InfoPrompt, choices_of
from store.sale.item import Item, ItemKey, KeyKind
from store.sale.language import phrase
from store.sale.sale import Sale

AGE, SERIAL, INFO = "age", "serial", "info"


async def deposit_of(work: Work, item: Item) -> Item | str | None:
    """The deposit that goes with an item, None without one; a sentence when it is not on file."""
    sku = item.detail.deposit
    if not sku:
        return None
    try:
        found = await work.ports.gateway.find_item((ItemKey(kind=KeyKind.SKU, value=sku),))
    except DatabaseTrouble as error:
        return phrase("the offline catalog cannot be read ({error}). Ins sells it by department.", error)
    finally:
        note_connection(work)
    if isinstance(found, ItemFound):
        return found.item
    return phrase("its deposit {sku} is not on file; run job 1040.", sku)


# ---- age


def needs_age(work: Work, goods: ToSell) -> bool:
    """Whether nobody was found old enough for the goods yet."""
    age = goods.item.detail.min_age
    made = work.state.sale.age_check if work.state.sale is not None else None
    return not covers(made, age) and not covers(goods.age_check, age)


def ask_age(work: Work, goods: ToSell) -> Reply:
    """Show on which day the buyer must have been born at the latest; a scan does not answer it."""
    age = goods.item.detail.min_age
    born_by = latest_birth_date(business_date(work), age)
    return work.ask(
        AGE,
        phrase("Age {age}", age),
        Entry.NOTHING,
        lines=(
            goods.item.name,
            phrase("Born on {born_by} or earlier?", born_by),
        ),
        answers=(
            phrase("Old enough"),
            phrase("Refuse"),
        ),
        goods=as_text(goods),
        born_by=born_by,
    )


def business_date(work: Work) -> str:
    """That of the open shift; it stays what it is after midnight."""
    assert work.state.shift is not None, "nothing is sold without a shift"
    return work.state.shift.business_date


# ---- serial number and info codes


def ask_facts(work: Work, goods: ToSell) -> Reply | None:
    """Ask for what is still missing about the goods themselves; None when nothing is."""
    if goods.item.detail.serial == "required" and not goods.serial_asked:
        return work.ask(
            SERIAL,
            phrase("Serial number"),
            Entry.CODE,
            lines=(
                goods.item.name,
                phrase("Scan or type the serial number and Enter."),
            ),
            goods=as_text(goods),
        )
    prompts = prompts_of(work, goods.item.detail.info_codes)
    if goods.info_asked < len(prompts):
        return ask_prompt(work, INFO, goods.item.name, prompts[goods.info_asked], {"goods": as_text(goods)})
    return None


def prompts_of(work: Work, codes: tuple[str, ...]) -> tuple[InfoPrompt, ...]:
    """The info codes that are set up, in their order."""
    known = work.ports.shop.info_codes()
    return tuple(known[code] for code in codes if code in known)


def ask_prompt(work: Work, kind: str, about: str, prompt: InfoPrompt, facts: dict[str, str]) -> Reply:
    """Ask one info code."""
    detail = prompt.detail
    choices = choices_of(prompt)
    what = (
        phrase("Type the number and Enter")
        if choices or detail.kind == "number"
        else phrase("Type the answer and Enter")
    )
    leave = "." if detail.required else phrase("; - leaves it out.")
    entry = Entry.CHOICE if choices else Entry.QUANTITY if detail.kind == "number" else Entry.CODE
    reply = work.ask(
        kind,
        prompt.name,
        entry,
        lines=(about, f"{what}{leave}") if about else (f"{what}{leave}",),
        choices=tuple(Choice(key, label) for key, label in choices),
    )
    assert work.state.asked is not None
    work.put(asked=replace(work.state.asked, facts=facts))
    return reply


def completed(work: Work, sale: Sale, goods: ToSell) -> Sale:
    """The sale, whose last line are the goods, with all that is known about them. Raises SaleRefused."""
    n = len(sale.lines)
    if goods.serial:
        sale = rules.set_serial(sale, n, goods.serial)
    if goods.info:
        sale = rules.with_answers(sale, n, goods.info)
    if goods.deposit is not None:
        sale = rules.with_deposit(sale, work.policy, n, goods.deposit, goods.source.value)
    check = goods.age_check
    if check is not None and not covers(sale.age_check, check.age):
        sale = replace(sale, age_check=check)
    return sale

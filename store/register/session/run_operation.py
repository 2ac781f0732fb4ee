"""Operations by number: whether one may run now, and the flow behind it."""

from collections.abc import Awaitable, Callable

from store.register.journal.errors import JournalError
from store.register.operations import BY_NUMBER, Operation
from store.register.session import (
    account_desk,
    cash_count,
    cash_desk,
    customer_desk,
    customer_form,
    discount_desk,
    emergency,
    goods_operations,
    info_desk,
    offers_desk,
    overview_desk,
    pay_operations,
    people_flows,
    return_flows,
    sale_department,
    sale_desk,
    sale_lines,
    sale_open,
    sale_void,
    shift_aside,
    shift_desk,
    sign_on,
    tax_desk,
    training_desk,
    why_price,
)
from store.register.session.panels import close_panel
from store.register.session.till import TillState
from store.register.session.work import DONE, Reply, Work
from store.register.view import Mode
from store.sale import macro
from store.sale.barcode import looks_like_code
from store.sale.language import later, phrase

DURING_A_QUESTION = frozenset({108, 703, 917, 9120, 9137, 9801, 9802, 9900, 9901})
"""What does not touch the sale, and the lock, which leaves the question."""

BEFORE_SIGN_IN = later("This store switches the connection after sign-in only. Sign in first.")

CURES = {
    Mode.STARTING: later("the register is starting. A moment, please."),
    Mode.LOCKED: later("sign in first."),
    Mode.SHIFT: later("no shift is open. Type the start amount."),
    Mode.IDLE: later("no sale is open. Scan an item first."),
    Mode.PAID: later("the sale is finished. Scan the next item."),
    Mode.SALE: later("a sale is open. Finish or void it first."),
    Mode.TENDER: later("the sale is being paid. Esc goes back."),
    Mode.CLOSING: later("the drawer is being counted. Esc goes back."),
    Mode.SAFE_STOP: later("nothing is sold now. Enter tries again."),
}
"""Why an operation does not run in a mode, and what to do."""
CURES_OF_ONE = {
    Mode.LOCKED: later("it is for the sign-in screen only."),
    Mode.SHIFT: later("a shift is open already."),
    Mode.TENDER: later("the sale is not being paid. F12 goes to the payment."),
}
"""The same for what runs in one mode only, where the cure of the present mode would lead nowhere."""


def out_of_place(operation: Operation, mode: Mode) -> str:
    """Why `operation` does not run in `mode`, and what to do."""
    return f"{phrase(operation.name)}: {phrase(_cure(operation, mode))}"


def _cure(operation: Operation, mode: Mode) -> str:
    only = next(iter(operation.modes)) if len(operation.modes) == 1 else None
    stands = mode in (Mode.IDLE, Mode.PAID, Mode.SALE, Mode.TENDER, Mode.CLOSING)
    if only is Mode.TENDER and mode is not Mode.SALE:
        only = None
    if only in CURES_OF_ONE and (stands or (only is Mode.LOCKED and mode is Mode.SHIFT)):
        return CURES_OF_ONE[only]
    return CURES[mode]


async def run(work: Work, number: int, text: str, seq: int) -> Reply:
    """Run operation `number` with the text that stood in the entry line."""
    operation = BY_NUMBER.get(number)
    if operation is None or (operation.demo and number not in work.ports.demo_operations):
        return work.refuse(phrase("There is no operation {number} here. F10 lists all.", number))
    mode = work.state.mode
    if mode not in operation.modes:
        return work.refuse(out_of_place(operation, mode))
    if why := training_desk.hindrance(work, number, phrase(operation.name)):
        return work.refuse(why)
    if not work.may(operation.permission):
        return work.lacks(operation.permission, phrase(operation.name))
    close_panel(work)
    if work.state.asked is not None and number not in DURING_A_QUESTION:
        return work.refuse(phrase("Answer the question first, or press Esc."))
    if operation.local and not text:
        return DONE
    if (question := info_desk.before(work, number, text, seq)) is not None:
        return question
    return await carry_out(work, number, text, seq)


async def carry_out(work: Work, number: int, text: str, seq: int) -> Reply:
    """Run the flow of an operation that may run."""
    return await _FLOWS[number](work, text.strip()[:64], seq)


def _simple(flow: Callable[[Work], Awaitable[Reply]]) -> Callable[[Work, str, int], Awaitable[Reply]]:
    async def carry_out(work: Work, text: str, seq: int) -> Reply:
        return await flow(work)

    return carry_out


async def _sell(work: Work, text: str, seq: int) -> Reply:
    return (
        await sale_desk.sell_text(work, text) if text else work.refuse(phrase("Type the code, then Enter."))
    )


async def _price_check(work: Work, text: str, seq: int) -> Reply:
    return await sale_desk.check_price(work, text) if text else sale_desk.ask_price_check(work)


async def _void_line(work: Work, text: str, seq: int) -> Reply:
    if text:
        return work.refuse(phrase("Clear the entry line first, then press Del."))
    return sale_lines.void_line(work, seq)


async def _quantity(work: Work, text: str, seq: int) -> Reply:
    if looks_like_code(text):
        return work.keep(text, phrase("a code is never a quantity. Scan it without F4."))
    return sale_lines.set_quantity(work, text) if text else sale_lines.ask_quantity(work)


def _by_hand(number: int) -> Callable[[Work, str, int], Awaitable[Reply]]:
    async def carry_out(work: Work, text: str, seq: int) -> Reply:
        return discount_desk.run(work, number, text)

    return carry_out


def _offers(number: int) -> Callable[[Work, str, int], Awaitable[Reply]]:
    async def carry_out(work: Work, text: str, seq: int) -> Reply:
        return offers_desk.run(work, number)

    return carry_out


def _tax(number: int) -> Callable[[Work, str, int], Awaitable[Reply]]:
    async def carry_out(work: Work, text: str, seq: int) -> Reply:
        return tax_desk.run(work, number, text)

    return carry_out


async def _clear_quantity(work: Work, text: str, seq: int) -> Reply:
    return sale_lines.clear_quantity(work)


async def _macro_in_macro(work: Work, text: str, seq: int) -> Reply:
    """A macro is carried out by `macro.run`; only an entry of another one comes here."""
    return work.refuse(phrase("A macro runs no other macro."))


async def _why_price(work: Work, text: str, seq: int) -> Reply:
    return why_price.show(work)


async def _customer(work: Work, text: str, seq: int) -> Reply:
    return await customer_desk.take(work, text)


async def _customer_clear(work: Work, text: str, seq: int) -> Reply:
    return customer_desk.clear(work)


async def _customer_details(work: Work, text: str, seq: int) -> Reply:
    return await customer_desk.details(work, text)


async def _customer_add(work: Work, text: str, seq: int) -> Reply:
    return customer_form.begin_add(work, text)


async def _customer_edit(work: Work, text: str, seq: int) -> Reply:
    return await customer_form.begin_edit(work, text)


async def _deposit(work: Work, text: str, seq: int) -> Reply:
    return await account_desk.begin(work, text)


async def _statement(work: Work, text: str, seq: int) -> Reply:
    return await account_desk.statement(work, text)


async def _void_sale(work: Work, text: str, seq: int) -> Reply:
    return sale_void.ask_void_sale(work)


async def _sign_on(work: Work, text: str, seq: int) -> Reply:
    if text:
        return await sign_on.take_text(work, text, scanned=False)
    work.say(phrase("Type your operator number and Enter."))
    return DONE


async def _emergency(work: Work, text: str, seq: int) -> Reply:
    return await emergency.begin(work, text)


async def _connection(work: Work, text: str, seq: int) -> Reply:
    """917 with a word presses the button; the screen shows the rest by itself."""
    if work.state.till is TillState.LOCKED and not work.ports.profile().manual_switch_before_sign_in:
        return work.refuse(phrase(BEFORE_SIGN_IN))
    match text.lower():
        case "connect":
            answer = await work.ports.connection.connect(work.state.sale is not None)
        case "disconnect" if not work.ports.shop.supports_offline:
            return work.refuse(sale_open.STAYS_CONNECTED)
        case "disconnect":
            answer = await work.ports.connection.disconnect()
        case _:
            return work.refuse(phrase("Type connect or disconnect."))
    if not answer.done:
        return work.refuse(answer.sentence)
    sale_open.note_connection(work)
    work.say(answer.sentence)
    return DONE


async def _sync_now(work: Work, text: str, seq: int) -> Reply:
    """9120: takes as long as it takes, beside the till; its end is said."""

    async def carry_out() -> str:
        try:
            return (await work.ports.sync.sync_now()).sentence
        except JournalError as error:
            return error.sentence

    work.errands.append(carry_out)
    work.say(phrase("Synchronising."))
    return DONE


def _movement(number: int) -> Callable[[Work, str, int], Awaitable[Reply]]:
    async def carry_out(work: Work, text: str, seq: int) -> Reply:
        return await cash_desk.begin(work, number, text)

    return carry_out


async def _blind(work: Work, text: str, seq: int) -> Reply:
    return shift_aside.ask_blind(work)


async def _manage(work: Work, text: str, seq: int) -> Reply:
    return await shift_aside.answer(work, text) if text else shift_aside.manage(work)


async def _start_amount(work: Work, text: str, seq: int) -> Reply:
    if not text:
        work.say(phrase("Type the start amount in the drawer and Enter."))
        return DONE
    return await shift_desk.open_with(work, text, scanned=False)


async def _department(work: Work, text: str, seq: int) -> Reply:
    return sale_department.sell_by_department(work)


async def _end(work: Work, text: str, seq: int) -> Reply:
    """A person ends the register: whoever starts it next signs in; an open sale stays behind the lock."""
    if work.state.till is TillState.CLOSING:
        shift_desk.leave_close(work)
    match work.state.till:
        case TillState.SALE | TillState.TENDER:
            await sign_on.lock(work)
        case TillState.IDLE:
            await sign_on.sign_off(work)
    work.say(
        phrase("The register ends. An open sale stays.") if work.state.sale else phrase("The register ends.")
    )
    work.ending = True
    return DONE


async def _nothing(work: Work, text: str, seq: int) -> Reply:
    return DONE


def _demo(number: int) -> Callable[[Work, str, int], Awaitable[Reply]]:
    async def carry_out(work: Work, text: str, seq: int) -> Reply:
        work.errands.append(work.ports.demo_operations[number])
        work.say(phrase("{name}: just a moment.", BY_NUMBER[number].name))
        return DONE

    return carry_out


_FLOWS: dict[int, Callable[[Work, str, int], Awaitable[Reply]]] = {
    100: _sell,
    101: _price_check,
    102: _void_line,
    103: _by_hand(103),
    104: _by_hand(104),
    105: _quantity,
    106: _clear_quantity,
    108: _nothing,
    127: _tax(127),
    128: _tax(128),
    129: _tax(129),
    130: _tax(130),
    300: _by_hand(300),
    301: _by_hand(301),
    302: _by_hand(302),
    303: _by_hand(303),
    310: _offers(310),
    311: _offers(311),
    312: _offers(312),
    500: _void_sale,
    501: _by_hand(501),
    517: _movement(517),
    518: _movement(518),
    602: _customer,
    603: _customer_clear,
    612: _customer_add,
    623: _customer_edit,
    700: _sign_on,
    701: _simple(sign_on.sign_off),
    703: _simple(sign_on.lock),
    917: _connection,
    918: _manage,
    1000: _simple(shift_desk.open_drawer),
    1052: _simple(cash_count.begin),
    1053: _blind,
    1054: _simple(shift_aside.suspend),
    1055: _simple(shift_desk.begin_close),
    1056: _simple(shift_desk.x_report),
    1057: _simple(shift_aside.reprint_z),
    1100: _deposit,
    1200: _start_amount,
    1201: _movement(1201),
    1210: _movement(1210),
    1211: _movement(1211),
    1212: _movement(1212),
    9101: _department,
    **dict.fromkeys(range(macro.FIRST, macro.LAST + 1), _macro_in_macro),
    9170: _simple(overview_desk.shift_overview),
    9171: _simple(overview_desk.sales_of_day),
    9102: _why_price,
    **goods_operations.FLOWS,
    **pay_operations.FLOWS,
    9160: _customer_details,
    9161: _statement,
    9110: _emergency,
    9120: _sync_now,
    9801: _demo(9801),
    9802: _demo(9802),
    9900: _end,
    9901: _nothing,
    **people_flows.FLOWS,
    **return_flows.FLOWS,
}


def flow_numbers() -> frozenset[int]:
    """The operations that have a flow; a test compares them with the table."""
    return frozenset(_FLOWS)

"""The view: what screens show of the till's state. Pure but for the ports it reads; made once per batch."""

from collections.abc import Iterator

from store.register.operations import operations_for
from store.register.session import allowance, training_desk
from store.register.session.layout import layout_of
from store.register.session.paper import paper_of, slip_title
from store.register.session.pay_panel import panel_of
from store.register.session.ports import SessionPorts
from store.register.session.print_policy import unprinted_words
from store.register.session.state import PaidSale, SessionState
from store.register.session.switch_question import shown
from store.register.session.till import TillState
from store.register.session.work import Work
from store.register.view import (
    Entry,
    Header,
    LayoutKeyView,
    LineView,
    Message,
    Mode,
    PaidPanel,
    ShiftPanel,
    SignOnPanel,
    TaxView,
    TenderPanel,
    Totals,
    View,
)
from store.sale.language import language_in_force, phrase, region_in_force
from store.sale.macro import is_macro
from store.sale.money import exponent, shown_amount
from store.sale.receipt import receipt_number
from store.sale.sale import Sale, SaleLine
from store.sale.tax import TaxRow
from store.sale.tax_group import members_of
from store.sale.text import printable
from store.sale.totals import totals

WINDOW = 40
"""Lines in a view; a screen shows fewer and pages by itself."""
PAGE = 20

_ENTRIES = {
    TillState.RECOVER: Entry.NOTHING,
    TillState.IDLE: Entry.CODE,
    TillState.SALE: Entry.CODE,
    TillState.TENDER: Entry.AMOUNT,
    TillState.COMMIT: Entry.NOTHING,
    TillState.CLOSING: Entry.AMOUNT,
    TillState.SAFE_STOP: Entry.CODE,
}


class ViewMaker:
    """Makes views of one core; remembers what did not change since the last one."""

    def __init__(self, ports: SessionPorts, epoch: str) -> None:
        self._ports = ports
        self._epoch = epoch
        self._lines: list[tuple[SaleLine, LineView]] = []
        self._totals: tuple[Sale | None, Totals] = (None, Totals())
        self._paper: tuple[object, tuple[str, ...]] = (None, ())
        self._layout: tuple[object, tuple[LayoutKeyView, ...]] = (None, ())
        self._slip: tuple[object, tuple[str, ...]] = (None, ())

    def make(self, seq: int, work: Work, up: int, message: Message) -> View:
        """The view number `seq` of the till's state."""
        state = work.state
        mode = state.mode
        currency = work.policy.currency
        first, lines = self._window(state)
        paid = self._paid(work) if mode is Mode.PAID else None
        title, paper = self._paper_of(work, paid)
        return View(
            epoch=self._epoch,
            seq=seq,
            mode=mode,
            entry=entry_of(state),
            header=self._header(state, up),
            currency=currency,
            exponent=exponent(currency),
            customer=state.sale.customer.name if state.sale and state.sale.customer else "",
            first=first,
            count=len(state.sale.lines) if state.sale else 0,
            selected=state.selected,
            lines=lines,
            totals=self._sums(work),
            tender=self._tender(work) if state.till is TillState.TENDER else None,
            paid=paid,
            sign_on=self._sign_on(state) if mode is Mode.LOCKED else None,
            shift=shift_panel(state, work),
            question=shown(self._ports.connection.question, state.asked.question if state.asked else None),
            message=message,
            refused=state.refused,
            paper=paper,
            paper_title=title,
            operations=self._operations(state),
            allowable=training_desk.allowed(state, allowance.allowable(state, self._ports.shop.roles())),
            demo=self._ports.config.demo,
            layout=self._keys(),
            language=language_in_force(),
            region=region_in_force().code,
            may_switch=mode is not Mode.LOCKED or self._ports.profile().manual_switch_before_sign_in,
        )

    def _window(self, state: SessionState) -> tuple[int, tuple[LineView, ...]]:
        """At most 40 lines with the selected one among them; it moves by half its height, so that little is redrawn."""
        if state.sale is None:
            return 0, ()
        lines = state.sale.lines
        first = 0
        if len(lines) > WINDOW:
            selected = (state.selected or len(lines)) - 1
            first = max(0, (selected // PAGE - 1) * PAGE)
        return first, tuple(map(self._line, lines[first : first + WINDOW]))

    def _line(self, line: SaleLine) -> LineView:
        position = line.n - 1
        if position < len(self._lines):
            known, shown = self._lines[position]
            if known is line:
                return shown
        shown = LineView(
            line.n,
            printable(line.name),
            line.quantity,
            printable(line.unit) if line.measured else "",
            line.price,
            line.amount,
            "+".join(one.rate for one in members_of(line.tax)),
            line.voided,
            line.source,
            line.discount,
            line.list_price is not None,
        )
        if position < len(self._lines):
            self._lines[position] = (line, shown)
        elif position == len(self._lines):
            self._lines.append((line, shown))
        return shown

    def _sums(self, work: Work) -> Totals:
        sale = work.state.sale
        if sale is None:
            return Totals()
        known, shown = self._totals
        if known is sale:
            return shown
        sums = totals(sale, work.policy)
        shown = Totals(
            items=sums.items,
            subtotal=sums.subtotal,
            discount=sums.discount,
            total=sums.total,
            taxes=tuple(tax_views(sale, sums.taxes)),
            paid=sums.paid,
            due=sums.due,
            change=sums.change,
            cash_rounding=sums.cash_rounding,
        )
        self._totals = (sale, shown)
        return shown

    def _tender(self, work: Work) -> TenderPanel | None:
        sale = work.state.sale
        if sale is None:
            return None
        return panel_of(work, sale)

    def _paid(self, work: Work) -> PaidPanel | None:
        paid, record = work.state.paid, work.paid_record
        if paid is None:
            return None
        if record is not self._paper[0]:
            text = () if record is None else paper_of(record, self._ports.shop.paper(), paid.copy_no)
            self._paper = (record, text)
        return PaidPanel(
            receipt_no="" if record is None else receipt_number(record.payload),
            total=paid.total,
            taken=paid.taken,
            change=paid.change,
            print_state=self._print_state(paid),
            paper=() if self._ports.printing.has_printer else self._paper[1],
        )

    def _print_state(self, paid: PaidSale) -> str:
        """What became of drawer and receipt; a drawer hangs on the printer, without one nothing is said of it."""
        printing = self._ports.printing
        receipt = printing.state_of(paid.print_job)
        if not printing.has_printer:
            return receipt
        drawer = printing.state_of(paid.drawer_job)
        receipt = receipt or unprinted_words(self._ports.shop.paper(), paid)
        return f"{drawer} {receipt}".strip()

    def _paper_of(self, work: Work, paid: PaidPanel | None) -> tuple[str, tuple[str, ...]]:
        """Title and text of the last report or slip, else of the receipt, while no printer is attached."""
        if self._ports.printing.has_printer:
            return "", ()
        if work.slip is None:
            return (
                (phrase("Receipt {number}", paid.receipt_no), paid.paper) if paid and paid.paper else ("", ())
            )
        if self._slip[0] is not work.slip:
            copied, copy_no = work.slip_copy
            copy_no = copy_no if copied is work.slip else 0
            self._slip = (work.slip, paper_of(work.slip, self._ports.shop.paper(), copy_no))
        return slip_title(work.slip.payload), self._slip[1]

    def _sign_on(self, state: SessionState) -> SignOnPanel:
        facts = f"{self._ports.shop.facts} {self._ports.devices()}".strip()
        return SignOnPanel(
            operator=printable(state.named), sale_open=state.sale is not None, facts=printable(facts)
        )

    def _header(self, state: SessionState, up: int) -> Header:
        config = self._ports.config
        status = self._ports.connection.status()
        person = state.operator if state.till is not TillState.LOCKED or state.sale else None
        return Header(
            register=config.register,
            store=printable(self._ports.shop.policy().facts.name or config.store),
            operator=printable(person.name) if person else "",
            role=state.role,
            shift=state.shift.number if state.shift else 0,
            connection=status.word,
            reason=printable(status.reason),
            up=up,
            down=self._ports.shop.pending_downloads,
            training=state.training,
            insecure=config.insecure,
            sync=self._ports.sync.state().moves,
        )

    def _keys(self) -> tuple[LayoutKeyView, ...]:
        rows = self._ports.shop.layout_keys()
        if rows is not self._layout[0]:
            self._layout = (rows, layout_of(rows))
        return self._layout[1]

    def _operations(self, state: SessionState) -> tuple[int, ...]:
        demo = bool(self._ports.demo_operations)
        numbers = operations_for(state.mode, state.role, state.permissions, demo=demo)
        macros = self._ports.macros()
        numbers = training_desk.allowed(state, numbers)
        return tuple(number for number in numbers if not is_macro(number) or number in macros)


def entry_of(state: SessionState) -> Entry:
    """What the entry line expects."""
    if state.asked is not None:
        return state.asked.entry
    if state.till is TillState.LOCKED:
        return Entry.PIN if state.named else Entry.OPERATOR
    if state.till is TillState.IDLE and state.shift is None:
        return Entry.AMOUNT
    return _ENTRIES[state.till]


def shift_panel(state: SessionState, work: Work) -> ShiftPanel | None:
    """The shift that is to be opened, is being counted, or was just reported on."""
    shift = state.shift
    if state.report:
        return ShiftPanel(number=shift.number if shift else state.last_shift, rows=state.report)
    if shift is None:
        return ShiftPanel(number=state.last_shift + 1) if state.till is TillState.IDLE else None
    if state.till is not TillState.CLOSING:
        return None
    return ShiftPanel(
        number=shift.number,
        rows=(
            (phrase("Business date"), shift.business_date),
            (phrase("Start amount"), shown_amount(shift.start_amount, work.policy.currency)),
        ),
    )


def tax_views(sale: Sale, rows: tuple[TaxRow, ...]) -> Iterator[TaxView]:
    """The tax table as the panel shows it: an amount per unit by its name, an exemption with what it takes out."""
    relief = sum(line.tax_relief for line in sale.live_lines)
    for row in rows:
        rate = "" if row.fixed or row.exempt else row.rate
        yield TaxView(printable(row.name), rate, -relief if row.exempt else row.tax, row.included)

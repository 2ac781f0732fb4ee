"""Vouchers of the house at the till: sold (511), redeemed (213), looked at (514), and given for goods that come back.

Online the server says what is on one and keeps it for the open sale. Offline this register takes what it issued
itself, by its own journal, and of others as much as the tender type allows; the server finds out who spent twice.
"""

import msgspec

from store.exchange.vouchers import WireVoucher
from store.gateway.gateway import Source
from store.register.intents import OutcomeKind
from store.register.journal.errors import JournalError
from store.register.session.sale_open import begin_transaction, opened, take_line
from store.register.session.state import Asked
from store.register.session.tender_desk import fresh_voucher, take_payment
from store.register.session.work import DONE, Reply, Work
from store.register.view import Entry
from store.sale import selling
from store.sale.barcode import looks_like_code
from store.sale.item import Item
from store.sale.language import phrase
from store.sale.line_change import with_changed_line
from store.sale.moment import days_after, shown_day
from store.sale.money import parse_amount
from store.sale.refusal import SaleRefused
from store.sale.sale import PriceSource, Sale
from store.sale.tender import Payment
from store.sale.tender_type import TenderKind, TenderType, first_of
from store.sale.text import printable
from store.sale.totals import totals
from store.sale.voucher import parse_voucher, shown_voucher

NUMBER, WORTH, ISSUE, BALANCE = "voucher_number", "voucher_worth", "voucher_issue", "voucher_balance"
QUESTIONS = frozenset({NUMBER, WORTH, ISSUE, BALANCE})
BATCH = 500
"""Records of the journal read at once."""


class OwnEntries(msgspec.Struct, frozen=True):
    """What this register's journal says of a voucher (minor units)."""

    issued: int = 0
    redeemed: int = 0
    unsent: int = 0
    """Redeemed in records that the server has not acknowledged."""
    unsent_in: tuple[str, ...] = ()
    """Their transactions."""
    issued_on: str = ""

    @property
    def left(self) -> int:
        """What is left of what was issued here, for all that this register knows."""
        return self.issued - self.redeemed


def voucher_type(work: Work) -> TenderType | None:
    """The store's vouchers; None when it has none."""
    return first_of(work.policy.tenders, TenderKind.VOUCHER)


async def answer(work: Work, asked: Asked, text: str, *, scanned: bool) -> Reply:
    """Text or a scan while one of these questions is open."""
    kind = asked.question.kind
    if not text:
        return DONE
    if kind in (NUMBER, BALANCE):
        number = parse_voucher(text)
        if not number:
            return work.keep(text, phrase("is no number of a voucher. Read it again."))
        work.put(asked=None)
        return await (redeem(work, number) if kind == NUMBER else show(work, number))
    if scanned or looks_like_code(text):
        return work.keep(text, phrase("refused while the question is open. Answer it first."))
    amount = parse_amount(text, work.policy.currency)
    if not amount:
        return work.refuse(phrase("'{text}' is no amount. Type it, such as 25.", printable(text[:20])))
    if kind == ISSUE:
        return await issue(work, amount)
    return await take_unknown(work, asked, amount)


# -- paying by voucher, and giving vouchers


async def pay(work: Work, chosen: TenderType, text: str) -> Reply:
    """213: the number is scanned or typed; when money goes back, a new voucher is issued for it."""
    sale = work.state.sale
    assert sale is not None
    due = totals(sale, work.policy).due
    if due < 0:
        amount = parse_amount(text, work.policy.currency) if text.strip() else -due
        if not amount:
            return work.refuse(phrase("'{text}' is no amount. Type it, such as 25.", printable(text[:20])))
        return await take_payment(work, Payment(type=chosen.code, given=amount, voucher=fresh_voucher(work)))
    if number := parse_voucher(text):
        return await redeem(work, number)
    lines = (phrase("Scan or type the number on the voucher and Enter."),)
    return work.ask(NUMBER, phrase("Which voucher?"), Entry.CODE, lines=lines)


async def redeem(work: Work, number: str) -> Reply:
    """Take what is on a voucher, at most what is due."""
    sale, chosen = work.state.sale, voucher_type(work)
    assert sale is not None
    due = totals(sale, work.policy).due
    if chosen is None:
        return work.refuse(phrase("This store takes no vouchers."))
    if due <= 0:
        return work.refuse(phrase("There is nothing to pay by a voucher."))
    if any(tender.voucher == number for tender in sale.live_tenders):
        return work.refuse(phrase("This voucher pays for this sale already."))
    if any(line.voucher == number for line in sale.live_lines):
        return work.refuse(phrase("This voucher is sold in this very sale. It pays for the next one."))
    if work.training:
        return await take_payment(work, Payment(type=chosen.code, given=due, voucher=number))
    try:
        unsent = await own_entries(work, number, unsent_only=True)
        answer = await work.ports.vouchers.hold(number, sale.txn_id, due, unsent.unsent_in)
        if answer is not None and answer.voucher is not None:
            return await redeem_held(work, sale, chosen, answer.voucher, unsent)
        own = await own_entries(work, number, unsent_only=False)
    except JournalError as error:
        return work.refuse(error.sentence)
    if answer is None:
        return await redeem_offline(work, sale, chosen, number, own)
    if own.issued or own.unsent:  # the server has not got that far
        return await redeem_offline(work, sale, chosen, number, own)
    return work.refuse(phrase("No voucher has this number."))


async def redeem_held(
    work: Work, sale: Sale, chosen: TenderType, voucher: WireVoucher, own: OwnEntries
) -> Reply:
    """The server keeps what it could of the voucher for this sale; what this register took and did not send is gone.

    Of that the server knows what it held for those sales, and what has arrived meanwhile: it counts once.
    """
    left = voucher.balance - voucher.held - max(own.unsent - voucher.counted, 0)
    amount = min(voucher.granted, left)
    why = ""
    if voucher.currency != work.policy.currency:
        why = phrase("This voucher is in {currency}.", voucher.currency)
    elif expired(work, chosen, voucher.issued):
        why = phrase("This voucher of {day} has run out.", shown_day(voucher.issued))
    elif amount <= 0 < voucher.held:
        why = phrase("Another register takes this voucher at this moment.")
    elif amount <= 0:
        why = phrase("Nothing is left on this voucher.")
    if why:
        work.ports.vouchers.release(voucher.number, sale.txn_id)
        return work.refuse(why)
    reply = await take_payment(work, Payment(type=chosen.code, given=amount, voucher=voucher.number))
    if reply.kind is OutcomeKind.REFUSED:  # by a limit of the tender
        work.ports.vouchers.release(voucher.number, sale.txn_id)
    return reply


async def redeem_offline(work: Work, sale: Sale, chosen: TenderType, number: str, own: OwnEntries) -> Reply:
    """No server to ask: what this register issued, by its own journal; of others up to the limit of the tender type."""
    due = totals(sale, work.policy).due
    if own.issued:
        if own.left <= 0:
            return work.refuse(phrase("Nothing is left on this voucher."))
        if expired(work, chosen, own.issued_on):
            return work.refuse(phrase("This voucher of {day} has run out.", shown_day(own.issued_on)))
        how = Payment(type=chosen.code, given=min(own.left, due), voucher=number, offline=True)
        return await take_payment(work, how)
    left = chosen.offline_limit - own.redeemed
    if chosen.offline_limit == 0:
        return work.refuse(
            phrase("No server answers, and the voucher is not of this register. It is not taken.")
        )
    if left <= 0:
        return work.refuse(phrase("No server answers; no more of this voucher is taken until one does."))
    return work.ask(
        WORTH,
        phrase("Voucher {number}: how much is on it?", shown_voucher(number)),
        Entry.AMOUNT,
        lines=(
            phrase("The server does not answer. At most {most} is taken of it now.", work.money(left)),
            phrase("Type the amount printed on the voucher and Enter."),
        ),
        number=number,
        most=str(left),
    )


async def take_unknown(work: Work, asked: Asked, amount: int) -> Reply:
    """What the paper says is on a voucher of another register, within the limit."""
    sale, chosen = work.state.sale, voucher_type(work)
    if sale is None or chosen is None:
        return work.refuse(phrase("This store takes no vouchers."))
    due = totals(sale, work.policy).due
    given = min(amount, due, int(asked.facts["most"]))
    work.put(asked=None)
    return await take_payment(
        work, Payment(type=chosen.code, given=given, voucher=asked.facts["number"], offline=True)
    )


# -- selling one


async def sell(work: Work, text: str) -> Reply:
    """511: a voucher is sold like goods; the amount is asked, the number is made here."""
    if voucher_type(work) is None:
        return work.refuse(phrase("This store issues no vouchers."))
    if not text:
        lines = (phrase("Type the amount and Enter. Its number is printed on the voucher."),)
        return work.ask(ISSUE, phrase("Voucher: how much?"), Entry.AMOUNT, lines=lines)
    amount = parse_amount(text, work.policy.currency)
    if not amount or looks_like_code(text):
        return work.refuse(phrase("'{text}' is no amount. Type it, such as 25.", printable(text[:20])))
    return await issue(work, amount)


async def issue(work: Work, amount: int) -> Reply:
    """A line for the voucher: untaxed, no discount, in force once the sale is paid."""
    chosen = voucher_type(work)
    if chosen is None:
        return work.refuse(phrase("This store issues no vouchers."))
    if why := await begin_transaction(work):
        return work.refuse(why)
    number = fresh_voucher(work)
    item = Item(
        sku=chosen.code,
        name=f"{chosen.name} {shown_voucher(number)}",
        price=amount,
        unit="pcs",
        tax="",
        department="",
        open_price=True,
    )
    source = Source.ONLINE if work.online else Source.OFFLINE
    try:
        sale = selling.add_line(
            opened(work),
            work.policy,
            item,
            source=source.value,
            price=amount,
            price_source=PriceSource.TYPED,
        )
        line = msgspec.structs.replace(sale.lines[-1], voucher=number, no_discount=True)
        sale = with_changed_line(sale, line)
    except SaleRefused as refusal:
        return work.refuse(str(refusal))
    work.put(asked=None)
    return take_line(work, sale)


# -- looking at one


async def balance(work: Work, text: str) -> Reply:
    """514: what is on a voucher."""
    if number := parse_voucher(text):
        return await show(work, number)
    if text:
        return work.refuse(phrase("'{text}' is no number of a voucher.", printable(text[:24])))
    lines = (phrase("Scan or type the number on the voucher and Enter."),)
    return work.ask(BALANCE, phrase("Balance of which voucher?"), Entry.CODE, lines=lines)


async def show(work: Work, number: str) -> Reply:
    """The server's word; without it what this register issued and redeemed itself."""
    txn_id = work.state.sale.txn_id if work.state.sale is not None else ""
    answer = await work.ports.vouchers.find(number, txn_id)
    voucher = answer.voucher if answer is not None else None
    try:
        own = await own_entries(work, number, unsent_only=voucher is not None)
    except JournalError as error:
        return work.refuse(error.sentence)
    if voucher is not None:
        left = work.money(max(voucher.balance - voucher.held - own.unsent, 0))
        day = shown_day(voucher.issued)
        work.say(phrase("Voucher {number}: {left} left, issued {day}.", shown_voucher(number), left, day))
        return DONE
    if own.issued:
        words = phrase(
            "Voucher {number}: {left} left by this register's own records.",
            shown_voucher(number),
            work.money(max(own.left, 0)),
        )
        work.say(words)
        return DONE
    if answer is not None:
        return work.refuse(phrase("No voucher has this number."))
    return work.refuse(phrase("No server answers, and the voucher is not of this register. Ask again later."))


def expired(work: Work, chosen: TenderType, issued: str) -> bool:
    """Whether a voucher issued on that business date is past its days."""
    shift = work.state.shift
    if not chosen.valid_days or not issued or shift is None:
        return False
    return shift.business_date > days_after(issued, chosen.valid_days)


async def own_entries(work: Work, number: str, *, unsent_only: bool) -> OwnEntries:
    """What this register's own journal says of a voucher; all of it, or what the server has not acknowledged yet.

    Raises JournalError.
    """
    journal, wanted = work.ports.journal, number.encode()
    acked = (await journal.upload_state()).acked_seq
    seq, found = acked if unsent_only else 0, OwnEntries()
    while records := await journal.records(seq, BATCH):
        seq = records[-1].seq
        for record in records:
            if wanted in record.payload:
                found = _with_record(found, msgspec.json.decode(record.payload), number, record.seq > acked)
    return found


def _with_record(own: OwnEntries, payload: dict[str, object], number: str, unsent: bool) -> OwnEntries:
    if payload.get("kind") != "sale":
        return own
    record = msgspec.convert(payload, _Payload)
    put = sum(line.amount for line in record.lines if line.voucher == number)
    rows = [row.amount for row in record.tenders if row.voucher == number]
    put -= sum(amount for amount in rows if amount < 0)
    taken = sum(amount for amount in rows if amount > 0)
    return OwnEntries(
        issued=own.issued + put,
        redeemed=own.redeemed + taken,
        unsent=own.unsent + (taken if unsent else 0),
        unsent_in=(*own.unsent_in, record.txn_id) if unsent and taken else own.unsent_in,
        issued_on=own.issued_on or (record.business_date if put > 0 else ""),
    )


class _Amount(msgspec.Struct, frozen=True):
    amount: int
    voucher: str = ""


class _Payload(msgspec.Struct, frozen=True):
    business_date: str = ""
    txn_id: str = ""
    lines: tuple[_Amount, ...] = ()
    tenders: tuple[_Amount, ...] = ()

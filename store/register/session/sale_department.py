"""Unknown goods go by department at a typed price, so that a queue never stops."""

from store.gateway.gateway import Source
from store.register.session.sale_open import opened, take_line
from store.register.session.work import Reply, Work
from store.register.view import Choice, Entry
from store.sale import selling
from store.sale.item import Department
from store.sale.language import phrase
from store.sale.refusal import SaleRefused

DEPARTMENT_CHOICES = 40
"""Rows of the department list; what is beyond can still be typed."""


def sell_by_department(work: Work) -> Reply:
    """Ins: the last unknown code, or goods without one, go by department at a typed price."""
    departments = work.ports.shop.departments()
    if not departments:
        return work.refuse(phrase("This store has no departments to sell by."))
    code = work.state.last_unknown
    choices = tuple(
        Choice(str(number), department.name)
        for number, department in enumerate(departments[:DEPARTMENT_CHOICES], start=1)
    )
    return work.ask(
        "department",
        phrase("Sell by department"),
        Entry.CHOICE,
        lines=(
            phrase("Code {code}", code) if code else phrase("Without a code"),
            phrase("Type the number of the department and Enter."),
        ),
        choices=choices,
        code=code,
    )


def answer_department(work: Work, facts: dict[str, str], text: str) -> Reply:
    """The number of a department in the list."""
    departments = work.ports.shop.departments()
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:4]) <= len(departments):
        return work.refuse(phrase("Type a number from 1 to {count}.", len(departments)))
    department = departments[int(text[:4]) - 1]
    return work.ask(
        "price",
        department.name,
        Entry.AMOUNT,
        lines=(
            phrase("Code {code}", facts["code"]) if facts["code"] else phrase("Without a code"),
            phrase("Type the price and Enter."),
        ),
        code=facts["code"],
        department=department.code,
        name=department.name,
        tax=department.tax,
    )


def sell_department(work: Work, facts: dict[str, str], price: int) -> Reply:
    """A line of a department; the code it stands for is no longer in the list of refused scans."""
    department = Department(code=facts["department"], name=facts["name"], tax=facts["tax"])
    source = Source.ONLINE if work.online else Source.OFFLINE
    code = facts["code"]
    try:
        sale = selling.add_department_line(
            opened(work), work.policy, department, price, "1", code, source.value
        )
    except SaleRefused as refusal:
        return work.refuse(str(refusal))
    kept = list(work.state.refused)
    for position in range(len(kept) - 1, -1, -1):
        if code and kept[position].text == code:
            del kept[position]
            break
    work.put(asked=None, last_unknown="", refused=tuple(kept))
    return take_line(work, sale)

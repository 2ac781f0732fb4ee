"""Info codes: what headquarters wants asked about a product, a payment or an operation, and what was answered.

`InfoCode` is the column `detail` of table info_code; headquarters' noun `info-code` inherits its fields. An answer is
kept where the question came up: on the line, or on the sale (or slip) with the operation or the tender it belongs to.
"""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from store.sale.detail import Detail
from store.sale.language import phrase
from store.sale.quantity import parse_quantity
from store.sale.refusal import SaleRefused
from store.sale.text import printable, stored

ANSWER_LIMIT = 40
CODE_LIMIT = 12
PROMPT_LIMIT = 40
MAX_CHOICES = 30
MAX_ANSWERS = 20
"""On one sale, beside those of its lines; the record must have room."""
YES, NO = "yes", "no"


class InfoCode(Detail, frozen=True, kw_only=True, omit_defaults=True):
    """How an info code asks, and where."""

    kind: Annotated[
        Literal["text", "number", "list", "yes-no"],
        Meta(description="What is answered: text, number, list (one of the choices) or yes-no."),
    ] = "text"
    choices: Annotated[
        tuple[Annotated[str, Meta(min_length=1, max_length=ANSWER_LIMIT)], ...],
        Meta(max_length=MAX_CHOICES, description="The list; may be given several times."),
    ] = ()
    required: Annotated[
        bool, Meta(description="An answer must be given; no lets the cashier leave it out.")
    ] = True
    operations: Annotated[
        tuple[Annotated[int, Meta(ge=1, le=9_899)], ...],
        Meta(
            max_length=20,
            description="Operations it is asked at, such as 1000; 139 asks when a sale is paid; may be given several "
            "times.",
        ),
    ] = ()
    tenders: Annotated[
        tuple[str, ...],
        Meta(
            max_length=20,
            description="Tenders it is asked at, such as card; may be given several times.",
            extra={"ref": "tender"},
        ),
    ] = ()


NO_INFO_CODE = InfoCode()


class InfoPrompt(msgspec.Struct, frozen=True, kw_only=True):
    """An info code with its code and what it asks."""

    code: str
    name: str
    detail: InfoCode = NO_INFO_CODE


class InfoAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was answered; `operation` and `tender` say where on the sale it was asked, nothing on a line."""

    code: str
    name: str
    answer: str
    operation: int = 0
    tender: str = ""


def answered(prompt: InfoPrompt, text: str) -> str:
    """The typed text as it is recorded: the choice for its number, yes or no, a number, a bounded text.

    "-" leaves out what is not required and answers an empty text. Raises SaleRefused with a sentence.
    """
    text = stored(printable(text).strip(), ANSWER_LIMIT)
    if text == "-" and not prompt.detail.required:
        return ""
    if text in ("", "-"):
        raise SaleRefused(phrase("{name} must be answered.", prompt.name))
    match prompt.detail.kind:
        case "number":
            number = parse_quantity(text)
            if number is None:
                raise SaleRefused(phrase("{text} is no number. Type digits.", repr(text[:20])))
            return number
        case "list":
            return _choice(prompt, text)
        case "yes-no":
            return _yes_or_no(text)
        case _:
            return text


def _choice(prompt: InfoPrompt, text: str) -> str:
    choices = prompt.detail.choices
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:4]) <= len(choices)):
        raise SaleRefused(phrase("Type a number from 1 to {count}.", len(choices)))
    return choices[int(text[:4]) - 1]


def _yes_or_no(text: str) -> str:
    word = text.casefold()
    if word in ("1", "y", YES, "j", "ja"):
        return YES
    if word in ("2", "n", NO, "nein"):
        return NO
    raise SaleRefused(phrase("Type 1 for yes or 2 for no."))


def choices_of(prompt: InfoPrompt) -> tuple[tuple[str, str], ...]:
    """The rows of the list: what to type, and what it stands for."""
    if prompt.detail.kind == "yes-no":
        return (("1", YES), ("2", NO))
    return tuple((str(number), choice) for number, choice in enumerate(prompt.detail.choices, start=1))


def info_rows(answers: tuple[InfoAnswer, ...]) -> list[dict[str, Any]]:
    """Answers as a record holds them; what was left out is absent."""
    rows: list[dict[str, Any]] = []
    for one in answers:
        row: dict[str, Any] = {"code": one.code, "name": one.name, "answer": one.answer}
        if one.operation:
            row["operation"] = one.operation
        if one.tender:
            row["tender"] = one.tender
        rows.append(row)
    return rows


def info_fault(code: InfoCode) -> str:
    """Why an info code cannot be asked, a sentence; empty when it can."""
    if code.kind == "list" and not code.choices:
        return phrase("A list needs choices: --choice Red --choice Blue.")
    if code.kind != "list" and code.choices:
        return phrase("Only a list has choices.")
    return ""

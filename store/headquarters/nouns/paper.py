"""Document formats, reports for the accountant and shelf labels."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from store.headquarters.nouns.asked import POSITIONAL, STORE, Given
from store.headquarters.nouns.noun import KeyPart, Noun, Verb
from store.sale.document_format import NARROWEST, WIDEST, DocumentType, FormatRefused, Printing
from store.sale.format_text import LONGEST_PART, WrittenFormat, parsed

_HOW = "One piece a line (\\n): text, columns, rule, blank, block, barcode, qr, logo, if; see docs/paper.md."
DAY = "^([0-9]{4}-[0-9]{2}-[0-9]{2})?$"


class DocumentFormatRow(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """How a type of document is printed; job 1070. An empty part is that of the built-in format."""

    header: Annotated[
        str, Meta(max_length=LONGEST_PART, description=f"What stands above. {_HOW}", extra={"kind": "lines"})
    ] = ""
    lines: Annotated[
        str,
        Meta(
            max_length=LONGEST_PART,
            description="What stands for each line of the sale.",
            extra={"kind": "lines"},
        ),
    ] = ""
    footer: Annotated[
        str, Meta(max_length=LONGEST_PART, description="What stands below.", extra={"kind": "lines"})
    ] = ""
    width: Annotated[
        int, Meta(ge=0, le=WIDEST, description="Columns at most; 0 for as many as the paper has.")
    ] = 0
    printing: Annotated[
        Literal["always", "never", "on-request"],
        Meta(description="Whether it is printed at once, never, or when somebody asks (F3)."),
    ] = Printing.ALWAYS.value


class FormatPreview(Given, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is looked at."""

    document: Annotated[
        Literal[tuple(kind.value for kind in DocumentType)],  # type: ignore[valid-type]
        Meta(description="Type of document.", extra=POSITIONAL),
    ]
    store: STORE = ""
    width: Annotated[int, Meta(ge=NARROWEST, le=WIDEST, description="Columns of the paper.")] = 42
    language: Annotated[
        str, Meta(pattern="^([a-z]{2})?$", description="In this language; empty for the store's.")
    ] = ""


class FormatText(Given, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which format is written out."""

    document: Annotated[
        Literal[tuple(kind.value for kind in DocumentType)],  # type: ignore[valid-type]
        Meta(description="Type of document.", extra=POSITIONAL),
    ]


class ReportAsked(Given, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of which days and stores."""

    store: STORE = ""
    register: Annotated[str, Meta(description="Only of this register.")] = ""
    first: Annotated[str, Meta(pattern=DAY, description="First business date.", extra={"kind": "date"})] = ""
    last: Annotated[str, Meta(pattern=DAY, description="Last business date.", extra={"kind": "date"})] = ""
    form: Annotated[
        Literal["csv", "rows"], Meta(description="A table for a spreadsheet, or rows for the eye.")
    ] = "rows"


class LabelsAsked(Given, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of which products labels are made, and how."""

    store: Annotated[
        str, Meta(description="Store whose language and region they speak.", extra={"ref": "store"})
    ] = ""
    products: Annotated[
        tuple[str, ...],
        Meta(max_length=200, description="Only of these products; may be given several times."),
    ] = ()
    department: Annotated[str, Meta(description="Only of this department.", extra={"ref": "department"})] = ""
    form: Annotated[
        Literal["text", "svg"], Meta(description="Text for a receipt printer, or a page as SVG.")
    ] = "svg"
    limit: Annotated[int, Meta(ge=1, le=1_000, description="At most so many.")] = 200


def _check_format(key: dict[str, str], row: DocumentFormatRow) -> str:
    written = WrittenFormat(
        header=row.header, lines=row.lines, footer=row.footer, width=row.width, printing=row.printing
    )
    try:
        parsed(key["document"], written)
    except FormatRefused as refusal:
        return str(refusal)
    return ""


NOUNS: tuple[Noun, ...] = (
    Noun(
        name="document-format",
        summary="formats of receipts, slips and reports, and whether they are printed",
        key=(KeyPart(name="document", help=f"Type of document: {', '.join(DocumentType)}."),),
        fields=DocumentFormatRow,
        jobs=("1070",),
        check=_check_format,
        example="outpost hq --home HQ document-format set sale --printing on-request",
    ),
    Noun(name="report", summary="reports for the accountant"),
    Noun(name="label", summary="labels for the shelves"),
)
VERBS: tuple[Verb, ...] = (
    Verb(
        noun="document-format",
        name="preview",
        summary="Show a made-up document as it would be printed.",
        arguments=FormatPreview,
        reads=True,
        example="outpost hq --home HQ document-format preview sale --store S0001 --width 32",
    ),
    Verb(
        noun="document-format",
        name="text",
        summary="Write out the format that holds now, to begin a new one with.",
        arguments=FormatText,
        reads=True,
        example="outpost hq --home HQ document-format text sale",
    ),
    Verb(
        noun="report",
        name="taxes",
        summary="Sales by day and tax rate.",
        arguments=ReportAsked,
        reads=True,
        amounts=("net", "tax_amount", "gross"),
        example="outpost hq --home HQ report taxes --first 2026-11-01 --last 2026-11-30 --form csv > taxes.csv",
    ),
    Verb(
        noun="report",
        name="tenders",
        summary="What was taken by day and tender.",
        arguments=ReportAsked,
        reads=True,
        amounts=("amount",),
        example="outpost hq --home HQ report tenders --store S0001 --form csv > tenders.csv",
    ),
    Verb(
        noun="label",
        name="print",
        summary="Labels for the shelves: product, price, price of the unit, barcode.",
        arguments=LabelsAsked,
        reads=True,
        example="outpost hq --home HQ label print --department D1 > labels.svg",
    ),
)

"""`outpost paper`: previews of documents, sums for the accountant, shelf labels, on the register.

Everything is read from the register's own files, beside a running core or without one; nothing is changed.
"""

import argparse
import sys
from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING

from store.register.home import RegisterHome
from store.sale.document import Document
from store.sale.document_format import NARROWEST, WIDEST, DocumentType
from store.sale.paper_facts import PaperFacts
from store.sale.policy import StorePolicy
from store.sale.shelf_label import ShelfLabel, shown_gtin
from tui.commands.journal import JournalReader
from tui.commands.options import declare_home, home_of
from tui.commands.outcome import CommandFailed, ExitCode

if TYPE_CHECKING:
    from store.gateway.offline import OfflineCatalog

EXAMPLE = (
    "examples:\n"
    "  outpost paper preview sale --width 32\n"
    "  outpost paper taxes --first 2026-11-01 --last 2026-11-30 > taxes.csv\n"
    "  outpost paper labels --department D1 > labels.svg\n"
    "  outpost paper labels 4006381333931 --form escpos > /dev/usb/lp0"
)
MOST_LABELS = 1_000


def declare(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    words = parser.add_subparsers(dest="word", required=True, metavar="preview|taxes|tenders|labels")
    preview = words.add_parser(
        "preview", description="Show a made-up document as this register prints it.", epilog=EXAMPLE
    )
    preview.add_argument("document", choices=[kind.value for kind in DocumentType], metavar="DOCUMENT")
    preview.add_argument("--width", type=int, default=0, metavar="N", help="columns (default: the store's)")
    preview.add_argument(
        "--language", default="", metavar="XX", help="in this language (default: the store's)"
    )
    taxes = words.add_parser(
        "taxes", description="Sales by day and tax of this register as CSV.", epilog=EXAMPLE
    )
    tenders = words.add_parser(
        "tenders", description="What was taken by day and tender as CSV.", epilog=EXAMPLE
    )
    for each in (taxes, tenders):
        each.add_argument("--first", default="", metavar="DAY", help="first business date, as 2026-11-01")
        each.add_argument("--last", default="9999-12-31", metavar="DAY", help="last business date")
    labels = words.add_parser("labels", description="Labels for the shelves.", epilog=EXAMPLE)
    labels.add_argument("products", nargs="*", metavar="CODE", help="codes or barcodes (default: all)")
    labels.add_argument("--department", default="", metavar="CODE", help="only of this department")
    labels.add_argument(
        "--form",
        choices=("svg", "text", "escpos"),
        default="svg",
        help="a page, text, or bytes for the printer",
    )
    for each in (preview, taxes, tenders, labels):
        each.formatter_class = argparse.RawDescriptionHelpFormatter
        declare_home(each)


def run(options: argparse.Namespace) -> int:
    """Do what the second word says."""
    from store.languages.catalogues import load_languages

    load_languages()
    home = home_of(options)
    match options.word:
        case "preview":
            return preview(options, home)
        case "labels":
            return labels(options, home)
    return report(options, home)


def preview(options: argparse.Namespace, home: RegisterHome) -> int:
    """A made-up document by the formats of the catalog in use."""
    from msgspec.structs import replace

    from store.sale.layout import render_text
    from store.sale.sample_documents import sample_document

    with closing(opened_catalog(home)) as catalog:
        policy = catalog.policy()
        facts = paper_here(home, catalog, policy)
    if options.language:
        facts = replace(facts, language=options.language)
    width = options.width or policy.receipt_width
    if not NARROWEST <= width <= WIDEST:
        raise CommandFailed(ExitCode.USAGE, f"--width {width} must lie between {NARROWEST} and {WIDEST}.")
    document = sample_document(DocumentType(options.document), facts, policy.currency)
    print("\n".join(render_text(document, width)))
    return ExitCode.DONE


def report(options: argparse.Namespace, home: RegisterHome) -> int:
    """CSV of the register's own sales, columns as at headquarters (docs/paper.md)."""
    from store.sale.accounting import tax_csv, tax_days, tender_csv, tender_days

    with closing(JournalReader(home)) as reader:
        sales = list(own_sales(reader, options.first, options.last))
    text = tax_csv(tax_days(sales)) if options.word == "taxes" else tender_csv(tender_days(sales))
    sys.stdout.write(text)
    return ExitCode.DONE


def own_sales(reader: JournalReader, first: str, last: str) -> Iterator[tuple[str, dict[str, object]]]:
    """The sales of the days asked for, each with the register's store."""
    import msgspec

    for record in reader.records():
        if b'"kind":"sale"' not in record.payload:
            continue
        payload = msgspec.json.decode(record.payload, type=dict[str, object])
        if payload.get("kind") == "sale" and first <= str(payload.get("business_date", "")) <= last:
            yield reader.enrolment.store, payload


def labels(options: argparse.Namespace, home: RegisterHome) -> int:
    """Labels of what the catalog in use sells."""
    from store.sale.language import speaking
    from store.sale.layout import render_text
    from store.sale.shelf_label import label_document, labels_svg

    with closing(opened_catalog(home)) as catalog:
        policy = catalog.policy()
        facts = paper_here(home, catalog, policy)
        found = list(found_labels(catalog, options, policy.currency))
    with speaking(facts.language, facts.region):
        if options.form == "svg":
            sys.stdout.write(labels_svg(found))
        elif options.form == "text":
            print("\n".join(render_text(label_document(found), policy.receipt_width)))
        else:
            sys.stdout.buffer.write(escpos_bytes(home, label_document(found)))
    return ExitCode.DONE


def found_labels(
    catalog: "OfflineCatalog", options: argparse.Namespace, currency: str
) -> Iterator[ShelfLabel]:
    """A label for each product that is asked for and has a price of its own."""
    from store.register.system_ports import SystemClock

    wanted = {code.lstrip("0") for code in options.products}
    count = 0
    for item, gtin in catalog.on_shelves(SystemClock().wall_ms(), options.department):
        if wanted and not wanted & {item.sku.lstrip("0"), gtin.lstrip("0")}:
            continue
        if item.open_price or item.price <= 0 or count >= MOST_LABELS:
            continue
        count += 1
        yield ShelfLabel(
            sku=item.sku,
            name=item.name,
            price=item.price,
            currency=currency,
            unit=item.unit,
            content=item.detail.content,
            barcode=shown_gtin(gtin),
        )


def opened_catalog(home: RegisterHome) -> "OfflineCatalog":
    """The catalog in use; raises CommandFailed where there is none."""
    from store.gateway.offline import OfflineCatalog
    from store.register.catalog.keeper import CatalogKeeper
    from store.register.system_ports import SystemClock

    version = CatalogKeeper(home.path, SystemClock().wall_ms).load()
    if version is None:
        raise CommandFailed(
            ExitCode.CONFIGURATION, f"There is no catalog in {home.path}. Sign in once at the register first."
        )
    return OfflineCatalog(version.path)


def paper_here(home: RegisterHome, catalog: "OfflineCatalog", policy: StorePolicy) -> PaperFacts:
    """What this register's documents need."""
    from store.register.enrolment.activation import load_enrolment
    from store.register.session.shop_paper import paper_of_catalog

    enrolment = load_enrolment(home.path)
    return paper_of_catalog(catalog, policy, enrolment.register if enrolment else "")


def escpos_bytes(home: RegisterHome, document: Document) -> bytes:
    """A document in the language of the printer that register.toml names."""
    from devices.printer.code_pages import CodePage
    from devices.printer.escpos_encoder import EscposEncoder
    from store.register.config import load_config

    config = load_config(home.config_file).devices
    encoder = EscposEncoder(
        columns=config.printer_columns,
        page=CodePage(config.printer_codepage, config.printer_codepage_number),
        cache=home.path / "cache" / "escpos",
    )
    return encoder.encode(document).data

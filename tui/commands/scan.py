"""`outpost scan explain`: what a scanned string means, and what the register would do with it."""

import argparse
from typing import Any

from store.sale.barcode import (
    BadCheckDigit,
    BadLabel,
    LabelReading,
    TradeItem,
    classify,
    lookup_keys,
    read_label,
)
from store.sale.label import label_presets
from store.sale.money import format_amount
from store.sale.policy import LabelMeasure
from store.sale.text import printable
from tui.commands.options import declare_json
from tui.commands.outcome import ExitCode, print_json

EXAMPLE = "example:\n  outpost scan explain 4006381333931\n  outpost scan explain --region SE 2088780349904"

UPCE_IDENTIFIER = "]E0"
ELEMENT_STRINGS = ("]C1", "]d2", "]Q3", "]e0")
"""AIM identifiers of GS1 element strings (application identifiers), which this version does not read."""
CURRENCY_OF_REGION = {"SE": "SEK", "US": "USD", "GB": "GBP", "NO": "NOK", "DK": "DKK"}


def declare(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    words = parser.add_subparsers(dest="word", required=True, metavar="explain")
    explain = words.add_parser(
        "explain",
        description="Explain a scanned string; a code that would be refused exits with 1.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    explain.add_argument(
        "text", metavar="STRING", help="the string as scanned, with or without its AIM identifier"
    )
    explain.add_argument(
        "--region", default="", help="country whose rules for in-store labels apply, such as SE or US"
    )
    explain.add_argument(
        "--symbology", default="", metavar="ID", help="AIM identifier the scanner gave, such as ]E0"
    )
    declare_json(explain)


def run(options: argparse.Namespace) -> int:
    """Explain; 1 for a code that the register would refuse."""
    meaning = explain(options.text, options.region.upper(), options.symbology)
    if options.json:
        print_json(meaning)
    else:
        print(sentence(meaning))
    return ExitCode.CHECK_FAILED if meaning["kind"] == "error" else ExitCode.DONE


def explain(text: str, region: str = "", symbology: str = "") -> dict[str, Any]:
    """The meaning as the fields of `--json`; absent is what does not apply."""
    if text[:1] == "]" and len(text) > 3:
        symbology, text = text[:3], text[3:]
    if symbology in ELEMENT_STRINGS or text.startswith("("):
        return {"kind": "error", "reason": "GS1 element strings are not read by this version of Outpost"}
    label = read_label(text, label_presets(region))
    if isinstance(label, LabelReading):
        return explain_label(label, CURRENCY_OF_REGION.get(region, "EUR"))
    if isinstance(label, BadLabel):
        reason = (
            f"the check digit of the value {label.value} should be {label.expected}: misread or misprinted"
        )
        return {"kind": "error", "reason": reason, "expected_digit": label.expected}
    code = classify(text, prefer_upce=symbology == UPCE_IDENTIFIER and len(text) == 8)
    if isinstance(code, TradeItem):
        kind = "restricted" if code.restricted else "gtin"
        return {"kind": kind, "gtin14": code.gtin, "format": str(code.form), "item_key": f"gtin:{code.gtin}"}
    if isinstance(code, BadCheckDigit):
        reason = f"the last digit should be {code.expected}: misread or mistyped"
        return {"kind": "error", "reason": reason, "expected_digit": code.expected}
    keys = lookup_keys(text)
    if not keys or text != printable(text):
        return {"kind": "error", "reason": "this holds nothing an item could be found by"}
    return {"kind": "text", "item_key": ", ".join(f"{key.kind}:{key.value}" for key in keys)}


def explain_label(label: LabelReading, currency: str) -> dict[str, Any]:
    """An in-store label with its measure."""
    meaning: dict[str, Any] = {"kind": "variable_measure", "gtin14": label.gtin, "format": "EAN-13"}
    match label.measure:
        case LabelMeasure.PRICE:
            meaning |= {"price": label.amount(currency), "currency": currency}
        case LabelMeasure.WEIGHT:
            meaning |= {"weight": label.quantity}
        case LabelMeasure.COUNT:
            meaning |= {"count": label.quantity}
    return {**meaning, "item_key": f"gtin:{label.gtin}"}


def sentence(meaning: dict[str, Any]) -> str:
    """The meaning for a person, and what the register would do."""
    match meaning["kind"]:
        case "error":
            return f"Refused: {meaning['reason']}."
        case "text":
            return f"No barcode. The register would look for {meaning['item_key']}."
        case "variable_measure":
            if "price" in meaning:
                value = f"price {format_amount(meaning['price'], meaning['currency'])} {meaning['currency']}"
            else:
                value = f"weight {meaning['weight']}" if "weight" in meaning else f"count {meaning['count']}"
            return f"In-store label, {value}. The register would sell item {meaning['item_key']} with it."
        case "restricted":
            return (
                f"{meaning['format']} for in-store use, {meaning['gtin14']}. The register would look it up."
            )
    return (
        f"{meaning['format']}, GTIN {meaning['gtin14']}. The register would sell the item with this number."
    )

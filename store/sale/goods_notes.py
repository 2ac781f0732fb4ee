"""What a receipt says below a line about its goods: what the unit holds, serial number, answers that were given."""

from collections.abc import Iterator, Mapping
from typing import Any

from store.sale.document import Text
from store.sale.language import phrase


def goods_notes(line: Mapping[str, Any]) -> Iterator[Text]:
    """The notes of a line of a record."""
    if line.get("factor"):
        yield Text(text=phrase("  {unit} of {factor}", str(line["unit"]), str(line["factor"])))
    if line.get("empties"):
        yield Text(text=phrase("  Empties returned"))
    if line.get("serial"):
        yield Text(text=phrase("  Serial no. {serial}", str(line["serial"])))
    for row in line.get("info", ()):
        yield Text(text=f"  {row['name']}: {row['answer']}")

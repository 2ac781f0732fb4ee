"""How people of a country write amounts, dates and times: a small table, for a till needs no more."""

from datetime import date, datetime

import msgspec


class Region(msgspec.Struct, frozen=True, kw_only=True):
    """The customs of a country. `date` and `time` are strftime patterns of digits alone; `group` parts thousands."""

    code: str
    decimal: str = "."
    group: str = ""
    date: str = "%Y-%m-%d"
    time: str = "%H:%M:%S"


PLAIN = Region(code="")
"""ISO dates and a decimal point: what records hold, and what is written where no region is set."""

REGIONS: dict[str, Region] = {
    region.code: region
    for region in (
        Region(code="en-GB", group=",", date="%d/%m/%Y"),
        Region(code="en-IE", group=",", date="%d/%m/%Y"),
        Region(code="en-US", group=",", date="%m/%d/%Y", time="%I:%M:%S %p"),
        Region(code="de-DE", decimal=",", group=".", date="%d.%m.%Y"),
        Region(code="de-AT", decimal=",", group=".", date="%d.%m.%Y"),
        Region(code="de-CH", group="'", date="%d.%m.%Y"),
        Region(code="fr-FR", decimal=",", group=" ", date="%d/%m/%Y"),
        Region(code="fr-CH", group="'", date="%d.%m.%Y"),
        Region(code="it-IT", decimal=",", group=".", date="%d/%m/%Y"),
        Region(code="es-ES", decimal=",", group=".", date="%d/%m/%Y"),
        Region(code="nl-NL", decimal=",", group=".", date="%d-%m-%Y"),
        Region(code="pl-PL", decimal=",", group=" ", date="%d.%m.%Y"),
        Region(code="sv-SE", decimal=",", group=" ", date="%Y-%m-%d"),
        Region(code="ja-JP", group=",", date="%Y/%m/%d"),
        Region(code="ar-AE", group=",", date="%d/%m/%Y"),
        Region(code="he-IL", group=",", date="%d.%m.%Y"),
    )
}
OF_LANGUAGE = {"de": "de-DE"}
"""The region of a language where none is set; English alone says nothing about how dates are written."""


def region_of(language: str) -> Region:
    """The region that goes with a language."""
    return REGIONS.get(OF_LANGUAGE.get(language, ""), PLAIN)


def local_number(text: str, region: Region) -> str:
    """A plain decimal ("-1234.50", "0.358") as the region writes it ("-1.234,50"); another text comes back as it is."""
    whole, point, fraction = text.partition(".")
    digits = whole.removeprefix("-")
    if not (digits + fraction).isascii() or not (digits + fraction).isdigit():
        return text
    if region.group and len(digits) > 3:
        first = len(digits) % 3
        parts = ([digits[:first]] if first else []) + [
            digits[at : at + 3] for at in range(first, len(digits), 3)
        ]
        digits = region.group.join(parts)
    sign = "-" if text.startswith("-") else ""
    return f"{sign}{digits}{region.decimal if point else ''}{fraction}"


def local_moment(moment: datetime, region: Region) -> str:
    """Date and time as the region writes them."""
    return f"{local_date(moment, region)} {moment.strftime(region.time)}"


def local_date(moment: date, region: Region) -> str:
    """The date alone; a year before 1000 keeps its four digits."""
    return moment.strftime(region.date.replace("%Y", f"{moment.year:04d}"))

"""Goods of the demo shop that a till has to treat with care: from an age, with a deposit, in crates, with questions."""

from typing import Any

Row = dict[str, Any]

INFO_CODES: dict[str, Row] = {
    "PARCEL": {"name": "Parcel service", "kind": "list", "choices": ["Yellow", "Brown", "Blue"]},
}
"""What the till asks about product 900005."""

PRODUCTS: dict[str, Row] = {
    "900001": {"name": "Bottle deposit", "price": 25, "empties": True},
    "900002": {
        "name": "Old Kiln whisky 0.7 l",
        "price": 2499,
        "min_age": 18,
        "barcodes": ["4099900000025"],
        "description": "Single malt, 12 years, 43 %.",
    },
    "900003": {
        "name": "Spring water 0.75 l, bottle",
        "price": 79,
        "deposit": "900001",
        "further_units": ["crate=12:8.99"],
        "barcodes": ["4099900000032"],
    },
    "900004": {
        "name": "Field phone",
        "price": 8900,
        "serial": "required",
        "barcodes": ["4099900000049"],
    },
    "900005": {
        "name": "Parcel handed in",
        "price": 450,
        "info_codes": ["PARCEL"],
        "barcodes": ["4099900000056"],
    },
}
"""Product code → fields for headquarters; a deposit stands before what it goes with. Prices in minor units."""

STOCK: dict[str, Row] = {
    "900002/S0001": {"quantity": "3", "as_of_ms": 1_795_500_000_000},
    "900003/S0001": {"quantity": "144", "as_of_ms": 1_795_500_000_000},
}
"""What operation 801 shows."""

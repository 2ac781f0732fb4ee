"""Everything a person types at or reads on a terminal."""

__version__ = "0.1.0"

"""The verifier's own count of what a closing says about people: operators, permissions given, practice, late sales."""

from dataclasses import dataclass, field
from typing import Any


@dataclass
class PeopleSums:
    """Added up from the records of a shift."""

    counters: dict[str, int] = field(default_factory=dict)
    operators: dict[str, list[int]] = field(default_factory=dict)

    def add(self, payload: dict[str, Any]) -> None:
        """Take one record."""
        kind = payload["kind"]
        if kind == "override":
            self._count("overrides", 1)
        elif kind == "training.sale":
            self._count("training_sales", 1)
            self._count("training_total", payload["total"])
        elif kind == "sale":
            sums = self.operators.setdefault(payload["operator"], [0, 0])
            sums[0] += 1
            sums[1] += payload["total"]
            if payload.get("late"):
                self._count("late_sales", 1)
                self._count("late_total", payload["total"])

    def _count(self, name: str, more: int) -> None:
        self.counters[name] = self.counters.get(name, 0) + more

    def compare(self, payload: dict[str, Any]) -> None:
        """Raise ValueError when a closing says something else; those of older programs say nothing."""
        for name in ("overrides", "training_sales", "training_total", "late_sales", "late_total"):
            found = self.counters.get(name, 0)
            if name in payload and payload[name] != found:
                raise ValueError(f"closes its shift with {name} {payload[name]}; its records say {found}")
        for row in payload.get("operators", ()):
            sales, total = self.operators.get(row["operator"], [0, 0])
            if (row["sales"], row["total"]) != (sales, total):
                raise ValueError(
                    f"closes its shift with {row['total']} of operator {row['operator']}; its records say {total}"
                )

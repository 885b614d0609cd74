"""A table of goals and results: medians of several runs, with the spread that they had."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass
class Figure:
    """One line of the table.

    Attributes:
        name: What is measured.
        goal: The largest result that is good enough, in ``unit``, or None where the number is only told.
        unit: Unit of goal and results.
        results: One number for each run.
        note: What a reader has to know beside it.
    """

    name: str
    goal: float | None
    unit: str
    results: list[float] = field(default_factory=list)
    note: str = ""

    @property
    def median(self) -> float | None:
        return statistics.median(self.results) if self.results else None

    @property
    def held(self) -> bool:
        return self.goal is None or (self.median is not None and self.median <= self.goal)

    def row(self) -> list[str]:
        if self.median is None:
            return [self.name, self._number(self.goal), "not measured", "", self.note]
        spread = f"{self._plain(min(self.results))} .. {self._plain(max(self.results))} of {len(self.results)}"
        verdict = "" if self.goal is None else ("" if self.held else "  OVER")
        return [self.name, self._number(self.goal), self._number(self.median) + verdict, spread, self.note]

    def _number(self, value: float | None) -> str:
        return "" if value is None else f"{self._plain(value)} {self.unit}".strip()

    @staticmethod
    def _plain(value: float) -> str:
        return f"{value:.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.1f}"


def render(figures: Sequence[Figure]) -> str:
    """Return the table as text, without a final line break."""
    rows = [["figure", "goal", "median", "min .. max", ""], *(figure.row() for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    lines.insert(1, "-" * max(map(len, lines)))
    return "\n".join(lines)

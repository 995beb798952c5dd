"""What each figure is to reach on two cores: a ratio to its floor, a figure of its own, or both.

A bar is an ambition, not a ceiling. A figure without a row here has none to reach.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct


class Bar(Struct, frozen=True, kw_only=True):
    """`value` in the figure's unit and `ratio` to its floor; with `either` one of them is enough.

    `at most` is for figures where less is better, such as a share or a growth of memory.
    """

    value: float | None = None
    ratio: float | None = None
    sense: Literal["at least", "at most"] = "at least"
    either: bool = False

    def met(self, value: float, ratio: float | None) -> bool:
        """Whether what was measured reaches the bar."""
        asked = [(self.value, value), (self.ratio, ratio)]
        reached = [self._reaches(bar, found) for bar, found in asked if bar is not None]
        return any(reached) if self.either else all(reached)

    def _reaches(self, bar: float, found: float | None) -> bool:
        if found is None:
            return False
        return found >= bar if self.sense == "at least" else found <= bar


BARS: dict[str, Bar] = {
    "ingest": Bar(value=40_000, ratio=0.6),
    "ingest-one-table": Bar(ratio=0.25),
    "append-heap": Bar(value=80_000, ratio=0.25),
    "command": Bar(ratio=0.3),
    "commands-64": Bar(value=4_000, ratio=0.3),
    "seals-command": Bar(value=5, sense="at most"),
    "seals-bulk": Bar(value=15, sense="at most"),
    "view-catch-up": Bar(value=50_000, ratio=0.5),
    "rebuild-view": Bar(value=50_000, ratio=0.5),
    "rebuild-journal": Bar(value=40_000),
    "rebuild-journal-units": Bar(value=3_000),
    "rebuild-all": Bar(value=1_000_000 / 240),
    "rebuild-live": Bar(value=2, sense="at most"),
    "switch": Bar(value=1, sense="at most"),
    "catch-up": Bar(value=4_000),
    "measure": Bar(value=2_500, ratio=0.25, either=True),
    "measure-linear": Bar(value=12, sense="at most"),
    "measure-stated": Bar(value=1_429, ratio=0.25, either=True),
    "measure-stated-linear": Bar(value=12, sense="at most"),
    "month-end-untouched": Bar(value=100_000 / 60),
    "month-end-changed": Bar(value=1_000),
    "month-end-memory": Bar(value=600, sense="at most"),
    "billing-run": Bar(value=10_000 / 60),
    "billing-memory": Bar(value=500, sense="at most"),
    "billing-account": Bar(value=30_000 / 5),
    "billing-late": Bar(value=1.3, sense="at most"),
    "drafting": Bar(value=10_000 / 30),
    "issuing": Bar(value=10_000 / 30),
    "issuing-memory": Bar(value=400, sense="at most"),
    "payments": Bar(value=10_000 / 20),
    "ageing": Bar(value=1, sense="at most"),
    "memory": Bar(value=1.3, sense="at most"),
    "growth-append": Bar(value=0.7),
    "growth-ingest": Bar(value=0.7),
    "growth-read": Bar(value=0.7),
}

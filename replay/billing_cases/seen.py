"""What came out of a case: documents run by run, what was measured then, what money did."""

from __future__ import annotations

from msgspec import Struct

from replay.billing_cases.acts import Course, Run
from replay.billing_cases.measured import Measured
from replay.billing_cases.papers import Line, Paper
from replay.billing_cases.settled import Settled


class Ran(Struct, frozen=True, kw_only=True):
    """One billing run: what it issued, and what everything came to as it was measured then.

    `event`: of which it is, 0 for none; `after`: the last event before it.
    """

    run: Run
    event: int
    after: int
    papers: tuple[Paper, ...]
    measured: Measured

    @property
    def lines(self) -> tuple[Line, ...]:
        """All that went out; a draft did not."""
        return tuple(line for one in self.papers if one.kind != "draft" for line in one.lines)


class Seen(Struct, frozen=True, kw_only=True):
    """All that came out of a case, run by run, and what money had done in the end."""

    course: Course
    runs: tuple[Ran, ...]
    settled: Settled = Settled()

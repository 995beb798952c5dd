"""Which periods still take entries: folded from the closes and reopenings of one book."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct

from domain.books import PeriodClosed, PeriodReopened, PeriodSealed, PeriodSoftClosed
from domain.calendar import Calendar, Period
from domain.facts import Fact, known

Standing = Literal["open", "soft-closed", "closed", "sealed"]


class PeriodStates(Struct, frozen=True, kw_only=True):
    """The calendar with the standing of each period that is not simply open."""

    calendar: Calendar
    standings: dict[str, Standing] = {}

    def standing(self, period: str) -> Standing:
        return self.standings.get(period, "open")

    def booking(self, earned: Period, *, adjustment: bool = False) -> Period | None:
        """The earliest period still open and not before the one earned in (law 3).

        Approved adjustments may still go into a soft-closed period. None: the calendar ends.
        """
        takes = ("open", "soft-closed") if adjustment else ("open",)
        later = self.calendar.since(earned.first)
        return next((period for period in later if self.standing(period.name) in takes), None)


def period_states(calendar: Calendar, facts: Iterable[Fact]) -> PeriodStates:
    """Closes count in the order they were learned: a close is an act, not a dated truth."""
    standings: dict[str, Standing] = {}
    for fact in known(facts):
        match fact.event:
            case PeriodSoftClosed():
                standings[fact.event.period] = "soft-closed"
            case PeriodClosed():
                standings[fact.event.period] = "closed"
            case PeriodSealed():
                standings[fact.event.period] = "sealed"
            case PeriodReopened():
                standings[fact.event.period] = "open"
            case _:
                pass
    return PeriodStates(calendar=calendar, standings=standings)

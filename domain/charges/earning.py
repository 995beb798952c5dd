"""When prepaid credits are earned: what was paid as they are drawn, the rest when they lapse.

What is paid ahead is a contract liability. A credit is worth its share of what was paid, so one
granted on top only makes each worth less. What is not drawn is earned when the right to draw it is
over, or where a price elects that, over the days it stands ready (rule 35, ASC 606-10-55-46 to 49,
IFRS 15.B44 to B47). What is given back is never earned.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Literal, NamedTuple

from domain.calendar import ONE_DAY
from domain.charge import Marks, stood
from domain.charges.drawdown import Drawn
from domain.cover import NEVER
from domain.explain import Step, Telling
from domain.money import decimal_text, rounded_share


class Earning(NamedTuple):
    """What a purse earns by the end of each day, as it is drawn or without being drawn."""

    what: Literal["drawn", "not drawn"]
    marks: Marks
    told: Telling


def earned(own: Drawn) -> Iterator[Earning]:
    """What of a purse is earned by when; nothing where nothing was paid."""
    drawn = tuple((day, own.worth(minor)) for day, minor in own.earned)
    if any(minor for _, minor in drawn):
        yield Earning("drawn", drawn, lambda: _told(own, "it is drawn"))
    rest = _rest(own)
    if any(minor for _, minor in rest):
        how = "it stands ready" if own.purse.is_ratable else "it lapses"
        yield Earning("not drawn", rest, lambda: _told(own, how))


def _told(own: Drawn, how: str) -> Iterator[Step]:
    purse = own.purse
    yield from own.steps()
    paid, granted = (
        decimal_text(minor, purse.currency) for minor in (purse.paid_minor, purse.credits_minor)
    )
    yield Step(what=f"earned as {how}", value=f"{paid} for {granted}")


def _rest(own: Drawn) -> Marks:
    """What is earned without being drawn, by the end of each day on which that moves."""
    purse = own.purse
    last = purse.until - ONE_DAY
    ready = _ready(own, min(purse.runs_to, purse.until)) if purse.is_ratable else {}
    if purse.until != NEVER:
        over = (day for day, _ in own.earned if day > last)
        ready |= {day: _kept(own) for day in (last, *over)}
    return tuple((day, ready[day] - own.worth(stood(own.earned, day))) for day in sorted(ready))


def _kept(own: Drawn) -> int:
    """What is earned in the end."""
    return own.worth(own.drawn_minor) if own.purse.gives_back else own.purse.paid_minor


def _ready(own: Drawn, until: date) -> dict[date, int]:
    """By the end of each day: what is drawn, or the share of the days gone by if that is more."""
    purse = own.purse
    if NEVER in (purse.runs_to, until) or not purse.credits_minor:
        return {}
    total = (purse.runs_to - purse.start).days
    found = {}
    for count in range(1, (until - purse.start).days + 1):
        day = purse.start + (count - 1) * ONE_DAY
        used = max(stood(own.earned, day) * total, purse.credits_minor * count)
        found[day] = rounded_share(purse.paid_minor, used, purse.credits_minor * total)
    return found

"""What of a contract's price is for what it still has to deliver, and when that will be (rule 41).

Price = earned to date + remaining + left out, promise by promise. Only what binds both sides counts
(rule 2); what nobody needs to estimate is left out, each with its reason. Earned to date is what
the books say now was earned by then; the price, and what remains, are those of the deal as it stood
(`as_agreed`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from msgspec import Struct

from domain.accounting.curves import first_day, last_day, standing, total
from domain.accounting.schedule import Flow, Outlook, Schedule, Spoken
from domain.calendar import ONE_DAY, year_after
from domain.money import rounded_share, split
from domain.policy import Options

# A stretch of time ahead, and its last day.
Band = tuple[str, date]
UNSCHEDULED = "unscheduled"
USAGE = frozenset({"usage-as-it-occurs@1"})
DRAWN = frozenset({"credits-as-drawn@1", "breakage@1"})
_ELSEWHERE = "external-clearing"
_PROMISED, _NO_SPEECH = "promised", Spoken(obligation="")


class Remains(Struct, frozen=True, kw_only=True):
    """One promise at the end of a day. `bands` are parts of what remains, `unscheduled` what waits
    for an event. `reason` says why something is left out, or why nothing is estimated.
    """

    obligation: str
    price_minor: int
    earned_minor: int
    remaining_minor: int
    left_out_minor: int
    reason: str
    bands: Mapping[str, int]


def remaining(
    known: Schedule,
    day: date,
    bands: Sequence[Band],
    options: Options,
    agreed: Schedule | None = None,
) -> tuple[Remains, ...]:
    """Every promise of a unit at the end of `day`; bands follow one another to the end.

    `known` is measured of all that is known, `agreed` of what counts on the day, where that is
    less. A promise of which less or more is earned by then, since something later moved it, is
    taken as it is known, at its price of the day; of one that was agreed later, its price is what
    was earned before.
    """
    if agreed is None:
        return _rows(known, day, bands, options, priced_on=date.max)
    stood = _rows(agreed, day, bands, options, priced_on=date.max)
    now = {row.obligation: row for row in _rows(known, day, bands, options, priced_on=day)}
    names = {row.obligation for row in stood}
    later = (_performed(row) for name, row in now.items() if name not in names)
    return (*filter(None, (_as_earned(row, now) for row in stood)), *filter(_is_earned, later))


def _is_earned(row: Remains) -> bool:
    return row.earned_minor != 0


def _as_earned(row: Remains, now: Mapping[str, Remains]) -> Remains | None:
    """None of a promise of which something was earned, and that is known never to have been."""
    known = now.get(row.obligation)
    if row.earned_minor == (known.earned_minor if known else 0):
        return row
    return known


def _performed(row: Remains) -> Remains:
    return Remains(
        obligation=row.obligation,
        price_minor=row.earned_minor,
        earned_minor=row.earned_minor,
        remaining_minor=0,
        left_out_minor=0,
        reason="",
        bands={},
    )


def _rows(
    schedule: Schedule, day: date, bands: Sequence[Band], options: Options, *, priced_on: date
) -> tuple[Remains, ...]:
    if schedule.outlook is not None and not schedule.outlook.is_contract:
        return ()
    bound = _bound(schedule, day)
    spoken = {one.obligation: one for one in schedule.outlook.spoken} if schedule.outlook else {}
    flows = [flow for flow in schedule.flows if _is_delivery(flow)]
    names = dict.fromkeys(
        [*(memo.obligation for memo in schedule.memos if memo.kind == _PROMISED)]
        + [flow.obligation for flow in flows]
        + [*spoken]
    )
    too_short = options.remaining_of_a_year == "left-out" and _is_of_a_year(schedule, day, flows)
    return tuple(
        _remains(
            _Promise(schedule, name, flows, spoken.get(name, _NO_SPEECH), day, bound, priced_on),
            bands,
            options,
            too_short=too_short,
        )
        for name in names
    )


class _Promise:
    """The flows of one promise and its price, cut at a day and where the contract binds no more."""

    def __init__(
        self,
        schedule: Schedule,
        name: str,
        flows: Sequence[Flow],
        spoken: Spoken,
        day: date,
        bound: date,
        priced_on: date,
    ) -> None:
        self.name, self.day, self.bound, self.spoken = name, day, bound, spoken
        self.priced_on = priced_on
        self.flows = [flow for flow in flows if flow.obligation == name]
        if schedule.measured_to is not None and not _terms(schedule):
            self.flows = [flow for flow in self.flows if first_day(flow.curve) <= day]
        self.is_usage = any(flow.rule in USAGE for flow in self.flows)
        self.earned, self.bound_to = self.at(day), self.at(bound)
        self.price = self._price(schedule)
        self.notice = schedule.outlook is not None and schedule.outlook.notice_days is not None

    def at(self, day: date) -> int:
        return sum(standing(flow.curve, self._until(flow, day)) for flow in self.flows)

    def _until(self, flow: Flow, day: date) -> date:
        """Usage to come is known to nobody, also where a later look knows it."""
        return min(day, self.day if flow.rule in USAGE else last_day(flow.curve))

    def _price(self, schedule: Schedule) -> int:
        told = [m for m in schedule.memos if m.kind == _PROMISED and m.obligation == self.name]
        if self.spoken.unpriced is not None:
            return self.earned
        if told:
            if self.priced_on < min(first_day(memo.curve) for memo in told):
                return self.earned
            price = sum(standing(memo.curve, self.priced_on) for memo in told)
            beside = (flow for flow in self.flows if flow.subject != flow.obligation)
            return price + sum(total(flow.curve) for flow in beside)
        if any(flow.rule in DRAWN for flow in self.flows):
            billed = (flow for flow in schedule.flows if flow.kind == "billing")
            mine = [flow for flow in billed if flow.obligation == self.name]
            return max(sum(standing(f.curve, self.day) for f in mine), self.bound_to)
        return self.bound_to


def _remains(own: _Promise, bands: Sequence[Band], options: Options, *, too_short: bool) -> Remains:
    left = own.price - own.earned
    scheduled = own.bound_to - own.earned
    ends = [own.at(min(last, own.bound)) for _, last in bands]
    parts = [now - before for before, now in zip([own.earned, *ends], ends, strict=False)]
    found = {name: minor for (name, _), minor in zip(bands, parts, strict=True) if minor}
    waits = left - scheduled
    reason, out = _reason(own), 0
    if own.notice:
        out, waits, reason = waits, 0, "not-bound" if waits else reason
    if waits:
        found[UNSCHEDULED] = waits
    if too_short and (left or reason):
        found, out, reason = {}, left, "of-a-year"
    elif options.remaining_allocated == "left-out" and own.spoken.allocated_minor and own.price:
        minor = rounded_share(left - out, own.spoken.allocated_minor, own.price)
        found, out, reason = _less(found, minor), out + minor, "allocated-variable"
    return Remains(
        obligation=own.name,
        price_minor=own.price,
        earned_minor=own.earned,
        remaining_minor=left - out,
        left_out_minor=out,
        reason=reason,
        bands=found,
    )


def _reason(own: _Promise) -> str:
    """Why nothing is estimated of what is still to come."""
    return own.spoken.unpriced or ("usage" if own.is_usage else "")


def _less(found: Mapping[str, int], minor: int) -> dict[str, int]:
    """An amount taken off in proportion."""
    if not any(found.values()):
        return {**found}
    parts = split(minor, [abs(part) for part in found.values()])
    return {name: part - off for (name, part), off in zip(found.items(), parts, strict=True)}


def earned_worths(schedule: Schedule, day: date, last: date) -> dict[str, int]:
    """What was earned of each promise by the end of a day, in functional currency; that is told
    period by period, so of the one that runs by its `last` day.
    """
    found: dict[str, int] = {}
    for flow in schedule.flows:
        if _is_delivery(flow) and first_day(flow.curve) <= day:
            worth = standing(flow.curve, day)
            if flow.functional is not None:
                worth = standing(flow.functional, last)
            found[flow.obligation] = found.get(flow.obligation, 0) + worth
    return found


def _is_delivery(flow: Flow) -> bool:
    """What is split off of a contract is delivered, too, and earned in other books."""
    if flow.kind == "share-owed":
        return any(name == _ELSEWHERE for name, _ in flow.legs)
    return flow.kind == "release"


def _terms(schedule: Schedule) -> tuple[tuple[date, date], ...]:
    return schedule.outlook.terms if schedule.outlook else ()


def _term(outlook: Outlook, day: date) -> tuple[date, date] | None:
    """The term that runs on a day, else the next one."""
    return next((term for term in outlook.terms if day < term[1]), None)


def _bound(schedule: Schedule, day: date) -> date:
    """The last day that binds both sides as things stand at the end of `day`."""
    outlook = schedule.outlook
    if outlook is None:
        return date.max
    if outlook.notice_days is not None:
        return day + timedelta(days=outlook.notice_days)
    if schedule.measured_to is None:
        return date.max
    term = _term(outlook, day)
    return date.max if term is None else term[1] - ONE_DAY


def _is_of_a_year(schedule: Schedule, day: date, flows: Sequence[Flow]) -> bool:
    """Whether what was agreed was expected to last no longer than a year (50-14, IFRS 15.121)."""
    outlook = schedule.outlook
    if outlook is not None:
        if outlook.notice_days is not None:
            return outlook.notice_days <= (year_after(day) - day).days
        term = _term(outlook, day) or (outlook.terms[-1] if outlook.terms else None)
        if term is None:
            return schedule.measured_to is not None
        start, end = term
    elif flows:
        start = min(first_day(flow.curve) for flow in flows)
        end = max(last_day(flow.curve) for flow in flows) + ONE_DAY
    else:
        return False
    return end <= year_after(start)

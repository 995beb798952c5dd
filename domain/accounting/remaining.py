"""What of a contract's price is for what it still has to deliver, and when that will be (rule 41).

Price = earned to date + remaining + left out, promise by promise. Only what binds both sides counts
(rule 2); what nobody needs to estimate is left out, each with its reason.
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
    schedule: Schedule, day: date, bands: Sequence[Band], options: Options
) -> tuple[Remains, ...]:
    """Every promise of a unit at the end of `day`; bands follow one another to the end."""
    bound = _bound(schedule, day)
    spoken = {one.obligation: one for one in schedule.outlook.spoken} if schedule.outlook else {}
    flows = [flow for flow in schedule.flows if flow.kind == "release" or _is_elsewhere(flow)]
    names = dict.fromkeys(
        [*(memo.obligation for memo in schedule.memos if memo.kind == _PROMISED)]
        + [flow.obligation for flow in flows]
        + [*spoken]
    )
    too_short = options.remaining_of_a_year == "left-out" and _is_of_a_year(schedule, day, flows)
    return tuple(
        _remains(
            _Promise(schedule, name, flows, spoken.get(name, _NO_SPEECH), day, bound),
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
    ) -> None:
        self.name, self.day, self.bound, self.spoken = name, day, bound, spoken
        self.flows = [flow for flow in flows if flow.obligation == name]
        if schedule.measured_to is not None and not _terms(schedule):
            self.flows = [flow for flow in self.flows if first_day(flow.curve) <= day]
        self.is_usage = any(flow.rule in USAGE for flow in self.flows)
        self.earned = self.at(day)
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
            price = sum(standing(memo.curve, self.day) for memo in told)
            beside = (flow for flow in self.flows if flow.subject != flow.obligation)
            return price + sum(total(flow.curve) for flow in beside)
        if any(flow.rule in DRAWN for flow in self.flows):
            billed = (flow for flow in schedule.flows if flow.kind == "billing")
            mine = [flow for flow in billed if flow.obligation == self.name]
            return max(sum(standing(f.curve, self.day) for f in mine), self.at(self.bound))
        return self.at(self.bound)


def _remains(own: _Promise, bands: Sequence[Band], options: Options, *, too_short: bool) -> Remains:
    left = own.price - own.earned
    scheduled = own.at(own.bound) - own.earned
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


def _is_elsewhere(flow: Flow) -> bool:
    """What is split off of a contract is earned, too, in other books."""
    return flow.kind == "share-owed" and any(name == _ELSEWHERE for name, _ in flow.legs)


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

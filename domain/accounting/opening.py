"""Positions that other books left, measured as they stand against `opening-clearing`, and what they
are since: changed prospectively, or ended (domain/carried).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from functools import partial

from msgspec import Struct, structs

from domain.accounting.contract.transfer import Placed, in_order
from domain.accounting.curves import At, spread_from
from domain.accounting.documents import BilledLine
from domain.accounting.revenue import at_once, over_time
from domain.accounting.schedule import Flow, frozen, totals
from domain.calendar import ONE_DAY
from domain.carried import (
    CarriedPosition,
    OpeningPositionChanged,
    OpeningPositionEnded,
    given_back_minor,
    is_said_of,
)
from domain.explain import Step
from domain.facts import Fact, causes_of, of_kinds
from domain.master import MasterData
from domain.money import decimal_text
from domain.opening import OpeningProposed, OpeningSigned
from domain.routing import unit_of_line

BILLED = (("opening-clearing", 1), ("contract-liability", -1))
RECOGNISED = (("contract-liability", 1), ("opening-clearing", -1))


def opening_flows(
    unit: str, facts: Sequence[Fact], billed: Sequence[BilledLine], master: MasterData, book: str
) -> Iterator[Flow]:
    """Of every signed opening: what was billed and recognised, and the release of what is left."""
    signed = {fact.stream: fact.position for fact in of_kinds(facts, OpeningSigned)}
    if not signed:
        return
    since = in_order(of_kinds(facts, OpeningPositionChanged, OpeningPositionEnded))
    for fact in facts:
        event = fact.event
        if not isinstance(event, OpeningProposed) or fact.stream not in signed:
            continue
        if event.book not in (None, book):
            continue
        causes = causes_of((fact.position,), (signed[fact.stream],))
        for row in event.positions:
            if row.unit == unit:
                carried = _Carried(row, fact, causes, event.currency, master, book)
                yield from _before(carried)
                said = [one for one in since if is_said_of(one[1], row, fact.stream)]
                yield from _since(carried, said, billed)


class _Carried(Struct, frozen=True):
    """A position as the other books left it, and what every step needs beside it."""

    row: CarriedPosition
    fact: Fact
    causes: tuple[int, ...]
    currency: str
    master: MasterData
    book: str

    @property
    def subject(self) -> str:
        return f"{self.fact.stream}:{self.row.obligation}"

    def step(self, what: str, minor: int) -> Step:
        return Step(what=what, value=decimal_text(minor, self.currency))


def _lines(row: CarriedPosition, billed: Sequence[BilledLine]) -> Sequence[BilledLine]:
    """What is billed of a position here."""
    return [
        one
        for one in billed
        if one.line.is_charged and one.obligation == row.obligation
        if unit_of_line(one.invoice, one.line) == row.unit
    ]


def _before(carried: _Carried) -> Iterator[Flow]:
    row, day = carried.row, carried.fact.when.effective
    sides = (
        ("billed before", BILLED, row.billed_minor),
        ("recognised before", RECOGNISED, row.recognised_minor),
    )
    for what, legs, minor in sides:
        if minor:
            yield Flow(
                kind="opening",
                subject=carried.subject,
                obligation=row.obligation,
                legs=legs,
                curve=At(day, minor),
                on=day,
                causes=carried.causes,
                rule="opening-position@1",
                told=partial(tuple, (carried.step(what, minor),)),
            )


class _Course(Struct):
    """A position after what was said of it so far: what it costs here in all, what of that was
    billed before, until when it is served; what was earned of it for good and what goes on; why.
    """

    price_minor: int
    owed_minor: int
    ends: date | None
    causes: tuple[int, ...]
    told: tuple[Step, ...]
    earned: tuple[Flow, ...] = ()
    going: tuple[Flow, ...] = ()
    back: tuple[Flow, ...] = ()
    is_ended: bool = False

    @property
    def left_minor(self) -> int:
        return self.price_minor - totals(self.earned)


def _since(
    carried: _Carried, said: Sequence[Placed], billed: Sequence[BilledLine]
) -> Iterator[Flow]:
    """What is left of it, earned evenly, as far as nothing else was said; then what was."""
    row = carried.row
    told = (carried.step("left to earn", row.to_earn_minor),)
    course = _Course(row.to_earn_minor, row.owed_minor, row.service_to, carried.causes, told)
    if row.to_earn_minor and row.service_from is not None and row.service_to is not None:
        by = carried.master.progress(carried.book, row.service_from)
        course.going = (
            over_time(
                row.obligation,
                row.service_from,
                row.service_to,
                row.to_earn_minor,
                by,
                carried.causes,
                told,
            ),
        )
    for (day, _), fact in said:
        match fact.event:
            case OpeningPositionChanged():
                _change(carried, course, fact, fact.event, day)
            case OpeningPositionEnded():
                _end(carried, course, fact, fact.event, day, billed)
            case _:
                pass
    # Slots of its own: what else its contract earns of the promise does not touch it.
    for flow in (*course.earned, *course.going):
        yield structs.replace(flow, subject=carried.subject)
    yield from course.back


def _change(
    carried: _Carried, course: _Course, fact: Fact, event: OpeningPositionChanged, day: date
) -> None:
    """What is not earned, and what the change adds, over the days that remain (rule 8); where none
    does, it is earned when it is measured.
    """
    more, by = event.price_change_minor, carried.master.progress(carried.book, day)
    over, start = course.ends, spread_from(day, by)
    # What was over when the change was measured is done, also where its month stands still.
    start = over if over is not None and start < over <= day else start
    course.causes = causes_of(course.causes, (fact.position,))
    course.told = (*course.told, carried.step(f"price change measured on {day}", more))
    if event.service_to is not None:
        course.ends = event.service_to
        course.told = (*course.told, Step(what="served until", value=str(event.service_to)))
    _give_back(carried, course, -more, day)
    course.price_minor += more
    course.earned = (*course.earned, *frozen(course.going, start - ONE_DAY, (fact.position,)))
    # After the end only what is changed by then counts.
    rest, last = more if course.is_ended else course.left_minor, course.ends
    course.told = (*course.told, carried.step("remaining consideration", rest))
    course.going = ()
    if course.is_ended or last is None or last <= max(start, day):
        course.earned = (*course.earned, *_at_once(carried, course, day, rest))
        return
    begin = max(start, carried.row.service_from or start)
    name = carried.row.obligation
    course.going = (over_time(name, begin, last, rest, by, course.causes, course.told),)


def _end(
    carried: _Carried,
    course: _Course,
    fact: Fact,
    event: OpeningPositionEnded,
    day: date,
    billed: Sequence[BilledLine],
) -> None:
    """Service stops; what is neither earned nor given back is earned at the end (rule 14), less
    what is not owed, as it was not billed.
    """
    if course.is_ended:
        return
    course.is_ended = True
    course.causes = causes_of(course.causes, (fact.position,))
    course.earned = (*course.earned, *frozen(course.going, day - ONE_DAY, (fact.position,)))
    course.going = ()
    refund = event.refund_minor
    course.told = (*course.told, carried.step(f"given back when it ended on {day}", refund))
    _give_back(carried, course, refund, day)
    course.price_minor -= refund
    if event.owed == "billed":
        _as_billed(carried, course, day, _lines(carried.row, billed))
    else:
        _keep(carried, course, day, course.left_minor)


def _as_billed(carried: _Carried, course: _Course, day: date, lines: Sequence[BilledLine]) -> None:
    """No more is owed than was billed, less what is credited, on the day of each document."""
    came = [row for line in lines for row in _came(line, carried)]
    told = course.told
    for at in sorted({day, *(one for one, *_ in came if one > day)}):
        known = [row for row in came if row[0] <= at]
        was_billed = course.owed_minor + sum(minor for _, minor, _, _ in known)
        unowed = max(course.price_minor - was_billed, 0)
        course.causes = causes_of(course.causes, *(causes for _, _, causes, _ in known))
        course.told = (*told, *(step for *_, step in known), carried.step("not owed", unowed))
        rest = course.left_minor - unowed
        if at == day:
            _keep(carried, course, at, rest)
        else:
            course.earned = (*course.earned, *_at_once(carried, course, at, rest))


def _came(line: BilledLine, carried: _Carried) -> Iterator[tuple[date, int, tuple[int, ...], Step]]:
    minor = line.line.amount_minor
    billed = carried.step(f"billed by {line.number} of {line.issued_on}", minor)
    yield line.issued_on, minor, line.causes, billed
    for cut in line.cuts:
        day = line.counts_on(cut)
        step = carried.step(f"{cut.name} of {line.number}, {cut.day}", -cut.minor)
        yield day, -cut.minor, causes_of(line.causes, cut.causes), step


def _keep(carried: _Carried, course: _Course, day: date, minor: int) -> None:
    """What is kept is earned when service stops; a book may let its schedule run on instead."""
    course.told = (*course.told, carried.step("kept at termination", minor))
    options = carried.master.options(carried.book, carried.fact.when.measured)
    last, name = course.ends, carried.row.obligation
    if not minor or last is None or last <= day or options.after_cancellation == "stop":
        kept = _at_once(carried, course, day, minor)
    else:
        begin = max(day, carried.row.service_from or day)
        by = carried.master.progress(carried.book, begin)
        kept = (over_time(name, begin, last, minor, by, course.causes, course.told),)
    course.earned = (*course.earned, *kept)


def _at_once(carried: _Carried, course: _Course, day: date, minor: int) -> tuple[Flow, ...]:
    """Nothing where there is no amount that could rest on anything."""
    if not minor:
        return ()
    return (at_once(carried.row.obligation, day, minor, course.causes, course.told),)


def _give_back(carried: _Carried, course: _Course, less_minor: int, day: date) -> None:
    """What was billed before of a price that is lower now, back to where that came from."""
    minor = given_back_minor(course.price_minor, less_minor, course.owed_minor)
    if not minor:
        return
    course.owed_minor -= minor
    steps = (*course.told, carried.step("billed before, and earned no more", minor))
    flow = Flow(
        kind="opening",
        subject=f"{carried.subject}:given-back",
        obligation=carried.row.obligation,
        legs=RECOGNISED,
        curve=At(day, minor),
        causes=course.causes,
        rule="opening-given-back@1",
        told=partial(tuple, steps),
    )
    course.back = (*course.back, flow)

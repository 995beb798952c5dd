"""Aggregation against the plainest reading of each definition, over rows in any order."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from domain.aggregation import (
    Span,
    Window,
    converted,
    group_of,
    lacks,
    matches,
    quantities,
    standing,
)
from domain.decimals import EXACT
from domain.meter import MeterDefined
from domain.usage import UsageDay
from tests.domain.given import on

FIRST = date(2024, 3, 1)
DAY = timedelta(days=1)
DAYS = 40
KINDS = ("sum", "count", "max", "unique-count", "latest", "time-weighted-sum")


def meter(aggregation: str, *, recurring: bool = False, **more) -> MeterDefined:
    counted = {"property": "user"} if aggregation == "unique-count" else {}
    return MeterDefined(
        when=on(1, 1), aggregation=aggregation, unit="GB", recurring=recurring, **counted, **more
    )


def row(day, quantity="1", *, event="e", hour=12, rows=1, position=1, **dimensions) -> UsageDay:
    there = FIRST + DAY * day if isinstance(day, int) else day
    return UsageDay(
        subscription="s",
        meter="m",
        day=there,
        position=position,
        rows=rows,
        quantity=Decimal(quantity),
        at=datetime.combine(there, time(hour), UTC),
        event=event,
        dimensions=tuple(sorted(dimensions.items())),
    )


def taken_out(one: UsageDay, position: int) -> UsageDay:
    return structs.replace(one, rows=-1, quantity=-one.quantity, position=position)


def window(*spans: tuple[int, int], since: int = 0, whole: int = 31) -> Window:
    days = tuple(Span(FIRST + DAY * begin, FIRST + DAY * end) for begin, end in spans)
    return Window(days, FIRST + DAY * since, whole)


def by_day(counted, rows, seen) -> dict[date, Decimal | Fraction]:
    return dict(quantities(counted, rows, seen))


@st.composite
def usage(draw, least: int = 0) -> list[UsageDay]:
    """Rows of a meter, some of them corrected or retracted by a later batch."""
    found = []
    for number in range(draw(st.integers(least, 12))):
        one = row(
            draw(st.integers(0, DAYS - 1)),
            draw(st.sampled_from(["1", "2.5", "-1", "0", "7", "1e17", "0.000000000000001"])),
            event=f"e{number}",
            hour=draw(st.integers(0, 23)),
            user=draw(st.sampled_from("abc")),
        )
        found.append(one)
        if draw(st.booleans()) and draw(st.booleans()):
            found.append(taken_out(one, 2))
            if draw(st.booleans()):
                changed = draw(st.sampled_from(["3", "-4"]))
                found.append(structs.replace(one, quantity=Decimal(changed), position=2))
    return found


@st.composite
def windows(draw) -> Window:
    """One price's days in a billing period, with a gap or without."""
    since = draw(st.integers(0, 15))
    edges = draw(st.lists(st.integers(since, DAYS), min_size=2, max_size=4, unique=True))
    edges = sorted(edges)[: len(edges) // 2 * 2]
    return window(*zip(edges[::2], edges[1::2], strict=True), since=since)


@st.composite
def meters(draw) -> MeterDefined:
    return meter(draw(st.sampled_from(KINDS)), recurring=draw(st.booleans()))


# --- the slow reference ---------------------------------------------------------------------------


def days_of(seen: Window) -> list[date]:
    return [
        FIRST + DAY * day
        for day in range(DAYS)
        if any(span.start <= FIRST + DAY * day < span.end for span in seen.spans)
    ]


def stood(counted: MeterDefined, rows: list[UsageDay], seen: Window, day: date):
    """What a meter comes to at the end of a day, from the definition in the reference page."""
    net = [one for one in rows if one.rows > 0 and not _is_out(one, rows)]
    net.sort(key=lambda one: (one.at, one.event))
    days = [d for d in days_of(seen) if d <= day]
    until = [one for one in net if one.day <= day]
    mine = until if counted.recurring else [one for one in net if one.day in days]
    match counted.aggregation:
        case "sum":
            return total(mine)
        case "count":
            return len(mine)
        case "max" if counted.recurring:
            return max(_levels(net, days))
        case "max":
            return max((one.quantity for one in mine), default=0)
        case "latest":
            return mine[-1].quantity if mine else 0
        case "unique-count":
            users = {one.dimensions for one in mine}
            if counted.recurring:
                users = {u for u in users if total(o for o in mine if o.dimensions == u) > 0}
            return len(users)
        case "time-weighted-sum":
            level = [one for one in until if counted.recurring or one.day >= seen.since]
            levels = [total(one for one in level if one.day <= d) for d in days]
            return sum(levels, Fraction(0)) / seen.whole_days


def total(rows) -> Fraction:
    return sum((Fraction(one.quantity) for one in rows), Fraction(0))


def _is_out(one: UsageDay, rows: list[UsageDay]) -> bool:
    return any(
        other.rows < 0
        and (other.event, other.at, other.quantity) == (one.event, one.at, -one.quantity)
        for other in rows
    )


def _levels(net: list[UsageDay], days: list[date]):
    """The level that each of these days begins with, and after each of their rows."""
    for day in days:
        yield total(one for one in net if one.day < day)
        for one in net:
            if one.day == day:
                yield total(o for o in net if (o.at, o.event) <= (one.at, one.event))


@given(meters(), usage(), windows())
def test_quantities_are_what_the_definition_says(counted, rows, seen) -> None:
    found = by_day(counted, rows, seen)
    now: Decimal | Fraction = Decimal(0)

    for day in days_of(seen):
        now = found.get(day, now)
        assert now == stood(counted, rows, seen, day), day


# --- laws -----------------------------------------------------------------------------------------


@given(meters(), usage(), windows(), st.data())
def test_the_order_in_which_rows_came_changes_nothing(counted, rows, seen, data) -> None:
    mixed = data.draw(st.permutations(rows))

    assert by_day(counted, mixed, seen) == by_day(counted, rows, seen)


@given(meters(), usage(), usage(least=1), windows())
def test_rows_that_were_taken_out_again_never_were(counted, rows, others, seen) -> None:
    gone = [structs.replace(one, event=f"gone {one.event}") for one in standing(others)]
    all_of_them = [*rows, *gone, *(taken_out(one, 9) for one in gone)]
    days = days_of(seen)
    once, again = by_day(counted, rows, seen), by_day(counted, all_of_them, seen)

    assert [_at(again, day) for day in days] == [_at(once, day) for day in days]


def _at(found, day):
    return next((found[one] for one in sorted(found, reverse=True) if one <= day), 0)


QUARTER = Decimal("0.25")


@given(usage(), windows(), st.booleans(), st.sampled_from(["sum", "time-weighted-sum"]))
def test_splitting_a_row_in_two_changes_nothing_of_a_sum(rows, seen, recurring, kind) -> None:
    halves = [
        structs.replace(one, quantity=part, event=f"{one.event}{place}")
        for one in rows
        for place, part in enumerate((one.quantity - one.rows * QUARTER, one.rows * QUARTER))
    ]

    counted = meter(kind, recurring=recurring)

    assert by_day(counted, halves, seen) == by_day(counted, rows, seen)


@given(meters(), usage(), windows(), st.integers(0, DAYS))
def test_a_longer_look_changes_nothing_earlier(counted, rows, seen, cut) -> None:
    stop = FIRST + DAY * cut
    spans = tuple(Span(s.start, min(s.end, stop)) for s in seen.spans if s.start < stop)
    if not spans:
        return
    short = by_day(
        counted, [one for one in rows if one.day < stop], structs.replace(seen, spans=spans)
    )

    assert short == {day: q for day, q in by_day(counted, rows, seen).items() if day < stop}


@given(usage(), windows(), st.booleans(), st.sampled_from(["sum", "count"]))
def test_sums_by_the_day_come_to_what_the_rows_come_to(rows, seen, recurring, kind) -> None:
    totals: dict[tuple[date, int], UsageDay] = {}
    for one in rows:
        was = totals.get((one.day, one.position))
        total = (
            one
            if was is None
            else structs.replace(
                was, rows=was.rows + one.rows, quantity=EXACT.add(was.quantity, one.quantity)
            )
        )
        totals[one.day, one.position] = structs.replace(total, at=None, event="", dimensions=())
    counted = meter(kind, recurring=recurring)

    assert by_day(counted, list(totals.values()), seen) == by_day(counted, rows, seen)


# --- examples -------------------------------------------------------------------------------------


def test_seats_are_weighted_by_the_days_they_are_there() -> None:
    seats = meter("time-weighted-sum")
    added = [row(21, "10")]

    found = by_day(seats, added, window((0, 31)))

    assert found[FIRST + DAY * 21] == Fraction(10, 31)
    assert found[FIRST + DAY * 30] == Fraction(100, 31)


def test_a_level_goes_on_in_the_next_period_without_a_row() -> None:
    april = window((31, 61), since=31, whole=30)
    added = [row(21, "10")]

    assert by_day(meter("time-weighted-sum", recurring=True), added, april)[date(2024, 4, 30)] == 10
    assert by_day(meter("sum", recurring=True), added, april) == {date(2024, 4, 1): 10}
    assert by_day(meter("latest", recurring=True), added, april) == {date(2024, 4, 1): 10}
    assert by_day(meter("sum"), added, april) == {}


def test_the_highest_level_counts_what_the_period_began_with() -> None:
    changes = [row(-5, "8"), row(3, "-2"), row(4, "1"), row(6, "-7")]

    assert by_day(meter("max", recurring=True), changes, window((0, 31))) == {
        FIRST: 8,
        FIRST + DAY * 3: 8,
        FIRST + DAY * 4: 8,
        FIRST + DAY * 6: 8,
    }


def test_a_source_may_state_the_time_weighted_quantity_itself() -> None:
    stated = meter("time-weighted-sum", weighted_by="share")
    rows = [row(1, "5", share="3.5"), row(4, "-6", event="f", share="-2.2")]

    assert by_day(stated, rows, window((0, 31))) == {
        FIRST + DAY: Fraction(7, 2),
        FIRST + DAY * 4: Fraction(13, 10),
    }
    assert lacks(row(1, "5", share="a lot"), ("share",), stated)
    assert lacks(row(1, "5"), ("share",), stated)
    assert not lacks(rows[0], ("share",), stated)


def test_rows_of_one_instant_are_ordered_by_their_ids() -> None:
    both = [row(1, "5", event="b"), row(1, "7", event="a")]

    assert by_day(meter("latest"), both, window((0, 31))) == {FIRST + DAY: 5}


@pytest.mark.parametrize(
    ("unit", "expected"), [(None, "3"), ("GB", "3"), ("MB", "0.003"), ("TB", None)]
)
def test_rows_are_converted_into_the_unit_of_the_meter(unit, expected) -> None:
    gigabytes = meter("sum", conversions={"MB": Decimal("0.001")})
    found = converted(structs.replace(row(1, "3"), unit=unit), gigabytes)

    assert (found and found.quantity) == (expected and Decimal(expected))


def test_rows_that_are_counted_need_no_unit() -> None:
    assert converted(structs.replace(row(1, "3"), unit="TB"), meter("count")) is not None


def test_prices_pick_rows_by_their_dimensions() -> None:
    one = row(1, region="eu", plan="gold")

    assert matches(one, {})
    assert matches(one, {"region": ("us", "eu")})
    assert not matches(one, {"region": ("us",)})
    assert not matches(one, {"model": ("x",)})
    assert group_of(one, ("plan",)) == (("plan", "gold"),)
    assert group_of(one, ()) == ()


@pytest.mark.parametrize("zone", ["America/New_York", "Europe/Berlin", "Pacific/Kiritimati"])
def test_a_day_is_a_day_also_where_the_clock_changes(zone) -> None:
    """Of 23, 24 or 25 hours: a level is weighted by days, wherever its rows fall in them."""
    moments = [
        datetime.combine(date(2024, 3, 1) + DAY * day, time(hour), ZoneInfo(zone))
        for day in range(31)
        for hour in (0, 3, 23)
    ]
    rows = [
        structs.replace(row(at.date(), "1", event=str(at)), at=at.astimezone(UTC)) for at in moments
    ]
    found = by_day(meter("time-weighted-sum"), rows, window((0, 31)))

    assert found[date(2024, 3, 31)] == Fraction(sum(3 * (31 - day) for day in range(31)), 31)

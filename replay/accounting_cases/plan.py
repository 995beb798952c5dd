"""The time line of a case: what is set up, when facts are recorded, when books run and close.

The harness does what a case leaves unsaid: master data that covers its span, a posting run at each
month end and before each close, and the close of every earlier period with a later one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, assert_never
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from domain.books import OpenBook
from domain.calendar import Period, add_months, month_start, months
from domain.entity import DefineCalendar, OpenEntity
from domain.facts import When
from domain.meter import DefineMeter
from domain.party import RegisterCustomer
from domain.policy import AdoptPolicy, Options
from domain.price import SetPrice
from domain.pricing import PerUnit
from domain.subscription import Item, StartSubscription
from replay.accounting_cases.answers import BOOK
from replay.accounting_cases.plans import usage_meter
from replay.accounting_cases.steps import (
    CUSTOMER,
    USAGE,
    Close,
    Ingest,
    NoEffect,
    Step,
    Submit,
    Translation,
    UsageTerms,
)

# Periods after the last date of a case: what falls due late still has a period.
SPARE_MONTHS = 12
Setup = (
    OpenEntity
    | DefineCalendar
    | OpenBook
    | AdoptPolicy
    | RegisterCustomer
    | DefineMeter
    | SetPrice
    | StartSubscription
)


class SetUp(Struct, frozen=True, kw_only=True):
    """A command about the stage the case plays on."""

    stream: str
    command: Setup


class Run(Struct, frozen=True, kw_only=True):
    """A posting run through a day."""

    through: date


class Act(Struct, frozen=True, kw_only=True):
    """One thing done to the ledger, under a key, at a time of the committer's clock."""

    at: datetime
    key: str
    does: SetUp | Submit | Ingest | Run | Close | NoEffect


class Plan(Struct, frozen=True, kw_only=True):
    """All acts in order, and the day the last posting run goes through.

    `beside`: the books that differ from the case's own in one election.
    """

    zone: str
    acts: tuple[Act, ...]
    through: date
    beside: tuple[str, ...] = ()


def plan(translation: Translation, last_expected: str | None, *, to_the_end: bool = False) -> Plan:
    """The acts of a case, run through the last month it expects a figure of, or `to_the_end`
    through the last date there is in it.
    """
    days = sorted({*dates_in(translation.steps), *_recorded(translation)})
    first = month_start(days[0])
    last = _last_month(days, _recorded(translation), last_expected)
    if to_the_end:
        last = max(last, month_start(days[-1]))
    span = _months(first, max(last, days[-1]))
    acts = [*_setup(translation, span)]
    acts += _timeline(translation, span, last)
    return Plan(
        zone=translation.zone,
        acts=tuple(acts),
        through=max(_runs(acts), default=last),
        beside=tuple(translation.beside),
    )


def dates_in(steps: Iterable[Step]) -> Iterator[date]:
    """Every date of the commands of a case, wherever it stands in them."""
    for step in steps:
        yield from _dates(msgspec.to_builtins(step.does, builtin_types=(date, datetime, Decimal)))
        if isinstance(step.does, Close):
            yield date.fromisoformat(f"{step.does.period}-01")


def _dates(value: Any) -> Iterator[date]:
    if isinstance(value, datetime):
        yield value.date()
    elif isinstance(value, date):
        yield value
    elif isinstance(value, dict | list | tuple):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _dates(part)


def _recorded(translation: Translation) -> tuple[date, ...]:
    zone = ZoneInfo(translation.zone)
    return tuple(step.recorded.astimezone(zone).date() for step in translation.steps)


def _last_month(days: list[date], recorded: tuple[date, ...], expected: str | None) -> date:
    """The last expected month, or where none is named the last date of the case."""
    wanted = date.fromisoformat(f"{expected}-01") if expected else month_start(days[-1])
    return max(wanted, month_start(max(recorded)))


def _months(first: date, last: date) -> tuple[Period, ...]:
    whole = (last.year - first.year) * 12 + last.month - first.month + 1
    return months(first, whole + SPARE_MONTHS)


def _setup(translation: Translation, span: tuple[Period, ...]) -> Iterator[Act]:
    first, end = span[0].first, add_months(span[-1].first, 1)
    when = When(effective=first)
    at = datetime.combine(first, time(), ZoneInfo(translation.zone))
    stage: list[tuple[str, Setup]] = [
        (
            "entity:self",
            OpenEntity(
                when=when,
                name="A worked case",
                functional_currency=translation.currency,
                zone=translation.zone,
            ),
        ),
        ("entity:self", DefineCalendar(when=when, periods=span)),
        *_book(BOOK, translation.options, when),
        *(row for name, own in translation.beside.items() for row in _book(name, own, when)),
        (f"customer:{CUSTOMER}", RegisterCustomer(when=when, currency=translation.currency)),
    ]
    if translation.usage is not None:
        stage += _usage_setup(translation, translation.usage, when, end)
    for number, (stream, command) in enumerate(stage, start=1):
        yield Act(at=at, key=f"setup-{number}", does=SetUp(stream=stream, command=command))


def _book(name: str, options: Options, when: When) -> Iterator[tuple[str, Setup]]:
    yield f"book:{name}", OpenBook(when=when, name=name)
    yield f"policy:{name}", AdoptPolicy(when=when, options=options)


def _usage_setup(
    translation: Translation, usage: UsageTerms, when: When, end: date
) -> Iterator[tuple[str, Setup]]:
    """A meter, a price and an item for each price, in one subscription over the case's span."""
    start = usage.started or when.effective
    names = [usage_meter(price) for price in usage.prices]
    meter = DefineMeter(when=when, aggregation=usage.aggregation)
    for name, price in zip(names, usage.prices, strict=True):
        yield f"meter:{name}", meter
        yield (
            f"price:{name}",
            SetPrice(
                when=when,
                currency=translation.currency,
                model=PerUnit(unit_amount=price),
                meter=name,
                bill="arrears",
            ),
        )
    yield (
        f"subscription:{USAGE}",
        StartSubscription(
            when=When(effective=start),
            customer=CUSTOMER,
            currency=translation.currency,
            term_from=start,
            term_to=end,
            items=tuple(Item(item=name, price=name) for name in names),
            zone=translation.zone,
        ),
    )


def _timeline(translation: Translation, span: tuple[Period, ...], last: date) -> Iterator[Act]:
    """Facts as they are recorded; a month ends with a run, after all that its last day brought."""
    zone = ZoneInfo(translation.zone)
    left = list(translation.steps)
    book = _Books(span)
    for month in span:
        if month.first > last:
            break
        end = datetime.combine(month.last, time(23, 59, 59), zone)
        while left and left[0].recorded <= end:
            yield from book.acts(left.pop(0))
        yield book.run(end, month.last)
    assert not left, left


class _Books:
    """What the harness remembers on its way: how far the runs went, which periods are closed."""

    def __init__(self, span: tuple[Period, ...]) -> None:
        self.open = list(span)
        self.through = date.min
        self.runs = 0

    def acts(self, step: Step) -> Iterator[Act]:
        match step.does:
            case Submit() | Ingest() | NoEffect():
                yield Act(at=step.recorded, key=step.key, does=step.does)
            case Close():
                yield from self._close(step.recorded, step.does.period)
            case _:
                assert_never(step.does)

    def _close(self, at: datetime, period: str) -> Iterator[Act]:
        """A second close of a period is the ledger's to refuse."""
        closing = [row for row in self.open if row.name <= period]
        if not closing:
            yield Act(at=at, key=f"close-{period}-again", does=Close(period=period))
            return
        yield self.run(at, closing[-1].last)
        for row in closing:
            self.open.remove(row)
            yield Act(at=at, key=f"close-{row.name}", does=Close(period=row.name))

    def run(self, at: datetime, through: date) -> Act:
        self.runs += 1
        self.through = max(self.through, through)
        return Act(at=at, key=f"run-{self.runs}", does=Run(through=self.through))


def _runs(acts: Iterable[Act]) -> Iterator[date]:
    return (act.does.through for act in acts if isinstance(act.does, Run))

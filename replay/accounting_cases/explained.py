"""Figures that are steps of the ledger's own explanation: prices, shares, progress, estimates.

Nothing is worked out here: a figure is the value that a step of that name has.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from fractions import Fraction
from functools import partial
from typing import Any

from msgspec import structs

from domain.calendar import ONE_DAY, add_months
from domain.contract_facts import ContractModified, ContractOpened
from replay.accounting_cases.answers import BOOK, Answers, Told
from replay.accounting_cases.figure import Ask, Figure, Found, Unit, object_of, text_of
from replay.accounting_cases.periods import day_of, months_of
from replay.case_format import CaseError

Read = Callable[[tuple[str, ...], Any], Iterator[Figure]]
AMOUNT = re.compile(r"(-?[0-9]+(?:\.[0-9]+)?|-?[0-9]+/[0-9]+)(?: %)?")
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
TOTAL = "total"
# What the price of a promise is told as, whether any of it is transferred or not.
PROMISED = "promised"
# What of the price is shared to a promise is told as.
SHARE = "allocated price"
# What a case says of a promise whose price is only what its base comes to.
NO_SHARE = "royalties only"


def told(
    what: str,
    obligation: str | None = None,
    *,
    upto: Callable[[Answers], int | None] = lambda _: None,
    book: str = BOOK,
) -> Ask:
    """The last value of a step, of a promise or of any, as known by now or at a position."""

    def ask(answers: Answers) -> Found:
        rows = answers.told(upto(answers), book)
        return _last(
            row for row in rows if row.what == what and obligation in (None, row.obligation)
        )

    return ask


def _last(rows: Iterable[Told]) -> Found:
    values = [row.value for row in rows]
    return _read(values[-1]) if values else Found()


def _read(value: str) -> Found:
    """A number as it is written; of an amount, in major units of whatever currency."""
    found = AMOUNT.fullmatch(value)
    if not found:
        return Found(words=value)
    return Found(number=Fraction(found[1]), words=value, lines=1)


def _together(rows: Iterable[Found]) -> Found:
    numbers = [one.number for one in rows if one.number is not None]
    return Found(number=sum(numbers, Fraction(0)), lines=len(numbers)) if numbers else Found()


def one(what: str, unit: Unit = "money", obligation: str | None = None) -> Read:
    def read(path: tuple[str, ...], value: Any) -> Iterator[Figure]:
        yield Figure(path=path, text=text_of(path, value), ask=told(what, obligation), unit=unit)

    return read


def each(what: str, unit: Unit = "money", book: str = BOOK) -> Read:
    """A figure for each promise by its name."""

    def read(path: tuple[str, ...], value: Any) -> Iterator[Figure]:
        for name, amount in object_of(path, value).items():
            own = (*path, name)
            text = text_of(own, amount)
            if text == NO_SHARE:
                yield Figure(path=own, text=text, ask=_no_share(what, name), unit="words")
            else:
                yield Figure(path=own, text=text, ask=told(what, name, book=book), unit=unit)

    return read


def allocation(path: tuple[str, ...], value: Any) -> Iterator[Figure]:
    """What is shared to each promise: at inception, unless one of them was promised only later."""
    names = object_of(path, value)
    for figure in each(SHARE)(path, value):
        yield structs.replace(figure, ask=_of_its_time(figure, names))


def _of_its_time(figure: Figure, names: Iterable[str]) -> Ask:
    def ask(answers: Answers) -> Found:
        upto = _at_inception(answers)
        rows = {row.obligation for row in answers.told(upto) if row.what == SHARE}
        if upto is None or not rows.issuperset(names):
            return figure.ask(answers)
        found = told(SHARE, figure.path[-1], upto=lambda _: upto)(answers)
        return Found(words=NO_SHARE) if figure.text == NO_SHARE and not found.number else found

    return ask


def _no_share(what: str, name: str) -> Ask:
    """Nothing of the price is shared to it."""

    def ask(answers: Answers) -> Found:
        found = told(what, name)(answers)
        return Found(words=NO_SHARE) if not found.number else found

    return ask


def per_year(what: str) -> Read:
    """A step for each year of what may be renewed, in their order from 1, and all together."""

    def read(path: tuple[str, ...], value: Any) -> Iterator[Figure]:
        for label, amount in object_of(path, value).items():
            own = (*path, label)
            place = None if label == TOTAL else int(label) - 1
            yield Figure(path=own, text=text_of(own, amount), ask=_nth(what, place))

    return read


def _nth(what: str, place: int | None) -> Ask:
    def ask(answers: Answers) -> Found:
        rows = [_read(row.value) for row in answers.told() if row.what == what]
        if place is not None:
            rows = rows[place : place + 1]
        return _together(rows)

    return ask


def promised(
    obligation: str | None = None,
    *,
    upto: Callable[[Answers], int | None] = lambda _: None,
    book: str = BOOK,
) -> Ask:
    """The price that promises carry together, or one of them, as known by now or at a position."""

    def ask(answers: Answers) -> Found:
        rows = [row for row in answers.told(upto(answers), book) if row.what == PROMISED]
        mine = [_read(row.value) for row in rows if obligation in (None, row.obligation)]
        return _together(mine)

    return ask


def price_of(obligation: str | None = None, book: str = BOOK) -> Read:
    def read(path: tuple[str, ...], value: Any) -> Iterator[Figure]:
        ask = promised(obligation, book=book)
        yield Figure(path=path, text=text_of(path, value), ask=ask)

    return read


def transaction_price(path: tuple[str, ...], value: Any) -> Iterator[Figure]:
    """By now; or as it was at inception and after the changes."""
    if not isinstance(value, dict):
        yield Figure(path=path, text=text_of(path, value), ask=promised())
        return
    for label, amount in value.items():
        own = (*path, label)
        ask = promised(upto=MOMENTS.get(label) or partial(_on, _day(path, label)))
        yield Figure(path=own, text=text_of(own, amount), ask=ask)


def _day(path: tuple[str, ...], label: str) -> date:
    """A day, or the last of a period."""
    if DAY.fullmatch(label):
        return day_of(path, label)
    return add_months(date.fromisoformat(f"{months_of(path, label).last}-01"), 1) - ONE_DAY


def _before_change(answers: Answers) -> int | None:
    """The last position before the contract changed."""
    changed = (f.position for f in answers.facts() if isinstance(f.event, ContractModified))
    first = next(changed, None)
    return first - 1 if first else None


def _at_inception(answers: Answers) -> int | None:
    """The last position of the day on which the first contract was agreed, before any change."""
    opened = next((f for f in answers.facts() if isinstance(f.event, ContractOpened)), None)
    if opened is None:
        return None
    day = answers.position_on(answers.known_on(opened))
    return min(day, _before_change(answers) or day)


MOMENTS: dict[str, Callable[[Answers], int | None]] = {
    "inception": _at_inception,
    "modified": lambda _: None,
    "before_modification": _before_change,
    "after_modification": lambda _: None,
    "revised": lambda _: None,
}


def in_unit(what: str, unit: Fraction) -> Read:
    """A step in another unit, such as years of months."""

    def read(path: tuple[str, ...], value: Any) -> Iterator[Figure]:
        ask = _times(told(what), unit)
        yield Figure(path=path, text=text_of(path, value), ask=ask, unit="number")

    return read


def _times(ask: Ask, unit: Fraction) -> Ask:
    def converted(answers: Answers) -> Found:
        found = ask(answers)
        return Found(number=found.number * unit if found.number is not None else None)

    return converted


def _on(day: date, answers: Answers) -> int:
    return answers.position_on(day)


def share_by_day(what: str) -> Read:
    """A percentage as it was known at the end of a day, as a share of one."""

    def read(path: tuple[str, ...], value: Any) -> Iterator[Figure]:
        for label, amount in object_of(path, value).items():
            own, day = (*path, label), _day(path, label)
            ask = _times(told(what, upto=partial(_on, day)), Fraction(1, 100))
            yield Figure(path=own, text=text_of(own, amount), ask=ask, unit="number")

    return read


def accepted(path: tuple[str, ...], value: Any) -> Iterator[Figure]:
    """Whether the ledger takes the contract as it is stated."""
    if not isinstance(value, bool):
        raise CaseError(f"expected {'/'.join(path)} must be true or false")

    def ask(answers: Answers) -> Found:
        return Found(words=str(not answers.refused()).lower())

    yield Figure(path=path, text=str(value).lower(), ask=ask, unit="words")


# What a source says is to be done, as the ledger's own word for why a contract waits.
ACTIONS = {
    "estimate SSP of D another way and re-allocate relative SSP": "residual-out-of-range",
}
RESIDUAL = re.compile(r".*residual=(-?[0-9]+).*")


def action(path: tuple[str, ...], value: Any) -> Iterator[Figure]:
    """What to do about a contract that waits: the ledger says by a code what is wrong with it."""
    phrase = text_of(path, value)
    if phrase not in ACTIONS:
        raise CaseError(f"unknown phrase for {'/'.join(path)}: {phrase}")

    def ask(answers: Answers) -> Found:
        waits = any(why.startswith(ACTIONS[phrase]) for why in answers.refused())
        return Found(words=phrase if waits else "; ".join(answers.refused()))

    yield Figure(path=path, text=phrase, ask=ask, unit="words")


def residual(path: tuple[str, ...], value: Any) -> Iterator[Figure]:
    """What was left for the promise that only has a range, by the reason for which it waits."""

    def ask(answers: Answers) -> Found:
        found = (RESIDUAL.fullmatch(why) for why in answers.refused())
        return next((Found(minor=int(one[1])) for one in found if one), Found())

    yield Figure(path=path, text=text_of(path, value), ask=ask)

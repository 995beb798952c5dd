"""What a case expects of the notes to the accounts: where the revenue of a period came from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from domain.calendar import ONE_DAY, add_months
from replay.accounting_cases.answers import Answers, Disclosed
from replay.accounting_cases.figure import Figure, Found, object_of, text_of
from replay.accounting_cases.periods import Months, day_of, months_of

Read = Callable[[tuple[str, ...], Any], Iterator[Figure]]
Of = Callable[[Disclosed], int]


def noted(part: Of) -> Read:
    """A part of the revenue of each period (ASC 606-10-50-8(b), 50-12A; IFRS 15.116)."""

    def read(path: tuple[str, ...], value: Any) -> Iterator[Figure]:
        for label, amount in object_of(path, value).items():
            own, months = (*path, label), months_of(path, label)
            ask = _of(part, months)
            yield Figure(path=own, text=text_of(own, amount), ask=ask, last=months.last)

    return read


def _of(part: Of, months: Months) -> Callable[[Answers], Found]:
    first, last = (day_of((), f"{month}-01") for month in (months.first, months.last))

    def ask(answers: Answers) -> Found:
        said = answers.disclosed(first, add_months(last, 1) - ONE_DAY)
        return Found(minor=part(said), lines=1)

    return ask


from_earlier = noted(lambda said: said.from_earlier_minor)
from_opening = noted(lambda said: said.from_opening_minor)

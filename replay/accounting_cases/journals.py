"""Journals a case expects: each account's change on a date, whatever lines make it up.

Entries of one date are compared together: what the day brought, had posting run at its end. What a
memo says of the date is in the table; a memo that is not there fails the case by name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from domain.calendar import ONE_DAY
from replay.accounting_cases.accounts import accounts_of
from replay.accounting_cases.answers import Answers, Posted
from replay.accounting_cases.figure import Figure, Found, object_of, rows_of, text_of
from replay.accounting_cases.periods import day_of
from replay.accounting_cases.sums import receivable
from replay.case_format import CaseError

Stretch = Literal["day", "month", "since-the-one-before"]
MEMOS: dict[str, Stretch] = {
    "earliest open date; posting day policy-dependent": "month",
    "two years, source shows one entry": "since-the-one-before",
}
KEYS = {"date", "lines", "memo"}
SIDES = {"account", "debit", "credit"}


def journals(path: tuple[str, ...], value: Any) -> Iterator[Figure]:
    """A figure for each account and date: debits positive."""
    expected: dict[tuple[date, str], Decimal] = {}
    stretches: dict[date, Stretch] = {}
    for own, entry in rows_of(path, value):
        day, stretch = _dated(own, object_of(own, entry))
        stretches[day] = stretch if stretch != "day" else stretches.get(day, "day")
        for at, line in rows_of((*own, "lines"), entry.get("lines")):
            name, minor = _line(at, object_of(at, line))
            expected[day, name] = expected.get((day, name), Decimal(0)) + minor
    days = sorted(stretches)
    for (day, name), amount in expected.items():
        before = max((one for one in days if one < day), default=date.min)
        yield Figure(
            path=(*path, str(day), name),
            text=str(amount),
            ask=_moved(name, day, stretches[day], before),
            last=f"{day:%Y-%m}",
        )


def _dated(path: tuple[str, ...], entry: dict[str, Any]) -> tuple[date, Stretch]:
    if set(entry) - KEYS:
        raise CaseError(f"unknown field {'/'.join(path)}/{min(set(entry) - KEYS)}")
    memo = entry.get("memo")
    if memo is not None and memo not in MEMOS:
        raise CaseError(f"unknown phrase for {'/'.join(path)}/memo: {memo}")
    return day_of(path, str(entry.get("date"))), MEMOS[memo] if memo else "day"


def _line(path: tuple[str, ...], line: dict[str, Any]) -> tuple[str, Decimal]:
    if set(line) != SIDES:
        raise CaseError(f"expected {'/'.join(path)} must hold {', '.join(sorted(SIDES))}")
    name = str(line["account"])
    accounts_of(name)
    debit, credit = (Decimal(text_of((*path, side), line[side])) for side in ("debit", "credit"))
    return name, debit - credit


def _moved(name: str, day: date, stretch: Stretch, before: date) -> Callable[[Answers], Found]:
    def ask(answers: Answers) -> Found:
        accounts = receivable(accounts_of(name), answers)
        if stretch == "month":
            rows = [row for row in answers.posted() if row.booked == f"{day:%Y-%m}"]
            return _in(accounts, rows)
        since = before if stretch == "since-the-one-before" else day - ONE_DAY
        now, then = (_in(accounts, _stood(answers, end)) for end in (day, since))
        assert now.minor is not None
        assert then.minor is not None
        return Found(minor=now.minor - then.minor, lines=now.lines + then.lines)

    return ask


def _stood(answers: Answers, day: date) -> tuple[Posted, ...]:
    """The books at the end of a day, had posting run through it."""
    position = answers.position_on(day)
    return answers.at(position, day) if position else ()


def _in(accounts: tuple[str, ...], rows: Iterable[Posted]) -> Found:
    mine = [row for row in rows if row.account in accounts]
    return Found(minor=sum(row.minor for row in mine), lines=len(mine))

"""Remaining performance obligations, as a case expects them for the notes to the accounts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from replay.accounting_cases.answers import Answers
from replay.accounting_cases.figure import Ask, Figure, Found, text_of
from replay.accounting_cases.periods import day_of

TOTAL = "total"


def remaining(path: tuple[str, ...], value: Any, day: str) -> Iterator[Figure]:
    """By contract and calendar year, and in all, at the end of a day; of all contracts where none
    is named.
    """
    if not isinstance(value, dict):
        yield Figure(path=path, text=text_of(path, value), ask=_left(None, day_of(path, day), None))
        return
    for contract, years in value.items():
        if isinstance(years, dict):
            yield from _years((*path, contract), years, contract, day)
        else:
            yield from _years(path, {contract: years}, None, day)


def _years(
    path: tuple[str, ...], years: dict[str, Any], contract: str | None, day: str
) -> Iterator[Figure]:
    for label, amount in years.items():
        own = (*path, label)
        year = None if label == TOTAL else label
        ask = _left(contract, day_of(path, day), year)
        yield Figure(path=own, text=text_of(own, amount), ask=ask)


def _left(contract: str | None, day: date, year: str | None) -> Ask:
    def ask(answers: Answers) -> Found:
        rows = [
            row
            for row in answers.remaining(day)
            if contract in (None, row.contract) and year in (None, row.year)
        ]
        return Found(minor=sum(row.minor for row in rows) if rows else None, lines=len(rows))

    return ask

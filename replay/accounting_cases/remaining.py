"""Remaining performance obligations, as a case expects them for the notes to the accounts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from replay.accounting_cases.answers import Answers
from replay.accounting_cases.figure import Ask, Figure, Found, object_of, text_of
from replay.accounting_cases.periods import day_of

TOTAL = "total"


def remaining(path: tuple[str, ...], value: Any, day: str) -> Iterator[Figure]:
    """By contract and calendar year, and in all, at the end of a day."""
    for contract, years in object_of(path, value).items():
        for label, amount in object_of((*path, contract), years).items():
            own = (*path, contract, label)
            year = None if label == TOTAL else label
            yield Figure(
                path=own, text=text_of(own, amount), ask=_left(contract, day_of(path, day), year)
            )


def _left(contract: str, day: date, year: str | None) -> Ask:
    def ask(answers: Answers) -> Found:
        rows = [
            row
            for row in answers.remaining(day)
            if row.contract == contract and year in (None, row.year)
        ]
        return Found(minor=sum(row.minor for row in rows) if rows else None, lines=len(rows))

    return ask

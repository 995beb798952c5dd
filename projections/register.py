"""The register of documents: every invoice and credit note that went out, by series and number.

A series leaves no number out. That it did not is a finding each time, from the numbers that the
documents have, not from how they were given.
"""

from __future__ import annotations

from datetime import date
from itertools import groupby
from operator import itemgetter
from typing import Literal

from msgspec import Struct
from psycopg.rows import TupleRow

from domain.series import place_in
from projections.question import Answer, Question, looking
from store.db import Connection, queries

SQL = queries(__file__)

DOCUMENTS = "receivables"
State = Literal["issued", "void", "retracted", "skipped"]


class Registered(Struct, frozen=True, kw_only=True):
    """A document and its number. `series` is empty where it came with a number of its own;
    `place` counts in the series, from 1.

    `retracted`: the fact was taken back, and its number is not given again. `skipped`: it came to
    nothing, has no number and went to nobody.
    """

    series: str
    place: int
    number: str
    kind: str
    invoice: str
    customer: str
    currency: str
    issued_on: date
    total_minor: int
    state: State


class Gap(Struct, frozen=True, kw_only=True):
    """What is wrong in a series: places without a document, or a number that several have."""

    series: str
    finding: Literal["missing", "duplicate"]
    place_from: int
    place_to: int
    numbers: int


def register(
    connection: Connection, question: Question, *, series: str | None = None
) -> Answer[Registered]:
    """Documents dated by `through`, of all series or of one, in the order of their numbers."""
    with looking(connection, question, DOCUMENTS) as seen:
        found = connection.execute(SQL.register, seen.parameters(series=series))
        rows = [_registered(row) for row in found]
        return seen.answer(tuple(sorted(rows, key=_in_order)))


def register_gaps(connection: Connection, question: Question) -> Answer[Gap]:
    """Nothing, where every series counts from 1 without a hole. Documents of any date count."""
    with looking(connection, question, DOCUMENTS) as seen:
        found = connection.execute(SQL.numbers, seen.parameters()).fetchall()
        gaps = [
            gap
            for series, own in groupby(found, key=itemgetter(0))
            for gap in _gaps(series, sorted(place_in(series, number) for _, number, *_ in own))
        ]
        return seen.answer(tuple(gaps))


def _registered(row: TupleRow) -> Registered:
    series, number, kind, invoice, customer, currency, issued_on, total, state = row
    return Registered(
        series=series,
        place=place_in(series, number) if series else 0,
        number=number,
        kind=kind,
        invoice=invoice,
        customer=customer,
        currency=currency,
        issued_on=issued_on,
        total_minor=total,
        state=state,
    )


def _in_order(row: Registered) -> tuple[str, int, str, str]:
    return row.series, row.place, row.number, row.invoice


def _gaps(series: str, places: list[int]) -> list[Gap]:
    """Places of one series in order, each as often as a document has it."""
    found: list[Gap] = []
    expected = 1
    for place, own in groupby(places):
        count = len([*own])
        if place > expected:
            found.append(_gap(series, "missing", expected, place - 1, place - expected))
        if count > 1:
            found.append(_gap(series, "duplicate", place, place, count))
        expected = place + 1
    return found


def _gap(
    series: str, finding: Literal["missing", "duplicate"], first: int, last: int, numbers: int
) -> Gap:
    return Gap(series=series, finding=finding, place_from=first, place_to=last, numbers=numbers)

"""Every value of a case is of its field's kind, read or not: what is impossible is named at once.

A field that only tells the reader something is checked like any other, so that no case is half
read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from replay.accounting_cases.fields import PARTS, Kind, fields_of
from replay.accounting_cases.words import Words
from replay.case_format import CaseError

HUNDRED = 100
Check = Callable[[Words, str], object]


def impossible(facts: tuple[Words, ...]) -> tuple[str, ...]:
    """Each value that its field cannot have."""
    found = [why for fact in facts for why in _of(fact, fields_of(fact.event, fact.raw))]
    customers = {str(fact.raw["customer"]) for fact in facts if fact.has("customer")}
    if len(customers) > 1:
        found.append(f"customer: a case has one, not {', '.join(sorted(customers))}")
    return tuple(found)


def _of(fact: Words, fields: Mapping[str, Kind]) -> Iterator[str]:
    for field, kind in fields.items():
        if not fact.has(field):
            continue
        try:
            if kind in CHECKS:
                CHECKS[kind](fact, field)
            rows = [*_parts(fact, field, kind)]
        except CaseError as no:
            yield from no.reasons
            continue
        for row in rows:
            yield from _of(row, PARTS[kind])
    yield from _besides_lines(fact)


def _parts(fact: Words, field: str, kind: Kind) -> Iterator[Words]:
    if kind == "promises":
        yield from fact.parts(field).values()
    elif kind == "bundle":
        yield fact.part(field)
    elif kind in PARTS:
        yield from fact.lines(field)


def _besides_lines(fact: Words) -> Iterator[str]:
    """An invoice by lines may say what they come to, and nothing else that each line says."""
    if fact.event != "invoice_issued" or not fact.has("lines"):
        return
    for field in ("service_from", "service_to", "tax"):
        if fact.has(field):
            yield f"invoice_issued.{field}: each of the lines says its own"
    if fact.has("amount"):
        lines = fact.lines()
        net = sum(line.money("amount") for line in lines)
        tax = sum(line.money("tax") for line in lines if line.has("tax"))
        if fact.money("amount") not in (net, net + tax):
            yield "invoice_issued.amount: it is not what the lines come to"


def _text(fact: Words, field: str) -> None:
    if isinstance(fact.raw[field], bool) or not isinstance(fact.raw[field], str | int):
        fact.refuse(field, "a text")


def _within(low: int, high: int | None) -> Check:
    def check(fact: Words, field: str) -> None:
        number = fact.number(field)
        if number < low or (high is not None and number > high):
            fact.refuse(field, f"from {low} to {high}" if high is not None else f"at least {low}")

    return check


def _above_nothing(fact: Words, field: str) -> None:
    if fact.number(field) <= Decimal(0):
        fact.refuse(field, "a number above nothing")


def _each_money(fact: Words, field: str) -> None:
    rows: Any = fact.raw[field]
    if not isinstance(rows, list):
        fact.refuse(field, "a list of amounts")
    for row in rows:
        fact.minor(field, row)


def _money_or_flag(fact: Words, field: str) -> None:
    if not isinstance(fact.raw[field], bool):
        fact.money(field)


CHECKS: dict[Kind, Check] = {
    "money": Words.money,
    "money-by-name": Words.by_name,
    "money-list": _each_money,
    "money-or-flag": _money_or_flag,
    "numbers-by-name": Words.numbers,
    "price": Words.price,
    "units": Words.units,
    "percent": _within(0, None),
    "portion": _within(0, HUNDRED),
    "share": _within(0, 1),
    "rate": _above_nothing,
    "years": Words.count,
    "day": Words.day,
    "last-day": Words.day,
    "flag": Words.flag,
    "text": _text,
    "names": Words.names,
}

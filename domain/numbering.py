"""Numbers of documents: a series counts its documents one by one and leaves none out.

A number is given when the document is accepted, after the last one that the series gave out, and is
part of the fact. Whoever comes with a number of its own, such as an outside system, keeps it; no
other stream may use it until the document was retracted.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Literal

from domain.errors import Rejected
from domain.facts import Context, Event
from domain.invoice_facts import CreditIssued, InvoiceIssued
from domain.invoicing import InvoicingOptions, elected_on
from domain.series import is_of, number_in, series_on

ELECTIONS = "invoicing:self"
Kind = Literal["invoice", "credit-note", "debit-note"]


def number_of(event: Event | None) -> tuple[str, str | None] | None:
    """The number of a document that went out and the series that gave it, if one did. What comes to
    nothing may go to nobody, and has none.
    """
    match event:
        case InvoiceIssued() | CreditIssued() if event.number:
            return event.number, event.series
        case _:
            return None


def elections(day: date, context: Context) -> InvoicingOptions:
    """How the entity invoices on a day; a decision that asks must name the stream it `needs`."""
    known = context.others.get(ELECTIONS)
    return elected_on(known if isinstance(known, tuple) else (), day)


def numbered(
    kind: Kind, stated: str | None, day: date, context: Context, otherwise: str | None = None
) -> tuple[str, str | None]:
    """The number of a document to be issued, and the series that gives it out.

    What is corrected keeps its number. An outside system's documents come with numbers of their
    own; so do ours while no series is elected, if need be with what they are called `otherwise`.
    """
    before = number_of(context.replaces)
    if before is not None and (before[1] is not None or stated in {None, before[0]}):
        return before
    elected = _series(elections(day, context), day)
    series = elected[kind]
    if context.outside or not series:
        number = stated or otherwise
        if number is None:
            raise Rejected("number-needed", field="number")
        return _own(number, {*context.numbered, *elected.values()}, context), None
    if stated is not None:
        raise Rejected("number-by-series", field="number", number=stated)
    return number_in(series, context.numbered.get(series, 0) + 1), series


def _series(options: InvoicingOptions, day: date) -> dict[Kind, str]:
    """What the numbers of each kind of document of a day begin with; other kinds as invoices."""
    return {
        "invoice": series_on(options.series, day),
        "credit-note": series_on(options.credit_series or options.series, day),
        "debit-note": series_on(options.debit_series or options.series, day),
    }


def _own(number: str, given_by: Iterable[str], context: Context) -> str:
    """A number that a document comes with: of no other stream, and none that a series gives."""
    holder = context.numbers.get(number, context.stream)
    if holder != context.stream:
        raise Rejected("duplicate-number", field="number", number=number, stream=holder)
    for series in sorted(given_by):
        if series and is_of(series, number):
            raise Rejected("number-of-a-series", field="number", number=number, series=series)
    return number
